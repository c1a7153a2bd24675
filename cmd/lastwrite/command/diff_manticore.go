package command

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/manticore"
	"github.com/lastwrite/lastwrite/report"
)

// A manticoreDiff is the result of diff for two hosts of Manticore Search, as
// JSON prints it. Lists are never null.
type manticoreDiff struct {
	Schema    string          `json:"schema"`
	Tool      report.Tool     `json:"tool"`
	System    string          `json:"system"`
	A         manticoreHost   `json:"a"`
	B         manticoreHost   `json:"b"`
	Identical bool            `json:"identical"` // both are in the same clusters, with the same transactions in each
	Clusters  []manticorePair `json:"clusters"`  // that both are in
	OnlyA     []manticoreLone `json:"only_a"`
	OnlyB     []manticoreLone `json:"only_b"`

	limit int // tables in a list of the text
}

type manticoreHost struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Server string `json:"server"`
}

// A manticoreLone is a cluster that one of the hosts is in.
type manticoreLone struct {
	Name     string `json:"name"`
	UUID     string `json:"uuid"`
	Namesake bool   `json:"namesake"` // the other host is in another cluster of this name
}

type manticorePair struct {
	Name string `json:"name"`
	// History is same, forked (the same transaction with other content, or each
	// has what the other lacks), undecided (nothing proves an order), or none
	// (different state UUIDs).
	History string           `json:"history"`
	Ahead   string           `json:"ahead"` // a, b, neither, or "": that is not proven
	Reason  string           `json:"reason"`
	A       manticoreSide    `json:"a"`
	B       manticoreSide    `json:"b"`
	Why     []string         `json:"why"` // what differs
	Fork    *manticoreFork   `json:"fork"`
	Tables  []manticoreTable `json:"tables"`
	Cache   manticoreCaches  `json:"gcache"`
}

// A manticoreSide has null for a seqno that no file tells.
type manticoreSide struct {
	UUID        string    `json:"uuid"`
	Member      string    `json:"member"` // yes, no, unknown
	NotCounted  string    `json:"not_counted"`
	Saved       *int64    `json:"grastate_seqno"` // -1 after a crash
	Memory      *int64    `json:"shared_memory_seqno"`
	Received    *diffSpan `json:"gcache"` // received, not all applied
	Proven      *int64    `json:"proven_seqno"`
	SafeToBegin bool      `json:"safe_to_bootstrap"`
}

type manticoreFork struct {
	Table string        `json:"table"` // "" if the write sets differ
	At    report.Number `json:"at"`    // TID, or seqno
	To    report.Number `json:"to"`    // last number that both have
}

type manticoreTable struct {
	Name      string         `json:"name"`
	A         manticoreCopy  `json:"a"`
	B         manticoreCopy  `json:"b"`
	Ahead     string         `json:"ahead"`  // a, b, neither, or "": the TIDs do not compare
	Common    *diffSpan      `json:"common"` // TIDs in the logs of both
	Equal     uint64         `json:"equal"`
	Different uint64         `json:"different"`
	Sampled   bool           `json:"sampled"` // of long logs some were compared
	Fork      *manticoreFork `json:"fork"`
	OnlyA     *manticoreOnly `json:"only_a"`
	OnlyB     *manticoreOnly `json:"only_b"`
}

type manticoreCopy struct {
	Replicated bool      `json:"replicated"`
	There      bool      `json:"exists"`
	Refused    string    `json:"refused"`   // why the server does not serve it
	TID        *int64    `json:"tid"`       // what the files hold, null if that says nothing
	Start      *int64    `json:"start_tid"` // behind the next start
	Behind     *diffSpan `json:"behind_damage"`
}

// A manticoreOnly is TIDs that one side holds alone.
type manticoreOnly struct {
	diffSpan
	Logged uint64   `json:"logged"` // in the binary logs; the others are in the table's own files
	Exact  bool     `json:"exact"`  // logged was counted one by one
	Bytes  uint64   `json:"bytes"`
	Files  []string `json:"files"`
}

type manticoreCaches struct {
	Common          *diffSpan     `json:"common"` // seqnos that both received
	Equal           uint64        `json:"equal"`
	Different       uint64        `json:"different"`
	Unknown         uint64        `json:"unknown"`
	FirstDifference report.Number `json:"first_difference"`
	OnlyA           *diffSpan     `json:"only_a"` // received
	OnlyB           *diffSpan     `json:"only_b"`
}

// newManticoreDiff compares two hosts.
func newManticoreDiff(nodes [2]*analyze.Node, limit int) (*manticoreDiff, error) {
	var views [2]manticore.View
	var hosts [2]manticoreHost
	for i, n := range nodes {
		v, ok := manticore.ViewOf(n)
		if !ok {
			return nil, usage("%s: nothing of it was read", n.Name)
		}
		views[i], hosts[i] = v, manticoreHost{n.Name, n.Path, v.Server()}
	}
	c := manticore.Compare(views[0], views[1])
	d := &manticoreDiff{
		Schema: "lastwrite.diff/1", Tool: reportTool(), System: "manticore", A: hosts[0], B: hosts[1],
		Clusters: []manticorePair{}, OnlyA: newManticoreLone(c.OnlyA), OnlyB: newManticoreLone(c.OnlyB),
		limit: limit,
	}
	for i := range c.Shared {
		d.Clusters = append(d.Clusters, d.pair(&c.Shared[i]))
	}
	d.Identical = len(d.Clusters) > 0 && len(d.OnlyA)+len(d.OnlyB) == 0 &&
		!slices.ContainsFunc(d.Clusters, func(p manticorePair) bool { return !p.identical() })
	return d, nil
}

func newManticoreLone(list []manticore.Lone) []manticoreLone {
	out := []manticoreLone{}
	for _, x := range list {
		out = append(out, manticoreLone(x))
	}
	return out
}

func (d *manticoreDiff) pair(s *manticore.Shared) manticorePair {
	p := manticorePair{
		Name: s.Name, A: newManticoreSide(s.A), B: newManticoreSide(s.B), Why: append([]string{}, s.Why...), Fork: newManticoreFork(s.Fork), Tables: []manticoreTable{},
	}
	for i := range s.Tables {
		p.Tables = append(p.Tables, newManticoreTable(&s.Tables[i]))
	}
	p.Cache = newManticoreCaches(s)
	p.classify(d, s)
	return p
}

// classify says who is ahead, and why.
func (c *manticorePair) classify(d *manticoreDiff, s *manticore.Shared) {
	a, b := d.A.Name, d.B.Name
	switch {
	case s.A.UUID != s.B.UUID:
		c.History, c.Reason = "none", "their state UUIDs differ"
	case s.Fork != nil && s.Fork.Table != "":
		c.History, c.Reason = "forked", fmt.Sprintf("from TID %d of table %s on they hold other content under the same numbers", s.Fork.At, s.Fork.Table)
	case s.Fork != nil:
		c.History, c.Reason = "forked", fmt.Sprintf("from seqno %d on they received other write sets under the same numbers", s.Fork.At)
	case s.Diverged:
		c.History, c.Reason = "forked", "each holds transactions that the other lacks"
	case s.Emptied != "":
		c.History, c.Reason = "undecided", fmt.Sprintf("the TIDs are equal, but table %s was emptied on one of them, and nothing tells which is later", s.Emptied)
	case !s.Proven:
		c.History, c.Reason = "undecided", "a table has no usable TID, and there are no two exact seqnos"
	case s.Order > 0:
		c.History, c.Ahead, c.Reason = "same", "a", fmt.Sprintf("%s holds every transaction that %s holds, and more", a, b)
	case s.Order < 0:
		c.History, c.Ahead, c.Reason = "same", "b", fmt.Sprintf("%s holds every transaction that %s holds, and more", b, a)
	default:
		c.History, c.Ahead, c.Reason = "same", "neither", "both hold the same transactions"
	}
}

func (c *manticorePair) identical() bool {
	return c.History == "same" && c.Ahead == "neither" && c.Cache.FirstDifference == 0 && c.Cache.OnlyA == nil && c.Cache.OnlyB == nil &&
		!slices.ContainsFunc(c.Tables, func(t manticoreTable) bool { return !t.equal() })
}

// equal reports whether both hosts have the table with the same transactions,
// in front of a start and behind it.
func (t *manticoreTable) equal() bool {
	start := t.A.Start == t.B.Start || t.A.Start != nil && t.B.Start != nil && *t.A.Start == *t.B.Start
	return t.A.Replicated == t.B.Replicated && t.Ahead == "neither" && t.Fork == nil && t.Different == 0 && start && t.A.Refused == t.B.Refused && t.A.Behind == nil && t.B.Behind == nil
}

func newManticoreFork(f *manticore.Fork) *manticoreFork {
	if f == nil {
		return nil
	}
	return &manticoreFork{f.Table, report.Number(f.At), report.Number(f.To)}
}

func tidRange(r *manticore.Range) *diffSpan {
	if r == nil {
		return nil
	}
	return new(newDiffSpan(r.First, r.Last))
}

func newManticoreSide(s manticore.Side) manticoreSide {
	return manticoreSide{
		UUID: s.UUID, Member: s.Member, NotCounted: s.Why, Saved: s.Saved, Memory: s.Memory, Received: tidRange(s.Received), Proven: s.Proven, SafeToBegin: s.Bootstrap,
	}
}

func newManticoreTable(t *manticore.Table) manticoreTable {
	out := manticoreTable{
		Name: t.Name, A: newManticoreCopy(t.A), B: newManticoreCopy(t.B), Equal: t.Equal, Different: t.Different, Sampled: t.Sampled, Fork: newManticoreFork(t.Fork),
		OnlyA: newManticoreOnly(t.OnlyA), OnlyB: newManticoreOnly(t.OnlyB),
	}
	if t.Common.Last > 0 {
		out.Common = new(newDiffSpan(t.Common.First, t.Common.Last))
	}
	switch {
	case !t.Comparable:
	case t.Order > 0:
		out.Ahead = "a"
	case t.Order < 0:
		out.Ahead = "b"
	default:
		out.Ahead = "neither"
	}
	return out
}

func newManticoreCopy(c manticore.Copy) manticoreCopy {
	out := manticoreCopy{Replicated: c.Replicated, There: c.There, Refused: c.Refused, Behind: tidRange(c.Behind)}
	if c.Known {
		out.TID, out.Start = &c.TID, &c.Start
	}
	return out
}

func newManticoreOnly(x *manticore.Transactions) *manticoreOnly {
	if x == nil {
		return nil
	}
	return &manticoreOnly{diffSpan: newDiffSpan(x.First, x.Last), Logged: x.Logged, Exact: x.Exact, Bytes: x.Bytes, Files: append([]string{}, x.Files...)}
}

func newManticoreCaches(s *manticore.Shared) manticoreCaches {
	out := manticoreCaches{Equal: s.Cache.Equal, Different: s.Cache.Different, Unknown: s.Cache.Unknown, FirstDifference: report.Number(s.Cache.Difference)}
	if s.Cache.Common.Last == 0 {
		return out
	}
	out.Common = new(newDiffSpan(s.Cache.Common.First, s.Cache.Common.Last))
	if x, y := s.A.Received, s.B.Received; x.Last > y.Last {
		out.OnlyA = new(newDiffSpan(y.Last+1, x.Last))
	} else if x.Last < y.Last {
		out.OnlyB = new(newDiffSpan(x.Last+1, y.Last))
	}
	return out
}

func (d *manticoreDiff) identical() bool { return d.Identical }

func (d *manticoreDiff) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
