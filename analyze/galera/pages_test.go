package galera

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

const (
	pageBytes = 16384
	table     = "t/a0.ibd"
)

// deepFindings are the findings that only a deep run has.
var deepFindings = []string{"LWG049", "LWG050", "LWG051", "LWG052"}

// deep returns the deep findings on a node, with the node.
func deep(t *testing.T, nodes []source, name string) (map[string]analyze.Finding, *analyze.Node) {
	t.Helper()
	clusters := run(t, nodes, analyze.Options{Deep: true})
	require.Len(t, clusters, 1)
	out := map[string]analyze.Finding{}
	for _, f := range clusters[0].Findings {
		if f.Node == name && slices.Contains(deepFindings, f.ID) {
			out[f.ID] = f
		}
	}
	return out, nodeOf(t, clusters[0], name)
}

func counts(t *testing.T, n *analyze.Node) (pages, damaged, mended uint64) {
	for _, f := range n.Checked {
		pages, damaged, mended = pages+f.Pages, damaged+f.Damaged, mended+f.Mended
		kinds := uint64(0)
		for _, k := range f.Kinds {
			kinds += k.Pages
		}
		assert.Equal(t, f.Pages, kinds, f.File)
	}
	return pages, damaged, mended
}

// TestDeep damages a table of a node that was stopped cleanly.
func TestDeep(t *testing.T) {
	nodes, _ := opened(t, "clean-stop-one-by-one")
	i := slices.IndexFunc(nodes, func(s source) bool { return s.name == "node3" })
	node := nodes[i]
	sound, err := fs.ReadFile(node.fsys, table)
	require.NoError(t, err)
	page := func(b []byte, n int) []byte { return b[n*pageBytes:][:pageBytes] }
	for _, tt := range []struct {
		name, id, detail string
		damaged          uint64
		change           func(b []byte) []byte
	}{
		{"nothing", "", "", 0, func(b []byte) []byte { return b }},
		{"a flipped byte", "LWG049", "t/a0.ibd (1 of 7 pages)", 1, func(b []byte) []byte { page(b, 3)[200] ^= 0xff; return b }},
		{"cut short", "LWG049", "t/a0.ibd (cut short: 3 of 7 pages)", 0, func(b []byte) []byte { return b[:3*pageBytes] }},
		{"another file", "LWG049", "t/a0.ibd (no tablespace by its content)", 0, func(b []byte) []byte { return bytes.Repeat([]byte("lastwrite"), len(b)/9) }},
		{"a displaced page", "LWG051", "t/a0.ibd (1 page)", 1, func(b []byte) []byte { copy(page(b, 3), page(b, 2)); return b }},
		{"a page of the future", "LWG052", "t/a0.ibd (LSN 1000000000)", 0, func(b []byte) []byte {
			p := page(b, 3)
			binary.BigEndian.PutUint64(p[16:], 1_000_000_000)
			binary.BigEndian.PutUint32(p[pageBytes-8:], 1_000_000_000)
			binary.BigEndian.PutUint32(p[pageBytes-4:], crc32.Checksum(p[:pageBytes-4], crc32.MakeTable(crc32.Castagnoli)))
			return b
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := slices.Clone(nodes)
			changed[i].fsys = overlay{FS: node.fsys, over: fstest.MapFS{table: {Data: tt.change(bytes.Clone(sound)), Mode: 0o660}}}
			found, n := deep(t, changed, "node3")
			pages, damaged, mended := counts(t, n)
			assert.Greater(t, pages, uint64(2000))
			assert.Equal(t, tt.damaged, damaged)
			assert.Zero(t, mended)
			assert.Equal(t, analyze.Clean, n.Start.Outcome)
			if tt.id == "" {
				assert.Empty(t, found)
				assert.Empty(t, n.Damage)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found, tt.id)
			assert.Contains(t, found[tt.id].Detail, tt.detail)
			require.NotEmpty(t, found[tt.id].Evidence)
			assert.Equal(t, table, found[tt.id].Evidence[0].File)
		})
	}
}

// TestDeepIsAskedFor: without the option no page is read in bulk.
func TestDeepIsAskedFor(t *testing.T) {
	r, err := System{}.Open("n", fstest.MapFS{"ibdata1": {}}, analyze.Candidate{Data: "."}, analyze.Options{})
	require.NoError(t, err)
	assert.Nil(t, r.Take("ibdata1"))
	assert.Nil(t, r.Take(table))
}

// TestDeepTornPages: what a start mends is no error, unless the copies are
// lost too.
func TestDeepTornPages(t *testing.T) {
	if !slices.Contains(fixtures.Cases("galera"), "torn-pages") {
		t.Skip("needs the case torn-pages in ../shared/corpus")
	}
	nodes, _ := opened(t, "torn-pages")
	found, n := deep(t, nodes, "node1")
	_, damaged, mended := counts(t, n)
	assert.Equal(t, uint64(20), damaged)
	assert.Equal(t, uint64(20), mended)
	require.Len(t, found, 1)
	assert.Contains(t, found["LWG050"].Detail, "undo002 (13), undo003 (7)")

	system, err := fs.ReadFile(nodes[0].fsys, "ibdata1")
	require.NoError(t, err)
	clear(system[64*pageBytes : 192*pageBytes]) // the doublewrite area
	nodes[0].fsys = overlay{FS: nodes[0].fsys, over: fstest.MapFS{"ibdata1": {Data: system, Mode: 0o660}}}
	found, n = deep(t, nodes, "node1")
	_, damaged, mended = counts(t, n)
	assert.Equal(t, uint64(20), damaged)
	assert.Less(t, mended, damaged)
	assert.Contains(t, found, "LWG049")
}

// TestDeepCrashes: whatever a killed server leaves half done is no damage.
func TestDeepCrashes(t *testing.T) {
	for _, name := range []string{"all-killed-under-load", "joiner-killed-during-sst", "mariabackup-sst-then-crash"} {
		nodes, _ := opened(t, name)
		for _, s := range nodes {
			found, n := deep(t, nodes, s.name)
			_, damaged, _ := counts(t, n)
			assert.Zero(t, damaged, "%s/%s", name, s.name)
			assert.Empty(t, found, "%s/%s", name, s.name)
		}
	}
}

// TestMend: pages that the redo log makes anew are no damage, wherever they
// are.
func TestMend(t *testing.T) {
	bad := func(number uint32, p innodb.Problem) innodb.BadPage {
		return innodb.BadPage{Number: number, Offset: int64(number) * pageBytes, Verdict: innodb.Verdict{Problem: p}}
	}
	r := innodb.Result{File: table, Space: innodb.Space{ID: 5}, Pages: 9, Damaged: 4, Displaced: 2,
		BadPages: []innodb.BadPage{bad(3, innodb.BadSum), bad(4, innodb.Misplaced), bad(5, innodb.Torn), bad(6, innodb.Foreign)}}
	system := innodb.Result{File: "ibdata1", Copies: []innodb.PageCopy{
		{SpaceID: 5, Number: 5, LSN: 150, Good: true},
		{SpaceID: 5, Number: 6, LSN: 150, Good: true}, // a server does not look for it
	}}
	m := &model{Pages: []tablespace{newTablespace(r), newTablespace(system)}, Node: &analyze.Node{}}
	made, tell := m.watch()
	for number := range uint32(5) {
		tell(5, number)
		tell(6, number+5)
	}
	assert.Equal(t, map[pageID]bool{{5, 3}: true, {5, 4}: true}, made)
	m.Engine = &engine{Made: made, Checkpoint: 100, End: 200}
	m.mend()
	assert.Equal(t, []string{"ibdata1", table}, []string{m.Pages[0].File, m.Pages[1].File})
	assert.Equal(t, uint64(3), m.Pages[1].Check.Mended)
	assert.Equal(t, uint64(1), m.Pages[1].Displaced)
	_, tell = (&model{}).watch()
	assert.Nil(t, tell)
}

// TestHolds: copies beside the data directory are not the node's.
func TestHolds(t *testing.T) {
	host := fstest.MapFS{
		"var/lib/mysql/t/far.isl": {Data: []byte("/mnt/fast/t/far.ibd\n")},
		"mnt/fast/t/far.ibd":      {},
		"var/lib/mysql.old/t.ibd": {},
	}
	l := layout{Data: "var/lib/mysql", System: "mnt/system", Undo: "mnt/undo"}
	l.findRemote(host)
	for name, want := range map[string]bool{
		"var/lib/mysql/t/a.ibd": true, "mnt/system/ibdata1": true, "mnt/undo/undo001": true, "mnt/fast/t/far.ibd": true,
		"var/lib/mysql.old/t.ibd": false, "mnt/fast/t/other.ibd": false, "var/lib/mysql/t/a.frm": false,
	} {
		assert.Equal(t, want, l.holds(name), name)
	}
	l = layout{Data: "."}
	assert.True(t, l.holds("t/a.ibd"))
}

// TestIsRedo: what the position is read from is not read a second time.
func TestIsRedo(t *testing.T) {
	l := layout{Redo: "."}
	assert.True(t, l.isRedo("ib_logfile0"))
	assert.True(t, l.isRedo("#innodb_redo/#ib_redo12"))
	assert.False(t, l.isRedo("t/ib_logfile0"))
	assert.False(t, l.isRedo("#innodb_redo/#ib_redo12_tmp"))
}
