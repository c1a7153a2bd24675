package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/galera"
	format "github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/report"
)

// A galeraDiff is the result of diff for two Galera nodes, as JSON prints it.
// Lists are never null; 0 stands for a seqno that there is not.
type galeraDiff struct {
	Schema    string      `json:"schema"`
	Tool      report.Tool `json:"tool"`
	System    string      `json:"system"`
	A         galeraNode  `json:"a"`
	B         galeraNode  `json:"b"`
	Identical bool        `json:"identical"` // the same history, exact and equal positions, no different write set
	// History is same, forked (both committed data of their own), undecided
	// (both may have), none (different state UUIDs, or one has none), or unknown
	// (one UUID, and no seqno that both caches hold).
	History         string        `json:"history"`
	Reason          string        `json:"reason"`
	Common          *diffSpan     `json:"common"` // seqnos that both caches reach
	Equal           uint64        `json:"equal"`
	Different       uint64        `json:"different"`
	Unknown         report.Number `json:"unknown"`          // not held sound by one of them, or applied by nobody
	FirstDifference report.Number `json:"first_difference"` // with other content
	Differences     []galeraPair  `json:"differences"`      // the first ones
	OnlyA           []galeraOnly  `json:"only_a"`
	OnlyB           []galeraOnly  `json:"only_b"`
	Views           galeraViews   `json:"views"`
	AJoinsB         galeraJoin    `json:"a_joins_b"`
	BJoinsA         galeraJoin    `json:"b_joins_a"`
}

type galeraNode struct {
	Name     string        `json:"name"`
	Path     string        `json:"path"`
	UUID     string        `json:"uuid"`  // state UUID
	Seqno    report.Number `json:"seqno"` // committed at least
	Upper    report.Number `json:"upper"` // committed at most
	Bound    string        `json:"bound"` // exact, at_least, none
	Cache    *diffSpan     `json:"cache"` // seqnos that the write-set cache reaches
	ServesAs report.Number `json:"serves_from"`
	Saved    *galeraView   `json:"gvwstate"`
}

type galeraPair struct {
	Seqno report.Number  `json:"seqno"`
	A     galeraWriteSet `json:"a"`
	B     galeraWriteSet `json:"b"`
}

type galeraWriteSet struct {
	Type   string `json:"type"` // transaction, schema change, configuration change
	Bytes  uint32 `json:"bytes"`
	Digest string `json:"digest"`
	Source string `json:"source"` // name or UUID of the process that made it, "" if there is none
}

// A galeraOnly is a run of seqnos that one side has and the other has not.
type galeraOnly struct {
	diffSpan
	Why          string         `json:"why"` // committed, perhaps (not proven of this side, or not excluded of the other), received (in the cache alone)
	Transactions uint64         `json:"transactions"`
	Schema       uint64         `json:"schema_changes"`
	Views        uint64         `json:"view_changes"`
	Skipped      uint64         `json:"skipped"`
	Unknown      report.Number  `json:"unknown"` // seqnos that the cache does not hold
	Bytes        uint64         `json:"bytes"`
	Sources      []galeraSource `json:"sources"`
}

type galeraSource struct {
	Source    string `json:"source"`
	WriteSets uint64 `json:"write_sets"`
}

type galeraView struct {
	Sequence  uint32   `json:"seq"`
	Members   []string `json:"members"` // names or UUIDs
	Bootstrap bool     `json:"bootstrap"`
}

type galeraViews struct {
	Same        bool `json:"same"`         // both saved one, and it is the same
	SameMembers bool `json:"same_members"` // both saved one of the same members
}

type galeraJoin struct {
	How    string        `json:"how"` // ist, sst, none
	Why    string        `json:"why"`
	Events uint64        `json:"events"`
	Bytes  uint64        `json:"bytes"`
	Ahead  report.Number `json:"ahead"` // seqnos that the joiner has and the donor has not
}

// A galeraSide is one node with the names that both sides know.
type galeraSide struct {
	*analyze.Node
	galera.View
	other galera.View
}

// newGaleraDiff compares two Galera nodes.
func newGaleraDiff(nodes [2]*analyze.Node, limit int) (*galeraDiff, error) {
	var sides [2]galeraSide
	for i, n := range nodes {
		v, ok := galera.ViewOf(n)
		if !ok {
			return nil, usage("%s is an arbitrator: it holds no data to compare", n.Name)
		}
		sides[i] = galeraSide{Node: n, View: v}
	}
	sides[0].other, sides[1].other = sides[1].View, sides[0].View
	d := &galeraDiff{
		Schema: "lastwrite.diff/1", Tool: reportTool(), System: "galera", A: sides[0].node(), B: sides[1].node(),
		Differences: []galeraPair{}, OnlyA: []galeraOnly{}, OnlyB: []galeraOnly{},
	}
	d.AJoinsB, d.BJoinsA = newGaleraJoin(sides[0].JoinsAsIs(sides[1].View)), newGaleraJoin(sides[1].JoinsAsIs(sides[0].View))
	if v, w := sides[0].Saved(), sides[1].Saved(); v != nil && w != nil {
		d.Views = galeraViews{v.Same(&w.View), v.SameMembers(&w.View)}
	}
	if a, b := sides[0].UUID(), sides[1].UUID(); a != b || a.IsZero() {
		d.History, d.Reason = "none", foreign(sides)
		return d, nil
	}
	c := galera.CompareCaches(sides[0].View, sides[1].View)
	if c.First > 0 {
		d.Common = new(newDiffSpan(c.First, c.Last))
	}
	d.Equal, d.Different, d.Unknown, d.FirstDifference = c.Equal, c.Different, report.Number(c.Unknown), report.Number(c.Difference)
	d.classify(c)
	for seqno := c.Difference; seqno > 0 && seqno <= c.Last && (limit == 0 || len(d.Differences) < limit); seqno++ {
		e, inA := sides[0].WriteSet(seqno)
		f, inB := sides[1].WriteSet(seqno)
		if inA && inB && e.Differs(f) {
			d.Differences = append(d.Differences, galeraPair{report.Number(seqno), sides[0].writeSet(e), sides[1].writeSet(f)})
		}
	}
	d.OnlyA, d.OnlyB = sides[0].only(c.Difference), sides[1].only(c.Difference)
	d.Identical = d.History == "same" && d.A.Bound == string(analyze.Exact) && d.B.Bound == string(analyze.Exact) &&
		d.A.Seqno == d.B.Seqno && d.FirstDifference == 0 && len(d.OnlyA)+len(d.OnlyB) == 0
	return d, nil
}

func foreign(sides [2]galeraSide) string {
	for _, s := range sides {
		if s.UUID().IsZero() {
			return s.Name + " belongs to no history: it has no state UUID"
		}
	}
	return "their state UUIDs differ"
}

// classify says what the caches prove about a common history.
func (d *galeraDiff) classify(c galera.Comparison) {
	switch {
	case c.First == 0:
		d.History, d.Reason = "unknown", "they have one state UUID, and their write-set caches have no seqno in common: a split brain cannot be excluded"
	case c.Forked:
		d.History, d.Reason = "forked", fmt.Sprintf("both committed other write sets from seqno %d on", c.Difference)
	case c.MayFork:
		d.History, d.Reason = "undecided", fmt.Sprintf("they received other write sets from seqno %d on, and it is not proven that both committed theirs", c.Difference)
	case c.Difference > 0:
		d.History, d.Reason = "same", fmt.Sprintf("they received other write sets from seqno %d on, and one of them committed no data of its own", c.Difference)
	default:
		d.History, d.Reason = "same", "all write sets that both caches hold are equal"
	}
}

func (s galeraSide) node() galeraNode {
	lower, upper, known, bounded := s.Bounds()
	out := galeraNode{Name: s.Name, Path: s.Path, UUID: s.UUID().String(), Bound: string(s.Position.Bound)}
	if known {
		out.Seqno = report.Number(lower)
	}
	if bounded {
		out.Upper = report.Number(upper)
	}
	first, last, usable := s.Held()
	if last > 0 {
		out.Cache, out.ServesAs = new(newDiffSpan(first, last)), report.Number(usable)
	}
	if v := s.Saved(); v != nil {
		out.Saved = &galeraView{Sequence: v.Seq, Members: []string{}, Bootstrap: v.Bootstrap}
		for _, m := range v.Members {
			out.Saved.Members = append(out.Saved.Members, s.processName(m.UUID))
		}
	}
	return out
}

// processName is the name of a process as either side knows it, or its UUID.
func (s galeraSide) processName(u format.UUID) string {
	name := s.NameOf(u)
	if name == "" && s.other != (galera.View{}) {
		name = s.other.NameOf(u)
	}
	return cmp.Or(name, u.String())
}

func (s galeraSide) writeSet(e format.Entry) galeraWriteSet {
	out := galeraWriteSet{Type: "transaction", Bytes: e.Size, Digest: fmt.Sprintf("%016x", e.Digest)}
	switch {
	case e.Type() != format.WriteSetAction:
		out.Type = e.Type().String()
	case e.TOI():
		out.Type = "schema change"
	}
	if u, ok := s.Source(e); ok {
		out.Source = s.processName(u)
	}
	return out
}

// only itemises what the side has and the other has not. Behind a difference
// nothing that the other has is the same.
func (s galeraSide) only(difference uint64) []galeraOnly {
	out := []galeraOnly{}
	add := func(why string, first, last uint64) {
		if first <= last {
			out = append(out, s.contents(why, first, last))
		}
	}
	lower, upper, known, bounded := s.Bounds()
	least, most, _, limited := s.other.Bounds()
	_, received, _ := s.Held()
	if !bounded {
		upper = max(lower, received)
	}
	if !known {
		lower = 0
	}
	switch {
	case difference > 0:
		add("committed", difference, lower)
		add("perhaps", max(difference, lower+1), upper)
		add("received", max(difference, upper+1), received)
	case limited:
		add("perhaps", least+1, min(lower, most))
		add("committed", most+1, lower)
		add("perhaps", max(lower, most)+1, upper)
		_, theirs, _ := s.other.Held()
		add("received", max(upper, most, theirs)+1, received)
	default:
		add("perhaps", least+1, upper)
	}
	return out
}

func (s galeraSide) contents(why string, first, last uint64) galeraOnly {
	c := s.Contents(first, last)
	out := galeraOnly{
		diffSpan: newDiffSpan(first, last), Why: why, Transactions: c.Transactions, Schema: c.Schema, Views: c.Views,
		Skipped: c.Skipped, Unknown: report.Number(c.Unknown), Bytes: c.Bytes, Sources: []galeraSource{},
	}
	for _, x := range c.Sources {
		out.Sources = append(out.Sources, galeraSource{s.processName(x.UUID), x.WriteSets})
	}
	return out
}

func newGaleraJoin(j galera.Join) galeraJoin {
	return galeraJoin{How: j.How, Why: j.Why, Events: j.Events, Bytes: j.Bytes, Ahead: report.Number(j.Ahead)}
}

func (d *galeraDiff) identical() bool { return d.Identical }

func (d *galeraDiff) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
