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
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/fixtures/consensuslog"
)

// A sighting is where a finding is expected. Node "" is the cluster, file ""
// any.
type sighting struct{ id, node, file string }

// corpusSightings tells which finding stands for which case.
func corpusSightings() map[string][]sighting {
	return map[string][]sighting{
		"wesql/clean-stop-leader-last":                 {{"LWW017", "", first}, {"LWW027", "", ""}},
		"wesql/kill9-all-under-load":                   {{"LWW014", "node2", "master-bin.000002"}, {"LWW018", "node1", first}, {"LWW023", "node2", "master-bin.000002"}},
		"wesql/large-transactions-split-entries":       {{"LWW022", "", first}},
		"wesql/missing-middle-log-file":                {{"LWW007", "node2", index}},
		"wesql/old-leader-uncommitted-tail":            {{"LWW019", "node3", first}, {"LWW015", "", first}},
		"wesql/purged-leader-log-follower-has-all":     {{"LWW024", "node2", "master-bin.000004"}},
		"wesql/real-8.0.30":                            {{"LWW049", "node1", "mysql.ibd"}, {"LWW050", "node1", "ibdata"}},
		"wesql/single-node-default-config-kill9":       {{"LWW039", "node1", ""}, {"LWW054", "node1", ""}, {"LWW057", "node1", ""}},
		"wesql/serverless-kill9-data-node-and-loggers": {{"LWW033", "node2", ""}, {"LWW039", "node1", ""}},
		"wesql/split-brain-forced-single":              {{"LWW020", "", first}, {"LWW028", "", ""}, {"LWW029", "node2", ""}, {"LWW038", "node2", ""}},
		"wesql-synthetic/bit-rot-and-missing-file":     {{"LWW002", "node1", first}, {"LWW007", "node2", index}, {"LWW021", "", first}},
		"wesql-synthetic/data-node-lost":               {{"LWW034", "", first}, {"LWW025", "", ""}, {"LWW057", "objectstore", ""}},
		"wesql-synthetic/engine-damage":                {{"LWW040", "node1", "smartengine/3.wal"}, {"LWW041", "node2", "smartengine/1.manifest"}, {"LWW042", "node3", "smartengine/0.sst"}, {"LWW043", "node3", "smartengine/0.sst"}},
		"wesql-synthetic/three-node-leader-crash":      {{"LWW001", "node3", first}, {"LWW023", "node2", first}},
	}
}

func collect(clusters []analyze.Cluster) (found []analyze.Finding) {
	for _, c := range clusters {
		found = append(found, c.Findings...)
	}
	return found
}

// A scenario is what the corpus lacks.
type scenario struct {
	sighting
	name  string
	nodes map[string]fs.FS
}

func scenarios() []scenario {
	log := func(edit func(*consensuslog.Log)) map[string]fs.FS {
		l := filled(2, 10)
		edit(l)
		return three(build(2, l))
	}
	dir := func(edit func(fstest.MapFS)) map[string]fs.FS {
		m := build(2, filled(2, 20))
		edit(m)
		return three(m)
	}
	with := func(r row) map[string]fs.FS { return three(tables(build(2, filled(2, 20)), r)) }
	two := func(l *consensuslog.Log, first uint64) fstest.MapFS {
		m := build(2, l)
		second := consensuslog.New(2, first)
		second.Leader = 1
		put(m, "master-bin.000002", string(second.Fill(2, first, 20).Bytes))
		put(m, index, "./master-bin.000001\n./master-bin.000002\n")
		return m
	}
	store := func(edit func(fstest.MapFS)) map[string]fs.FS {
		s := archive(filled(1, 20), 5, 8, 15)
		edit(s)
		nodes := three(build(2, filled(2, 20)))
		nodes["store"] = s
		return nodes
	}
	fork := func(term uint64) map[string]fs.FS {
		return map[string]fs.FS{"n1": build(1, filled(1, 18).Fill(3, 19, 25)), "n2": build(2, forked(filled(2, 18), term)), "n3": build(3, filled(3, 18).Fill(3, 19, 25))}
	}
	rot := func(l *consensuslog.Log) *consensuslog.Log {
		l.Bytes[l.Offsets[5]+300] ^= 4
		return l
	}
	const root = "bucket/repo/main/"
	return []scenario{
		{sighting{"LWW001", "n2", first}, "garbage", log(func(l *consensuslog.Log) { l.Bytes = append(l.Bytes, "0123456789"...) })},
		{sighting{"LWW002", "n2", first}, "a bit", log(func(l *consensuslog.Log) { rot(l) })},
		{sighting{"LWW003", "n2", first}, "length of an event", log(func(l *consensuslog.Log) { l.Bytes[l.Offsets[6]+11] = 0xff })},
		{sighting{"LWW004", "n2", first}, "goes back", log(func(l *consensuslog.Log) { l.Transaction(2, 4, 0, "again") })},
		{sighting{"LWW005", "n2", first}, "raised", log(func(l *consensuslog.Log) { l.Transaction(2, 15, 0, "later") })},
		{sighting{"LWW005", "n2", "master-bin.000002"}, "between files", three(two(filled(2, 10), 14))},
		{sighting{"LWW006", "n2", first}, "length", log(func(l *consensuslog.Log) { l.Entry(2, 11, 0, 5000); l.Fill(2, 12, 13) })},
		{sighting{"LWW007", "n2", index}, "gone", dir(func(m fstest.MapFS) { put(m, index, "./master-bin.000001\n./master-bin.000002\n") })},
		{sighting{"LWW008", "n2", "master-bin.000002"}, "empty", dir(func(m fstest.MapFS) {
			put(m, index, "./master-bin.000001\n./master-bin.000002\n")
			put(m, "master-bin.000002", "")
		})},
		{sighting{"LWW009", "n2", index}, "empty", dir(func(m fstest.MapFS) { put(m, index, "") })},
		{sighting{"LWW009", "n2", index}, "missing", dir(func(m fstest.MapFS) { delete(m, index) })},
		{sighting{"LWW009", "n2", first}, "a new log", dir(func(m fstest.MapFS) {
			put(m, index, "./master-bin.000002\n")
			put(m, "master-bin.000002", string(consensuslog.New(2, 1).Bytes))
		})},
		{sighting{"LWW010", "n2", "master-bin.000002"}, "left out", three(func() fstest.MapFS {
			m := two(filled(2, 10), 11)
			put(m, index, "./master-bin.000001\n")
			return m
		}())},
		{sighting{"LWW011", "n2", index}, "absolute", dir(func(m fstest.MapFS) { put(m, index, "/srv/mysql/master-bin.000001\n") })},
		{sighting{"LWW012", "n2", first}, "a part", log(func(l *consensuslog.Log) { l.Part(2, 11, 4, "part") })},
		{sighting{"LWW013", "n2", first}, "falls", log(func(l *consensuslog.Log) { l.Fill(1, 11, 11) })},
		{sighting{"LWW014", "n2", first}, "led", log(func(l *consensuslog.Log) { l.InUse() })},
		{sighting{"LWW015", "", first}, "two", map[string]fs.FS{"n1": build(1, filled(1, 9).InUse()), "n2": build(2, filled(2, 9).InUse())}},
		{sighting{"LWW016", "n2", first}, "three ids", log(func(l *consensuslog.Log) { l.Server = 8; l.Fill(2, 11, 11); l.Server = 9; l.Fill(2, 12, 12) })},
		{sighting{"LWW018", "n2", first}, "behind", log(func(*consensuslog.Log) {})},
		{sighting{"LWW019", "n2", first}, "a tail", fork(2)},
		{sighting{"LWW020", "", first}, "one term", fork(3)},
		{sighting{"LWW021", "", first}, "one entry", log(func(l *consensuslog.Log) {
			rot(l)
		})},
		{sighting{"LWW023", "n2", first}, "alone", three(build(2, filled(2, 22)))},
		{sighting{"LWW024", "n3", ""}, "purged", map[string]fs.FS{"n1": purged(1, 10, 20), "n2": purged(2, 10, 20), "n3": build(3, filled(3, 4))}},
		{sighting{"LWW025", "", "my.cnf"}, "n3", map[string]fs.FS{"n1": build(1, filled(1, 9)), "n2": build(2, filled(2, 9))}},
		{sighting{"LWW026", "", "my.cnf"}, "one of three", map[string]fs.FS{"n1": build(1, filled(1, 9))}},
		{sighting{"LWW027", "", first}, "all", log(func(*consensuslog.Log) {})},
		{sighting{"LWW028", "", ""}, "another list", with(row{term: 2, members: "10.0.0.1:13306;10.0.0.2:13306@2", applied: 20, workers: 4})},
		{sighting{"LWW029", "n2", "mysql.ibd"}, "forced", with(row{term: 2, members: "0;10.0.0.2:13306#5@2", applied: 20, workers: 4})},
		{sighting{"LWW030", "n2", "mysql.ibd"}, "store", three(inside(tables(build(2, filled(2, 20), "server_id_on_objectstore=s2"), row{term: 2, members: "10.0.0.1:13306;10.0.0.2:13306@2", applied: 20, workers: 4})))},
		{sighting{"LWW031", "", "auto.cnf"}, "same", map[string]fs.FS{"n1": build(1, filled(1, 9)), "n2": build(1, filled(2, 9))}},
		{sighting{"LWW032", "n2", "mysql.ibd"}, "own address", with(row{term: 2, members: "10.0.0.2:13306", applied: 20, workers: 4})},
		{sighting{"LWW033", "n2", first}, "option", three(build(2, filled(2, 20), "raft_replication_log_type_node=ON"))},
		{sighting{"LWW034", "", first}, "loggers", map[string]fs.FS{"n1": build(1, filled(1, 9), "raft_replication_log_type_node=ON"), "n2": build(2, filled(2, 9), "raft_replication_log_type_node=ON")}},
		{sighting{"LWW035", "n2", "mysql.ibd"}, "follower", with(row{term: 2, members: list3 + "@2", applied: 33, workers: 4})},
		{sighting{"LWW035", "n2", "mysql.ibd"}, "leader", with(row{term: 2, recover: 1, start: 33, members: list3 + "@2", workers: 4})},
		{sighting{"LWW036", "n2", "mysql.ibd"}, "skips", three(tables(purged(2, 10, 20), row{term: 2, members: list3 + "@2", applied: 4, workers: 4}))},
		{sighting{"LWW037", "n2", "mysql.ibd"}, "new", with(row{term: 1, applied: 20, workers: 4})},
		{sighting{"LWW038", "n2", "mysql.ibd"}, "old", three(tables(build(2, filled(2, 18).Fill(3, 19, 20)), row{term: 2, vote: 1, members: list3 + "@2", workers: 4}))},
		{sighting{"LWW044", "n2", "smartengine/hotbackup_tmp"}, "left over", dir(func(m fstest.MapFS) {
			put(m, "smartengine/CURRENT", "0.checkpoint:1.manifest:0\n")
			put(m, "smartengine/hotbackup_tmp/CURRENT", "0.checkpoint:1.manifest:0\n")
		})},
		{sighting{"LWW045", "n2", "mysql"}, "no mysql", dir(func(m fstest.MapFS) {
			put(m, "my.cnf", string(m["my.cnf"].Data)+"serverless=ON\n")
			put(m, "ibdata1", strings.Repeat("\x00", 64))
		})},
		{sighting{"LWW046", "n2", "#status_snapshot_recovery"}, "stage 1", dir(func(m fstest.MapFS) { put(m, "#status_snapshot_recovery", "1\n0\n0\n\n") })},
		{sighting{"LWW046", "n2", "recovery_tmp/binlog/x.slice"}, "slices", dir(func(m fstest.MapFS) { put(m, "recovery_tmp/binlog/x.slice", "x") })},
		{sighting{"LWW047", "n2", "my.cnf"}, "force", three(build(2, filled(2, 20), "raft_replication_force_change_meta=ON"))},
		{sighting{"LWW048", "n2", "my.cnf"}, "verified", three(build(2, rot(filled(2, 20)), "source_verify_checksum=ON"))},
		{sighting{"LWW051", "store", "binlog/binlog-index.00000000000000000002.index"}, "missing", store(func(m fstest.MapFS) {
			for name := range m {
				if strings.Contains(name, "binlog.000001.") {
					delete(m, name)
					return
				}
			}
		})},
		{sighting{"LWW052", "store", "cluster_mgmt/s1/cluster_info"}, "lines", store(func(m fstest.MapFS) { put(m, root+"cluster_mgmt/s1/cluster_info", "9\n1\nx") })},
		{sighting{"LWW053", "store", ""}, "not listed", store(func(m fstest.MapFS) {
			name := root + "binlog/binlog-index.00000000000000000002.index"
			line, _, _ := bytes.Cut(m[name].Data, []byte("\n"))
			put(m, name, string(line)+"\n")
		})},
		{sighting{"LWW054", "store", "snapshot/snapshot.index"}, "whole", store(func(fstest.MapFS) {})},
		{sighting{"LWW055", "store", ""}, "no snapshot", store(func(m fstest.MapFS) { delete(m, root+"snapshot/snapshot.index") })},
		{sighting{"LWW055", "store", ""}, "no part", store(func(m fstest.MapFS) { delete(m, root+"snapshot/innodb_000001/ibdata1") })},
		{sighting{"LWW010", "n2", "master-bin.000002"}, "between two", bridged()},
		{sighting{"LWW056", "store", ""}, "ahead", map[string]fs.FS{"n1": build(1, filled(1, 12)), "n2": build(2, filled(2, 12)), "store": archive(filled(1, 20), 5, 8, 20)}},
		{sighting{"LWW057", "store", ""}, "behind", store(func(fstest.MapFS) {})},
		{sighting{"LWW058", "n2", "smartengine/CURRENT"}, "no line feed", dir(func(m fstest.MapFS) { put(m, "smartengine/CURRENT", "0.checkpoint:1.manifest:0") })},
	}
}

// forked goes on with other entries than the other nodes.
func forked(l *consensuslog.Log, term uint64) *consensuslog.Log {
	for i := uint64(19); i <= 22; i++ {
		l.Transaction(term, i, 0, "written alone")
	}
	return l
}

// bridged are nodes of which n2 lacks a line between two in its index.
func bridged() map[string]fs.FS {
	m := build(2, filled(2, 8))
	for i, at := range []uint64{9, 15} {
		l := consensuslog.New(2, at)
		l.Leader = 1
		l.Fill(2, at, at+5)
		put(m, "master-bin.00000"+string(rune('2'+i)), string(l.Bytes))
	}
	put(m, index, "./master-bin.000001\n./master-bin.000003\n")
	return three(m)
}

// purged is a node whose log begins later.
func purged(n int, from, to uint64) fstest.MapFS {
	l := consensuslog.New(uint32(n), from)
	l.Leader = 1
	return build(n, l.Fill(2, from, to))
}

// inside puts an object store into a data directory.
func inside(m fstest.MapFS) fstest.MapFS {
	for name, f := range archive(filled(1, 20), 5, 20) {
		m[".local_objectstore_region/"+name] = f
	}
	return m
}

// TestDamageShowsFindings provokes every finding that no case of the corpus
// shows, and most of the others.
func TestDamageShowsFindings(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.id+" "+s.name, func(t *testing.T) {
			assertSighting(t, collect(run(t, s.nodes, analyze.Options{})), s.sighting)
		})
	}
}

// TestEveryFindingIsProvoked keeps TestTruth and TestDamageShowsFindings
// complete.
func TestEveryFindingIsProvoked(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range corpusSightings() {
		for _, s := range list {
			seen[s.id] = true
		}
	}
	for _, s := range scenarios() {
		seen[s.id] = true
	}
	for _, e := range catalog.All() {
		if strings.HasPrefix(e.ID, "LWW") {
			assert.True(t, seen[e.ID], "%s (%s) is not provoked by any test", e.ID, e.Title)
		}
	}
}

func assertSighting(t *testing.T, found []analyze.Finding, want sighting) {
	t.Helper()
	var other []string
	for _, f := range found {
		if f.ID != want.id || f.Node != want.node {
			other = append(other, f.ID+" "+f.Node)
			continue
		}
		e, ok := catalog.Get(f.ID)
		require.True(t, ok)
		assert.Equal(t, analyze.Severity(e.Severity), f.Severity)
		assert.NotEmpty(t, f.Detail)
		assert.NotContains(t, f.Detail, "%!", "a format without its argument")
		if want.file == "" || slices.ContainsFunc(f.Evidence, func(e analyze.Evidence) bool { return e.File == want.file }) {
			return
		}
		other = append(other, "in other files")
	}
	t.Errorf("%s is not found on %q in %s; there are %q", want.id, want.node, want.file, other)
}
