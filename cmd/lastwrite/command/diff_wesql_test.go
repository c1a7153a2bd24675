package command_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// A wesqlAnswer is what tests look at of the JSON for two WeSQL nodes.
type wesqlAnswer struct {
	System          string
	Identical       bool
	History         string
	Equal           uint64
	Different       uint64
	FirstDifference uint64               `json:"first_difference"`
	ForkPoint       uint64               `json:"fork_point"`
	SameTerm        uint64               `json:"same_term"`
	Loser           string               `json:"never_committed"`
	OnlyA           []wesqlOnly          `json:"only_a"`
	OnlyB           []wesqlOnly          `json:"only_b"`
	AFollowsB       struct{ How string } `json:"a_follows_b"`
	BFollowsA       struct{ How string } `json:"b_follows_a"`
	Election        string
}

type wesqlOnly struct {
	First, Last  uint64
	Why          string
	Transactions uint64
	NoOps        uint64 `json:"no_ops"`
}

func TestDiffOfWesqlNodes(t *testing.T) {
	none := []wesqlOnly{}
	how := func(s string) struct{ How string } { return struct{ How string }{s} }
	for _, tt := range []struct {
		name, a, b string
		status     int
		want       wesqlAnswer
	}{
		{"wesql/split-brain-forced-single", "node1", "node2", 1, wesqlAnswer{
			History: "forked", Equal: 43, Different: 13, FirstDifference: 44, ForkPoint: 43, SameTerm: 3, Election: "a",
			OnlyA: []wesqlOnly{{44, 79, "forked", 35, 1}}, OnlyB: []wesqlOnly{{44, 56, "forked", 12, 1}}, AFollowsB: how("unknown"), BFollowsA: how("unknown"),
		}},
		{"wesql/split-brain-forced-single", "node1", "node3", 0, wesqlAnswer{
			Identical: true, History: "same", Equal: 79, Election: "either", OnlyA: none, OnlyB: none, AFollowsB: how("nothing"), BFollowsA: how("nothing"),
		}},
		{"wesql/missing-middle-log-file", "node2", "node3", 1, wesqlAnswer{
			History: "same", Equal: 67, Election: "either", OnlyA: none, OnlyB: []wesqlOnly{{44, 64, "missing", 21, 0}}, AFollowsB: how("nothing"), BFollowsA: how("nothing"),
		}},
		{"wesql-synthetic/bit-rot-and-missing-file", "node1", "node3", 1, wesqlAnswer{
			History: "diverged", Equal: 8, Different: 1, FirstDifference: 6, Election: "a", OnlyA: []wesqlOnly{{10, 11, "behind", 2, 0}}, OnlyB: none, AFollowsB: how("deletes"), BFollowsA: how("appends"),
		}},
		{"wesql-synthetic/data-node-lost", "logger1", "objectstore", 1, wesqlAnswer{
			History: "same", Equal: 13, OnlyA: []wesqlOnly{{14, 18, "behind", 5, 0}}, OnlyB: none, AFollowsB: how("none"), BFollowsA: how("none"),
		}},
	} {
		t.Run(tt.name+" "+tt.b, func(t *testing.T) {
			family, name, _ := strings.Cut(tt.name, "/")
			c := fixtures.Open(t, family, name)
			status, stdout, stderr := raftRun(t, []string{c.Dir}, "diff", c.Dir, "--node", tt.a, "--node", tt.b, "-o", "json")
			assert.Equal(t, tt.status, status, stderr)
			assert.Empty(t, stderr)
			var got wesqlAnswer
			require.NoError(t, json.Unmarshal([]byte(stdout), &got), stdout)
			tt.want.System = "wesql"
			assert.Empty(t, gocmp.Diff(tt.want, got))
			assertNoNullList(t, stdout)

			_, text, _ := raftRun(t, nil, "diff", c.Dir, "--node", tt.a, "--node", tt.b)
			assertNarrow(t, text)
		})
	}
}

// assertNoNullList fails if what is a list in the type is null.
func assertNoNullList(t *testing.T, document string) {
	t.Helper()
	for _, key := range []string{"differences", "gaps", "prepared_entries", "changes", "terms", "clusters", "tables", "files", "why"} {
		assert.NotContains(t, document, `"`+key+`": null`)
	}
}

// assertNarrow fails if a line is too wide. Paths of the test are long and
// stand alone.
func assertNarrow(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !filepath.IsAbs(strings.TrimSpace(line)) {
			assert.LessOrEqual(t, len(line), 80, line)
		}
	}
}

// TestDiffOfWesqlNodesShowsNoRows: of what differs kind, size, time and place
// are shown, and nothing that a client wrote.
func TestDiffOfWesqlNodesShowsNoRows(t *testing.T) {
	c := fixtures.Open(t, "wesql", "split-brain-forced-single")
	a, b := c.Node(t, "node1").Path, c.Node(t, "node2").Path
	status, stdout, stderr := raftRun(t, nil, "diff", a, b, "--limit", "0", "-o", "text", "-o", "json="+filepath.Join(t.TempDir(), "diff.json"))
	assert.Equal(t, 1, status, stderr)
	for _, want := range []string{
		"FORKED behind entry 43: ", "was forced to be the only member", "Only node1 holds its entries 44 to 79.\n", "Only node2 holds its entries 44 to 56.\n",
		"Entry 44: where the logs part\n", "master-bin.000001 at byte 16070\n",
	} {
		assert.Contains(t, stdout, want)
	}
	assert.NotContains(t, strings.ToUpper(stdout), "INSERT")
}

// TestDiffOfWesqlBundles: a bundle has the digests, and not the entries.
func TestDiffOfWesqlBundles(t *testing.T) {
	c := fixtures.Open(t, "wesql", "split-brain-forced-single")
	file := filepath.Join(t.TempDir(), "ticket.tar.zst")
	status, _, stderr := raftRun(t, nil, "bundle", c.Dir, "-o", file)
	require.Zero(t, status, stderr)
	status, stdout, stderr := raftRun(t, nil, "diff", file, "--node", "node1", "--node", "node2")
	assert.Equal(t, 1, status, stderr)
	assert.Contains(t, stdout, "FORKED behind entry 43: ")
	assert.Contains(t, stdout, "what is in them is not in the bundle\n")
	assert.NotContains(t, stdout, "where the logs part")
}

func TestDiffOfWesqlNodesRefuses(t *testing.T) {
	c := fixtures.Open(t, "wesql", "missing-middle-log-file")
	node1, node2 := c.Node(t, "node1").Path, c.Node(t, "node2").Path
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"rows", []string{node1, node2, "--rows"}, "these are nodes of WeSQL"},
		{"families", []string{node1, fixtures.Open(t, "manticore", "torn-log-tail").Node(t, "n1").Path}, "they have nothing to compare"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := raftRun(t, nil, append([]string{"diff"}, tt.args...)...)
			assert.Equal(t, 3, status, stderr)
			assert.Contains(t, stderr, tt.want)
			assert.Empty(t, stdout)
		})
	}
}
