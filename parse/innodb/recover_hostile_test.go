package innodb_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/redolog"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// busy is a node with a log that has everything in it, behind a wrap.
func busy() *node {
	n := newNode()
	n.log = redolog.New(12288, 3000)
	n.log.LSN = n.checkpoint
	n.undo.PutSegment(rseg1, 15000, redolog.XID(groupA, 90), undo1)
	n.undo.PutUndo(undo1, 15000, 77, 5, redolog.XID(groupA, 101))
	n.log.Append(redolog.Write(9, 3, 100, 1))
	n.end = n.log.Append(redolog.FileModify(9, "./t/a.ibd"))
	n.log.Confirm(n.checkpoint)
	n.log.Append(redolog.FileRename(9, "./t/a.ibd", "./t/b.ibd"))
	n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(102)...), redolog.Same(0x40, 0, 2, 0))
	n.log.Append(redolog.Memmove(0, rseg0, seqnoAt+100, 8, seqnoAt), redolog.Extended(1, undo1, 3, 1, 2, 3, 4))
	n.log.Append(redolog.Init(1, 5), redolog.Extended(1, 5, 2), redolog.Write(1, rseg1, redolog.UndoSlots+4, 0, 0, 0, 5))
	n.log.Append(redolog.Free(1, 5), redolog.Extended(1, 640, 10))
	n.log.Append(redolog.Init(1, rseg1), redolog.Write(1, rseg1, xidAt, redolog.XID(groupA, 103)...), redolog.Memset(1, rseg1, redolog.UndoSlots, small/4, 0xff))
	n.log.Append(redolog.Write(1, rseg1, redolog.UndoSlots, 0, 0, 0, undo1))
	n.log.Append(redolog.Write(0, 7, 100, make([]byte, 600)...), redolog.Write(0, rseg0, seqnoAt, seqno(104)...))
	return n
}

// requireSound checks what holds for every result.
func requireSound(t testing.TB, r *innodb.Recovery) {
	t.Helper()
	require.Equal(t, r.Bound == innodb.Exact, len(r.Reasons) == 0)
	if r.Bound == innodb.None {
		require.True(t, r.Position.IsUndefined())
	}
	for _, d := range r.Damage {
		require.NotEmpty(t, d.Kind)
		require.GreaterOrEqual(t, d.Offset, int64(0))
	}
	if r.Log.Stop != innodb.StopNone {
		require.GreaterOrEqual(t, r.Log.End, r.Log.Checkpoint)
	}
	if r.Log.Clean {
		require.Nil(t, r.Beyond)
	}
	if b := r.Beyond; b != nil {
		require.Greater(t, b.First, r.Log.End)
		require.Greater(t, b.Last, b.First)
	}
}

// TestLogPrefixes: of a log that is cut short anywhere, no more is believed
// than what is there.
func TestLogPrefixes(t *testing.T) {
	n := busy()
	whole := n.log.File(n.checkpoint, n.end)
	for size := 0; size <= len(whole); size++ {
		if size > 600 && size < redolog.HeaderSize-10 && size%97 != 0 {
			continue
		}
		n.file = whole[:size:size]
		r := n.recover(t, innodb.Options{})
		requireSound(t, r)
		require.LessOrEqual(t, r.Position.Seqno, int64(104), "%d", size)
		if size < len(whole) {
			require.False(t, r.Log.Clean, "%d", size)
		}
	}
}

// TestRecoverFlippedBits: a turned bit in the log or in a page never makes a position
// that nobody wrote, and never one that is taken for exact and is not.
func TestRecoverFlippedBits(t *testing.T) {
	n := busy()
	resolve := innodb.Options{Resolve: func(p []innodb.Prepared) ([]bool, bool) { return make([]bool, len(p)), true }}
	require.Equal(t, int64(104), n.recover(t, resolve).Position.Seqno)
	seqnos := []int64{-1, 90, 100, 102, 103, 104}
	n.file = n.log.File(n.checkpoint, n.end)
	all := []int{0, 1, 2, 3, 4, 5, 6, 7}
	flip := func(name string, b []byte, at int, bits []int, exactBelow bool) {
		for _, bit := range bits {
			b[at] ^= 1 << bit
			r := n.recover(t, resolve)
			b[at] ^= 1 << bit
			requireSound(t, r)
			require.Contains(t, seqnos, r.Position.Seqno, "%s byte %d bit %d", name, at, bit)
			if r.Bound == innodb.Exact && !exactBelow {
				require.Equal(t, int64(104), r.Position.Seqno, "%s byte %d bit %d", name, at, bit)
			}
		}
	}
	for at := range n.file[:redolog.HeaderSize+int(n.log.LSN-12288)%3000+100] {
		switch {
		case at < 64, at >= 504 && at < 512, at%4096 < 64 && at < redolog.HeaderSize, at >= redolog.HeaderSize:
			// The end of a log that is damaged in its last block cannot be
			// told from that of a log that was never written further.
			flip("ib_logfile0", n.file, at, all, at >= redolog.HeaderSize)
		}
	}
	for at := 0; at < len(n.sys.Bytes); at += 17 {
		flip("ibdata1", n.sys.Bytes, at, all[at%8:at%8+1], false)
	}
	for at := 0; at < len(n.undo.Bytes); at += 17 {
		flip("undo001", n.undo.Bytes, at, all[at%8:at%8+1], false)
	}
}

// FuzzRecover puts arbitrary bytes into a log, and into a page with a good
// checksum.
func FuzzRecover(f *testing.F) {
	n := busy()
	log := n.log.File(n.checkpoint, n.end)
	f.Add(log[:64], log[redolog.Checkpoint1:][:64], log[redolog.HeaderSize:], uint8(rseg0), uint16(38), []byte{0, 0, 0, 1})
	b := &redolog.Blocks{Format: 0x50485953, Checkpoint: 20580}
	b.Append(redolog.FileCheckpoint(20580))
	b.Append(redolog.Write(0, 7, 50, make([]byte, 700)...), redolog.Write(0, rseg0, seqnoAt, seqno(101)...))
	blocks, _ := b.File(5)
	f.Add(blocks[:64], []byte(nil), blocks[2048:], uint8(redolog.TrxSys), uint16(redolog.TrxSlots+3), []byte{1})
	f.Fuzz(func(t *testing.T, head, checkpoint, ring []byte, page uint8, at uint16, patch []byte) {
		n := busy()
		first := redolog.HeaderSize
		if len(head) > 1 && head[1] == 'H' {
			first = 2048
		}
		n.file = make([]byte, first, first+len(ring))
		copy(n.file, log)
		if first == 2048 {
			copy(n.file, blocks[:first])
		}
		copy(n.file, head)
		redolog.SealBlock(n.file[:512])
		if first > redolog.Checkpoint1 && len(checkpoint) > 0 {
			copy(n.file[redolog.Checkpoint1:][:60], checkpoint)
			redolog.PutCheckpoint(n.file[redolog.Checkpoint1:], binary.BigEndian.Uint64(n.file[redolog.Checkpoint1:]), binary.BigEndian.Uint64(n.file[redolog.Checkpoint1+8:]))
		}
		n.file = append(n.file, ring...)
		number := uint32(page % 10)
		copy(n.sys.Page(number)[at%small:small-4], patch)
		n.sys.Seal(number)
		requireSound(t, n.recover(t, innodb.Options{}))
	})
}

// FuzzMtr carries out arbitrary records that have a good checksum.
func FuzzMtr(f *testing.F) {
	for _, r := range [][]byte{
		redolog.Write(0, rseg0, seqnoAt, seqno(101)...), redolog.Memset(0, rseg0, 100, 200, 1, 2, 3), redolog.Memmove(0, rseg0, 200, 100, 150),
		redolog.Init(1, rseg1), redolog.Free(1, rseg1), redolog.Extended(1, undo1, 2), redolog.Extended(1, undo1, 3, 1, 2, 3), redolog.Extended(1, 640, 10),
		redolog.FileModify(9, "./t/a.ibd"), redolog.FileRename(9, "a", "b"), redolog.Write(0, redolog.TrxSys, redolog.TrxSlots, 0, 0, 0, 1, 0, 0, 0, 4),
		redolog.Write(1, rseg1, redolog.UndoSlots, 0, 0, 0, 3, 0, 0, 0, 9),
	} {
		f.Add(r, r)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		n := newNode().crashed()
		n.log.Append(first, second)
		if n.log.LSN > n.checkpoint+16<<10 {
			return
		}
		n.log.Append(second)
		r := n.recover(t, innodb.Options{})
		requireSound(t, r)
	})
}

// brokenReader fails from an offset on.
type brokenReader struct {
	*bytes.Reader
	from int64
}

var errBroken = errors.New("disk is broken")

func (b brokenReader) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > b.from {
		return 0, errBroken
	}
	return b.Reader.ReadAt(p, at)
}

func TestReadingFails(t *testing.T) {
	n := busy()
	for i, from := range []int64{0, 5 * small, 6 * small} {
		f := n.files()
		f.System[0].At = brokenReader{bytes.NewReader(n.sys.Bytes), from}
		_, err := innodb.Recover(t.Context(), f, innodb.Options{})
		require.ErrorIs(t, err, errBroken, "%d", i)
	}
	f := n.files()
	f.Log[0].At = brokenReader{bytes.NewReader(n.log.File(n.checkpoint, n.end)), redolog.HeaderSize}
	_, err := innodb.Recover(t.Context(), f, innodb.Options{})
	require.ErrorIs(t, err, errBroken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = innodb.Recover(ctx, n.files(), innodb.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// large is a node with a log of 96 MiB like that of a busy server: most
// mini-transactions change pages of tables and append to an undo log, every
// tenth commits.
func large(bytes int) *node {
	n := newNode()
	n.log = redolog.New(12288, bytes-redolog.HeaderSize)
	n.log.LSN = n.checkpoint
	n.crashed()
	n.log.Append(redolog.FileModify(9, "./t/a.ibd"))
	row := make([]byte, 120)
	for i := uint64(0); n.log.LSN+1000 < 12288+uint64(bytes-redolog.HeaderSize); i++ {
		binary.BigEndian.PutUint64(row[8:], i*0x9e3779b97f4a7c15)
		n.log.Append(redolog.Extended(9, uint32(i%5000), append([]byte{7}, row...)...), redolog.Same(0x30, 40, 1, 2), redolog.Extended(1, uint32(100+i%300), append([]byte{3}, row[:60]...)...))
		if i%10 == 0 {
			n.log.Append(redolog.Write(1, rseg1, seqnoAt, seqno(101+i/10)...), redolog.Write(1, uint32(100+i%300), 56, 0, 3), redolog.Write(0, 300, 500, row[:40]...))
		}
	}
	n.file = n.log.File(n.checkpoint, n.end)
	return n
}

func BenchmarkRecover(b *testing.B) {
	n := large(96 << 20)
	b.SetBytes(int64(len(n.file)))
	b.ReportAllocs()
	for b.Loop() {
		r := n.recover(b, innodb.Options{})
		if r.Log.End != n.log.LSN || r.Bound != innodb.Exact {
			b.Fatal(r.Log.End, r.Reasons)
		}
	}
}

// TestMemory: a longer log takes no more memory.
func TestMemory(t *testing.T) {
	n := large(24 << 20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := n.recover(t, innodb.Options{})
	runtime.ReadMemStats(&after)
	assert.Equal(t, n.log.LSN, r.Log.End)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
}
