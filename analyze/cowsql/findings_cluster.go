package cowsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// entryAt quotes an entry of a member's log.
func (m *member) entryAt(index uint64) []analyze.Evidence {
	var out []analyze.Evidence
	_ = View{m.model}.Walk(index, index, func(e EntryView) error {
		out = append(out, analyze.Evidence{
			Span: parse.Span{File: e.File, Offset: e.Offset, Length: int64(e.Size), Field: fmt.Sprintf("entry %d", index)}, Node: m.name(),
			Quote: fmt.Sprintf("term %d, %s, %d bytes, checksum %08x", e.Term, e.Type, e.Size, e.CRC),
		})
		return nil
	})
	return out
}

func (g *group) historyFindings() {
	var reconfigured []string
	for _, m := range g.members {
		for _, a := range m.Log.Artificial {
			if !a.Sure || g.genuine(m, a) {
				continue
			}
			follow := "Entries follow it, so the node ran with this configuration."
			if a.Last {
				follow = fmt.Sprintf("It is the last entry and no data; the real end of this log is %s.", position(m.Node.Position))
				reconfigured = append(reconfigured, m.name())
			}
			g.add("LWC040", m.name(), m.entryAt(a.Index), "%s holds one configuration entry at index %d and nothing else: %s. %s", a.File, a.Index, a.Why, follow)
		}
	}
	if len(reconfigured) > 1 && g.endsDiffer(reconfigured) {
		g.add("LWC072", "", nil, "%s each got a configuration entry of their own, at their own index. Where one node has that entry, another may have a transaction, with the same term: raft takes the two for the same entry, and the node misses the transaction for ever. Use copies without these entries, or one node's data for all.", list(reconfigured))
	}
	for i, f := range g.forks {
		if !slices.ContainsFunc(g.forks[:i], f.same) {
			g.forkFinding(f, g.others(f))
		}
	}
}

// same reports whether two forks tell the same of the same loser, so that one
// finding is enough.
func (f fork) same(o fork) bool {
	return f.Loser != nil && f.Kind == o.Kind && f.Loser == o.Loser && f.Diff.First == o.Diff.First
}

// others names all members that stand against the loser of a fork.
func (g *group) others(f fork) string {
	var names []string
	for _, o := range g.forks {
		if f.same(o) {
			names = append(names, o.against().name())
		}
	}
	return list(names)
}

// against is the side of a fork that is not the loser.
func (f fork) against() *member {
	if f.Loser == f.A {
		return f.B
	}
	return f.A
}

// genuine reports whether another member holds the same entry inside a longer
// segment: then a leader wrote it.
func (g *group) genuine(m *member, a artificial) bool {
	mine, _, _ := m.Log.at(a.Index)
	for _, o := range g.members {
		if o == m {
			continue
		}
		if d, s, ok := o.Log.at(a.Index); ok && d == mine && s.Run.Len() > 1 && !strings.HasPrefix(s.File, "open-") {
			return a.Term != 1 || mine.Term == 1
		}
	}
	return false
}

func (g *group) endsDiffer(names []string) bool {
	var first *member
	for _, m := range g.members {
		if !slices.Contains(names, m.name()) {
			continue
		}
		if first == nil {
			first = m
		} else if m.compare(first) != 0 {
			return true
		}
	}
	return false
}

func (g *group) forkFinding(f fork, others string) {
	a, b, d := f.A, f.B, f.Diff
	evidence := append(a.entryAt(d.First), b.entryAt(d.First)...)
	switch f.Kind {
	case conflict:
		n := f.Loser.Log.End - d.First + 1
		g.add("LWC043", f.Loser.name(), evidence, "From index %d on it holds %s (up to %d) that %s replaced with entries of a newer term. They were never committed; a client may have seen them fail, or may not know. When the nodes run together, raft cuts them off. A recovery from this node would bring them back and lose what %s wrote instead.",
			d.First, plural(n, "entry", "entries"), f.Loser.Log.End, others, others)
	case divergence:
		if f.Loser != nil {
			g.add("LWC041", f.Loser.name(), evidence, "It differs from %s at %s, with the same terms, and agrees again behind that. Raft sees no difference and integrity_check says ok, but this node never got what the others have there. It is the wrong one: %s. Do not continue from it; give it the others' data.", others, indexes(d.First, d.Last), f.Reason)
			return
		}
		g.add("LWC041", "", evidence, "%s and %s differ at %s, with the same terms, and agree again behind that. Raft sees no difference and integrity_check says ok, but one side never got what the other has there. Nothing here tells which side is right.", a.name(), b.name(), indexes(d.First, d.Last))
	case splitBrain:
		what := fmt.Sprintf("%s: %s, %s: %s", a.name(), plural(a.Log.commandsIn(d.First, a.Log.End), "transaction", "transactions"), b.name(), plural(b.Log.commandsIn(d.First, b.Log.End), "transaction", "transactions"))
		if f.Loser != nil {
			g.add("LWC042", "", evidence, "%s and %s part at index %d. %s, so the other side counts. On each side from there on: %s.", a.name(), b.name(), d.First, f.Reason, what)
			return
		}
		g.add("LWC042", "", evidence, "%s and %s have the same history up to index %d and different entries of the same terms from %d on. Both were continued separately, and both may have acknowledged writes: no rule of raft can choose. On each side: %s. Decide which side counts, export the other one with extract, and merge by hand.", a.name(), b.name(), d.First-1, d.First, what)
	case unrelated:
		g.add("LWC044", "", evidence, "%s and %s name each other as members and share no entry in %s. One of them was set up anew or restored from elsewhere.", a.name(), b.name(), indexes(d.First, d.Last))
	}
}

func (g *group) memberFindings() {
	for _, m := range g.members {
		switch {
		case m.Copy != "":
			id := "LWC050"
			text := fmt.Sprintf("Id and address are those of %s, which reaches %s: another copy of the same node, or the info.yaml of one node was copied to the other. Only that one counts here; two running nodes with one id never form a cluster.", m.Copy, g.positionOf(m.Copy))
			if m.Layout.Stale {
				id, text = "LWC067", "The host keeps this copy itself: "+m.Layout.Note+". It is never a node of its own."
			}
			g.add(id, m.name(), m.itself(fmt.Sprintf("id %d, %s", m.ID, m.Node.Identity.Address)), "%s", text)
		case m.Node.Member == "no":
			g.add("LWC046", m.name(), m.itself(fmt.Sprintf("id %d", m.ID)), "The configuration at index %d of %s does not list id %d. Its own log ends at %s and does not know about the removal. It must not come back into the cluster.", g.refIndex, g.refNode.name(), m.ID, position(m.Node.Position))
		case m.Server != nil && m.Server.Role == cowsql.Spare:
			g.add("LWC047", m.name(), m.itself("role spare"), "A spare neither votes nor gets the log; what it holds is from the time when it joined. It is never a source of data.")
		case m.Node.Position.Index == 0 && m.Node.Position.Term == 0:
			g.add("LWC061", m.name(), m.itself("no entry, no snapshot"), "Either the node never got data, or the files were lost. It would start empty and be free to vote.")
		}
	}
	if g.reference == nil {
		return
	}
	if len(g.missing) > 0 {
		var names []string
		for _, s := range g.missing {
			names = append(names, fmt.Sprintf("%s (id %d, %s)", s.Address, s.ID, s.Role))
		}
		g.add("LWC048", "", g.referenceEvidence(), "The configuration at index %d lists %s, and no directory was given for %s. One of them may be ahead of all that were given. Bring the directory, or say with --lost that it is gone for good.", g.refIndex, list(names), them(len(names)))
	}
	voters, present := g.reference.Voters(), 0
	for _, m := range g.members {
		if m.Server != nil && m.Server.Role == cowsql.Voter && m.Copy == "" {
			present++
		}
	}
	if need := voters/2 + 1; present < need {
		g.add("LWC049", "", g.referenceEvidence(), "%d of %d voters were given, %d are a majority. The given nodes cannot elect a leader among themselves: they need the missing ones, or a new configuration (see the plan).", present, voters, need)
	}
	if len(g.members) == 1 && g.members[0].Server != nil && g.members[0].Server.Role != cowsql.Voter && len(g.missing) > 0 {
		m := g.members[0]
		g.add("LWC060", m.name(), g.referenceEvidence(), "%s is a %s in its own configuration: it can never elect itself. A new configuration must make it a voter (see the plan).", m.name(), m.Server.Role)
	}
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func (g *group) positionOf(name string) string {
	for _, m := range g.members {
		if m.name() == name {
			return position(m.Node.Position)
		}
	}
	return "further"
}

func (g *group) referenceEvidence() []analyze.Evidence {
	if e := g.refNode.entryAt(g.refIndex); len(e) > 0 {
		return e
	}
	if s := g.refNode.newestSnapshot(); s != nil {
		return g.refNode.at(s.Meta.Name.File, cowsql.MetaHeaderSize, int64(s.Meta.Meta.Length), "configuration", "")
	}
	return nil
}

func (g *group) rankFindings() {
	w := g.newest()
	if w == nil {
		return
	}
	var highest *member
	for _, m := range g.members {
		if m.candidate() && (highest == nil || m.Node.Position.Index > highest.Node.Position.Index) {
			highest = m
		}
	}
	if highest.compare(w) < 0 {
		g.add("LWC062", highest.name(), append(highest.entryAt(highest.Log.End), w.entryAt(w.Log.End)...),
			"%s has the highest index (%s), but %s has the newer last term (%s). Raft compares the term first. The written procedures that say \"highest index wins\" pick the wrong node here and lose acknowledged writes.",
			highest.name(), position(highest.Node.Position), w.name(), position(w.Node.Position))
	}
	for _, m := range g.members {
		if m != w && m.candidate() && m.compare(w) < 0 && m.Conflict == 0 && m.Wrong == "" {
			g.add("LWC045", m.name(), m.entryAt(m.Log.End), "It lacks %s: %s of data (%s), up to index %d of %s. Its log is a prefix of that one.",
				indexes(m.Node.Position.Index+1, w.Node.Position.Index), plural(w.Log.commandsIn(m.Node.Position.Index+1, w.Log.End), "transaction", "transactions"), position(m.Node.Position), w.Node.Position.Index, w.name())
		}
	}
	if c, ok := g.commit(w); ok && c.Possible < w.Node.Position.Index {
		n := w.Node.Position.Index - c.Possible
		g.add("LWC051", w.name(), w.entryAt(c.Possible+1), "%s (%s) of %s on fewer than %d of %d voters: no majority stored %s, so no client was told of success, provided that the directories are as the crash left them. If the cluster continues from %s, %s will become committed.",
			plural(n, "entry", "entries"), indexes(c.Possible+1, w.Node.Position.Index), w.name()+" "+isAre(1, n), c.Majority, c.Voters, them(int(n)), w.name(), theyIt(n))
	}
	for _, m := range g.members {
		g.segmentID(m)
	}
	if g.cleanStop() {
		g.add("LWC071", "", nil, "No open segment is left on any node: all of them ended in order. Nothing stands in the way of a start.")
	}
}

func theyIt(n uint64) string {
	if n == 1 {
		return "it"
	}
	return "they"
}

// segmentID warns where the number that Incus and LXD administrators compare
// is not what the node holds.
func (g *group) segmentID(m *member) {
	if m.Layout.LocalDB == nil || m.Log.Last == 0 {
		return
	}
	facts := m.Node.Facts.(*Facts)
	if facts.LatestSegmentID == fmt.Sprint(m.Log.Last) {
		return
	}
	g.add("LWC059", m.name(), m.itself("latest segment ID "+facts.LatestSegmentID),
		"\"cluster edit\" and \"cluster show\" print \"Latest segment ID: %s\": the end of the last closed segment, without open segments and without terms. This node really holds %s.", facts.LatestSegmentID, position(m.Node.Position))
}

func (g *group) cleanStop() bool {
	for _, m := range g.members {
		if len(m.open) > 0 || m.Node.Start.Outcome != analyze.Clean || m.Quick {
			return false
		}
	}
	return !slices.ContainsFunc(g.findings, func(f analyze.Finding) bool { return f.Severity != analyze.Info })
}

// noteForeign tells a person who gave directories of several clusters that
// they do not belong together.
func noteForeign(clusters []analyze.Cluster) {
	if len(clusters) < 2 || len(clusters[0].Nodes) == len(clusters[1].Nodes) {
		return
	}
	entry, _ := catalog.Get("LWC044")
	for i := 1; i < len(clusters); i++ {
		c := &clusters[i]
		for _, n := range c.Nodes {
			m := &member{model: n.Model.(*model)}
			c.Findings = append(c.Findings, analyze.Finding{
				ID: entry.ID, Node: n.Name, Severity: analyze.Severity(entry.Severity), Evidence: m.entryAt(m.Log.First),
				Detail: fmt.Sprintf("It shares neither entries nor members with %s: another cluster, so its position (%s) means nothing beside theirs. If it was meant to be a node of that cluster, the wrong directory was collected.", list(nodeNames(clusters[0].Nodes)), position(n.Position)),
			})
		}
		analyze.SortFindings(c.Findings)
	}
}

func nodeNames(nodes []*analyze.Node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.Name)
	}
	return out
}
