package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// A diffAnswer is what tests look at of diff's JSON.
type diffAnswer struct {
	Identical       bool
	History         string
	Equal           uint64
	Different       uint64
	FirstDifference uint64 `json:"first_difference"`
	ForkPoint       uint64 `json:"fork_point"`
	OnlyA           []only `json:"only_a"`
	OnlyB           []only `json:"only_b"`
	Databases       []struct {
		IndexA    uint64 `json:"index_a"`
		IndexB    uint64 `json:"index_b"`
		Problem   string
		Databases []struct {
			Name   string
			Tables []struct {
				Name    string
				OnlyA   int64 `json:"only_a"`
				OnlyB   int64 `json:"only_b"`
				Changed int64
			}
		}
	}
}

type only struct {
	First, Last uint64
	Why         string
}

// A pointDiff is one comparison of databases: the tables that differ, with
// rows only in A, only in B, and changed.
type pointDiff struct {
	A, B   uint64
	Tables map[string][3]int64
}

func (d *diffAnswer) points() []pointDiff {
	var out []pointDiff
	for _, p := range d.Databases {
		x := pointDiff{p.IndexA, p.IndexB, map[string][3]int64{}}
		for _, db := range p.Databases {
			for _, t := range db.Tables {
				if n := [3]int64{t.OnlyA, t.OnlyB, t.Changed}; n != [3]int64{} {
					x.Tables[db.Name+"."+t.Name] = n
				}
			}
		}
		out = append(out, x)
	}
	return out
}

func TestDiff(t *testing.T) {
	type tables = map[string][3]int64
	tests := []struct {
		name, a, b string
		status     int
		want       diffAnswer
		points     []pointDiff
	}{
		{"clean-stop", "n1", "n3", 0, diffAnswer{Identical: true, History: "same", Equal: 68, OnlyA: []only{}, OnlyB: []only{}},
			[]pointDiff{{68, 68, tables{}}}},
		{"replicas-diverged-silently", "n1", "n2", 1,
			diffAnswer{History: "diverged", Equal: 112, Different: 1, FirstDifference: 68, OnlyA: []only{}, OnlyB: []only{}},
			[]pointDiff{{113, 113, tables{"demo.audit": {1, 0, 0}}}}},
		{"split-brain-two-recoveries", "n1", "n2", 1,
			diffAnswer{History: "forked", Equal: 66, Different: 7, FirstDifference: 67, ForkPoint: 66, OnlyA: []only{}, OnlyB: []only{}},
			[]pointDiff{{66, 66, tables{}}, {73, 73, tables{"demo.kv": {6, 6, 0}}}}},
		{"term-conflict-highest-index-loses", "n1", "n2", 1,
			diffAnswer{History: "forked", Equal: 75, Different: 4, FirstDifference: 76, ForkPoint: 75, OnlyA: []only{{80, 84, "behind"}}, OnlyB: []only{}},
			[]pointDiff{{75, 75, tables{}}, {84, 79, tables{"demo.kv": {0, 3, 0}, "t00.u": {1, 0, 0}}}}},
		{"lagging-node-stale", "n2", "n1", 1,
			diffAnswer{History: "same", Equal: 76, OnlyA: []only{}, OnlyB: []only{{77, 196, "behind"}}},
			[]pointDiff{{76, 76, tables{}}, {76, 196, tables{"demo.kv": {0, 120, 0}}}}},
		{"closed-segment-gap-no-snapshot", "n2", "n3", 1,
			diffAnswer{History: "same", Equal: 113, OnlyA: []only{}, OnlyB: []only{{42, 77, "missing"}}},
			[]pointDiff{{41, 41, tables{}}, {41, 149, tables{"demo.kv": {0, 105, 0}}}}},
		{"closed-segment-gap-past-snapshot", "n1", "n3", 1,
			diffAnswer{History: "same", Equal: 55, OnlyA: []only{{242, 281, "compacted"}}, OnlyB: []only{}},
			[]pointDiff{{280, 280, tables{}}, {336, 280, tables{"demo.kv": {56, 0, 0}}}}},
		{"snapshot-data-damaged-silent", "n1", "n2", 0,
			diffAnswer{Identical: true, History: "same", Equal: 95, OnlyA: []only{}, OnlyB: []only{}},
			[]pointDiff{{336, 336, tables{}}}},
		{"dqlite-cluster-lz4-snapshot", "n1", "n2", 0,
			diffAnswer{Identical: true, History: "same", Equal: 85, OnlyA: []only{{121, 121, "compacted"}}, OnlyB: []only{}},
			[]pointDiff{{206, 206, tables{}}}},
		{"foreign-cluster-directory", "n1", "n3", 1,
			diffAnswer{History: "none", OnlyA: []only{}, OnlyB: []only{}}, nil},
		{"first-closed-segment-lost-open-left", "n1", "n2", 1,
			diffAnswer{History: "none", OnlyA: []only{}, OnlyB: []only{}}, nil},
		{"five-nodes-voter-standby-spare", "n5", "n1", 1,
			diffAnswer{History: "unknown", OnlyA: []only{}, OnlyB: []only{{1, 79, "behind"}}},
			[]pointDiff{{0, 0, tables{}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := fixtures.Open(t, "cowsql", tt.name)
			a, b := c.Node(t, tt.a).Path, c.Node(t, tt.b).Path
			status, stdout, stderr := raftRun(t, []string{a, b}, "diff", a, b, "-o", "json")
			assert.Equal(t, tt.status, status, stderr)
			assert.Empty(t, stderr)
			var got diffAnswer
			require.NoError(t, json.Unmarshal([]byte(stdout), &got), stdout)
			points := got.points()
			got.Databases = nil
			assert.Empty(t, gocmp.Diff(tt.want, got))
			assert.Empty(t, gocmp.Diff(tt.points, points))
			// Rows are shown on request only, in no format before.
			assert.NotContains(t, stdout, `"rows":`)
		})
	}
}

func TestDiffNamesTheRowsThatAReplicaLacks(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "replicas-diverged-silently")
	file := filepath.Join(t.TempDir(), "diff.json")
	status, stdout, stderr := raftRun(t, []string{c.Dir}, "diff", c.Dir, "--node", "n1", "--node", "n2", "--rows", "-o", "text", "-o", "json="+file)
	assert.Equal(t, 1, status, stderr)
	for _, want := range []string{
		"DIVERGED at index 68",
		"n1: term 1, command, 4,144 bytes: database demo, page 8\n",
		"n2: term 1, configuration, 88 bytes, written by a recovery\n",
		"table audit: 1 row only on n1 (1 and 0 rows in all)",
		"only on n1: id=1, note='paid invoice 4711'",
	} {
		assert.Contains(t, stdout, want)
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(data), "paid invoice 4711")

	status, stdout, _ = raftRun(t, nil, "diff", c.Dir, "--node", "n1", "--node", "n2")
	assert.Equal(t, 1, status)
	assert.NotContains(t, stdout, "invoice", "without --rows no content is shown")
}

func TestDiffRefuses(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "clean-stop")
	n1 := c.Node(t, "n1").Path
	tests := []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"one node", []string{n1}, 3, "diff compares two nodes"},
		{"several nodes", []string{n1, c.Dir}, 3, "choose one for each side with --node: "},
		{"no node", []string{n1, t.TempDir()}, 4, "no node was recognised here"},
		{"markdown", []string{n1, n1, "-o", "markdown"}, 3, "diff prints text or json"},
		{"html", []string{n1, n1, "-o", "html"}, 3, "--output html: diff prints text or json"},
		{"limit", []string{n1, n1, "--limit", "-1"}, 3, "not a number of entries"},
		{"three paths", []string{n1, n1, n1}, 3, "accepts between 1 and 2 arg"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := raftRun(t, []string{c.Dir}, append([]string{"diff"}, tt.args...)...)
			assert.Equal(t, tt.status, status, stderr)
			assert.Contains(t, stderr, tt.want)
			assert.Empty(t, stdout)
		})
	}
}
