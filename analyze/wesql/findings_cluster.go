package wesql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// servers are the directories of nodes, without object stores.
func (g *group) servers() []*model {
	return slices.DeleteFunc(slices.Clone(g.nodes), func(m *model) bool { return m.Layout != layoutServer })
}

// top returns the newest node that the verdict names.
func (g *group) top() *model {
	for _, m := range g.nodes {
		if m.Name == g.verdict.Recommended {
			return m
		}
	}
	return nil
}

// rankFindings say who is behind, and who led.
func (g *group) rankFindings() {
	var open, clean []*model
	for _, m := range g.servers() {
		switch {
		case m.log.LastFile == nil || m.log.LastFile.Log == nil:
		case m.log.InUse:
			open = append(open, m)
		default:
			clean = append(clean, m)
		}
	}
	if len(open) > 1 {
		var evidence []analyze.Evidence
		for _, m := range open {
			evidence = append(evidence, m.flag()...)
		}
		g.add("LWW015", "", evidence, "The logs of %s were all open: one of them led before the other, and never learned that it was deposed, or a copy was made while the node ran.", enumerate(names(open)))
	}
	if len(open) == 0 && len(clean) == len(g.servers()) && len(clean) > 0 && !slices.ContainsFunc(clean, func(m *model) bool { return m.Redo.Known && !m.Redo.Clean || m.Engine != nil && m.Engine.Crashed }) && slices.ContainsFunc(clean, func(m *model) bool { return m.Redo.Known }) {
		var evidence []analyze.Evidence
		for _, m := range clean {
			evidence = append(evidence, m.end()...)
		}
		g.add("LWW017", "", evidence, "Every node closed its log and its engines: the cluster was stopped in order. Sizes and numbers of log files may differ all the same.")
	}
	top := g.top()
	if top == nil {
		return
	}
	for _, m := range g.logs() {
		if m == top || order(m, top) >= 0 || g.fork(m, top) != nil || m.Layout == layoutStore {
			continue
		}
		lacks := top.position().Index - m.position().Index
		g.add("LWW018", m.Name, append(m.end(), top.end()...), "%s ends with entry %d of term %d and lacks %d entries that %s holds. What it holds agrees with that log.", m.Name, m.position().Index, m.position().Term, lacks, top.Name)
		if top.log.First > m.position().Index+1 && top.Layout == layoutServer {
			g.feeders(m, top)
		}
	}
	for _, m := range g.servers() {
		if slices.Contains(g.verdict.MostRecent, m.Name) && m != top && m.log.First > top.log.First {
			for _, behind := range g.servers() {
				if behind.position().Index+1 < m.log.First && order(behind, m) < 0 && g.fork(behind, m) == nil {
					g.feeders(behind, m)
				}
			}
		}
	}
}

// feeders says that a node cannot catch up from another one.
func (g *group) feeders(m, from *model) {
	var can []string
	for _, o := range g.servers() {
		if o != m && o.log.First <= m.position().Index+1 && o.position().Index > m.position().Index && o.sound() {
			can = append(can, o.Name)
		}
	}
	help := "No given log reaches back that far: it has to be rebuilt."
	if len(can) > 0 {
		help = fmt.Sprintf("%s can: let it lead first.", enumerate(can))
	}
	g.add("LWW024", m.Name, append(m.end(), from.end()...), "The log of %s begins with entry %d, so it cannot feed %s, which needs entry %d next. %s", from.Name, from.log.First, m.Name, m.position().Index+1, help)
}

// forkFindings are about logs that do not agree.
func (g *group) forkFindings() {
	logs := g.logs()
	seen := map[string]bool{} // a finding for each fork, not for each pair of nodes
	for i, a := range logs {
		for _, b := range logs[i+1:] {
			r := g.relate(a, b)
			f := forkOf(a, b, &r)
			g.contentFindings(a, b, &r, f, seen)
			if f == nil {
				continue
			}
			key := fmt.Sprint(a.position().History, b.position().History, f.Index)
			if a.position().History > b.position().History {
				key = fmt.Sprint(b.position().History, a.position().History, f.Index)
			}
			if seen[key] {
				continue
			}
			seen[key] = true
			evidence := append(a.end(), b.end()...)
			if f.SameTerm != 0 {
				g.add("LWW020", "", evidence, "%s and %s agree up to entry %d and part at %d; both wrote in term %d. In one term there is one leader, so one of them was forced to lead. %s", a.Name, b.Name, f.Index-1, f.Index, f.SameTerm, g.only(a, b, f.Index))
				continue
			}
			loser, winner := a, b
			if order(a, b) > 0 {
				loser, winner = b, a
			}
			n := loser.position().Index - f.Index + 1
			g.add("LWW019", loser.Name, evidence, "%s holds %d entries, %d to %d, that %s does not: the logs part at %d. The other side ends in term %d, so they were never committed, and a node that joins it deletes them (truncate log, index: %d). They exist only in this directory.", loser.Name, n, f.Index, loser.position().Index, winner.Name, f.Index, winner.position().Term, f.Index)
		}
	}
}

// only says what each side of a fork holds alone.
func (g *group) only(a, b *model, from uint64) string {
	return fmt.Sprintf("Only %s holds its entries %d to %d, only %s its %d to %d.", a.Name, from, a.position().Index, b.Name, from, b.position().Index)
}

// contentFindings are about single entries that differ.
func (g *group) contentFindings(a, b *model, r *relation, f *fork, seen map[string]bool) {
	var large, other []string
	for _, d := range r.Differences {
		if d.TermA != d.TermB || f != nil && d.Index >= f.Index {
			continue
		}
		switch {
		case a.large[d.Index] || b.large[d.Index]:
			large = append(large, itoa(d.Index))
		case len(other) < 20:
			other = append(other, itoa(d.Index))
		}
	}
	evidence := append(a.end(), b.end()...)
	if key := "large " + strings.Join(large, " "); len(large) > 0 && !seen[key] {
		seen[key] = true
		g.add("LWW022", "", evidence, "Entry %s, which holds a large event, differs between %s and %s although no checksum is wrong. Followers of some versions overwrite 4 bytes of such events and compute a new checksum; the node that led in that term holds the right ones.", strings.Join(large, ", "), a.Name, b.Name)
	}
	if len(other) > 0 {
		who := "nothing tells which of them is right"
		var bad []string
		for _, m := range []*model{a, b} {
			if slices.ContainsFunc(m.bad, func(e badEntry) bool { return slices.Contains(other, itoa(e.Index)) }) {
				bad = append(bad, m.Name)
			}
		}
		if len(bad) > 0 {
			who = fmt.Sprintf("a checksum of %s is wrong there", enumerate(bad))
		}
		key := strings.Join(append(other, who), " ")
		if seen[key] {
			return
		}
		seen[key] = true
		g.add("LWW021", "", evidence, "Entry %s has the same term on %s and %s, and different content; %s.", strings.Join(other, ", "), a.Name, b.Name, who)
	}
}

// memberFindings are about who belongs to the cluster.
func (g *group) memberFindings() {
	servers := g.servers()
	texts := map[string][]*model{}
	uuids := map[string][]*model{}
	for _, m := range servers {
		if x, _ := m.members(); x.Text != "" && x.Position > 0 {
			key := strings.Join(slot(x), ";")
			texts[key] = append(texts[key], m)
		}
		if m.Auto.UUID != "" {
			uuids[m.Auto.UUID] = append(uuids[m.Auto.UUID], m)
		}
		if m.forced() {
			g.add("LWW029", m.Name, m.membersEvidence(), "The member list of %s names only itself, behind empty slots: it was started with raft_replication_force_single_mode. It does not know the other members any more.", m.Name)
		}
		if r := m.rows(); r != nil {
			x, _ := wesql.ParseMembers(r.Members)
			if x.Position == 0 && len(x.List) == 1 && m.logSome() {
				g.add("LWW032", m.Name, m.at(r.At, r.Members), "The member list of %s is its own address without a position: it is a learner, or a rebuild whose last step, upgrade_learner, was forgotten. It can neither vote nor lead.", m.Name)
			}
			if c := m.storeInfo(); c != nil && strings.Join(slot(c.Members), ";") != strings.Join(slot(x), ";") {
				g.add("LWW030", m.Name, append(m.at(r.At, r.Members), m.file(c.File, c.Members.Text)...), "The table names %s, the object store %s. A start goes by the object store.", enumerate(slot(x)), enumerate(slot(c.Members)))
			}
		}
		if m.Node.Role == roleLogger {
			g.add("LWW033", m.Name, m.end(), "%s keeps the log and no tables. It votes and can lead for a while; it is no source for a data node.", m.Name)
		}
	}
	if len(texts) > 1 {
		var evidence []analyze.Evidence
		var parts []string
		for _, key := range sortedKeys(texts) {
			parts = append(parts, fmt.Sprintf("%s on %s", key, enumerate(names(texts[key]))))
			evidence = append(evidence, texts[key][0].membersEvidence()...)
		}
		g.add("LWW028", "", evidence, "The nodes do not agree about the members: %s.", strings.Join(parts, "; "))
	}
	for _, u := range sortedKeys(uuids) {
		if list := uuids[u]; len(list) > 1 {
			var evidence []analyze.Evidence
			for _, m := range list {
				evidence = append(evidence, m.at(m.Auto.At, u)...)
			}
			g.add("LWW031", "", evidence, "%s have the same server_uuid: one directory is a copy of the other.", enumerate(names(list)))
		}
	}
	if missing := g.verdict.Missing; len(missing) > 0 {
		var evidence []analyze.Evidence
		for _, m := range servers {
			if x, _ := m.members(); slices.Contains(x.Addresses(), missing[0]) {
				evidence = m.membersEvidence()
				break
			}
		}
		g.add("LWW025", "", evidence, "%s belong to the cluster and no directory of them was given: a log that reaches further may be there. Give them too, or say with --lost that they are gone.", enumerate(missing))
	}
	if len(servers) > 0 && !slices.ContainsFunc(servers, func(m *model) bool { return m.Node.Role != roleLogger }) {
		g.add("LWW034", "", servers[0].end(), "Only loggers were given, and they hold no tables. The tables have to come from a data node or from the object store, and the entries that are not in it from the loggers' logs.")
	}
}

// quorumFindings count copies against the number of members.
func (g *group) quorumFindings() {
	top := g.top()
	if top == nil || len(g.addr) < 2 {
		return
	}
	need := len(g.addr)/2 + 1
	var voters []*model
	for _, m := range g.servers() {
		if m.Node.Member != "no" && m.Node.Role != roleLearner && m.log.HasEntries && m.sound() && !m.losesCommits() && g.fork(m, top) == nil {
			voters = append(voters, m)
		}
	}
	if len(voters) < need {
		g.add("LWW026", "", top.membersEvidence(), "The cluster has %d members, so %d make a majority; whole logs of %d are here. Nobody can be elected with these, and nothing proves that the newest of them holds every committed entry.", len(g.addr), need, len(voters))
		return
	}
	slices.SortStableFunc(voters, func(a, b *model) int { return order(b, a) })
	certain := voters[need-1].position()
	if p := top.position(); p.Index > certain.Index && top.Layout == layoutServer {
		holders := slices.DeleteFunc(slices.Clone(voters), func(m *model) bool { return m.position().Index <= certain.Index })
		g.add("LWW023", top.Name, top.end(), "Only %s holds %s, fewer nodes than the %d that make a majority. This may have been committed with a member that is not here, or not at all; it survives if %s leads first.", enumerate(names(holders)), span(certain.Index+1, p.Index), need, top.Name)
	}
	var rest []string
	for _, m := range voters {
		if m != top {
			rest = append(rest, m.Name)
		}
	}
	g.add("LWW027", "", top.end(), "%s with any %d of %s is a majority of the %d members that loses nothing, if %s is elected.", top.Name, need-1, enumerate(rest), len(g.addr), top.Name)
}
