package manticore_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/fixtures"
)

// A sighting is where a finding is expected: its node and a file that it
// quotes. Node "" is the cluster, file "" any.
type sighting struct{ id, node, file string }

// corpusSightings tells which finding stands for which case.
func corpusSightings() map[string][]sighting {
	const state, log = data + "/grastate.dat", data + "/binlog/binlog.0000"
	return map[string][]sighting{
		"all-killed-one-behind":         {{"LWM023", "", state}, {"LWM027", "n3", log}, {"LWM032", "", data + "/manticore.json"}, {"LWM038", "n1", state}, {"LWM039", "n3", log}},
		"clean-stop-staggered":          {{"LWM022", "", state}, {"LWM027", "n1", data + "/t1/t1.meta"}},
		"last-member-alone":             {{"LWM035", "n1", data + "/manticore.json"}, {"LWM007", "n2", state}},
		"left-cluster-local-writes":     {{"LWM007", "n3", log}},
		"shared-memory-ahead-of-tables": {{"LWM019", "n3", memory}},
		"stale-clean-versus-crashed":    {{"LWM024", "n1", state}},
		"torn-log-tail":                 {{"LWM010", "n2", log}, {"LWM020", "n2", data + "/galera.cache"}},
		"two-clusters-opposite-winners": {{"LWM025", "n1", data + "/cl_alpha/grastate.dat"}, {"LWM036", "", data + "/manticore.json"}},
	}
}

func TestCorpusShowsFindings(t *testing.T) {
	if len(fixtures.Cases("manticore")) == 0 {
		t.Skip("no manticore cases: neither in fixtures nor in ../shared/corpus")
	}
	for name, want := range corpusSightings() {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "manticore", name)
			hosts := map[string]fs.FS{}
			for _, n := range c.Nodes {
				hosts[n.Name] = dirFS(n.Path)
			}
			var found []analyze.Finding
			for _, x := range runFS(t, hosts, analyze.Options{}) {
				found = append(found, x.Findings...)
			}
			for _, s := range want {
				assertSighting(t, found, s)
			}
		})
	}
}

// A scenario is what the corpus lacks: node n2 beside two whole ones, or three
// others.
type scenario struct {
	sighting
	name  string
	hosts map[string]fstest.MapFS
}

func scenarios() []scenario {
	const (
		config, state = data + "/manticore.json", data + "/grastate.dat"
		log, list     = data + "/binlog/binlog.0000", data + "/binlog/binlog.meta"
		meta          = data + "/t1/t1.meta"
	)
	beside := func(m fstest.MapFS) map[string]fstest.MapFS { return three(posts(1, 30, nil), m, posts(3, 12, nil)) }
	files := func(edit func(fstest.MapFS)) map[string]fstest.MapFS {
		m := posts(2, 30, nil)
		edit(m)
		return beside(m)
	}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text), Mode: 0o600} }
	built := func(change func(*node)) map[string]fstest.MapFS { return beside(posts(2, 30, change)) }
	return []scenario{
		{sighting{"LWM001", "n2", config}, "cut", files(func(m fstest.MapFS) { m[config].Data = m[config].Data[:len(m[config].Data)/2] })},
		{sighting{"LWM002", "n2", config}, "gone", files(func(m fstest.MapFS) { m[config+".new"] = m[config]; delete(m, config) })},
		{sighting{"LWM002", "n2", config}, "empty", files(func(m fstest.MapFS) { m[config].Data = nil })},
		{sighting{"LWM002", "n2", config + ".old"}, "left over", files(func(m fstest.MapFS) { m[config+".old"] = file("{}") })},
		{sighting{"LWM003", "n2", config}, "without paths", built(func(n *node) {
			n.clusters = append(n.clusters, cluster{name: "zeta", seqno: -1, tables: []string{"t9"}})
		})},
		{sighting{"LWM004", "n2", config}, "missing", files(func(m fstest.MapFS) {
			m[config].Data = []byte(strings.Replace(string(m[config].Data), `"user":`, `"path":"cl","user":`, 1))
		})},
		{sighting{"LWM004", "n2", config}, "outside", files(func(m fstest.MapFS) {
			m[config].Data = []byte(strings.Replace(string(m[config].Data), `"user":`, `"path":"/mnt/other/cl","user":`, 1))
		})},
		{sighting{"LWM005", "n2", state}, "missing", files(func(m fstest.MapFS) { delete(m, state) })},
		{sighting{"LWM005", "n2", state}, "damaged", files(func(m fstest.MapFS) { m[state] = file("# GALERA saved state\nversion: 2.1\nuuid: x\n") })},
		{sighting{"LWM006", "n2", state + ".old"}, "both", files(func(m fstest.MapFS) { m[state+".old"], m[state+".new"] = m[state], file("") })},
		{sighting{"LWM008", "n2", state}, "dropped", built(func(n *node) { n.clusters[0].gone = true })},
		{sighting{"LWM009", "n2", data + "/old/grastate.dat"}, "another directory", files(func(m fstest.MapFS) {
			m[data+"/old/grastate.dat"] = file(strings.Replace(string(m[state].Data), uuidA, uuidB, 1))
		})},
		{sighting{"LWM011", "n2", log}, "a byte", files(func(m fstest.MapFS) { m[log].Data[300] ^= 0x5a })},
		{sighting{"LWM012", "n2", log}, "gone", files(func(m fstest.MapFS) { delete(m, log) })},
		{sighting{"LWM013", "n2", log}, "older", files(func(m fstest.MapFS) { m[log].Data[4] = 15 })},
		{sighting{"LWM013", "n2", list}, "newer list", files(func(m fstest.MapFS) { m[list].Data[4] = 99 })},
		{sighting{"LWM014", "n2", log}, "no list", files(func(m fstest.MapFS) { delete(m, list) })},
		{sighting{"LWM014", "n2", log}, "not listed", files(func(m fstest.MapFS) { m[list] = file("SPLI\x10\x00\x00\x00\x04\x00") })},
		{sighting{"LWM015", "n2", list}, "gone", files(func(m fstest.MapFS) { delete(m, list); delete(m, log) })},
		{sighting{"LWM016", "n2", "etc/manticoresearch/manticore.conf"}, "elsewhere", built(func(n *node) { n.conf = "binlog_path = /srv/logs" })},
		{sighting{"LWM017", "n2", meta}, "header", files(func(m fstest.MapFS) { m[meta].Data = m[meta].Data[:40] })},
		{sighting{"LWM017", "n2", meta}, "newer", files(func(m fstest.MapFS) { m[meta] = file(`{"meta_version":99,"tid":3}`) })},
		{sighting{"LWM017", "n2", meta}, "chunk", files(func(m fstest.MapFS) { m[meta] = file(`{"meta_version":23,"tid":3,"chunk_names":[4]}`) })},
		{sighting{"LWM017", "n2", config}, "not in the list", files(func(m fstest.MapFS) {
			m[config].Data = []byte(strings.Replace(string(m[config].Data), `{"t1":{"path":"t1","type":"rt"}}`, `{}`, 1))
		})},
		{sighting{"LWM018", "n2", meta}, "no log", files(func(m fstest.MapFS) { m[meta] = file(`{"meta_version":23,"tid":-1,"total_documents":5}`) })},
		{sighting{"LWM018", "", meta}, "truncated", three(
			posts(1, 30, noMemory),
			func() fstest.MapFS {
				m := posts(2, 30, func(n *node) { noMemory(n); n.tables["t1"] = table{tid: 30, flushed: 30} })
				return m
			}(), posts(3, 12, noMemory))},
		{sighting{"LWM021", "n2", "dev/shm/mcrpl_00000000000000000000"}, "another name", files(func(m fstest.MapFS) {
			m["dev/shm/mcrpl_00000000000000000000"] = m[memory]
			delete(m, memory)
		})},
		{sighting{"LWM021", "n2", memory}, "damaged", files(func(m fstest.MapFS) { m[memory].Data[0] = 0 })},
		{sighting{"LWM021", "n2", memory}, "another history", files(func(m fstest.MapFS) { m[memory].Data[20] ^= 1 })},
		{sighting{"LWM026", "n2", state}, "on a stale node", three(posts(1, 30, nil), posts(2, 9, func(n *node) { clean(n); n.clusters[0].safe = 1 }), posts(3, 12, nil))},
		{sighting{"LWM026", "n2", state}, "on two", three(posts(1, 30, func(n *node) { n.clusters[0].safe = 1 }), posts(2, 30, func(n *node) { n.clusters[0].safe = 1 }), posts(3, 12, nil))},
		{sighting{"LWM028", "", state}, "another UUID", built(func(n *node) { n.clusters[0].uuid = uuidB })},
		{sighting{"LWM029", "", log}, "two tables", three(posts(1, 0, two(10, 5, 17)), posts(2, 0, two(9, 7, 18)), posts(3, 0, two(9, 5, 16)))},
		{sighting{"LWM030", "", log}, "wrote apart", three(posts(1, 40, wrote(30, "left")), posts(2, 38, wrote(30, "right")), posts(3, 22, wrote(30, "")))},
		{sighting{"LWM031", "", config}, "a table more", three(posts(1, 20, nil), posts(2, 20, func(n *node) { two(20, 3, 25)(n); n.clusters[0].epoch = 3 }), posts(3, 9, nil))},
		{sighting{"LWM033", "n2", state}, "no list", three(posts(1, 30, nil), posts(2, 9, func(n *node) { clean(n); n.clusters[0].nodes = []string{""} }), posts(3, 12, nil))},
		{sighting{"LWM033", "n2", state}, "by itself", three(posts(1, 30, nil), posts(2, 9, func(n *node) {
			clean(n)
			n.clusters[0].nodes, n.clusters[0].alone = []string{address(2)}, true
		}), posts(3, 12, nil))},
		{sighting{"LWM034", "n2", config}, "stale", three(posts(1, 30, nil), posts(2, 9, func(n *node) {
			clean(n)
			n.clusters[0].nodes, n.clusters[0].safe = []string{""}, 1
		}), posts(3, 12, nil))},
		{sighting{"LWM037", "", config}, "n3", map[string]fstest.MapFS{"n1": posts(1, 30, nil), "n2": posts(2, 30, nil)}},
		{sighting{"LWM040", "", state}, "no two agree", three(posts(1, 25, func(n *node) { n.clusters[0].memory = 27 }), posts(2, 24, nil), posts(3, 9, noMemory))},
		{sighting{"LWM041", "", "etc/manticoresearch/manticore.conf"}, "twice", built(func(n *node) { n.conf = "server_id = 1" })},
		{sighting{"LWM042", "n2", data + "/auth.json"}, "open", files(func(m fstest.MapFS) { m[data+"/auth.json"] = &fstest.MapFile{Data: []byte("{}"), Mode: 0o644} })},
		{sighting{"LWM043", "n2", state}, "zero", files(func(m fstest.MapFS) {
			m[state] = file(strings.Replace(string(m[state].Data), uuidA, zero, 1))
			m[data+"/galera.cache"] = file(fmt.Sprintf("Version: 2\nGID: %s\n", uuidA) + strings.Repeat("\x00", 4096))
		})},
		{sighting{"LWM044", "", data + "/gvwstate.dat"}, "disjoint views", three(
			posts(1, 30, func(n *node) { n.clusters[0].members = []int{1} }), posts(2, 30, func(n *node) { n.clusters[0].members = []int{2} }), posts(3, 12, nil))},
		{sighting{"LWM045", "n2", meta + ".new"}, "left over", files(func(m fstest.MapFS) { m[meta+".new"] = file("{") })},
	}
}

// TestDamageShowsFindings provokes every finding that no case of the corpus
// shows.
func TestDamageShowsFindings(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.id+" "+s.name, func(t *testing.T) {
			var found []analyze.Finding
			for _, c := range run(t, s.hosts, analyze.Options{}) {
				found = append(found, c.Findings...)
			}
			assertSighting(t, found, s.sighting)
		})
	}
}

// TestEveryFindingIsProvoked keeps the two tests above complete.
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
		if strings.HasPrefix(e.ID, "LWM") {
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
		other = append(other, fmt.Sprintf("%s %s in %v", f.ID, f.Node, f.Evidence))
	}
	t.Errorf("%s of node %q in %q is missing; found: %s", want.id, want.node, want.file, strings.Join(other, ", "))
}
