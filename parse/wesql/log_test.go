package wesql_test

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/consensuslog"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return b
}

func read(t testing.TB, b []byte) (*wesql.Log, []wesql.Entry) {
	t.Helper()
	var entries []wesql.Entry
	l, err := wesql.ReadLog(bytes.NewReader(b), bytes.NewReader(b), "x.000001", int64(len(b)), wesql.Options{Visit: func(e *wesql.Entry) { entries = append(entries, *e) }})
	require.NoError(t, err)
	return l, entries
}

func TestVectors(t *testing.T) {
	l, entries := read(t, sample(t, "entries.log"))
	assert.EqualValues(t, 1, l.First)
	assert.EqualValues(t, 14, l.Events)
	assert.Equal(t, wesql.Scan{Index: 3, Term: 2, End: 844, Complete: 3}, l.Server)
	assert.Equal(t, l.Server, l.Strict)
	assert.Equal(t, "8.0.35", l.Version)
	assert.Equal(t, 104, l.Types)
	assert.True(t, l.Consensus())
	assert.False(t, l.InUse)
	require.Len(t, entries, 3)
	assert.True(t, entries[0].Empty)
	assert.Equal(t, wesql.FlagRotate, entries[1].Flag)
	assert.EqualValues(t, 101, entries[1].XID)
	assert.EqualValues(t, 288, entries[1].Length)
	require.NotNil(t, entries[2].Change)
	assert.Equal(t, []string{"10.0.1.2:13306"}, entries[2].Change.Addresses)
	assert.EqualValues(t, 9, entries[2].Change.Weight)
	assert.Equal(t, "configure member 10.0.1.2:13306", entries[2].Change.String())

	l, entries = read(t, sample(t, "follower.log"))
	assert.EqualValues(t, 1, l.ServerID)
	require.Len(t, entries, 2)
	assert.Equal(t, wesql.Scan{Index: 1, Term: 2, End: 381, Complete: 1, Open: true}, l.Server)
	assert.EqualValues(t, 2, entries[0].Leader)
	assert.False(t, entries[1].Complete)
}

// TestCuts are the measured ends of a cut file.
func TestCuts(t *testing.T) {
	b := sample(t, "entries.log")
	for _, c := range []struct {
		size  int
		index uint64
		end   int64
		open  bool
	}{{251, 0, 251, false}, {260, 0, 251, false}, {310, 0, 251, true}, {332, 0, 251, true}, {333, 1, 333, false}, {381, 1, 381, false}, {401, 1, 381, false}, {440, 1, 381, true}, {727, 1, 381, true}, {728, 2, 728, false}, {843, 2, 728, true}} {
		l, _ := read(t, b[:c.size])
		assert.Equal(t, c.index, l.Server.Index, "cut to %d", c.size)
		assert.Equal(t, c.end, l.Server.End, "cut to %d", c.size)
		assert.Equal(t, c.open, l.Server.Open, "cut to %d", c.size)
	}
}

func TestEveryPrefix(t *testing.T) {
	b := sample(t, "entries.log")
	last := uint64(0)
	for n := range b {
		l, entries := read(t, b[:n])
		require.GreaterOrEqual(t, l.Server.Index, last)
		last = l.Server.Index
		require.LessOrEqual(t, l.Server.End, int64(max(n, 4)))
		for _, e := range entries {
			if e.Complete {
				require.LessOrEqual(t, e.End, int64(n))
			}
		}
	}
}

// TestEveryFlippedBit: a change is seen as damage, in the structure, or it is
// in the in-use flag.
func TestEveryFlippedBit(t *testing.T) {
	b := sample(t, "entries.log")
	for at := range b {
		for bit := range 8 {
			bad := bytes.Clone(b)
			bad[at] ^= 1 << bit
			l, _ := read(t, bad)
			if at == 21 && bit == 0 {
				require.True(t, l.InUse)
				continue
			}
			require.NotEmpty(t, l.Damage, "bit %d of byte %d", bit, at)
			require.LessOrEqual(t, l.Strict.End, int64(at)+1, "bit %d of byte %d", bit, at)
		}
	}
}

func TestDigestIgnoresWhatNodesWriteAnew(t *testing.T) {
	a := consensuslog.New(1, 1)
	a.NoOp(2, 1, 0)
	a.Mark("master-bin.000001")
	b := consensuslog.New(2, 1)
	b.Leader = 1
	b.NoOp(2, 1, 0)
	c := consensuslog.NewPlain(3, 1)
	c.Leader = 1
	c.NoOp(2, 1, 0)
	for _, l := range []*consensuslog.Log{a, b, c} {
		l.Transaction(2, 2, 256, "row")
		l.Config(2, 3, "\x08\x02\x10\x03\x1a\x0610.0:1")
		l.Transaction(2, 4, 0, string(bytes.Repeat([]byte("x"), 300000)))
	}
	_, one := read(t, a.Bytes)
	_, two := read(t, b.Bytes)
	_, three := read(t, c.Bytes)
	require.Len(t, one, 4)
	for i := range one {
		assert.Equal(t, one[i].Digest, two[i].Digest, "entry %d", i+1)
		assert.Equal(t, one[i].Digest, three[i].Digest, "entry %d without checksums", i+1)
		assert.True(t, three[i].Complete)
		assert.Zero(t, one[i].Bad)
	}
	d := consensuslog.New(1, 1)
	d.NoOp(2, 1, 0)
	d.Transaction(2, 2, 256, "Row")
	_, other := read(t, d.Bytes)
	assert.NotEqual(t, one[1].Digest, other[1].Digest)
}

func TestOddities(t *testing.T) {
	build := func(edit func(*consensuslog.Log)) *wesql.Log {
		l := consensuslog.New(1, 1)
		l.NoOp(2, 1, 0)
		edit(l)
		out, _ := read(t, l.Bytes)
		return out
	}
	t.Run("gap", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) { l.Fill(2, 3, 5) })
		require.Len(t, l.Gaps, 1)
		assert.EqualValues(t, 2, l.Gaps[0].Want)
		assert.EqualValues(t, 5, l.Server.Index)
	})
	t.Run("index goes back", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) { l.Fill(2, 2, 5); l.Transaction(2, 3, 0, "again") })
		assert.Equal(t, "Consensus_log_event log index out of order", l.Server.Malformed)
		assert.EqualValues(t, 5, l.Server.Index)
		assert.EqualValues(t, 1, l.Behind)
	})
	t.Run("wrong length", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) { l.Entry(2, 2, 0, 1000); l.Fill(2, 3, 4) })
		require.Len(t, l.Misfits, 1)
		assert.EqualValues(t, 1000, l.Misfits[0].Want)
		assert.EqualValues(t, 4, l.Server.Index)
	})
	t.Run("term falls", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) { l.Fill(3, 2, 3); l.Fill(2, 4, 4) })
		require.Len(t, l.Decreases, 1)
	})
	t.Run("inside of a large transaction", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) { l.Part(2, 2, 4, "a"); l.Part(2, 3, 4, "b") })
		assert.Equal(t, wesql.Scan{Index: 3, Term: 2, End: l.Size, Complete: 1, InLarge: true}, l.Server)
	})
	t.Run("unfinished large event", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) { l.Fill(2, 2, 2); l.NoOp(2, 3, 164); l.NoOp(2, 4, 36) })
		assert.EqualValues(t, 2, l.Server.Index)
	})
	t.Run("large event", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) {
			l.NoOp(2, 2, 164)
			l.NoOp(2, 3, 36)
			l.Part(2, 4, 68, "whole")
			l.Part(2, 5, 8, "end")
		})
		assert.Equal(t, wesql.Scan{Index: 5, Term: 2, End: l.Size, Complete: 5}, l.Server)
	})
	t.Run("entries behind damage", func(t *testing.T) {
		l := build(func(l *consensuslog.Log) { l.Fill(2, 2, 9); l.Bytes[l.Offsets[4]+10] = 0xff })
		assert.EqualValues(t, 3, l.Server.Index)
		assert.EqualValues(t, 5, l.Behind)
		assert.EqualValues(t, 5, l.BehindFirst)
		assert.EqualValues(t, 9, l.BehindLast)
	})
	t.Run("other magic", func(t *testing.T) {
		l, _ := read(t, []byte("SQLite format 3"))
		assert.False(t, l.Magic)
		assert.Equal(t, parse.BadMagic, l.Damage[0].Kind)
	})
}

// TestSlices: a log in slices reads like the log.
func TestSlices(t *testing.T) {
	for _, plain := range []bool{false, true} {
		l := consensuslog.New(1, 1)
		if plain {
			l = consensuslog.NewPlain(1, 1)
		}
		l.Fill(2, 1, 20)
		_, whole := read(t, l.Bytes)
		var parts []wesql.Entry
		cuts := []int{0, l.Offsets[5], l.Offsets[6], l.Offsets[17], len(l.Bytes)}
		for i := range 4 {
			piece := l.Bytes[cuts[i]:cuts[i+1]]
			x, err := wesql.ReadLog(bytes.NewReader(piece), bytes.NewReader(piece), "s", int64(len(piece)), wesql.Options{Offset: int64(cuts[i]), Visit: func(e *wesql.Entry) { parts = append(parts, *e) }})
			require.NoError(t, err)
			assert.Empty(t, x.Damage)
			assert.EqualValues(t, cuts[i+1], x.Server.End)
		}
		assert.Equal(t, whole, parts)
	}
}

func TestDamagedSlice(t *testing.T) {
	l := consensuslog.New(1, 1).Fill(2, 1, 20)
	piece := bytes.Clone(l.Bytes[l.Offsets[5]:])
	piece[11] = 0xff
	x, err := wesql.ReadLog(bytes.NewReader(piece), bytes.NewReader(piece), "s", int64(len(piece)), wesql.Options{Offset: int64(l.Offsets[5])})
	require.NoError(t, err)
	assert.EqualValues(t, 15, x.Behind)
	assert.EqualValues(t, 0, x.Damage[0].Offset)
}

func TestReadErrors(t *testing.T) {
	b := consensuslog.New(1, 1).Fill(2, 1, 9).Bytes
	_, err := wesql.ReadLog(&failing{b[:500]}, nil, "x", int64(len(b)), wesql.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

type failing struct{ b []byte }

func (f *failing) Read(p []byte) (int, error) {
	if len(f.b) == 0 {
		return 0, context.Canceled
	}
	n := copy(p, f.b)
	f.b = f.b[n:]
	return n, nil
}

func FuzzReadLog(f *testing.F) {
	f.Add(sample(f, "entries.log"), int64(0))
	f.Add(sample(f, "follower.log"), int64(0))
	l := consensuslog.New(1, 5).Fill(2, 5, 9)
	f.Add(l.Bytes, int64(0))
	f.Add(l.Bytes[l.Offsets[6]:], int64(l.Offsets[6]))
	f.Fuzz(func(t *testing.T, b []byte, offset int64) {
		offset = min(max(offset, 0), 1<<40)
		n := 0
		l, err := wesql.ReadLog(bytes.NewReader(b), bytes.NewReader(b), "x", int64(len(b)), wesql.Options{Offset: offset, Visit: func(*wesql.Entry) { n++ }})
		require.NoError(t, err)
		require.LessOrEqual(t, n, len(b)/19+1)
		require.LessOrEqual(t, l.Server.End, max(offset+int64(len(b)), 4))
		for _, d := range l.Damage {
			require.GreaterOrEqual(t, d.Offset, int64(0))
			require.LessOrEqual(t, d.Offset+d.Length, int64(len(b)))
		}
	})
}

// BenchmarkReadLog walks a gigabyte with every checksum and digest.
func BenchmarkReadLog(b *testing.B) {
	small := consensuslog.New(1, 1).Fill(2, 1, 200000).Bytes
	large := consensuslog.New(1, 1)
	row := string(bytes.Repeat([]byte("0123456789abcdef"), 128))
	for i := uint64(1); i < 40000; i++ {
		large.Transaction(2, i, 0, row)
	}
	for _, c := range []struct {
		name string
		data []byte
	}{{"rows of 20 bytes", small}, {"rows of 2 KiB", large.Bytes}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.data)))
			for b.Loop() {
				l, err := wesql.ReadLog(bytes.NewReader(c.data), nil, "x", int64(len(c.data)), wesql.Options{Visit: func(*wesql.Entry) {}})
				if err != nil || len(l.Damage) > 0 {
					b.Fatal(err, l.Damage)
				}
			}
		})
	}
}
