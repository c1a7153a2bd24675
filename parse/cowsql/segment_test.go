package cowsql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	"github.com/lastwrite/lastwrite/parse"
)

// TestEverySegmentPrefix: a prefix is undamaged exactly at the end of a batch,
// keeps all batches before the cut, and says how much is missing as the
// loader does.
func TestEverySegmentPrefix(t *testing.T) {
	whole := sample(t, "closed")
	all := readSegment(t, whole)
	entries, batches := entriesOf(&all.Run), all.BatchList()
	for n := range len(whole) + 1 {
		s := readSegment(t, whole[:n])
		keep := 0 // batches before the cut
		for keep < len(batches) && closedEnds[keep+1] <= n {
			keep++
		}
		want := EndOfFile
		var left, need int
		switch into := n - closedEnds[keep]; {
		case n == 0:
			want = EmptyFile
		case n < 8:
			want, left, need = ShortFile, n, 8
		case into == 0:
		case into < 8:
			want, left, need = ShortPreamble, into, 8
		case into < 16:
			want, left, need = ShortPreamble, into-8, 8
		case into < 16+16*closedCounts[keep]:
			want, left, need = ShortHeader, into-16, 16*closedCounts[keep]
		default:
			header := 16 + 16*closedCounts[keep]
			want, left, need = ShortData, into-header, closedEnds[keep+1]-closedEnds[keep]-header
		}
		require.Equal(t, want, s.Stop, "prefix %d", n)
		require.Equal(t, want == EndOfFile, s.Damage == nil, "prefix %d", n)
		require.Equal(t, []int64{int64(left), int64(need)}, []int64{s.StopLeft, s.StopWant}, "prefix %d", n)
		require.Empty(t, s.Islands, "prefix %d", n)
		require.Equal(t, keep, s.Batches, "prefix %d", n)
		require.True(t, slices.Equal(batches[:keep], s.BatchList()), "prefix %d", n)
		end := 0
		if keep > 0 {
			end = batches[keep-1].Pos + batches[keep-1].N
		}
		require.True(t, slices.Equal(entries[:end], entriesOf(&s.Run)), "prefix %d", n)
		if s.Damage != nil {
			require.Equal(t, parse.Truncated, s.Damage.Kind, "prefix %d", n)
			require.LessOrEqual(t, s.Damage.Offset+s.Damage.Length, int64(n), "prefix %d", n)
		}
		if n >= 8 && want != EndOfFile {
			require.EqualValues(t, closedEnds[keep], s.StopAt, "prefix %d", n)
		}
	}
}

// TestEveryOpenSegmentPrefix: the zeros behind the last batch are no damage of
// a batch, but they are told from an end of the file.
func TestEveryOpenSegmentPrefix(t *testing.T) {
	whole := sample(t, "open")
	end := closedEnds[len(closedEnds)-1]
	for n := end; n <= len(whole); n++ {
		s := readSegment(t, whole[:n])
		want := CountZero
		switch {
		case n == end:
			want = EndOfFile
		case n < end+16:
			want = ShortPreamble
		}
		require.Equal(t, want, s.Stop, "prefix %d", n)
		require.Equal(t, 5, s.Batches, "prefix %d", n)
		require.EqualValues(t, end, s.End, "prefix %d", n)
		require.EqualValues(t, -1, s.NonZero, "prefix %d", n)
		require.Empty(t, s.Islands, "prefix %d", n)
	}
}

// TestEverySegmentBit: there is no byte in a segment that nothing protects.
// Every flipped bit is found and named, the batches before it are kept, and
// those behind it are found again: with the right number of entries between
// where the batch header survived, without it where not.
func TestEverySegmentBit(t *testing.T) {
	whole := sample(t, "closed")
	all := readSegment(t, whole)
	entries, batches := entriesOf(&all.Run), all.BatchList()
	for at := range whole {
		hit := 0 // batch
		for closedEnds[hit+1] <= at {
			hit++
		}
		into := at - closedEnds[hit]
		for bit := range uint(8) {
			if testing.Short() && (at*8+int(bit))%7 != 0 {
				continue
			}
			name := fmt.Sprintf("bit %d of byte %d", bit, at)
			s := readSegment(t, flipped(whole, at, bit))
			require.NotNil(t, s.Damage, name)
			note := flipNote(int64(at), bit)
			var before, skipped, from int // entries kept, lost, and the next batch that holds
			switch {
			case at < 8:
				require.Equal(t, BadFormat, s.Stop, name)
			case into < 4:
				require.Equal(t, HeaderChecksum, s.Stop, name)
				note += ", in the stored checksum; what it covers is as it was written"
				skipped = -1
			case into < 8:
				require.Equal(t, DataChecksum, s.Stop, name)
				note += ", in the stored checksum; what it covers is as it was written"
				skipped = batches[hit].N
			case into < 16+16*batches[hit].N:
				require.Contains(t, []Stop{HeaderChecksum, CountZero, CountTooHigh, ShortHeader}, s.Stop, name)
				skipped = -1
			default:
				require.Equal(t, DataChecksum, s.Stop, name)
				skipped = batches[hit].N
			}
			if at >= 8 {
				before, from = batches[hit].Pos, hit+1
				require.Equal(t, batches[hit].Offset, s.StopAt, name)
				require.GreaterOrEqual(t, s.Damage.Offset, s.StopAt, name)
				require.GreaterOrEqual(t, s.NonZero, s.StopAt, name)
			}
			require.Equal(t, note, s.Damage.Note, name)
			require.True(t, slices.Equal(entries[:before], entriesOf(&s.Run)), name)
			if from == len(batches) {
				require.Empty(t, s.Islands, name)
				continue
			}
			require.Len(t, s.Islands, 1, name)
			island := &s.Islands[0]
			require.Equal(t, skipped, island.Skipped, name)
			require.Equal(t, batches[from].Offset, island.Offset, name)
			require.EqualValues(t, len(whole), island.End, name)
			require.Equal(t, len(batches)-from, island.Batches, name)
			behind := entriesOf(&island.Run)
			for i := range behind {
				behind[i].Batch += from
			}
			require.True(t, slices.Equal(entries[batches[from].Pos:], behind), name)
		}
	}
}

// TestEveryBitOfTheTail: a bit behind the last batch of an open segment is
// damage of no batch; it shows in NonZero.
func TestEveryBitOfTheTail(t *testing.T) {
	whole := sample(t, "open")
	end := closedEnds[len(closedEnds)-1]
	for at := end; at < len(whole); at++ {
		for bit := range uint(8) {
			s := readSegment(t, flipped(whole, at, bit))
			name := fmt.Sprintf("bit %d of byte %d", bit, at)
			require.Equal(t, 5, s.Batches, name)
			require.EqualValues(t, end, s.StopAt, name)
			require.EqualValues(t, at, s.NonZero, name)
			require.Empty(t, s.Islands, name)
			if in := at - end; in < 8 || in >= 16 {
				require.Equal(t, CountZero, s.Stop, name)
			}
		}
	}
}

// zeroed returns a copy of b with n zero bytes at offset at.
func zeroed(b []byte, at, n int) []byte {
	out := bytes.Clone(b)
	clear(out[at : at+n])
	return out
}

// reseal computes both checksums of the batch at offset at with n entries and
// size bytes of payload.
func reseal(b []byte, at, n, size int) {
	header := at + 16 + 16*n
	binary.LittleEndian.PutUint32(b[at:], CRC(0, b[at+8:header]))
	binary.LittleEndian.PutUint32(b[at+4:], CRC(0, b[header:header+size]))
}

func TestDamagedSegments(t *testing.T) {
	whole := sample(t, "closed")
	damaged := func(edit func(b []byte)) []byte {
		b := bytes.Clone(whole)
		edit(b)
		return b
	}
	type island struct {
		skipped, batches int
		offset           int64
	}
	for _, c := range []struct {
		name    string
		data    []byte
		stop    Stop
		batches int
		got     string // of the damage
		islands []island
	}{
		{"data of two batches in a row", damaged(func(b []byte) { b[300]++; b[1000]++ }), DataChecksum, 0, "", []island{{5, 3, 4544}}},
		{"data of two batches apart", damaged(func(b []byte) { b[300]++; b[4600]++ }), DataChecksum, 0, "", []island{{4, 1, 368}, {1, 2, 4664}}},
		{"data, then a header", damaged(func(b []byte) { b[1000]++; b[4545]++ }), DataChecksum, 1, "", []island{{-1, 2, 4664}}},
		{"header, then data", damaged(func(b []byte) { b[370]++; b[4600]++ }), HeaderChecksum, 1, "", []island{{-1, 2, 4664}}},
		{"header, island, data", damaged(func(b []byte) { b[370]++; b[4700]++ }), HeaderChecksum, 1, "", []island{{-1, 1, 4544}, {1, 1, 4712}}},
		{"zeroed sector", zeroed(whole, 512, 512), DataChecksum, 1, "", []island{{1, 3, 4544}}},
		{"zeroed start of a batch", zeroed(whole, 360, 152), DataChecksum, 0, "", []island{{-1, 3, 4544}}},
		{"zeroed first block", zeroed(whole, 0, 512), BadFormat, 0, "0", []island{{-1, 3, 4544}}},
		{"zeroed format word", zeroed(whole, 0, 8), BadFormat, 0, "0", []island{{0, 5, 8}}},
		{"format 2", damaged(func(b []byte) { b[0] = 2 }), BadFormat, 0, "2", []island{{0, 5, 8}}},
		{"text at the start", damaged(func(b []byte) { copy(b, "I am not") }), BadFormat, 0, `text "I am not"`, []island{{0, 5, 8}}},
		{"text in a count", damaged(func(b []byte) { copy(b[376:], "kubeconf") }), CountTooHigh, 1, `text "kubeconf"`, []island{{-1, 3, 4544}}},
		{"unknown type under a good checksum", damaged(func(b []byte) { b[368+24] = 4; reseal(b, 368, 1, 4144) }), BadType, 1, "4", []island{{1, 3, 4544}}},
		{"type 0, cut", damaged(func(b []byte) { b[4712+24] = 0; reseal(b, 4712, 1, 8) })[:4750], BadType, 4, "0", nil},
		{"size into the next batch", damaged(func(b []byte) { b[4664+28] += 8; reseal(b, 4664, 1, 24) }), HeaderChecksum, 4, "", nil},
		{"size behind the end", damaged(func(b []byte) { b[4664+29]++; reseal(b, 4664, 1, 16) }), ShortData, 3, "56 left", nil},
		{"island behind misaligned text", append(append(bytes.Clone(whole[:368]), "inserted"...), whole[368:]...), CountTooHigh, 1, "", []island{{-1, 4, 376}}},
		{"all zero", make([]byte, 4096), BadFormat, 0, "0", nil},
		{"format word alone", whole[:8], EndOfFile, 0, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := readSegment(t, c.data)
			assert.Equal(t, c.stop, s.Stop)
			assert.Equal(t, c.batches, s.Batches)
			if c.got != "" {
				assert.Equal(t, c.got, s.Damage.Got)
			}
			var islands []island
			for _, i := range s.Islands {
				islands = append(islands, island{i.Skipped, i.Batches, i.Offset})
			}
			assert.Equal(t, c.islands, islands)
			assert.Equal(t, c.name == "all zero", s.AllZero)

			r := bytes.NewReader(c.data)
			blind, err := ReadSegment(r, nil, "segment", int64(len(c.data)))
			require.NoError(t, err)
			assert.Empty(t, blind.Islands, "nothing is looked at behind damage")
			assert.Equal(t, s.Stop, blind.Stop)
			assert.Equal(t, s.NonZero, blind.NonZero)
		})
	}
}

// TestLastBatchOfOpenSegment: a last batch that was torn is not taken for the
// unwritten part, although only zeros follow.
func TestLastBatchOfOpenSegment(t *testing.T) {
	open := sample(t, "open")
	s := readSegment(t, flipped(open, 4750, 3))
	assert.Equal(t, DataChecksum, s.Stop)
	assert.EqualValues(t, 4712, s.StopAt)
	assert.EqualValues(t, 4712, s.NonZero)
	assert.Empty(t, s.Islands)
	assert.Equal(t, flipNote(4750, 3), s.Damage.Note)
}

// TestManyShapes builds segments with the independent encoder and reads them
// back, however the reader cuts them into pieces.
func TestManyShapes(t *testing.T) {
	page := bytes.Repeat([]byte{0xa5, 0x5a, 1, 2}, 1024)
	frames := func(database string, pages int, partial bool) []byte {
		f := raftlog.Frames{Database: database, PageSize: 4096, Partial: partial, Unused: [3]byte{1, 2, 3}}
		for i := range pages {
			f.Pages = append(f.Pages, raftlog.Page{Number: uint64(i + 1), Data: page})
		}
		return f.Encode()
	}
	long := string(bytes.Repeat([]byte{'n'}, 511))
	var entries []raftlog.Entry
	for i := range 3000 {
		e := raftlog.Entry{Term: uint64(1 + i/700), Type: raftlog.Command, Payload: frames("demo", i%4, i%50 == 0)}
		switch i % 10 {
		case 1:
			e.Type, e.Payload = raftlog.Barrier, make([]byte, 8)
		case 3:
			e.Type = raftlog.Change
			e.Payload = raftlog.Configuration{Servers: []raftlog.Server{{ID: uint64(i), Address: "a:1", Role: raftlog.Voter}}}.Encode()
		case 5:
			e.Payload, e.Unused = frames(long, 1, false), [3]byte{7, 8, 9}
		case 7:
			e.Payload = raftlog.Checkpoint("demo")
		case 8:
			e.Payload = nil
		}
		entries = append(entries, e)
	}
	for _, perBatch := range []int{1, 2, 7, 1000, 3000} {
		var segment raftlog.Segment
		for i := 0; i < len(entries); i += perBatch {
			segment = append(segment, raftlog.Batch(entries[i:min(i+perBatch, len(entries))]))
		}
		data := segment.Encode()
		for name, cut := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r },
			"half":  iotest.HalfReader,
			"early": iotest.DataErrReader,
		} {
			s, err := ReadSegment(cut(bytes.NewReader(data)), bytes.NewReader(data), "segment", int64(len(data)))
			require.NoError(t, err)
			require.Nil(t, s.Damage, "%d a batch, %s", perBatch, name)
			require.Equal(t, len(entries), s.Len())
			require.Equal(t, len(segment), s.Batches)
			require.Equal(t, map[string]int{"demo": 1500, long: 300}, s.Commands)
			require.Equal(t, 60, s.Partial)
			require.Equal(t, 300, s.Unknown)
			for i, e := range s.All() {
				want := entries[i]
				require.Equal(t, Entry{want.Term, EntryType(want.Type), uint32(len(want.Payload)), raftlog.CRC(0, want.Payload), e.Offset, i / perBatch}, e)
				require.True(t, bytes.Equal(want.Payload, data[e.Offset:e.Offset+int64(e.Size)]))
			}
			for _, special := range s.Specials {
				if special.Type == Change {
					require.Equal(t, entries[special.Pos].Payload, special.Payload)
				}
			}
		}
	}
}

// TestLargestBatch: the highest count that the loader accepts, and one more.
func TestLargestBatch(t *testing.T) {
	batch := make(raftlog.Batch, maxBatch)
	for i := range batch {
		batch[i] = raftlog.Entry{Term: 9, Type: raftlog.Barrier}
	}
	s := readSegment(t, raftlog.Segment{batch}.Encode())
	require.Nil(t, s.Damage)
	assert.Equal(t, maxBatch, s.Len())
	s = readSegment(t, raftlog.Segment{append(batch, batch[0])}.Encode())
	assert.Equal(t, CountTooHigh, s.Stop)
}

func TestUnusedBytesDoNotHideIslands(t *testing.T) {
	segment := raftlog.Segment{
		{{Term: 1, Type: raftlog.Command, Payload: make([]byte, 64)}},
		{{Term: 1, Type: raftlog.Command, Unused: [3]byte{0xff, 0x7f, 1}, Payload: make([]byte, 64)}},
	}
	data := segment.Encode()
	data[8]++
	s := readSegment(t, data)
	require.Len(t, s.Islands, 1)
	assert.Equal(t, 1, s.Islands[0].Len())
}

func TestSegmentReadErrors(t *testing.T) {
	data := sample(t, "closed")
	broken := errors.New("broken")
	for n := range len(data) {
		r := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
		s, err := ReadSegment(r, bytes.NewReader(data), "segment", int64(len(data)))
		require.ErrorIs(t, err, broken, "%d bytes", n)
		require.LessOrEqual(t, s.End, int64(n)+8)
		_, err = ReadSegment(bytes.NewReader(data[:n]), nil, "segment", int64(len(data)))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d bytes", n)
	}
	bad := flipped(data, 300, 1)
	_, err := ReadSegment(bytes.NewReader(bad), failingAt{broken}, "segment", int64(len(bad)))
	require.ErrorIs(t, err, broken)
	_, err = ReadSegment(stuck{}, nil, "segment", 100)
	require.ErrorIs(t, err, io.ErrNoProgress)
}

type failingAt struct{ err error }

func (f failingAt) ReadAt([]byte, int64) (int, error) { return 0, f.err }

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestNewRun(t *testing.T) {
	want := []Entry{{1, Change, 40, 5, 40, 0}, {1, Command, 8, 6, 112, 1}, {2, Barrier, 8, 7, 152, 2}}
	r := NewRun(want)
	assert.Equal(t, want, entriesOf(r))
	assert.Equal(t, []Batch{{0, 1, 8, 80}, {1, 1, 80, 120}, {2, 1, 120, 160}}, r.BatchList())
	assert.EqualValues(t, 160, r.End)
	for i, e := range want {
		assert.Equal(t, e, Entry{r.TermAt(i), r.TypeAt(i), r.SizeAt(i), r.CRCAt(i), e.Offset, e.Batch})
	}
	for i := range r.All() {
		assert.Zero(t, i)
		break
	}
}

func TestFlippedBit(t *testing.T) {
	p := []byte("The quick brown fox jumps over the lazy dog.")
	good := CRC(0, p)
	for i := range p {
		for bit := range uint(8) {
			offset, b, ok := flippedBit(good, CRC(0, flipped(p, i, bit)), int64(len(p)))
			require.True(t, ok)
			require.Equal(t, int64(i), offset)
			require.Equal(t, bit, b)
		}
	}
	_, _, ok := flippedBit(good, good, int64(len(p)))
	require.False(t, ok)
	_, _, ok = flippedBit(good, good^0x80000001, 16)
	require.False(t, ok)
	_, _, ok = flippedBit(good, good^poly, maxFlipped+1)
	require.False(t, ok, "in a long block it may be an accident")
}
