package manticore_test

import (
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/manticore"
)

// carryOut makes the directories of a plan in memory.
func carryOut(t testing.TB, p analyze.Plan, in map[string]fstest.MapFS) map[string]fstest.MapFS {
	t.Helper()
	out := map[string]fstest.MapFS{}
	for _, s := range p.Steps {
		if s.Op == analyze.LeaveOut {
			continue
		}
		if out[s.Node] == nil {
			out[s.Node] = fstest.MapFS{}
		}
		require.NotContains(t, out[s.Node], s.File, "written twice")
		var b []byte
		for _, part := range s.Parts {
			if part.Node == "" {
				b = append(b, part.Data...)
				continue
			}
			from := in[part.Node][part.File]
			require.NotNil(t, from, part.File)
			end := int64(len(from.Data))
			if part.Length >= 0 {
				end = part.Offset + part.Length
			}
			b = append(b, from.Data[part.Offset:end]...)
		}
		out[s.Node][s.File] = &fstest.MapFile{Data: b, Mode: 0o600}
	}
	return out
}

// damaged cases that a plan has to cope with, each beside two whole nodes at
// 30 and 12 transactions.
func damagedHosts() map[string]fstest.MapFS {
	change := func(tid int, edit func(fstest.MapFS), build func(*node)) fstest.MapFS {
		m := posts(2, tid, build)
		if edit != nil {
			edit(m)
		}
		return m
	}
	const log, list, config = data + "/binlog/binlog.0000", data + "/binlog/binlog.meta", data + "/manticore.json"
	cut := func(name string, n int) func(fstest.MapFS) {
		return func(m fstest.MapFS) { m[name].Data = m[name].Data[:len(m[name].Data)-n] }
	}
	return map[string]fstest.MapFS{
		"torn log":      change(30, cut(log, 9), nil),
		"damaged log":   change(30, func(m fstest.MapFS) { m[log].Data[200] ^= 0x5a }, nil),
		"no header":     change(30, func(m fstest.MapFS) { m[log].Data[0] = 0 }, nil),
		"log missing":   change(30, func(m fstest.MapFS) { delete(m, log) }, nil),
		"list missing":  change(30, func(m fstest.MapFS) { delete(m, list) }, nil),
		"list damaged":  change(30, func(m fstest.MapFS) { m[list].Data[0] = 0 }, nil),
		"no log at all": change(30, func(m fstest.MapFS) { delete(m, log); delete(m, list) }, nil),
		"config cut":    change(30, cut(config, 60), nil),
		"config empty":  change(30, func(m fstest.MapFS) { m[config].Data = nil }, nil),
		"config gone":   change(30, func(m fstest.MapFS) { delete(m, config); m[config+".new"] = posts(2, 30, nil)[config] }, nil),
		"no grastate":   change(30, func(m fstest.MapFS) { delete(m, data+"/grastate.dat") }, nil),
		"stale and alone": change(20, nil, func(n *node) {
			clean(n)
			n.clusters[0].nodes, n.clusters[0].safe = []string{address(2)}, 1
			n.clusters[0].alone = true
		}),
		"stale without a list":  change(20, nil, func(n *node) { clean(n); n.clusters[0].nodes, n.clusters[0].safe = []string{""}, 1 }),
		"memory ahead":          change(15, nil, func(n *node) { n.clusters[0].memory = 31 }),
		"newest without a list": change(31, nil, func(n *node) { n.clusters[0].nodes = []string{""} }),
	}
}

// TestPlansKeepTheirPromise carries out every plan and analyses the result:
// every directory starts, the begun cluster comes up from the right node, and
// no seqno is higher than the tables prove.
func TestPlansKeepTheirPromise(t *testing.T) {
	for name, host := range damagedHosts() {
		t.Run(name, func(t *testing.T) {
			in := three(posts(1, 30, nil), host, posts(3, 12, nil))
			before := one(t, in)
			require.True(t, before.Verdict.Decided, before.Verdict.Reason)
			require.NotEmpty(t, before.Plans)
			p := before.Plans[0]
			require.Equal(t, before.Verdict.Recommended, p.Base)
			repaired := carryOut(t, p, in)
			after := one(t, repaired)
			require.Equal(t, slices.Sorted(maps.Keys(in)), slices.Sorted(maps.Keys(repaired)))
			assert.Contains(t, after.Verdict.MostRecent, p.Base, after.Verdict.Reason)
			for _, n := range after.Nodes {
				facts := n.Facts.(*manticore.Facts)
				assert.Equal(t, analyze.Clean, n.Start.Outcome, "%s: %s", n.Name, n.Start.Error)
				require.NotNil(t, facts.Grastate, n.Name)
				assert.Equal(t, n.Name == p.Base, facts.Grastate.SafeToBootstrap == 1, n.Name)
				assert.Equal(t, n.Name == p.Base, n.Start.Error == "", "%s: %s", n.Name, n.Start.Error)
				if facts.Grastate.Seqno >= 0 {
					assert.EqualValues(t, facts.Tables[0].TID+1, facts.Grastate.Seqno, n.Name)
				}
			}
			for _, promise := range p.Promise {
				assert.True(t, promise.Kept(nodeOf(t, after, promise.Node).Position), promise.Node)
			}
		})
	}
}

// TestClustersOnTheSameHostsStartTogether: one set of directories, in which
// each cluster is begun by its own newest node and nothing else is.
func TestClustersOnTheSameHostsStartTogether(t *testing.T) {
	c := func(name, table string, seqno, memory int) cluster {
		uuid, nodes := uuidA, []string{address(1), address(2)}
		if name == "beta" {
			uuid, nodes = uuidB, []string{address(3), address(2)}
		}
		return cluster{name: name, uuid: uuid, seqno: seqno, memory: memory, path: "cl_" + name, tables: []string{table}, nodes: nodes}
	}
	in := three(
		node{number: 1, clusters: []cluster{c("alpha", "ta", -1, 22)}, tables: map[string]table{"ta": {tid: 21}}}.files(),
		node{number: 2, clusters: []cluster{c("alpha", "ta", 8, 0), c("beta", "tb", 14, 0)}, tables: map[string]table{"ta": {tid: 7}, "tb": {tid: 13}}}.files(),
		node{number: 3, clusters: []cluster{c("beta", "tb", 31, 0)}, tables: map[string]table{"tb": {tid: 30}}}.files(),
	)
	clusters := run(t, in, analyze.Options{})
	require.Len(t, clusters, 2)
	for i, want := range []string{"n1", "n3"} {
		require.Equal(t, []string{want}, clusters[i].Verdict.MostRecent)
		require.Len(t, clusters[i].Plans, 1)
		require.Equal(t, want, clusters[i].Plans[0].Base)
	}
	assert.Equal(t, clusters[0].Plans[0].Steps, clusters[1].Plans[0].Steps)
	after := run(t, carryOut(t, clusters[0].Plans[0], in), analyze.Options{})
	require.Len(t, after, 2)
	var promised []string
	for _, p := range clusters[0].Plans[0].Promise {
		promised = append(promised, p.Cluster+"/"+p.Node)
		i := slices.IndexFunc(after, func(c analyze.Cluster) bool { return c.Name == p.Cluster })
		require.GreaterOrEqual(t, i, 0, p.Cluster)
		assert.True(t, p.Kept(nodeOf(t, after[i], p.Node).Position), "%s in %s", p.Node, p.Cluster)
	}
	slices.Sort(promised)
	assert.Equal(t, []string{"alpha/n1", "alpha/n2", "beta/n2", "beta/n3"}, promised)
	begins := map[string]string{"alpha": "n1", "beta": "n3"}
	for _, c := range after {
		for _, n := range c.Nodes {
			assert.Equal(t, begins[c.Name] == n.Name, n.Start.Error == "", "%s in %s: %s", n.Name, c.Name, n.Start.Error)
		}
	}
}

// TestNothingIsRepairedThatStarts: the only member left begins by itself.
func TestNothingIsRepairedThatStarts(t *testing.T) {
	c := one(t, map[string]fstest.MapFS{"n1": posts(1, 9, func(n *node) {
		clean(n)
		n.clusters[0].nodes, n.clusters[0].safe, n.clusters[0].alone = []string{address(1)}, 1, true
	})})
	require.Len(t, c.Plans, 1)
	assert.Equal(t, "start", c.Plans[0].ID)
	for _, x := range c.Plans[0].Commands {
		assert.NotContains(t, x.Run, "mv ")
	}
}

// TestUndecidedPlansSayWhatTheyLose: one for each candidate.
func TestUndecidedPlansSayWhatTheyLose(t *testing.T) {
	c := one(t, three(posts(1, 40, wrote(30, "left")), posts(2, 38, wrote(30, "right")), posts(3, 22, wrote(30, ""))))
	require.False(t, c.Verdict.Decided)
	require.Len(t, c.Plans, 2)
	for i, want := range []analyze.Loss{
		{Node: "n2", Entries: 9, Text: "transactions 30 to 38 of table t1"},
		{Node: "n1", Entries: 11, Text: "transactions 30 to 40 of table t1"},
	} {
		assert.Equal(t, []analyze.Loss{want}, c.Plans[i].Loses)
	}
}

// TestHostileNames: what stands in the files does not become a command.
func TestHostileNames(t *testing.T) {
	c := one(t, map[string]fstest.MapFS{"n1": posts(1, 9, func(n *node) { n.clusters[0].name = "x; rm -rf $HOME" })})
	require.NotEmpty(t, c.Plans)
	for _, x := range c.Plans[0].Commands {
		assert.NotContains(t, x.Run, "$HOME")
	}
}
