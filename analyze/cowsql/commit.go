package cowsql

import (
	"slices"

	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A commitment says how far entries of the newest history are known to be
// committed, from the copies that the voters hold.
type commitment struct {
	Voters, Present int
	Majority        int
	// Certain is the last index that is certainly committed: a majority of
	// the voters holds it under the newest term, or a snapshot covers it.
	Certain uint64
	// Possible is the last index that may have been committed, counting every
	// voter that was not given as a holder. What lies behind it was never
	// acknowledged, if the directories are as the crash left them.
	Possible uint64
}

// commit computes the commitment from the point of view of the node w that
// reaches furthest.
func (g *group) commit(w *member) (c commitment, ok bool) {
	if g.reference == nil || w == nil || g.undecidedFork() {
		return c, false
	}
	for _, a := range w.Log.Artificial {
		if a.Sure && !a.Last { // the node ran with other voters than the reference has
			return c, false
		}
	}
	var reach []uint64
	for _, s := range g.reference.Servers {
		if s.Role != cowsql.Voter {
			continue
		}
		c.Voters++
		for _, m := range g.members {
			if m.ID == s.ID && m.Copy == "" {
				c.Present++
				reach = append(reach, g.agreesUpTo(w, m))
				break
			}
		}
	}
	if c.Voters == 0 || c.Present == 0 {
		return c, false
	}
	c.Majority = c.Voters/2 + 1
	slices.Sort(reach)
	slices.Reverse(reach)
	if c.Present >= c.Majority {
		held := reach[c.Majority-1]
		if d, _, ok := w.Log.at(held); ok && d.Term == w.Log.EndTerm {
			c.Certain = held
		}
	}
	for _, m := range g.members {
		if m.Wrong != "" || m.Node.Member == "no" {
			continue
		}
		for _, s := range m.snapshots() {
			if s.Meta.Meta.Stop == cowsql.MetaGood {
				c.Certain = max(c.Certain, s.Index)
			}
		}
	}
	if all := w.Log.configurations(); len(all) > 1 {
		// Only one change may be in flight (src/restore.c RestoreEntries).
		c.Certain = max(c.Certain, all[len(all)-2].Index)
	}
	c.Possible = w.Node.Position.Index
	if needed := c.Majority - (c.Voters - c.Present); needed > 0 && needed <= len(reach) {
		c.Possible = reach[needed-1]
	}
	c.Possible = max(c.Possible, c.Certain)
	return c, true
}

// agreesUpTo returns the last index up to which m holds what w holds.
func (g *group) agreesUpTo(w, m *member) uint64 {
	if m == w {
		return w.Node.Position.Index
	}
	i, j := slices.Index(g.members, w), slices.Index(g.members, m)
	r := g.relation(i, j)
	if r.Shift != 0 {
		return 0
	}
	if len(r.Diffs) > 0 {
		return r.Diffs[0].First - 1
	}
	return min(m.Node.Position.Index, w.Node.Position.Index)
}

// newest returns the member that reaches furthest among those whose data may
// be continued from, nil if there is none.
func (g *group) newest() *member {
	var out *member
	for _, m := range g.members {
		if m.candidate() && (out == nil || m.compare(out) > 0) {
			out = m
		}
	}
	return out
}
