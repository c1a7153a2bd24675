package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/internal/realserver"
)

var (
	crashes   = flag.Int("crashes", 0, "how often each configuration of Galera servers is killed under load (default 2)")
	crashSeed = flag.Uint64("crash-seed", 1, "seed of the load, and of the moments of the crashes")
	crashKeep = flag.String("crash-keep", "", "directory to copy nodes to whose position or write-set cache was read wrongly")
)

const (
	shortCrashes = 2
	shortTime    = 2 * time.Minute // after which the ordinary tests begin no second crash
)

// A crashConfiguration is a kind of cluster that crashes over and over.
type crashConfiguration struct {
	name    string
	nodes   int
	options realserver.Options
	// holes: with a binary log, and a redo log that is not flushed at each
	// prepare, a crash can keep a later prepared transaction and lose an earlier
	// one. Recovery commits the later one, as the binary log has it, and its
	// position is above a hole that no incremental transfer fills.
	holes bool
}

// crashConfigurations have small redo logs, so that checkpoints, page flushes and
// undo truncation all happen while they run.
func crashConfigurations() []crashConfiguration {
	return []crashConfiguration{
		{name: "undo 0", nodes: 1},
		{name: "undo 3", nodes: 3, options: realserver.Options{UndoTablespaces: 3,
			Settings: map[string]string{"innodb_flush_log_at_trx_commit": "0"}}},
		{name: "undo 0, binary log", nodes: 2, options: realserver.Options{Binlog: true,
			Settings: map[string]string{"sync_binlog": "1", "max_binlog_size": "256K"}}},
		{name: "undo 3, binary log", nodes: 1, options: realserver.Options{UndoTablespaces: 3, Binlog: true,
			Settings: map[string]string{"innodb_flush_log_at_trx_commit": "2", "innodb_undo_log_truncate": "ON", "innodb_max_undo_log_size": "10M"}}},
		{name: "undo 0, server GTID", nodes: 1, options: realserver.Options{GTIDMode: true}},
		{name: "undo 3, binary log, server GTID", nodes: 2, options: realserver.Options{UndoTablespaces: 3, Binlog: true, GTIDMode: true,
			Settings: map[string]string{"innodb_flush_log_at_trx_commit": "0"}}, holes: true},
		{name: "pages of 4 KiB, checksums of before", nodes: 1, options: realserver.Options{UndoTablespaces: 3,
			Init: map[string]string{"innodb_page_size": "4K", "innodb_checksum_algorithm": "crc32"}}},
		{name: "pages of 8 KiB, two system files", nodes: 1, options: realserver.Options{
			Init: map[string]string{"innodb_page_size": "8K", "innodb_data_file_path": "ibdata1:12M;ibdata2:4M:autoextend"}}},
		{name: "pages of 32 KiB", nodes: 1, options: realserver.Options{UndoTablespaces: 3, Binlog: true,
			Init: map[string]string{"innodb_page_size": "32K", "innodb_buffer_pool_size": "48M"}}},
		{name: "pages of 64 KiB", nodes: 1, options: realserver.Options{
			Init: map[string]string{"innodb_page_size": "64K", "innodb_checksum_algorithm": "strict_crc32", "innodb_buffer_pool_size": "64M"}}},
	}
}

// TestGaleraCrashes kills clusters under load and compares what the directories
// say, untouched, with what the real server and its provider make of them: the
// position that --wsrep-recover prints, and the range of the write-set cache.
func TestGaleraCrashes(t *testing.T) {
	server := realserver.Available(t)
	rounds, begin := *crashes, time.Now()
	more := func(round int) bool { return round < rounds }
	if rounds == 0 {
		more = func(round int) bool { return round == 0 || round < shortCrashes && time.Since(begin) < shortTime }
	}
	var tally crashTally
	t.Run("configurations", func(t *testing.T) {
		for i, c := range crashConfigurations() {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				run := &crashRun{
					tally: &tally, whole: c.options.GTIDMode, holes: c.holes, random: rand.New(rand.NewPCG(*crashSeed, uint64(i))),
					Cluster: server.NewCluster(t, c.nodes, c.options),
				}
				run.crashes(t, more)
			})
		}
	})
	t.Logf("MariaDB %s, seed %d: %s", server.Version, *crashSeed, &tally)
}

// A crashTally counts comparisons.
type crashTally struct {
	sync.Mutex
	crashes, positions, equalPositions, caches, equalCaches, ahead int
}

func (y *crashTally) String() string {
	return fmt.Sprintf("%d crashes; position equal %d of %d; write-set cache equal %d of %d; "+
		"%d caches beyond the position",
		y.crashes, y.equalPositions, y.positions, y.equalCaches, y.caches, y.ahead)
}

// A crashRun is one cluster on its way from crash to crash.
type crashRun struct {
	*realserver.Cluster
	tally  *crashTally
	random *rand.Rand
	whole  bool // the option file is given too: nothing else tells wsrep_gtid_mode for certain
	holes  bool // as in the configuration
}

func (r *crashRun) crashes(t *testing.T, more func(round int) bool) {
	require.NoError(t, r.Start(t.Context()))
	for round := 0; more(round); round++ {
		r.crash(t, round)
	}
	sums, err := r.Checksums(t.Context())
	require.NoError(t, err)
	for i, n := range r.Nodes {
		assert.Equal(t, sums[0], sums[i], "%s after the last restart", n.Name)
	}
}

// crash loads, kills, looks, compares, and starts again.
func (r *crashRun) crash(t *testing.T, round int) {
	ctx := t.Context()
	load, err := r.StartLoad(t, realserver.LoadOptions{Writers: 4, Seed: r.random.Uint64(), SchemaChanges: true})
	require.NoError(t, err)
	status, err := r.Nodes[0].Status(ctx)
	require.NoError(t, err)
	require.NoError(t, r.Nodes[0].WaitCommitted(ctx, status.LastCommitted()+int64(20+r.random.IntN(800))))
	// A moment that no answer of the server points to.
	<-time.After(time.Duration(r.random.IntN(150)) * time.Millisecond)
	r.Kill()
	load.Stop()

	ours := readGalera(t, r.directories()...)
	positions := map[string]realserver.Position{}
	r.count(func(y *crashTally) { y.crashes++ })
	for _, n := range r.Nodes {
		p, log, err := n.RecoverCopy(ctx)
		require.NoError(t, err, "crash %d of %s", round, n.Name)
		positions[n.Name] = p
		equal := assert.Equal(t, p.String(), ours.node(t, n.Name).facts.RecoveredPosition, "crash %d: position of %s\n%s", round, n.Name, log)
		r.count(func(y *crashTally) {
			y.positions++
			if equal {
				y.equalPositions++
			}
		})
		if !equal {
			r.keep(t, round, n)
		}
	}
	r.newest(t, round, ours, positions)
	r.restart(t, round, ours, positions)
}

func (r *crashRun) count(f func(*crashTally)) {
	r.tally.Lock()
	defer r.tally.Unlock()
	f(r.tally)
}

// directories are the arguments of a command line.
func (r *crashRun) directories() []string {
	var out []string
	for _, n := range r.Nodes {
		out = append(out, n.Name+"="+r.directory(n))
	}
	return out
}

// directory is what the program is given of a node.
func (r *crashRun) directory(n *realserver.Node) string {
	if r.whole {
		return n.Home
	}
	return n.Dir
}

// newest compares the verdict with the positions.
func (r *crashRun) newest(t *testing.T, round int, ours galeraReport, positions map[string]realserver.Position) {
	var want []string
	best := positions[r.best(positions).Name].Seqno
	for _, n := range r.Nodes {
		if positions[n.Name].Seqno == best {
			want = append(want, n.Name)
		}
	}
	verdict := ours.cluster.Verdict
	assert.True(t, verdict.Decided, "crash %d: %s", round, verdict.Reason)
	assert.Equal(t, want, verdict.MostRecent, "crash %d: %s", round, verdict.Reason)
	assert.Contains(t, want, verdict.Recommended, "crash %d", round)
}

// best is the first of the nodes that are ahead.
func (r *crashRun) best(positions map[string]realserver.Position) *realserver.Node {
	return slices.MaxFunc(r.Nodes, func(a, b *realserver.Node) int {
		return int(positions[a.Name].Seqno - positions[b.Name].Seqno)
	})
}

// restart continues from the most recent node, with the state files written as
// operators do, and compares the write-set caches.
func (r *crashRun) restart(t *testing.T, round int, ours galeraReport, positions map[string]realserver.Position) {
	ctx := t.Context()
	best := r.best(positions)
	// A full transfer, into nothing, where an incremental one may leave nodes that
	// differ.
	full := r.holes || r.inSchemaChange(t)
	dirs := map[string]string{}
	for _, n := range r.Nodes {
		if *crashKeep != "" { // the start changes the cache
			dirs[n.Name] = filepath.Join(t.TempDir(), n.Name)
			require.NoError(t, realserver.CopyDir(ctx, r.directory(n), dirs[n.Name]))
		}
		if full && n != best {
			require.NoError(t, n.Adopt(ctx, t.TempDir()))
			continue
		}
		p := positions[n.Name]
		require.NoError(t, realserver.WriteState(n.Dir, realserver.State{UUID: p.UUID, Seqno: p.Seqno, SafeToBootstrap: n == best}))
	}
	require.NoError(t, r.StartFrom(ctx, best))
	for _, n := range r.Nodes {
		if full && n != best {
			continue
		}
		log, err := n.Log()
		require.NoError(t, err)
		want, ok := realserver.CacheRange(log)
		require.True(t, ok, "%s says nothing about its write-set cache", n.Name)
		got := ours.node(t, n.Name).facts.cache()
		equal := assert.Empty(t, cmp.Diff(want, got), "crash %d: write-set cache of %s", round, n.Name)
		r.count(func(y *crashTally) {
			y.caches++
			if equal {
				y.equalCaches++
			}
			if want.Last > positions[n.Name].Seqno {
				y.ahead++
			}
		})
		if !equal && *crashKeep != "" {
			keepDirectory(t, dirs[n.Name], round, n.Name)
		}
	}
}

// inSchemaChange reports whether one of the nodes was killed inside of a schema
// change, which the nodes may have carried out or not: the provider takes the
// UUID out of the state file meanwhile.
func (r *crashRun) inSchemaChange(t *testing.T) bool {
	for _, n := range r.Nodes {
		state, err := realserver.ReadState(n.Dir)
		require.NoError(t, err)
		if state.UUID == realserver.ZeroUUID {
			return true
		}
	}
	return false
}

// keep copies a directory for a closer look.
func (r *crashRun) keep(t *testing.T, round int, n *realserver.Node) {
	if *crashKeep != "" {
		keepDirectory(t, r.directory(n), round, n.Name)
	}
}

func keepDirectory(t *testing.T, dir string, round int, node string) {
	name := strings.NewReplacer("/", "-", ",", "").Replace(t.Name())
	to := filepath.Join(*crashKeep, fmt.Sprintf("%s-%d-%s", name, round, node))
	require.NoError(t, os.MkdirAll(*crashKeep, 0o755))
	require.NoError(t, realserver.CopyDir(t.Context(), dir, to))
	t.Logf("kept as %s", to)
}
