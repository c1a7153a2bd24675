package galera

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// decide answers who wrote last. A number is compared with numbers of the
// same history only, and a node is most recent if no other can be ahead.
func (g *group) decide() {
	v := &g.verdict
	for _, p := range g.missing {
		v.Missing = append(v.Missing, cmp.Or(p.Name, p.UUID.String()))
	}
	v.Provisional = len(v.Missing) > 0
	list := g.usable()
	if len(list) == 0 {
		v.Reason = "None of the given directories is a complete database with a position."
		return
	}
	if why := g.undecidable(list); why != "" {
		v.Reason = why
		return
	}
	var best []*model
	for _, m := range list {
		if g.certain(m, list) {
			best = append(best, m)
		}
	}
	if len(best) == 0 && len(list) == 1 {
		v.Reason = "Only one directory can be used, and its position is not known: " + g.boundsOf(list) + "."
		return
	}
	if len(best) == 0 {
		v.Reason = "The positions are known within bounds only, and these overlap: " + g.boundsOf(list) + "."
		return
	}
	for _, m := range g.nodes {
		if m.Condition == backwards && m.Span.Known && m.Span.Lower > g.reach[best[0]].Lower {
			v.Reason = fmt.Sprintf("%s reaches further than every sound node, but its redo log is damaged, so that its data cannot be trusted.", m.name())
			return
		}
	}
	if slices.ContainsFunc(best, func(m *model) bool { return !m.holed() }) {
		best = slices.DeleteFunc(best, (*model).holed)
	}
	slices.SortStableFunc(best, g.prefer)
	v.Decided, v.MostRecent, v.Recommended = true, names(best), best[0].name()
	slices.Sort(v.MostRecent)
	v.Reason = g.reason(best, list)
}

// undecidable says why numbers do not decide, "" if they do.
func (g *group) undecidable(list []*model) string {
	var uuids []galera.UUID
	for _, m := range list {
		if !slices.Contains(uuids, m.UUID) {
			uuids = append(uuids, m.UUID)
		}
	}
	if len(uuids) > 1 {
		return fmt.Sprintf("There are %d histories with different group UUIDs, and their seqnos cannot be compared: a person has to choose.", len(uuids))
	}
	for i, a := range list {
		for _, b := range list[i+1:] {
			switch r := g.relation(a, b); {
			case r.fork():
				return fmt.Sprintf("Split brain: %s and %s hold different write sets from seqno %d on, and both committed theirs. A person has to choose; the other side loses its transactions.", a.name(), b.name(), r.Diverge)
			case r.mayFork():
				return fmt.Sprintf("%s and %s received different write sets from seqno %d on, and the evidence does not tell whether both committed theirs.", a.name(), b.name(), r.Diverge)
			}
			if why := g.suspicion(a, b); why != "" {
				return why + " Their write-set caches cannot be compared, so a split brain cannot be excluded."
			}
		}
	}
	return ""
}

// certain reports whether no other node can be ahead of m.
func (g *group) certain(m *model, list []*model) bool {
	b := g.reach[m]
	return b.Known && !slices.ContainsFunc(list, func(o *model) bool {
		u := g.reach[o]
		return o != m && (!u.Bounded || u.Upper > b.Lower)
	})
}

// prefer orders equals: a server that can open the directory, one that lost
// nothing below its position, a state file that tells the truth, a
// safe_to_bootstrap that can be believed, a clean stop, the cache that reaches
// back furthest.
func (g *group) prefer(a, b *model) int {
	flag := func(m *model) int {
		return b2i(!(m.State != nil && m.State.SafeField.Present && m.State.SafeToBootstrap && !m.contradicted()))
	}
	return cmp.Or(
		cmp.Compare(b2i(a.Engine.Refusal != ""), b2i(b.Engine.Refusal != "")),
		cmp.Compare(b2i(a.holed()), b2i(b.holed())),
		cmp.Compare(b2i(a.Condition != sound), b2i(b.Condition != sound)),
		cmp.Compare(b2i(a.Engine.Broken), b2i(b.Engine.Broken)),
		cmp.Compare(flag(a), flag(b)),
		cmp.Compare(b2i(!a.clean()), b2i(!b.clean())),
		cmp.Compare(a.serves(a.Span.Lower), b.serves(b.Span.Lower)),
		cmp.Compare(a.name(), b.name()),
	)
}

// contradicted reports whether grastate.dat states a position that InnoDB
// does not have.
func (m *model) contradicted() bool {
	u, seqno, ok := m.claims()
	if m.Engine == nil {
		return false
	}
	if !ok {
		return m.State != nil && !m.State.UUID.IsZero() && m.Engine.Exact && !m.Engine.UUID.IsZero() && m.State.UUID != m.Engine.UUID
	}
	if m.Engine.Exact && !m.Engine.UUID.IsZero() {
		return u != m.Engine.UUID || seqno != m.Engine.Seqno
	}
	return m.Span.Bounded && uint64(seqno) > m.Span.Upper || m.Span.Known && uint64(seqno) < m.Span.Lower
}

// suspicion says why two nodes that cannot be compared may have gone on
// separately, "" if nothing points to it.
func (g *group) suspicion(a, b *model) string {
	if g.relation(a, b).Overlap || g.outlived(a, b) != nil || g.outlived(b, a) != nil {
		return ""
	}
	flag := func(m *model) bool {
		return m.State != nil && m.State.SafeField.Present && m.State.SafeToBootstrap && !m.contradicted()
	}
	if flag(a) && flag(b) {
		return fmt.Sprintf("%s and %s both say that they left the cluster last.", a.name(), b.name())
	}
	if a.View != nil && b.View != nil && !g.inView(a, &b.View.View) && !g.inView(b, &a.View.View) {
		return fmt.Sprintf("%s and %s died in primary components that do not have each other.", a.name(), b.name())
	}
	return ""
}

// inView reports whether a node, in any of its runs that a cache knows by
// name, is a member of a view.
func (g *group) inView(m *model, v *galera.View) bool {
	u, name := m.self()
	if !u.IsZero() && v.Has(u) {
		return true
	}
	for _, x := range v.Members {
		if name != "" && g.nameOf(x.UUID) == name {
			return true
		}
	}
	return false
}

// nameOf looks a process up in all caches and logs.
func (g *group) nameOf(u galera.UUID) string {
	for _, m := range g.all {
		if own, name := m.self(); name != "" && own.SameProcess(u) && !own.IsZero() {
			return name
		}
	}
	for _, m := range g.all {
		if name := m.named(u); name != "" {
			return name
		}
	}
	return ""
}

// startable applies what servers and operators look at: of the directories
// that bootstrap as they are, those whose server would state the highest
// position.
func (g *group) startable() []string {
	var out []string
	var highest int64
	for _, m := range g.nodes {
		if o := m.Node.Start.Outcome; o != analyze.Clean && o != analyze.Discards || m.UUID.IsZero() {
			continue
		}
		_, seqno, ok := m.claims()
		if !ok {
			seqno = m.Engine.Seqno
		}
		switch {
		case len(out) == 0 || seqno > highest:
			out, highest = []string{m.name()}, seqno
		case seqno == highest:
			out = append(out, m.name())
		}
	}
	return out
}

// boundsOf lists how far nodes reach.
func (g *group) boundsOf(list []*model) string {
	var out []string
	for _, m := range list {
		out = append(out, m.name()+" ("+m.reach()+")")
	}
	return strings.Join(out, ", ")
}

// reason says in one sentence why the best are the best.
func (g *group) reason(best, all []*model) string {
	top := g.reach[best[0]]
	text := fmt.Sprintf("%s %s furthest in the history %s: %s", list(g.verdict.MostRecent), reaches(len(best)), best[0].UUID, at(top))
	switch {
	case len(all) == 1 && len(g.nodes) > 1:
		text = fmt.Sprintf("%s is the only complete database with a position: %s of %s", best[0].name(), at(top), best[0].UUID)
	case len(all) > len(best):
		next := uint64(0)
		for _, m := range all {
			if !slices.Contains(best, m) && (!m.holed() || g.reach[m].Upper < top.Lower) {
				next = max(next, g.reach[m].Upper)
			}
		}
		if next > 0 {
			text += fmt.Sprintf("; the others end at %d at the latest", next)
		}
	}
	for _, m := range all {
		if m.holed() && g.reach[m].Upper >= top.Lower {
			text += fmt.Sprintf("; %s lacks %s below its position", m.name(), seqnoList(m.holes()))
		}
	}
	if len(best) > 1 {
		text += fmt.Sprintf("; of these, %s needs least and serves most", best[0].name())
	}
	if g.verdict.Provisional {
		text += ", as far as the given nodes tell"
	}
	return text + "."
}

func at(b bounds) string {
	if b.Exact() {
		return fmt.Sprintf("seqno %d", b.Lower)
	}
	return fmt.Sprintf("at least seqno %d", b.Lower)
}

func reaches(n int) string {
	if n == 1 {
		return "reaches"
	}
	return "reach"
}
