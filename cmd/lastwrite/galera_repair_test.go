package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/internal/realserver"
	"github.com/lastwrite/lastwrite/repair"
)

// A galeraDeath is a way in which a cluster ends.
type galeraDeath struct {
	name    string
	nodes   int
	options realserver.Options
	die     func(*testing.T, *realserver.Cluster)
}

func galeraDeaths() []galeraDeath {
	return []galeraDeath{
		{"all killed under load", 3, realserver.Options{UndoTablespaces: 3, Binlog: true}, func(t *testing.T, c *realserver.Cluster) {
			galeraWrites(t, c, 300)
			c.Kill()
		}},
		{"one stopped shortly before", 3, realserver.Options{}, func(t *testing.T, c *realserver.Cluster) {
			galeraWrites(t, c, 50).Stop()
			last := c.Nodes[2]
			require.NoError(t, last.Stop(t.Context()))
			galeraRows(t, c.Nodes[0], 20, 10)
			c.Kill()
		}},
		{"one stopped long before", 3, realserver.Options{GTIDMode: true}, func(t *testing.T, c *realserver.Cluster) {
			galeraWrites(t, c, 50).Stop()
			require.NoError(t, c.Nodes[0].Stop(t.Context()))
			galeraRows(t, c.Nodes[1], 40, 100_000) // four times the write-set cache
			c.Kill()
		}},
		{"killed in a schema change", 2, realserver.Options{UndoTablespaces: 3}, func(t *testing.T, c *realserver.Cluster) {
			galeraRows(t, c.Nodes[0], 40, 200_000)
			killInSchemaChange(t, c)
		}},
		{"state file deleted", 2, realserver.Options{Binlog: true, GTIDMode: true}, func(t *testing.T, c *realserver.Cluster) {
			galeraWrites(t, c, 100).Stop()
			c.Kill()
			require.NoError(t, os.Remove(filepath.Join(c.Nodes[0].Dir, "grastate.dat")))
		}},
		{"stopped in good order", 2, realserver.Options{Binlog: true}, func(t *testing.T, c *realserver.Cluster) {
			galeraWrites(t, c, 100).Stop()
			for _, n := range c.Nodes {
				require.NoError(t, n.Stop(t.Context()))
			}
		}},
	}
}

// galeraWrites lets clients write, and returns when there are that many write
// sets more.
func galeraWrites(t *testing.T, c *realserver.Cluster, sets int64) *realserver.Load {
	load, err := c.StartLoad(t, realserver.LoadOptions{Writers: 3, Seed: 1})
	require.NoError(t, err)
	status, err := c.Nodes[0].Status(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Nodes[0].WaitCommitted(t.Context(), status.LastCommitted()+sets))
	return load
}

// galeraRows writes rows of a size, each in a write set of its own.
func galeraRows(t *testing.T, n *realserver.Node, rows, size int) {
	var b strings.Builder
	b.WriteString("CREATE DATABASE IF NOT EXISTS big;\nCREATE TABLE IF NOT EXISTS big.t (id INT AUTO_INCREMENT PRIMARY KEY, n INT, filler MEDIUMBLOB);\n")
	for range rows {
		fmt.Fprintf(&b, "INSERT INTO big.t (n, filler) VALUES (1, REPEAT('x', %d));\n", size)
	}
	_, err := n.SQL(t.Context(), b.String())
	require.NoError(t, err)
}

// killInSchemaChange kills the cluster while the provider has taken the position
// out of the first node's state file because a schema change runs.
func killInSchemaChange(t *testing.T, c *realserver.Cluster) {
	n := c.Nodes[0]
	changed := make(chan error, 1)
	go func() {
		_, err := n.SQL(t.Context(), "ALTER TABLE big.t FORCE, ADD KEY (n), ADD COLUMN m INT DEFAULT 7 AFTER id, ALGORITHM=COPY;")
		changed <- err
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if s, err := realserver.ReadState(n.Dir); err == nil && s.UUID == realserver.ZeroUUID {
			c.Kill()
			<-changed // whatever the client made of it
			return
		}
		select {
		case err := <-changed:
			c.Kill()
			require.FailNow(t, "the schema change was over at once", "%v", err)
		case <-tick.C:
		}
	}
}

// TestRepairedGaleraRuns lets clusters die, has them repaired, and starts the
// real servers on the written directories with the printed commands: they have
// to continue the old history, catch up in the way that was forecast, and hold
// the same data.
func TestRepairedGaleraRuns(t *testing.T) {
	server := realserver.Available(t)
	for _, death := range galeraDeaths() {
		t.Run(death.name, func(t *testing.T) {
			t.Parallel()
			r := galeraRepair{Cluster: server.NewCluster(t, death.nodes, death.options)}
			require.NoError(t, r.Start(t.Context()))
			death.die(t, r.Cluster)
			r.keepOriginals(t)
			r.carryOut(t)
			r.bootstrapOriginals(t)
			r.start(t)
		})
	}
}

// A galeraRepair is one dead cluster.
type galeraRepair struct {
	*realserver.Cluster
	originals map[string]string // directories of the dead nodes, by name
	paths     []string          // the same, as arguments
	before    galeraReport      // on the originals
	after     galeraReport      // on the written directories
	file      *repair.File
	out       string
}

// keepOriginals copies what is about to be replaced.
func (r *galeraRepair) keepOriginals(t *testing.T) {
	dir := t.TempDir()
	r.originals = map[string]string{}
	for _, n := range r.Nodes {
		copied := filepath.Join(dir, n.Name)
		require.NoError(t, realserver.CopyDir(t.Context(), n.Dir, copied))
		r.originals[n.Name] = copied
		r.paths = append(r.paths, n.Name+"="+copied)
	}
}

// carryOut makes the plan and the directories, and reads them.
func (r *galeraRepair) carryOut(t *testing.T) {
	dir := t.TempDir()
	before := map[string]tree{}
	for name, path := range r.originals {
		var err error
		before[name], err = readTree(path)
		require.NoError(t, err)
	}
	plan := filepath.Join(dir, "PLAN.json")
	r.out = filepath.Join(dir, "out")
	r.before = readGalera(t, r.paths...)
	commandOutput(t, append([]string{"plan", "-o", plan}, r.paths...)...)
	commandOutput(t, append([]string{"repair", plan, "--out", r.out}, r.paths...)...)
	in, err := os.Open(plan)
	require.NoError(t, err)
	r.file, err = repair.Read(in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	var written []string
	for _, n := range r.Nodes {
		if data := r.data(t, n); data != "" {
			written = append(written, n.Name+"="+data)
		}
	}
	r.after = readGalera(t, written...)
	for name, path := range r.originals {
		now, err := readTree(path)
		require.NoError(t, err)
		assert.Equal(t, before[name], now, "%s changed", name)
	}
}

// data is the written data directory of a node, "" for one that has to start
// with nothing.
func (r *galeraRepair) data(t *testing.T, n *realserver.Node) (dir string) {
	root := filepath.Join(r.out, n.Name)
	if _, err := os.Stat(root); os.IsNotExist(err) {
		return ""
	}
	require.NoError(t, filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		if dir == "" && filepath.Base(name) == "ibdata1" {
			dir = filepath.Dir(name)
		}
		return err
	}))
	require.NotEmpty(t, dir, "no data was written for %s", n.Name)
	return dir
}

// bootstrapOriginals compares the forecasts of a bootstrap of each directory as
// it was found with what the server does.
func (r *galeraRepair) bootstrapOriginals(t *testing.T) {
	for _, n := range r.Nodes {
		require.NoError(t, n.Adopt(t.Context(), r.originals[n.Name]))
		forecast := r.before.node(t, n.Name).Start
		err := n.Bootstrap(t.Context())
		n.Kill()
		if forecast.Outcome == "refuses" {
			assert.ErrorContains(t, err, forecast.Error, n.Name)
			assert.NotEmpty(t, forecast.Error, n.Name)
		} else {
			assert.NoError(t, err, "%s: forecast %s", n.Name, forecast.Outcome)
		}
	}
}

// start does what the commands of the plan say, and looks at the cluster.
func (r *galeraRepair) start(t *testing.T) {
	ctx := t.Context()
	base := r.file.Plan.Base
	assert.Contains(t, r.before.cluster.Verdict.MostRecent, base)
	want, err := realserver.ParsePosition(r.after.node(t, base).facts.RecoveredPosition)
	require.NoError(t, err)
	byName := map[string]*realserver.Node{}
	for _, n := range r.Nodes {
		byName[n.Name] = n
		data := r.data(t, n)
		if data == "" {
			data = t.TempDir()
		}
		require.NoError(t, n.Adopt(ctx, data))
	}
	var started []string
	for _, c := range galeraStarts(r.file) {
		n := byName[c.node]
		require.NotNil(t, n, "no node %q", c.node)
		require.Equal(t, len(started) == 0, c.bootstrap, "the first start, and no other, is a bootstrap")
		if c.bootstrap {
			require.Equal(t, base, c.node)
			require.NoError(t, n.Bootstrap(ctx, c.args...))
			r.continues(t, n, want)
		} else {
			require.NoError(t, n.Join(ctx, c.args...))
			log, err := n.Log()
			require.NoError(t, err)
			assert.Equal(t, r.joinsBy(t, n, base), realserver.JoinedBy(log), "how %s joins", c.node)
		}
		started = append(started, c.node)
	}
	assert.Len(t, started, len(r.Nodes), "all nodes are started")
	r.takesWrites(t)
}

// joinsBy is the forecast for a node's written directory.
func (r *galeraRepair) joinsBy(t *testing.T, n *realserver.Node, donor string) realserver.Transfer {
	if r.data(t, n) == "" {
		return realserver.Full
	}
	return realserver.Transfer(r.after.node(t, n.Name).facts.JoinsBy[donor])
}

// continues checks that the history goes on where it ended.
func (r *galeraRepair) continues(t *testing.T, n *realserver.Node, want realserver.Position) {
	status, err := n.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want.UUID, status["wsrep_cluster_state_uuid"])
	assert.Equal(t, want.Seqno+1, status.LastCommitted(), "the first view is the next event")
}

func (r *galeraRepair) takesWrites(t *testing.T) {
	ctx := t.Context()
	for _, n := range r.Nodes {
		_, err := n.SQL(ctx, "CREATE DATABASE IF NOT EXISTS afterwards; CREATE TABLE IF NOT EXISTS afterwards.t (name VARCHAR(9) PRIMARY KEY);\n"+
			"INSERT INTO afterwards.t VALUES ('"+n.Name+"');")
		require.NoError(t, err)
	}
	sums, err := r.Checksums(ctx)
	require.NoError(t, err)
	assert.Contains(t, sums[0], "afterwards.t")
	for i, n := range r.Nodes {
		assert.Equal(t, sums[0], sums[i], n.Name)
	}
}

// A galeraStart is one start out of the commands of a plan.
type galeraStart struct {
	node      string
	bootstrap bool
	args      []string
}

// galeraStarts are the commands that start a server, in order.
func galeraStarts(f *repair.File) (out []galeraStart) {
	bootstrap := regexp.MustCompile(`\bgalera_new_cluster\b|--wsrep[-_]new[-_]cluster\b`)
	start := regexp.MustCompile(`\b(systemctl|service)\b.*\bstart\b|\b(mariadbd|mysqld|mysqld_safe|mariadbd-safe)\b`)
	position := regexp.MustCompile(`--wsrep[-_]start[-_]position=\S+`)
	for _, c := range f.Plan.Commands {
		switch {
		case bootstrap.MatchString(c.Run):
			out = append(out, galeraStart{c.Node, true, position.FindAllString(c.Run, -1)})
		case start.MatchString(c.Run):
			out = append(out, galeraStart{c.Node, false, position.FindAllString(c.Run, -1)})
		}
	}
	return out
}
