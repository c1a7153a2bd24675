package command_test

import (
	"encoding/json"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// A galeraAnswer is what tests look at of the JSON for two Galera nodes.
type galeraAnswer struct {
	System          string
	Identical       bool
	History         string
	Different       uint64
	FirstDifference uint64       `json:"first_difference"`
	OnlyA           []galeraOnly `json:"only_a"`
	OnlyB           []galeraOnly `json:"only_b"`
	Views           struct{ Same bool }
	AJoinsB         struct{ How string } `json:"a_joins_b"`
	BJoinsA         struct{ How string } `json:"b_joins_a"`
}

type galeraOnly struct {
	First, Last  uint64
	Why          string
	Transactions uint64
	Schema       uint64 `json:"schema_changes"`
	Views        uint64 `json:"view_changes"`
}

func TestDiffOfGaleraNodes(t *testing.T) {
	none := []galeraOnly{}
	how := func(s string) struct{ How string } { return struct{ How string }{s} }
	same := struct{ Same bool }{true}
	for _, tt := range []struct {
		name, a, b string
		status     int
		want       galeraAnswer
	}{
		{"all-killed-under-load", "node1", "node2", 0,
			galeraAnswer{Identical: true, History: "same", OnlyA: none, OnlyB: none, Views: same, AJoinsB: how("ist"), BJoinsA: how("ist")}},
		{"clean-stop-one-by-one", "node1", "node3", 1,
			galeraAnswer{History: "same", OnlyA: none, OnlyB: []galeraOnly{{673, 674, "committed", 0, 0, 2}}, AJoinsB: how("ist"), BJoinsA: how("sst")}},
		{"minority-pc-bootstrap", "node1", "node2", 1,
			galeraAnswer{History: "same", OnlyA: []galeraOnly{{430, 691, "committed", 261, 0, 1}}, OnlyB: none, AJoinsB: how("sst"), BJoinsA: how("ist")}},
		{"split-brain-two-bootstraps-same-uuid", "node1", "node2", 1,
			galeraAnswer{History: "same", Different: 1, FirstDifference: 602, OnlyA: []galeraOnly{{602, 892, "committed", 290, 0, 1}},
				OnlyB: []galeraOnly{{602, 602, "committed", 0, 0, 1}}, AJoinsB: how("sst"), BJoinsA: how("ist")}},
		{"joiner-killed-during-sst", "node1", "node3", 1,
			galeraAnswer{History: "none", OnlyA: none, OnlyB: none, AJoinsB: how("none"), BJoinsA: how("sst")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := fixtures.Open(t, "galera", tt.name)
			a, b := c.Node(t, tt.a).Path, c.Node(t, tt.b).Path
			status, stdout, stderr := raftRun(t, nil, "diff", a, b, "-o", "json")
			assert.Equal(t, tt.status, status, stderr)
			assert.Empty(t, stderr)
			var got galeraAnswer
			require.NoError(t, json.Unmarshal([]byte(stdout), &got), stdout)
			tt.want.System = "galera"
			assert.Empty(t, gocmp.Diff(tt.want, got))
		})
	}
}

// TestDiffOfForkedGaleraNodes: both sides committed data of their own under
// one state UUID, and the one would join the other without a word.
func TestDiffOfForkedGaleraNodes(t *testing.T) {
	c := fixtures.Open(t, "galera", "split-brain-isolated-pc-bootstrap")
	status, stdout, stderr := raftRun(t, nil, "diff", c.Dir, "--node", "node1", "--node", "node3", "--limit", "2")
	assert.Equal(t, 1, status, stderr)
	for _, want := range []string{
		"FORKED at seqno ", "Only node1 committed seqnos ", "Only node3 committed seqnos ", "Different write sets:\n", " more (--limit)\n",
		"The provider compares numbers alone: such an IST succeeds, and leaves different rows on both for good.\n",
	} {
		assert.Contains(t, stdout, want)
	}
}

func TestDiffOfGaleraNodesRefuses(t *testing.T) {
	c := fixtures.Open(t, "galera", "tassta-c-all-down-unclean")
	node1, garbd := c.Node(t, "node1").Path, c.Node(t, "garbd").Path
	raft := fixtures.Open(t, "cowsql", "clean-stop").Node(t, "n1").Path
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"arbitrator", []string{node1, garbd}, "is an arbitrator: it holds no data to compare"},
		{"families", []string{node1, raft}, "they have nothing to compare"},
		{"rows", []string{node1, node1, "--rows"}, "rows are compared of cowsql and dqlite only"},
		{"html", []string{node1, node1, "-o", "html"}, "--output html: diff prints text or json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := raftRun(t, nil, append([]string{"diff"}, tt.args...)...)
			assert.Equal(t, 3, status, stderr)
			assert.Contains(t, stderr, tt.want)
			assert.Empty(t, stdout)
		})
	}
}
