package manticore_test

import (
	"fmt"
	"path"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/manticore"
)

// compareHosts judges hosts n1 and n2 together.
func compareHosts(t *testing.T, a, b fstest.MapFS) manticore.Comparison {
	t.Helper()
	var views [2]manticore.View
	for _, c := range run(t, map[string]fstest.MapFS{"n1": a, "n2": b}, analyze.Options{}) {
		for _, n := range c.Nodes {
			v, ok := manticore.ViewOf(n)
			require.True(t, ok)
			views[n.Name[1]-'1'] = v
		}
	}
	return manticore.Compare(views[0], views[1])
}

func TestDiffOfHosts(t *testing.T) {
	span := func(first, last, logged uint64) string { return fmt.Sprint(first, last, logged) }
	show := func(x *manticore.Transactions) string {
		if x == nil {
			return ""
		}
		return span(x.First, x.Last, x.Logged)
	}
	for name, tt := range map[string]struct {
		a, b         fstest.MapFS
		order        int
		proven       bool
		diverged     bool
		equal        uint64
		fork         *manticore.Fork
		onlyA, onlyB string
	}{
		"equal":         {a: posts(1, 40, nil), b: posts(2, 40, nil), proven: true, equal: 40},
		"behind":        {a: posts(1, 40, nil), b: posts(2, 22, nil), proven: true, order: 1, equal: 22, onlyA: span(23, 40, 18)},
		"stopped first": {a: posts(1, 14, clean), b: posts(2, 25, noMemory), proven: true, order: -1, onlyB: span(15, 25, 11)},
		"stopped last":  {a: posts(1, 14, nil), b: posts(2, 25, clean), proven: true, order: -1, onlyB: span(15, 25, 0)},
		"other rows": {
			a: posts(1, 40, wrote(30, "left")), b: posts(2, 38, wrote(30, "right")), diverged: true, equal: 29,
			fork: &manticore.Fork{Table: "t1", At: 30, To: 38}, onlyA: span(30, 40, 11), onlyB: span(30, 38, 9),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := compareHosts(t, tt.a, tt.b)
			require.Len(t, c.Shared, 1)
			assert.Empty(t, c.OnlyA)
			assert.Empty(t, c.OnlyB)
			s := c.Shared[0]
			assert.Equal(t, "posts", s.Name)
			assert.Equal(t, tt.proven, s.Proven)
			assert.Equal(t, tt.diverged, s.Diverged)
			assert.Equal(t, tt.fork, s.Fork)
			if tt.proven {
				assert.Equal(t, tt.order, s.Order)
			}
			require.Len(t, s.Tables, 1)
			table := s.Tables[0]
			assert.Equal(t, tt.equal, table.Equal)
			assert.Equal(t, tt.fork, table.Fork)
			assert.Equal(t, tt.onlyA, show(table.OnlyA))
			assert.Equal(t, tt.onlyB, show(table.OnlyB))
		})
	}
}

func TestDiffOfHostsInOtherClusters(t *testing.T) {
	c := compareHosts(t, posts(1, 40, nil), posts(2, 22, func(n *node) {
		n.clusters[0].name, n.clusters[0].uuid = "news", uuidB
	}))
	assert.Empty(t, c.Shared)
	assert.Equal(t, []manticore.Lone{{Name: "posts", UUID: uuidA}}, c.OnlyA)
	assert.Equal(t, []manticore.Lone{{Name: "news", UUID: uuidB}}, c.OnlyB)

	c = compareHosts(t, posts(1, 40, func(n *node) { n.clusters[0].nodes = []string{address(1)} }), posts(2, 22, func(n *node) {
		n.clusters[0].uuid, n.clusters[0].nodes = uuidB, []string{address(2)}
	}))
	assert.Equal(t, []manticore.Lone{{Name: "posts", UUID: uuidA, Namesake: true}}, c.OnlyA)
}

// TestDiffSeesBehindDamage: records that no start replays are named, and do not
// count.
func TestDiffSeesBehindDamage(t *testing.T) {
	a := posts(1, 40, nil)
	name := path.Join(data, "binlog", "binlog.0000")
	a[name].Data[len(a[name].Data)/2] ^= 1
	c := compareHosts(t, a, posts(2, 40, nil))
	require.Len(t, c.Shared, 1)
	table := c.Shared[0].Tables[0]
	require.NotNil(t, table.A.Behind)
	assert.Equal(t, uint64(40), table.A.Behind.Last)
	assert.Less(t, table.A.TID, int64(table.A.Behind.First))
	assert.Equal(t, -1, table.Order)
}
