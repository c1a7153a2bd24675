package command

import (
	"github.com/lastwrite/lastwrite/internal/rebuild"
	"github.com/lastwrite/lastwrite/internal/rebuild/logdiff"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/report"
)

// A diffDocument is the result of diff, as JSON prints it. Lists are never
// null.
type diffDocument struct {
	Schema    string      `json:"schema"`
	Tool      report.Tool `json:"tool"`
	System    string      `json:"system"`
	A         diffNode    `json:"a"`
	B         diffNode    `json:"b"`
	Identical bool        `json:"identical"` // nothing differs; compaction does not count
	// History is same, forked (the logs part for good), diverged (equal
	// entries follow those that differ), none (no common history), or unknown
	// (the logs share no index).
	History         string        `json:"history"`
	Reason          string        `json:"reason"`
	Common          *diffSpan     `json:"common"` // indexes that both logs reach
	Equal           uint64        `json:"equal"`
	Different       uint64        `json:"different"`
	FirstDifference report.Number `json:"first_difference"` // 0 if there is none
	ForkPoint       report.Number `json:"fork_point"`       // last index in common, 0 if they do not part
	Ranges          []diffSpan    `json:"ranges"`           // of different entries
	Differences     []diffPair    `json:"differences"`      // the first ones
	OnlyA           []diffOnly    `json:"only_a"`
	OnlyB           []diffOnly    `json:"only_b"`
	After           *diffAfter    `json:"after"` // behind the fork, or behind the end of the shorter log
	Databases       []diffPoint   `json:"databases"`
}

type diffNode struct {
	Name  string        `json:"name"`
	Path  string        `json:"path"`
	First report.Number `json:"first"` // of the log
	Last  report.Number `json:"last"`  // of the log
	End   report.Number `json:"end"`   // of log and snapshots
	Term  report.Number `json:"term"`  // of the last entry
}

type diffSpan struct {
	First report.Number `json:"first"`
	Last  report.Number `json:"last"`
}

func newDiffSpan(first, last uint64) diffSpan {
	return diffSpan{report.Number(first), report.Number(last)}
}

type diffOnly struct {
	diffSpan
	Why string `json:"why"` // compacted, missing or behind
}

type diffPair struct {
	Index report.Number `json:"index"`
	A     diffEntry     `json:"a"`
	B     diffEntry     `json:"b"`
}

// maxPageNumbers bounds the page numbers that an entry lists.
const maxPageNumbers = 64

type diffEntry struct {
	Index       report.Number   `json:"index"`
	Term        report.Number   `json:"term"`
	Type        string          `json:"type"` // command, barrier, configuration
	Bytes       uint32          `json:"bytes"`
	File        string          `json:"file"`
	Command     string          `json:"command,omitempty"` // open, frames, undo, checkpoint
	Database    string          `json:"database,omitempty"`
	Pages       int             `json:"pages,omitempty"`
	PageNumbers []report.Number `json:"page_numbers,omitempty"` // the first ones
	Recovery    bool            `json:"recovery,omitempty"`     // written by a recovery, not by a leader
	Damage      string          `json:"damage,omitempty"`
}

type diffAfter struct {
	Index report.Number `json:"index"`
	A     diffTail      `json:"a"`
	B     diffTail      `json:"b"`
}

type diffTail struct {
	Entries        uint64            `json:"entries"`
	Barriers       uint64            `json:"barriers"`
	Configurations uint64            `json:"configurations"`
	Unread         uint64            `json:"unread,omitempty"` // commands whose content is not in the bundle
	Transactions   map[string]uint64 `json:"transactions"`     // by database
	List           []diffEntry       `json:"list"`             // the first ones behind the end of the other log
}

// A diffPoint compares the databases of both sides at one index each.
type diffPoint struct {
	IndexA    report.Number  `json:"index_a"`
	IndexB    report.Number  `json:"index_b"`
	Problem   string         `json:"problem,omitempty"` // why they could not be compared
	Databases []diffDatabase `json:"databases"`
}

type diffDatabase struct {
	Name    string       `json:"name"`
	InA     bool         `json:"in_a"`
	InB     bool         `json:"in_b"`
	Problem string       `json:"problem,omitempty"`
	Schema  []diffSchema `json:"schema"`
	Tables  []diffTable  `json:"tables"`
}

type diffSchema struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	InA  bool   `json:"in_a"`
	InB  bool   `json:"in_b"`
}

type diffTable struct {
	Name    string    `json:"name"`
	InA     bool      `json:"in_a"`
	InB     bool      `json:"in_b"`
	RowsA   int64     `json:"rows_a"`
	RowsB   int64     `json:"rows_b"`
	OnlyA   int64     `json:"only_a"`
	OnlyB   int64     `json:"only_b"`
	Changed int64     `json:"changed"`
	Problem string    `json:"problem,omitempty"`
	Columns []string  `json:"columns,omitempty"` // of Rows
	Rows    []diffRow `json:"rows,omitempty"`    // with --rows, the first ones
	More    bool      `json:"more,omitempty"`    // rows differ that are not listed
}

// A diffRow holds SQL values as text: NULL, 12, 1.5, 'text', x'00ff'.
type diffRow struct {
	Kind string   `json:"kind"` // only-in-a, only-in-b, changed
	A    []string `json:"a,omitempty"`
	B    []string `json:"b,omitempty"`
}

func (t *diffTable) equal() bool {
	return t.InA && t.InB && t.OnlyA == 0 && t.OnlyB == 0 && t.Changed == 0 && t.Problem == ""
}

func (d *diffDatabase) equal() bool {
	for i := range d.Tables {
		if !d.Tables[i].equal() {
			return false
		}
	}
	return d.InA && d.InB && d.Problem == "" && len(d.Schema) == 0
}

func (p *diffPoint) equal() bool {
	for i := range p.Databases {
		if !p.Databases[i].equal() {
			return false
		}
	}
	return true
}

func reportTool() report.Tool { return report.Tool{Name: "lastwrite", Version: Version()} }

func newDiffNode(n *raftNode) diffNode {
	out := diffNode{Name: n.Name, Path: n.Path, Term: report.Number(n.Position.Term)}
	first, last := n.data.View.Range()
	out.First, out.Last, out.End = report.Number(first), report.Number(last), report.Number(rebuild.End(n.data.View))
	return out
}

func newDiffOnly(list []logdiff.Only) []diffOnly {
	out := []diffOnly{}
	for _, x := range list {
		out = append(out, diffOnly{newDiffSpan(x.First, x.Last), string(x.Why)})
	}
	return out
}

func newDiffEntry(e logdiff.Entry) diffEntry {
	out := diffEntry{
		Index: report.Number(e.Index), Term: report.Number(e.Term), Type: e.Type.String(), Bytes: e.Size, File: e.File,
		Database: e.Head.Database, Pages: len(e.Head.Pages), Recovery: e.Artificial, Damage: e.Damage,
	}
	if e.Type == format.Command && e.Damage == "" && !e.Unread {
		out.Command = e.Head.Type.String()
	}
	out.PageNumbers = firstPages(e.Head.Pages)
	return out
}

// firstPages are the page numbers that are listed of an entry.
func firstPages(all []uint64) []report.Number {
	var out []report.Number
	for _, n := range all[:min(len(all), maxPageNumbers)] {
		out = append(out, report.Number(n))
	}
	return out
}

func newDiffTail(t *logdiff.Tail) diffTail {
	out := diffTail{
		Entries: t.Entries, Barriers: t.Barriers, Configurations: t.Configurations,
		Unread: t.Unread, Transactions: t.Transactions, List: []diffEntry{},
	}
	for _, e := range t.List {
		out.List = append(out.List, newDiffEntry(e))
	}
	return out
}
