package phrase

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
)

// A Topic is all that a cluster's findings say about one thing: the findings
// with one ID and severity, those that differ in the node alone as one.
type Topic struct {
	ID, Severity, Title string
	Points              []Point
}

// A Point is a detail, with the nodes that it holds for. No nodes means the
// cluster.
type Point struct {
	Nodes    []string
	Detail   string
	Evidence []report.Evidence
}

// Topics groups findings, which come sorted by severity.
func Topics(findings []report.Finding) []Topic {
	var topics []Topic
	for _, f := range findings {
		t := slices.IndexFunc(topics, func(t Topic) bool { return t.ID == f.ID && t.Severity == f.Severity && t.Title == f.Title })
		if t < 0 {
			topics = append(topics, Topic{ID: f.ID, Severity: f.Severity, Title: f.Title})
			t = len(topics) - 1
		}
		points := &topics[t].Points
		p := slices.IndexFunc(*points, func(p Point) bool { return p.Detail == f.Detail && f.Node != "" && len(p.Nodes) > 0 })
		if p < 0 {
			*points = append(*points, Point{Detail: f.Detail})
			p = len(*points) - 1
		}
		point := &(*points)[p]
		if f.Node != "" && !slices.Contains(point.Nodes, f.Node) {
			point.Nodes = append(point.Nodes, f.Node)
		}
		point.Evidence = append(point.Evidence, f.Evidence...)
	}
	return topics
}

// Nodes returns the nodes that t is about, each once.
func (t *Topic) Nodes() []string {
	var out []string
	for _, p := range t.Points {
		for _, n := range p.Nodes {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// Tally returns "2 errors, 1 warning and 3 notes".
func Tally(findings []report.Finding) string {
	counts := map[string]int{}
	for _, f := range findings {
		counts[f.Severity]++
	}
	var parts []string
	for _, s := range []struct{ severity, noun string }{
		{string(analyze.Error), "error"}, {string(analyze.Warning), "warning"}, {string(analyze.Info), "note"},
	} {
		if n := counts[s.severity]; n > 0 {
			parts = append(parts, Count(n, s.noun))
		}
	}
	return Join(parts)
}

// Place returns where e stands: "file@offset+length field", with the node in
// front unless it is one that the reader knows already.
func Place(e *report.Evidence, known []string) string {
	out := e.File
	if e.Offset != 0 || e.Length != 0 {
		out += fmt.Sprintf("@%d+%d", e.Offset, e.Length)
	}
	if e.Node != "" && !(len(known) == 1 && known[0] == e.Node) {
		out = e.Node + ":" + out
	}
	return strings.TrimSpace(out + " " + e.Field)
}

// Loss returns what a plan gives up on one node.
func Loss(l *report.Loss) string {
	var parts []string
	if l.Entries > 0 || l.ToIndex > 0 {
		parts = append(parts, Range(l.Entries, l.FromIndex, l.ToIndex))
	}
	if l.Text != "" {
		parts = append(parts, l.Text)
	}
	return cmp.Or(strings.Join(parts, ": "), "nothing")
}

// Severity returns what a severity is called: an info is a note.
func Severity(severity string) string {
	if severity == string(analyze.Info) {
		return "note"
	}
	return severity
}

// Where returns where and why a command is to be run.
func Where(c *report.Command) string {
	switch {
	case c.Node != "" && c.Why != "":
		return "on " + c.Node + ": " + c.Why
	case c.Node != "":
		return "on " + c.Node
	default:
		return cmp.Or(c.Why, "on any host")
	}
}

// ChangedFiles returns the files that changed while they were read, as paths
// below the inputs as given.
func ChangedFiles(d *report.Document) []string {
	var out []string
	for _, in := range d.Inputs {
		for _, file := range in.Changed {
			out = append(out, in.Path+"/"+file)
		}
		if !in.Unchanged && len(in.Changed) == 0 {
			out = append(out, in.Path)
		}
	}
	return out
}

// A Work is what a plan makes of one node's directory.
type Work struct {
	Node string
	Text string // "12 files copied, 1 written, 2 left out"
}

// Steps sums up the steps of a plan by node, in the plan's order.
func Steps(steps []report.Step) []Work {
	var nodes []string
	counts := map[string]map[string]int{}
	for _, s := range steps {
		if counts[s.Node] == nil {
			nodes = append(nodes, s.Node)
			counts[s.Node] = map[string]int{}
		}
		counts[s.Node][s.Op]++
	}
	var out []Work
	for _, node := range nodes {
		var parts []string
		for _, op := range []struct{ op, done string }{
			{string(analyze.Copy), "copied"}, {string(analyze.Cut), "cut"}, {string(analyze.Assemble), "assembled"},
			{string(analyze.Write), "written"}, {string(analyze.SQL), "edited with SQL"},
			{string(analyze.Archive), "packed"}, {string(analyze.LeaveOut), "left out"},
		} {
			n := counts[node][op.op]
			switch {
			case n == 0:
			case len(parts) == 0:
				parts = append(parts, Count(n, "file")+" "+op.done)
			default:
				parts = append(parts, fmt.Sprintf("%d %s", n, op.done))
			}
		}
		out = append(out, Work{node, strings.Join(parts, ", ")})
	}
	return out
}
