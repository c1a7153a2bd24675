package galera

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// viewFindings are about who was in the cluster with whom, and when.
func (g *group) viewFindings() {
	for _, m := range g.all {
		if v := m.View; v != nil && v.Bootstrap {
			g.add("LWG033", m.name(), m.at(v.BootstrapField.Span, "1"), "gvwstate.dat says that this primary component was made by hand (pc.bootstrap): %s. If the other members were alive at that moment, there are two clusters with different data; the write sets decide, see the findings on histories.", plural(len(v.Members), "member", "members"))
		} else if s := m.Log.Bootstrapped; s != nil && (v == nil || !v.Bootstrap) {
			g.add("LWG033", m.name(), m.at(s.Span, s.Quote), "The error log says that a primary component was made by hand (pc.bootstrap).")
		}
		if s := m.Log.LostQuorum; s != nil && m.clean() && m.Condition != inconsistent && !m.Arbitrator {
			g.add("LWG043", m.name(), m.at(s.Span, s.Quote), "The node lost quorum, refused writes, and was then stopped in good order: grastate.dat has its position, and safe_to_bootstrap 0 although nobody came after it.")
		}
	}
	g.leftBehind()
	g.restoration()
	g.copies()
	if len(g.missing) > 0 {
		v := g.newestView()
		var missing []string
		for _, p := range g.missing {
			missing = append(missing, cmp.Or(p.Name, p.UUID.String()))
		}
		g.add("LWG035", "", []analyze.Evidence{{Span: v.Source, Node: g.holder(v), Quote: "members: " + list(peerNames(v.Members))}}, "%s %s in the last view that the given nodes know (at seqno %d) and %s not given. They may hold more. If they are gone for good, say so with --lost.", list(missing), wasWere(len(missing)), v.Seqno, wasWere(len(missing)))
	}
}

// holder returns the name of the node that has a sighting.
func (g *group) holder(s *sighting) string {
	for _, m := range g.all {
		if len(m.Sightings) > 0 {
			for i := range m.Sightings {
				if &m.Sightings[i] == s {
					return m.name()
				}
			}
		}
	}
	for _, m := range g.all {
		if m.View != nil && m.View.ViewIDField.Span == s.Source {
			return m.name()
		}
	}
	return ""
}

func peerNames(list []peer) []string {
	out := []string{}
	for _, p := range list {
		out = append(out, cmp.Or(p.Name, p.UUID.String()))
	}
	return out
}

// leftBehind says for each node who went on without it.
func (g *group) leftBehind() {
	for _, m := range g.nodes {
		if m.Condition == fresh || m.Condition == incomplete || g.copyOf(m) != nil {
			continue
		}
		first, witness := g.goneOn(m)
		if first == nil {
			continue
		}
		g.add("LWG032", m.name(), []analyze.Evidence{{Span: first.Source, Node: witness.name(), Quote: "members: " + list(peerNames(first.Members))}}, "From seqno %d on the cluster consisted of %s, without %s, which ends at %s. It missed everything after that.", first.Seqno, list(peerNames(first.Members)), m.name(), m.reach())
	}
}

// goneOn returns the first configuration behind the end of a node's data that
// does not have it, and who committed it; nil if there is none.
func (g *group) goneOn(m *model) (first *sighting, witness *model) {
	if !m.Span.Bounded {
		return nil, nil
	}
	for _, o := range g.usable() {
		if o == m || o.UUID != m.UUID || !o.Span.Known || g.conflict(o, m) {
			continue
		}
		for i := range o.Sightings {
			s := &o.Sightings[i]
			if s.UUID != m.UUID || !s.Primary || s.Seqno <= m.Span.Lower || s.Seqno > o.Span.Lower || slices.ContainsFunc(s.Members, m.is) {
				continue
			}
			if first == nil || s.Seqno < first.Seqno {
				first, witness = s, o
			}
		}
	}
	return first, witness
}

// A restore is what pc.recovery needs: all members of one saved view.
type restore struct {
	View    *galera.ViewFile
	Nodes   []*model // directories that have the view, arbitrators included
	Missing []string // members of it without a directory
}

// restorable finds the newest view that every one of its members would
// restore (gcomm/src/pc_proto.cpp): all of them have it as their last one.
func (g *group) restorable() (restore, bool) {
	var best restore
	for _, m := range g.all {
		if m.View == nil || !m.View.Complete {
			continue
		}
		if best.View == nil || m.View.View.Compare(&best.View.View) > 0 {
			best.View = m.View
		}
	}
	if best.View == nil {
		return best, false
	}
	for _, m := range g.all {
		if m.View != nil && m.View.Same(&best.View.View) {
			best.Nodes = append(best.Nodes, m)
		}
	}
	for _, p := range best.View.Members {
		if !slices.ContainsFunc(best.Nodes, func(m *model) bool { return m.View.MyUUID.SameProcess(p.UUID) }) {
			best.Missing = append(best.Missing, cmp.Or(g.nameOf(p.UUID), p.UUID.String()))
		}
	}
	return best, true
}

// restoration says whether the cluster would restore itself, and who has to be
// started for that.
func (g *group) restoration() {
	r, ok := g.restorable()
	if !ok || len(r.View.Members) < 2 {
		return
	}
	if why := g.noRestore(r); why != "" {
		return
	}
	start := names(r.Nodes)
	text := fmt.Sprintf("%s died in one view and saved it. Started with the ordinary command, all of them, without any bootstrap, they find each other and restore the primary component", list(start))
	if len(r.Missing) > 0 {
		text += fmt.Sprintf("; %s, which belongs to that view and was not given, has to come up as well with its gvwstate.dat in place", list(r.Missing))
	}
	g.add("LWG031", "", r.Nodes[0].at(r.View.ViewIDField.Span, r.View.ViewIDField.Raw), "%s. It takes every one of these members; with one missing they wait for ever.", text)
}

// noRestore says why pc.recovery must not or cannot be used, "" if it can.
func (g *group) noRestore(r restore) string {
	if r.View == nil {
		return "no directory holds a saved view"
	}
	data := 0
	for _, m := range r.Nodes {
		if m.Arbitrator {
			continue
		}
		data++
		if !m.Condition.usable() || m.Condition != sound || m.Engine.Refusal != "" || m.contradicted() {
			return m.name() + " cannot take part as it is"
		}
		if m.holed() {
			return m.name() + " lacks transactions below its position"
		}
		if p := m.Layout.Server.Provider.PCRecovery; p.Set && !p.V {
			return "pc.recovery is off on " + m.name()
		}
	}
	if data == 0 {
		return "no data node has the last view"
	}
	if !g.verdict.Decided || !slices.ContainsFunc(r.Nodes, func(m *model) bool { return slices.Contains(g.verdict.MostRecent, m.name()) }) {
		return "the newest data is not in that view"
	}
	for _, p := range r.Missing {
		arbitrators, _ := g.arbitrators()
		if slices.ContainsFunc(g.all, func(m *model) bool { _, name := m.self(); return name == p || m.name() == p }) {
			return p + " left in good order since"
		}
		if !slices.Contains(arbitrators, p) {
			return p + " was not given"
		}
	}
	return ""
}

// copies are directories that stand for a node twice, or for its past.
func (g *group) copies() {
	for _, m := range g.nodes {
		s := g.copyOf(m)
		if s == nil {
			continue
		}
		g.add("LWG020", m.name(), append(m.positionEvidence(), analyze.Evidence{Span: s.Source, Node: g.holder(s), Quote: "members: " + list(peerNames(s.Members))}), "The directory ends at %s, but %s was a member again at seqno %d: this is an older copy, a backup for instance, and not what the node held last. Never bootstrap it, and look for the node's own directory.", m.reach(), g.whoIs(m, s), s.Seqno)
	}
	for i, a := range g.nodes {
		for _, b := range g.nodes[i+1:] {
			ua, _ := a.self()
			ub, _ := b.self()
			if a.View != nil && b.View != nil && !ua.IsZero() && ua.SameProcess(ub) {
				g.add("LWG021", "", append(a.at(a.View.MyUUIDField.Span, ua.String()), b.at(b.View.MyUUIDField.Span, ub.String())...), "%s and %s are directories of the same node: both were written by the process %s. Only one of them may be started.", a.name(), b.name(), ua)
			}
		}
	}
}

// whoIs names the member of a view that a directory stands for.
func (g *group) whoIs(m *model, s *sighting) string {
	for _, p := range s.Members {
		if m.is(p) {
			return cmp.Or(p.Name, m.name())
		}
	}
	return m.name()
}
