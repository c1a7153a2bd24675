package manticore

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// A member is a host in one cluster: what the report calls a node.
type member struct {
	*part
	Node   *analyze.Node
	Member string // yes, no (it left), or unknown
	Counts bool   // its tables are ranked
	Why    string // why it does not count, "" if it does
	Tables []string
	UUID   string
	Branch int // of the history, 0 for the first
}

func (m *member) name() string { return m.Host.Name }

// tid is how many transactions of a table the member holds. ok is false if it
// does not replicate the table, or if the number says nothing.
func (m *member) tid(name string) (tid int64, ok bool) {
	t := m.Host.Tables[name]
	if t == nil || t.Meta == nil || !t.Known || !slices.Contains(m.Tables, name) {
		return 0, false
	}
	return t.Whole, true
}

// A group is one replication cluster.
type group struct {
	name    string
	options analyze.Options
	members []*member
	all     []*host

	rows     map[[2]*member]relation
	seqnos   proof
	verdict  analyze.Verdict
	ranking  [][]string
	maxima   []*member
	findings []analyze.Finding
}

// counted returns the members whose tables are ranked.
func (g *group) counted() []*member {
	return slices.DeleteFunc(slices.Clone(g.members), func(m *member) bool { return !m.Counts })
}

// newestServer is the highest version that the files of any member prove.
func (g *group) newestServer() (v version) {
	for _, m := range g.members {
		if x := m.Host.Server.Version; x.atLeast(v) {
			v = x
		}
	}
	return v
}

func (g *group) member(name string) *member {
	for _, m := range g.members {
		if m.name() == name {
			return m
		}
	}
	return nil
}

// isLoopback reports whether an address means another host on every host.
func isLoopback(address string) bool {
	return strings.HasPrefix(address, "127.") || strings.HasPrefix(address, "localhost:") || strings.HasPrefix(address, "[::1]:")
}

// related reports whether two entries of the same name are of one cluster: the
// same history, or a list of nodes in common.
func related(a, b *part) bool {
	if a.uuid() != "" && a.uuid() == b.uuid() {
		return true
	}
	if a.Entry == nil || b.Entry == nil {
		return false
	}
	for _, n := range a.Entry.Nodes {
		if slices.Contains(b.Entry.Nodes, n) && (!isLoopback(n) || len(a.Entry.Nodes) > 1 && len(b.Entry.Nodes) > 1) {
			return true
		}
	}
	return a.uuid() == "" || b.uuid() == ""
}

// groups finds the clusters of all hosts, and the hosts that are in none.
func groups(hosts []*host, o analyze.Options) (out []*group, alone []*host) {
	var sets [][]*part
	add := func(p *part, joins func(set []*part) bool) {
		var merged []*part
		rest := sets[:0:0]
		for _, s := range sets {
			if joins(s) {
				merged = append(merged, s...)
			} else {
				rest = append(rest, s)
			}
		}
		sets = append(rest, append(merged, p))
	}
	for _, h := range hosts {
		for _, p := range h.Parts {
			add(p, func(s []*part) bool {
				return slices.ContainsFunc(s, func(q *part) bool { return q.Name == p.Name && related(p, q) })
			})
		}
	}
	for _, h := range hosts {
		for _, p := range h.Orphans {
			id := p.uuid()
			add(p, func(s []*part) bool {
				return id != "" && slices.ContainsFunc(s, func(q *part) bool { return q.uuid() == id })
			})
		}
	}
	named := func(s []*part) int { return slices.IndexFunc(s, func(p *part) bool { return p.Entry != nil }) }
	slices.SortStableFunc(sets, func(a, b []*part) int { return b2i(named(a) < 0) - b2i(named(b) < 0) })
	in := map[*host]bool{}
	for _, s := range sets {
		named := named(s)
		if named < 0 && !slices.ContainsFunc(s, func(p *part) bool { return !in[p.Host] }) {
			continue // the left-over directory of a host that is in a cluster
		}
		g := &group{options: o, all: hosts, rows: map[[2]*member]relation{}}
		if named >= 0 {
			g.name = s[named].Name
		} else {
			g.name = lostName(s)
		}
		seen := map[*host]bool{}
		for _, p := range s {
			if !seen[p.Host] { // a second directory of the same history on one host is an orphan of its own
				seen[p.Host], in[p.Host] = true, true
				g.members = append(g.members, &member{part: p})
			}
		}
		slices.SortFunc(g.members, func(a, b *member) int { return cmp.Compare(a.name(), b.name()) })
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b *group) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.members[0].name(), b.members[0].name()))
	})
	for _, h := range hosts {
		if !in[h] {
			alone = append(alone, h)
		}
	}
	return out, alone
}

// lostName finds the name of a cluster that no manticore.json names any more:
// the shared memory still has it.
func lostName(s []*part) string {
	for _, p := range s {
		if m := p.Host.Memory; m != nil && m.Damage == nil {
			for _, c := range m.Clusters {
				if c.UUID == p.uuid() {
					return c.Name
				}
			}
		}
	}
	return ""
}

// classify says who is a member and whose tables are ranked.
func (g *group) classify() {
	named := slices.ContainsFunc(g.members, func(m *member) bool { return m.Entry != nil })
	for _, m := range g.members {
		m.UUID = m.uuid()
		switch {
		case m.Entry != nil:
			m.Member, m.Counts = "yes", true
			m.Tables = m.Entry.Tables
		case m.Host.broken(), !named:
			m.Member, m.Counts = "unknown", true
		case m.crashed():
			m.Member, m.Why = "unknown", "its manticore.json does not name the cluster any more"
		default:
			m.Member, m.Why = "no", "it left the cluster"
		}
		if m.Counts && m.zeroed() {
			m.Counts, m.Why = false, "its provider marked the data as unsafe"
		}
	}
	// A host that lost its list of tables has those of the others.
	var lists []string
	for _, m := range g.members {
		for _, t := range m.Tables {
			if !slices.Contains(lists, t) {
				lists = append(lists, t)
			}
		}
	}
	if !named { // tables that several hosts have
		count := map[string]int{}
		for _, m := range g.members {
			for name := range m.Host.Tables {
				count[name]++
			}
		}
		for name, n := range count {
			if n > 1 || len(g.members) == 1 {
				lists = append(lists, name)
			}
		}
	}
	slices.Sort(lists)
	for _, m := range g.members {
		if m.Entry == nil {
			m.Tables = lists
		}
	}
	only := ""
	for _, m := range g.members {
		if m.UUID != "" && m.Counts {
			if only != "" && only != m.UUID {
				return
			}
			only = m.UUID
		}
	}
	for _, m := range g.members {
		if m.UUID == "" && m.Counts {
			m.UUID = only
		}
	}
}
