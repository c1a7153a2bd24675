package galera

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/parse/galera"
)

// A history is a group UUID, or one branch of it after a split brain.
type history struct {
	ID    string
	UUID  galera.UUID
	Nodes []*model // an ancestor of several branches is in all of them
}

// formHistories sorts the nodes by group UUID, and by branches where two of
// them committed different things.
func (g *group) formHistories() {
	var uuids []galera.UUID
	for _, m := range g.nodes {
		if !m.UUID.IsZero() && m.Condition != incomplete && !slices.Contains(uuids, m.UUID) {
			uuids = append(uuids, m.UUID)
		}
	}
	for _, u := range uuids {
		members := slices.DeleteFunc(slices.Clone(g.nodes), func(m *model) bool { return m.UUID != u || m.Condition == incomplete })
		branches := g.branches(members)
		for i, b := range branches {
			h := history{ID: u.String(), UUID: u, Nodes: b}
			if len(branches) > 1 {
				h.ID = fmt.Sprintf("%s#%d", u, i+1)
			}
			g.histories = append(g.histories, h)
		}
	}
}

// branches splits the nodes of one UUID so that none of a branch contradicts
// another one of it.
func (g *group) branches(members []*model) [][]*model {
	ordered := slices.Clone(members)
	slices.SortStableFunc(ordered, func(a, b *model) int { return -cmp.Compare(g.reach[a].Lower, g.reach[b].Lower) })
	var out [][]*model
	for _, m := range ordered {
		fits := false
		for i, b := range out {
			if !slices.ContainsFunc(b, func(o *model) bool { return g.conflict(m, o) }) {
				out[i], fits = append(b, m), true
			}
		}
		if !fits {
			out = append(out, []*model{m})
			// Older nodes come later in the order; those of equal number that
			// agree with both are put into the new branch too.
			for _, o := range ordered {
				if o == m {
					break
				}
				last := len(out) - 1
				if !slices.ContainsFunc(out[last], func(x *model) bool { return x == o || g.conflict(o, x) }) && g.common(o, m) {
					out[last] = append(out[last], o)
				}
			}
		}
	}
	for _, b := range out {
		slices.SortFunc(b, func(x, y *model) int { return cmp.Compare(x.name(), y.name()) })
	}
	slices.SortFunc(out, func(x, y []*model) int { return cmp.Compare(x[0].name(), y[0].name()) })
	return out
}

// conflict reports whether two nodes committed, or may have committed,
// different things.
func (g *group) conflict(a, b *model) bool {
	r := g.relation(a, b)
	return r.fork() || r.mayFork()
}

// common reports whether a is certainly an ancestor of b.
func (g *group) common(a, b *model) bool {
	r := g.relation(a, b)
	return r.Overlap && r.Diverge == 0 && g.reach[a].Lower <= g.reach[b].Lower
}

// ranking returns the usable nodes of a history, the best first.
func (g *group) ranking(h history) [][]string {
	list := slices.DeleteFunc(slices.Clone(h.Nodes), func(m *model) bool { return !m.Condition.usable() })
	order := func(a, b *model) int {
		x, y := g.reach[a], g.reach[b]
		return cmp.Or(-cmp.Compare(x.Lower, y.Lower), cmp.Compare(b2i(!x.Exact()), b2i(!y.Exact())))
	}
	slices.SortStableFunc(list, func(a, b *model) int { return cmp.Or(order(a, b), cmp.Compare(a.name(), b.name())) })
	var out [][]string
	for i, m := range list {
		if i > 0 && order(list[i-1], m) == 0 {
			out[len(out)-1] = append(out[len(out)-1], m.name())
			continue
		}
		out = append(out, []string{m.name()})
	}
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
