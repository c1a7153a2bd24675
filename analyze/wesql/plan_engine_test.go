package wesql_test

import (
	"encoding/binary"
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/fixtures"
)

// damaged is engine-damage with more damage: node1 has lost commits, node2
// lacks an empty manifest, and node3 has one of two headers of a data file.
func damaged(t *testing.T, more map[string]func(fstest.MapFS)) map[string]fs.FS {
	t.Helper()
	out := map[string]fs.FS{}
	for _, n := range fixtures.Open(t, "wesql-synthetic", "engine-damage").Nodes {
		m := fstest.MapFS{}
		require.NoError(t, fs.WalkDir(os.DirFS(n.Path), ".", func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(n.Path + "/" + name)
			put(m, name, string(b))
			return err
		}))
		if change := more[n.Name]; change != nil {
			change(m)
		}
		out[n.Name] = m
	}
	return out
}

const se = "smartengine/"

func flip(name string, at int) func(fstest.MapFS) {
	return func(m fstest.MapFS) { m[name].Data[at] ^= 4 }
}

func cutTo(name string, size int) func(fstest.MapFS) {
	return func(m fstest.MapFS) { m[name].Data = m[name].Data[:size] }
}

// TestPlansLookBehindDamage: what a repair of the engine leads to is known when
// the plan is made. A node with more damage behind what can be mended has no
// directory, and another one leads.
func TestPlansLookBehindDamage(t *testing.T) {
	for _, c := range []struct {
		name, node string
		change     func(fstest.MapFS)
		why        string
		base       string
	}{
		{"an older write-ahead log behind a header", "node3", cutTo(se+"2.wal", 1825), "LWW042", "node2"},
		{"a flipped bit in it", "node3", flip(se+"2.wal", 300), "LWW042", "node2"},
		{"another data file behind a header", "node3", func(m fstest.MapFS) {
			put(m, se+"7.sst", string(append([]byte("no header"), make([]byte, 6<<20)...)))
		}, "LWW042", "node2"},
		{"a short data file behind its header", "node3", cutTo(se+"0.sst", 3<<20), "LWW042", "node2"},
		{"the newest write-ahead log behind a header", "node3", flip(se+"3.wal", 690), "LWW040", "node2"},
		{"no line feed and an older write-ahead log", "node3", func(m fstest.MapFS) {
			cutTo(se+"CURRENT", 25)(m)
			flip(se+"2.wal", 300)(m)
		}, "LWW042", "node2"},
		{"a data file behind a manifest", "node2", func(m fstest.MapFS) { delete(m, se+"0.sst") }, "LWW042", "node3"},
		{"a damaged manifest behind an empty one", "node2", flip(se+"2.manifest", 200), "LWW041", "node3"},
		{"the same without an index", "node2", func(m fstest.MapFS) {
			put(m, index, "")
			flip(se+"2.manifest", 200)(m)
		}, "LWW041", "node3"},
		{"the newest write-ahead log behind a manifest", "node2", func(m fstest.MapFS) { delete(m, se+"3.wal") }, "LWW040", "node3"},
		{"tables that are ahead of the log", "node2", func(m fstest.MapFS) { cutTo(first, len(m[first].Data)-800)(m) }, "LWW035", "node3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, out := kept(t, damaged(t, map[string]func(fstest.MapFS){c.node: c.change}))
			assert.Equal(t, c.base, p.Base)
			assert.Equal(t, []string{c.base}, slices.Sorted(maps.Keys(out)))
			i := slices.IndexFunc(p.Steps, func(s analyze.Step) bool { return s.Node == c.node && s.File == "." })
			require.GreaterOrEqual(t, i, 0)
			assert.Equal(t, analyze.LeaveOut, p.Steps[i].Op)
			assert.Contains(t, p.Steps[i].Because, c.why)
		})
	}
}

// TestNoPlanWithoutAnEngine: where no engine can be made whole there is no
// plan, and the findings name what is behind the first damage.
func TestNoPlanWithoutAnEngine(t *testing.T) {
	clusters := run(t, damaged(t, map[string]func(fstest.MapFS){"node2": flip(se+"2.manifest", 200), "node3": flip(se+"2.wal", 300)}), analyze.Options{})
	require.Len(t, clusters, 1)
	assert.Empty(t, clusters[0].Plans)
	for _, want := range []struct{ id, node, file string }{{"LWW041", "node2", se + "2.manifest"}, {"LWW042", "node3", se + "2.wal"}} {
		assert.True(t, slices.ContainsFunc(clusters[0].Findings, func(f analyze.Finding) bool {
			return f.ID == want.id && f.Node == want.node && slices.ContainsFunc(f.Evidence, func(e analyze.Evidence) bool { return e.File == want.file })
		}), want)
	}
}

// TestTwoEmptyManifests: a copy tool that skips empty files skips them all. The
// second shows when the first is back.
func TestTwoEmptyManifests(t *testing.T) {
	in := damaged(t, map[string]func(fstest.MapFS){"node2": func(m fstest.MapFS) {
		whole := m[se+"2.manifest"].Data
		at := 7 + int(binary.LittleEndian.Uint16(whole[4:])) // behind its first record
		put(m, se+"2.manifest", string(whole[:at]))
		put(m, se+"4.manifest", string(whole[at:]))
	}})
	p, out := kept(t, in)
	assert.Equal(t, "node2", p.Base)
	for _, name := range []string{"1.manifest", "3.manifest"} {
		b, err := fs.ReadFile(out["node2"], se+name)
		require.NoError(t, err)
		assert.Empty(t, b)
	}
}

// TestIndexLostWithTables: the server makes a new log, and then misses its
// tables.
func TestIndexLostWithTables(t *testing.T) {
	clusters := run(t, damaged(t, map[string]func(fstest.MapFS){"node2": func(m fstest.MapFS) { put(m, index, "") }}), analyze.Options{})
	i := slices.IndexFunc(clusters[0].Nodes, func(n *analyze.Node) bool { return n.Name == "node2" })
	assert.Equal(t, analyze.Crashes, clusters[0].Nodes[i].Start.Outcome)
	assert.Contains(t, clusters[0].Nodes[i].Start.Error, "consensus_info")
}

// TestNoPlanForWhatDoesNotStart: no plan promises a start that nothing in it
// brings about.
func TestNoPlanForWhatDoesNotStart(t *testing.T) {
	n2 := inside(build(2, filled(2, 20), "serverless=ON"))
	delete(n2, ".local_objectstore_region/bucket/repo/main/data.lock")
	for _, c := range run(t, map[string]fs.FS{"n2": n2}, analyze.Options{}) {
		for _, p := range c.Plans {
			assert.Empty(t, p.Promise, p.ID)
		}
	}
}
