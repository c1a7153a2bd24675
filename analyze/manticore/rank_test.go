package manticore_test

import (
	"bytes"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/manticore"
)

// nodeOf returns a node of a cluster.
func nodeOf(t testing.TB, c analyze.Cluster, name string) *analyze.Node {
	t.Helper()
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("no node %s in %s", name, c.Name)
	return nil
}

// left makes a node that left with EXIT CLUSTER at seqno 11 and was killed.
func left(n *node) {
	n.clusters[0].gone, n.clusters[0].seqno, n.clusters[0].memory, n.killed = true, 11, 0, true
}

func noMemory(n *node) { n.clusters[0].memory = 0 }

// two gives a node a second table and two write sets of ALTER CLUSTER.
func two(t1, t2, seqno int) func(*node) {
	return func(n *node) {
		n.clusters[0].tables = []string{"t1", "t2"}
		n.tables = map[string]table{"t1": {tid: t1}, "t2": {tid: t2}}
		n.clusters[0].memory = seqno
	}
}

func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		hosts map[string]fstest.MapFS
		want  []string // nil: not decided
	}{
		"all crashed":                {three(posts(1, 40, nil), posts(2, 40, nil), posts(3, 22, nil)), []string{"n1", "n2"}},
		"all clean":                  {three(posts(1, 9, clean), posts(2, 14, clean), posts(3, 30, clean)), []string{"n3"}},
		"clean and stale":            {three(posts(1, 14, clean), posts(2, 25, noMemory), posts(3, 25, noMemory)), []string{"n2", "n3"}},
		"two tables in one order":    {three(posts(1, 0, two(10, 7, 19)), posts(2, 0, two(10, 5, 17)), posts(3, 0, two(9, 5, 16))), []string{"n1"}},
		"two tables that contradict": {three(posts(1, 0, two(10, 5, 17)), posts(2, 0, two(9, 7, 18)), posts(3, 0, two(9, 5, 16))), nil},
		"other histories":            {three(posts(1, 40, nil), posts(2, 20, func(n *node) { n.clusters[0].uuid = uuidB }), posts(3, 22, nil)), nil},
		"same TIDs, other rows":      {three(posts(1, 40, wrote(30, "left")), posts(2, 38, wrote(30, "right")), posts(3, 22, nil)), nil},
		"left and went on": {three(posts(1, 14, nil), posts(2, 14, nil), posts(3, 19, func(n *node) {
			left(n)
		})), []string{"n1", "n2"}},
		"memory ahead":                   {three(posts(1, 25, nil), posts(2, 25, nil), posts(3, 15, func(n *node) { n.clusters[0].memory = 25 })), []string{"n1", "n2"}},
		"clean seqno against its tables": {three(posts(1, 10, func(n *node) { clean(n); n.clusters[0].seqno = 30 }), posts(2, 20, clean), posts(3, 9, clean)), nil},
		"an ALTER CLUSTER more":          {three(posts(1, 20, clean), posts(2, 20, func(n *node) { clean(n); n.clusters[0].seqno = 22 }), posts(3, 9, clean)), []string{"n2"}},
		"a later list of tables": {three(posts(1, 20, nil), posts(2, 20, func(n *node) {
			two(20, 3, 25)(n)
			n.clusters[0].epoch = 3
		}), posts(3, 9, nil)), []string{"n2"}},
		"binlog elsewhere": {three(posts(1, 20, nil), posts(2, 12, func(n *node) { n.conf = "binlog_path = /srv/binlog" }), posts(3, 9, nil)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			v := one(t, c.hosts).Verdict
			assert.Equal(t, c.want != nil, v.Decided, v.Reason)
			assert.NotEmpty(t, v.Reason)
			if c.want == nil {
				assert.Empty(t, v.MostRecent)
				assert.Empty(t, v.Recommended)
				return
			}
			assert.ElementsMatch(t, c.want, v.MostRecent, v.Reason)
			assert.Contains(t, v.MostRecent, v.Recommended)
		})
	}
}

// wrote gives a node rows of its own from a TID on.
func wrote(from int, who string) func(*node) {
	return func(n *node) {
		x := n.tables["t1"]
		x.content = func(tid int) string {
			if tid >= from {
				return who
			}
			return "common"
		}
		n.tables["t1"] = x
	}
}

// TestSeqnos: what the tables prove, and that nothing is computed where the
// sources do not agree.
func TestSeqnos(t *testing.T) {
	proven := func(c analyze.Cluster, name string) any {
		if p := nodeOf(t, c, name).Facts.(*manticore.Facts).Proven; p != nil {
			return *p
		}
		return nil
	}
	c := one(t, three(posts(1, 14, clean), posts(2, 25, nil), posts(3, 25, noMemory)))
	assert.EqualValues(t, 15, proven(c, "n1"))
	assert.EqualValues(t, 26, proven(c, "n2"))
	assert.EqualValues(t, 26, proven(c, "n3"), "by the number that the others show")
	assert.Equal(t, analyze.Position{History: uuidA, Index: 26, Bound: analyze.Exact}, nodeOf(t, c, "n3").Position)

	c = one(t, three(posts(1, 25, noMemory), posts(2, 25, noMemory), posts(3, 9, noMemory)))
	assert.Nil(t, proven(c, "n1"), "there is no source")
	assert.True(t, c.Verdict.Decided)

	c = one(t, three(posts(1, 25, func(n *node) { n.clusters[0].memory = 27 }), posts(2, 24, nil), posts(3, 9, noMemory)))
	assert.Nil(t, proven(c, "n1"), "no two members agree")

	c = one(t, three(posts(1, 25, func(n *node) { n.clusters[0].memory = 25 }), posts(2, 25, nil), posts(3, 25, nil)))
	assert.Nil(t, proven(c, "n2"), "n1 shows a smaller number")
}

// TestEveryPrefixOfALogIsJudged: whatever is left of a node's log, nothing is
// called newest that lacks what another node holds.
func TestEveryPrefixOfALogIsJudged(t *testing.T) {
	whole := posts(2, 6, nil)
	const name = data + "/binlog/binlog.0000"
	content := whole[name].Data
	for n := range len(content) + 1 {
		cut := posts(2, 6, nil)
		cut[name] = &fstest.MapFile{Data: content[:n], Mode: 0o600}
		c := one(t, three(posts(1, 6, nil), cut, posts(3, 2, nil)))
		require.True(t, c.Verdict.Decided, "prefix %d: %s", n, c.Verdict.Reason)
		if n < len(content) {
			require.Equal(t, []string{"n1"}, c.Verdict.MostRecent, "prefix %d", n)
		}
		require.NotEmpty(t, c.Plans, "prefix %d", n)
	}
}

// TestEveryFlippedByteOfAHost: damage anywhere neither panics nor makes a
// stale node the newest one.
func TestEveryFlippedByteOfAHost(t *testing.T) {
	whole := posts(2, 6, nil)
	for name, f := range whole {
		for at := 0; at < len(f.Data); at += 3 {
			bad := posts(2, 6, nil)
			b := bytes.Clone(f.Data)
			b[at] ^= 0x15
			bad[name] = &fstest.MapFile{Data: b, Mode: 0o600}
			for _, c := range run(t, three(posts(1, 6, nil), bad, posts(3, 2, nil)), analyze.Options{}) {
				require.NotContains(t, c.Verdict.MostRecent, "n3", "%s at %d", name, at)
			}
		}
	}
}

// TestServer: a forecast for a release that was asked for.
func TestServer(t *testing.T) {
	hosts := three(posts(1, 30, nil), posts(2, 30, nil), posts(3, 12, nil))
	c := run(t, hosts, analyze.Options{Server: "29.0.2"})[0]
	assert.Equal(t, "remote version check failed: cluster 'posts', failed to fetch donor user from any node", nodeOf(t, c, "n1").Start.Error)
	c = run(t, hosts, analyze.Options{Server: "searchd 9.3.2"})[0]
	start := nodeOf(t, c, "n1").Start
	assert.Equal(t, analyze.Refuses, start.Outcome)
	assert.Equal(t, "binlog: log /var/lib/manticore/binlog/binlog.0000 is v.16, binary is v.15; recovery requires previous binary version", start.Error)
	_, err := manticore.System{}.Open("n1", hosts["n1"], analyze.Candidate{Data: data}, analyze.Options{Server: "dqlite"})
	assert.Error(t, err)
}

// TestQuick finds the same newest nodes.
func TestQuick(t *testing.T) {
	c := run(t, three(posts(1, 30, nil), posts(2, 30, nil), posts(3, 12, nil)), analyze.Options{Quick: true})[0]
	assert.Equal(t, []string{"n1", "n2"}, c.Verdict.MostRecent)
	assert.EqualValues(t, 31, nodeOf(t, c, "n1").Position.Index)
}

// TestFind: host trees, bare directories, and what is none.
func TestFind(t *testing.T) {
	bare := func(at string, m fstest.MapFS) {
		for name, f := range posts(1, 3, nil) {
			if rest, ok := strings.CutPrefix(name, data+"/"); ok {
				m[path.Join(at, rest)] = f
			}
		}
	}
	m := fstest.MapFS{"x/grastate.dat": {}, "y/t/t.meta": {}, "c/etc/manticoresearch/manticore.conf": {}, "d/mcrpl_a4f266b78cfd0f471dd8": {}}
	for name, f := range posts(1, 3, nil) {
		m["a/"+name] = f
	}
	bare("b", m)
	bare("c/srv/search", m)
	bare("d/copy", m)
	delete(m, "b/manticore.json")
	found, err := manticore.System{}.Find(m)
	require.NoError(t, err)
	var got []string
	for _, c := range found {
		got = append(got, c.Dir+" "+c.Data)
	}
	assert.Equal(t, []string{"a var/lib/manticore", "b .", "c srv/search", "d copy"}, got)
}
