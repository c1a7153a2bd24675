package wesql_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/wesql"
	"github.com/lastwrite/lastwrite/fixtures/consensuslog"
)

// views judges two nodes together.
func views(t *testing.T, a, b fs.FS) (x, y wesql.View) {
	t.Helper()
	for _, c := range run(t, map[string]fs.FS{"a": a, "b": b}, analyze.Options{}) {
		for _, n := range c.Nodes {
			v, ok := wesql.ViewOf(n)
			require.True(t, ok)
			if n.Name == "a" {
				x = v
			} else {
				y = v
			}
		}
	}
	return x, y
}

// gone is a log of node n whose first 10 entries were purged.
func gone(n int) fs.FS {
	l := consensuslog.New(uint32(n), 11)
	l.Leader = 1
	return build(n, l.Fill(2, 11, 20))
}

func TestDiffOfLogs(t *testing.T) {
	appended := func(n int, to uint64, edit func(*consensuslog.Log)) fs.FS {
		l := filled(n, to)
		edit(l)
		return build(n, l)
	}
	lack := func(first, last uint64, why wesql.Reason) []wesql.Lack {
		return []wesql.Lack{{Span: wesql.Span{First: first, Last: last}, Why: why}}
	}
	hole := build(2, filled(2, 8))
	third := consensuslog.New(2, 13)
	third.Leader = 1
	put(hole, "master-bin.000003", string(third.Fill(2, 13, 20).Bytes))
	put(hole, index, "./master-bin.000001\n./master-bin.000002\n./master-bin.000003\n")

	for name, tt := range map[string]struct {
		a, b         fs.FS
		equal        uint64
		fork, term   uint64
		loser        string
		onlyA, onlyB []wesql.Lack
		follows      [2]wesql.Follow
	}{
		"equal": {a: build(1, filled(1, 20)), b: build(2, filled(2, 20)), equal: 20, follows: [2]wesql.Follow{{How: "nothing"}, {How: "nothing"}}},
		"behind": {
			a: build(1, filled(1, 20)), b: build(2, filled(2, 12)), equal: 12, onlyA: lack(13, 20, wesql.Ahead),
			follows: [2]wesql.Follow{{How: "deletes", Deletes: &wesql.Span{First: 13, Last: 20}}, {How: "appends", Receives: &wesql.Span{First: 13, Last: 20}}},
		},
		"a tail that lost": {
			a:     appended(1, 10, func(l *consensuslog.Log) { l.NoOp(3, 11, 0); l.Fill(3, 12, 14) }),
			b:     appended(2, 10, func(l *consensuslog.Log) { l.Fill(2, 11, 16) }),
			equal: 10, fork: 11, loser: "b", onlyA: lack(11, 14, wesql.Replaced), onlyB: lack(11, 16, wesql.Replaced),
			follows: [2]wesql.Follow{
				{How: "deletes", Deletes: &wesql.Span{First: 11, Last: 14}, Receives: &wesql.Span{First: 11, Last: 16}},
				{How: "deletes", Deletes: &wesql.Span{First: 11, Last: 16}, Receives: &wesql.Span{First: 11, Last: 14}},
			},
		},
		"two leaders": {
			a:     appended(1, 10, func(l *consensuslog.Log) { l.Transaction(3, 11, 0, "left"); l.Transaction(3, 12, 0, "left") }),
			b:     appended(2, 10, func(l *consensuslog.Log) { l.Transaction(3, 11, 0, "right") }),
			equal: 10, fork: 11, term: 3, onlyA: lack(11, 12, wesql.Replaced), onlyB: lack(11, 11, wesql.Replaced),
			follows: [2]wesql.Follow{{How: "unknown"}, {How: "unknown"}},
		},
		"purged": {
			a: build(1, filled(1, 8)), b: gone(2), onlyA: lack(1, 8, wesql.Purged), onlyB: lack(11, 20, wesql.Ahead),
			follows: [2]wesql.Follow{{How: "cannot"}, {How: "unknown"}},
		},
		"a missing file": {
			a: build(1, filled(1, 20)), b: hole, equal: 16, onlyA: lack(9, 12, wesql.Missing), follows: [2]wesql.Follow{{How: "nothing"}, {How: "nothing"}},
		},
		"an archive": {
			a: build(1, filled(1, 20)), b: archive(filled(1, 20), 5, 8, 15), equal: 15, onlyA: lack(16, 20, wesql.Ahead),
			follows: [2]wesql.Follow{{How: "none"}, {How: "none"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, y := views(t, tt.a, tt.b)
			c := wesql.Compare(x, y)
			assert.Empty(t, c.Foreign)
			assert.Equal(t, tt.equal, c.Equal)
			assert.Equal(t, tt.fork, c.Fork)
			assert.Equal(t, tt.term, c.SameTerm)
			assert.Equal(t, tt.loser, c.Loser)
			assert.Equal(t, tt.onlyA, c.OnlyA)
			assert.Equal(t, tt.onlyB, c.OnlyB)
			for i, f := range []wesql.Follow{c.AFollowsB, c.BFollowsA} {
				f.Why = ""
				assert.Equal(t, tt.follows[i], f)
			}
			// Every entry that one side lacks is found in the files of the other.
			for i, v := range []wesql.View{x, y} {
				var spans []wesql.Span
				want := 0
				for _, l := range [][]wesql.Lack{c.OnlyA, c.OnlyB}[i] {
					spans = append(spans, l.Span)
					want += int(l.Last - l.First + 1)
				}
				got := 0
				require.NoError(t, v.Entries(t.Context(), spans, func(e *wesql.EntryView) {
					got++
					assert.NotEqual(t, "other", e.Kind())
					assert.NotEmpty(t, e.File)
				}))
				assert.Equal(t, want, got)
			}
		})
	}
}

func TestDiffOfForeignLogs(t *testing.T) {
	other := consensuslog.New(2, 1)
	other.Leader = 2
	other.NoOp(5, 1, 0)
	x, y := views(t, build(1, filled(1, 20)), build(2, other.Fill(5, 2, 20)))
	c := wesql.Compare(x, y)
	assert.Equal(t, "at none of the indexes 1 to 20 do they hold the same entry", c.Foreign)
	assert.Empty(t, c.OnlyA)
}

// TestDiffFindsEntriesInSlices: offsets are those in the slice, not in the log
// that it was cut from.
func TestDiffFindsEntriesInSlices(t *testing.T) {
	s := archive(filled(1, 20), 5, 8, 15)
	_, store := views(t, build(1, filled(1, 20)), s)
	found := 0
	require.NoError(t, store.Entries(t.Context(), []wesql.Span{{First: 9, Last: 9}}, func(e *wesql.EntryView) {
		found++
		assert.Zero(t, e.At)
		assert.Contains(t, s, "bucket/repo/main/"+e.File)
	}))
	assert.Equal(t, 1, found)
}
