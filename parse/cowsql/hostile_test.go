package cowsql

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/raftlog"
)

// hostileSegments are made to keep the search behind damage busy: a naive one
// reads up to 4 MiB for every 8 bytes of each.
func hostileSegments(size int) map[string][]byte {
	words := func(word uint64) []byte {
		out := make([]byte, 0, size)
		for len(out) < size {
			out = binary.LittleEndian.AppendUint64(out, word)
		}
		copy(out[8:], make([]byte, 16)) // a batch with count 0, so that the search starts
		return out
	}
	repeat := func(unit []byte) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, 1), bytes.Repeat(unit, size/len(unit))...)
	}
	empty := raftlog.Batch{{Term: 1, Type: raftlog.Barrier}}.Encode()
	bad := raftlog.Batch{{Term: 1, Type: raftlog.Barrier, Payload: make([]byte, 8)}}.Encode()
	bad[32] = 1
	huge := make([]byte, 32) // a count whose header takes a quarter of the file
	binary.LittleEndian.PutUint64(huge[8:], uint64(size/64)|1)
	huge[24] = 1
	many := make(raftlog.Batch, 500)
	for i := range many {
		many[i] = raftlog.Entry{Term: uint64(i), Type: raftlog.Barrier}
	}
	return map[string][]byte{
		"a count of 1 everywhere":                   words(1),
		"a large count everywhere":                  words(uint64(min(size/64, maxBatch-1)) | 1),
		"an island every 40 bytes":                  repeat(append(bytes.Clone(empty), "damaged!"...)),
		"good headers, bad data":                    repeat(bad),
		"good headers, bad data, then large counts": repeat(append(bytes.Clone(bad), huge...)),
		"islands, then large counts":                repeat(append(bytes.Clone(empty), huge...)),
		"islands of a new term an entry":            repeat(append(many.Encode(), "damaged!"...)),
		"one batch of entries of a new term":        repeat(many.Encode()),
		"zeros behind a byte":                       append([]byte{1, 0, 0, 0, 0, 0, 0, 0, 1}, make([]byte, size)...),
	}
}

// countingAt counts what is read at random.
type countingAt struct {
	*bytes.Reader
	n int64
}

func (c *countingAt) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.Reader.ReadAt(b, at)
	c.n += int64(n)
	return n, err
}

// TestHostileSegments: time and memory stay in proportion to the file. A
// search that is quadratic would not end within the limit of the test run.
func TestHostileSegments(t *testing.T) {
	const size = 8 << 20
	for name, data := range hostileSegments(size) {
		t.Run(name, func(t *testing.T) {
			at := &countingAt{Reader: bytes.NewReader(data)}
			var s *Segment
			n := allocated(func() {
				var err error
				s, err = ReadSegment(bytes.NewReader(data), at, "segment", int64(len(data)))
				require.NoError(t, err)
			})
			require.LessOrEqual(t, len(s.Islands), maxIslands)
			require.LessOrEqual(t, at.n, int64(2*len(data)))
			require.LessOrEqual(t, n, int64(32*len(data)))
			end := s.End
			for i := range s.Islands {
				require.GreaterOrEqual(t, s.Islands[i].Offset, end)
				end = s.Islands[i].End
			}
		})
	}
}

func BenchmarkHostileSegment(b *testing.B) {
	for _, size := range []int{1 << 20, 8 << 20, 64 << 20} {
		for name, data := range hostileSegments(size) {
			b.Run(fmt.Sprintf("%s/%d MiB", name, size>>20), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					r := bytes.NewReader(data)
					if _, err := ReadSegment(r, r, "segment", int64(len(data))); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// TestHostileSnapshots: numbers in the file do not decide about memory.
func TestHostileSnapshots(t *testing.T) {
	header := func(count, main, wal uint64) []byte {
		out := binary.LittleEndian.AppendUint64(nil, 1)
		out = binary.LittleEndian.AppendUint64(out, count)
		out = append(out, "demo\x00\x00\x00\x00"...)
		return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(out, main), wal)
	}
	page := sample(t, "snapshot")[mainAt:][:512]
	far := raftlog.WAL{PageSize: 512}
	for range 1000 {
		far.Frames = append(far.Frames, raftlog.WALFrame{Page: 1<<32 - 1, Commit: 1<<32 - 1, Data: page})
	}
	for name, data := range map[string][]byte{
		"sizes":                append(header(1, 1<<59, 1<<59), page...),
		"databases":            header(1<<62, 0, 0),
		"empty databases":      append(header(1<<62, 0, 0), make([]byte, 4<<20)...),
		"pages far away":       raftlog.SnapshotData{{Name: "demo", Main: page, WAL: far.Encode()}}.Encode(),
		"compressed zeros":     packed(t, append(header(1<<62, 0, 0), make([]byte, 64<<20)...)),
		"LZ4 content size":     {4, 0x22, 0x4d, 0x18, 0x68, 0x70, 255, 255, 255, 255, 255, 255, 255, 127, 0},
		"LZ4 block of 2 GiB":   append(packed(t, nil)[:15:15], 255, 255, 255, 127, 0, 0, 0),
		"LZ4 without anything": {4, 0x22, 0x4d, 0x18},
	} {
		t.Run(name, func(t *testing.T) {
			n := allocated(func() { require.False(t, readSnapshot(t, data).sound()) })
			require.LessOrEqual(t, n, int64(32<<20)+16*int64(len(data)))
		})
	}
}
