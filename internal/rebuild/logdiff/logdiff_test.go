package logdiff_test

import (
	"bytes"
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	"github.com/lastwrite/lastwrite/internal/rebuild/logdiff"
)

// node reads a raft directory as analyze does.
func node(t testing.TB, fsys fs.FS) rebuild.Node {
	t.Helper()
	found, err := cowsql.System{}.Find(fsys)
	require.NoError(t, err)
	require.Len(t, found, 1)
	reading, err := cowsql.System{}.Open("n1", fsys, found[0], analyze.Options{})
	require.NoError(t, err)
	names, err := fs.Glob(fsys, "*")
	require.NoError(t, err)
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		require.NoError(t, err)
		if take := reading.Take(name); take != nil {
			require.NoError(t, take(bytes.NewReader(data), bytes.NewReader(data), int64(len(data))))
		}
	}
	n, err := reading.Finish(t.Context())
	require.NoError(t, err)
	view, ok := cowsql.ViewOf(n)
	require.True(t, ok)
	return rebuild.Node{View: view, FS: fsys}
}

var configuration = raftlog.Configuration{Servers: []raftlog.Server{{ID: 1, Address: "a:1", Role: raftlog.Voter}}}

// segment makes entries out of letters: c is the configuration, b a barrier,
// B a barrier with other content, u an undo, everything else a transaction of
// its own. A digit in front sets the term from there on.
func segment(letters string) []byte {
	term := uint64(1)
	var s raftlog.Segment
	for _, l := range letters {
		e := raftlog.Entry{Term: term, Type: raftlog.Command}
		switch {
		case l >= '1' && l <= '9':
			term = uint64(l - '0')
			continue
		case l == 'c':
			e.Type, e.Payload = raftlog.Change, configuration.Encode()
		case l == 'b':
			e.Type, e.Payload = raftlog.Barrier, make([]byte, 8)
		case l == 'B':
			e.Type, e.Payload = raftlog.Barrier, []byte("leftover")
		case l == 'u':
			e.Payload = raftlog.Undo(0)
		default:
			e.Payload = raftlog.Frames{Database: "demo", PageSize: 512, Pages: []raftlog.Page{{Number: 7, Data: bytes.Repeat([]byte{byte(l)}, 512)}}}.Encode()
		}
		s = append(s, raftlog.Batch{e})
	}
	return s.Encode()
}

// log is a directory of closed segments.
func log(files fstest.MapFS) fstest.MapFS {
	files["metadata1"] = &fstest.MapFile{Data: raftlog.Metadata{Version: 1, Term: 1}.Encode()}
	return files
}

func one(letters string, entries uint64) fstest.MapFS {
	return log(fstest.MapFS{raftlog.ClosedName(1, entries): {Data: segment(letters)}})
}

func snapshot(index uint64) (name string, data, meta *fstest.MapFile) {
	return raftlog.SnapshotName(1, index, 1), &fstest.MapFile{Data: raftlog.SnapshotData{}.Encode()},
		&fstest.MapFile{Data: raftlog.SnapshotMeta{ConfigurationIndex: 1, Configuration: configuration}.Encode()}
}

func TestCompare(t *testing.T) {
	name, data, meta := snapshot(6)
	compacted := log(fstest.MapFS{name: data, name + ".meta": meta})
	type span = logdiff.Span
	tests := []struct {
		name   string
		a, b   fstest.MapFS
		want   logdiff.Result
		forkAt uint64
	}{
		{"equal", one("cxyb", 4), one("cxyB", 4), logdiff.Result{Common: span{1, 4}, Equal: 4}, 0},
		{"behind", one("cxy", 3), one("cx", 2), logdiff.Result{Common: span{1, 2}, Equal: 2, OnlyA: []logdiff.Only{{Span: span{3, 3}, Why: logdiff.Behind}}}, 0},
		{"fork", one("cxyz", 4), one("cx2yz", 4), logdiff.Result{Common: span{1, 4}, Equal: 2, Different: 2, Runs: []span{{3, 4}}}, 2},
		{"divergence", one("cxyzx", 5), one("cuyux", 5), logdiff.Result{Common: span{1, 5}, Equal: 3, Different: 2, Runs: []span{{2, 2}, {4, 4}}}, 0},
		{"unrelated", one("cx", 2), one("2cy", 2), logdiff.Result{Common: span{1, 2}, Different: 2, Runs: []span{{1, 2}}}, 0},
		{"gap", one("cxyz", 4), log(fstest.MapFS{raftlog.ClosedName(1, 1): {Data: segment("c")}, raftlog.ClosedName(4, 4): {Data: segment("z")}}),
			logdiff.Result{Common: span{1, 4}, Equal: 2, OnlyA: []logdiff.Only{{Span: span{2, 3}, Why: logdiff.Missing}}}, 0},
		{"compacted", compacted, one("cxyzxyzx", 8),
			logdiff.Result{OnlyB: []logdiff.Only{{Span: span{1, 6}, Why: logdiff.Compacted}, {Span: span{7, 8}, Why: logdiff.Behind}}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := node(t, tt.a), node(t, tt.b)
			got, err := logdiff.Compare(t.Context(), a.View, b.View, 1)
			require.NoError(t, err)
			if tt.want.Different > 0 {
				require.Len(t, got.Pairs, 1)
				assert.Equal(t, tt.want.Runs[0].First, got.Pairs[0].A.Index)
			}
			got.Pairs = nil
			assert.Empty(t, gocmp.Diff(&tt.want, got))
			at, forked := got.Forked()
			assert.Equal(t, tt.forkAt, at)
			assert.Equal(t, tt.forkAt > 0, forked)

			// The other way round it is the same.
			back, err := logdiff.Compare(t.Context(), b.View, a.View, 1)
			require.NoError(t, err)
			back.Pairs, back.OnlyA, back.OnlyB = nil, back.OnlyB, back.OnlyA
			assert.Empty(t, gocmp.Diff(got, back))
		})
	}
}

func TestTail(t *testing.T) {
	n := node(t, one("cxbuyc", 6))
	tail, err := logdiff.ReadTail(t.Context(), n, 2, 4, 2)
	require.NoError(t, err)
	assert.Equal(t, uint64(5), tail.Entries)
	assert.Equal(t, uint64(1), tail.Barriers)
	assert.Equal(t, uint64(1), tail.Configurations)
	assert.Equal(t, uint64(1), tail.Other)
	assert.Equal(t, map[string]uint64{"demo": 2}, tail.Transactions)
	require.Len(t, tail.List, 2)
	assert.Equal(t, uint64(4), tail.List[0].Index)
	assert.Equal(t, []uint64{7}, tail.List[1].Head.Pages)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := node(t, one("cxy", 3))
	_, err := logdiff.Compare(ctx, n.View, n.View, 0)
	assert.ErrorIs(t, err, context.Canceled)
	_, err = logdiff.ReadTail(ctx, n, 1, 1, 0)
	assert.ErrorIs(t, err, context.Canceled)
}
