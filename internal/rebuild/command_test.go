package rebuild

import (
	"bytes"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// sampleCommands are payloads of every type.
func sampleCommands() [][]byte {
	page := func(n uint64) raftlog.Page { return raftlog.Page{Number: n, Data: bytes.Repeat([]byte{byte(n)}, 512)} }
	return [][]byte{
		raftlog.Open("demo"),
		raftlog.Undo(7),
		raftlog.Checkpoint("a longer name of a database"),
		raftlog.Frames{Database: "demo", PageSize: 512, Pages: []raftlog.Page{page(1), page(9)}}.Encode(),
		raftlog.Frames{Database: "8 bytes!", Partial: true, PageSize: 512, Pages: []raftlog.Page{page(2)}}.Encode(),
		raftlog.Frames{Database: "demo", PageSize: 512}.Encode(),
	}
}

// checkHead holds the streaming reader against the parser of whole payloads.
func checkHead(t *testing.T, payload []byte) {
	t.Helper()
	fsys := fstest.MapFS{"log": {Data: append([]byte("in front"), payload...)}}
	got, damage, err := ReadHead(fsys, cowsql.EntryView{File: "log", Offset: 8, Size: uint32(len(payload))})
	require.NoError(t, err)
	body, problem := format.ParseCommand("log", "", 8, payload)
	if len(body.Database) > maxDatabaseName {
		return
	}
	require.Equal(t, problem == nil, damage == "", "%v, %q", problem, damage)
	if problem != nil {
		return
	}
	want := Head{Type: body.Type, Database: body.Database, Commit: body.Commit, PageSize: body.PageSize, Pages: body.Pages}
	require.Empty(t, gocmp.Diff(want, got, gocmp.Comparer(func(a, b []uint64) bool {
		return len(a) == len(b) && gocmp.Equal(append([]uint64{}, a...), append([]uint64{}, b...))
	})))
}

func TestHeadOfEveryPrefix(t *testing.T) {
	for _, payload := range sampleCommands() {
		for n := range len(payload) + 1 {
			checkHead(t, payload[:n])
		}
	}
}

func TestHeadOfEveryFlippedBit(t *testing.T) {
	for _, payload := range sampleCommands() {
		for i := range min(len(payload), 128) {
			for bit := range 8 {
				b := bytes.Clone(payload)
				b[i] ^= 1 << bit
				checkHead(t, b)
			}
		}
	}
}

func FuzzHead(f *testing.F) {
	for _, payload := range sampleCommands() {
		f.Add(payload)
	}
	f.Fuzz(checkHead)
}
