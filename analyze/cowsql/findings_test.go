package cowsql_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/fixtures/raftlog"
)

// A sighting is where a finding is expected: its node and a file that it
// quotes, relative to the node's root. Node "" is the cluster.
type sighting struct{ id, node, file string }

// corpusSightings tells which finding stands for which case.
func corpusSightings() map[string][]sighting {
	return map[string][]sighting{
		"clean-stop": {{"LWC071", "", ""}},
		"closed-segment-checksum-last-autorecovery": {{"LWC013", "n2", "0000000000000114-0000000000000149"}},
		"closed-segment-checksum-middle":            {{"LWC012", "n1", "0000000000000002-0000000000000041"}},
		"closed-segment-gap-no-snapshot":            {{"LWC010", "n2", "0000000000000042-0000000000000077"}},
		"closed-segment-gap-past-snapshot":          {{"LWC011", "n3", "0000000000000282-0000000000000321"}},
		"disk-full-single-node":                     {{"LWC037", "n1", "snapshot-1-1024-4300237"}},
		"dqlite-reconfigured-term-goes-back":        {{"LWC040", "n2", "0000000000000189-0000000000000189"}},
		"first-closed-segment-lost-open-left":       {{"LWC026", "n1", "open-1"}},
		"five-nodes-voter-standby-spare":            {{"LWC047", "n5", "."}},
		"foreign-cluster-directory":                 {{"LWC044", "n3", "open-1"}, {"LWC048", "", "open-1"}, {"LWC049", "", "open-1"}},
		"incus-layout":                              {{"LWC059", "server1", ""}},
		"kill9-under-load":                          {{"LWC045", "n2", "open-1"}, {"LWC051", "n1", "open-1"}},
		"metadata-both-missing":                     {{"LWC004", "n2", "."}, {"LWC005", "n1", "."}},
		"metadata-damaged":                          {{"LWC001", "n3", "metadata2"}, {"LWC006", "n2", "metadata2"}, {"LWC007", "n1", "metadata2"}},
		"odd-segment-names":                         {{"LWC017", "n2", "0000000000000128-0000000000000127"}, {"LWC018", "n3", "1-66"}},
		"open-segment-counter-gap":                  {{"LWC024", "n1", "open-2"}},
		"open-segment-damaged-sector":               {{"LWC020", "n2", "open-1"}},
		"open-segment-truncated":                    {{"LWC023", "n1", "open-1"}},
		"open-segment-zeroed":                       {{"LWC022", "n3", "open-1"}, {"LWC061", "n3", "."}},
		"overlapping-segments-truncate-crash":       {{"LWC016", "n1", "0000000000000002-0000000000000080"}},
		"procedure-a3-run-on-originals":             {{"LWC040", "n2", "0000000000000068-0000000000000068"}, {"LWC072", "", ""}},
		"removed-node-directory":                    {{"LWC046", "n4", "."}},
		"replicas-diverged-silently":                {{"LWC041", "n2", "0000000000000068-0000000000000068"}},
		"single-node-past-last-snapshot":            {{"LWC011", "n1", ""}},
		"snapshot-data-damaged-silent":              {{"LWC034", "n2", "snapshot-1-320-3583728"}},
		"snapshot-data-truncated":                   {{"LWC033", "n1", "snapshot-1-320-3575396"}, {"LWC035", "n2", "snapshot-1-322-3575413"}},
		"snapshot-meta-damaged":                     {{"LWC032", "n3", "snapshot-1-320-4740257.meta"}},
		"snapshot-meta-missing":                     {{"LWC030", "n3", "snapshot-1-320-3566678"}},
		"split-brain-two-recoveries":                {{"LWC042", "", "0000000000000067-0000000000000067"}},
		"stale-cluster-yaml":                        {{"LWC052", "n3", "cluster.yaml"}, {"LWC053", "n2", "info.yaml"}},
		"term-conflict-highest-index-loses":         {{"LWC043", "n1", "open-1"}, {"LWC062", "n1", "open-1"}},
	}
}

func TestCorpusShowsFindings(t *testing.T) {
	for name, want := range corpusSightings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fixtures.Open(t, "cowsql", name)
			var nodes []source
			for _, n := range c.Nodes {
				nodes = append(nodes, source{n.Name, os.DirFS(n.Path)})
			}
			found := run(t, nodes, analyze.Options{})
			for _, s := range want {
				assertSighting(t, found, s)
			}
		})
	}
}

// A scenario is a damaged directory, or several, that the corpus lacks.
type scenario struct {
	sighting
	name  string
	nodes map[string]fstest.MapFS
}

// TestDamageShowsFindings provokes every finding that no case of the corpus
// shows.
func TestDamageShowsFindings(t *testing.T) {
	for _, s := range slices.Concat(metadataScenarios(), segmentScenarios(), entryScenarios(), snapshotScenarios(t), nodeScenarios(), hostScenarios(t)) {
		t.Run(s.id+" "+s.name, func(t *testing.T) {
			t.Parallel()
			var nodes []source
			for _, name := range slices.Sorted(maps.Keys(s.nodes)) {
				nodes = append(nodes, source{name, s.nodes[name]})
			}
			assertSighting(t, run(t, nodes, analyze.Options{}), s.sighting)
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
	for _, s := range slices.Concat(metadataScenarios(), segmentScenarios(), entryScenarios(), snapshotScenarios(t), nodeScenarios(), hostScenarios(t)) {
		seen[s.id] = true
	}
	for _, e := range catalog.All() {
		if strings.HasPrefix(e.ID, "LWC") {
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
		assert.NotEmpty(t, f.Detail)
		if e, ok := catalog.Get(f.ID); assert.True(t, ok) && f.ID != "LWC030" { // LWC030 depends on what else is there
			assert.Equal(t, analyze.Severity(e.Severity), f.Severity)
		}
		if want.file == "" {
			return
		}
		var files []string
		for _, e := range f.Evidence {
			if e.File == want.file {
				return
			}
			files = append(files, e.File)
		}
		other = append(other, fmt.Sprintf("%s %s in %q", f.ID, f.Node, files))
	}
	t.Errorf("%s of node %q in %q is missing; found: %s", want.id, want.node, want.file, strings.Join(other, ", "))
}

func run(t *testing.T, nodes []source, o analyze.Options) []analyze.Finding {
	t.Helper()
	var sources []analyze.Source
	for _, n := range nodes {
		sources = append(sources, n)
	}
	result, err := analyze.Run(t.Context(), sources, systems.All(), o)
	require.NoError(t, err)
	require.Empty(t, result.Problems)
	require.Empty(t, result.Empty)
	var out []analyze.Finding
	for _, c := range result.Clusters {
		out = append(out, c.Findings...)
	}
	return out
}

// A source is one node's directory as an input of its own.
type source struct {
	name string
	fsys fs.FS
}

func (s source) Name() string       { return s.name }
func (s source) Path() string       { return s.name }
func (source) Found([]string) error { return nil }
func (s source) FS() fs.FS          { return s.fsys }

// Sweep hands over every file, one after the other.
func (s source) Sweep(_ context.Context, take func(string) analyze.Take) error {
	return fs.WalkDir(s.fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		consume := take(name)
		if consume == nil {
			return nil
		}
		f, err := s.fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return consume(f, f.(io.ReaderAt), info.Size())
	})
}

// The nodes of the scenarios are voters, spares or standbys with the ids and
// addresses that id and address give them.
func id(n int) uint64      { return 0x5a00000000000000 + uint64(n) }
func address(n int) string { return fmt.Sprintf("10.0.0.%d:9000", n) }

// voters returns a configuration of that many voters.
func voters(n int) raftlog.Configuration {
	var c raftlog.Configuration
	for i := 1; i <= n; i++ {
		c.Servers = append(c.Servers, raftlog.Server{ID: id(i), Address: address(i), Role: raftlog.Voter})
	}
	return c
}

func change(term uint64, c raftlog.Configuration) raftlog.Entry {
	return raftlog.Entry{Term: term, Type: raftlog.Change, Payload: c.Encode()}
}

// transactions returns entries that each write one page; no two are the same.
func transactions(term uint64, first, n int) []raftlog.Entry {
	var out []raftlog.Entry
	for i := first; i < first+n; i++ {
		out = append(out, raftlog.Entry{Term: term, Type: raftlog.Command, Payload: raftlog.Frames{
			Database: "demo", PageSize: 512, Pages: []raftlog.Page{{Number: 2, Data: bytes.Repeat([]byte{byte(i)}, 512)}},
		}.Encode()})
	}
	return out
}

// segment puts every entry into a batch of its own.
func segment(entries ...raftlog.Entry) raftlog.Segment {
	var s raftlog.Segment
	for _, e := range entries {
		s = append(s, raftlog.Batch{e})
	}
	return s
}

// opened is an open segment that is cut to 64 KiB, as a short one is enough.
func opened(entries ...raftlog.Entry) []byte {
	return append(segment(entries...).Encode(), make([]byte, 64<<10)...)
}

// node returns the directory of node n with a log in closed segments from
// index 1 on. It starts, and nothing is wrong with it.
func node(n int, term uint64, log ...[]raftlog.Entry) fstest.MapFS {
	d := fstest.MapFS{
		"metadata1": file(raftlog.Metadata{Version: 1, Term: term}.Encode()),
		"info.yaml": file(fmt.Appendf(nil, "Address: %s\nID: %d\nRole: 0\n", address(n), id(n))),
	}
	var list []byte
	for i := 1; i <= 3; i++ {
		list = fmt.Appendf(list, "- Address: %s\n  ID: %d\n  Role: 0\n", address(i), id(i))
	}
	d["cluster.yaml"] = file(list)
	first := uint64(1)
	for _, entries := range log {
		d[raftlog.ClosedName(first, first+uint64(len(entries))-1)] = file(segment(entries...).Encode())
		first += uint64(len(entries))
	}
	return d
}

// The parts of healthy.
const (
	confSegment   = "0000000000000001-0000000000000001"
	middleSegment = "0000000000000002-0000000000000005"
	lastSegment   = "0000000000000006-0000000000000009"
)

// healthy returns node n with the indexes 1 to 9 in three segments.
func healthy(n int) fstest.MapFS {
	return node(n, 1, []raftlog.Entry{change(1, voters(3))}, transactions(1, 2, 4), transactions(1, 6, 4))
}

// damaged returns one healthy node after a change.
func damaged(edit func(d fstest.MapFS)) map[string]fstest.MapFS {
	d := healthy(1)
	edit(d)
	return map[string]fstest.MapFS{"n1": d}
}

func file(data []byte) *fstest.MapFile { return &fstest.MapFile{Data: data, Mode: 0o600} }

func rename(d fstest.MapFS, from, to string) {
	d[to] = d[from]
	delete(d, from)
}

// loaded reads a node of the corpus into memory, prefixed by dir, so that it
// can be changed. Prepared segments are left out.
func loaded(t *testing.T, name, node, dir string) fstest.MapFS {
	t.Helper()
	c := fixtures.Open(t, "cowsql", name)
	root := os.DirFS(c.Node(t, node).Path)
	out := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(root, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, p)
		if err == nil && (!strings.HasPrefix(path.Base(p), "open-") || data[0] != 0) {
			out[path.Join(dir, p)] = file(data)
		}
		return err
	}))
	return out
}

func metadataScenarios() []scenario {
	meta := func(version, term uint64) *fstest.MapFile {
		return file(raftlog.Metadata{Version: version, Term: term}.Encode())
	}
	return []scenario{
		{sighting{"LWC002", "n1", "metadata1"}, "zeroed", damaged(func(d fstest.MapFS) { d["metadata1"] = file(make([]byte, 32)) })},
		{sighting{"LWC003", "n1", "metadata2"}, "copied over the other", damaged(func(d fstest.MapFS) { d["metadata2"] = d["metadata1"] })},
		{sighting{"LWC008", "n1", "metadata1"}, "term below the log's", map[string]fstest.MapFS{
			"n1": node(1, 1, []raftlog.Entry{change(1, voters(3))}, transactions(2, 2, 4)),
		}},
		{sighting{"LWC009", "n1", "metadata1"}, "swapped", damaged(func(d fstest.MapFS) { d["metadata1"], d["metadata2"] = meta(2, 1), meta(1, 1) })},
	}
}

func segmentScenarios() []scenario {
	cut := func(d fstest.MapFS, name string, by int) { d[name] = file(d[name].Data[:len(d[name].Data)-by]) }
	return []scenario{
		{sighting{"LWC014", "n1", lastSegment}, "cut inside a batch", damaged(func(d fstest.MapFS) { cut(d, lastSegment, 100) })},
		{sighting{"LWC015", "n1", lastSegment}, "cut between two batches", damaged(func(d fstest.MapFS) {
			d[lastSegment] = file(segment(transactions(1, 6, 3)...).Encode())
		})},
		{sighting{"LWC019", "n1", "0" + lastSegment}, "17 digits", damaged(func(d fstest.MapFS) { rename(d, lastSegment, "0"+lastSegment) })},
		{sighting{"LWC021", "n1", "open-1"}, "unfinished batch", damaged(func(d fstest.MapFS) {
			data := opened(transactions(1, 10, 2)...)
			end := len(segment(transactions(1, 10, 2)...).Encode())
			copy(data[end:], segment(transactions(1, 12, 1)...).Encode()[8:300]) // the rest did not get to the disk
			d["open-1"] = file(data)
		})},
		{sighting{"LWC025", "n1", "open-1"}, "first block zeroed", damaged(func(d fstest.MapFS) {
			data := opened(transactions(1, 10, 8)...)
			clear(data[:512])
			d["open-1"] = file(data)
		})},
		{sighting{"LWC026", "n1", "open-1"}, "first segment lost", map[string]fstest.MapFS{
			"n1": func() fstest.MapFS {
				d := node(1, 1)
				d["open-1"] = file(opened(transactions(1, 2, 6)...))
				return d
			}(),
		}},
		{sighting{"LWC027", "n1", "corrupt-1700000000000000000-" + lastSegment}, "set aside", damaged(func(d fstest.MapFS) {
			rename(d, lastSegment, "corrupt-1700000000000000000-"+lastSegment)
		})},
		{sighting{"LWC028", "n1", "tmp-metadata"}, "unfinished file", damaged(func(d fstest.MapFS) { d["tmp-metadata"] = file([]byte("x")) })},
		{sighting{"LWC070", "n1", middleSegment}, "text for a count", damaged(func(d fstest.MapFS) {
			data := bytes.Clone(d[middleSegment].Data)
			copy(data[16:], "kern.log")
			d[middleSegment] = file(data)
		})},
	}
}

func entryScenarios() []scenario {
	one := func(term uint64, entries ...raftlog.Entry) map[string]fstest.MapFS {
		return map[string]fstest.MapFS{"n1": node(1, term, []raftlog.Entry{change(1, voters(3))}, entries)}
	}
	const second = "0000000000000002-0000000000000005"
	unknown := transactions(1, 2, 4)
	unknown[2].Type = 9
	broken := transactions(1, 2, 4)
	broken[3] = raftlog.Entry{Term: 1, Type: raftlog.Change, Payload: []byte("no list ")}
	partial := transactions(1, 2, 4)
	partial[1].Payload = raftlog.Frames{Database: "demo", TxID: 1, Partial: true, PageSize: 512, Pages: []raftlog.Page{{Number: 2, Data: make([]byte, 512)}}}.Encode()
	return []scenario{
		{sighting{"LWC063", "n1", second}, "term 3 before term 2", one(3, slices.Concat(transactions(3, 2, 2), transactions(2, 4, 2))...)},
		{sighting{"LWC064", "n1", second}, "type 9", one(1, unknown...)},
		{sighting{"LWC065", "n1", second}, "text for a configuration", one(1, broken...)},
		{sighting{"LWC066", "n1", second}, "frames without commit", one(1, partial...)},
	}
}

func snapshotScenarios(t *testing.T) []scenario {
	meta := raftlog.SnapshotMeta{ConfigurationIndex: 1, Configuration: voters(3)}.Encode()
	empty := raftlog.SnapshotData{}.Encode()
	const newest = "snapshot-1-200-2472801"
	whole := loaded(t, "dqlite-cluster-lz4-snapshot", "n1", "")
	cut, contradicted := maps.Clone(whole), maps.Clone(whole)
	cut[newest] = file(whole[newest].Data[:20000])
	contradicted[newest] = file(withRowByteFlipped(t, whole[newest].Data))
	return []scenario{
		{sighting{"LWC029", "n1", "open-1"}, "closed segments end at 9, snapshot at 20", damaged(func(d fstest.MapFS) {
			d["snapshot-1-20-1000"], d["snapshot-1-20-1000.meta"] = file(empty), file(meta)
			d["open-1"] = file(opened(transactions(1, 21, 3)...))
		})},
		{sighting{"LWC031", "n1", "snapshot-1-5-1000.meta"}, "data file lost", damaged(func(d fstest.MapFS) { d["snapshot-1-5-1000.meta"] = file(meta) })},
		{sighting{"LWC036", "n1", newest}, "cut", map[string]fstest.MapFS{"n1": cut}},
		{sighting{"LWC038", "n1", newest}, "one byte of a row", map[string]fstest.MapFS{"n1": contradicted}},
		{sighting{"LWC039", "n1", "snapshot-1-5-1000"}, "other format word", damaged(func(d fstest.MapFS) {
			bad := bytes.Clone(empty)
			bad[0] = 7
			d["snapshot-1-5-1000"], d["snapshot-1-5-1000.meta"] = file(bad), file(meta)
		})},
	}
}

// withRowByteFlipped changes the content of a row in a compressed snapshot:
// the last byte of the first leaf page of a table. No structure of SQLite and no
// checksum notices.
func withRowByteFlipped(t *testing.T, compressed []byte) []byte {
	t.Helper()
	data, err := io.ReadAll(lz4.NewReader(bytes.NewReader(compressed)))
	require.NoError(t, err)
	const pageSize, leaf = 4096, 0x0d
	at := bytes.Index(data, []byte("SQLite format 3\x00")) + pageSize
	for data[at] != leaf {
		at += pageSize
	}
	data[at+pageSize-1] ^= 0x01
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	require.NoError(t, w.Apply(lz4.SizeOption(uint64(len(data)))))
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func nodeScenarios() []scenario {
	older := node(1, 1, []raftlog.Entry{change(1, voters(3))}, transactions(1, 2, 4))
	standby := voters(3)
	standby.Servers[2].Role = raftlog.Standby
	return []scenario{
		{sighting{"LWC050", "old", "."}, "older copy", map[string]fstest.MapFS{"n1": healthy(1), "old": older}},
		{sighting{"LWC054", "n1", "cluster.yaml"}, "info.yaml alone", damaged(func(d fstest.MapFS) { delete(d, "cluster.yaml") })},
		{sighting{"LWC055", "n1", "join"}, "still joining", damaged(func(d fstest.MapFS) { d["join"] = file(nil) })},
		{sighting{"LWC060", "n3", confSegment}, "standby", map[string]fstest.MapFS{
			"n3": node(3, 1, []raftlog.Entry{change(1, standby)}, transactions(1, 2, 4)),
		}},
		{sighting{"LWC076", "n1", "database"}, "pages in files", damaged(func(d fstest.MapFS) { d["database/demo"] = file(make([]byte, 512)) })},
	}
}

func hostScenarios(t *testing.T) []scenario {
	server := loaded(t, "incus-layout", "server1", "")
	host := func(edit func(d fstest.MapFS)) map[string]fstest.MapFS {
		d := maps.Clone(server)
		edit(d)
		return map[string]fstest.MapFS{"server1": d}
	}
	return []scenario{
		{sighting{"LWC056", "server1", "database/local.db"}, "other address", host(func(d fstest.MapFS) {
			d["database/local.db"] = file(bytes.ReplaceAll(d["database/local.db"].Data, []byte("127.0.0.1:21222"), []byte("127.0.0.9:21222")))
		})},
		{sighting{"LWC057", "server1", "database/patch.global.sql"}, "left over", host(func(d fstest.MapFS) {
			d["database/patch.global.sql"] = file([]byte("UPDATE nodes SET address = \"10.0.0.7:8443\" WHERE id = 1;\n"))
		})},
		{sighting{"LWC058", "server1", "database/lxd_recovery_db.tar.gz"}, "left over", host(func(d fstest.MapFS) {
			d["database/lxd_recovery_db.tar.gz"] = file([]byte{0x1f, 0x8b})
		})},
		{sighting{"LWC067", "server1#2", ""}, "beside global", host(func(d fstest.MapFS) {
			for name, f := range server {
				if rest, ok := strings.CutPrefix(name, "database/global/"); ok {
					d["database/global.bak/"+rest] = f
				}
			}
		})},
		{sighting{"LWC068", "server1", "database/global/logs.db"}, "of LXD 3.0", host(func(d fstest.MapFS) { d["database/global/logs.db"] = file(nil) })},
		{sighting{"LWC074", "server1", "database/local.db"}, "hot journal", host(func(d fstest.MapFS) { d["database/local.db-journal"] = file(make([]byte, 512)) })},
	}
}
