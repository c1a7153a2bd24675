package cowsql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

func readSnapshot(t testing.TB, b []byte) *Snapshot {
	t.Helper()
	s, err := ReadSnapshot(bytes.NewReader(b), "snapshot", int64(len(b)))
	require.NoError(t, err)
	return s
}

// sound reports whether nothing at all is wrong.
func (s *Snapshot) sound() bool {
	for _, d := range s.Databases {
		if len(d.StructuralProblems) > 0 {
			return false
		}
	}
	return len(s.Damage) == 0 && s.Missing == 0 && s.LZ4.Err == ""
}

// Where the parts of testdata/snapshot stand.
const (
	mainAt, mainSize = 40, 1536
	walAt, walSize   = 1576, 3248
	secondAt         = walAt + walSize
	secondMainAt     = secondAt + 32
)

func TestSampleSnapshot(t *testing.T) {
	b := sample(t, "snapshot")
	s := readSnapshot(t, b)
	require.True(t, s.sound(), s.Damage)
	assert.Equal(t, []uint64{1, 2}, []uint64{s.Format, s.Count})
	assert.EqualValues(t, len(b), s.End)
	assert.EqualValues(t, len(b), s.Size)
	assert.Equal(t, LZ4{}, s.LZ4)
	require.Len(t, s.Databases, 2)

	// The pages with the log laid over, independently.
	pages := map[uint32][]byte{}
	for n := range mainSize / 512 {
		pages[uint32(n+1)] = b[mainAt+512*n:][:512]
	}
	size := uint32(0)
	for at := walAt + 32; at < secondAt; at += 536 {
		pages[binary.BigEndian.Uint32(b[at:])] = b[at+24:][:512]
		if commit := binary.BigEndian.Uint32(b[at+4:]); commit != 0 {
			size = commit
		}
	}
	require.Len(t, pages, int(size))
	demo := s.Databases[0]
	for n, crc := range demo.PageCRC {
		assert.Equal(t, CRC(0, pages[uint32(n+1)]), crc, "page %d", n+1)
	}
	for i, at := range []int{mainAt, secondMainAt} {
		header, damage := sqlite.ReadHeader(b[at:], "", 0)
		require.Empty(t, damage)
		assert.Equal(t, header, s.Databases[i].Header)
		s.Databases[i].Header = sqlite.Header{}
	}
	demo = s.Databases[0]
	demo.PageCRC, demo.WAL.Header.Salt = nil, [2]uint32{}
	want := DatabaseImage{
		Name: "demo", MainOffset: mainAt, MainSize: mainSize, WALAt: walAt, WALSize: walSize,
		PageSize: 512, Pages: size, MainPages: 3, WAL: demo.WAL,
	}
	assert.Equal(t, want, demo)
	assert.EqualValues(t, 6, demo.WAL.Committed)
	assert.True(t, demo.WAL.Complete(walSize))

	second := s.Databases[1]
	assert.Equal(t, DatabaseImage{
		Name: "new-database", MainOffset: secondMainAt, MainSize: 512, WALAt: int64(len(b)),
		PageSize: 512, Pages: 1, MainPages: 1, PageCRC: []uint32{CRC(0, b[secondMainAt:])},
	}, second)
}

// TestEverySnapshotPrefix: no proper prefix is sound, and what stands before
// the cut is kept.
func TestEverySnapshotPrefix(t *testing.T) {
	b := sample(t, "snapshot")
	whole := readSnapshot(t, b)
	for n := range len(b) {
		s := readSnapshot(t, b[:n])
		require.NotEmpty(t, s.Damage, "prefix %d", n)
		require.Positive(t, s.Missing, "prefix %d", n)
		require.LessOrEqual(t, s.End, int64(n))
		for _, d := range s.Damage {
			require.LessOrEqual(t, d.Offset+d.Length, int64(n), "prefix %d: %s", n, d)
		}
		if n >= secondAt {
			require.Equal(t, whole.Databases[0], s.Databases[0], "prefix %d", n)
			require.EqualValues(t, secondAt, s.End, "prefix %d", n)
		}
		if n >= mainAt {
			require.Equal(t, "demo", s.Databases[0].Name)
			if n < walAt {
				require.Len(t, s.Databases[0].PageCRC, (n-mainAt)/512, "prefix %d", n)
				require.EqualValues(t, walAt+walSize-n, s.Missing, "prefix %d", n)
			}
		}
	}
}

// TestEverySnapshotBit: framing and WAL are protected to the last bit, by
// arithmetic and by SQLite's own checksums. Nothing protects names and the
// pages of the main part as far as the structure of the page does not notice;
// a change there shows in the name or in PageCRC, unless the WAL has a newer
// version of the page, or the byte is padding.
func TestEverySnapshotBit(t *testing.T) {
	b := sample(t, "snapshot")
	whole := readSnapshot(t, b)
	name := func(at int) bool { return at >= 16 && at < 24 || at >= secondAt && at < secondAt+16 }
	found := 0
	for at := range b {
		for bit := range uint(8) {
			s := readSnapshot(t, flipped(b, at, bit))
			if !s.sound() {
				found++
				continue
			}
			where := fmt.Sprintf("bit %d of byte %d", bit, at)
			require.Len(t, s.Databases, 2, where)
			switch {
			case name(at):
				if pad := at == 21 || at == 22 || at == 23 || at >= secondAt+13; !pad {
					require.NotEqual(t, []string{"demo", "new-database"}, []string{s.Databases[0].Name, s.Databases[1].Name}, where)
				}
			case at >= mainAt && at < walAt:
				// The log holds all three pages anew.
				require.Equal(t, whole.Databases[0].PageCRC, s.Databases[0].PageCRC, where)
			case at >= secondMainAt:
				require.NotEqual(t, whole.Databases[1].PageCRC, s.Databases[1].PageCRC, where)
			default:
				t.Fatalf("%s was not found", where)
			}
		}
	}
	t.Logf("%d of %d flipped bits are found", found, 8*len(b))
}

// packed returns a payload as dqlite writes it.
func packed(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	require.NoError(t, w.Apply(lz4.SizeOption(uint64(len(plain))), lz4.ChecksumOption(true), lz4.BlockSizeOption(lz4.Block64Kb)))
	_, err := w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestCompressedSnapshot(t *testing.T) {
	plain := sample(t, "snapshot")
	b := packed(t, plain)
	whole, s := readSnapshot(t, plain), readSnapshot(t, b)
	require.True(t, s.sound(), s.Damage)
	assert.Equal(t, LZ4{Used: true, HasSize: true, Size: uint64(len(plain)), Read: int64(len(plain))}, s.LZ4)
	s.LZ4 = LZ4{}
	assert.Equal(t, whole, s)

	for n := range len(b) {
		s := readSnapshot(t, b[:n])
		require.False(t, s.sound(), "prefix %d", n)
		require.Equal(t, n >= 4, s.LZ4.Used, "prefix %d", n)
		if n >= 4 {
			require.NotEmpty(t, s.LZ4.Err, "prefix %d", n)
			require.True(t, s.LZ4.Cut, "prefix %d: %s", n, s.LZ4.Err)
		}
	}
	// A flipped bit is found, or decompresses to the same bytes: it may turn one
	// reference to earlier bytes into another to equal ones.
	for at := range b {
		for bit := range uint(8) {
			if s := readSnapshot(t, flipped(b, at, bit)); s.sound() {
				s.LZ4 = LZ4{}
				require.Equal(t, whole, s, "bit %d of byte %d", bit, at)
			}
		}
	}
	s = readSnapshot(t, append(b, 0))
	require.Len(t, s.Damage, 1, "bytes behind the frame")
	assert.Equal(t, parse.Trailing, s.Damage[0].Kind)
	assert.EqualValues(t, len(b), s.Damage[0].Offset)
}

// TestRealCompressedSnapshot goes through the snapshot of a dqlite server,
// whose compressed blocks are larger.
func TestRealCompressedSnapshot(t *testing.T) {
	b := sample(t, "snapshot.lz4")
	s := readSnapshot(t, b)
	require.True(t, s.sound(), s.Damage)
	assert.True(t, s.LZ4.Used && s.LZ4.HasSize)
	assert.EqualValues(t, s.LZ4.Size, s.LZ4.Read)
	assert.Equal(t, s.Size, s.End)
	require.Len(t, s.Databases, 1)
	assert.Equal(t, "demo", s.Databases[0].Name)
	assert.Len(t, s.Databases[0].PageCRC, int(s.Databases[0].Pages))
	for n := 4; n < len(b); n += 331 {
		s := readSnapshot(t, b[:n])
		require.True(t, s.LZ4.Cut, "prefix %d: %s", n, s.LZ4.Err)
		require.NotEmpty(t, s.Damage, "prefix %d", n)
	}
	for at := 0; at < len(b); at += 331 {
		require.False(t, readSnapshot(t, flipped(b, at, uint(at%8))).sound(), "byte %d", at)
	}
}

// TestSnapshotGrownByWAL: a log makes a database longer and shorter, and does
// not make us keep more than it has frames for.
func TestSnapshotGrownByWAL(t *testing.T) {
	main := sample(t, "snapshot")[mainAt:walAt]
	page := func(b byte) []byte { return bytes.Repeat([]byte{0, b}, 256) }
	crc := func(b byte) uint32 { return CRC(0, page(b)) }
	old := []uint32{CRC(0, main[:512]), CRC(0, main[512:1024]), CRC(0, main[1024:])}
	for _, c := range []struct {
		name   string
		frames []raftlog.WALFrame
		pages  uint32
		want   []uint32
	}{
		{"one page", []raftlog.WALFrame{{Page: 2, Commit: 3, Data: page(1)}}, 3, []uint32{old[0], crc(1), old[2]}},
		{"longer", []raftlog.WALFrame{{Page: 5, Data: page(1)}, {Page: 4, Commit: 5, Data: page(2)}}, 5, []uint32{old[0], old[1], old[2], crc(2), crc(1)}},
		{"a page that was never written", []raftlog.WALFrame{{Page: 5, Commit: 5, Data: page(1)}}, 5, []uint32{old[0], old[1], old[2], 0, crc(1)}},
		{"twice", []raftlog.WALFrame{{Page: 1, Data: page(1)}, {Page: 1, Commit: 3, Data: page(2)}}, 3, []uint32{crc(2), old[1], old[2]}},
		{"shorter", []raftlog.WALFrame{{Page: 3, Data: page(1)}, {Page: 1, Commit: 2, Data: page(2)}}, 2, []uint32{crc(2), old[1]}},
		{"not committed", []raftlog.WALFrame{{Page: 1, Data: page(1)}}, 3, old},
		{"absurd", []raftlog.WALFrame{{Page: 1<<32 - 1, Data: page(1)}, {Page: 1, Commit: 1<<32 - 1, Data: page(2)}}, 1<<32 - 1, []uint32{crc(2), old[1], old[2]}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wal := raftlog.WAL{PageSize: 512, Salt: [2]uint32{1, 2}, Frames: c.frames}.Encode()
			s := readSnapshot(t, raftlog.SnapshotData{{Name: "demo", Main: main, WAL: wal}}.Encode())
			require.Empty(t, s.Damage)
			assert.Equal(t, c.want, s.Databases[0].PageCRC)
			assert.Equal(t, c.pages, s.Databases[0].Pages)
			assert.EqualValues(t, 3, s.Databases[0].MainPages)
		})
	}
}

func TestDamagedSnapshots(t *testing.T) {
	whole := sample(t, "snapshot")
	put := func(at int, v uint64) []byte {
		b := bytes.Clone(whole)
		binary.LittleEndian.PutUint64(b[at:], v)
		return b
	}
	with := func(at int, v ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name    string
		data    []byte
		kind    parse.Kind
		field   string
		offset  int64
		missing int64
	}{
		{"empty", nil, parse.Truncated, "header", 0, 16},
		{"format", put(0, 2), parse.BadVersion, "format", 0, 0},
		{"one database more", put(8, 3), parse.Truncated, "database[2].name", int64(len(whole)), 24},
		{"one database less", put(8, 1), parse.Trailing, "end", secondAt, 0},
		{"no database", put(8, 0), parse.Trailing, "end", 16, 0},
		{"absurd count", put(8, 1<<63), parse.Truncated, "database[2].name", int64(len(whole)), 24},
		{"absurd main size", put(24, 1<<63), parse.BadValue, "database[0].size", 24, maxPart},
		{"absurd sum", put(24, maxPart-512), parse.Truncated, "database[0].content", mainAt, maxPart - 512 + walSize - int64(len(whole)-mainAt)},
		{"main size one page more", put(24, mainSize+512), parse.Mismatch, "database[0].pages", mainAt + 28, 0},
		{"main size odd", put(24, mainSize+8), parse.Mismatch, "database[0].page_size", mainAt + 16, 0},
		{"page size", with(mainAt+16, 4, 0), parse.Mismatch, "database[0].page_size", mainAt + 16, 0},
		{"WAL page size", with(walAt+11, 1), parse.BadValue, "database[0].wal.page-size", walAt + 8, 0},
		{"bytes behind the end", append(bytes.Clone(whole), 0), parse.Trailing, "end", int64(len(whole)), 0},
		{"name without end", append(whole[:16:16], bytes.Repeat([]byte{'x'}, 2000)...), parse.BadText, "database[0].name", 16, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := readSnapshot(t, c.data)
			require.NotEmpty(t, s.Damage)
			var fields []string
			for _, d := range s.Damage {
				fields = append(fields, d.Field)
				if d.Field == c.field {
					assert.Equal(t, c.kind, d.Kind)
					assert.Equal(t, c.offset, d.Offset)
				}
			}
			assert.Contains(t, fields, c.field)
			assert.Equal(t, c.missing, s.Missing)
		})
	}
}

func TestSnapshotManyDatabases(t *testing.T) {
	var data raftlog.SnapshotData
	for i := range maxDatabases {
		data = append(data, raftlog.Database{Name: fmt.Sprint("db", i)})
	}
	s := readSnapshot(t, data.Encode())
	require.Empty(t, s.Damage)
	assert.Len(t, s.Databases, maxDatabases)
	s = readSnapshot(t, append(data, data[0]).Encode())
	assert.Len(t, s.Databases, maxDatabases)
	require.Len(t, s.Damage, 1)
	assert.Equal(t, "databases", s.Damage[0].Field)
}

func TestSnapshotReadErrors(t *testing.T) {
	plain := sample(t, "snapshot")
	broken := errors.New("broken")
	for _, b := range [][]byte{plain, packed(t, plain)} {
		for n := range len(b) {
			r := io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken))
			_, err := ReadSnapshot(r, "snapshot", int64(len(b)))
			require.ErrorIs(t, err, broken, "%d bytes", n)
		}
		s, err := ReadSnapshot(iotest.OneByteReader(bytes.NewReader(b)), "snapshot", int64(len(b)))
		require.NoError(t, err)
		require.True(t, s.sound())
	}
}
