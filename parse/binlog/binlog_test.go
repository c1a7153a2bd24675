package binlog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

// sample returns a file of testdata: logs of a MariaDB 10.11 node of a Galera
// cluster, one closed and the beginning of one that was in use; the beginning
// of a WeSQL log; and a write set that failed to apply.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

func read(t testing.TB, data []byte) *File {
	t.Helper()
	f, err := Read(bytes.NewReader(data), bytes.NewReader(data), "binlog.000001", int64(len(data)), Settings{})
	require.NoError(t, err)
	return f
}

// ends returns where each event of a good log ends.
func ends(t testing.TB, data []byte) (out []int64) {
	t.Helper()
	r := NewReader(bytes.NewReader(data), "f", int64(len(data)), Options{})
	for r.Next() {
		out = append(out, r.Offset())
	}
	require.Nil(t, r.Damage())
	return out
}

func TestClosed(t *testing.T) {
	data := sample(t, "closed")
	f := read(t, data)
	require.Nil(t, f.Damage)
	assert.Equal(t, PlainMagic, f.Magic)
	assert.False(t, f.InUse())
	assert.Equal(t, "10.11.19-MariaDB-0+deb12u1-log", f.Format.ServerVersion)
	assert.True(t, f.Format.MariaDB())
	assert.Equal(t, CRC32, f.Format.Checksum)
	assert.Equal(t, int64(len(data)), f.End)
	assert.Equal(t, map[Type]int64{QueryType: 5, RotateType: 1, FormatDescriptionType: 1, BinlogCheckpointType: 1, GTIDType: 5, GTIDListType: 1}, f.Types)
	assert.Equal(t, "binlog.000002", f.Checkpoint)
	assert.Equal(t, "binlog.000003", f.NextFile)
	assert.True(t, f.Rotated)
	assert.Zero(t, f.Misplaced)
	assert.Equal(t, map[uint32]GTID{0: {0, 21, 5}}, f.GTIDs)
	assert.Equal(t, int64(-1), f.Open)
	assert.Equal(t, f.End, f.SafeEnd)

	classes := map[Class]int{}
	_, err := Read(bytes.NewReader(data), nil, "f", int64(len(data)), Settings{Visit: func(e *Event, good bool) {
		assert.True(t, good)
		assert.True(t, e.Whole())
		if q, ok := ParseQuery(e); ok {
			classes[q.Class]++
		}
	}})
	require.NoError(t, err)
	assert.Equal(t, map[Class]int{"CREATE DATABASE": 1, "CREATE TABLE": 4}, classes)
}

func TestInUse(t *testing.T) {
	data := sample(t, "in-use")
	f := read(t, data)
	require.Nil(t, f.Damage)
	assert.True(t, f.InUse())
	assert.Equal(t, []Range{{9, 10}}, f.XIDs.Ranges())
	assert.Equal(t, int64(1251), f.Open, "the log ends behind the GTID of a transaction")
	assert.Equal(t, int64(1251), f.SafeEnd)
	assert.Equal(t, []GTID{{0, 21, 5}}, f.GTIDList)
	var tables []string
	wanted, err := Read(bytes.NewReader(data), nil, "f", int64(len(data)), Settings{
		WantXID: func(n uint64) bool { return n == 10 },
		Visit: func(e *Event, _ bool) {
			if m, ok := ParseTableMap(e); ok {
				tables = append(tables, m.Database+"."+m.Table)
			}
			if id, flags, ok := ParseRows(e); ok {
				assert.Positive(t, id)
				assert.Equal(t, FlagStatementEnd, flags&FlagStatementEnd)
			}
		},
	})
	require.NoError(t, err)
	assert.Equal(t, []Range{{10, 10}}, wanted.XIDs.Ranges())
	assert.Equal(t, int64(2), wanted.XIDCount)
	assert.Equal(t, []string{"t.a2", "t.a3"}, tables)
}

func TestWeSQL(t *testing.T) {
	f := read(t, sample(t, "wesql-cut"))
	require.NotNil(t, f.Damage)
	assert.Equal(t, parse.Truncated, f.Damage.Kind)
	assert.Equal(t, "8.0.39", f.Format.ServerVersion)
	assert.False(t, f.Format.MariaDB())
	assert.Len(t, f.Format.PostHeaders, 104)
	assert.Zero(t, f.Unknown)
	assert.Positive(t, f.Types[ConsensusLogType])
	assert.Equal(t, int64(1), f.Types[PreviousConsensusIndexType])
	assert.Empty(t, f.Islands)
}

func TestFailedWriteSet(t *testing.T) {
	data := sample(t, "gra")
	f := read(t, data)
	require.Nil(t, f.Damage)
	assert.Equal(t, NoChecksum, f.Format.Checksum)
	assert.Positive(t, f.Types[TableMapType])
	// Without magic and format description it is a write set.
	bare := data[f.First.End():]
	g, err := Read(bytes.NewReader(bare), nil, "f", int64(len(bare)), Settings{Options: Options{Bare: true}})
	require.NoError(t, err)
	require.Nil(t, g.Damage)
	assert.Equal(t, f.Events-1, g.Events)
}

// TestEveryPrefix: a log may end anywhere.
func TestEveryPrefix(t *testing.T) {
	for _, name := range []string{"closed", "in-use"} {
		data := sample(t, name)
		boundary := map[int64]bool{4: true}
		for _, end := range ends(t, data) {
			boundary[end] = true
		}
		last := int64(0)
		for n := range len(data) + 1 {
			f := read(t, data[:n])
			if boundary[int64(n)] {
				last = int64(n)
			}
			if (f.Damage == nil) != boundary[int64(n)] || f.End != last {
				t.Fatalf("%s: prefix %d ends at %d, want %d, %v", name, n, f.End, last, f.Damage)
			}
			if f.Damage != nil {
				require.Equal(t, parse.Truncated, f.Damage.Kind)
				require.Equal(t, int64(n), f.Damage.Offset+f.Damage.Length)
			}
			require.Empty(t, f.Islands)
		}
	}
}

// TestEveryFlippedBit: the flag that a log is in use is the only bit that may
// be changed unseen, and what stands behind the damage is found again.
func TestEveryFlippedBit(t *testing.T) {
	for _, name := range []string{"closed", "in-use"} {
		data := sample(t, name)
		good := read(t, data)
		list := ends(t, data)
		for i := range 8 * len(data) {
			bad := bytes.Clone(data)
			bad[i/8] ^= 1 << (i % 8)
			f := read(t, bad)
			if i == 8*21 {
				require.Nil(t, f.Damage)
				require.NotEqual(t, good.InUse(), f.InUse())
				continue
			}
			require.NotNil(t, f.Damage, "%s: bit %d", name, i)
			k := 0
			for list[k] <= int64(i/8) {
				k++
			}
			if i >= 32 && k < len(list)-1 {
				if len(f.Islands) != 1 || f.Islands[0].Offset != list[k] || f.Islands[0].End != good.End {
					t.Fatalf("%s: bit %d: damage %v, islands %v, want one from %d", name, i, f.Damage, f.Islands, list[k])
				}
			}
		}
	}
}

// A builder makes logs.
type builder struct {
	bytes.Buffer
	checksum Checksum
}

// event appends an event with a right position and checksum.
func (b *builder) event(t Type, body []byte) {
	size := HeaderSize + len(body)
	if b.checksum == CRC32 {
		size += checksumSize
	}
	var e []byte
	e = binary.LittleEndian.AppendUint32(e, 1700000000)
	e = append(e, byte(t))
	e = binary.LittleEndian.AppendUint32(e, 7)
	e = binary.LittleEndian.AppendUint32(e, uint32(size))
	e = binary.LittleEndian.AppendUint32(e, uint32(b.Len()+size))
	e = append(e, 0, 0)
	e = append(e, body...)
	if b.checksum == CRC32 {
		e = binary.LittleEndian.AppendUint32(e, crc32.ChecksumIEEE(e))
	}
	b.Write(e)
}

// newLog begins a log of a MySQL server.
func newLog(version string, checksum Checksum) *builder {
	b := &builder{checksum: CRC32}
	b.WriteString("\xfebin")
	body := append([]byte{4, 0}, make([]byte, 50)...)
	copy(body[2:], version)
	body = append(body, 0, 0, 0, 0, HeaderSize)
	body = append(body, make([]byte, 40)...)
	b.event(FormatDescriptionType, append(body, byte(checksum)))
	b.checksum = checksum
	return b
}

func u64(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

func query(database, statement string) []byte {
	body := append(make([]byte, 8), byte(len(database)), 0, 0, 3, 0, 1, 2, 3)
	return append(append(append(body, database...), 0), statement...)
}

func TestMySQL(t *testing.T) {
	sid := []byte("0123456789abcdef")
	const uuid = "30313233-3435-3637-3839-616263646566"
	for _, checksum := range []Checksum{NoChecksum, CRC32} {
		b := newLog("8.0.36-28.1", checksum)
		b.event(PreviousGTIDsType, bytes.Join([][]byte{u64(1), sid, u64(2), u64(1), u64(5), u64(7), u64(8)}, nil))
		b.event(MySQLGTIDType, bytes.Join([][]byte{{1}, sid, u64(8), make([]byte, 17)}, nil))
		b.event(QueryType, query("db", "BEGIN"))
		b.event(TableMapType, append(append(u64(5), 2), "db\x00\x03tbl\x00rest"...))
		b.event(WriteRowsV2Type, append(u64(5), "S3cr3t"...))
		b.event(XIDType, u64(77))
		whole := int64(b.Len())
		b.event(MySQLGTIDType, bytes.Join([][]byte{{1}, sid, u64(9), make([]byte, 17)}, nil))
		b.event(QueryType, query("db", "/* S3cr3t */ create user x identified by 'S3cr3t'"))
		ddl := int64(b.Len())
		b.event(AnonymousGTIDType, make([]byte, 42))
		b.event(QueryType, query("db", "XA START X'01'"))
		open := ddl

		f := read(t, b.Bytes())
		require.Nil(t, f.Damage)
		assert.Equal(t, checksum, f.Format.Checksum)
		assert.Equal(t, []Interval{{uuid, 1, 4}, {uuid, 7, 7}}, f.PreviousGTIDs)
		assert.Equal(t, map[string]int64{uuid: 9}, f.SourceGTIDs)
		assert.Equal(t, uint64(77), f.LastXID)
		assert.Equal(t, open, f.Open)
		assert.Equal(t, ddl, f.SafeEnd)
		assert.Less(t, whole, ddl)

		b.event(QueryType, query("db", "XA END X'01'"))
		b.event(XAPrepareType, append([]byte{0, 1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0}, "abcde"...))
		var seen []string
		f, err := Read(bytes.NewReader(b.Bytes()), nil, "f", int64(b.Len()), Settings{Visit: func(e *Event, _ bool) {
			q, ok := ParseQuery(e)
			m, ok2 := ParseTableMap(e)
			x, ok3 := ParseXAPrepare(e)
			switch {
			case ok:
				seen = append(seen, q.Database+" "+string(q.Class))
			case ok2:
				seen = append(seen, m.Database+"."+m.Table)
			case ok3:
				seen = append(seen, string(x.GTRID)+"|"+string(x.BQual))
			}
		}})
		require.NoError(t, err)
		assert.Equal(t, int64(b.Len()), f.SafeEnd)
		assert.Equal(t, []string{"db BEGIN", "db.tbl", "db CREATE USER", "db XA START", "db XA END", "abc|de"}, seen)
		assert.NotContains(t, fmt.Sprintf("%+v", f), "S3cr3t")
	}
}

// TestWithoutChecksums: a version of the time before them.
func TestWithoutChecksums(t *testing.T) {
	b := newLog("8.0.1", NoChecksum)
	b.event(XIDType, u64(1))
	assert.True(t, knowsChecksums("5.6.1-log") && knowsChecksums("5.3.0-MariaDB") && knowsChecksums("10.11.19-MariaDB") && knowsChecksums("x"))
	assert.False(t, knowsChecksums("5.6.0") || knowsChecksums("5.5.68") || knowsChecksums("5.2.14-MariaDB") || knowsChecksums("5.1"))
	f, ok := parseFormat(Header{}, append(append([]byte{4, 0}, append([]byte("5.5.68"), make([]byte, 48)...)...), append([]byte{HeaderSize}, make([]byte, 27)...)...))
	assert.True(t, ok)
	assert.False(t, f.HasChecksum)
	assert.Len(t, f.PostHeaders, 27)
}

// TestDamageWithoutChecksums: events are found behind damage by their chain.
func TestDamageWithoutChecksums(t *testing.T) {
	b := newLog("8.0.36", NoChecksum)
	b.event(XIDType, u64(1))
	at := b.Len()
	b.event(QueryType, query("db", "BEGIN"))
	behind := int64(b.Len())
	for i := range 5 {
		b.event(XIDType, u64(uint64(i+2)))
	}
	data := b.Bytes()
	binary.LittleEndian.PutUint32(data[at+9:], 0xffffffff)
	f := read(t, data)
	require.NotNil(t, f.Damage)
	assert.Equal(t, int64(at), f.End)
	require.Len(t, f.Islands, 1)
	assert.Equal(t, behind, f.Islands[0].Offset)
	assert.Equal(t, []Range{{2, 6}}, f.Islands[0].XIDs.Ranges())
}

// TestLargeEvents: events that no buffer holds are walked through.
func TestLargeEvents(t *testing.T) {
	for _, checksum := range []Checksum{NoChecksum, CRC32} {
		b := newLog("8.0.36", checksum)
		var offsets []int64
		for _, n := range []int{window - 100, window - HeaderSize - checksumSize, window - HeaderSize, window, window + 1, 3*window + 5} {
			offsets = append(offsets, int64(b.Len()))
			b.event(WriteRowsV2Type, bytes.Repeat([]byte{byte(n)}, n))
		}
		b.event(XIDType, u64(5))
		for _, r := range []io.Reader{bytes.NewReader(b.Bytes()), iotest.HalfReader(bytes.NewReader(b.Bytes()))} {
			i := 0
			f, err := Read(r, nil, "f", int64(b.Len()), Settings{Options: Options{BodyLimit: 1000}, Visit: func(e *Event, _ bool) {
				if e.Type == WriteRowsV2Type {
					require.Equal(t, offsets[i], e.Offset)
					require.GreaterOrEqual(t, len(e.Body), 1000)
					i++
				}
			}})
			require.NoError(t, err)
			require.Nil(t, f.Damage)
			require.Equal(t, uint64(5), f.LastXID)
			require.Equal(t, len(offsets), i)
		}
		// Cut, and changed, inside of the last large one.
		last := offsets[len(offsets)-1]
		cut := b.Bytes()[:last+2*window]
		f := read(t, cut)
		require.Equal(t, last, f.End)
		require.Equal(t, parse.Truncated, f.Damage.Kind)
		short, err := Read(bytes.NewReader(cut), nil, "f", int64(b.Len()), Settings{})
		require.NoError(t, err)
		require.Equal(t, last, short.End, "the file shrank while it was read")
		require.NotNil(t, short.Damage)
		bad := bytes.Clone(b.Bytes())
		bad[last+window+50] ^= 1
		if f = read(t, bad); checksum == CRC32 {
			require.Equal(t, last, f.End)
			require.Equal(t, parse.BadChecksum, f.Damage.Kind)
			require.Len(t, f.Islands, 1)
			require.Equal(t, uint64(5), f.Islands[0].LastXID)
		} else {
			require.Nil(t, f.Damage)
		}
	}
}

func TestMagics(t *testing.T) {
	f := read(t, []byte("\xfdbin and more"))
	assert.Equal(t, EncryptedMagic, f.Magic)
	assert.True(t, f.Encrypted)
	assert.Nil(t, f.Damage)
	f = read(t, []byte("no log at all"))
	assert.Equal(t, OtherMagic, f.Magic)
	assert.Equal(t, parse.BadMagic, f.Damage.Kind)
	f = read(t, nil)
	assert.Equal(t, parse.Truncated, f.Damage.Kind)
	f = read(t, []byte("\xfebin"))
	assert.Nil(t, f.Damage)
	assert.Nil(t, f.Format)

	b := newLog("10.11.19-MariaDB", CRC32)
	b.event(StartEncryptionType, make([]byte, 17))
	end := int64(b.Len())
	b.WriteString(strings.Repeat("encrypted", 100))
	f = read(t, b.Bytes())
	assert.True(t, f.Encrypted)
	assert.Nil(t, f.Damage)
	assert.Equal(t, end, f.End)

	b = newLog("10.11.19-MariaDB", CRC32)
	end = int64(b.Len())
	b.Write(make([]byte, 500))
	f = read(t, b.Bytes())
	assert.Equal(t, "zero bytes", f.Damage.Got)
	assert.Equal(t, end, f.End)
}

func TestReadErrors(t *testing.T) {
	data := sample(t, "closed")
	f, err := Read(iotest.TimeoutReader(iotest.HalfReader(bytes.NewReader(data))), nil, "f", int64(len(data)), Settings{})
	require.ErrorIs(t, err, iotest.ErrTimeout)
	assert.Nil(t, f.Damage)
	r := NewReader(idle{}, "f", 100, Options{})
	assert.False(t, r.Next())
	assert.ErrorIs(t, r.Err(), io.ErrNoProgress)
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestClassify(t *testing.T) {
	for text, want := range map[string]Class{
		"BEGIN": "BEGIN", "commit": "COMMIT", "ROLLBACK TO `x`": "ROLLBACK TO", "rollback work": "ROLLBACK", "ROLLBACK": "ROLLBACK",
		"/*!40000 x */ create /* y */ or replace TABLE t": "CREATE TABLE", "-- c\n# d\nDROP  database x": "DROP DATABASE",
		"create unique index a": "CREATE INDEX", "CREATE DEFINER=`a`@`b` VIEW x": "CREATE", "alter schema x": "ALTER DATABASE",
		"SET PASSWORD FOR x = 'S3cr3t'": "SET PASSWORD", "set statement x=1 for create": "SET STATEMENT", "set @a=1": "SET",
		"XA PREPARE 'S3cr3t'": "XA PREPARE", "XA RECOVER": "other", "S3cr3t": "other", "": "other", "/*": "other", "--": "other",
		"insert into t values ('S3cr3t')": "INSERT", "averyveryverylongword x": "other", "TRUNCATE t": "TRUNCATE",
	} {
		assert.Equal(t, want, Classify([]byte(text)), text)
	}
	assert.True(t, Class("CREATE TABLE").DDL())
	assert.False(t, Class("INSERT").DDL())
}

// requireSound checks what holds for the result of any bytes.
func requireSound(t *testing.T, data []byte) {
	t.Helper()
	size := int64(len(data))
	visit := func(e *Event, _ bool) {
		require.GreaterOrEqual(t, e.Offset, int64(0))
		require.LessOrEqual(t, e.End(), size)
		require.LessOrEqual(t, int64(len(e.Body)), e.BodyLen)
		ParseGTID(e)
		ParseGTIDList(e)
		ParseSourceGTID(e)
		ParsePreviousGTIDs(e)
		ParseXID(e)
		ParseRotate(e)
		ParseBinlogCheckpoint(e)
		ParseQuery(e)
		ParseTableMap(e)
		ParseRows(e)
		ParseXAPrepare(e)
		_ = e.Type.String()
	}
	f, err := Read(bytes.NewReader(data), bytes.NewReader(data), "f", size, Settings{Visit: visit})
	require.NoError(t, err)
	end := f.End
	require.LessOrEqual(t, end, size)
	require.LessOrEqual(t, f.SafeEnd, end)
	if f.Damage != nil {
		require.GreaterOrEqual(t, f.Damage.Offset, end)
		require.LessOrEqual(t, f.Damage.Offset+f.Damage.Length, size)
	} else if !f.Encrypted {
		require.Equal(t, size, end)
	}
	for _, i := range f.Islands {
		require.Greater(t, i.Offset, end)
		require.Greater(t, i.End, i.Offset)
		end = i.End
	}
	again, err := Read(iotest.HalfReader(bytes.NewReader(data)), bytes.NewReader(data), "f", size, Settings{})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(f, again, cmp.AllowUnexported(Numbers{})))
	_, err = Read(bytes.NewReader(data), nil, "f", size, Settings{Visit: visit, Options: Options{Bare: true}})
	require.NoError(t, err)
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"closed", "in-use", "wesql-cut", "gra"} {
		f.Add(sample(f, name))
	}
	b := newLog("5.7.40", NoChecksum)
	b.event(QueryType, query("db", "BEGIN"))
	b.event(PreviousGTIDsType, u64(0))
	f.Add(b.Bytes())
	f.Fuzz(requireSound)
}

// FuzzResealed gives events good checksums, so that the fuzzer gets behind
// them.
func FuzzResealed(f *testing.F) {
	f.Add(sample(f, "closed"))
	f.Add(sample(f, "in-use"))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.Clone(data)
		for at := 4; at+HeaderSize+checksumSize <= len(data); {
			n := int(binary.LittleEndian.Uint32(data[at+9:]))
			if n < HeaderSize+checksumSize || n > len(data)-at {
				break
			}
			e := data[at : at+n]
			crc := crc32.ChecksumIEEE(e[:n-checksumSize])
			if e[4] == byte(FormatDescriptionType) {
				crc = formatCRC(e[:n-checksumSize])
			}
			binary.LittleEndian.PutUint32(e[n-checksumSize:], crc)
			at += n
		}
		requireSound(t, data)
	})
}

// A loop gives the same bytes again and again.
type loop struct {
	data []byte
	at   int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.data[l.at:])
	l.at = (l.at + n) % len(l.data)
	return n, nil
}

// BenchmarkRead walks 1 GiB of transactions, checksums included.
func BenchmarkRead(b *testing.B) {
	for _, rows := range []int{200, 1000, 8000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			head := newLog("10.11.19-MariaDB", CRC32).Bytes()
			events := &builder{checksum: CRC32}
			for i := range 200 {
				events.event(GTIDType, make([]byte, 19))
				events.event(TableMapType, append(append(u64(5), 2), "db\x00\x03tbl\x00rest"...))
				events.event(WriteRowsV1Type, bytes.Repeat([]byte{byte(i)}, rows))
				events.event(XIDType, u64(uint64(i)))
			}
			size := int64(1<<30)/int64(events.Len())*int64(events.Len()) + int64(len(head))
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				r := io.LimitReader(io.MultiReader(bytes.NewReader(head), &loop{data: events.Bytes()}), size)
				f, err := Read(r, nil, "f", size, Settings{})
				if err != nil || f.Damage != nil || f.End != size {
					b.Fatal(err, f.Damage)
				}
			}
		})
	}
}

func BenchmarkResync(b *testing.B) {
	data := bytes.Repeat([]byte("some rows of data that are no events"), 1<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, ok, err := Resync(bytes.NewReader(data), 1, int64(len(data)), CRC32); ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
