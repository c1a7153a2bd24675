package galera

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// historyFindings are about histories that cannot be compared.
func (g *group) historyFindings() {
	var uuids []galera.UUID
	for _, h := range g.histories {
		if !slices.Contains(uuids, h.UUID) {
			uuids = append(uuids, h.UUID)
		}
	}
	if len(uuids) > 1 {
		g.differentHistories(uuids)
	}
	list := g.usable()
	told := map[string]bool{}
	for i, a := range list {
		for _, b := range list[i+1:] {
			switch r := g.relation(a, b); {
			case r.fork() || r.mayFork():
				key := fmt.Sprint(r.Diverge, r.fork(), r.A, r.B)
				if !told[key] {
					told[key] = true
					g.forkFinding(a, b, r)
				}
			case r.Diverge == 0:
				if why := g.suspicion(a, b); why != "" {
					g.add("LWG016", "", append(a.anything(), b.anything()...), "%s Their write-set caches have no seqno in common that could be compared. Compare the tables before one of them is thrown away.", why)
				}
			}
		}
	}
}

// side returns the nodes that committed the same as a where it differs from b.
func (g *group) side(a, b *model, r relation) []string {
	var out []string
	for _, m := range g.usable() {
		if m == a || !g.conflict(m, a) && g.conflict(m, b) && g.relation(m, b).Diverge == r.Diverge && g.relation(m, b).A == r.A {
			out = append(out, m.name())
		}
	}
	return out
}

// differentHistories shows where each history comes from and when.
func (g *group) differentHistories(uuids []galera.UUID) {
	var evidence []analyze.Evidence
	var parts []string
	for _, u := range uuids {
		var reach []string
		for _, m := range g.nodes {
			if m.UUID == u {
				reach = append(reach, fmt.Sprintf("%s (%s)", m.name(), m.reach()))
				evidence = append(evidence, m.positionEvidence()...)
			}
		}
		parts = append(parts, fmt.Sprintf("%s, begun %s: %s", u, began(u), list(reach)))
	}
	text := strings.Join(parts, "; ") + "."
	for _, m := range g.nodes {
		for _, u := range uuids {
			if i := slices.Index(m.Log.Histories, u); i >= 0 && u != m.UUID {
				text += fmt.Sprintf(" The error log of %s shows that it belonged to %s before: its data was taken over into the younger history, whose seqnos count from 0 again.", m.name(), u)
			}
		}
	}
	g.add("LWG014", "", evidence, "The data belongs to %d histories: %s Seqnos of different histories say nothing about each other; the smaller number may be the newer data. Whichever is continued, nodes of the other history lose their own transactions in a full state transfer.", len(uuids), text)
}

// began is the wall-clock time at which a history was made: group UUIDs are of
// version 1.
func began(u galera.UUID) string {
	t, ok := u.Time()
	if !ok {
		return "at an unknown time (no server made this UUID)"
	}
	return t.Format(time.RFC3339)
}

func (g *group) forkFinding(a, b *model, r relation) {
	evidence := append(a.eventEvidence(r.Diverge), b.eventEvidence(r.Diverge)...)
	since := fmt.Sprintf("up to seqno %d both hold the same write sets, from %d on different ones", r.Diverge-1, r.Diverge)
	if r.Open {
		since = fmt.Sprintf("all write sets that both caches still hold differ, from seqno %d on; they may have parted earlier", r.Diverge)
	}
	if r.fork() {
		text := ""
		for _, pair := range [][2]*model{{a, b}, {b, a}} {
			if pair[0].joinAsIs(pair[1]).How == ist {
				text = fmt.Sprintf(" The provider compares numbers only: %s would join %s incrementally, without a word, and keep its different rows.", pair[0].name(), pair[1].name())
			}
		}
		x, y := g.side(a, b, r), g.side(b, a, relation{Diverge: r.Diverge, A: r.B})
		g.add("LWG015", "", evidence, "%s on one side and %s on the other have one group UUID, and %s. From there on %s committed %s, %s committed %s. A number does not decide between them: a person has to, and the other side's transactions are lost unless they are saved first.%s", list(x), list(y), since, list(x), r.A, list(y), r.B, text)
		return
	}
	g.add("LWG016", "", evidence, "%s and %s have one group UUID, and %s. It is not known whether both committed theirs: %s is at %s, %s at %s.", a.name(), b.name(), since, a.name(), a.reach(), b.name(), b.reach())
}

// eventEvidence quotes the cache at a seqno.
func (m *model) eventEvidence(seqno uint64) []analyze.Evidence {
	e, ok := m.Cache.at(seqno)
	if !ok {
		return m.whole(m.Layout.Cache, "")
	}
	kind := "write set"
	switch {
	case e.Type() != galera.WriteSetAction:
		kind = "view change"
	case e.TOI():
		kind = "schema change"
	}
	return m.at(parse.Span{File: m.Cache.File, Offset: e.Offset(), Length: int64(e.Size), Field: fmt.Sprintf("seqno %d", seqno)}, fmt.Sprintf("%s, digest %016x", kind, e.Digest))
}

// flagFindings are about safe_to_bootstrap.
func (g *group) flagFindings() {
	var claim []*model
	ready := false
	for _, m := range g.nodes {
		if !m.Condition.usable() {
			continue
		}
		if o := m.Node.Start.Outcome; (o == analyze.Clean || o == analyze.Discards) && !m.newHistory() && !m.contradicted() {
			ready = true
		}
		if m.State != nil && m.State.SafeField.Present && m.State.SafeToBootstrap {
			claim = append(claim, m)
		}
	}
	if len(g.usable()) > 0 && !ready {
		arbitrators, last := g.arbitrators()
		why := "nobody was the last one to leave the primary component in good order"
		if last {
			why = fmt.Sprintf("the arbitrator %s was a member of the last view, and an arbitrator that leaves after the nodes keeps them from being the last", list(arbitrators))
		}
		g.add("LWG004", "", g.usable()[0].stateEvidence(), "No complete node can be bootstrapped with its history as it is: %s. safe_to_bootstrap is set by hand on a copy of the right node, and only there.", why)
	}
	if len(claim) > 1 {
		var evidence []analyze.Evidence
		for _, m := range claim {
			evidence = append(evidence, m.at(m.State.SafeField.Span, "1")...)
		}
		g.add("LWG017", "", evidence, "%s have safe_to_bootstrap: 1. One orderly shutdown leaves one such node, so they were alone at different times, or somebody edited a file.", list(names(claim)))
	}
	for _, m := range claim {
		switch {
		case g.verdict.Decided && !slices.Contains(g.verdict.MostRecent, m.name()):
			g.add("LWG018", m.name(), m.at(m.State.SafeField.Span, "1"), "safe_to_bootstrap is 1, but %s reaches %s and %s %s. A bootstrap from here succeeds and loses what lies between.", m.name(), m.reach(), g.verdict.Recommended, g.node(g.verdict.Recommended).reach())
		case !m.clean() && m.View != nil && len(m.View.Members) == 1 && !m.contradicted():
			g.add("LWG019", m.name(), append(m.at(m.State.SafeField.Span, "1"), m.uncleanEvidence()...), "safe_to_bootstrap is 1 and the server did not stop cleanly: it was the only member of the primary component when it died.")
		}
	}
}

// rankFindings are about what a node lacks and how it would get it.
func (g *group) rankFindings() {
	if !g.verdict.Decided {
		g.beyondFinding(g.usable())
		return
	}
	w := g.node(g.verdict.Recommended)
	best := g.reach[w].Lower
	for _, m := range g.nodes {
		if m == w || m.UUID != w.UUID || !m.Condition.usable() {
			continue
		}
		b := g.reach[m]
		if b.Exact() && b.Upper < best {
			t := g.itemise(w, b.Upper+1, best)
			if t.Transactions+t.Schema+t.Unknown+t.Skipped == 0 {
				g.add("LWG023", m.name(), m.positionEvidence(), "%s ends at %d, %s at %d: between them lie %s and no transaction, so the rows are the same.", m.name(), b.Upper, w.name(), best, t)
			} else {
				g.add("LWG022", m.name(), m.positionEvidence(), "%s ends at %d, %s at %d. It lacks %s (%s).", m.name(), b.Upper, w.name(), best, t, seqnos(b.Upper+1, best))
			}
		}
		if m.Span.Known && m.Span.Lower > g.reach[w].Lower {
			g.add("LWG042", m.name(), m.positionEvidence(), "%s states seqno %d, %s %d: what lies between is view changes of its own. If the cluster continues from %s, it ends with \"Reversing history: ... this member has applied %d more events than the primary component\" when it joins; let it join from an empty directory then, for a full state transfer.", m.name(), m.Span.Lower, w.name(), best, w.name(), m.Span.Lower-best)
		}
	}
	for _, m := range g.nodes {
		if m == w {
			continue
		}
		if j := m.joinAsIs(w); j.How == sst {
			g.add("LWG030", m.name(), m.stateEvidence(), "%s cannot join %s incrementally: %s. A full state transfer replaces all its files%s.", m.name(), w.name(), j.Why, g.volume(w))
		}
	}
	g.beyondFinding([]*model{w})
}

// volume says how much a full state transfer copies.
func (g *group) volume(donor *model) string {
	var bytes int64
	for _, f := range donor.Files {
		if donor.inData(f.Path) && f.Size > 0 && donor.transferred(f.Path) {
			bytes += f.Size
		}
	}
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf(" (about %d MiB)", max(1, bytes>>20))
}

// transferred reports whether a state transfer copies a file.
func (m *model) transferred(name string) bool {
	base := name[strings.LastIndexByte(name, '/')+1:]
	for _, own := range []string{"galera.cache", "gcache.page.", "grastate.dat", "gvwstate.dat", "ib_logfile", "ibtmp1", "error.log", "tc.log"} {
		if strings.HasPrefix(base, own) {
			return false
		}
	}
	return true
}

// beyondFinding is about write sets that were received and never committed on
// any given node.
func (g *group) beyondFinding(best []*model) {
	if len(best) == 0 {
		return
	}
	top := uint64(0)
	for _, m := range best {
		if m.Span.Exact() {
			top = max(top, m.Span.Upper)
		}
	}
	if top == 0 {
		return
	}
	var holder *model
	for _, m := range g.usable() {
		if c := m.Cache; c != nil && c.UUID == best[0].UUID && m.UUID == best[0].UUID && c.Last > top && !g.conflict(m, best[0]) && (holder == nil || c.Last > holder.Cache.Last) {
			holder = m
		}
	}
	if holder == nil {
		return
	}
	t := holder.Cache.tally(top+1, holder.Cache.Last)
	if t.data() == 0 {
		return
	}
	g.add("LWG024", holder.name(), holder.eventEvidence(top+1), "The write-set cache of %s holds %s behind seqno %d (%s). What stands there was ordered in the group, but no given node committed it, and no server applies it from the cache at a start. %s", holder.name(), t, top, seqnos(top+1, holder.Cache.Last), g.told(holder, top+1))
}

// told says whether a client can have been told of success for the write sets
// from a seqno on: only by the node that it was connected to, which sent them.
func (g *group) told(holder *model, from uint64) string {
	var away []string
	for e := range holder.Cache.Index.Range(int64(from), maxSeqno) {
		u, ok := holder.Cache.Index.Source(e)
		if e.Type() != galera.WriteSetAction || ok && slices.ContainsFunc(g.usable(), func(m *model) bool {
			own, _ := m.self()
			return m.Span.Exact() && !own.IsZero() && own.SameProcess(u)
		}) {
			continue
		}
		name := g.nameOf(u)
		if name == "" {
			name = "a node that is not known"
		}
		if !slices.Contains(away, name) {
			away = append(away, name)
		}
	}
	if len(away) == 0 {
		return "The nodes that sent them are here and did not commit them, so no client was told of success, unless InnoDB writes its log late there (innodb_flush_log_at_trx_commit)."
	}
	return fmt.Sprintf("Clients of %s may have been told of success; nobody else was.", list(away))
}
