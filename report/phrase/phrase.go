// Package phrase says in words what stands in a report, for all renderers
// that are read by people. It returns text as it is in the report: whoever
// prints it has to escape it.
package phrase

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
)

// Count returns "1 entry" or "2 entries": n and the noun, whose plural is
// given where an s does not make it.
func Count[N ~int | ~uint64](n N, noun string, plural ...string) string {
	if n != 1 {
		noun += "s"
		if len(plural) > 0 {
			noun = plural[0]
		}
	}
	return strconv.FormatUint(uint64(n), 10) + " " + noun
}

// Join returns "a", "a and b", or "a, b and c".
func Join(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Cluster returns the title of a cluster: what it is and how large. The ID is
// only told where there is more than one.
func Cluster(c *report.Cluster, several bool) string {
	kind := c.System
	if strings.Contains(c.Product, c.System) {
		kind = c.Product
	} else if c.Product != "" {
		kind = fmt.Sprintf("%s (%s)", c.Product, c.System)
	}
	title := strings.TrimSpace(kind + " cluster")
	if c.Name != "" {
		title += ` "` + c.Name + `"`
	}
	title += ", " + Count(len(c.Nodes), "node")
	if several {
		title = c.ID + ": " + title
	}
	return title
}

// Verdict returns the headline of a cluster: who is most recent, or that this
// is not decided.
func Verdict(c *report.Cluster) string {
	v := &c.Verdict
	switch {
	case !v.Decided:
		return "Not decided who is most recent."
	case len(v.MostRecent) == 0:
		return "No node holds usable data."
	case len(v.MostRecent) > 3 && len(v.MostRecent) == len(c.Nodes):
		return fmt.Sprintf("All %d nodes are most recent%s.", len(c.Nodes), reached(c, "at"))
	case len(v.MostRecent) > 2:
		return fmt.Sprintf("%s are most recent%s.", Join(v.MostRecent), reached(c, "all at"))
	case len(v.MostRecent) == 2:
		return fmt.Sprintf("%s are most recent%s.", Join(v.MostRecent), reached(c, "both at"))
	default:
		return fmt.Sprintf("%s is most recent%s.", v.MostRecent[0], reached(c, "at"))
	}
}

// reached returns how far the most recent nodes go, if all go equally far.
func reached(c *report.Cluster, at string) string {
	position := ""
	for _, name := range c.Verdict.MostRecent {
		n := find(c, name)
		if n == nil || !HasPosition(n) || position != "" && position != Position(n) {
			return ""
		}
		position = Position(n)
	}
	return ", " + at + " " + position
}

// Recommendation returns where to go on, "" if that is not known either.
func Recommendation(c *report.Cluster) string {
	name := c.Verdict.Recommended
	n := find(c, name)
	switch {
	case name == "" && !c.Verdict.Decided:
		return ""
	case name == "":
		return "There is no node to continue from."
	case !c.Verdict.Decided:
		return fmt.Sprintf("If there is no way to find out, continue from %s.", name)
	case n == nil || n.Start.Outcome == string(analyze.Clean):
		return fmt.Sprintf("Continue from %s.", name)
	case n.Start.Outcome == string(analyze.Unknown):
		return fmt.Sprintf("Continue from %s; what a start does to it is not known.", name)
	case len(c.Plans) == 0:
		return fmt.Sprintf("Continue from %s; as it is, it %s, and no plan is offered.", name, Outcome(&n.Start))
	default:
		return fmt.Sprintf("Continue from %s, after a repair: as it is, it %s.", name, Outcome(&n.Start))
	}
}

// Caveats returns the sentences that limit the verdict: members that are
// missing, and a start that would choose otherwise.
func Caveats(c *report.Cluster) []string {
	v := &c.Verdict
	var out []string
	if v.Provisional {
		switch len(v.Missing) {
		case 0:
			out = append(out, "Provisional: members of the cluster were not given.")
		case 1:
			out = append(out, fmt.Sprintf("Provisional: %s is a member too, and may be more recent. Add its directory, or declare it gone for good with --lost.", v.Missing[0]))
		default:
			out = append(out, fmt.Sprintf("Provisional: %s are members too, and may be more recent. Add their directories, or declare them gone for good with --lost.", Join(v.Missing)))
		}
	}
	if v.Decided && len(v.MostRecentStartable) > 0 && !slices.Equal(v.MostRecent, v.MostRecentStartable) {
		others := slices.DeleteFunc(slices.Clone(v.MostRecentStartable), func(name string) bool { return slices.Contains(v.MostRecent, name) })
		if len(others) > 0 {
			out = append(out, fmt.Sprintf("Started as they are, the servers would take %s for most recent.", Join(v.MostRecentStartable)))
		}
	}
	return out
}

// Names returns names as a list, or all of a cluster's nodes as a number.
func Names(c *report.Cluster, names []string) string {
	if len(names) > 3 && len(names) == len(c.Nodes) {
		return fmt.Sprintf("all %d nodes", len(names))
	}
	return strings.Join(names, ", ")
}

// Start returns what the forecasts of a cluster are about: a start, or the
// bootstrap of a Galera cluster. The server is told if there is one.
func Start(c *report.Cluster, server string) string {
	start := "a start"
	if c.System == "galera" {
		start = "a bootstrap"
	}
	if server != "" {
		start += " of " + server
	}
	return start
}

// Server returns the server that all forecasts of a cluster are for, "" if
// they differ.
func Server(c *report.Cluster) string {
	server := ""
	for i, n := range c.Nodes {
		if i > 0 && n.Start.Server != server {
			return ""
		}
		server = n.Start.Server
	}
	return server
}

// Seqnos reports whether the positions of a cluster are seqnos and not the
// indexes of a raft log.
func Seqnos(c *report.Cluster) bool { return c.System == "galera" || c.System == "manticore" }

// HasPosition reports whether anything is known about how far n goes.
func HasPosition(n *report.Node) bool {
	return n.Position.Bound != "" && n.Position.Bound != string(analyze.None)
}

// Position returns how far n goes: term^index of a raft log, else the seqno.
// Without a position it returns "-".
func Position(n *report.Node) string {
	switch {
	case !HasPosition(n):
		return "-"
	case raft(n):
		return fmt.Sprintf("%d^%d", n.Position.Term, n.Position.Index)
	default:
		return strconv.FormatUint(uint64(n.Position.Index), 10)
	}
}

// FullPosition returns Position together with the history where the number
// means nothing without it: uuid:seqno.
func FullPosition(n *report.Node) string {
	if HasPosition(n) && !raft(n) && n.Position.History != "" {
		return n.Position.History + ":" + Position(n)
	}
	return Position(n)
}

// raft reports whether positions of n have a term.
func raft(n *report.Node) bool {
	return n.Position.Term != 0 || n.System == "cowsql" || n.System == "wesql"
}

// Bound returns how much the position of n proves.
func Bound(n *report.Node) string {
	switch {
	case !HasPosition(n):
		return "-"
	case n.Position.Bound == string(analyze.AtLeast):
		return "at least"
	default:
		return n.Position.Bound
	}
}

// Role returns the role of n, and that it is no member.
func Role(n *report.Node) string {
	switch {
	case n.Member == "no":
		return "not a member"
	case n.Role == "":
		return "-"
	default:
		return n.Role
	}
}

func find(c *report.Cluster, name string) *report.Node {
	for i := range c.Nodes {
		if c.Nodes[i].Name == name {
			return &c.Nodes[i]
		}
	}
	return nil
}

// Because says what points to the server that the forecasts are for, "" if
// they are for several or nothing is known.
func Because(c *report.Cluster) string {
	if Server(c) == "" {
		return ""
	}
	for _, n := range c.Nodes {
		if n.Start.Why != "" {
			return "For that server because " + n.Start.Why + "; --server asks for another."
		}
	}
	return ""
}
