package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/wesql"
	"github.com/lastwrite/lastwrite/report"
)

// A wesqlDiff is the result of diff for two nodes of WeSQL, or a node and an
// object store, as JSON prints it. Lists are never null.
type wesqlDiff struct {
	Schema    string      `json:"schema"`
	Tool      report.Tool `json:"tool"`
	System    string      `json:"system"`
	A         wesqlNode   `json:"a"`
	B         wesqlNode   `json:"b"`
	Identical bool        `json:"identical"` // the same entries; purging does not count, and tables are not compared
	// History is same, forked (the logs part for good), diverged (single entries
	// differ), none (different clusters), or unknown (the logs share no index).
	History         string        `json:"history"`
	Reason          string        `json:"reason"`
	SameServer      bool          `json:"same_server"` // one server_uuid: two copies of one node
	Common          *diffSpan     `json:"common"`      // indexes that both logs reach
	Equal           uint64        `json:"equal"`
	Different       uint64        `json:"different"`
	FirstDifference report.Number `json:"first_difference"` // 0 if there is none
	ForkPoint       report.Number `json:"fork_point"`       // last index in common, 0 if they do not part
	SameTerm        report.Number `json:"same_term"`        // in which both wrote behind the fork, 0 if there is none
	Loser           string        `json:"never_committed"`  // a or b: whose entries behind the fork lost to a later term; "" if that is not proven
	Differences     []wesqlPair   `json:"differences"`      // the first ones
	OnlyA           []wesqlOnly   `json:"only_a"`
	OnlyB           []wesqlOnly   `json:"only_b"`
	AFollowsB       wesqlFollow   `json:"a_follows_b"`
	BFollowsA       wesqlFollow   `json:"b_follows_a"`
	Election        string        `json:"election"` // a, b or either: whom an election between them prefers; "" if there is none
}

type wesqlNode struct {
	Name            string         `json:"name"`
	Path            string         `json:"path"`
	Role            string         `json:"role"`   // data, logger, learner, objectstore
	Member          string         `json:"member"` // yes, no, unknown
	Forced          bool           `json:"forced"` // to be the only member
	Address         string         `json:"address"`
	ServerUUID      string         `json:"server_uuid"`
	ClusterID       string         `json:"cluster_id"`
	First           report.Number  `json:"first"` // of the log
	Last            report.Number  `json:"last"`  // that a start keeps
	Term            report.Number  `json:"term"`  // of the last entry
	LastTransaction report.Number  `json:"last_complete_transaction"`
	Gaps            []wesqlGap     `json:"gaps"`
	Behind          *diffSpan      `json:"behind_damage"` // entries that no start reads
	Start           string         `json:"start"`         // clean, discards, refuses, crashes, unknown
	StartError      string         `json:"start_error"`
	Discards        *diffSpan      `json:"discards"` // by a start
	Engine          *wesqlEngine   `json:"engine"`
	RebuildsTo      *report.Number `json:"rebuilds_to"` // of an object store: a data node made from it
	RebuildProblem  string         `json:"rebuild_problem"`
}

// A wesqlGap is what a log lacks; first and last are 0 if that is not known.
type wesqlGap struct {
	diffSpan
	File string `json:"file"` // that is missing, or begins too late
}

type wesqlEngine struct {
	Applied *report.Number  `json:"applied_index"`
	Exact   bool            `json:"applied_exact"` // false: at least that
	Opens   *bool           `json:"opens"`
	Error   string          `json:"error"`
	Lost    bool            `json:"loses_commits"`
	Pending []report.Number `json:"prepared_entries"`
}

type wesqlPair struct {
	Index report.Number `json:"index"`
	Cause string        `json:"cause"` // fork, damage, large-event, unknown
	A     *wesqlEntry   `json:"a"`     // null if the files are not at hand
	B     *wesqlEntry   `json:"b"`
}

// A wesqlEntry describes an entry without its content.
type wesqlEntry struct {
	Term        report.Number `json:"term"`
	Kind        string        `json:"kind"`
	Bytes       uint64        `json:"bytes"` // of its events
	Digest      string        `json:"digest"`
	Time        string        `json:"time"`
	File        string        `json:"file"`
	Offset      int64         `json:"offset"`
	BadChecksum bool          `json:"bad_checksum"`
	Change      string        `json:"change,omitempty"`
}

// A wesqlOnly is a run of entries that one side has and the other has not.
type wesqlOnly struct {
	diffSpan
	Why          string          `json:"why"` // forked, behind, purged, missing
	Entries      uint64          `json:"entries"`
	Described    bool            `json:"described"` // false: the files are not at hand, and what follows is not known
	Terms        []report.Number `json:"terms"`
	Transactions uint64          `json:"transactions"` // complete ones
	Statements   uint64          `json:"statements"`
	Memberships  uint64          `json:"membership_changes"`
	NoOps        uint64          `json:"no_ops"`
	Parts        uint64          `json:"parts"`      // entries inside of large transactions
	Unfinished   uint64          `json:"unfinished"` // of these, at the end, without the end of their transaction
	Other        uint64          `json:"other"`
	Bytes        uint64          `json:"bytes"`
	From         string          `json:"from_time"`
	To           string          `json:"to_time"`
	Changes      []wesqlChange   `json:"changes"` // the first ones
}

type wesqlChange struct {
	Index report.Number `json:"index"`
	What  string        `json:"what"`
}

type wesqlFollow struct {
	How      string    `json:"how"` // nothing, appends, deletes, cannot, unknown, none
	Why      string    `json:"why"`
	Deletes  *diffSpan `json:"deletes"`
	Receives *diffSpan `json:"receives"`
}

// newWesqlDiff compares two nodes of WeSQL.
func newWesqlDiff(ctx context.Context, nodes [2]*analyze.Node, limit int) (*wesqlDiff, error) {
	var views [2]wesql.View
	for i, n := range nodes {
		v, ok := wesql.ViewOf(n)
		if !ok {
			return nil, usage("%s is a MySQL directory without a consensus log: it has nothing to compare", n.Name)
		}
		views[i] = v
	}
	c := wesql.Compare(views[0], views[1])
	d := &wesqlDiff{
		Schema: "lastwrite.diff/1", Tool: reportTool(), System: "wesql", A: newWesqlNode(nodes[0], views[0]), B: newWesqlNode(nodes[1], views[1]),
		Equal: c.Equal, Different: c.Different, SameTerm: report.Number(c.SameTerm),
		Differences: []wesqlPair{}, OnlyA: newWesqlOnly(c.OnlyA, views[0]), OnlyB: newWesqlOnly(c.OnlyB, views[1]),
		AFollowsB: newWesqlFollow(c.AFollowsB), BFollowsA: newWesqlFollow(c.BFollowsA),
	}
	d.SameServer = d.A.ServerUUID != "" && d.A.ServerUUID == d.B.ServerUUID
	if c.First > 0 {
		d.Common = new(newDiffSpan(c.First, c.Last))
	}
	if c.Fork > 0 {
		d.ForkPoint = report.Number(c.Fork - 1)
	}
	for i, x := range c.Differences {
		if i == 0 {
			d.FirstDifference = report.Number(x.Index)
		}
		if limit == 0 || i < limit {
			d.Differences = append(d.Differences, wesqlPair{Index: report.Number(x.Index), Cause: string(x.Cause)})
		}
	}
	d.classify(&c)
	if d.History == "none" {
		d.AFollowsB, d.BFollowsA = wesqlFollow{How: "none", Why: d.Reason}, wesqlFollow{How: "none", Why: d.Reason}
		return d, nil
	}
	d.elect(c.Election)
	for i, v := range views {
		if err := d.describe(ctx, i, v, limit); err != nil {
			return nil, &exit{ExitIncomplete, err}
		}
	}
	real := func(x wesqlOnly) bool { return x.Why != string(wesql.Purged) }
	d.Identical = d.History == "same" && !slices.ContainsFunc(d.OnlyA, real) && !slices.ContainsFunc(d.OnlyB, real) &&
		d.A.Discards == nil && d.B.Discards == nil && d.A.Last == d.B.Last && d.A.Term == d.B.Term
	return d, nil
}

func (d *wesqlDiff) classify(c *wesql.Comparison) {
	lists := func(cause wesql.Cause) bool {
		return slices.ContainsFunc(c.Differences, func(x wesql.Difference) bool { return x.Cause == cause })
	}
	switch {
	case c.Foreign != "":
		d.History, d.Reason = "none", c.Foreign
	case c.Fork > 0 && c.SameTerm > 0:
		d.History, d.Reason = "forked", fmt.Sprintf("both wrote other entries in term %d, so two leaders led at once, and neither side is the older one", c.SameTerm)
	case c.Fork > 0 && c.Loser != "":
		winner := d.A
		if d.Loser = "b"; c.Loser == d.A.Name {
			winner, d.Loser = d.B, "a"
		}
		d.History, d.Reason = "forked", fmt.Sprintf("the log of %s goes on to term %d, so what %s holds from there on was never committed", winner.Name, winner.Term, c.Loser)
	case c.Fork > 0:
		d.History, d.Reason = "forked", "one of them was forced to be the only member, so that terms do not tell which history counts"
	case c.First == 0 && (d.A.Last == 0 || d.B.Last == 0):
		name := d.A.Name
		if d.A.Last > 0 {
			name = d.B.Name
		}
		d.History, d.Reason = "unknown", name+" holds no entries"
	case c.First == 0:
		d.History, d.Reason = "unknown", "the logs share no index: a fork cannot be excluded"
	case c.Different > 0 && lists(wesql.Unknown):
		d.History, d.Reason = "diverged", "equal entries follow the ones that differ, so term and index do not show it"
	case c.Different > 0 && lists(wesql.Damaged):
		d.History, d.Reason = "diverged", "a checksum is wrong where they differ"
	case c.Different > 0:
		d.History, d.Reason = "diverged", "followers of some versions change such large events, and all checksums are right; the node that led in that term holds what clients wrote"
	default:
		d.History, d.Reason = "same", "all entries that both hold are equal"
	}
}

// elect says whom an election prefers: it looks at term and index alone.
func (d *wesqlDiff) elect(order int) {
	for _, n := range []wesqlNode{d.A, d.B} {
		if n.Last == 0 || n.Role != "data" && n.Role != "logger" {
			return
		}
	}
	d.Election = "either"
	if order > 0 {
		d.Election = "a"
	} else if order < 0 {
		d.Election = "b"
	}
}

func newWesqlNode(n *analyze.Node, v wesql.View) wesqlNode {
	f := v.Facts()
	out := wesqlNode{
		Name: n.Name, Path: n.Path, Role: n.Role, Member: n.Member, Forced: v.Forced(), Address: n.Identity.Address, ServerUUID: f.ServerUUID, ClusterID: v.ClusterID(),
		Gaps: []wesqlGap{}, Start: string(n.Start.Outcome), StartError: n.Start.Error, Discards: newDiffRange(n.Start.Discards), Behind: newDiffRange(v.Behind()),
	}
	first, last, term, transaction := v.Range()
	out.First, out.Last, out.Term, out.LastTransaction = report.Number(first), report.Number(last), report.Number(term), report.Number(transaction)
	if f.Log != nil {
		for _, g := range f.Log.Gaps {
			out.Gaps = append(out.Gaps, wesqlGap{newDiffSpan(g.First, g.Last), g.File})
		}
	}
	if e := f.Engine; e != nil {
		out.Engine = &wesqlEngine{Applied: (*report.Number)(e.AppliedIndex), Exact: e.AppliedExact, Opens: e.Opens, Error: e.Error, Lost: v.LosesCommits(), Pending: reportNumbers(e.Prepared)}
	}
	if s := f.ObjectStore; s != nil && n.Role == "objectstore" {
		out.RebuildsTo, out.RebuildProblem = (*report.Number)(s.RebuildsTo), s.RebuildProblem
	}
	return out
}

func newDiffRange(r *analyze.Range) *diffSpan {
	if r == nil {
		return nil
	}
	return new(newDiffSpan(r.From, r.To))
}

func wesqlSpan(s *wesql.Span) *diffSpan {
	if s == nil {
		return nil
	}
	return new(newDiffSpan(s.First, s.Last))
}

func reportNumbers(list []uint64) []report.Number {
	out := []report.Number{}
	for _, n := range list {
		out = append(out, report.Number(n))
	}
	return out
}

func newWesqlOnly(list []wesql.Lack, v wesql.View) []wesqlOnly {
	out := []wesqlOnly{}
	for _, x := range list {
		out = append(out, wesqlOnly{
			diffSpan: newDiffSpan(x.First, x.Last), Why: string(x.Why), Entries: x.Last - x.First + 1, Described: !v.Bare(), Terms: []report.Number{}, Changes: []wesqlChange{},
		})
	}
	return out
}

func newWesqlFollow(f wesql.Follow) wesqlFollow {
	return wesqlFollow{How: f.How, Why: f.Why, Deletes: wesqlSpan(f.Deletes), Receives: wesqlSpan(f.Receives)}
}

// describe reads the entries of one side that the document is about.
func (d *wesqlDiff) describe(ctx context.Context, side int, v wesql.View, limit int) error {
	list := d.OnlyA
	if side == 1 {
		list = d.OnlyB
	}
	var spans []wesql.Span
	pairs := map[uint64]*wesqlPair{}
	for i := range list {
		spans = append(spans, wesql.Span{First: uint64(list[i].First), Last: uint64(list[i].Last)})
	}
	for i := range d.Differences {
		x := &d.Differences[i]
		index := uint64(x.Index)
		pairs[index] = x
		spans = append(spans, wesql.Span{First: index, Last: index})
	}
	return v.Entries(ctx, spans, func(e *wesql.EntryView) {
		if x := pairs[e.Index]; x != nil {
			if side == 0 {
				x.A = newWesqlEntry(e)
			} else {
				x.B = newWesqlEntry(e)
			}
		}
		for i := range list {
			if x := &list[i]; uint64(x.First) <= e.Index && e.Index <= uint64(x.Last) {
				x.add(e, limit)
			}
		}
	})
}

func newWesqlEntry(e *wesql.EntryView) *wesqlEntry {
	out := &wesqlEntry{
		Term: report.Number(e.Term), Kind: e.Kind(), Bytes: uint64(e.End - e.Offset), Digest: fmt.Sprintf("%016x", e.Digest), Time: entryTime(e.Time), File: e.File, Offset: e.At, BadChecksum: e.Bad != 0,
	}
	if e.Change != nil {
		out.Change = e.Change.String()
	}
	return out
}

func entryTime(seconds uint32) string {
	if seconds == 0 {
		return ""
	}
	return time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)
}

// add counts an entry of the run.
func (x *wesqlOnly) add(e *wesql.EntryView, limit int) {
	switch {
	case e.Change != nil || e.Kind() == "membership change":
		x.Memberships++
	case !e.EndsTransaction() || e.Kind() == "large event":
		x.Parts++
	case e.HasXID, e.XA, e.Kind() == "end of a large transaction":
		x.Transactions++
	case e.Empty:
		x.NoOps++
	case e.DDL:
		x.Statements++
	default:
		x.Other++
	}
	if x.Unfinished++; e.EndsTransaction() {
		x.Unfinished = 0
	}
	x.Bytes += uint64(e.End - e.Offset)
	if term := report.Number(e.Term); !slices.Contains(x.Terms, term) {
		x.Terms = append(x.Terms, term)
	}
	if at := entryTime(e.Time); at != "" {
		if x.From == "" || at < x.From {
			x.From = at
		}
		x.To = max(x.To, at)
	}
	if e.Change != nil && (limit == 0 || len(x.Changes) < limit) {
		x.Changes = append(x.Changes, wesqlChange{report.Number(e.Index), e.Change.String()})
	}
}

func (d *wesqlDiff) identical() bool { return d.Identical }

func (d *wesqlDiff) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
