package rebuild_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	"github.com/lastwrite/lastwrite/internal/rebuild"
)

const pageSize = 512

// node reads a raft directory as analyze does.
func node(t testing.TB, fsys fs.FS) rebuild.Node {
	t.Helper()
	found, err := cowsql.System{}.Find(fsys)
	require.NoError(t, err)
	require.Len(t, found, 1)
	sub, err := fs.Sub(fsys, found[0].Dir)
	require.NoError(t, err)
	reading, err := cowsql.System{}.Open("n1", sub, found[0], analyze.Options{})
	require.NoError(t, err)
	require.NoError(t, fs.WalkDir(sub, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		take := reading.Take(name)
		if take == nil {
			return nil
		}
		data, err := fs.ReadFile(sub, name)
		if err != nil {
			return err
		}
		r := bytes.NewReader(data)
		return take(r, r, int64(len(data)))
	}))
	n, err := reading.Finish(t.Context())
	require.NoError(t, err)
	view, ok := cowsql.ViewOf(n)
	require.True(t, ok)
	return rebuild.Node{View: view, FS: sub}
}

// page returns a page full of one byte. Page 1 states the number of pages and
// that the database is in WAL mode.
func page(number uint64, fill byte, pages uint32) raftlog.Page {
	data := bytes.Repeat([]byte{fill}, pageSize)
	if number == 1 {
		clear(data[:108])
		copy(data, "SQLite format 3\x00")
		binary.BigEndian.PutUint16(data[16:], pageSize)
		copy(data[18:], []byte{2, 2, 0, 64, 32, 32})
		binary.BigEndian.PutUint32(data[28:], pages)
		data[100] = 13                                   // an empty table leaf
		binary.BigEndian.PutUint16(data[105:], pageSize) // its content begins at the end
	}
	return raftlog.Page{Number: number, Data: data}
}

func frames(database string, pages ...raftlog.Page) raftlog.Entry {
	return raftlog.Entry{Term: 1, Type: raftlog.Command, Payload: raftlog.Frames{Database: database, PageSize: pageSize, Pages: pages}.Encode()}
}

func partial(database string, pages ...raftlog.Page) raftlog.Entry {
	return raftlog.Entry{Term: 1, Type: raftlog.Command, Payload: raftlog.Frames{Database: database, PageSize: pageSize, Partial: true, Pages: pages}.Encode()}
}

func command(payload []byte) raftlog.Entry {
	return raftlog.Entry{Term: 1, Type: raftlog.Command, Payload: payload}
}

var configuration = raftlog.Configuration{Servers: []raftlog.Server{{ID: 1, Address: "a:1", Role: raftlog.Voter}}}

// log returns a directory whose log begins with the configuration at index 1.
func log(entries ...raftlog.Entry) fstest.MapFS {
	segment := raftlog.Segment{{{Term: 1, Type: raftlog.Change, Payload: configuration.Encode()}}}
	for _, e := range entries {
		segment = append(segment, raftlog.Batch{e})
	}
	return fstest.MapFS{
		"metadata1": {Data: raftlog.Metadata{Version: 1, Term: 1}.Encode()},
		raftlog.ClosedName(1, uint64(len(entries))+1): {Data: segment.Encode()},
	}
}

// fills returns the byte that fills each page of a file, from page 1 on; 0 for
// a page of zeros.
func fills(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	out := []byte{}
	for ; len(data) > 0; data = data[pageSize:] {
		require.GreaterOrEqual(t, len(data), pageSize)
		out = append(out, data[pageSize-1])
	}
	return out
}

func TestAt(t *testing.T) {
	full := log(
		frames("demo", page(1, 'a', 3), page(2, 'a', 0), page(3, 'a', 0)), // 2
		command(raftlog.Open("demo")),                                     // 3
		frames("demo", page(2, 'b', 0)),                                   // 4
		raftlog.Entry{Term: 1, Type: raftlog.Barrier, Payload: make([]byte, 8)},
		frames("demo", page(1, 'c', 2)),                  // 6: page 3 is gone
		frames("demo", page(1, 'd', 5), page(5, 'd', 0)), // 7: pages 3 and 4 are never written
		partial("demo", page(2, 'e', 0)),                 // 8
		partial("demo", page(3, 'e', 0)),                 // 9
		frames("demo", page(4, 'e', 0)),                  // 10: commits 8 and 9 too
		partial("demo", page(2, 'f', 0)),                 // 11
		command(raftlog.Undo(0)),                         // 12
		frames("demo", page(3, 'g', 0)),                  // 13
		frames("other", page(1, 'h', 1)),                 // 14
		command(raftlog.Checkpoint("demo")),              // 15
	)
	tests := []struct {
		index uint64
		want  map[string]string // database, fill of each page
	}{
		{1, map[string]string{}},
		{2, map[string]string{"demo": "aaa"}},
		{3, map[string]string{"demo": "aaa"}},
		{4, map[string]string{"demo": "aba"}},
		{6, map[string]string{"demo": "cb"}},
		{7, map[string]string{"demo": "db\x00\x00d"}},
		{9, map[string]string{"demo": "db\x00\x00d"}},
		{10, map[string]string{"demo": "deeed"}},
		{12, map[string]string{"demo": "deeed"}},
		{13, map[string]string{"demo": "deged"}},
		{15, map[string]string{"demo": "deged", "other": "h"}},
	}
	n := node(t, full)
	for _, tt := range tests {
		dir := t.TempDir()
		state, err := rebuild.At(t.Context(), n, tt.index, dir, rebuild.Options{})
		require.NoError(t, err, "index %d", tt.index)
		got := map[string]string{}
		for _, d := range state.Databases {
			got[d.Name] = string(fills(t, filepath.Join(dir, d.File)))
			assert.Equal(t, d.Pages*pageSize, d.Size)
			header, err := os.ReadFile(filepath.Join(dir, d.File))
			require.NoError(t, err)
			assert.Equal(t, []byte{1, 1}, header[18:20], "taken out of WAL mode")
		}
		assert.Empty(t, gocmp.Diff(tt.want, got), "index %d", tt.index)
		assert.Equal(t, tt.index, state.Entries)
		assert.Nil(t, state.Unsafe)
	}
}

func TestAtBeginsWithTheNewestSoundSnapshot(t *testing.T) {
	older := raftlog.SnapshotData{{Name: "demo", Main: join(page(1, 'a', 2), page(2, 'a', 0))}}
	wal := raftlog.WAL{PageSize: pageSize, Checkpoint: 1, Salt: [2]uint32{7, 8}, Frames: []raftlog.WALFrame{
		{Page: 2, Data: page(2, 'c', 0).Data},
		{Page: 3, Data: page(3, 'c', 0).Data},
		{Page: 1, Commit: 3, Data: page(1, 'c', 3).Data},
		{Page: 2, Data: page(2, 'x', 0).Data}, // never committed
	}}
	newer := raftlog.SnapshotData{{Name: "demo", Main: join(page(1, 'b', 2), page(2, 'b', 0)), WAL: wal.Encode()}}
	cut := newer.Encode()
	tests := []struct {
		name  string
		newer []byte
		index uint64
		want  string
		base  uint64
	}{
		{"wal", newer.Encode(), 10, "ccc", 10},
		{"older index", newer.Encode(), 8, "aa", 8},
		{"log over the snapshot", newer.Encode(), 11, "cdc", 10},
		{"cut", cut[:len(cut)-8], 11, "ada", 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			meta := raftlog.SnapshotMeta{ConfigurationIndex: 1, Configuration: configuration}.Encode()
			n := node(t, fstest.MapFS{
				"metadata1":            {Data: raftlog.Metadata{Version: 1, Term: 1}.Encode()},
				"snapshot-1-8-1":       {Data: older.Encode()},
				"snapshot-1-8-1.meta":  {Data: meta},
				"snapshot-1-10-2":      {Data: tt.newer},
				"snapshot-1-10-2.meta": {Data: meta},
				raftlog.ClosedName(9, 11): {Data: raftlog.Segment{{
					frames("demo", page(1, 'a', 3), page(3, 'a', 0)),
					raftlog.Entry{Term: 1, Type: raftlog.Barrier, Payload: make([]byte, 8)},
					frames("demo", page(2, 'd', 0)),
				}}.Encode()},
			})
			dir := t.TempDir()
			state, err := rebuild.At(t.Context(), n, tt.index, dir, rebuild.Options{})
			require.NoError(t, err)
			require.NotNil(t, state.Snapshot)
			assert.Equal(t, tt.base, state.Snapshot.Index)
			require.Len(t, state.Databases, 1)
			assert.Equal(t, tt.want, string(fills(t, filepath.Join(dir, "demo"))))
		})
	}
}

func join(pages ...raftlog.Page) []byte {
	var out []byte
	for _, p := range pages {
		out = append(out, p.Data...)
	}
	return out
}

func TestMissing(t *testing.T) {
	tests := []struct {
		name, node string
		ranges     []rebuild.Range
		why        []string
	}{
		{"clean-stop", "n1", []rebuild.Range{{First: 1, Last: 68}}, nil},
		{"closed-segment-gap-no-snapshot", "n2", []rebuild.Range{{First: 1, Last: 41}}, []string{"entries 42 to 77 are missing or unreadable"}},
		{"closed-segment-checksum-middle", "n1", []rebuild.Range{{First: 1, Last: 21}}, []string{"entry 22 is missing or unreadable"}},
		{"closed-segment-gap-past-snapshot", "n3", []rebuild.Range{{First: 280, Last: 280, Snapshot: "snapshot-1-280-3455142"}}, []string{"entry 281 is missing or unreadable"}},
		{"open-segment-counter-gap", "n1", []rebuild.Range{{First: 1, Last: 1}},
			[]string{"open-2 has entries, and what was in open-1 is neither open nor closed"}},
		{"five-nodes-voter-standby-spare", "n5", nil, []string{"there is neither a log entry nor a snapshot"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := node(t, os.DirFS(fixtures.Open(t, "cowsql", tt.name).Node(t, tt.node).Path))
			ranges, why := rebuild.Ranges(n.View)
			assert.Empty(t, gocmp.Diff(tt.ranges, ranges))
			assert.Empty(t, gocmp.Diff(tt.why, why))
			if tt.why == nil {
				return
			}
			_, err := rebuild.At(t.Context(), n, max(rebuild.End(n.View), 1), t.TempDir(), rebuild.Options{})
			var missing *rebuild.MissingError
			require.ErrorAs(t, err, &missing)
			assert.Equal(t, tt.ranges, missing.Ranges)
		})
	}
}

func TestSalvageSaysWhatIsWrong(t *testing.T) {
	n := node(t, os.DirFS(fixtures.Open(t, "cowsql", "single-node-past-last-snapshot").Node(t, "n1").Path))
	dir := t.TempDir()
	state, err := rebuild.At(t.Context(), n, rebuild.End(n.View), dir, rebuild.Options{Salvage: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"entries 121 to 161 are missing or unreadable"}, state.Unsafe)
	require.Len(t, state.Databases, 1)
	assert.Equal(t, "demo.unsafe", state.Databases[0].File)
	assert.FileExists(t, filepath.Join(dir, "demo.unsafe"))
}

func TestHostileCommands(t *testing.T) {
	huge := page(1, 'a', 0xfffffff0)
	tests := []struct {
		name  string
		entry raftlog.Entry
		want  string
	}{
		{"page 0", frames("demo", page(1, 'a', 1), page(0, 'x', 0)), "entry 2 names a page 0"},
		{"page beyond SQLite", frames("demo", page(1, 'a', 1), page(1<<40, 'x', 0)), "entry 2 names a page 1099511627776"},
		{"stated length", frames("demo", huge), `page 1 of database "demo" states 4294967280 pages, the last one with content is 1`},
		{"no page 1", frames("demo", page(2, 'a', 0)), `page 1 of database "demo" is missing or states no length`},
		{"unknown command", command([]byte{1, 9, 0, 0, 0, 0, 0, 0}), "the command in entry 2 cannot be read: format 1, type 9"},
		{"cut", command(frames("demo", page(1, 'a', 1)).Payload[:64]), "the command in entry 2 cannot be read: it ends too early"},
		{"endless name", command(append([]byte{1, 2, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{'n'}, 4096)...)), "the command in entry 2 cannot be read: the name of the database does not end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := node(t, log(tt.entry))
			_, err := rebuild.At(t.Context(), n, 2, t.TempDir(), rebuild.Options{})
			var missing *rebuild.MissingError
			require.ErrorAs(t, err, &missing)
			assert.Equal(t, []string{tt.want}, missing.Why)
			state, err := rebuild.At(t.Context(), n, 2, t.TempDir(), rebuild.Options{Salvage: true})
			require.NoError(t, err)
			assert.Equal(t, []string{tt.want}, state.Unsafe)
		})
	}
}

func TestHostileNames(t *testing.T) {
	names := map[string]string{ // database, file
		"demo":           "demo",
		"DEMO":           "DEMO~2",
		"db.bin":         "db.bin",
		"../../etc/cron": "%2E.%2F..%2Fetc%2Fcron",
		"..":             "%2E%2E",
		"a\\b":           "a%5Cb",
		"CON":            "_CON",
		"nul.db":         "_nul.db",
		"com7":           "_com7",
		"demo-wal":       "demo%2Dwal",
		"demo-journal":   "demo%2Djournal",
		"a-b":            "a-b",
		"manifest.json":  "manifest.json~2",
		"\x1b[31mred":    "%1B%5B31mred",
		"end.":           "end%2E",
	}
	var entries []raftlog.Entry
	for name := range names {
		entries = append(entries, frames(name, page(1, 'a', 1)))
	}
	entries = append(entries, frames(string(bytes.Repeat([]byte("long/"), 60)), page(1, 'a', 1)))
	// Which of two names that meet comes first depends on the log alone.
	entries = append([]raftlog.Entry{frames("demo", page(1, 'a', 1))}, entries...)
	dir := t.TempDir()
	state, err := rebuild.At(t.Context(), node(t, log(entries...)), uint64(len(entries))+1, dir, rebuild.Options{})
	require.NoError(t, err)
	require.Len(t, state.Databases, len(names)+1)
	for _, d := range state.Databases {
		assert.FileExists(t, filepath.Join(dir, d.File))
		assert.LessOrEqual(t, len(d.File), 200)
		if want, ok := names[d.Name]; ok {
			assert.Equal(t, want, d.File, "%q", d.Name)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := rebuild.At(ctx, node(t, log(frames("demo", page(1, 'a', 1)))), 2, t.TempDir(), rebuild.Options{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestChangedMeanwhile(t *testing.T) {
	dir := log(frames("demo", page(1, 'a', 1)))
	n := node(t, dir)
	file := dir[raftlog.ClosedName(1, 2)]
	file.Data = bytes.Clone(file.Data)
	file.Data[len(file.Data)-1] ^= 1
	_, err := rebuild.At(t.Context(), n, 2, t.TempDir(), rebuild.Options{})
	assert.ErrorContains(t, err, "content changed while it was read")
}
