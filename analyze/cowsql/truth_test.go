package cowsql_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/fixtures"
)

// analysed returns the nodes by name and the largest cluster of a case.
func analysed(t *testing.T, c *fixtures.Case, o analyze.Options) (map[string]*analyze.Node, analyze.Cluster) {
	t.Helper()
	var sources []analyze.Source
	for _, n := range c.Nodes {
		sources = append(sources, source{n.Name, os.DirFS(n.Path)})
	}
	result, err := analyze.Run(t.Context(), sources, systems.All(), o)
	require.NoError(t, err)
	require.Empty(t, result.Problems)
	nodes := map[string]*analyze.Node{}
	for _, cluster := range result.Clusters {
		for _, n := range cluster.Nodes {
			nodes[n.Name] = n
		}
	}
	return nodes, result.Clusters[0]
}

// TestTruth holds the analysis of every case against what the real servers
// said about it.
func TestTruth(t *testing.T) {
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "cowsql", name)
			nodes, cluster := analysed(t, c, analyze.Options{})
			assertVerdict(t, cluster, c.Cowsql)
			for name, truth := range c.Cowsql.Nodes {
				require.Contains(t, nodes, name)
				assertStart(t, nodes[name], truth)
			}
			t.Run("dqlite", func(t *testing.T) {
				nodes, _ := analysed(t, c, analyze.Options{Server: "dqlite"})
				for name, truth := range c.Cowsql.Nodes {
					assertLoad(t, nodes[name], truth.LoadedByDqlite)
				}
			})
			t.Run("raft", func(t *testing.T) {
				nodes, _ := analysed(t, c, analyze.Options{Server: "raft"})
				for name, truth := range c.Cowsql.Nodes {
					assertLoad(t, nodes[name], truth.LoadedByCanonicalRaft)
				}
			})
		})
	}
}

func assertVerdict(t *testing.T, c analyze.Cluster, truth *fixtures.CowsqlTruth) {
	t.Helper()
	shaky := func(name string) bool { return truth.Nodes[name].Nondeterministic }
	want := slices.DeleteFunc(slices.Clone(truth.MostRecent), shaky)
	got := slices.DeleteFunc(slices.Clone(c.Verdict.MostRecentStartable), shaky)
	assert.ElementsMatch(t, want, got, "most recent of those that start")
	if len(truth.Nodes) == 1 {
		return
	}
	assert.ElementsMatch(t, truth.BestDonor, c.Verdict.MostRecent, truth.BestDonorNote)
	assert.Equal(t, len(truth.BestDonor) > 0, c.Verdict.Decided)
	if c.Verdict.Decided {
		assert.Contains(t, c.Verdict.MostRecent, c.Verdict.Recommended)
	} else {
		assert.Empty(t, c.Verdict.Recommended)
	}
}

func starts(o analyze.Outcome) bool { return o == analyze.Clean || o == analyze.Discards }

func assertStart(t *testing.T, n *analyze.Node, truth fixtures.NodeTruth) {
	t.Helper()
	if truth.Nondeterministic {
		assert.NotEqual(t, analyze.Clean, n.Start.Outcome, n.Name)
		return
	}
	assert.Equal(t, truth.Starts, starts(n.Start.Outcome), "%s: %s", n.Name, n.Start.Outcome)
	switch {
	case strings.HasPrefix(truth.StartError, "process killed"):
		assert.Equal(t, analyze.Crashes, n.Start.Outcome, n.Name)
		return
	case !truth.Starts:
		assert.Equal(t, truth.StartError, n.Start.Error, n.Name)
		return
	}
	facts := n.Facts.(*cowsql.Facts)
	assert.Equal(t, truth.LastIndex, facts.LastIndex, n.Name)
	assert.Equal(t, truth.LastTerm, facts.LastTerm, n.Name)
	assert.Equal(t, truth.StartIndex, facts.FirstIndex, n.Name)
	assert.Equal(t, truth.Entries, facts.Entries, n.Name)
	if truth.Snapshot == nil {
		assert.Nil(t, facts.Snapshot, n.Name)
	} else if assert.NotNil(t, facts.Snapshot, n.Name) {
		assert.Equal(t, truth.Snapshot.Index, facts.Snapshot.Index, n.Name)
	}
	var ranges []fixtures.TermRange
	for _, r := range facts.TermRanges {
		ranges = append(ranges, fixtures.TermRange{Term: r.Term, First: r.First, Last: r.Last})
	}
	if len(ranges) > 0 || len(truth.TermRanges) > 0 {
		assert.Equal(t, truth.TermRanges, ranges, n.Name)
	}
	if c := truth.LatestConfiguration; c != nil {
		assert.Equal(t, c.Index, facts.Configuration.Index, n.Name)
		var want, got []string
		for _, s := range c.Servers {
			want = append(want, strconv.FormatUint(s.ID, 10)+" "+s.Address+" "+s.Role)
		}
		for _, s := range facts.Configuration.Servers {
			got = append(got, s.ID+" "+s.Address+" "+s.Role)
		}
		assert.Equal(t, want, got, n.Name)
	}
	assertChanges(t, n, truth)
}

// assertChanges compares what the load of a directory removes and makes. The
// truth lists the load alone: what the running node creates is left out.
func assertChanges(t *testing.T, n *analyze.Node, truth fixtures.NodeTruth) {
	t.Helper()
	clock := func(name string) string {
		if rest, ok := strings.CutPrefix(name, "corrupt-"); ok {
			_, of, _ := strings.Cut(rest, "-")
			return "corrupt-*-" + of
		}
		return name
	}
	var removed, created []string
	for _, c := range n.Start.Changes {
		switch c.Op {
		case "remove":
			removed = append(removed, c.File)
		case "rename":
			removed = append(removed, c.File)
			created = append(created, clock(c.To))
		}
	}
	want := func(list []string) []string {
		out := []string{}
		for _, name := range list {
			out = append(out, clock(name))
		}
		return out
	}
	assert.ElementsMatch(t, want(truth.Loading.Removed), append([]string{}, removed...), "%s removes", n.Name)
	assert.ElementsMatch(t, want(truth.Loading.Created), append([]string{}, created...), "%s makes", n.Name)
}

// assertLoad compares with another implementation, which was asked to load
// the log only.
func assertLoad(t *testing.T, n *analyze.Node, truth *fixtures.LoadTruth) {
	t.Helper()
	if truth == nil || n.Start.Outcome == analyze.Crashes && truth.Loads || strings.HasPrefix(n.Start.Error, "raft_bootstrap()") {
		return // it loads, and the restore or the bootstrap ends it
	}
	assert.Equal(t, truth.Loads, starts(n.Start.Outcome), "%s: %s %s", n.Name, n.Start.Outcome, n.Start.Error)
	switch {
	case !truth.Loads && n.Start.Outcome == analyze.Refuses:
		assert.Equal(t, truth.Error, n.Start.Error, n.Name)
	case truth.Loads && starts(n.Start.Outcome):
		facts := n.Facts.(*cowsql.Facts)
		assert.Equal(t, truth.LastIndex, facts.LastIndex, n.Name)
		assert.Equal(t, truth.LastTerm, facts.LastTerm, n.Name)
	}
}
