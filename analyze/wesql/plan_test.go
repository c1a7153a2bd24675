package wesql_test

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/fixtures/consensuslog"
)

// carryOut makes the directories of a plan from the inputs.
func carryOut(t *testing.T, p analyze.Plan, in map[string]fs.FS) map[string]fs.FS {
	t.Helper()
	out := map[string]fs.FS{}
	for _, s := range p.Steps {
		if s.Op == analyze.LeaveOut {
			continue
		}
		var b bytes.Buffer
		for _, part := range s.Parts {
			if part.Node == "" {
				b.Write(part.Data)
				continue
			}
			data, err := fs.ReadFile(in[part.Node], part.File)
			require.NoError(t, err)
			data = data[part.Offset:]
			if part.Length >= 0 {
				data = data[:part.Length]
			}
			b.Write(data)
		}
		if out[s.Node] == nil {
			out[s.Node] = fstest.MapFS{}
		}
		m := out[s.Node].(fstest.MapFS)
		require.NotContains(t, m, s.File, "written twice")
		put(m, s.File, b.String())
	}
	return out
}

// kept analyses what a plan made and holds it against the promise.
func kept(t *testing.T, in map[string]fs.FS) (analyze.Plan, map[string]fs.FS) {
	t.Helper()
	clusters := run(t, in, analyze.Options{})
	require.Len(t, clusters, 1)
	require.NotEmpty(t, clusters[0].Plans, clusters[0].Verdict.Reason)
	p := clusters[0].Plans[0]
	out := carryOut(t, p, in)
	again := run(t, out, analyze.Options{})
	require.Len(t, again, 1)
	for _, want := range p.Promise {
		i := slices.IndexFunc(again[0].Nodes, func(n *analyze.Node) bool { return n.Name == want.Node })
		require.GreaterOrEqual(t, i, 0, want.Node)
		n := again[0].Nodes[i]
		assert.True(t, want.Kept(n.Position), "%s is at %v", n.Name, n.Position)
		assert.Equal(t, analyze.Clean, n.Start.Outcome, "%s: %s", n.Name, n.Start.Error)
	}
	return p, out
}

func TestPlansMendLogs(t *testing.T) {
	rotten := filled(2, 20)
	rotten.Bytes[rotten.Offsets[5]+300] ^= 4
	torn := filled(2, 20)
	torn.Bytes = torn.Bytes[:len(torn.Bytes)-30]
	shifted := consensuslog.New(3, 1)
	shifted.Leader = 1
	shifted.NoOp(2, 1, 0)
	shifted.Mark("master-bin.000001")
	shifted.Fill(2, 2, 20)
	for _, c := range []struct {
		name string
		n2   fstest.MapFS
		last uint64
	}{
		{"a damaged entry", build(2, rotten), 20},
		{"a torn tail", build(2, torn), 19},
		{"an empty index", edit(build(2, filled(2, 20)), func(m fstest.MapFS) { put(m, index, "") }), 20},
		{"a missing last file", edit(build(2, filled(2, 20)), func(m fstest.MapFS) { put(m, index, "./master-bin.000001\n./master-bin.000002\n") }), 20},
		{"absolute paths", edit(build(2, filled(2, 20)), func(m fstest.MapFS) { put(m, index, "/srv/mysql/master-bin.000001\n") }), 20},
		{"force options", build(2, filled(2, 20), "raft_replication_force_single_mode=ON"), 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := map[string]fs.FS{"n1": build(1, shifted), "n2": c.n2, "n3": build(3, shifted)}
			p, out := kept(t, in)
			assert.True(t, slices.ContainsFunc(p.Steps, func(s analyze.Step) bool {
				return s.Node == "n2" && s.Op != analyze.Copy && strings.HasPrefix(s.Because, "LWW")
			}))
			for _, f := range collect(run(t, out, analyze.Options{})) {
				assert.NotEqual(t, analyze.Error, f.Severity, "%s %s", f.ID, f.Detail)
			}
			i := slices.IndexFunc(p.Promise, func(x analyze.Promise) bool { return x.Node == "n2" })
			require.GreaterOrEqual(t, i, 0)
			assert.Equal(t, c.last, p.Promise[i].Index)
		})
	}
}

func edit(m fstest.MapFS, change func(fstest.MapFS)) fstest.MapFS {
	change(m)
	return m
}

// TestTailIsSaved: what is cut from a log stands in a file beside it.
func TestTailIsSaved(t *testing.T) {
	torn := filled(2, 20)
	torn.Bytes = torn.Bytes[:len(torn.Bytes)-30]
	_, out := kept(t, three(build(2, torn)))
	tail, err := fs.ReadFile(out["n2"], first+".tail.saved")
	require.NoError(t, err)
	assert.Equal(t, torn.Bytes[torn.Offsets[20]:], tail)
}

// TestBridge: a file that is there and not listed is put back, and counts.
func TestBridge(t *testing.T) {
	in := bridged()
	clusters := run(t, in, analyze.Options{})
	assert.ElementsMatch(t, []string{"n1", "n2", "n3"}, clusters[0].Verdict.MostRecent)
	_, out := kept(t, in)
	list, err := fs.ReadFile(out["n2"], index)
	require.NoError(t, err)
	assert.Equal(t, "./master-bin.000001\n./master-bin.000002\n./master-bin.000003\n", string(list))
}

// TestSplitLayout: the log in a directory of its own, beside the data.
func TestSplitLayout(t *testing.T) {
	m := fstest.MapFS{}
	for name, f := range tables(build(1, filled(1, 20)), row{term: 2, members: list3 + "@1", applied: 20, workers: 4}) {
		switch {
		case name == "my.cnf":
		case strings.HasPrefix(name, "master-bin"):
			m["binlogs/"+name] = f
		default:
			m["data/"+name] = f
		}
	}
	put(m, "my.cnf", "[mysqld]\ndatadir=/data\nlog_bin=/binlogs/master-bin\n")
	put(m, "binlogs/master-bin.index", "/binlogs/master-bin.000001\n")
	clusters := run(t, map[string]fs.FS{"n1": m}, analyze.Options{})
	require.Len(t, clusters, 1)
	require.Len(t, clusters[0].Nodes, 1)
	n := clusters[0].Nodes[0]
	assert.EqualValues(t, 20, n.Position.Index)
	assert.Equal(t, analyze.Clean, n.Start.Outcome, n.Start.Error)
	assert.Equal(t, "10.0.0.1:13306", n.Identity.Address)
}

// TestHoleDoesNotCount: a log with a hole is left out, however far it goes.
func TestHoleDoesNotCount(t *testing.T) {
	l := filled(2, 18)
	l.Transaction(2, 40, 0, "far away")
	v := run(t, three(build(2, l)), analyze.Options{})[0].Verdict
	assert.True(t, v.Decided)
	assert.Equal(t, []string{"n1", "n3"}, v.MostRecent)
	assert.Contains(t, v.Reason, "n2 goes on to entry 40")
}

// TestArchiveAhead: the store is the newest, and a node is made of it.
func TestArchiveAhead(t *testing.T) {
	c := run(t, map[string]fs.FS{"n1": build(1, filled(1, 12)), "n2": build(2, filled(2, 12)), "n3": build(3, filled(3, 12)), "store": archive(filled(1, 20), 5, 8, 20)}, analyze.Options{})[0]
	assert.Equal(t, []string{"store"}, c.Verdict.MostRecent)
	require.Len(t, c.Plans, 1)
	assert.Contains(t, c.Plans[0].Commands[0].Run, "force-single-mode")
}

// TestMajorityIsGone: one of three members leads alone, and says what is lost.
func TestMajorityIsGone(t *testing.T) {
	clusters := run(t, map[string]fs.FS{"n1": build(1, filled(1, 20))}, analyze.Options{Lost: []string{"10.0.0.2:13306", "10.0.0.3:13306"}})
	require.NotEmpty(t, clusters[0].Plans)
	p := clusters[0].Plans[0]
	assert.True(t, slices.ContainsFunc(p.Commands, func(c analyze.Command) bool { return strings.Contains(c.Run, "force-single-mode=ON") }))
	assert.Empty(t, clusters[0].Verdict.Missing)
	assert.False(t, clusters[0].Verdict.Provisional)
}

// TestRebuild fills the checklist from the evidence.
func TestRebuild(t *testing.T) {
	logger := func(n int) fstest.MapFS {
		return build(n, filled(n, 18), "raft_replication_log_type_node=ON", "objectstore_provider=aws", "objectstore_bucket=bucket", "server_id_on_objectstore=s"+string(rune('0'+n)))
	}
	in := map[string]fs.FS{"l2": logger(2), "l3": logger(3), "store": archive(filled(1, 20), 5, 8, 13)}
	clusters := run(t, in, analyze.Options{Lost: []string{"10.0.0.1:13306"}})
	require.Len(t, clusters, 1)
	require.NotEmpty(t, clusters[0].Plans)
	p := clusters[0].Plans[0]
	assert.Equal(t, "rebuild-data-node", p.ID)
	text := ""
	for _, c := range p.Commands {
		text += c.Run + "\n"
	}
	assert.Contains(t, text, "downgrade_follower('10.0.0.1:13306')")
	assert.Contains(t, text, "--raft-replication-force-change-meta=ON --raft-replication-cluster-id=42 --raft-replication-cluster-info=10.0.0.1:13306\n")
	assert.Contains(t, text, "upgrade_learner('10.0.0.1:13306')")
	conf, err := fs.ReadFile(carryOut(t, p, in)["rebuilt-data-node"], "my.cnf")
	require.NoError(t, err)
	for _, line := range []string{"objectstore_provider=aws", "objectstore_bucket=bucket", "repo_objectstore_id=repo", "branch_objectstore_id=main", "server_id_on_objectstore=s1", "log_bin=master-bin", "raft_replication_cluster_id=42"} {
		assert.Contains(t, string(conf), line+"\n")
	}
	assert.True(t, slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, "14 to 18") }))
}

// TestForecasts are the measured words of starts.
func TestForecasts(t *testing.T) {
	for _, c := range []struct {
		name    string
		m       fstest.MapFS
		outcome analyze.Outcome
		words   string
	}{
		{"whole", build(2, filled(2, 20)), analyze.Clean, ""},
		{"goes back", build(2, func() *consensuslog.Log { l := filled(2, 9); l.Transaction(2, 4, 0, "x"); return l }()), analyze.Refuses, "between positions"},
		{"missing", edit(build(2, filled(2, 20)), func(m fstest.MapFS) { delete(m, first) }), analyze.Refuses, "Could not open log file."},
		{"empty", edit(build(2, filled(2, 20)), func(m fstest.MapFS) { put(m, first, ""); put(m, "smartengine/LOCK", "") }), analyze.Refuses, "I/O error reading the header from the binary log."},
		{"cut in front of its first entry", edit(build(2, filled(2, 20)), func(m fstest.MapFS) { put(m, first, string(filled(2, 3).Bytes[:200])) }), analyze.Refuses, "Consensus log file do not contain prev_consensus_log_ev, file: './master-bin.000001'"},
		{"tables ahead", tables(build(2, filled(2, 20)), row{term: 2, members: list3 + "@2", applied: 133, workers: 4}), analyze.Crashes, "Failed to find next transaction index. index: 133"},
		{"stopped leader ahead", tables(build(2, filled(2, 20)), row{term: 2, recover: 1, start: 133, members: list3 + "@2", workers: 4}), analyze.Crashes, "Failed to find next transaction index. index: 133"},
		{"index lost", edit(tables(build(2, filled(2, 20)), row{term: 2, members: list3 + "@2", applied: 20, workers: 4}), func(m fstest.MapFS) { delete(m, index) }), analyze.Crashes, "Failed to find next transaction index. index: 20"},
		{"elsewhere", edit(build(2, filled(2, 20)), func(m fstest.MapFS) { put(m, index, "/srv/mysql/master-bin.000001\n") }), analyze.Refuses, "Could not open log file."},
		{"no data.lock", edit(inside(build(2, filled(2, 20), "serverless=ON")), func(m fstest.MapFS) { delete(m, ".local_objectstore_region/bucket/repo/main/data.lock") }), analyze.Refuses, "Failed to verify the ID of data directory"},
		{"behind damage", build(2, func() *consensuslog.Log { l := filled(2, 20); l.Bytes[l.Offsets[6]+11] = 0xff; return l }()), analyze.Discards, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "missing" || c.name == "empty" {
				put(c.m, "smartengine/CURRENT", "0.checkpoint:1.manifest:0\n")
				put(c.m, "smartengine/0.checkpoint", strings.Repeat("\x00", 2<<20))
				put(c.m, "smartengine/1.manifest", "")
			}
			clusters := run(t, map[string]fs.FS{"n2": c.m}, analyze.Options{})
			require.Len(t, clusters, 1)
			s := clusters[0].Nodes[0].Start
			assert.Equal(t, c.outcome, s.Outcome, s.Error)
			assert.Contains(t, s.Error, c.words)
		})
	}
}

// TestClusters: nodes that share nothing are never ranked against each other,
// and neither Galera's nor plain directories are.
func TestClusters(t *testing.T) {
	other := edit(build(2, filled(2, 20)), func(m fstest.MapFS) {
		l := consensuslog.New(5, 1)
		l.Fill(9, 1, 12)
		put(m, first, string(l.Bytes))
		put(m, "my.cnf", "[mysqld]\nlog_bin=master-bin\nraft_replication_cluster_info=10.9.9.9:13306@1\n")
	})
	plain := fstest.MapFS{}
	put(plain, "mysql.ibd", "")
	put(plain, "auto.cnf", "")
	put(plain, "#innodb_redo/#ib_redo1", "")
	pxc := edit(fstest.MapFS{}, func(m fstest.MapFS) {
		put(m, "mysql.ibd", "")
		put(m, "mysql/x", "")
		put(m, "grastate.dat", "")
	})
	clusters := run(t, map[string]fs.FS{"n1": build(1, filled(1, 20)), "n2": other, "n3": plain, "n4": pxc}, analyze.Options{})
	var got []string
	for _, c := range clusters {
		for _, n := range c.Nodes {
			got = append(got, c.Product+" "+n.Name)
		}
	}
	assert.Equal(t, []string{"wesql n1", "wesql n2", "mysql n3"}, got)
}
