package cowsql

import (
	"bytes"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	"github.com/lastwrite/lastwrite/parse"
)

// addSamples seeds a target with the small samples, so that each also meets
// the files of the others.
func addSamples(f *testing.F) {
	for _, name := range []string{"closed", "open", "frames", "meta", "metadata1", "snapshot"} {
		f.Add(sample(f, name))
	}
}

// allocated returns how many bytes f allocates, memory that is free again
// included.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// requireBounded fails if more was allocated than the content accounts for.
func requireBounded(t *testing.T, allocated, fixed, content int64) {
	t.Helper()
	require.LessOrEqual(t, allocated, fixed+128*content, "allocated for %d bytes of content", content)
}

// requireInside fails if a span lies outside of a file of size bytes.
func requireInside(t *testing.T, d *parse.Damage, size int64) {
	t.Helper()
	require.GreaterOrEqual(t, d.Offset, int64(0))
	require.GreaterOrEqual(t, d.Length, int64(0))
	require.LessOrEqual(t, d.Offset+d.Length, size, d.String())
	require.NotEmpty(t, d.Kind)
}

// requireRun checks a run against the bytes it was read from.
func requireRun(t *testing.T, r *Run, data []byte) {
	t.Helper()
	batches := r.BatchList()
	require.Len(t, batches, r.Batches)
	next, pos := r.Offset, 0
	for _, b := range batches {
		if b.Offset != next || b.Pos != pos || b.N < 1 {
			t.Fatalf("batch %v does not follow offset %d, position %d", b, next, pos)
		}
		next, pos = b.End, pos+b.N
	}
	require.Equal(t, next, r.End)
	require.Equal(t, pos, r.Len())
	require.LessOrEqual(t, r.End, int64(len(data)))
	commands, special := 0, 0
	for i, e := range r.All() {
		if same := (Entry{r.TermAt(i), r.TypeAt(i), r.SizeAt(i), r.CRCAt(i), e.Offset, e.Batch}); e != same {
			t.Fatalf("entry %d is %v and %v", i, e, same)
		}
		b := batches[e.Batch]
		if i < b.Pos || i >= b.Pos+b.N || e.Offset < b.Offset+headerSize(b.N) || e.Offset+int64(e.Size) > b.End {
			t.Fatalf("entry %d (%v) is not in its batch %v", i, e, b)
		}
		payload := data[e.Offset : e.Offset+int64(e.Size)]
		if crc := raftlog.CRC(0, payload); crc != e.CRC {
			t.Fatalf("entry %d has CRC %08x, not %08x", i, crc, e.CRC)
		}
		if e.Type == Command {
			commands++
			continue
		}
		if r.Specials[special].Pos != i {
			t.Fatalf("entry %d is not in Specials", i)
		}
		if e.Type == Change && e.Size <= maxKept {
			require.True(t, bytes.Equal(payload, r.Specials[special].Payload))
		}
		special++
	}
	require.Len(t, r.Specials, special)
	counted := r.Unknown
	for _, n := range r.Commands {
		counted += n
	}
	require.LessOrEqual(t, counted, commands)
	require.LessOrEqual(t, r.Partial, counted)
}

func requireSegment(t *testing.T, s *Segment, data []byte) {
	t.Helper()
	size := int64(len(data))
	require.Equal(t, s.Stop == EndOfFile, s.Damage == nil)
	if s.Damage != nil {
		requireInside(t, s.Damage, size)
	}
	if s.Format == 1 {
		requireRun(t, &s.Run, data)
	}
	if s.Stop == EndOfFile {
		require.Equal(t, size, s.End)
		require.Empty(t, s.Islands)
	} else if s.Format == 1 {
		require.Equal(t, s.End, s.StopAt)
	}
	require.Equal(t, s.AllZero, size >= 8 && zeros(data) == len(data))
	if size >= 8 && s.Stop != EndOfFile {
		from := int(s.StopAt)
		want := int64(from + zeros(data[from:]))
		if want == size {
			want = -1
		}
		require.Equal(t, want, s.NonZero)
	}
	end := s.End
	for i := range s.Islands {
		island := &s.Islands[i]
		require.GreaterOrEqual(t, island.Offset, end, "islands overlap")
		require.Positive(t, island.Len())
		require.GreaterOrEqual(t, island.Skipped, -1)
		requireRun(t, &island.Run, data)
		end = island.End
	}
}

func FuzzReadSegment(f *testing.F) {
	addSamples(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		size := int64(len(data))
		at := bytes.NewReader(data)
		var s *Segment
		var err error
		requireBounded(t, allocated(func() { s, err = ReadSegment(bytes.NewReader(data), at, "segment", size) }), 1<<20, size)
		require.NoError(t, err)
		requireSegment(t, s, data)

		again, err := ReadSegment(iotest.HalfReader(bytes.NewReader(data)), at, "segment", size)
		require.NoError(t, err)
		require.True(t, reflect.DeepEqual(s, again), "depends on how the reader cuts")
	})
}

// FuzzResealedSegment gives every batch that has room good checksums, so that
// the fuzzer gets behind them.
func FuzzResealedSegment(f *testing.F) {
	addSamples(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)
		if len(data) < 8 {
			return
		}
		copy(data, "\x01\x00\x00\x00\x00\x00\x00\x00")
		b := batchReader{w: newWindow(bytes.NewReader(data), 0, int64(len(data)))}
		for at := 8; at+16 <= len(data); {
			n := int(data[at+8]) // small counts only
			clear(data[at+9 : at+16])
			header := at + int(headerSize(n))
			if n == 0 || header > len(data) {
				break
			}
			for i := range n {
				data[at+30+16*i], data[at+31+16*i] = 0, 0 // sizes below 64 KiB
			}
			total, _ := b.decode(data[at+16:header], n)
			if int64(header)+total > int64(len(data)) {
				break
			}
			reseal(data, at, n, int(total))
			at = header + int(total)
		}
		requireSegment(t, readSegment(t, data), data)
	})
}

func FuzzReadSnapshot(f *testing.F) {
	addSamples(f)
	f.Add(packed(f, sample(f, "snapshot")))
	f.Add(frameOf(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s *Snapshot
		var err error
		n := allocated(func() { s, err = ReadSnapshot(bytes.NewReader(data), "snapshot", int64(len(data))) })
		require.NoError(t, err)
		requireBounded(t, n, 24<<20, s.LZ4.Read+int64(len(data))) // blocks of LZ4 have up to 4 MiB
		require.LessOrEqual(t, s.End, s.Size)
		require.GreaterOrEqual(t, s.Missing, int64(0))
		require.LessOrEqual(t, len(s.Databases), maxDatabases)
		if s.Missing > 0 {
			require.NotEmpty(t, s.Damage)
		}
		for _, d := range s.Damage {
			if !strings.HasPrefix(d.Field, "lz4") {
				requireInside(t, &d, s.Size)
			}
		}
		end := int64(16)
		for _, d := range s.Databases {
			require.Greater(t, d.MainOffset, end)
			end = d.MainOffset
			require.LessOrEqual(t, len(d.Name), maxDatabaseName+8)
			require.LessOrEqual(t, len(d.StructuralProblems), maxProblems)
			for _, p := range d.StructuralProblems {
				requireInside(t, &p, s.Size)
			}
		}
		again, err := ReadSnapshot(iotest.OneByteReader(bytes.NewReader(data[:min(len(data), 8<<10)])), "snapshot", int64(len(data)))
		require.NoError(t, err)
		if len(data) <= 8<<10 {
			require.True(t, reflect.DeepEqual(s, again), "depends on how the reader cuts")
		}
	})
}

// FuzzLZ4Block: what is taken for a block decompresses to what another
// decompressor makes of it, which takes more.
func FuzzLZ4Block(f *testing.F) {
	compressed := make([]byte, 4096)
	for _, name := range []string{"closed", "snapshot"} {
		n, err := lz4.CompressBlock(sample(f, name), compressed, nil)
		require.NoError(f, err)
		f.Add(compressed[:n])
	}
	f.Add(append([]byte{0xf0, 1}, "0123456789abcdef"...))
	f.Fuzz(func(t *testing.T, block []byte) {
		if len(block) == 0 {
			return // marks the end of a frame
		}
		got, want := make([]byte, 16<<10), make([]byte, 16<<10)
		end, ok := decodeLZ4Block(got, 0, block)
		require.LessOrEqual(t, end, len(got))
		n, err := lz4.UncompressBlock(block, want)
		if !ok || err != nil { // an offset of 0 is taken by liblz4 only
			return
		}
		require.True(t, bytes.Equal(want[:n], got[:end]))
	})
}

// significant is a configuration without its padding.
func significant(b []byte, c Configuration) []byte { return b[:len(b)-c.Padding] }

// FuzzParseConfiguration: what parses is encoded to the same bytes, up to the
// padding.
func FuzzParseConfiguration(f *testing.F) {
	addSamples(f)
	f.Add(sample(f, "meta")[MetaHeaderSize:])
	f.Add(sample(f, "closed")[192:280])
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Configuration
		var damage *parse.Damage
		requireBounded(t, allocated(func() { c, damage = ParseConfiguration("f", "p", 64, data) }), 1<<20, int64(len(data)))
		if damage != nil {
			require.GreaterOrEqual(t, damage.Offset, int64(64))
			requireInside(t, damage, int64(len(data)+64))
			return
		}
		again := c.Encode()
		require.Zero(t, len(again)%8)
		want := significant(data, c)
		require.Equal(t, want, again[:len(want)])
		require.Less(t, len(again)-len(want), 8)
		c2, damage := ParseConfiguration("f", "p", 64, again)
		require.Nil(t, damage)
		require.True(t, c.Equal(c2))
	})
}

// FuzzParseSnapshotMeta: what parses is encoded to the same bytes, up to the
// padding, the checksum over it, and the upper half of the checksum's field.
func FuzzParseSnapshotMeta(f *testing.F) {
	addSamples(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var m SnapshotMeta
		var damage *parse.Damage
		requireBounded(t, allocated(func() { m, damage = ParseSnapshotMeta("f", data) }), 1<<20, int64(len(data)))
		require.Equal(t, m.Stop == MetaGood, damage == nil)
		if damage != nil {
			requireInside(t, damage, int64(len(data)))
			return
		}
		body := data[MetaHeaderSize : MetaHeaderSize+m.Length]
		require.Equal(t, uint32(m.CRC), raftlog.CRC(raftlog.CRC(0, data[16:32]), body))
		again := m.Encode()
		require.Equal(t, data[:8], again[:8])
		require.Equal(t, data[16:24], again[16:24])
		want := significant(body, m.Configuration)
		require.Equal(t, want, again[32:][:len(want)])
		m2, damage := ParseSnapshotMeta("f", again)
		require.Nil(t, damage)
		require.True(t, m.Configuration.Equal(m2.Configuration))
		require.Equal(t, again, m2.Encode())
	})
}

func FuzzParseMetadata(f *testing.F) {
	addSamples(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, damage := ParseMetadata("f", data, int64(len(data)))
		require.Equal(t, damage == nil, len(data) == MetadataSize && m.Format == 1 && m.Version > 0)
		if damage != nil {
			requireInside(t, damage, int64(len(data)))
			return
		}
		require.Equal(t, data, m.Encode())
	})
}

func FuzzParseCommand(f *testing.F) {
	addSamples(f)
	for _, b := range [][]byte{raftlog.Open("a"), raftlog.Undo(1), raftlog.Checkpoint("b"), sample(f, "frames")[:64]} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c CommandBody
		var damage *parse.Damage
		requireBounded(t, allocated(func() { c, damage = ParseCommand("f", "p", 8, data) }), 1<<20, int64(len(data)))
		head, name := parseCommandHead(data[:min(len(data), headOfCommand)])
		if damage != nil {
			requireInside(t, damage, int64(len(data)+8))
			return
		}
		require.Len(t, c.Content, len(c.Pages)*c.PageSize)
		if len(c.Database) <= 512 {
			require.True(t, head.known, "streaming sees what decoding sees")
		}
		if head.frames {
			require.Equal(t, c.Database, string(name))
			require.Equal(t, c.Commit, head.commit)
		}
	})
}

func FuzzParseName(f *testing.F) {
	for _, name := range []string{
		"metadata1", "0000000000000001-0000000000000042", "1-1", "open-3", "snapshot-1-160-2472588.meta",
		"tmp-open-1", "corrupt-1700000000000000000-open-3", "00000000000000001-1", "info.yaml", "",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, file string) {
		n := ParseName(file)
		require.Equal(t, file, n.File)
		switch n.Kind {
		case KindClosed:
			if len(ClosedName(n.First, n.Last)) == len(file) && !n.Short {
				require.Equal(t, file, ClosedName(n.First, n.Last))
			}
			require.Equal(t, n.First, ParseName(ClosedName(n.First, n.Last)).First)
		case KindSnapshotData, KindSnapshotMeta:
			again := ParseName(SnapshotName(n.Term, n.Index, n.Timestamp))
			require.Equal(t, KindSnapshotData, again.Kind)
			require.Equal(t, []uint64{n.Term, n.Index, n.Timestamp}, []uint64{again.Term, again.Index, again.Timestamp})
			require.Equal(t, n.Kind == KindSnapshotMeta, strings.HasSuffix(file, ".meta"))
		case KindTemporary, KindCorrupt:
			require.True(t, strings.HasSuffix(file, n.Of))
		case KindMetadata, KindOpen, KindIgnored:
		default:
			require.Equal(t, Name{File: file}, n)
		}
	})
}

// FuzzWindow drives a window against the slice it reads.
func FuzzWindow(f *testing.F) {
	f.Add(make([]byte, 3000), []byte{1, 2, 3, 250, 9, 17})
	f.Fuzz(func(t *testing.T, data, steps []byte) {
		w := newWindow(iotest.HalfReader(bytes.NewReader(data)), 0, int64(len(data)))
		w.buf = make([]byte, 16)
		for i := 0; i+1 < len(steps); i += 2 {
			rest := data[w.offset:]
			n := min(int(steps[i])*8, len(rest))
			switch steps[i+1] % 4 {
			case 0:
				b, err := w.peek(n)
				require.NoError(t, err)
				require.True(t, bytes.Equal(rest[:n], b))
			case 1:
				if n > 0 {
					b, err := w.peekSome(int64(n))
					require.NoError(t, err)
					require.NotEmpty(t, b)
					require.True(t, bytes.Equal(rest[:len(b)], b))
				}
			case 2:
				require.NoError(t, w.discard(int64(n)))
			case 3:
				_, err := w.peek(len(rest) + 1)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			}
			require.LessOrEqual(t, len(w.buf), max(16, 4*(len(data)+1)))
		}
	})
}
