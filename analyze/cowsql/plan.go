package cowsql

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// plans offers ways out, the one to take first.
func (g *group) plans() []analyze.Plan {
	var out []analyze.Plan
	add := func(p analyze.Plan, ok bool) {
		if ok && !slices.ContainsFunc(out, func(q analyze.Plan) bool { return q.ID == p.ID }) {
			out = append(out, p)
		}
	}
	if g.options.Quick {
		return nil
	}
	if g.verdict.Decided {
		add(g.planMend())
		add(g.planContinue(g.member(g.verdict.Recommended)))
	}
	for _, m := range g.members {
		if !g.verdict.Decided && (m.Copy == "" || len(g.members) == 1) && m.Node.Position.Index > 0 && m.Node.Member != "no" {
			add(g.planContinue(m))
		}
		if m.name() == g.options.Choose {
			add(g.planContinue(m))
		}
	}
	return out
}

func (g *group) member(name string) *member {
	for _, m := range g.members {
		if m.name() == name {
			return m
		}
	}
	return nil
}

// server is the implementation that the nodes of the cluster run: what the
// files of one of them point to, those of w first.
func (g *group) server(w *member) string {
	for _, m := range append([]*member{w}, g.members...) {
		if !m.Assumed {
			return m.Default.Name
		}
	}
	return w.Default.Name
}

// planMend keeps every node's own directory and mends what stops or harms it:
// the cluster comes back as it was, without a new configuration.
func (g *group) planMend() (analyze.Plan, bool) {
	w := g.member(g.verdict.Recommended)
	p := analyze.Plan{ID: "mend", Title: "Start the cluster again with its own directories, mended", Base: w.name(), Server: g.server(w), Warnings: []string{}, Loses: []analyze.Loss{}}
	ready, voters, changed := 0, 0, false
	var out []string
	for _, m := range g.members {
		if m.Copy != "" || m.Node.Member == "no" {
			p.Steps = append(p.Steps, analyze.Step{Op: analyze.LeaveOut, Node: m.name(), File: ".", Because: leftOutBecause(m)})
			continue
		}
		spare := m.Server != nil && m.Server.Role == cowsql.Spare
		dir, ok := g.mend(m, true)
		replaced := !spare && (!ok || m.Wrong != "" || dir.End < m.Node.Position.Index)
		if replaced {
			if dir, ok = g.mend(w, true); !ok {
				return p, false
			}
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s cannot be made whole from what is there: it gets the data of %s.", m.name(), w.name()))
			dir.Steps = slices.DeleteFunc(dir.Steps, func(s analyze.Step) bool { return s.Op == analyze.LeaveOut })
			dir.Changed = true
		}
		if dir == nil {
			dir = &mending{}
		}
		dir.metadata(m, g.highestTerm(), replaced)
		changed = changed || dir.Changed || dir.Meta && !spare
		g.addDirectory(&p, m, m, dir, nil)
		out = append(out, m.name())
		if m.Server == nil || m.Server.Role == cowsql.Voter {
			voters++
		}
		if m.compare(w) == 0 || replaced {
			ready++
		}
		if replaced {
			g.lossAgainst(&p, m, w, dir)
		} else {
			g.planLosses(&p, m, dir)
			g.conflictLoss(&p, m)
		}
	}
	need := 1
	if g.reference != nil {
		need = g.reference.Voters()/2 + 1
	}
	if voters < need || ready == 0 {
		return p, false
	}
	if !changed && g.allClean() {
		p.ID, p.Title = "start", "Start the nodes as they are"
	}
	p.Commands = g.commands(out, p.ID != "start")
	g.orderNote(&p)
	if c, ok := g.commit(g.newest()); ok && c.Possible < g.newest().Node.Position.Index {
		n := int(g.newest().Node.Position.Index - c.Possible)
		p.Warnings = append(p.Warnings, fmt.Sprintf("Whether %s of %s survive%s depends on who wins the election; no client was told of success for %s. The plan continue-from-%s keeps %s.",
			indexes(c.Possible+1, g.newest().Node.Position.Index), g.newest().name(), third(n), them(n), g.newest().name(), them(n)))
	}
	return p, true
}

// conflictLoss notes the tail that raft cuts off by itself.
func (g *group) conflictLoss(p *analyze.Plan, m *member) {
	if m.Conflict > 0 {
		g.addLoss(p, m, span{m.Conflict, m.Log.End})
	}
}

func leftOutBecause(m *member) string {
	if m.Copy != "" {
		return "LWC050"
	}
	return "LWC046"
}

// allClean reports whether every member that counts starts without harm.
func (g *group) allClean() bool {
	for _, m := range g.members {
		if m.Copy == "" && m.Node.Member != "no" && m.Node.Start.Outcome != analyze.Clean {
			return false
		}
	}
	return len(g.forks) == 0 || !slices.ContainsFunc(g.forks, func(f fork) bool { return f.Kind != conflict })
}

// planContinue gives one node's data to every member, with a new
// configuration entry in a new term: procedure B.2, corrected.
func (g *group) planContinue(w *member) (analyze.Plan, bool) {
	// A term that no file has seen yet: whatever old directory turns up
	// later loses every election against these.
	term := g.highestTerm() + 1
	dir, ok := g.mendInTerm(w, true, term)
	if !ok {
		return analyze.Plan{}, false
	}
	targets, dropped := g.targets(w, dir)
	if len(targets) == 0 {
		return analyze.Plan{}, false
	}
	p := analyze.Plan{ID: "continue-from-" + w.name(), Base: w.name(), Server: g.server(w), Warnings: []string{}, Loses: []analyze.Loss{}}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.name
	}
	p.Title = fmt.Sprintf("Continue from %s: its data for %s", w.name(), list(names))
	if len(targets) == 1 {
		p.Title = fmt.Sprintf("Continue with %s alone", w.name())
	}
	configuration := cowsql.Configuration{}
	for _, t := range targets {
		configuration.Servers = append(configuration.Servers, t.server)
	}
	index := dir.End + 1
	entry := analyze.Step{
		Op: analyze.Write, File: cowsql.ClosedName(index, index),
		Because: fmt.Sprintf("new configuration: %s, term %d", plural(len(targets), "server", "servers"), term),
		Parts:   []analyze.Part{{Data: cowsql.EncodeSegment(term, cowsql.Change, configuration.Encode())}},
	}
	for _, t := range targets {
		d := *dir
		d.Steps = slices.Clone(dir.Steps)
		d.Steps = slices.DeleteFunc(d.Steps, func(s analyze.Step) bool { return s.Op == analyze.LeaveOut && (t.member != w || s.File == entry.File) })
		if t.server.Role == cowsql.Spare {
			d.Steps = nil
		} else {
			d.Steps = append(d.Steps, entry)
			p.Promise = append(p.Promise, analyze.Promise{Node: t.name, Term: dir.EndTerm, Index: dir.End, Upper: &analyze.Bar{Term: term, Index: index}})
		}
		d.Steps = append(d.Steps, freshMetadata(term))
		g.addDirectory(&p, t.member, w, &d, targets)
	}
	slices.SortFunc(p.Promise, func(a, b analyze.Promise) int { return strings.Compare(a.Node, b.Node) })
	for _, m := range g.members {
		if !slices.ContainsFunc(targets, func(t target) bool { return t.member == m }) {
			p.Steps = append(p.Steps, analyze.Step{Op: analyze.LeaveOut, Node: m.name(), File: ".", Because: g.whyNoTarget(m)})
		}
	}
	if len(dropped) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s no longer belong%s to the cluster afterwards: without %s the given nodes have a majority again. Join %s anew later.", list(dropped), third(len(dropped)), them(len(dropped)), them(len(dropped))))
	}
	if g.verdict.Provisional {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s %s not given. If one of them is ahead, its writes are lost with this plan.", list(g.verdict.Missing), wasWere(len(g.verdict.Missing))))
	}
	if len(dir.Donors) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("Entries that %s lacks are taken from %s, where the entries around them agree.", w.name(), list(dir.Donors)))
	}
	p.Warnings = append(p.Warnings, dir.Fence.warning())
	g.planLosses(&p, w, dir)
	for _, m := range g.members {
		if m != w && m.Copy == "" {
			g.lossAgainst(&p, m, w, dir)
		}
	}
	p.Commands = g.commands(names, true)
	g.localDBCommands(&p)
	g.officialArchives(&p, w, targets)
	return p, true
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func (g *group) whyNoTarget(m *member) string {
	switch {
	case m.Copy != "":
		return "LWC050"
	case m.Node.Member == "no":
		return "LWC046"
	case m.ID == 0:
		return "nothing tells which server it is"
	}
	return "not in the new configuration"
}

// A target is a server of the new cluster with the directory that it is made
// from.
type target struct {
	name   string
	member *member
	server cowsql.Server
}

// targets returns the servers of the new configuration: those of the
// configuration in force whose directories were given, with their roles. If
// no voter is left, the base becomes one. dropped names the others.
func (g *group) targets(w *member, dir *mending) (out []target, dropped []string) {
	c := g.reference
	if c == nil || len(c.Servers) == 0 {
		if dir.Config == nil {
			return nil, nil
		}
		c = dir.Config
	}
	for _, s := range c.Servers {
		var owner *member
		for _, m := range g.members {
			if m.ID == s.ID && m.Copy == "" {
				owner = m
			}
		}
		if owner == nil && w.ID == 0 && len(c.Servers) == 1 {
			owner = w
		}
		if owner == nil {
			dropped = append(dropped, s.Address)
			continue
		}
		out = append(out, target{owner.name(), owner, s})
	}
	if len(out) > 0 && !slices.ContainsFunc(out, func(t target) bool { return t.server.Role == cowsql.Voter }) {
		for i := range out {
			if out[i].member == w || len(out) == 1 {
				out[i].server.Role = cowsql.Voter
			}
		}
	}
	return out, dropped
}

// addDirectory adds the steps for one output directory: the raft files of the
// mending, and the application's own files of the node itself. With targets
// the member lists are written anew.
func (g *group) addDirectory(p *analyze.Plan, m, from *member, dir *mending, targets []target) {
	for _, s := range dir.Steps {
		s.Node, s.File = m.name(), path.Join(m.Data, s.File)
		p.Steps = append(p.Steps, s)
	}
	written := g.applicationFiles(p, m, targets)
	for _, f := range m.hostFiles() {
		if !slices.Contains(written, f) {
			p.Steps = append(p.Steps, analyze.Step{Op: analyze.Copy, Node: m.name(), File: f, Parts: []analyze.Part{{Node: m.name(), File: f, Length: -1}}})
		}
	}
	if targets == nil {
		p.Promise = append(p.Promise, analyze.Promise{Node: m.name(), Term: dir.EndTerm, Index: dir.End})
	}
}

// planLosses notes what of a node's own entries is not in its new directory.
func (g *group) planLosses(p *analyze.Plan, m *member, dir *mending) {
	if dir == nil || dir.Lost == 0 {
		return
	}
	p.Loses = append(p.Loses, analyze.Loss{Node: m.name(), Entries: dir.Lost, From: dir.LostAt.First, To: dir.LostAt.Last, Text: m.content(dir.LostAt)})
}

// lossAgainst notes what m holds that the data of w does not.
func (g *group) lossAgainst(p *analyze.Plan, m, w *member, dir *mending) {
	if m.Wrong != "" && m.Log.Floating != "" {
		return
	}
	r := g.relation(slices.Index(g.members, m), slices.Index(g.members, w))
	from := dir.End + 1
	if len(r.Diffs) > 0 {
		from = r.Diffs[len(r.Diffs)-1].First
		if last := r.Diffs[len(r.Diffs)-1].Last; last < r.To {
			g.addLoss(p, m, span{from, last})
			from = dir.End + 1
		}
	}
	g.addLoss(p, m, span{from, m.Log.End})
}

func (g *group) addLoss(p *analyze.Plan, m *member, s span) {
	var n uint64
	for _, x := range m.Log.Stretches {
		if a, b := max(x.First, s.First), min(x.last(), s.Last); a <= b {
			n += b - a + 1
		}
	}
	if n == 0 {
		return
	}
	text := m.content(s)
	if m.Conflict > 0 && s.First >= m.Conflict {
		text += "; certainly never committed"
	} else if c, ok := g.commit(g.newest()); ok && m == g.newest() && s.First > c.Possible {
		text += "; on no majority, so no client was told of success"
	}
	p.Loses = append(p.Loses, analyze.Loss{Node: m.name(), Entries: n, From: s.First, To: s.Last, Text: text})
}

// maxCounted bounds how much of the log is read again to count pages.
const maxCounted = 256 << 20

// content sums up what the entries of a range change, by database.
func (m *member) content(s span) string {
	if m.Kept {
		return "not in bundle: transactions and pages were not counted"
	}
	transactions, pages := map[string]int{}, map[string]int{}
	var read int64
	other := 0
	view := View{m.model}
	err := view.Walk(s.First, s.Last, func(e EntryView) error {
		if e.Type != cowsql.Command {
			other++
			return nil
		}
		if read += int64(e.Size); read > maxCounted {
			return nil
		}
		payload, err := view.Payload(e)
		if err != nil {
			return err
		}
		if c, damage := cowsql.ParseCommand(e.File, "", e.Offset, payload); damage == nil && c.Type == cowsql.CommandFrames {
			transactions[c.Database]++
			pages[c.Database] += len(c.Pages)
		}
		return nil
	})
	if err != nil || read > maxCounted {
		return "transactions and pages were not counted"
	}
	var out []string
	for _, name := range sortedKeys(transactions) {
		out = append(out, fmt.Sprintf("%s with %s in database %q", plural(transactions[name], "transaction", "transactions"), plural(pages[name], "page", "pages"), name))
	}
	if len(out) == 0 {
		return "no data"
	}
	return strings.Join(out, ", ")
}

// nodes turns the new configuration into what the application's files list.
func nodesOf(targets []target) []hostlayout.Node {
	var out []hostlayout.Node
	for _, t := range targets {
		role, _ := hostlayout.RoleFromLog(uint8(t.server.Role))
		out = append(out, hostlayout.Node{
			ID:      hostlayout.Value[uint64]{V: t.server.ID, Set: true},
			Address: hostlayout.Value[string]{V: t.server.Address, Set: true},
			Role:    hostlayout.Value[hostlayout.Role]{V: role, Set: true},
			Name:    hostlayout.Value[string]{V: t.member.memberName(t.server.ID), Set: true},
		})
	}
	return out
}

// memberName is the name that the application has for a server.
func (m *member) memberName(id uint64) string {
	lists := [][]hostlayout.Node{m.Layout.TrustStore}
	if l := m.Layout.LocalDB; l != nil {
		lists = append(lists, l.Nodes)
	}
	for _, l := range lists {
		for _, n := range l {
			if n.ID.V == id && n.Name.V != "" {
				return n.Name.V
			}
		}
	}
	if m.ID != id {
		return ""
	}
	if m.Node.Identity.Name != "" {
		return m.Node.Identity.Name
	}
	return m.name()
}
