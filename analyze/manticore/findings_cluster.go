package manticore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
)

// caseFindings names the outage, as the manual's chapter on cluster recovery
// does, and says how to recover from it in place.
func (g *group) caseFindings() {
	var clean, crashed, safe []string
	var evidence []analyze.Evidence
	for _, m := range g.counted() {
		switch {
		case m.clean():
			clean = append(clean, m.name())
		case m.crashed():
			crashed = append(crashed, m.name())
		}
		if m.State != nil && m.State.SafeField.Present && m.State.SafeToBootstrap {
			safe = append(safe, m.name())
		}
		evidence = append(evidence, m.state("seqno")...)
	}
	if len(evidence) > 16 {
		evidence = evidence[:16]
	}
	n := len(g.counted())
	switch {
	case n == 0:
	case len(clean) == n && n > 1:
		g.add("LWM022", "", evidence, "Case 3 of the manual's chapter on cluster recovery: %s were stopped cleanly. %s", list(clean), g.inPlace())
	case len(crashed) == n && n > 1:
		g.add("LWM023", "", evidence, "Case 6 of the manual's chapter on cluster recovery: every grastate.dat has seqno -1, so that it cannot tell who is newest; the transactions in the tables can.%s %s", g.overwritten(), g.inPlace())
	}
	for _, m := range g.counted() {
		if m.crashed() && m.State.SafeField.Present && m.State.SafeToBootstrap {
			g.add("LWM025", m.name(), append(m.state("seqno"), m.state("safe_to_bootstrap")...),
				"seqno -1 together with safe_to_bootstrap 1: the node was the only one left in the cluster when it was killed, or somebody wrote the 1. Its -1 looks worse than a valid seqno of a node that left before.")
		}
	}
	g.staleFinding(clean, crashed)
	g.safeFinding(safe)
	g.closedFinding()
	g.newHistoryFinding()
	g.viewFinding()
}

// overwritten names the nodes that lost their seqno without a crash: an empty
// list of logs is what a clean stop leaves.
func (g *group) overwritten() string {
	var stopped []string
	for _, m := range g.counted() {
		if h := m.Host; m.crashed() && m.View == nil && h.Meta != nil && h.Meta.Damage == nil && len(h.Meta.Files) == 0 {
			stopped = append(stopped, m.name())
		}
	}
	if len(stopped) == 0 {
		return ""
	}
	return fmt.Sprintf(" %s %s stopped cleanly all the same, as the empty log shows: a refused bootstrap overwrites a valid seqno with -1.", list(stopped), verb(stopped, "was", "were"))
}

// inPlace is the recovery on the hosts themselves, without repaired copies.
func (g *group) inPlace() string {
	if !g.verdict.Decided {
		return "Who is newest is not decided: do not bootstrap any of them yet."
	}
	w := g.member(g.verdict.Recommended)
	flag := "--new-cluster (manticore_new_cluster)"
	if !w.safe() {
		flag = "--new-cluster-force (manticore_new_cluster --force)"
	}
	text := fmt.Sprintf("Begin with %s: %s", w.name(), flag)
	if w.Host.Server.Version.atLeast(checksPeers) || !w.Host.Server.Exact {
		text += fmt.Sprintf(", and in release 27.0.0 or newer take the key nodes of cluster %s out of its manticore.json first, because both flags are refused while the listed peers are down", g.name)
	}
	text += fmt.Sprintf("; the others are started plainly, one at a time, and ALTER CLUSTER %s UPDATE nodes puts the list back.", g.name)
	if len(w.Host.Parts) > 1 {
		text += " The flags act on every cluster of the node at once: see LWM036."
	}
	return text + " Beginning with another node loses what only the newest hold."
}

// staleFinding: the manual says to take the largest seqno.
func (g *group) staleFinding(clean, crashed []string) {
	if !g.verdict.Decided || len(crashed) == 0 {
		return
	}
	var largest *member
	for _, m := range g.counted() {
		if m.clean() && (largest == nil || m.State.Seqno > largest.State.Seqno) {
			largest = m
		}
	}
	if largest == nil || slices.Contains(g.maxima, largest) {
		return
	}
	w := g.maxima[0]
	g.add("LWM024", largest.name(), append(append(largest.state("seqno"), largest.tables()...), w.tables()...),
		"The manual says to take the node with the largest seqno in grastate.dat. That is %s with %d, which stopped before the others crashed: %s. Bootstrapping it loses what %s hold%s. Do not bootstrap it.",
		largest.name(), largest.State.Seqno, strings.Join(g.relate(w, largest).Why, "; "), list(names(g.maxima)), verb(names(g.maxima), "s", ""))
}

// safeFinding: safe_to_bootstrap is a claim.
func (g *group) safeFinding(safe []string) {
	for _, name := range safe {
		m := g.member(name)
		others := slices.DeleteFunc(slices.Clone(safe), func(s string) bool { return s == name })
		switch {
		case g.verdict.Decided && !slices.Contains(g.maxima, m):
			g.add("LWM026", name, append(m.state("safe_to_bootstrap"), m.tables()...), "The file says that the cluster may be begun from this node, and %s hold%s more. The 1 comes from an earlier life of the cluster, from a person, or from --new-cluster-force that failed and left it behind. Set it to 0.",
				list(names(g.maxima)), verb(names(g.maxima), "s", ""))
		case len(others) > 0:
			g.add("LWM026", name, m.state("safe_to_bootstrap"), "%s say%s the same. Only one node can have been the last: --new-cluster would be accepted on each of them, and two of them would begin two clusters.", list(others), verb(others, "s", ""))
		}
	}
}

// closedFinding: no flag helps while the peers are down.
func (g *group) closedFinding() {
	var evidence []analyze.Evidence
	var stuck []string
	for _, m := range g.members {
		if m.Entry == nil || m.Dir == "" || m.Node.Start.Outcome == analyze.Refuses {
			continue
		}
		if m.Node.Start.Error == "" || m.bootstraps(m.Host.Server.Version) {
			return // one of the nodes comes up and lets the others in
		}
		stuck = append(stuck, m.name())
		evidence = append(evidence, m.Host.at(m.Entry.NodesAt, list(m.Entry.Nodes))...)
	}
	if len(stuck) == 0 {
		return
	}
	if len(evidence) > 16 {
		evidence = evidence[:16]
	}
	subject := "Each of " + list(stuck)
	if len(stuck) == 1 {
		subject = stuck[0]
	}
	text := "%s asks the other nodes of its list first, and all are down: searchd starts, the tables can be read, and the cluster stays closed."
	if g.newestServer().atLeast(checksPeers) {
		text += " From 27.0.0 to 29.0.2 that holds for --new-cluster and --new-cluster-force too. Without the key nodes in the manticore.json of one node, its plain start begins the cluster."
	} else {
		text += " Before 28.3.1 the failed start also drops the cluster from manticore.json at the next save: start nothing before one node is bootstrapped."
	}
	g.add("LWM032", "", evidence, text, subject)
}

// newHistoryFinding: what a forced start does without shared memory.
func (g *group) newHistoryFinding() {
	for _, m := range g.maxima {
		if m.name() != g.verdict.Recommended || !m.crashed() {
			continue
		}
		seqno, proven, writable := g.seqno(m)
		keep := "Its seqno is not proven, so that this cannot be avoided."
		if proven && writable {
			keep = fmt.Sprintf("With seqno %d written into its grastate.dat the state UUID is kept, and nodes at the same seqno need no transfer.", seqno)
		}
		memory := "There is no copy of its shared memory, so that --new-cluster-force"
		if m.Memory != nil {
			memory = "Its position is in shared memory alone: once that is gone (a reboot, or a start on a copy), --new-cluster-force"
		}
		g.add("LWM038", m.name(), m.state("seqno"), "%s begins with a new state UUID and seqno 0, and every other node takes a full state transfer. %s", memory, keep)
	}
}

// viewFinding compares the last views that nodes saw.
func (g *group) viewFinding() {
	var evidence []analyze.Evidence
	var seen []*member
	split := false
	for _, m := range g.counted() {
		if m.View == nil || len(m.View.Members) == 0 {
			continue
		}
		for _, o := range seen {
			// Each group has lost the other: neither is a part of the other.
			if !o.View.Has(m.View.MyUUID) && !m.View.Has(o.View.MyUUID) {
				split = true
			}
		}
		seen = append(seen, m)
		evidence = append(evidence, m.Host.at(m.View.ViewIDField.Span, fmt.Sprintf("view of %s", plural(len(m.View.Members), "member")))...)
	}
	if split {
		g.add("LWM044", "", evidence, "Case 5 or 7 of the manual's chapter on cluster recovery: there are nodes that are in none of each other's last views. A group that lost sight of the rest without a majority takes no writes; bootstrap one group only. Two groups that were both made primary hold two histories under one state UUID.")
	}
}

// rankFindings says who is behind, and by how much.
func (g *group) rankFindings() {
	if !g.verdict.Decided {
		return
	}
	w := g.maxima[0]
	for _, m := range g.counted() {
		r := g.relate(w, m)
		if slices.Contains(g.maxima, m) || !r.OK || r.Order <= 0 {
			continue
		}
		by := ""
		a, okA := w.sum()
		b, okB := m.sum()
		if okA && okB && a > b {
			by = fmt.Sprintf(" It lacks %s.", plural(a-b, "transaction"))
		}
		g.add("LWM027", m.name(), append(m.tables(), w.tables()...), "%s against %s: %s.%s It gets what it lacks from the others when it joins.", w.name(), m.name(), strings.Join(r.Why, "; "), by)
	}
}

// divergenceFindings says where histories part.
func (g *group) divergenceFindings() {
	counted := g.counted()
	uuids := map[string][]string{}
	for _, m := range counted {
		uuids[m.UUID] = append(uuids[m.UUID], m.name())
	}
	if len(uuids) > 1 {
		var evidence []analyze.Evidence
		var parts []string
		for _, m := range counted {
			evidence = append(evidence, m.state("uuid")...)
		}
		for _, id := range sortedKeys(uuids) {
			shown := id
			if id == "" {
				shown = "no state UUID"
			}
			parts = append(parts, fmt.Sprintf("%s on %s", shown, list(uuids[id])))
		}
		g.add("LWM028", "", evidence, "The nodes belong to different histories: %s. Positions of different histories say nothing about each other. One of the nodes was bootstrapped by force or without its grastate.dat, or a directory is of another cluster.", strings.Join(parts, "; "))
	}
	for i, a := range counted {
		for _, b := range counted[i+1:] {
			if a.UUID != b.UUID {
				continue
			}
			r := g.relate(a, b)
			switch {
			case r.Fork != nil && r.Fork.Table != "":
				g.add("LWM030", "", append(evidenceOf(a, r.Fork.Table), evidenceOf(b, r.Fork.Table)...),
					"Table %s has other content on %s and %s from TID %d on, up to %d, which both have: written while they did not replicate to each other. Nothing but a person can join them.", r.Fork.Table, a.name(), b.name(), r.Fork.At, r.Fork.To)
			case r.Fork != nil:
				g.add("LWM030", "", append(a.Host.at(a.Cache.place(int64(r.Fork.At)), "seqno "+utoa(r.Fork.At)), b.Host.at(b.Cache.place(int64(r.Fork.At)), "seqno "+utoa(r.Fork.At))...),
					"The write sets of %s and %s differ from seqno %d on: two primary components wrote under one state UUID.", a.name(), b.name(), r.Fork.At)
			case r.Diverged:
				g.add("LWM029", "", append(a.tables(), b.tables()...), "Neither %s nor %s holds all that the other holds: %s. A table was written outside of the cluster, a node lost a part of one log, or a directory is mixed from two times. Continue from the one that is ahead in most tables and bring the rest over by hand.",
					a.name(), b.name(), strings.Join(r.Why, "; "))
			case !r.OK && r.Truncate != "":
				g.add("LWM018", "", append(evidenceOf(a, r.Truncate), evidenceOf(b, r.Truncate)...), "Table %s has the same TID on %s and %s and was emptied on one of them. TRUNCATE is a write set that no TID counts: equal TIDs do not mean equal rows here.", r.Truncate, a.name(), b.name())
			}
		}
	}
	g.tableListFinding(counted)
	g.differenceFinding()
}

func evidenceOf(m *member, name string) []analyze.Evidence {
	if e, ok := m.table(name); ok {
		return []analyze.Evidence{e}
	}
	return nil
}

func (g *group) tableListFinding(counted []*member) {
	shapes := map[string][]string{}
	var evidence []analyze.Evidence
	for _, m := range counted {
		if m.Entry == nil {
			continue
		}
		tables := slices.Clone(m.Tables)
		slices.Sort(tables)
		shape := "tables " + list(tables)
		if m.Entry.Epoch > 0 {
			shape += fmt.Sprintf(" at cluster_epoch %d", m.Entry.Epoch)
		}
		shapes[shape] = append(shapes[shape], m.name())
		span := m.Entry.TablesAt
		if span.File == "" {
			span = m.Entry.Span
		}
		evidence = append(evidence, m.Host.at(span, shape)...)
	}
	if len(shapes) < 2 {
		return
	}
	var parts []string
	for _, s := range sortedKeys(shapes) {
		parts = append(parts, fmt.Sprintf("%s: %s", list(shapes[s]), s))
	}
	g.add("LWM031", "", evidence, "%s. An ALTER CLUSTER came between, or a node lost a table because it could not be loaded. A node whose cluster_epoch differs from the donor's deletes its grastate.dat and galera.cache and takes a full state transfer.", strings.Join(parts, "; "))
}

// differenceFinding: sources that disagree although no record is known to be
// lost.
func (g *group) differenceFinding() {
	p := g.seqnos
	if p.OK || len(p.Votes) < 2 {
		return
	}
	var parts []string
	var evidence []analyze.Evidence
	different := false
	for _, v := range p.Votes {
		different = different || v.K != p.Votes[0].K
		parts = append(parts, fmt.Sprintf("%d on %s by %s", v.K, v.Member.name(), v.Source))
		evidence = append(evidence, v.Member.state("seqno")...)
	}
	if different {
		g.add("LWM040", "", evidence, "Seqno minus transactions should be one number on all nodes: %s. TRUNCATE or ALTER CLUSTER between them, lost log records, or local writes make it differ. No seqno is computed from it.", strings.Join(parts, ", "))
	}
}

// memberFindings speaks of who was given.
func (g *group) memberFindings() {
	if len(g.verdict.Missing) > 0 {
		var evidence []analyze.Evidence
		for _, m := range g.maxima {
			if m.Entry != nil {
				evidence = append(evidence, m.Host.at(m.Entry.NodesAt, list(m.Entry.Nodes))...)
			}
		}
		seen := ""
		for _, m := range g.maxima {
			if m.View == nil {
				continue
			}
			n := 0
			for _, x := range m.View.Members {
				if !slices.ContainsFunc(g.members, func(o *member) bool { return o.View != nil && o.View.MyUUID.SameProcess(x.UUID) }) {
					n++
				}
			}
			if n > 0 {
				seen = fmt.Sprintf(" The last view of %s had %s that is not among the given nodes, so that it may be as new or newer.", m.name(), plural(n, "process", "processes"))
			}
		}
		g.add("LWM037", "", evidence, "%s %s not given.%s If %s still runs, this is no outage (cases 1, 2 and 4 of the manual's chapter on cluster recovery): start the stopped nodes plainly, and use no --new-cluster flag, which would begin a second cluster. If it runs and is not primary (case 5): SET CLUSTER %s GLOBAL 'pc.bootstrap' = 1 there, once it is certain that the others are dead. A member that is gone for good is named with --lost.",
			list(g.verdict.Missing), verb(g.verdict.Missing, "was", "were"), seen, verb(g.verdict.Missing, "it", "one of them"), g.name)
	}
	ids := map[string][]*member{}
	for _, m := range g.members {
		if c := m.Host.Conf; c != nil && c.ServerID.Value != "" && m.Member != "no" {
			ids[c.ServerID.Value] = append(ids[c.ServerID.Value], m)
		}
	}
	for _, id := range sortedKeys(ids) {
		if len(ids[id]) < 2 {
			continue
		}
		var evidence []analyze.Evidence
		for _, m := range ids[id] {
			evidence = append(evidence, m.Host.at(m.Host.Conf.ServerID.Span, "server_id = "+id)...)
		}
		g.add("LWM041", "", evidence, "%s have the same server_id. The second of them is not let into the cluster.", list(names(ids[id])))
	}
	for _, m := range g.members {
		for _, o := range m.Host.Orphans {
			if o == m.part || o.Dir == "" {
				continue
			}
			g.add("LWM009", m.name(), m.Host.at(parse.Span{File: o.statePath()}, o.uuid()), "%s holds the state of a cluster that manticore.json does not name. No start looks at it.", o.Dir)
		}
	}
}

// overlapFindings: hosts that this cluster shares with others.
func (g *group) overlapFindings(all []*group) {
	var names []string
	var lines []string
	for _, o := range all {
		if o == g || !slices.ContainsFunc(o.members, func(m *member) bool {
			return slices.ContainsFunc(g.members, func(n *member) bool { return n.Host == m.Host && n.Entry != nil && m.Entry != nil })
		}) {
			continue
		}
		if !o.verdict.Decided || !g.verdict.Decided {
			continue
		}
		if slices.ContainsFunc(o.maxima, func(m *member) bool {
			return slices.ContainsFunc(g.maxima, func(n *member) bool { return n.Host == m.Host })
		}) {
			continue
		}
		names = append(names, o.name)
		lines = append(lines, fmt.Sprintf("%s from %s", o.name, o.verdict.Recommended))
	}
	if len(names) == 0 {
		return
	}
	var stale []string
	var evidence []analyze.Evidence
	for _, m := range g.members {
		if len(m.Host.Parts) > 1 && m.Entry != nil {
			evidence = append(evidence, m.Host.at(m.Entry.Span, m.Name)...)
			if !slices.Contains(g.maxima, m) {
				stale = append(stale, m.name())
			}
		}
	}
	text := fmt.Sprintf("%s is to be begun from %s, %s. --new-cluster and --new-cluster-force act on all clusters of a node at once.", g.name, g.verdict.Recommended, strings.Join(lines, ", "))
	if len(stale) > 0 {
		text += fmt.Sprintf(" On %s, whose copy of %s is behind, never use --new-cluster-force: it writes safe_to_bootstrap 1 for every cluster and begins them with old data; --new-cluster would overwrite a valid seqno with -1.", list(stale), g.name)
	}
	g.add("LWM036", "", evidence, "%s Without any flag: take nodes out of the cluster's entry and set safe_to_bootstrap to 1 on the node that begins it, leave all else as it is, and start all nodes plainly. The plan does that for all of them at once.", text)
}
