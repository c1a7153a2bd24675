package manticore

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// A begin is who begins which cluster.
type begin map[*group]*member

// plans offers ways out. The clusters of the same hosts are started together:
// each of their directories is written once, for all clusters that it is in.
func (g *group) plans(all []*group) []analyze.Plan {
	if g.options.Quick {
		return nil
	}
	neighbours := g.neighbours(all)
	var out []analyze.Plan
	offer := func(w *member) bool { // reports whether the plan is among out
		if w == nil || w.Entry == nil || !w.Counts {
			return false
		}
		b := begin{g: w}
		for _, o := range neighbours {
			if o != g && o.verdict.Decided {
				b[o] = o.member(o.verdict.Recommended)
			}
		}
		p, ok := g.plan(w, b, neighbours)
		if ok && !slices.ContainsFunc(out, func(q analyze.Plan) bool { return q.ID == p.ID }) {
			out = append(out, p)
		}
		return ok
	}
	if g.verdict.Decided {
		w := g.member(g.verdict.Recommended)
		if !offer(w) {
			_ = slices.ContainsFunc(g.maxima, offer)
		}
		if len(w.Host.unserved(w.Tables)) > 0 {
			_ = slices.ContainsFunc(g.serving(), offer)
		}
	} else {
		for _, m := range g.maxima {
			offer(m)
		}
	}
	if g.options.Choose != "" {
		offer(g.member(g.options.Choose))
	}
	return out
}

// serving returns the members whose tables a start all serves, in the order of
// the ranking.
func (g *group) serving() []*member {
	var out []*member
	for _, name := range slices.Concat(g.ranking...) {
		if m := g.member(name); len(m.Host.unserved(m.Tables)) == 0 {
			out = append(out, m)
		}
	}
	return out
}

// neighbours returns the clusters that are tied to this one by hosts, itself
// among them.
func (g *group) neighbours(all []*group) []*group {
	out := []*group{g}
	for i := 0; i < len(out); i++ {
		for _, o := range all {
			if !slices.Contains(out, o) && slices.ContainsFunc(o.members, func(m *member) bool {
				return m.Entry != nil && slices.ContainsFunc(out[i].members, func(n *member) bool { return n.Entry != nil && n.Host == m.Host })
			}) {
				out = append(out, o)
			}
		}
	}
	slices.SortFunc(out, func(a, b *group) int { return slices.Index(all, a) - slices.Index(all, b) })
	return out
}

// plan makes the plan that begins every cluster of b with its member.
func (g *group) plan(w *member, b begin, neighbours []*group) (analyze.Plan, bool) {
	p := analyze.Plan{ID: "continue-from-" + w.name(), Base: w.name(), Server: g.options.Server, Warnings: []string{}, Loses: []analyze.Loss{}}
	var hosts []*host
	for _, o := range neighbours {
		for _, m := range o.members {
			if !slices.Contains(hosts, m.Host) {
				hosts = append(hosts, m.Host)
			}
		}
	}
	slices.SortFunc(hosts, func(a, b *host) int { return strings.Compare(a.Name, b.Name) })
	dirs, refused := b.write(hosts, neighbours)
	for _, m := range b {
		if m != nil && refused[m.Host] != "" {
			return p, false
		}
	}
	var written []*host
	for _, h := range hosts {
		i := slices.IndexFunc(dirs, func(d *directory) bool { return d.host == h })
		if i < 0 {
			p.Steps = append(p.Steps, analyze.Step{Op: analyze.LeaveOut, Node: h.Name, File: ".", Because: refused[h]})
			if !strings.HasPrefix(refused[h], "LWM007") {
				p.Warnings = append(p.Warnings, fmt.Sprintf("No directory is written for %s: %s. Its original can be joined anew later.", h.Name, refused[h]))
			}
			continue
		}
		p.Steps = append(p.Steps, dirs[i].steps...)
		p.Promise = append(p.Promise, dirs[i].promise...)
		p.Warnings = append(p.Warnings, dirs[i].warnings...)
		written = append(written, h)
	}
	var begins []string
	for _, o := range neighbours {
		x := b[o]
		if x == nil {
			p.Warnings = append(p.Warnings, fmt.Sprintf("Cluster %s is left as it is: who is newest in it is not decided.", o.name))
			continue
		}
		begins = append(begins, fmt.Sprintf("%s with %s", o.name, x.name()))
		for _, d := range dirs {
			if d.host == x.Host {
				p.Loses = append(p.Loses, d.short(x)...)
			}
		}
		o.losses(&p, x)
		if !slices.ContainsFunc(p.Promise, func(q analyze.Promise) bool { return q.Node == x.name() && q.Cluster == o.name }) {
			p.Warnings = append(p.Warnings, fmt.Sprintf("The seqno of %s is not proven, so %s begins with a new state UUID and every other node takes a full state transfer.", x.name(), o.name))
		}
		if o.verdict.Provisional {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s of %s %s not given. If one of them is ahead, its transactions are lost with this plan.", list(o.verdict.Missing), o.name, verb(o.verdict.Missing, "was", "were")))
		}
	}
	p.Title = "Begin " + list(begins) + ", and let the others join"
	if len(written) == 1 {
		p.Title = "Begin " + list(begins) + " alone"
	}
	if !slices.ContainsFunc(p.Steps, func(s analyze.Step) bool { return s.Op != analyze.Copy && s.Op != analyze.LeaveOut }) {
		p.ID, p.Title = "start", "Start the nodes as they are"
		p.Commands = starts(written, b, neighbours)
		return p, true
	}
	p.Warnings = append(p.Warnings, "The originals are not to be started again: with their manticore.json and shared memory they would be another branch of the cluster.")
	p.Commands = commands(written, b, neighbours)
	return p, true
}

// losses notes what other members hold that the chosen one does not.
func (g *group) losses(p *analyze.Plan, w *member) {
	for _, l := range w.Host.Logs {
		if l.Listed && !l.Missing && l.Damage != nil {
			text := fmt.Sprintf("%s is cut at byte %d", path.Base(l.Path), l.End)
			if l.Broken.Table != "" && l.Broken.TID > 0 {
				text += fmt.Sprintf(", in front of transaction %d of table %s", l.Broken.TID, l.Broken.Table)
			}
			p.Loses = append(p.Loses, analyze.Loss{Node: w.name(), Entries: l.BehindCount + 1, Text: text})
		}
	}
	for _, m := range g.members {
		if m == w {
			continue
		}
		if m.Counts {
			if r := g.relate(w, m); r.OK && r.Order >= 0 {
				continue
			}
		}
		for _, name := range union(m.Tables, w.Tables) {
			t := m.Host.Tables[name]
			if t == nil || !t.Known {
				continue
			}
			have, _ := w.tid(name)
			from := have + 1
			if at, _, ok := forkAt(m.Host, w.Host, name); ok {
				from = int64(at)
			} else if m.UUID != w.UUID {
				p.Loses = append(p.Loses, analyze.Loss{Node: m.name(), Text: fmt.Sprintf("what is only in its table %s: the histories differ, so it cannot be counted", name)})
				continue
			}
			if t.Whole >= from {
				text := fmt.Sprintf("transactions %d to %d of table %s", from, t.Whole, name)
				if m.Member == "no" {
					text += ", written after it left the cluster; they stay in its own directory"
				}
				p.Loses = append(p.Loses, analyze.Loss{Node: m.name(), Entries: uint64(t.Whole - from + 1), Text: text})
			}
		}
	}
}

// commands is what the operator runs with the repaired directories.
func commands(hosts []*host, b begin, groups []*group) []analyze.Command {
	var out []analyze.Command
	each := func(list []*host, why string, run func(h *host) string) {
		first := len(out)
		for _, h := range list {
			line := run(h)
			if line == "" {
				continue
			}
			if i := slices.IndexFunc(out[first:], func(c analyze.Command) bool { return c.Run == line }); i >= 0 {
				out[first+i].Node += ", " + h.Name
				continue
			}
			out = append(out, analyze.Command{Node: h.Name, Run: line, Why: why})
		}
	}
	each(hosts, "everywhere, before anything is copied", func(*host) string { return "systemctl stop manticore" })
	each(hosts, "keep the original; never start it again", func(h *host) string {
		return fmt.Sprintf("mv %s %s", word(h.dataDir()), word(h.dataDir()+".before-recovery"))
	})
	each(hosts, "OUT is what repair wrote; owner, mode and keys as its restore-notes.txt says", func(h *host) string {
		return fmt.Sprintf("cp -a %s %s", word(path.Join("OUT", h.Name, h.Data)), word(h.dataDir()))
	})
	logs := slices.DeleteFunc(slices.Clone(hosts), func(h *host) bool { return !h.moved() || h.BinlogOff || below(h.BinlogDir, h.Data) })
	each(logs, "its log lies elsewhere: keep the original", func(h *host) string {
		return fmt.Sprintf("mv %s %s", word(h.binlogHome()), word(h.binlogHome()+".before-recovery"))
	})
	each(logs, "the log as repair wrote it", func(h *host) string {
		return fmt.Sprintf("cp -a %s %s", word(path.Join("OUT", h.Name, h.BinlogDir)), word(h.binlogHome()))
	})
	each(hosts, "a position that does not belong to the new directory", func(h *host) string {
		return "rm -f /dev/shm/mcrpl_*"
	})
	out = append(out, starts(hosts, b, groups)...)
	for _, g := range groups {
		if w := b[g]; w != nil && word(g.name) == g.name {
			out = append(out, analyze.Command{Node: w.name(), Run: fmt.Sprintf("mysql -h0 -P9306 -e \"ALTER CLUSTER %s UPDATE nodes\"", g.name), Why: "when all nodes are in; without it this node would begin a second cluster at its next start"})
		}
	}
	return out
}

// starts is the order in which the servers are started.
func starts(hosts []*host, b begin, groups []*group) []analyze.Command {
	var out []analyze.Command
	var first, later []*host
	for _, h := range hosts {
		if slices.ContainsFunc(groups, func(g *group) bool { return b[g] != nil && b[g].Host == h }) {
			first = append(first, h)
		} else {
			later = append(later, h)
		}
	}
	if len(first) > 0 {
		out = append(out, analyze.Command{Node: strings.Join(hostNames(first), ", "), Run: "systemctl start manticore", Why: "begins the cluster; no flag"})
	}
	for _, g := range groups {
		if w := b[g]; w != nil && word(g.name) == g.name {
			out = append(out, analyze.Command{Node: w.name(), Run: fmt.Sprintf("mysql -h0 -P9306 -e \"SHOW STATUS LIKE 'cluster_%s_status'\"", g.name), Why: "go on when it says primary"})
		}
	}
	for _, h := range later {
		out = append(out, analyze.Command{Node: h.Name, Run: "systemctl start manticore", Why: "one node after the other: each takes its data from one that is up"})
	}
	if slices.ContainsFunc(first, func(h *host) bool { return len(first) > 1 && len(h.Parts) > 1 }) {
		out = append(out, analyze.Command{Node: list(hostNames(first)), Run: "systemctl restart manticore", Why: "only those in whose SHOW STATUS another of their clusters is still closed, one after the other"})
	}
	return out
}

func hostNames(hosts []*host) []string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Name)
	}
	return out
}
