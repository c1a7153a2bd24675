package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

func readWAL(t testing.TB, b []byte, base int64) (WAL, []Frame) {
	t.Helper()
	var frames []Frame
	w, err := ReadWAL(bytes.NewReader(b), "x-wal", base, int64(len(b)), func(f Frame, page []byte) error {
		require.Len(t, page, 512)
		require.True(t, bytes.Equal(page, b[f.Offset-base:][:len(page)]), "the offset of frame %d", f.Number)
		frames = append(frames, f)
		return nil
	})
	require.NoError(t, err)
	return w, frames
}

func TestChecksum(t *testing.T) {
	data := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	assert.Equal(t, [2]uint32{0x04030201, 0x0c0a0806}, Checksum(false, [2]uint32{}, data))
	assert.Equal(t, [2]uint32{0x01020304, 0x06080a0c}, Checksum(true, [2]uint32{}, data))
	odd := Checksum(true, [2]uint32{}, append(data, 9))
	assert.Equal(t, Checksum(true, [2]uint32{}, data), odd)
}

func TestReadWAL(t *testing.T) {
	b := sample(t, "wal.db-wal")
	w, frames := readWAL(t, b, 1000)
	require.Empty(t, w.Damage)
	assert.True(t, w.Complete(int64(len(b))))
	want := []Frame{
		{Number: 0, Page: 2, Commit: 2, Offset: 1056},
		{Number: 1, Page: 2, Commit: 2, Offset: 1592},
		{Number: 2, Page: 2, Commit: 2, Offset: 2128},
	}
	assert.Empty(t, cmp.Diff(want, frames))
	assert.Equal(t, uint64(3), w.Frames)
	assert.Equal(t, uint64(3), w.Slots)
	assert.Equal(t, uint64(3), w.Commits)
	assert.Equal(t, uint32(2), w.Pages)
	assert.Equal(t, 1000+int64(len(b)), w.End)
	assert.Equal(t, uint32(512), w.Header.PageSize)
}

func TestReadWALRestarted(t *testing.T) {
	b := sample(t, "stale.db-wal")
	w, frames := readWAL(t, b, 0)
	assert.Empty(t, w.Damage, "frames of an earlier run are no damage")
	assert.Len(t, frames, 1)
	assert.Equal(t, uint64(5), w.Stale)
	assert.Equal(t, uint64(6), w.Slots)
	assert.False(t, w.Complete(int64(len(b))))
}

func TestReadWALBigEndian(t *testing.T) {
	b := resum(sample(t, "wal.db-wal"), true)
	w, frames := readWAL(t, b, 0)
	assert.Empty(t, w.Damage)
	assert.Len(t, frames, 3)
	assert.True(t, w.Header.BigEndian)
}

// resum writes the checksums of a log anew.
func resum(b []byte, bigEndian bool) []byte {
	b = bytes.Clone(b)
	b[3] = 0x82
	if bigEndian {
		b[3] = 0x83
	}
	put := func(at int, sum [2]uint32) {
		binary.BigEndian.PutUint32(b[at:], sum[0])
		binary.BigEndian.PutUint32(b[at+4:], sum[1])
	}
	sum := Checksum(bigEndian, [2]uint32{}, b[:24])
	put(24, sum)
	for at := 32; at+24+512 <= len(b); at += 24 + 512 {
		sum = Checksum(bigEndian, sum, b[at:at+8])
		sum = Checksum(bigEndian, sum, b[at+24:at+24+512])
		put(at+16, sum)
	}
	return b
}

func TestReadWALDamage(t *testing.T) {
	const frame = 24 + 512
	set := func(at int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.BigEndian.PutUint32(b[at:], v); return b }
	}
	tests := []struct {
		name   string
		edit   func([]byte) []byte
		kind   parse.Kind
		field  string
		offset int64
		length int64
		frames uint64
		later  uint64
	}{
		{"magic", set(0, 1), parse.BadMagic, "wal.magic", 0, 4, 0, 0},
		{"page size", set(8, 513), parse.BadValue, "wal.page-size", 8, 4, 0, 0},
		{"header checksum", set(12, 99), parse.BadChecksum, "wal.checksum", 0, 32, 0, 0},
		{"version", func(b []byte) []byte { return resum(set(4, 1)(b), false) }, parse.BadVersion, "wal.version", 4, 4, 0, 0},
		{"page byte", func(b []byte) []byte { b[32+24+100] ^= 1; return b }, parse.BadChecksum, "wal.frame[0].checksum", 32, frame, 0, 2},
		{"last frame", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, parse.BadChecksum, "wal.frame[2].checksum", 32 + 2*frame, frame, 2, 0},
		{"stored checksum", func(b []byte) []byte { b[32+16] ^= 1; return b }, parse.BadChecksum, "wal.frame[0].checksum", 32, frame, 0, 1},
		{"salt", func(b []byte) []byte { b[32+frame+8] ^= 1; return b }, parse.Mismatch, "wal.frame[1].salt", 32 + frame + 8, 8, 1, 1},
		{"page 0", set(32+frame, 0), parse.BadValue, "wal.frame[1].page", 32 + frame, 4, 1, 1},
		{"zeroed frame", func(b []byte) []byte { clear(b[32+frame:][:frame]); return b }, parse.Mismatch, "wal.frame[1].salt", 32 + frame + 8, 8, 1, 0},
		{"zeroed tail", func(b []byte) []byte { clear(b[32+frame:]); return b }, parse.Mismatch, "wal.frame[1].salt", 32 + frame + 8, 8, 1, 0},
		{"torn frame", func(b []byte) []byte { return b[:32+2*frame+10] }, parse.Truncated, "wal.frame[2]", 32 + 2*frame, 10, 2, 0},
		{"torn header", func(b []byte) []byte { return b[:31] }, parse.Truncated, "wal.header", 0, 31, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, frames := readWAL(t, tt.edit(sample(t, "wal.db-wal")), 0)
			require.Len(t, w.Damage, 1)
			d := w.Damage[0]
			assert.Equal(t, tt.kind, d.Kind)
			assert.Equal(t, parse.Span{File: "x-wal", Offset: tt.offset, Length: tt.length, Field: tt.field}, d.Span)
			assert.Equal(t, tt.frames, w.Frames)
			assert.Len(t, frames, int(tt.frames))
			assert.Equal(t, tt.later, w.Later)
		})
	}
}

func TestReadWALStream(t *testing.T) {
	b := sample(t, "wal.db-wal")
	size := int64(len(b))
	for _, damaged := range []bool{false, true} {
		in := bytes.Clone(b)
		if damaged {
			in[0] = 0
		}
		r := iotest.OneByteReader(io.MultiReader(bytes.NewReader(in), bytes.NewReader([]byte("behind"))))
		_, err := ReadWAL(r, "x-wal", 0, size, nil)
		require.NoError(t, err)
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, "behind", string(rest), "the stream stands behind the log")
	}

	w, err := ReadWAL(bytes.NewReader(b), "x-wal", 0, size+2*(24+512), nil)
	require.NoError(t, err)
	require.Len(t, w.Damage, 1, "the stream ends before the stated size")
	assert.Equal(t, parse.Truncated, w.Damage[0].Kind)
	assert.Equal(t, uint64(3), w.Frames)

	broken := errors.New("broken disk")
	_, err = ReadWAL(io.MultiReader(bytes.NewReader(b[:600]), iotest.ErrReader(broken)), "x-wal", 0, size, nil)
	require.ErrorIs(t, err, broken)
	_, err = ReadWAL(bytes.NewReader(b), "x-wal", 0, size, func(Frame, []byte) error { return broken })
	require.ErrorIs(t, err, broken)

	w, err = ReadWAL(bytes.NewReader(nil), "x-wal", 7, 0, nil)
	require.NoError(t, err)
	assert.Equal(t, WAL{End: 7}, w, "an empty log is valid")
	assert.True(t, w.Complete(0))
}

func TestReadWALEveryPrefix(t *testing.T) {
	b := sample(t, "wal.db-wal")
	for n := range len(b) + 1 {
		w, frames := readWAL(t, b[:n], 0)
		atEnd := n == 0 || n >= 32 && (n-32)%(24+512) == 0
		assert.Equal(t, atEnd, len(w.Damage) == 0, "prefix %d", n)
		assert.Len(t, frames, max(0, n-32)/(24+512), "prefix %d", n)
		assert.Equal(t, atEnd, w.Complete(int64(n)), "prefix %d", n)
	}
}

func TestReadWALEveryFlippedBit(t *testing.T) {
	b := sample(t, "wal.db-wal")
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		w, err := ReadWAL(bytes.NewReader(b), "x-wal", 0, int64(len(b)), nil)
		b[i/8] ^= 1 << (i % 8)
		require.NoError(t, err)
		if assert.NotEmpty(t, w.Damage, "bit %d", i) {
			assert.LessOrEqual(t, w.Damage[0].Offset, int64(i/8), "bit %d", i)
		}
	}
}

func FuzzReadWAL(f *testing.F) {
	f.Add(sample(f, "wal.db-wal"), int64(1640))
	f.Add(sample(f, "stale.db-wal"), int64(3248))
	f.Add(sample(f, "wal.db-wal")[:32], int64(1<<62))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		var frames uint64
		w, err := ReadWAL(bytes.NewReader(b), "x-wal", 0, size, func(Frame, []byte) error { frames++; return nil })
		require.NoError(t, err)
		require.Equal(t, frames, w.Frames)
		require.LessOrEqual(t, w.Committed, w.Frames)
		require.LessOrEqual(t, w.Frames+w.Later+w.Stale, max(w.Slots, w.Frames))
		require.LessOrEqual(t, w.End, max(0, int64(len(b))))
	})
}
