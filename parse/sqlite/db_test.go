package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/parse"
)

func open(t testing.TB, main, wal []byte) (*DB, []parse.Damage) {
	var w io.ReaderAt
	if wal != nil {
		w = bytes.NewReader(wal)
	}
	db, damage, err := OpenDB("local.db", bytes.NewReader(main), int64(len(main)), w, int64(len(wal)))
	require.NoError(t, err)
	return db, damage
}

// all reads all tables.
func all(t testing.TB, db *DB) (map[string][][]any, []parse.Damage) {
	rows, damage := map[string][][]any{}, []parse.Damage(nil)
	for _, table := range db.Tables() {
		columns, got, bad, err := db.Rows(table.Name)
		require.NoError(t, err)
		for _, row := range got {
			if len(row) != len(columns) {
				t.Fatalf("%d values for %d columns", len(row), len(columns))
			}
		}
		rows[table.Name], damage = got, append(damage, bad...)
	}
	return rows, damage
}

func TestOpenDBTypes(t *testing.T) {
	db, damage := open(t, sample(t, "types.db"), nil)
	require.Empty(t, damage)
	rows, damage := all(t, db)
	require.Empty(t, damage)

	var names []string
	for _, table := range db.Tables() {
		names = append(names, table.Name)
	}
	assert.Equal(t, []string{"raft_nodes", "sqlite_sequence", `odd "name"`, "deep", "keyed", "made"}, names)

	columns, got, _, err := db.Rows("RAFT_NODES")
	require.NoError(t, err)
	assert.Equal(t, []string{"id", "address", "role", "name"}, columns)
	assert.Equal(t, [][]any{
		{int64(1), "10.0.0.1:8443", int64(0), "none"},
		{int64(2), "10.0.0.2:8443", int64(0), "none"},
		{int64(5), "10.0.0.5:8443", int64(1), "five"},
	}, got)

	assert.Empty(t, cmp.Diff([][]any{
		{1.0, []byte{0, 0xff}, nil},
		{1.5, make([]byte, 1100), int64(0)},
		{-2.0, []byte{}, int64(1)},
		{1e300, "text", int64(-1)},
		{0.0, nil, int64(127)},
		{0.0, nil, int64(128)},
		{0.0, nil, int64(-32769)},
		{0.0, nil, int64(8388608)},
		{0.0, nil, int64(-2147483649)},
		{0.0, nil, int64(math.MaxInt64)},
		{0.0, nil, int64(math.MinInt64)},
		{nil, strings.Repeat("ab", 300), "ü"},
	}, rows[`odd "name"`]))

	require.Len(t, rows["deep"], 45)
	for i, row := range rows["deep"] {
		assert.Equal(t, []any{fmt.Sprintf("key-%d", i+1), int64((i + 1) * (i + 1))}, row)
	}
	assert.Equal(t, [][]any{{"x", int64(1), "one"}, {"x", int64(2), "two"}}, rows["keyed"])
	columns, got, _, err = db.Rows("made")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "c", "d"}, columns, "virtual columns are not stored")
	assert.Equal(t, [][]any{{int64(7), int64(21), "seven"}}, got)

	_, _, _, err = db.Rows("v")
	require.ErrorIs(t, err, ErrNoTable)
}

func TestOpenDBUTF16(t *testing.T) {
	for _, name := range []string{"utf16le.db", "utf16be.db"} {
		db, damage := open(t, sample(t, name), nil)
		require.Empty(t, damage)
		rows, damage := all(t, db)
		require.Empty(t, damage)
		require.Len(t, rows["config"], 60)
		assert.Equal(t, [][]any{
			{int64(1), "cluster.https_address", "10.0.0.1:8443"},
			{int64(2), "größe", "𝄞"},
			{int64(3), "k3", nil},
		}, rows["config"][:3])
	}
}

func TestOpenDBHonoursWAL(t *testing.T) {
	db, damage := open(t, sample(t, "wal.db"), sample(t, "wal.db-wal"))
	require.Empty(t, damage)
	rows, damage := all(t, db)
	require.Empty(t, damage)
	assert.Equal(t, [][]any{
		{int64(1), "new:1", int64(0)}, {int64(2), "new:2", int64(0)}, {int64(3), "new:3", int64(2)},
	}, rows["raft_nodes"])

	db, damage = open(t, sample(t, "wal.db"), nil)
	require.Empty(t, damage)
	rows, _ = all(t, db)
	assert.Equal(t, [][]any{{int64(1), "old:1", int64(0)}}, rows["raft_nodes"])

	wal := sample(t, "wal.db-wal")
	wal[len(wal)-1] ^= 1
	db, damage = open(t, sample(t, "wal.db"), wal)
	require.Len(t, damage, 1)
	assert.Equal(t, "local.db-wal", damage[0].File)
	rows, _ = all(t, db)
	assert.Len(t, rows["raft_nodes"], 2, "the last transaction is lost")

	db, damage = open(t, sample(t, "stale.db"), sample(t, "stale.db-wal"))
	require.Empty(t, damage)
	rows, _ = all(t, db)
	assert.Equal(t, [][]any{{int64(1)}}, rows["a"])
	assert.Equal(t, uint64(5), db.WAL.Stale)

	wal = sample(t, "wal.db-wal")
	binary.BigEndian.PutUint32(wal[8:], 1024)
	wal = append(wal[:32+24+512], wal[32+24:32+24+512]...) // one frame of 1024 bytes
	sum := Checksum(false, [2]uint32{}, wal[:24])
	binary.BigEndian.PutUint32(wal[24:], sum[0])
	binary.BigEndian.PutUint32(wal[28:], sum[1])
	sum = Checksum(false, Checksum(false, sum, wal[32:40]), wal[56:])
	binary.BigEndian.PutUint32(wal[48:], sum[0])
	binary.BigEndian.PutUint32(wal[52:], sum[1])
	db, damage = open(t, sample(t, "wal.db"), wal)
	require.Len(t, damage, 1)
	assert.Equal(t, parse.Mismatch, damage[0].Kind)
	rows, _ = all(t, db)
	assert.Len(t, rows["raft_nodes"], 1, "a WAL with another page size is left aside")
}

func TestOpenDBReadErrors(t *testing.T) {
	broken := errors.New("broken disk")
	main := sample(t, "wal.db")
	_, _, err := OpenDB("x", failing{main, 0, broken}, int64(len(main)), nil, 0)
	require.ErrorIs(t, err, broken)
	_, _, err = OpenDB("x", bytes.NewReader(main), int64(len(main)), failing{nil, 0, broken}, 100)
	require.ErrorIs(t, err, broken)
	db, _, err := OpenDB("x", failing{main, 512, broken}, int64(len(main)), nil, 0)
	require.NoError(t, err)
	_, _, _, err = db.Rows("raft_nodes")
	require.ErrorIs(t, err, broken)
}

// failing reads b up to a limit.
type failing struct {
	b     []byte
	limit int64
	err   error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.limit {
		return 0, f.err
	}
	return copy(p, f.b[off:]), nil
}

// TestCycles links pages in circles and to shared pages: each is used once.
func TestCycles(t *testing.T) {
	b := sample(t, "types.db")
	db, _ := open(t, b, nil)
	var deep uint32
	for _, table := range db.Tables() {
		if table.Name == "deep" {
			deep = table.root
		}
	}
	page := b[(deep-1)*512:][:512]
	require.Equal(t, byte(tableInterior), page[0])
	binary.BigEndian.PutUint32(page[8:], deep)
	cells := int(binary.BigEndian.Uint16(page[3:]))
	first := binary.BigEndian.Uint16(page[12:])
	for i := range cells {
		at := binary.BigEndian.Uint16(page[12+2*i:])
		copy(page[at:at+4], page[first:first+4])
	}
	db, _ = open(t, b, nil)
	_, rows, damage, err := db.Rows("deep")
	require.NoError(t, err)
	assert.NotEmpty(t, rows)
	assert.Less(t, len(rows), 45)
	require.Len(t, damage, cells)
	assert.Contains(t, damage[0].Got, "again")
}

func TestOpenDBEveryPrefix(t *testing.T) {
	for _, name := range []string{"types.db", "utf16le.db"} {
		b := sample(t, name)
		for n := range len(b) {
			db, damage := open(t, b[:n], nil)
			assert.NotEmpty(t, damage, "%s prefix %d", name, n)
			all(t, db)
		}
		db, damage := open(t, append(b, 0), nil)
		require.Len(t, damage, 1)
		assert.Equal(t, parse.Trailing, damage[0].Kind)
		all(t, db)
	}
	wal := sample(t, "wal.db-wal")
	for n := range wal {
		db, _ := open(t, sample(t, "wal.db"), wal[:n])
		rows, damage := all(t, db)
		assert.Empty(t, damage, "every commit is a whole database")
		assert.Len(t, rows["raft_nodes"], []int{1, 1, 2}[max(0, n-32)/(24+512)], "prefix %d", n)
	}
}

// TestOpenDBEveryFlippedBit also asserts that no message holds row content:
// the keys of all rows of a table begin with one word.
func TestOpenDBEveryFlippedBit(t *testing.T) {
	for _, name := range []string{"types.db", "utf16be.db", "wal.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bytes.ReplaceAll(sample(t, name), []byte("key-"), []byte("SECR"))
			for i := range len(b) * 8 {
				b[i/8] ^= 1 << (i % 8)
				db, damage := open(t, b, nil)
				rows, more := all(t, db)
				for _, list := range rows {
					if len(list) > len(b) {
						t.Fatalf("bit %d: %d rows", i, len(list))
					}
				}
				for _, d := range append(damage, more...) {
					if strings.Contains(d.Want+d.Got+d.Note+d.Field, "SECR") {
						t.Fatalf("bit %d: %s", i, d)
					}
				}
				b[i/8] ^= 1 << (i % 8)
			}
		})
	}
}

// TestRealHosts reads the member lists of real hosts.
func TestRealHosts(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "incus-layout")
	for _, node := range c.Nodes {
		b, err := os.ReadFile(filepath.Join(node.Path, "database", "local.db"))
		require.NoError(t, err)
		db, damage := open(t, b, nil)
		require.Empty(t, damage)
		columns, rows, damage, err := db.Rows("raft_nodes")
		require.NoError(t, err)
		require.Empty(t, damage)
		assert.Equal(t, []string{"id", "address", "role", "name"}, columns)
		require.Len(t, rows, 3)
		for _, row := range rows {
			assert.Contains(t, row[1], "127.0.0.1:")
		}
		_, rows, damage, err = db.Rows("config")
		require.NoError(t, err)
		require.Empty(t, damage)
		assert.NotEmpty(t, rows)
	}
}

func FuzzOpenDB(f *testing.F) {
	f.Add(sample(f, "types.db"), sample(f, "wal.db-wal"))
	f.Add(sample(f, "utf16le.db"), []byte("no WAL"))
	f.Add(sample(f, "wal.db"), sample(f, "wal.db-wal"))
	f.Add(sample(f, "stale.db"), sample(f, "stale.db-wal"))
	f.Fuzz(func(t *testing.T, main, wal []byte) {
		db, _ := open(t, main, wal)
		for _, table := range db.Tables() {
			columns, rows, damage, err := db.Rows(table.Name)
			require.NoError(t, err)
			require.LessOrEqual(t, len(rows), len(main)+len(wal))
			require.LessOrEqual(t, len(damage), maxDamage)
			for _, row := range rows {
				require.Len(t, row, len(columns))
			}
		}
	})
}
