package smartengine

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newestWAL is a small WAL with all kinds of batches.
func newestWAL(t testing.TB) []byte { return directory(t, "prepared")["3.wal"].Data }

// manifestSample is a manifest without its padding.
func manifestSample(t testing.TB) []byte {
	b := directory(t, "prepared")["2.manifest"].Data
	return bytes.TrimRight(b, "\x00")
}

// checkpointSample is a checkpoint; parts of it count.
func checkpointSample(t testing.TB) []byte { return directory(t, "checkpoint")["2.checkpoint"].Data }

// extentSample is an extent and what the manifest says of it.
func extentSample(t testing.TB) (Extent, []byte) {
	dir := directory(t, "prepared")
	m := requireManifest(t, dir["2.manifest"].Data)
	for _, e := range m.entries {
		if e.kind == entryExtent {
			return e.extent, dir["0.sst"].Data[ExtentSize:]
		}
	}
	require.Fail(t, "no extent in the sample")
	return Extent{}, nil
}

func requireManifest(t testing.TB, b []byte) *Manifest {
	m, err := ReadManifest("2.manifest", 2, bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	requireAllInside(t, m.Damage, int64(len(b)))
	if m.Stop != nil {
		requireInside(t, m.Stop, int64(len(b)))
	}
	require.LessOrEqual(t, m.End, int64(len(b)))
	return m
}

func requireWAL(t testing.TB, b []byte) *WAL {
	t.Helper()
	last := int64(0)
	w, _ := readWAL(t, b, func(x Batch, _ bool) {
		if x.Offset < last || x.End < x.Offset || x.End > int64(len(b)) {
			t.Fatalf("record from %d to %d behind %d", x.Offset, x.End, last)
		}
		last = x.Offset
	})
	if w.Stop != nil {
		requireInside(t, &w.Stop.Damage, int64(len(b)))
	}
	requireAllInside(t, w.Holes, int64(len(b)))
	for _, g := range w.Gaps {
		require.Less(t, g.Offset, int64(len(b)))
	}
	return w
}

func requireCheckpoint(t testing.TB, b []byte) *Checkpoint {
	c, err := ReadCheckpoint("2.checkpoint", bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	requireAllInside(t, c.Damage, int64(len(b)))
	return c
}

func requireExtent(t testing.TB, x Extent, b []byte) *extentReader {
	r := &extentReader{rows: rows{}}
	require.NoError(t, r.read(x, "0.sst", bytes.NewReader(b), 0, int64(len(b))))
	requireAllInside(t, r.damage, int64(len(b)))
	return r
}

func requireDataFile(t testing.TB, b []byte) *DataFile {
	f, err := ReadDataFile("0.sst", 0, bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	for _, c := range f.Copies {
		if c.Damage != nil && c.Offset <= int64(len(b)) {
			require.LessOrEqual(t, c.Damage.Length, int64(headerRead))
		}
	}
	return f
}

// TestEveryPrefix: a file that is cut tells as many records as it holds whole.
func TestEveryPrefix(t *testing.T) {
	b := newestWAL(t)
	whole := requireWAL(t, b).Records
	ends := map[int64]bool{0: true}
	readWAL(t, b, func(x Batch, _ bool) { ends[x.End] = true })
	require.Len(t, ends, whole+1)
	records := 0
	for n := range len(b) {
		w := requireWAL(t, b[:n])
		if ends[int64(n)] {
			records = w.Records
		}
		assert.Equal(t, records, w.Records)
		assert.Equal(t, ends[int64(n)], w.Stop == nil, "cut to %d", n)
		assert.Zero(t, w.Lost.Records)
	}

	b = manifestSample(t)
	for n := range len(b) {
		m := requireManifest(t, b[:n])
		assert.LessOrEqual(t, m.Records, 5)
		assert.Equal(t, m.End == int64(n), m.Stop == nil && len(m.Damage) == 0, "cut to %d", n)
	}

	b = checkpointSample(t)
	for _, from := range []int{0, checkpointBlock, 2 * checkpointBlock} {
		for n := from; n < from+2000; n += 7 {
			if c := requireCheckpoint(t, b[:n]); len(c.tables) < 4 || len(c.extents) < 2 {
				assert.NotEmpty(t, c.Damage, "cut to %d", n)
			}
		}
	}

	x, b := extentSample(t)
	for n := 0; n < int(x.Index.Offset+x.Index.Size); n += 3 {
		assert.NotEmpty(t, requireExtent(t, x, b[:n]).damage)
	}
	current := directory(t, "prepared")["CURRENT"].Data
	for n := range len(current) {
		c, err := ReadCurrent("CURRENT", bytes.NewReader(current[:n]))
		require.NoError(t, err)
		assert.NotNil(t, c.Damage, "cut to %d", n)
	}
	sst := directory(t, "prepared")["0.sst"].Data
	for n := 0; n < backupHeader+32; n += 13 {
		f := requireDataFile(t, sst[:n])
		assert.True(t, f.Refused || f.Garbage)
	}
}

// TestEveryBit: no turned bit goes unnoticed where the format lets one notice it.
func TestEveryBit(t *testing.T) {
	flips := func(b []byte, from, to int, check func(at int)) {
		for at := from; at < to; at++ {
			for bit := range 8 {
				b[at] ^= 1 << bit
				check(at)
				b[at] ^= 1 << bit
			}
		}
	}
	b := bytes.Clone(newestWAL(t))
	first := len(b)
	readWAL(t, b, func(x Batch, _ bool) { first = min(first, int(x.End)) })
	flips(b, 0, len(b), func(at int) {
		w := requireWAL(t, b)
		inFirst := at < first && at >= headerSize && at < headerSize+6 // what comes before is not in this file
		if w.Stop == nil && len(w.Gaps) == 0 && !inFirst {
			t.Fatalf("bit in byte %d was not noticed", at)
		}
	})

	b = bytes.Clone(manifestSample(t))
	flips(b, 0, len(b), func(at int) {
		m := requireManifest(t, b)
		if m.Stop == nil && len(m.Damage) == 0 {
			t.Fatalf("bit in byte %d was not noticed", at)
		}
	})

	x, b := extentSample(t)
	b = bytes.Clone(b)
	flips(b, 0, int(x.Index.Offset+x.Index.Size), func(at int) {
		if len(requireExtent(t, x, b).damage) == 0 {
			t.Fatalf("bit in byte %d was not noticed", at)
		}
	})

	b = checkpointSample(t) // has no checksum
	for _, from := range []int{0, checkpointBlock, 2 * checkpointBlock} {
		flips(b, from, from+120, func(int) { requireCheckpoint(t, b) })
	}
	for at := range 2000 {
		for _, from := range []int{checkpointBlock, 2 * checkpointBlock} {
			b[from+at] ^= 0x55
			requireCheckpoint(t, b)
			b[from+at] ^= 0x55
		}
	}

	b = bytes.Clone(directory(t, "prepared")["0.sst"].Data)
	flips(b, 0, 31, func(at int) {
		f := requireDataFile(t, b)
		compared := at < 11 || at >= 18 && at < 28 // magic and what stands around the counters
		if compared && f.Copies[0].Damage == nil && !f.Refused {
			t.Fatalf("bit in byte %d was not noticed", at)
		}
	})
}

// TestReadingFails: what a disk says is an error, and no damage.
func TestReadingFails(t *testing.T) {
	p := newReplay(nil)
	_, err := p.wal("3.wal", 3, io.LimitReader(bytes.NewReader(newestWAL(t)), 500), 1151)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = ReadManifest("2.manifest", 2, io.LimitReader(bytes.NewReader(manifestSample(t)), 500), 1542)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = ReadCheckpoint("2.checkpoint", bytes.NewReader(nil), 100)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// TestMemory: a long log takes as much memory as a short one.
func TestMemory(t *testing.T) {
	allocated := func(records int) int64 {
		one := framed(plain(1, 20000))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p := newReplay(nil)
		for range records {
			_, err := p.wal("3.wal", 3, bytes.NewReader(one), int64(len(one)))
			require.NoError(t, err)
		}
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	long := framed(plain(1, 32<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w, err := newReplay(nil).wal("3.wal", 3, bytes.NewReader(long), int64(len(long)))
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Equal(t, 1, w.Records)
	assert.Less(t, int64(after.TotalAlloc-before.TotalAlloc), int64(1<<20), "one record of 32 MiB")
	assert.Less(t, allocated(10), int64(4<<20))
}
