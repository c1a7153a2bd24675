package realserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	defaultRedoSize = "4M"
	defaultLife     = 10 * time.Minute
	clusterName     = "lastwrite"
)

// Options are the settings of a cluster's servers.
type Options struct {
	UndoTablespaces int
	Binlog          bool              // log_bin with log_slave_updates
	GTIDMode        bool              // wsrep_gtid_mode, which prints a server GTID with every position
	Init            map[string]string // what has to be set when the directories are made, and stays: "innodb_page_size": "4K"
	Settings        map[string]string // any others, or other values than the usual ones: "sync_binlog": "1"
	Provider        map[string]string // wsrep_provider_options: "gcache.size": "4M"
	Life            time.Duration     // after which a server is killed, 0 = 10 minutes
}

// A Cluster is a set of nodes that are meant to run together.
type Cluster struct {
	Nodes []*Node

	server  *Server
	options Options
	dir     string
	peers   []string // addresses of the replication ports, arbitrators included
}

// NewCluster makes the directories of n nodes, named node1 and so on. Nothing
// runs yet. Everything is killed and removed at the end of the test.
func (s *Server) NewCluster(t testing.TB, n int, o Options) *Cluster {
	t.Helper()
	if o.Life == 0 {
		o.Life = defaultLife
	}
	// Not t.TempDir: the path of a socket must be short.
	dir, err := os.MkdirTemp("", "lw")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{server: s, options: o, dir: dir}
	t.Cleanup(func() {
		c.Kill()
		if t.Failed() {
			for _, n := range c.Nodes {
				t.Logf("%s said last:\n%s", n.Name, n.tail())
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := s.owns(dir); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "fresh")
	if err := s.newDataDir(t.Context(), fresh, o.UndoTablespaces, o.Init); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		n := &Node{Name: fmt.Sprintf("node%d", i+1), cluster: c, number: i + 1, endpoint: claim(t)}
		n.Home = filepath.Join(dir, n.Name)
		n.Dir = filepath.Join(n.Home, "data")
		if err := os.Mkdir(n.Home, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(CopyDir(t.Context(), fresh, n.Dir), s.owns(n.Home)); err != nil {
			t.Fatal(err)
		}
		c.Nodes = append(c.Nodes, n)
		c.peers = append(c.peers, address(n.endpoint.ip, n.endpoint.group))
	}
	if err := os.RemoveAll(fresh); err != nil {
		t.Fatal(err)
	}
	return c
}

// Start bootstraps the first node, then starts the others all at once, and waits
// until they are synced.
func (c *Cluster) Start(ctx context.Context) error {
	return c.StartFrom(ctx, c.Nodes[0])
}

// StartFrom bootstraps one node, then starts the others all at once, and waits
// until they are synced.
func (c *Cluster) StartFrom(ctx context.Context, first *Node) error {
	if err := first.Bootstrap(ctx); err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(c.Nodes), func(n *Node) bool { return n == first })
	for _, n := range others {
		if err := n.Launch(); err != nil {
			return err
		}
	}
	for _, n := range others {
		if err := n.WaitSynced(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Kill ends all servers like a loss of power to all of them.
func (c *Cluster) Kill() {
	var running []*daemon
	for _, n := range c.Nodes {
		if n.daemon != nil {
			running = append(running, n.daemon)
			n.daemon = nil
		}
	}
	killAll(running)
}

// gcomm is the list of the other members.
func (c *Cluster) gcomm(without string) string {
	others := slices.DeleteFunc(slices.Clone(c.peers), func(p string) bool { return p == without })
	return "gcomm://" + strings.Join(others, ",")
}

// settings are the lines of a node's configuration file.
func (c *Cluster) settings(n *Node, dataDir, home string) string {
	all := map[string]string{
		"datadir":   dataDir,
		"socket":    filepath.Join(home, "s"),
		"pid_file":  filepath.Join(home, "pid"),
		"log_error": filepath.Join(home, "error.log"),
		"tmpdir":    home,
		"server_id": fmt.Sprint(n.number),

		"skip_networking":          "ON",
		"skip_name_resolve":        "ON",
		"performance_schema":       "OFF",
		"default_storage_engine":   "InnoDB",
		"innodb_autoinc_lock_mode": "2",
		"innodb_buffer_pool_size":  "16M",
		"innodb_log_file_size":     defaultRedoSize,
		"innodb_undo_tablespaces":  fmt.Sprint(c.options.UndoTablespaces),
		"binlog_format":            "ROW",

		"wsrep_on":                    "ON",
		"wsrep_provider":              c.server.provider,
		"wsrep_cluster_name":          clusterName,
		"wsrep_cluster_address":       c.gcomm(address(n.endpoint.ip, n.endpoint.group)),
		"wsrep_node_name":             n.Name,
		"wsrep_node_address":          n.endpoint.ip,
		"wsrep_node_incoming_address": n.endpoint.ip,
		"wsrep_sst_method":            "rsync",
		"wsrep_sst_receive_address":   address(n.endpoint.ip, n.endpoint.sst),
		"wsrep_slave_threads":         "2",
		"wsrep_provider_options":      c.providerOptions(n),
	}
	if c.options.Binlog {
		all["log_bin"] = "binlog"
		all["log_slave_updates"] = "ON"
	}
	if c.options.GTIDMode {
		all["wsrep_gtid_mode"] = "ON"
		all["wsrep_gtid_domain_id"] = "7"
		all["gtid_domain_id"] = fmt.Sprint(100 + n.number)
		all["server_id"] = "1" // one for the cluster, as the manual asks for
	}
	maps.Copy(all, c.options.Init)
	maps.Copy(all, c.options.Settings)

	var b strings.Builder
	b.WriteString("[mariadbd]\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = %s\n", name, all[name])
	}
	return b.String()
}

func (c *Cluster) providerOptions(n *Node) string {
	all := map[string]string{
		"base_host":          n.endpoint.ip,
		"base_port":          fmt.Sprint(n.endpoint.group),
		"gmcast.listen_addr": "tcp://" + address(n.endpoint.ip, n.endpoint.group),
		"ist.recv_addr":      "tcp://" + address(n.endpoint.ip, n.endpoint.ist),
		"gcache.size":        "1M",
	}
	maps.Copy(all, c.options.Provider)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, name+"="+all[name])
	}
	return `"` + strings.Join(list, ";") + `"`
}
