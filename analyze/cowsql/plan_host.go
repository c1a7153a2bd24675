package cowsql

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// hostFiles returns the files of the application that belong into a copy:
// everything small that is neither raft data, nor a private key, a socket, a
// lock, a pid file, a patch that waits, or an archive.
func (m *member) hostFiles() []string {
	l := m.Layout
	var out []string
	add := func(file string) {
		if file != "" && !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	if l.Info != nil {
		add(l.Info.At.File)
	}
	for _, list := range []*hostlayout.Members{l.Cluster, l.NodeStore, l.LocalNode} {
		if list != nil {
			add(list.File)
		}
	}
	if l.ServerInfo != nil {
		add(l.ServerInfo.At.File)
	}
	if l.Daemon != nil {
		add(l.Daemon.At.File)
	}
	for _, n := range l.TrustStore {
		add(n.At.File)
	}
	for _, c := range l.Certificates {
		add(c.File)
	}
	if l.LocalDB != nil {
		add(l.LocalDB.File)
		if l.LocalDB.WAL {
			add(l.LocalDB.File + "-wal")
		}
	}
	for _, name := range []string{"failure-domain", "tuning.yaml"} {
		if _, err := fs.Stat(m.FS, m.path(name)); err == nil {
			add(m.path(name))
		}
	}
	slices.Sort(out)
	return out
}

// applicationFiles writes the member lists for the targets and returns the
// files that it wrote.
func (g *group) applicationFiles(p *analyze.Plan, m *member, targets []target) (written []string) {
	if targets == nil {
		return nil
	}
	nodes := nodesOf(targets)
	writer := hostlayout.GoCowsql
	if m.Default.Name != "cowsql" {
		writer = hostlayout.GoDqlite
	}
	write := func(file string, data []byte) {
		written = append(written, file)
		p.Steps = append(p.Steps, analyze.Step{Op: analyze.Write, Node: m.name(), File: file, Because: "the members of the new configuration", Parts: []analyze.Part{{Data: data}}})
	}
	l := m.Layout
	for i, t := range targets {
		if t.member != m {
			continue
		}
		if l.Info != nil {
			write(l.Info.At.File, hostlayout.EncodeInfo(nodes[i], writer))
		}
		if l.ServerInfo != nil {
			if data, err := hostlayout.EncodeServerInfo(nodes[i]); err == nil {
				write(l.ServerInfo.At.File, data)
			}
		}
	}
	if l.Cluster != nil || l.Info != nil {
		write(m.path("cluster.yaml"), hostlayout.EncodeCluster(nodes, writer))
	}
	if l.NodeStore != nil {
		if data, err := hostlayout.EncodeNodeStore(nodes); err == nil {
			write(l.NodeStore.File, data)
		}
	}
	if l.LocalDB != nil && len(l.LocalDB.Nodes) > 0 {
		written = append(written, g.raftNodes(p, m, nodes)...)
	}
	return written
}

// raftNodes brings the table raft_nodes of local.db in line with the targets.
func (g *group) raftNodes(p *analyze.Plan, m *member, nodes []hostlayout.Node) []string {
	db := m.Layout.LocalDB
	parts := func(file string) analyze.Step {
		return analyze.Step{Op: analyze.Copy, Node: m.name(), File: file, Parts: []analyze.Part{{Node: m.name(), File: file, Length: -1}}}
	}
	p.Steps = append(p.Steps, parts(db.File))
	files := []string{db.File}
	if db.WAL {
		p.Steps = append(p.Steps, parts(db.File+"-wal"))
		files = append(files, db.File+"-wal")
	}
	statements := []string{"DELETE FROM raft_nodes"}
	for _, n := range nodes {
		statements = append(statements, fmt.Sprintf("INSERT INTO raft_nodes (id, address, role, name) VALUES (%d, %s, %d, %s)", n.ID.V, quoteSQL(n.Address.V), uint8(n.Role.V), quoteSQL(g.nameIn(db, n))))
	}
	p.Steps = append(p.Steps, analyze.Step{Op: analyze.SQL, Node: m.name(), File: db.File, Because: "the members of the new configuration", SQL: statements})
	return files
}

func (g *group) nameIn(db *hostlayout.LocalDB, n hostlayout.Node) string {
	for _, x := range db.Nodes {
		if x.ID.V == n.ID.V {
			return x.Name.V
		}
	}
	return n.Name.V
}

func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// officialArchives adds the recovery tarball that LXD and microcluster
// members unpack by themselves at their next start.
func (g *group) officialArchives(p *analyze.Plan, w *member, targets []target) {
	nodes := nodesOf(targets)
	var file, list string
	var data []byte
	switch w.Layout.Product {
	case hostlayout.LXD:
		file, list, data = "lxd_recovery_db.tar.gz", "raft_nodes.yaml", hostlayout.EncodeRaftNodes(nodes)
	case hostlayout.Microcluster, hostlayout.Microcloud, hostlayout.Microceph, hostlayout.Microovn, hostlayout.K8sd:
		file, list, data = "recovery_db.tar.gz", "recovery.yaml", hostlayout.EncodeRecovery(nodes)
	default:
		return
	}
	step := analyze.Step{Op: analyze.Archive, File: file, Because: "for members whose daemon is to replace its database by itself; use either this or the directories"}
	for _, s := range p.Steps {
		dir, name := path.Split(s.File)
		if s.Node != w.name() || s.Op == analyze.LeaveOut || path.Clean(dir) != path.Clean(w.Data) || name == "info.yaml" || strings.HasPrefix(name, "metadata") {
			continue
		}
		step.Members = append(step.Members, analyze.Member{Node: s.Node, File: s.File, Name: name})
	}
	step.Members = append(step.Members, analyze.Member{Name: list, Data: data})
	p.Steps = append(p.Steps, step)
}

// A host tells where a product keeps its data and how it is stopped.
type host struct{ path, stop, start string }

var hosts = map[string]host{
	hostlayout.Incus:        {"/var/lib/incus", "systemctl stop incus.service incus.socket", "systemctl start incus.service"},
	hostlayout.LXD:          {"/var/snap/lxd/common/lxd", "snap stop lxd", "snap start lxd"},
	hostlayout.MicroK8s:     {"/var/snap/microk8s/current/var/kubernetes/backend", "microk8s stop", "microk8s start"},
	hostlayout.K8sDqlite:    {"/var/snap/k8s/common/var/lib/k8s-dqlite", "snap stop k8s", "snap start k8s"},
	hostlayout.K8sd:         {"/var/snap/k8s/common/var/lib/k8sd/state", "snap stop k8s", "snap start k8s"},
	hostlayout.Microcloud:   {"/var/snap/microcloud/common/state", "snap stop microcloud", "snap start microcloud"},
	hostlayout.Microceph:    {"/var/snap/microceph/common/state", "snap stop microceph", "snap start microceph"},
	hostlayout.Microovn:     {"/var/snap/microovn/common/state", "snap stop microovn", "snap start microovn"},
	hostlayout.Microcluster: {"STATE_DIR", "stop the daemon", "start the daemon"},
	hostlayout.Juju:         {"/var/lib/juju/dqlite", "systemctl stop 'jujud-machine-*'", "systemctl start 'jujud-machine-*'"},
}

// commands are what the operator runs on the hosts, in order. OUT stands for
// the directory that repair wrote; without replaced the hosts' own directories
// are good as they are.
func (g *group) commands(names []string, replaced bool) []analyze.Command {
	var out []analyze.Command
	// What is the same on several nodes is one command.
	each := func(run func(h host, m *member) (string, string)) {
		first := len(out)
		for _, name := range names {
			m := g.member(name)
			h, ok := hosts[m.Layout.Product]
			if !ok {
				h = host{"DATA_DIR", "stop the program", "start the program"}
			}
			line, why := run(h, m)
			if i := slices.IndexFunc(out[first:], func(c analyze.Command) bool { return c.Run == line }); i >= 0 {
				out[first+i].Node += ", " + name
				continue
			}
			out = append(out, analyze.Command{Node: name, Run: line, Why: why})
		}
	}
	if !replaced {
		each(func(h host, m *member) (string, string) {
			return h.start, "on the directories as they are, within a few seconds of each other"
		})
		return out
	}
	each(func(h host, m *member) (string, string) {
		return h.stop, "everywhere, before anything is copied"
	})
	each(func(h host, m *member) (string, string) {
		live := path.Join(h.path, liveDir(m))
		return fmt.Sprintf("mv %s %s.before-recovery", live, live), "keep the original; never start it again"
	})
	each(func(h host, m *member) (string, string) {
		return fmt.Sprintf("cp -a %s %s", path.Join("OUT", m.name(), liveDir(m)), path.Join(h.path, liveDir(m))), "OUT is what repair wrote; owner, mode and keys as its restore-notes.txt says"
	})
	each(func(h host, m *member) (string, string) {
		return h.start, "all within a few seconds of each other"
	})
	return out
}

// localDBCommands adds the copying of every local.db that the plan changes,
// in front of the start.
func (g *group) localDBCommands(p *analyze.Plan) {
	var add []analyze.Command
	for _, s := range p.Steps {
		if s.Op != analyze.SQL {
			continue
		}
		live := path.Join(hosts[g.member(s.Node).Layout.Product].path, s.File)
		add = append(add, analyze.Command{Node: s.Node, Run: fmt.Sprintf("mv %s %s.before-recovery && cp -a %s %s", live, live, path.Join("OUT", s.Node, s.File), live), Why: "the daemon's own list of members"})
	}
	if n := len(p.Commands); n > 0 {
		p.Commands = slices.Insert(p.Commands, n-1, add...)
	}
}

// liveDir is the directory below the host root that is replaced.
func liveDir(m *member) string {
	if m.Data == "." {
		return ""
	}
	return m.Data
}

// orderNote says which node should come up first if it matters.
func (g *group) orderNote(p *analyze.Plan) {
	if g.verdict.Provisional {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s %s not given; if one of them is ahead, it wins the election once it is back.", list(g.verdict.Missing), wasWere(len(g.verdict.Missing))))
	}
}
