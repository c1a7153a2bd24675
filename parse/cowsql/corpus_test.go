package cowsql_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A nodeFiles is what a raft directory holds.
type nodeFiles struct {
	closed, open []*cowsql.Segment
	snapshots    map[string]*cowsql.Snapshot
	damaged      map[string]string // file to what is wrong with it
}

// readNode parses every file of a raft directory.
func readNode(t *testing.T, dir string) nodeFiles {
	t.Helper()
	out := nodeFiles{snapshots: map[string]*cowsql.Snapshot{}, damaged: map[string]string{}}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		n := cowsql.ParseName(e.Name())
		path := filepath.Join(dir, n.File)
		switch n.Kind {
		case cowsql.KindClosed, cowsql.KindOpen:
			s := readFile(t, path, func(f *os.File, size int64) (*cowsql.Segment, error) { return cowsql.ReadSegment(f, f, n.File, size) })
			if n.Kind == cowsql.KindClosed {
				out.closed = append(out.closed, s)
			} else {
				out.open = append(out.open, s)
			}
			unwritten := n.Kind == cowsql.KindOpen && s.NonZero < 0 && !s.Stop.Cut()
			if s.Damage != nil && !unwritten {
				out.damaged[n.File] = s.Damage.Field + " " + string(s.Damage.Kind)
			}
		case cowsql.KindSnapshotData:
			s := readFile(t, path, func(f *os.File, size int64) (*cowsql.Snapshot, error) { return cowsql.ReadSnapshot(f, n.File, size) })
			out.snapshots[n.File] = s
			if len(s.Damage) > 0 {
				out.damaged[n.File] = s.Damage[0].Field + " " + string(s.Damage[0].Kind)
			}
			for _, d := range s.Databases {
				for _, p := range d.StructuralProblems {
					out.damaged[n.File] = p.Field + " " + string(p.Kind)
				}
				complete := d.WAL.Complete(int64(d.WALSize))
				if !complete && out.damaged[n.File] == "" {
					out.damaged[n.File] = "incomplete WAL"
				}
			}
		case cowsql.KindSnapshotMeta, cowsql.KindMetadata:
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			_, damage := cowsql.ParseSnapshotMeta(n.File, b)
			if n.Kind == cowsql.KindMetadata {
				_, damage = cowsql.ParseMetadata(n.File, b, int64(len(b)))
			}
			if damage != nil {
				out.damaged[n.File] = damage.Field + " " + string(damage.Kind)
			}
		}
	}
	slices.SortFunc(out.closed, func(a, b *cowsql.Segment) int {
		return cmp.Compare(cowsql.ParseName(a.File).First, cowsql.ParseName(b.File).First)
	})
	slices.SortFunc(out.open, func(a, b *cowsql.Segment) int {
		return cmp.Compare(cowsql.ParseName(a.File).Counter, cowsql.ParseName(b.File).Counter)
	})
	return out
}

func readFile[T any](t *testing.T, path string, read func(*os.File, int64) (T, error)) T {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	info, err := f.Stat()
	require.NoError(t, err)
	out, err := read(f, info.Size())
	require.NoError(t, err)
	return out
}

// corpusDamage is all that is wrong in the corpus, as the cases' READMEs tell.
func corpusDamage() map[string]string {
	return map[string]string{
		"closed-segment-checksum-last-autorecovery/n2/0000000000000114-0000000000000149": "batch[13].data-crc bad-checksum",
		"closed-segment-checksum-middle/n1/0000000000000002-0000000000000041":            "batch[21].data-crc bad-checksum",
		"metadata-damaged/n2/metadata2":                                                  "term truncated",
		"metadata-damaged/n3/metadata2":                                                  "size trailing",
		"odd-segment-names/n2/0000000000000128-0000000000000127":                         "batch[1].count bad-value",
		"open-segment-damaged-sector/n2/open-1":                                          "batch[44].data-crc bad-checksum",
		"open-segment-truncated/n1/open-1":                                               "batch[64].data truncated",
		"snapshot-data-damaged-silent/n2/snapshot-1-320-3583728":                         "database[0].wal.frame[668].checksum bad-checksum",
		"snapshot-data-truncated/n1/snapshot-1-320-3575396":                              "database[0].content truncated",
		"snapshot-data-truncated/n2/snapshot-1-322-3575413":                              "header truncated",
		"snapshot-data-truncated/n3/snapshot-1-329-3575473":                              "database[0].content truncated",
		"snapshot-meta-damaged/n1/snapshot-1-320-4740249.meta":                           "crc bad-checksum",
		"snapshot-meta-damaged/n2/snapshot-1-320-4740255.meta":                           "configuration_index truncated",
		"snapshot-meta-damaged/n3/snapshot-1-320-4740257.meta":                           "format bad-version",
	}
}

// A termRange is a run of entries of one term, both ends included.
type termRange struct{ Term, First, Last uint64 }

// A loadedLog is what the real library counted in the log that it loaded.
type loadedLog struct {
	LoadError  string      `json:"load_error"`
	StartIndex uint64      `json:"start_index"`
	LastIndex  uint64      `json:"last_index"`
	Entries    int         `json:"n_entries"`
	Commands   int         `json:"n_commands"`
	Barriers   int         `json:"n_barriers"`
	Changes    int         `json:"n_changes"`
	TermRanges []termRange `json:"term_ranges"`
	Snapshot   *struct {
		Term, Index uint64
		Bytes       int64 `json:"data_len"`
	}
}

// count fills a loadedLog from what was read, as far as the real library
// loaded it: closed segments by their names, open ones behind them.
func (n nodeFiles) count(want loadedLog) loadedLog {
	got := want
	got.Entries, got.Commands, got.Barriers, got.Changes, got.TermRanges = 0, 0, 0, 0, []termRange{}
	next := uint64(1)
	add := func(s *cowsql.Segment) {
		for _, e := range s.All() {
			index := next
			next++
			if index < want.StartIndex || index > want.LastIndex {
				continue
			}
			got.Entries++
			switch e.Type {
			case cowsql.Command:
				got.Commands++
			case cowsql.Barrier:
				got.Barriers++
			case cowsql.Change:
				got.Changes++
			}
			if k := len(got.TermRanges); k > 0 && got.TermRanges[k-1].Term == e.Term {
				got.TermRanges[k-1].Last = index
			} else {
				got.TermRanges = append(got.TermRanges, termRange{e.Term, index, index})
			}
		}
	}
	if want.Snapshot != nil {
		next = want.Snapshot.Index + 1
	}
	for _, s := range n.closed {
		next = cowsql.ParseName(s.File).First
		add(s)
	}
	for _, s := range n.open {
		add(s)
	}
	return got
}

// TestCorpus reads every file of every case: what is damaged is exactly what
// was damaged by hand, and what the real library loaded is what was read.
func TestCorpus(t *testing.T) {
	expected := corpusDamage()
	names := fixtures.Cases("cowsql")
	require.Len(t, names, 36)
	entries, snapshots := 0, 0
	for _, name := range names {
		c := fixtures.Open(t, "cowsql", name)
		var truth struct{ Nodes map[string]loadedLog }
		require.NoError(t, json.Unmarshal(c.JSON, &truth))
		for _, n := range c.Nodes {
			where := name + "/" + n.Name
			files := readNode(t, n.Data)
			for file, got := range files.damaged {
				assert.Equal(t, expected[where+"/"+file], got, "%s/%s", where, file)
				delete(expected, where+"/"+file)
			}
			want := truth.Nodes[n.Name]
			if want.LoadError != "" {
				continue
			}
			assert.Equal(t, want, files.count(want), where)
			entries += want.Entries
			if want.Snapshot == nil {
				continue
			}
			for file, s := range files.snapshots {
				if f := cowsql.ParseName(file); f.Term == want.Snapshot.Term && f.Index == want.Snapshot.Index {
					assert.Equal(t, want.Snapshot.Bytes, s.Size, "%s/%s", where, file)
					snapshots++
				}
			}
		}
	}
	assert.Empty(t, expected, "damage that was not found")
	t.Logf("%d entries and %d snapshots agree with what the real library loaded", entries, snapshots)
	assert.Greater(t, entries, 10000)
	assert.Greater(t, snapshots, 20)
}

// TestCorpusDamage looks closer at damage whose place the READMEs tell.
func TestCorpusDamage(t *testing.T) {
	segment := func(name, node, file string) *cowsql.Segment {
		n := fixtures.Open(t, "cowsql", name).Node(t, node)
		return readFile(t, filepath.Join(n.Data, file), func(f *os.File, size int64) (*cowsql.Segment, error) {
			return cowsql.ReadSegment(f, f, file, size)
		})
	}
	s := segment("closed-segment-checksum-middle", "n1", "0000000000000002-0000000000000041")
	assert.Equal(t, cowsql.DataChecksum, s.Stop)
	assert.EqualValues(t, 149360, s.StopAt)
	assert.Contains(t, s.Damage.Note, "of byte 149592")
	require.Len(t, s.Islands, 1)
	assert.Equal(t, 1, s.Islands[0].Skipped)
	assert.Equal(t, 40, s.Len()+1+s.Islands[0].Len())
	assert.Equal(t, s.Size, s.Islands[0].End)

	s = segment("open-segment-damaged-sector", "n2", "open-1")
	assert.Equal(t, cowsql.DataChecksum, s.Stop)
	assert.Empty(t, s.Damage.Note, "a whole sector is no flipped bit")
	require.Len(t, s.Islands, 1)
	assert.Equal(t, 1, s.Islands[0].Skipped)
	assert.Equal(t, 46, s.Len())
	assert.Equal(t, 76, s.Len()+1+s.Islands[0].Len())

	n := fixtures.Open(t, "cowsql", "snapshot-data-damaged-silent").Node(t, "n2")
	file := "snapshot-1-320-3583728"
	snapshot := readFile(t, filepath.Join(n.Data, file), func(f *os.File, size int64) (*cowsql.Snapshot, error) {
		return cowsql.ReadSnapshot(f, file, size)
	})
	require.Len(t, snapshot.Damage, 1)
	d := snapshot.Damage[0]
	assert.True(t, d.Offset <= 2757448 && 2757448+8 <= d.Offset+d.Length, d)
}
