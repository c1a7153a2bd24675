package phrase

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
)

// Outcome returns what a start comes to, as the end of a sentence whose
// subject is the node or its server.
func Outcome(s *report.Start) string {
	if s.Outcome == string(analyze.Discards) && s.Discards != nil {
		return "starts, but silently drops " + Range(s.Discards.Entries, s.Discards.FromIndex, s.Discards.ToIndex)
	}
	return outcome(s.Outcome)
}

// ShortOutcome returns what a start comes to in the space of a table cell.
func ShortOutcome(s *report.Start) string {
	if s.Outcome == string(analyze.Discards) && s.Discards != nil {
		return "starts, drops " + Count(s.Discards.Entries, "entry", "entries")
	}
	if s.Outcome == string(analyze.Unknown) {
		return "not known"
	}
	return outcome(s.Outcome)
}

func outcome(o string) string {
	switch analyze.Outcome(o) {
	case analyze.Clean:
		return "starts with all it holds"
	case analyze.Discards:
		return "starts, but silently drops entries"
	case analyze.Refuses:
		return "refuses to start"
	case analyze.Crashes:
		return "crashes"
	case analyze.Hangs:
		return "hangs"
	default:
		return "does something that is not known"
	}
}

// Each puts a word in front of an outcome that several nodes have, so that it
// can be read behind their names.
func Each(nodes []string, outcome string) string {
	if len(nodes) > 1 {
		return "each " + outcome
	}
	return outcome
}

// IsQuiet reports whether a start does nothing worth a word.
func IsQuiet(s *report.Start) bool {
	return s.Outcome == string(analyze.Clean) && len(s.Changes) == 0
}

// Range returns "36 entries (114 to 149)".
func Range(entries, from, to report.Number) string {
	out := "entries"
	if entries > 0 {
		out = Count(entries, "entry", "entries")
	}
	switch {
	case to == 0:
		return out
	case from == to:
		return fmt.Sprintf("%s (%d)", out, from)
	default:
		return fmt.Sprintf("%s (%d to %d)", out, from, to)
	}
}

// An Other is the forecast of another implementation, with the nodes that it
// holds for.
type Other struct {
	Nodes []string
	report.OtherStart
}

// Others returns what other implementations do where it differs.
func Others(nodes []report.Node) []Other {
	var out []Other
	for _, n := range nodes {
		for _, o := range n.Start.Others {
			i := slices.IndexFunc(out, func(other Other) bool { return other.OtherStart == o })
			if i < 0 {
				out = append(out, Other{OtherStart: o})
				i = len(out) - 1
			}
			out[i].Nodes = append(out[i].Nodes, n.Name)
		}
	}
	return out
}

// Text returns what o comes to, behind the names of its nodes.
func (o *Other) Text() string { return Each(o.Nodes, outcome(o.Outcome)+" under "+o.Server) }

// changeGroup is changes of one sort.
type changeGroup struct {
	op, kind string
	list     []report.Change
}

// Changes returns one line for every sort of thing that a start does to the
// directory. Files of one kind share a line, which names the first and the
// last of them unless all is set.
func Changes(changes []report.Change, all bool) []string {
	var lines []string
	for _, g := range grouped(changes) {
		if len(g.list) == 1 {
			lines = append(lines, g.verb()+" "+changed(g.list[0]))
			continue
		}
		head := g.verb() + " " + Count(len(g.list), g.kind)
		if all || len(g.list) <= 2 {
			lines = append(lines, head+": "+strings.Join(list(g.list, changed), ", "))
			continue
		}
		if prefix, ok := renamedAlike(g.list); ok {
			head += " to " + prefix + "..."
		}
		lines = append(lines, fmt.Sprintf("%s: %s ... %s", head, g.list[0].File, g.list[len(g.list)-1].File))
	}
	return lines
}

// ChangeSum returns all that a start does to the directory in one line without
// names: "renames 1 open segment, removes 2 open segments".
func ChangeSum(changes []report.Change) string {
	return strings.Join(list(grouped(changes), func(g changeGroup) string {
		return g.verb() + " " + Count(len(g.list), g.kind)
	}), ", ")
}

const closing = "cut and rename" // what happens to an open segment that is closed

func grouped(changes []report.Change) []changeGroup {
	var groups []changeGroup
	for i, c := range changes {
		if c.Op == "rename" && i > 0 && changes[i-1].Op == "truncate" && changes[i-1].File == c.File {
			c.Op = closing
		}
		if c.Op == "truncate" && i+1 < len(changes) && changes[i+1].Op == "rename" && changes[i+1].File == c.File {
			continue
		}
		kind := kindOf(c.File)
		g := slices.IndexFunc(groups, func(g changeGroup) bool { return g.op == c.Op && g.kind == kind })
		if g < 0 {
			groups = append(groups, changeGroup{c.Op, kind, nil})
			g = len(groups) - 1
		}
		groups[g].list = append(groups[g].list, c)
	}
	return groups
}

func (g changeGroup) verb() string {
	switch g.op {
	case "remove":
		return "removes"
	case "rename":
		return "renames"
	case "truncate":
		return "cuts"
	case closing:
		return "cuts and renames"
	case "create":
		return "creates"
	default:
		return g.op
	}
}

// renamedAlike returns what all new names have in front of the old ones.
func renamedAlike(changes []report.Change) (prefix string, ok bool) {
	for i, c := range changes {
		front, found := strings.CutSuffix(c.To, c.File)
		if !found || front == "" || i > 0 && front != prefix {
			return "", false
		}
		prefix = front
	}
	return prefix, true
}

func changed(c report.Change) string {
	if c.To != "" {
		return c.File + " to " + c.To
	}
	return c.File
}

// kindOf names the kind of a file of a raft directory by its name.
func kindOf(file string) string {
	base := file[strings.LastIndexByte(file, '/')+1:]
	switch {
	case strings.HasPrefix(base, "open-"):
		return "open segment"
	case closedSegment.MatchString(base):
		return "closed segment"
	case strings.HasPrefix(base, "snapshot-"):
		return "snapshot file"
	case strings.HasPrefix(base, "tmp-"):
		return "temporary file"
	default:
		return "file"
	}
}

var closedSegment = regexp.MustCompile(`^\d{16}-\d{16}$`)

// list converts every element of in.
func list[A, B any](in []A, convert func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, v := range in {
		out = append(out, convert(v))
	}
	return out
}
