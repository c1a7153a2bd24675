package sqlite

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

func TestReadHeader(t *testing.T) {
	h, damage := ReadHeader(sample(t, "types.db"), "types.db", 0)
	require.Empty(t, damage)
	want := Header{
		PageSize: 512, WriteVersion: 1, ReadVersion: 1, Pages: 18, SchemaFormat: 4, Encoding: UTF8,
		ChangeCounter: h.ChangeCounter, ValidFor: h.ChangeCounter, SchemaCookie: h.SchemaCookie,
	}
	assert.Empty(t, cmp.Diff(want, h))
	assert.True(t, h.PagesValid())
	assert.False(t, h.WAL())
	assert.Equal(t, 512, h.Usable())

	h, damage = ReadHeader(sample(t, "wal.db"), "wal.db", 0)
	require.Empty(t, damage)
	assert.True(t, h.WAL())

	h, damage = ReadHeader(sample(t, "utf16be.db"), "utf16be.db", 0)
	require.Empty(t, damage)
	assert.Equal(t, UTF16BE, h.Encoding)
	assert.Equal(t, "UTF-16be", h.Encoding.String())
	assert.NotZero(t, h.LargestRoot)
}

func TestReadHeaderDamage(t *testing.T) {
	put16 := func(at int, v uint16) func([]byte) { return func(b []byte) { binary.BigEndian.PutUint16(b[at:], v) } }
	put32 := func(at int, v uint32) func([]byte) { return func(b []byte) { binary.BigEndian.PutUint32(b[at:], v) } }
	tests := []struct {
		name   string
		edit   func([]byte)
		kind   parse.Kind
		offset int64
		field  string
	}{
		{"magic", func(b []byte) { b[0] = 's' }, parse.BadMagic, 50, "header.magic"},
		{"page size 0", put16(16, 0), parse.BadValue, 66, "header.page-size"},
		{"page size 2", put16(16, 2), parse.BadValue, 66, "header.page-size"},
		{"page size 1000", put16(16, 1000), parse.BadValue, 66, "header.page-size"},
		{"reserved", func(b []byte) { b[20] = 33 }, parse.BadValue, 70, "header.reserved"},
		{"write version", func(b []byte) { b[18] = 3 }, parse.BadVersion, 68, "header.write-version"},
		{"read version", func(b []byte) { b[19] = 0 }, parse.BadVersion, 69, "header.read-version"},
		{"fractions", func(b []byte) { b[22] = 0 }, parse.BadValue, 71, "header.payload-fractions"},
		{"schema format", put32(44, 5), parse.BadVersion, 94, "header.schema-format"},
		{"encoding", put32(56, 4), parse.BadValue, 106, "header.encoding"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := sample(t, "types.db")
			tt.edit(b)
			_, damage := ReadHeader(b, "x.db", 50)
			require.Len(t, damage, 1)
			assert.Equal(t, tt.kind, damage[0].Kind)
			assert.Equal(t, tt.offset, damage[0].Offset)
			assert.Equal(t, tt.field, damage[0].Field)
		})
	}

	b := sample(t, "types.db")
	binary.BigEndian.PutUint16(b[16:], 1)
	h, damage := ReadHeader(b, "x.db", 0)
	assert.Empty(t, damage)
	assert.Equal(t, uint32(65536), h.PageSize)
}

func TestReadHeaderEveryPrefix(t *testing.T) {
	b := sample(t, "types.db")
	for n := range 200 {
		_, damage := ReadHeader(b[:n], "x.db", 0)
		assert.Equal(t, n < HeaderSize, len(damage) == 1, "prefix %d", n)
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add(sample(f, "types.db")[:HeaderSize])
	f.Add(sample(f, "utf16le.db")[:HeaderSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, damage := ReadHeader(b, "x.db", 0)
		if len(damage) == 0 {
			require.GreaterOrEqual(t, h.Usable(), minUsable)
		}
	})
}
