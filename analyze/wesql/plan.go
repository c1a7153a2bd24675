package wesql

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// plans offers ways out: one that goes on from the newest log, or, where that
// is not decided, one for every branch; and the rebuild of what is lost.
func (g *group) plans() []analyze.Plan {
	if g.options.Quick {
		return nil
	}
	var out []analyze.Plan
	offer := func(m *model) {
		if m == nil || m.Layout != layoutServer || slices.ContainsFunc(out, func(p analyze.Plan) bool { return p.Base == m.Name }) {
			return
		}
		if p, ok := g.plan(m); ok {
			out = append(out, p)
		}
	}
	if g.verdict.Decided {
		offer(g.top())
		for _, m := range g.nodes { // equals, if no directory can be made of that one
			if len(out) == 0 && slices.Contains(g.verdict.MostRecent, m.Name) {
				offer(m)
			}
		}
	} else {
		for _, b := range g.branches {
			offer(slices.MaxFunc(b, order))
		}
	}
	for _, m := range g.nodes {
		if g.options.Choose == m.Name {
			offer(m)
		}
	}
	if p, ok := g.rebuild(); ok {
		if slices.ContainsFunc(g.servers(), func(m *model) bool { return m.Node.Role != roleLogger }) {
			return append(out, p)
		}
		return append([]analyze.Plan{p}, out...) // loggers alone serve nobody
	}
	return out
}

// plan is the one that goes on from a node.
func (g *group) plan(base *model) (analyze.Plan, bool) {
	p := analyze.Plan{ID: "continue-from-" + base.Name, Title: "Let " + base.Name + " lead, and the others follow it", Base: base.Name, Warnings: []string{}, Loses: []analyze.Loss{}}
	var written, replaced, left []*model
	for _, m := range g.nodes {
		if m.Layout != layoutServer {
			p.Steps = append(p.Steps, analyze.Step{Op: analyze.LeaveOut, Node: m.Name, File: ".", Because: "the object store is used where it is"})
			continue
		}
		d := &directory{group: g, model: m, base: base}
		switch why := d.make(); {
		case why == "":
			written = append(written, m)
		case m == base:
			return p, false
		case g.copies(m, base):
			d.copyOf(base, why)
			replaced = append(replaced, m)
		default:
			left = append(left, m)
			d.steps = []analyze.Step{{Op: analyze.LeaveOut, Node: m.Name, File: ".", Because: why}}
			p.Warnings = append(p.Warnings, fmt.Sprintf("No directory is written for %s (%s): it is rebuilt as a new node.", m.Name, why))
		}
		p.Steps = append(p.Steps, d.steps...)
		p.Promise = append(p.Promise, d.promise...)
		p.Warnings = append(p.Warnings, d.warnings...)
		g.loss(&p, m, base)
	}
	if len(g.addr) > 1 && len(written)+len(replaced) < len(g.addr)/2+1 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d of %d members are no majority: %s has to be made the only member first, and the others are added again.", len(written)+len(replaced), len(g.addr), base.Name))
	}
	if g.verdict.Provisional {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s not given. If one of them is ahead, its entries are lost with this plan.", were(g.verdict.Missing)))
	}
	if !slices.ContainsFunc(p.Steps, func(s analyze.Step) bool { return s.Op != analyze.Copy && s.Op != analyze.LeaveOut }) && len(left)+len(replaced) == 0 {
		p.Title = "Start the nodes as they are, " + base.Name + " first"
		p.Commands = g.commands(base, written, replaced, left, false)
		return p, true
	}
	p.Commands = g.commands(base, written, replaced, left, true)
	return p, true
}

func were(names []string) string {
	if len(names) == 1 {
		return names[0] + " was"
	}
	return enumerate(names) + " were"
}

// loss notes what a node holds that the plan gives up.
func (g *group) loss(p *analyze.Plan, m, base *model) {
	if c := m.log.Cut; c != nil {
		p.Loses = append(p.Loses, analyze.Loss{Node: m.Name, Text: fmt.Sprintf("the unfinished end of %s, %d bytes; they are kept in a file beside it", path.Base(c.File), c.To-c.From)})
	}
	if m == base {
		return
	}
	if f := g.fork(m, base); f != nil {
		how := "never committed"
		if f.SameTerm != 0 {
			how = "written by a leader of its own"
		}
		p.Loses = append(p.Loses, analyze.Loss{Node: m.Name, Entries: m.log.Index - f.Index + 1, From: f.Index, To: m.log.Index, Text: fmt.Sprintf("entries %d to %d, %s; they stay in the original directory", f.Index, m.log.Index, how)})
	} else if m.log.Index > base.log.Index {
		p.Loses = append(p.Loses, analyze.Loss{Node: m.Name, Entries: m.log.Index - base.log.Index, From: base.log.Index + 1, To: m.log.Index, Text: fmt.Sprintf("entries %d to %d, which only it holds", base.log.Index+1, m.log.Index)})
	}
}

// copies reports whether a node can be replaced by a copy of the base: both
// keep their tables in their own directories, and its place in the member list
// is known.
func (g *group) copies(m, base *model) bool {
	return !base.serverless() && base.Rows != nil && base.Rows.Meta != nil && base.Node.Role == roleData && m.position0() > 0 && len(g.addr) >= m.position0() && !base.forced()
}

// position0 is the place of a node in the member list, 0 if it is not known.
func (m *model) position0() int {
	x, _ := m.members()
	return x.Position
}

// commands is what the operator runs. Directories that repair changed are put
// in the place of the originals.
func (g *group) commands(base *model, written, replaced, left []*model, changed bool) []analyze.Command {
	var out []analyze.Command
	all := append(append([]*model{}, written...), replaced...)
	slices.SortFunc(all, func(a, b *model) int { return strings.Compare(a.Name, b.Name) })
	for _, m := range all {
		dir := m.dataDir()
		if !changed {
			out = append(out, analyze.Command{Node: m.Name, Run: fmt.Sprintf("cp -a %s %s", word(dir), word(dir+".before-recovery")), Why: "keep the original; a start cuts and deletes files"})
			continue
		}
		out = append(out,
			analyze.Command{Node: m.Name, Run: fmt.Sprintf("mv %s %s", word(dir), word(dir+".before-recovery")), Why: "keep the original; a start of it cuts and deletes files"},
			analyze.Command{Node: m.Name, Run: fmt.Sprintf("cp -a %s %s", word(path.Join("OUT", m.Name, m.Data)), word(dir)), Why: "OUT is what repair wrote; owner and mode as its restore-notes.txt says"})
		for _, d := range m.emptyDirs() {
			out = append(out, analyze.Command{Node: m.Name, Run: "mkdir -p " + word(path.Join(dir, d)), Why: "an empty directory of a schema, which a copy of files does not carry"})
		}
	}
	majority := len(g.addr)/2 + 1
	alone := len(g.addr) > 1 && len(all) < majority
	start := func(m *model, options, why string) {
		out = append(out, analyze.Command{Node: m.Name, Run: m.mysqld() + options, Why: why})
	}
	if alone {
		start(base, " --raft-replication-force-single-mode=ON", "the majority is gone: this node becomes the only member")
		out = append(out, analyze.Command{Node: base.Name, Run: "mysql -e \"SELECT ROLE, LAST_LOG_TERM, LAST_LOG_INDEX FROM INFORMATION_SCHEMA.WESQL_CLUSTER_LOCAL\"", Why: "go on when it says Leader; then restart it without the option"})
		for _, m := range all {
			if m != base {
				start(m, g.forceChange(m.own()), "as a learner of the new leader")
				out = append(out, g.joins(base, m.own())...)
			}
		}
		return append(out, g.tail(base, left)...)
	}
	start(base, "", "first, so that its log is there when the others vote")
	for _, m := range all {
		if m == base {
			continue
		}
		options, why := "", "follows the log of "+base.Name
		if slices.Contains(replaced, m) {
			options, why = g.forceChange(g.memberString(m)), "a copy of "+base.Name+": takes its own place in the member list; leave the options out at the next start"
		}
		start(m, options, why)
	}
	out = append(out, analyze.Command{Node: base.Name, Run: "mysql -e \"SELECT CURRENT_LEADER, ROLE, LAST_LOG_TERM, LAST_LOG_INDEX FROM INFORMATION_SCHEMA.WESQL_CLUSTER_LOCAL\"", Why: "one leader, and the same last entry everywhere"})
	return append(out, g.tail(base, left)...)
}

// tail is the rebuild of the nodes that have no directory in the plan.
func (g *group) tail(base *model, left []*model) []analyze.Command {
	var out []analyze.Command
	for _, m := range left {
		if a := m.own(); a != "" {
			out = append(out, g.rebuildCommands(base.Name, m.Name, a, m)...)
		}
	}
	return out
}

// own is the address of a node, "" if it is not known.
func (m *model) own() string { return m.Node.Identity.Address }

// memberString is the member list as a node at its place is told it.
func (g *group) memberString(m *model) string {
	return strings.Join(g.addr, ";") + "@" + itoa(uint64(m.position0()))
}

// forceChange are the options that replace the membership of a node. Both
// values have to be given: what is not is emptied.
func (g *group) forceChange(info string) string {
	return fmt.Sprintf(" --raft-replication-force-change-meta=ON --raft-replication-cluster-id=%s --raft-replication-cluster-info=%s", word(g.rawClusterID()), word(info))
}

// rawClusterID is the cluster id, default or not.
func (g *group) rawClusterID() string {
	for _, m := range g.nodes {
		if r := m.rows(); r != nil && r.ClusterID != "" {
			return r.ClusterID
		}
	}
	for _, m := range g.nodes {
		if v := m.Conf.WeSQL.ClusterID; v.Set {
			return v.V
		}
	}
	return "1"
}

// joins adds a learner and makes it a member.
func (g *group) joins(leader *model, address string) []analyze.Command {
	return []analyze.Command{
		{Node: leader.Name, Run: fmt.Sprintf("mysql -e \"CALL dbms_consensus.add_learner('%s')\"", address), Why: "on the leader"},
		{Node: leader.Name, Run: fmt.Sprintf("mysql -e \"CALL dbms_consensus.upgrade_learner('%s')\"", address), Why: "when it has caught up to within 10000 entries; else error 6"},
	}
}

// dataDir is the data directory as configured.
func (m *model) dataDir() string {
	if v := m.Conf.DataDir; v.Set && v.V != "" {
		return v.V
	}
	return "/var/lib/wesql"
}

// mysqld is the start of the server with the node's option file.
func (m *model) mysqld() string { return "mysqld --defaults-file=" + word(m.optionFile()) }

func (m *model) optionFile() string {
	switch {
	case !m.HasConf:
		return "/etc/my.cnf"
	case path.Dir(m.ConfFile) == m.Data:
		return path.Join(m.dataDir(), path.Base(m.ConfFile))
	case strings.HasPrefix(m.ConfFile, "etc/"):
		return "/" + m.ConfFile
	}
	return "/etc/my.cnf"
}

// emptyDirs are the directories of schemas without files.
func (m *model) emptyDirs() []string {
	var out []string
	for d := range m.dirs {
		if path.Dir(d) == m.Data && d != m.Data && !strings.Contains(d, "#") && path.Base(d) != "recovery_tmp" && len(m.below(d)) == 0 {
			out = append(out, path.Base(d))
		}
	}
	slices.Sort(out)
	return out
}

// word quotes a word for a shell if that is needed.
func word(text string) string {
	if text != "" && strings.IndexFunc(text, func(c rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,", c)
	}) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
