package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/reallib"
	"github.com/lastwrite/lastwrite/repair"
	"github.com/lastwrite/lastwrite/report"
)

// TestRepairedDirectoriesRun carries out every plan that is offered for every
// case and lets the real library judge the result: each directory alone shows
// the rows that were measured for the data it was made from, and together they
// are a cluster that takes a write.
func TestRepairedDirectoriesRun(t *testing.T) {
	lib := reallib.Available(t)
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fixtures.Open(t, "cowsql", name)
			r := &repairTest{lib: lib, c: c, input: c.Dir}
			r.remember(t)
			doc := r.report(t)
			for _, cluster := range doc.Clusters {
				for _, p := range cluster.Plans {
					t.Run(cluster.ID+"/"+p.ID, func(t *testing.T) { r.plan(t, cluster, p) })
				}
			}
		})
	}
}

// TestRepairsOfOneNode repeats the repairs that the real library accepted when
// the cases were recorded, from nothing but the node's own directory.
func TestRepairsOfOneNode(t *testing.T) {
	lib := reallib.Available(t)
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fixtures.Open(t, "cowsql", name)
			for _, v := range c.Cowsql.VerifiedRepairs {
				if v.Result.Rows == nil || strings.Contains(v.Repair, "of n") || strings.Contains(v.Repair, "from n") {
					continue // made with the help of another node, or not started
				}
				t.Run(v.Node, func(t *testing.T) {
					r := &repairTest{lib: lib, c: c, input: c.Node(t, v.Node).Path}
					r.remember(t)
					doc := r.report(t)
					require.Len(t, doc.Clusters, 1)
					w := r.carryOut(t, doc.Clusters[0], report.Plan{ID: "continue-from-" + v.Node, Base: v.Node})
					m := w.member(t, filepath.Join(w.dir, v.Node), v.Node)
					got, err := lib.Rows(t.Context(), m.Dir, m.ID, m.Address, c.Cowsql.Databases)
					require.NoError(t, err)
					assert.Equal(t, tablesOf(v.Result.Rows), got, v.Repair)
				})
			}
		})
	}
}

// A repairTest is one case.
type repairTest struct {
	lib    *reallib.Library
	c      *fixtures.Case
	input  string // what is given to the commands
	before tree
}

// remember keeps what the inputs are before the first command.
func (r *repairTest) remember(t *testing.T) {
	t.Helper()
	var err error
	r.before, err = readTree(r.input)
	require.NoError(t, err)
}

// run is a command line that has to succeed and to leave the inputs alone.
func (r *repairTest) run(t *testing.T, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := command.Main(args, command.Env{
		Stdout: &stdout, Stderr: &stderr, TempDir: t.TempDir(),
		Getenv:   func(string) string { return "" },
		Terminal: func(io.Writer) (int, bool) { return 0, false },
	})
	require.Contains(t, []int{command.ExitOK, command.ExitFindings}, status, "lastwrite %s\n%s", strings.Join(args, " "), &stderr)
	now, err := readTree(r.input)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(r.before, now), "lastwrite %s changed its inputs", args[0])
	return stdout.Bytes()
}

func (r *repairTest) report(t *testing.T) report.Document {
	t.Helper()
	var doc report.Document
	require.NoError(t, json.Unmarshal(r.run(t, "analyze", r.input, "-o", "json"), &doc))
	return doc
}

// plan carries one plan out and checks what it wrote.
func (r *repairTest) plan(t *testing.T, cluster report.Cluster, p report.Plan) {
	w := r.carryOut(t, cluster, p)
	w.alone(t)
	w.together(t)
	w.besideOriginal(t)
}

// carryOut makes the plan file and the directories.
func (r *repairTest) carryOut(t *testing.T, cluster report.Cluster, p report.Plan) *written {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "PLAN.json"), filepath.Join(dir, "out")
	args := []string{"plan", r.input, "--cluster", cluster.ID, "--plan", p.ID, "-o", file}
	if !cluster.Verdict.Decided {
		args = append(args, "--choose", p.Base)
	}
	r.run(t, args...)
	r.run(t, "repair", file, r.input, "--out", out)
	in, err := os.Open(file)
	require.NoError(t, err)
	f, err := repair.Read(in)
	require.NoError(t, err)
	require.NoError(t, in.Close())
	return &written{repairTest: r, dir: out, file: f}
}

// A written output directory, and the plan that it was made by.
type written struct {
	*repairTest
	dir  string
	file *repair.File
}

// data is the raft directory of a node below dir.
func (w *written) data(dir, node string) string {
	i := slices.IndexFunc(w.c.Nodes, func(n fixtures.Node) bool { return n.Name == node })
	rel, _ := filepath.Rel(w.c.Nodes[i].Path, w.c.Nodes[i].Data)
	return filepath.Join(dir, rel)
}

// member is a server on a copy of dir.
func (w *written) member(t *testing.T, dir, node string) reallib.Member {
	truth := w.c.Cowsql.Nodes[node]
	m := reallib.Member{ID: truth.ID, Address: truth.Address, Dir: w.data(fixtures.Copy(t, dir), node)}
	if !slices.Contains(w.nodes(), node) {
		m.Role = reallib.Spare
	}
	return m
}

// nodes are the directories that the plan promises data in.
func (w *written) nodes() []string {
	var out []string
	for _, p := range w.file.Plan.Promise {
		if p.Index > 0 {
			out = append(out, p.Node)
		}
	}
	return out
}

// alone starts the directories as single voters and compares all rows. With a
// new configuration all hold the same.
func (w *written) alone(t *testing.T) {
	nodes := w.nodes()
	if strings.HasPrefix(w.file.Plan.ID, "continue") {
		nodes = nodes[:1]
	}
	for _, node := range nodes {
		m := w.member(t, filepath.Join(w.dir, node), node)
		got, err := w.lib.Rows(t.Context(), m.Dir, m.ID, m.Address, w.c.Cowsql.Databases)
		if assert.NoError(t, err, node) {
			assert.Equal(t, w.expected(t, node), got, node)
		}
	}
}

// expected are the rows that were measured for the data of an output
// directory.
func (w *written) expected(t *testing.T, node string) map[string]reallib.Tables {
	t.Helper()
	source := node
	other := func(from string) bool { return from != node }
	if slices.ContainsFunc(w.sources(node), other) || strings.HasPrefix(w.file.Plan.ID, "continue") {
		source = w.file.Plan.Base
	}
	if rows := w.repaired(source); rows != nil {
		return rows
	}
	truth := w.c.Cowsql.Nodes[source]
	if rows := truth.Rows; rows != nil && rows.Crash == "" {
		return tablesOf(rows)
	}
	if rows := w.c.Cowsql.Nodes[w.file.Plan.Base].Rows; rows != nil && rows.Crash == "" {
		return tablesOf(rows)
	}
	return w.closedOnly(t, source)
}

// closedOnly are the rows of a node's closed segments: where nothing was
// measured, as the entries of its open segments stand at wrong indexes.
func (w *written) closedOnly(t *testing.T, node string) map[string]reallib.Tables {
	t.Helper()
	m := w.member(t, w.c.Node(t, node).Path, node)
	open, err := filepath.Glob(filepath.Join(m.Dir, "open-*"))
	require.NoError(t, err)
	for _, name := range open {
		require.NoError(t, os.Remove(name))
	}
	rows, err := w.lib.Rows(t.Context(), m.Dir, m.ID, m.Address, w.c.Cowsql.Databases)
	require.NoError(t, err)
	return rows
}

// repaired are the rows of a repair of the node's directory that the real
// library accepted when the case was recorded.
func (w *written) repaired(node string) map[string]reallib.Tables {
	for _, v := range w.c.Cowsql.VerifiedRepairs {
		if v.Node == node && v.Result.Rows != nil {
			return tablesOf(v.Result.Rows)
		}
	}
	return nil
}

// sources are the nodes whose segments and snapshots an output directory is
// made from.
func (w *written) sources(node string) []string {
	seen := map[string]bool{}
	for _, s := range w.file.Plan.Steps {
		if s.Node != node || s.Op == analyze.LeaveOut || strings.HasPrefix(filepath.Base(s.File), "metadata") {
			continue
		}
		for _, p := range s.Parts {
			if base := filepath.Base(p.File); base[0] >= '0' && base[0] <= '9' || strings.HasPrefix(base, "open-") || strings.HasPrefix(base, "snapshot-") {
				seen[p.Node] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func tablesOf(truth *fixtures.RowsTruth) map[string]reallib.Tables {
	all := map[string]reallib.Tables{}
	if truth == nil {
		return all
	}
	for database, d := range truth.Databases {
		all[database] = reallib.Tables{}
		for table, content := range d.Tables {
			all[database][table] = reallib.Table{Rows: content.Rows, SHA256: content.SHA256}
		}
	}
	return all
}

// together starts all directories of the plan as a cluster.
func (w *written) together(t *testing.T) {
	var members []reallib.Member
	for _, node := range w.written() {
		members = append(members, w.member(t, filepath.Join(w.dir, node), node))
	}
	w.cluster(t, members)
}

// written are all directories, those of spares included.
func (w *written) written() []string {
	var out []string
	for _, s := range w.file.Plan.Steps {
		if s.Op != analyze.LeaveOut && s.Node != "" && !slices.Contains(out, s.Node) {
			out = append(out, s.Node)
		}
	}
	slices.Sort(out)
	return out
}

// originals are the cases, and the nodes in them, that besideOriginal leaves on
// the old directory: a shorter log, a refuted tail, other data at an equal
// index and term, and indexes that are wrong.
func originals(name string) []string {
	return map[string][]string{
		"kill9-under-load":                  {"n3"},
		"lagging-node-stale":                {"n2"},
		"term-conflict-highest-index-loses": {"n1"},
		"procedure-a3-run-on-originals":     {"n2"},
		"replicas-diverged-silently":        {"n2"},
		"split-brain-two-recoveries":        {"n3"},
	}[name]
}

// besideOriginal starts the repaired directories with one of the nodes on its
// forgotten original directory: the new configuration, and what the original
// contradicts, have a term that no old directory knows, so that the original
// has to take what the others have.
func (w *written) besideOriginal(t *testing.T) {
	if !strings.HasPrefix(w.file.Plan.ID, "continue") {
		return
	}
	names := w.written()
	for _, forgotten := range originals(w.c.Name) {
		t.Run("beside the original "+forgotten, func(t *testing.T) {
			var members []reallib.Member
			for _, node := range names {
				if node != forgotten {
					members = append(members, w.member(t, filepath.Join(w.dir, node), node))
				}
			}
			members = append(members, w.member(t, w.c.Node(t, forgotten).Path, forgotten))
			w.cluster(t, members)
		})
	}
}

// cluster starts the members together, reads all rows, writes one more, and
// checks that every member has the same rows then.
func (w *written) cluster(t *testing.T, members []reallib.Member) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cluster, err := w.lib.StartCluster(ctx, members)
	require.NoError(t, err)
	defer func() { cluster.Kill() }()
	database := w.c.Cowsql.Databases[0]
	kept, err := cluster.Rows(ctx, w.c.Cowsql.Databases)
	require.NoError(t, err)
	if strings.HasPrefix(w.file.Plan.ID, "continue") {
		assert.Equal(t, w.expected(t, w.file.Plan.Base), kept, "rows of the cluster")
	} else {
		var any []map[string]reallib.Tables // the election decides which
		for _, node := range w.nodes() {
			any = append(any, w.expected(t, node))
		}
		assert.Contains(t, any, kept, "rows of the cluster")
	}
	var changed uint64
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS after_the_repair (n INTEGER PRIMARY KEY)", "INSERT OR REPLACE INTO after_the_repair VALUES (1)",
	} {
		require.NoError(t, cluster.OnLeader(ctx, database, func(conn *reallib.Conn) (err error) {
			changed, err = conn.Exec(statement)
			return err
		}))
	}
	assert.EqualValues(t, 1, changed)
	all, err := cluster.Rows(ctx, w.c.Cowsql.Databases)
	require.NoError(t, err)
	for table, content := range kept[database] {
		assert.Equal(t, content, all[database][table], table)
	}
	w.catchUp(ctx, t, members)
	cluster.Kill()
	for _, m := range members {
		if m.Role == reallib.Spare {
			continue
		}
		got, err := w.lib.Rows(ctx, m.Dir, m.ID, m.Address, w.c.Cowsql.Databases)
		if assert.NoError(t, err, "node %d", m.ID) {
			assert.Equal(t, all, got, "rows on node %d", m.ID)
		}
	}
}

// catchUp waits until the logs of all members end at the same entry, which
// copies of their directories tell.
func (w *written) catchUp(ctx context.Context, t *testing.T, members []reallib.Member) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ends := map[string]bool{}
		for _, m := range members {
			if m.Role == reallib.Spare {
				continue
			}
			l, err := w.lib.Load(ctx, fixtures.Copy(t, m.Dir))
			require.NoError(t, err)
			ends[fmt.Sprint(l.Outcome, " ", l.LastTerm, "^", l.LastIndex, " ", l.Error)] = true
		}
		if len(ends) == 1 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			require.FailNow(t, "the members did not come to the same log", "%q", slices.Sorted(maps.Keys(ends)))
		}
	}
}
