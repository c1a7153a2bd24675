package innodb

import (
	"hash/adler32"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noise returns size bytes that are the same in every run.
func noise(size int, seed byte) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// TestFold compares with the definition in 64 bits.
func TestFold(t *testing.T) {
	b := noise(5000, 1)
	var f uint64
	for _, x := range b {
		n := uint64(x)
		f = ((((f ^ n ^ 1653893711) << 8) + f) ^ 1463735687) + n
	}
	assert.Equal(t, uint32(f), fold(b))
}

func TestZipAdler(t *testing.T) {
	b := noise(16384, 2)
	covered := append(append(append([]byte{}, b[4:16]...), b[24:26]...), b[34:]...)
	n := uint32(len(covered))
	// Starting at 0 instead of 1 takes 1 from a, and n from b.
	sum := adler32.Checksum(covered)
	a, c := sum&0xffff, sum>>16
	want := (c+65521-n%65521)%65521<<16 | (a+65520)%65521
	assert.Equal(t, want, zipAdler(b))
}

// page returns a page with a header and noise behind it, not sealed.
func page(size int, number, space uint32) []byte {
	b := noise(size, 3)
	clear(b[:offData])
	putU32(b[offNumber:], number)
	putU32(b[offLSN+4:], 0x1234)
	putU32(b[offSpaceID:], space)
	putU32(b[size-4:], 0x1234)
	b[offType], b[offType+1] = byte(TypeIndex>>8), byte(TypeIndex&0xff)
	return b
}

// seal writes both checksums of a page without full_crc32.
func seal(b []byte, first, second uint32) []byte {
	putU32(b, first)
	putU32(b[len(b)-8:], second)
	return b
}

func TestOldAlgorithms(t *testing.T) {
	s := Space{ID: 7, Logical: 16384, Physical: 16384}
	fresh := func() []byte { return page(16384, 3, 7) }
	legacy := func() []byte {
		b := fresh()
		putU32(b, foldNew(b))
		return seal(b, foldNew(b), foldOld(b))
	}
	for _, tt := range []struct {
		name string
		page []byte
		kind Kind
		bad  Problem
	}{
		{"crc32", seal(fresh(), classicCRC(fresh()), classicCRC(fresh())), CRC32, ""},
		{"innodb", legacy(), Legacy, ""},
		{"none", seal(fresh(), noSum, noSum), NoSum, ""},
		{"innodb in front, none behind", seal(fresh(), foldNew(fresh()), noSum), Legacy, ""},
		{"very old, the LSN behind", seal(fresh(), foldNew(fresh()), 0), Legacy, ""},
		{"crc32 in front only", seal(fresh(), classicCRC(fresh()), 1), Bad, BadSum},
		{"nothing", seal(fresh(), 1, 1), Bad, BadSum},
		{"torn", func() []byte { b := legacy(); b[len(b)-1]++; return b }(), Bad, Torn},
	} {
		v := s.Check(tt.page, 3)
		assert.Equal(t, tt.kind, v.Kind, tt.name)
		assert.Equal(t, tt.bad, v.Problem, tt.name)
	}
	require.Equal(t, Misplaced, s.Check(legacy(), 4).Problem)
	require.Equal(t, Foreign, Space{ID: 8, Logical: 16384, Physical: 16384}.Check(legacy(), 3).Problem)
}

func TestZipAlgorithms(t *testing.T) {
	s := Space{ID: 7, Logical: 16384, Physical: 8192, Compressed: true}
	for kind, sum := range map[Kind]func([]byte) uint32{CRC32: zipCRC, Legacy: zipAdler, NoSum: func([]byte) uint32 { return noSum }} {
		b := page(8192, 3, 7)
		putU32(b, sum(b))
		v := s.Check(b, 3)
		assert.Equal(t, kind, v.Kind)
		assert.True(t, v.Good())
		putU32(b, sum(b)+1)
		assert.Equal(t, BadSum, s.Check(b, 3).Problem)
	}
}

// TestMySQLPages: encrypted pages cannot be judged, compressed ones by their
// form.
func TestMySQLPages(t *testing.T) {
	s := Space{ID: 7, Logical: 16384, Physical: 16384, MySQL: true, Encrypted: true}
	b := page(16384, 3, 7)
	b[offType], b[offType+1] = 0, byte(TypeMySQLEncrypted)
	assert.Equal(t, Encrypted, s.Check(b, 3).Kind)
	assert.Equal(t, Misplaced, s.Check(b, 4).Problem)
	s.Encrypted = false
	assert.Equal(t, Bad, s.Check(b, 3).Kind)

	b[offType+1] = byte(TypeMySQLCompressed)
	copy(b[26:], []byte{1, 1, 0x45, 0xbf, 0x3f, 0xda, 0x10, 0}) // version, zlib, index, 16346 bytes, of which 4096 are left
	clear(b[offData+4096:])
	assert.Equal(t, NoSum, s.Check(b, 3).Kind)
	b[len(b)-1] = 1
	assert.Equal(t, Bad, s.Check(b, 3).Kind)
}

// TestFlags: what servers write, and what none of them does.
func TestFlags(t *testing.T) {
	for flags, want := range map[uint32]Space{
		0x0:    {Logical: 16384, Physical: 16384},                                        // COMPACT
		0x21:   {Logical: 16384, Physical: 16384},                                        // DYNAMIC
		0x29:   {Logical: 16384, Physical: 8192, Compressed: true},                       // KEY_BLOCK_SIZE=8
		0x421:  {Logical: 16384, Physical: 16384},                                        // DATA DIRECTORY
		0x4021: {Logical: 16384, Physical: 16384, MySQL: true},                           // MySQL 8.0
		0x6021: {Logical: 16384, Physical: 16384, MySQL: true, Encrypted: true},          // the same, encrypted
		0x15:   {Logical: 16384, Physical: 16384, FullCRC32: true},                       // MariaDB
		0xb7:   {Logical: 65536, Physical: 65536, FullCRC32: true, PageCompressed: true}, // lzma
		0x1a1:  {Logical: 32768, Physical: 32768},                                        // innodb_page_size=32k
		0xe0e1: {Logical: 65536, Physical: 65536, PageCompressed: true},                  // MariaDB 10.1.20, level 1
	} {
		got, ok := spaceOf(flags)
		want.Flags = flags
		assert.True(t, ok, "%#x", flags)
		assert.Equal(t, want, got, "%#x", flags)
	}
	for _, flags := range []uint32{0x861, 0x1045, 0x12, 0x18, 0xf5, 0x115, 0x20, 0x61, 0xffffffff, 1 << 20, 0x2b | 1<<2} {
		_, ok := spaceOf(flags)
		assert.False(t, ok, "%#x", flags)
	}
}
