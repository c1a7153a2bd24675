package cowsql_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/fixtures/raftlog"
)

// withDamagedHeaders returns node 2 with the entries 2 to 20 in an open
// segment, in which the batch headers of the indexes from first to last are
// overwritten.
func withDamagedHeaders(first, last int) fstest.MapFS {
	entries := transactions(1, 2, 19)
	data := opened(entries...)
	for i := first; i <= last; i++ {
		at := len(segment(entries[:i-2]...).Encode())
		copy(data[at+4:], []byte{1, 2, 3, 4, 5, 6, 7})
	}
	d := node(2, 1, []raftlog.Entry{change(1, voters(3))})
	d["open-1"] = file(data)
	return d
}

func cluster(t *testing.T, n2 fstest.MapFS) analyze.Cluster {
	t.Helper()
	short := func(n int) fstest.MapFS {
		return node(n, 1, []raftlog.Entry{change(1, voters(3))}, transactions(1, 2, 13)) // up to 14
	}
	var sources []analyze.Source
	for name, d := range map[string]fstest.MapFS{"n1": short(1), "n2": n2, "n3": short(3)} {
		sources = append(sources, source{name, d})
	}
	slices.SortFunc(sources, func(a, b analyze.Source) int { return int(a.Name()[1]) - int(b.Name()[1]) })
	result, err := analyze.Run(t.Context(), sources, systems.All(), analyze.Options{})
	require.NoError(t, err)
	require.Len(t, result.Clusters, 1)
	return result.Clusters[0]
}

// The batches behind a damaged header have no index of their own. The same
// entries on other nodes give it back, and what follows them is newer.
func TestBatchesBehindDamageArePlacedByContent(t *testing.T) {
	c := cluster(t, withDamagedHeaders(8, 8))
	require.True(t, c.Verdict.Decided, c.Verdict.Reason)
	require.Equal(t, []string{"n2"}, c.Verdict.MostRecent)
	require.Equal(t, uint64(20), c.Nodes[1].Position.Index)
	require.NotEmpty(t, c.Plans)
	require.Empty(t, c.Plans[0].Loses)
}

// Entries that nobody can place may be newer than everything else: no winner.
func TestEntriesThatNobodyCanPlaceLeaveItOpen(t *testing.T) {
	c := cluster(t, withDamagedHeaders(8, 14))
	require.False(t, c.Verdict.Decided)
	require.Empty(t, c.Verdict.MostRecent)
	require.Empty(t, c.Verdict.Recommended)
	require.Contains(t, c.Verdict.Reason, "n2 holds entries of term 1 in open-1 whose index is not known")
}
