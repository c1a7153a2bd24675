package galera

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// A host tells how the server of a product is handled by systemd.
type host struct{ stop, bootstrap, start, after string }

// handling returns the commands for a node (MariaDB/server
// scripts/galera_new_cluster.sh, support-files/mariadb.service.in; PXC
// build-ps/ubuntu/percona-xtradb-cluster-server.mysql@.service).
func (m *model) handling() host {
	if m.Node.Product == "percona-xtradb-cluster" {
		return host{
			"systemctl stop mysql mysql@bootstrap.service", "systemctl start mysql@bootstrap.service", "systemctl start mysql",
			"systemctl stop mysql@bootstrap.service && systemctl start mysql",
		}
	}
	return host{stop: "systemctl stop mariadb", bootstrap: "galera_new_cluster", start: "systemctl start mariadb"}
}

// live is the node's data directory on its host.
func (m *model) live() string { return cmp.Or(m.Layout.Server.DataDir.V, "/var/lib/mysql") }

// commands are what the operator runs, in order. OUT stands for the directory
// that repair wrote.
func (g *group) commands(w *model, fates []fate, replaced bool) []analyze.Command {
	var out []analyze.Command
	each := func(list []fate, run func(f fate) (string, string)) {
		first := len(out)
		for _, f := range list {
			line, why := run(f)
			if i := slices.IndexFunc(out[first:], func(c analyze.Command) bool { return c.Run == line }); i >= 0 {
				out[first+i].Node += ", " + f.name()
				continue
			}
			out = append(out, analyze.Command{Node: f.name(), Run: line, Why: why})
		}
	}
	kept := slices.DeleteFunc(slices.Clone(fates), func(f fate) bool { return !f.Kept })
	gone := slices.DeleteFunc(slices.Clone(fates), func(f fate) bool { return f.Kept })
	each(fates, func(f fate) (string, string) {
		return f.handling().stop, "everywhere, also where it seems to be down: a node that still serves, or a second bootstrap, makes a split brain"
	})
	if replaced {
		each(kept, func(f fate) (string, string) {
			var parts []string
			for _, d := range f.parts() {
				parts = append(parts, fmt.Sprintf("mv %s %s", quoted(d.live), quoted(d.live+".before-recovery")))
			}
			return strings.Join(parts, " && "), "keep the original"
		})
		each(kept, func(f fate) (string, string) {
			var parts []string
			for _, d := range f.parts() {
				parts = append(parts, fmt.Sprintf("cp -a %[1]s %[2]s && chown -R mysql:mysql %[2]s && chmod 0700 %[2]s", quoted(path.Join("OUT", f.name(), d.below)), quoted(d.live)))
			}
			return strings.Join(parts, " && "), "OUT is what repair wrote; modes and keys as its restore-notes.txt says"
		})
	}
	each(gone, func(f fate) (string, string) {
		return f.emptied(), "it starts empty, without its old galera.cache, and gets a full state transfer; keep the original until everything is checked"
	})
	h := w.handling()
	out = append(out, analyze.Command{Node: w.name(), Run: h.bootstrap, Why: "on this node only, and once"})
	goOn := fmt.Sprintf("go on only if it says Primary, %s, and %d or more", w.UUID, w.Span.Lower)
	if !w.Span.Known {
		goOn = fmt.Sprintf("go on only if it says Primary and %s", w.UUID)
	}
	out = append(out, analyze.Command{Node: w.name(), Run: `mysql -e "SHOW STATUS WHERE Variable_name IN ('wsrep_cluster_status', 'wsrep_cluster_state_uuid', 'wsrep_last_committed')"`,
		Why: goOn})
	others := slices.DeleteFunc(append(slices.Clone(kept), gone...), func(f fate) bool { return f.model == w })
	for _, f := range others {
		why := "one at a time; wait until wsrep_local_state_comment is Synced"
		if f.Kept {
			why += fmt.Sprintf(" (incremental, %s)", plural(f.Join.Events, "write set", "write sets"))
		} else {
			why += "; a full state transfer" + g.volume(w)
		}
		out = append(out, analyze.Command{Node: f.name(), Run: f.handling().start, Why: why})
	}
	if len(inSchemaChange(fates)) > 0 && len(kept) > 1 {
		each(kept, func(fate) (string, string) {
			return `mysqldump --all-databases --no-data --skip-lock-tables --skip-comments | sed 's/ AUTO_INCREMENT=[0-9]*//' | sha256sum`, "before applications write: the sums have to be the same everywhere, because a schema change was running; where they differ, diff the dumps"
		})
	}
	for _, name := range g.arbitratorNodes() {
		out = append(out, analyze.Command{Node: name, Run: "systemctl start garb", Why: "the arbitrator, after the nodes; the unit is called garbd on some systems"})
	}
	if h.after != "" {
		out = append(out, analyze.Command{Node: w.name(), Run: h.after, Why: "when the others are Synced: from the unit that bootstraps to the ordinary one"})
	}
	return out
}

// plainPath matches what a shell takes as it is.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`)

// quoted writes a path for a shell: names come from the inputs.
func quoted(p string) string {
	if plainPath.MatchString(p) {
		return p
	}
	return "'" + strings.ReplaceAll(p, "'", `'\''`) + "'"
}

// A part is one directory of a node: in the output, and on its host.
type part struct{ below, live string }

// parts are the data directory and those that options put elsewhere.
func (m *model) parts() []part {
	l := &m.Layout
	out := []part{{strings.TrimPrefix(m.Data, "."), m.live()}}
	for _, dir := range []string{l.States, path.Dir(l.Cache), l.System, l.Redo, l.Undo, l.Binlog} {
		if m.Data != "." && dir != m.Data && !strings.HasPrefix(dir, m.Data+"/") && !slices.ContainsFunc(out, func(p part) bool { return p.below == dir }) {
			out = append(out, part{dir, cmp.Or(l.Live[dir], "/"+dir)})
		}
	}
	return out
}

// emptied is the command that puts the directories of a node aside and empty
// ones in their place. All of them: with a galera.cache of the past beside a
// grastate.dat that names no history, a joiner may abort.
func (m *model) emptied() string {
	var parts []string
	for _, d := range m.parts() {
		parts = append(parts, fmt.Sprintf("mv %[1]s %[2]s && install -d -o mysql -g mysql -m 0700 %[1]s", quoted(d.live), quoted(d.live+".before-recovery")))
	}
	return strings.Join(parts, " && ")
}

func (g *group) arbitratorNodes() []string {
	var out []string
	for _, m := range g.all {
		if m.Arbitrator {
			out = append(out, m.name())
		}
	}
	if known, last := g.arbitrators(); len(out) == 0 && last {
		out = known
	}
	return out
}

// warnings are what an operator has to know before the first command.
func (g *group) warnings(w *model, fates []fate) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if !g.verdict.Decided && len(g.usable()) > 1 {
		add("The evidence does not decide who wrote last: a person has to. Look at the tables of both sides, and save what only one of them has (mysqldump, mysqlbinlog) before its directory is given up.")
	} else if !slices.Contains(g.verdict.MostRecent, w.name()) {
		add("%s is not the most recent node. %s.", w.name(), strings.TrimSuffix(g.verdict.Reason, "."))
	}
	if g.verdict.Provisional {
		add("%s %s not given. If one of them is ahead, its writes are lost with this plan, and it aborts when it joins.", list(g.verdict.Missing), wasWere(len(g.verdict.Missing)))
	}
	var behind []string
	for _, f := range fates {
		if f.model != w && f.Kept && f.Span.Lower < w.Span.Lower {
			behind = append(behind, f.name())
		}
	}
	if len(behind) > 0 {
		add("Start %s first. If %s %s bootstrapped instead, %s ends with \"Reversing history\" when it joins, and a full state transfer would then destroy its newer data.", w.name(), list(behind), wasWere(len(behind)), w.name())
	}
	switch changed := inSchemaChange(fates); {
	case len(changed) == 0:
	case othersKept(w, fates):
		add("A schema change was running on %s. It may have taken effect on some nodes and not on others (measured: a DROP TABLE on one node of two), and an incremental transfer does not level that. Let no application write before the table definitions of all nodes were compared: by the sums of the command below, by SHOW CREATE TABLE, or in information_schema.COLUMNS. Where a node differs from %s, stop it, empty its directory and start it again, for a full state transfer. Then issue the statement again if %s does not show its effect. The plan %s needs no comparison: all others start empty.", list(changed), w.name(), w.name(), alikeID(w))
	default:
		add("A schema change was running on %s, and the files do not tell whether it took effect there. Look at the table (SHOW CREATE TABLE), and issue the statement again if it does not show; the others get a full copy of %s, so they are the same.", list(changed), w.name())
	}
	if w.Condition == stateLost && w.State != nil {
		add("Nothing tells why grastate.dat of %s lost its group UUID. Check its tables against another node before applications write.", w.name())
	}
	if !w.Span.Exact() {
		add("The position of %s is not known exactly, so grastate.dat keeps seqno -1 and the server's own recovery (galera_recovery in the systemd unit) has to find it. Do not start it with a bare `mariadbd --wsrep-new-cluster`.", w.name())
	}
	for _, f := range fates {
		s := f.Layout.Server
		if a := s.ClusterAddress; a.Set && a.V.Scheme == "gcomm" && len(a.V.Members) == 0 || s.WsrepNewCluster.V {
			add("The option file of %s makes it bootstrap at every start: before the first command, name all nodes in its wsrep_cluster_address and take wsrep_new_cluster out.", f.name())
		}
		if s.WsrepStartPosition.Set || s.WsrepRecover.V || s.ForceRecovery.V > 0 || s.WsrepOn.Set && !s.WsrepOn.V {
			add("The option file of %s has settings that get in the way (LWG045): take them out before the first command.", f.name())
		}
	}
	return out
}

// planSalvage reads out what a server can still open of a directory that it
// refuses in the ordinary way.
func (g *group) planSalvage(m *model) (analyze.Plan, bool) {
	if m.Engine.Refusal == "" {
		return analyze.Plan{}, false
	}
	p := analyze.Plan{ID: "salvage-" + m.name(), Base: m.name(), Title: fmt.Sprintf("Dump what a server still reads of %s, and load it into a new cluster", m.name()), Warnings: []string{}, Loses: []analyze.Loss{}}
	p.Warnings = append(p.Warnings,
		"No server opens any of the complete directories as it is, so no repaired copy can be written. The newest consistent state is a backup, if there is one: look for it first.",
		"With innodb_force_recovery the server leaves parts of the recovery out: transactions may be missing, rolled back or there by half. Compare the dumps of all nodes.")
	p.Loses = append(p.Loses, analyze.Loss{Node: m.name(), Text: "nobody can tell before the dump is compared: " + m.Engine.Refusal})
	copied := m.live() + ".salvage"
	server := "mariadbd"
	if m.Node.Product == "percona-xtradb-cluster" {
		server = "mysqld"
	}
	p.Commands = append(p.Commands,
		analyze.Command{Node: m.name(), Run: fmt.Sprintf("cp -a %s %s", quoted(m.live()), quoted(copied)), Why: "never on the original"},
		analyze.Command{Node: m.name(), Run: fmt.Sprintf("%s --user=mysql --datadir=%s --wsrep-on=OFF --wsrep-provider=none --skip-networking --socket=/tmp/salvage.sock --innodb-force-recovery=1", server, quoted(copied)), Why: "if it does not start, with 2, 3 and so on up to 6; take the lowest that starts"},
		analyze.Command{Node: m.name(), Run: fmt.Sprintf("mysqldump --socket=/tmp/salvage.sock --all-databases --routines --events > %s", quoted(m.name()+".sql")), Why: "table by table if it breaks off"})
	return p, true
}

// planRestore starts all members of the last view, who restore the primary
// component by themselves.
func (g *group) planRestore() (analyze.Plan, bool) {
	r, ok := g.restorable()
	if !ok || len(r.View.Members) < 2 || g.noRestore(r) != "" {
		return analyze.Plan{}, false
	}
	p := analyze.Plan{ID: "restore-primary-component", Title: fmt.Sprintf("Start %s together, without a bootstrap", list(names(r.Nodes))), Warnings: []string{}, Loses: []analyze.Loss{}}
	p.Warnings = append(p.Warnings, "It works on the original directories only while gvwstate.dat is in place on all of them, and only if every one of these members comes up; otherwise they wait for ever, and the other plan is left. No directory is written.")
	if len(r.Missing) > 0 {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s belongs to that view and was not given: it has to come up as well.", list(r.Missing)))
	}
	for _, m := range r.Nodes {
		run := m.handling().start
		if m.Arbitrator {
			run = "systemctl start garb"
		}
		p.Commands = append(p.Commands, analyze.Command{Node: m.name(), Run: run, Why: "all of them within a few minutes: each waits for the others"})
	}
	for _, m := range g.nodes {
		if slices.Contains(r.Nodes, m) {
			continue
		}
		if w := g.node(g.verdict.Recommended); !g.fate(m, w).Kept || m.joinAsIs(w).How == sst {
			p.Commands = append(p.Commands,
				analyze.Command{Node: m.name(), Run: m.emptied(), Why: "it needs a full state transfer, and gets it into an empty directory; keep the original until everything is checked"},
				analyze.Command{Node: m.name(), Run: m.handling().start, Why: "after the others are Primary; a full state transfer" + g.volume(w)})
		} else {
			p.Commands = append(p.Commands, analyze.Command{Node: m.name(), Run: m.handling().start, Why: "not in that view: after the others are Primary"})
		}
	}
	return p, true
}
