package sqlite

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

func TestCheckPageAcceptsRealPages(t *testing.T) {
	for _, name := range []string{"types.db", "utf16le.db", "utf16be.db", "wal.db", "stale.db"} {
		b := sample(t, name)
		pages := uint32(len(b) / 512)
		for n := range pages {
			page := b[n*512:][:512]
			assert.Nil(t, CheckPage(page, n+1, pages, 512), "%s page %d", name, n+1)
			assert.Nil(t, CheckPage(page, n+1, 0, 512), "%s page %d", name, n+1)
		}
	}
}

func TestCheckPageDamage(t *testing.T) {
	schema := sample(t, "types.db")[:512] // page 1, an interior page
	require.Equal(t, byte(tableInterior), schema[100])
	leaf := leafPage(t)
	tests := []struct {
		name   string
		page   []byte
		number uint32
		edit   func([]byte)
		field  string
		kind   parse.Kind
	}{
		{"magic", schema, 1, func(b []byte) { b[3] = 0 }, "page.magic", parse.BadMagic},
		{"type of page 1", schema, 1, func(b []byte) { b[100] = 0 }, "page.type", parse.BadValue},
		{"child 0", schema, 1, func(b []byte) { clear(b[108:112]) }, "page.right-child", parse.BadValue},
		{"child behind the end", schema, 1, func(b []byte) { b[108] = 1 }, "page.right-child", parse.BadValue},
		{"cells", leaf, 5, func(b []byte) { b[3] = 0xff }, "page.cells", parse.BadValue},
		{"content start", leaf, 5, func(b []byte) { b[5], b[6] = 0, 1 }, "page.content-start", parse.BadValue},
		{"content start 65536", leaf, 5, func(b []byte) { b[5], b[6] = 0, 0 }, "page.content-start", parse.BadValue},
		{"free block", leaf, 5, func(b []byte) { b[1], b[2] = 0, 3 }, "page.free-block", parse.BadValue},
		{"free block size", leaf, 5, func(b []byte) { b[1], b[2] = 1, 0xfc; clear(b[508:]) }, "page.free-block-size", parse.BadValue},
		{"cell pointer", leaf, 5, func(b []byte) { b[8] = 0xff }, "page.cell[0].pointer", parse.BadValue},
		{"cell size", leaf, 5, func(b []byte) { b[binary.BigEndian.Uint16(b[8:])] = 0x7f }, "page.cell[0]", parse.Truncated},
		{"short page", leaf[:100], 5, func([]byte) {}, "page", parse.Truncated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := bytes.Clone(tt.page)
			tt.edit(page)
			d := CheckPage(page, tt.number, 18, 512)
			require.NotNil(t, d)
			assert.Equal(t, tt.field, d.Field)
			assert.Equal(t, tt.kind, d.Kind)
		})
	}
	assert.Nil(t, CheckPage(leaf[:512], 30, 18, 512), "a page behind the end")
	assert.Nil(t, CheckPage(make([]byte, 512), 5, 18, 512), "a page of zeroes may be free")
}

// leafPage is a table leaf page whose first cell is the last on the page, so
// that a larger payload cannot fit.
func leafPage(t *testing.T) []byte {
	b := sample(t, "types.db")
	for at := 512; at < len(b); at += 512 {
		if page := b[at:][:512]; page[0] == tableLeaf && page[4] > 0 {
			return page
		}
	}
	t.Fatal("no leaf page")
	return nil
}

func TestCheckPageEveryFlippedBit(t *testing.T) {
	b := sample(t, "types.db")
	pages := uint32(len(b) / 512)
	found := 0
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		n := uint32(i / 8 / 512)
		if d := CheckPage(b[n*512:][:512], n+1, pages, 512); d != nil {
			found++
			assert.Less(t, d.Offset, int64(512))
		}
		b[i/8] ^= 1 << (i % 8)
	}
	t.Logf("%d of %d flipped bits change the structure", found, len(b)*8)
	assert.Greater(t, found, 2000)
}

func TestVarint(t *testing.T) {
	tests := []struct {
		in []byte
		v  uint64
		n  int
	}{
		{nil, 0, 0},
		{[]byte{0x7f}, 127, 1},
		{[]byte{0x81}, 0, 0},
		{[]byte{0x81, 0x00}, 128, 2},
		{bytes.Repeat([]byte{0xff}, 8), 0, 0},
		{bytes.Repeat([]byte{0xff}, 9), 1<<64 - 1, 9},
		{bytes.Repeat([]byte{0xff}, 20), 1<<64 - 1, 9},
	}
	for _, tt := range tests {
		v, n := varint(tt.in)
		assert.Equal(t, tt.n, n)
		if n > 0 {
			assert.Equal(t, tt.v, v)
		}
	}
}

func FuzzCheckPage(f *testing.F) {
	b := sample(f, "types.db")
	for at := 0; at < len(b); at += 512 {
		f.Add(b[at:][:512], uint32(at/512+1), uint32(18), 512)
	}
	f.Fuzz(func(t *testing.T, page []byte, number, pages uint32, usable int) {
		if d := CheckPage(page, number, pages, usable); d != nil {
			require.GreaterOrEqual(t, d.Offset, int64(0))
			require.LessOrEqual(t, d.Offset+d.Length, int64(max(len(page), minUsable)))
		}
	})
}
