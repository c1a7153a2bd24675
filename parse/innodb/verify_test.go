package innodb

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

// tablespace returns a small tablespace that MariaDB 10.11 wrote: the checksum
// algorithm and the page size in KiB, then the table. "packed" is
// PAGE_COMPRESSED, "z4" is ROW_FORMAT=COMPRESSED with KEY_BLOCK_SIZE=4, and
// those in "enc" are encrypted.
func tablespace(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "tablespaces", name+".ibd.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return b
}

// tablespaces are the names of all samples.
func tablespaces(t testing.TB) (names []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/tablespaces/*.ibd.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".ibd.gz"))
	}
	return names
}

// verify writes b in pieces of n bytes.
func verify(b []byte, n int) Result {
	v := NewVerifier("t.ibd")
	for piece := range slices.Chunk(b, n) {
		v.Write(piece)
	}
	return v.Finish()
}

func TestVerifyRealTablespaces(t *testing.T) {
	tests := []struct {
		name      string
		space     Space
		kinds     map[Kind]uint64
		encrypted uint64
	}{
		{"full16-plain", Space{Flags: 0x15, Logical: 16384, Physical: 16384, FullCRC32: true}, map[Kind]uint64{FullCRC32: 4}, 0},
		{"full4-plain", Space{Flags: 0x13, Logical: 4096, Physical: 4096, FullCRC32: true}, map[Kind]uint64{FullCRC32: 4}, 0},
		{"full64-plain", Space{Flags: 0x17, Logical: 65536, Physical: 65536, FullCRC32: true}, map[Kind]uint64{FullCRC32: 4}, 0},
		{"full16-packed", Space{Flags: 0x35, Logical: 16384, Physical: 16384, FullCRC32: true, PageCompressed: true}, map[Kind]uint64{FullCRC32: 4}, 0},
		{"full16-z1", Space{Flags: 0x23, Logical: 16384, Physical: 1024, Compressed: true}, map[Kind]uint64{CRC32: 4}, 0},
		{"full16-z4", Space{Flags: 0x27, Logical: 16384, Physical: 4096, Compressed: true}, map[Kind]uint64{CRC32: 4}, 0},
		{"crc16-plain", Space{Flags: 0x21, Logical: 16384, Physical: 16384}, map[Kind]uint64{CRC32: 4}, 0},
		{"crc4-plain", Space{Flags: 0xe1, Logical: 4096, Physical: 4096}, map[Kind]uint64{CRC32: 4}, 0},
		{"crc64-plain", Space{Flags: 0x1e1, Logical: 65536, Physical: 65536}, map[Kind]uint64{CRC32: 4}, 0},
		{"crc16-packed", Space{Flags: 0x10021, Logical: 16384, Physical: 16384, PageCompressed: true}, map[Kind]uint64{CRC32: 1, NoSum: 3}, 0},
		{"crc16-z1", Space{Flags: 0x23, Logical: 16384, Physical: 1024, Compressed: true}, map[Kind]uint64{CRC32: 4}, 0},
		{"enc-full4-plain", Space{Flags: 0x13, Logical: 4096, Physical: 4096, FullCRC32: true, Encrypted: true}, map[Kind]uint64{FullCRC32: 4}, 3},
		{"enc-full4-packed", Space{Flags: 0x33, Logical: 4096, Physical: 4096, FullCRC32: true, PageCompressed: true, Encrypted: true}, map[Kind]uint64{FullCRC32: 4}, 3},
		{"enc-crc4-plain", Space{Flags: 0xe1, Logical: 4096, Physical: 4096, Encrypted: true}, map[Kind]uint64{CRC32: 4}, 3},
		{"enc-crc4-packed", Space{Flags: 0x100e1, Logical: 4096, Physical: 4096, PageCompressed: true, Encrypted: true}, map[Kind]uint64{CRC32: 1, NoSum: 3}, 3},
		{"enc-crc4-z1", Space{Flags: 0xe3, Logical: 4096, Physical: 1024, Compressed: true, Encrypted: true}, map[Kind]uint64{CRC32: 5}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := verify(tablespace(t, tt.name), 10_000)
			tt.space.ID, tt.space.Pages = got.Space.ID, got.Space.Pages
			assert.Equal(t, tt.space, got.Space)
			assert.NotZero(t, got.Space.ID)
			used := maps.Clone(got.Kinds)
			delete(used, Zero)
			assert.Equal(t, tt.kinds, used)
			assert.Equal(t, tt.encrypted, got.Encrypted)
			assert.Empty(t, got.Damage)
			assert.False(t, got.Guessed)
		})
	}
}

func TestVerifyInAnyPieces(t *testing.T) {
	for _, name := range tablespaces(t) {
		b := tablespace(t, name)
		want := verify(b, len(b))
		for _, n := range []int{1023, 4096, 65537} {
			require.Empty(t, cmp.Diff(want, verify(b, n)), "%s in pieces of %d bytes", name, n)
		}
	}
}

// TestGuess damages page 0 and finds the format all the same.
func TestGuess(t *testing.T) {
	for _, name := range tablespaces(t) {
		b := tablespace(t, name)
		want := verify(b, len(b))
		if want.Kinds[NoSum] > 0 {
			continue // only page 0 has a checksum
		}
		for what, damage := range map[string]func(page []byte){
			"its end is lost":     func(page []byte) { clear(page[len(page)/2:]) },
			"its flags are wrong": func(page []byte) { page[offFSPFlags+3] ^= 0x14 },
			"it is lost":          func(page []byte) { clear(page) },
		} {
			bad := bytes.Clone(b)
			damage(bad[:want.Space.Physical])
			if bytes.Equal(bad, b) {
				continue
			}
			got := verify(bad, len(bad))
			require.True(t, got.Guessed, "%s: %s", name, what)
			if got.Space.ID != NoID {
				assert.Equal(t, want.Space.ID, got.Space.ID)
			}
			assert.Equal(t, want.Space.Physical, got.Space.Physical, "%s: %s", name, what)
			assert.Equal(t, want.Space.FullCRC32, got.Space.FullCRC32, "%s: %s", name, what)
			assert.Equal(t, want.Pages, got.Pages)
			require.Len(t, got.Damage, 1, "%s: %s: %v", name, what, got.Damage)
			assert.Contains(t, got.Damage[0].Field, "page[0]")
		}
	}
}

// TestSecondFile: the numbers of the pages go on, and page 0 is elsewhere.
func TestSecondFile(t *testing.T) {
	b := tablespace(t, "full4-plain")
	for first := uint32(1); first < 4; first++ {
		for _, zeros := range []int{0, 5 << 20} {
			cut := append(make([]byte, zeros), b[4096*first:]...)
			for i := range uint32(len(b)/4096) - first {
				reseal(cut[zeros:], 4096, i, first+i+uint32(zeros/4096))
			}
			got := verify(cut, 100_000)
			assert.Equal(t, first, got.First)
			assert.True(t, got.Guessed)
			assert.Empty(t, got.Damage)
			assert.Equal(t, uint64(len(cut)/4096), got.Pages)
		}
	}
}

// reseal gives page i of b, of format full_crc32, another number.
func reseal(b []byte, size int, i, number uint32) {
	page := b[int(i)*size:][:size]
	if isZero(page) {
		return
	}
	putU32(page[offNumber:], number)
	putU32(page[size-4:], crc(page[:size-4]))
}

func putU32(p []byte, v uint32) { copy(p, []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}) }

func TestDamageIsDescribed(t *testing.T) {
	b := tablespace(t, "full4-plain")
	page := func(b []byte, i int) []byte { return b[i*4096:][:4096] }
	tests := []struct {
		name   string
		damage func(b []byte) []byte
		want   parse.Damage
	}{
		{"torn", func(b []byte) []byte { clear(page(b, 3)[2048:]); return b },
			parse.Damage{Span: parse.Span{File: "t.ibd", Offset: 12288, Length: 4096, Field: "page[3].checksum"}, Kind: parse.BadChecksum, Got: "00000000"}},
		{"swapped", func(b []byte) []byte { copy(page(b, 3), page(b, 2)); return b },
			parse.Damage{Span: parse.Span{File: "t.ibd", Offset: 12288, Length: 4096, Field: "page[3].number"}, Kind: parse.Mismatch, Want: "3", Got: "2"}},
		{"of another table", func(b []byte) []byte {
			copy(page(b, 3), page(tablespace(t, "full4-packed"), 0))
			reseal(b, 4096, 3, 3)
			return b
		},
			parse.Damage{Span: parse.Span{File: "t.ibd", Offset: 12288, Length: 4096, Field: "page[3].space-id"}, Kind: parse.Mismatch, Want: "5", Got: "6"}},
		{"cut in a page", func(b []byte) []byte { return b[:3*4096+100] },
			parse.Damage{Span: parse.Span{File: "t.ibd", Offset: 12288, Length: 100, Field: "page[3]"}, Kind: parse.Truncated, Want: "4096 bytes", Got: "100"}},
		{"cut between pages", func(b []byte) []byte { return b[:3*4096] },
			parse.Damage{Span: parse.Span{File: "t.ibd", Offset: 12288, Field: "page[0].fsp-header.size"}, Kind: parse.Truncated, Got: "3"}},
		{"empty", func(b []byte) []byte { return nil },
			parse.Damage{Span: parse.Span{File: "t.ibd", Field: "page[0]"}, Kind: parse.Truncated, Want: "a page", Got: "0 bytes"}},
		{"no tablespace", func(b []byte) []byte { return bytes.Repeat([]byte("lastwrite"), 10_000) },
			parse.Damage{Span: parse.Span{File: "t.ibd", Field: "page[0]"}, Kind: parse.BadMagic, Want: "a tablespace", Got: "no good page in any format"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := tt.damage(bytes.Clone(b))
			got := verify(bad, max(1, len(bad)))
			require.NotEmpty(t, got.Damage)
			d := got.Damage[0]
			d.Note = ""
			if tt.want.Want == "" {
				d.Want = ""
			}
			assert.Equal(t, tt.want, d)
		})
	}
}

// TestPrefixes: every prefix of a tablespace is damaged, and says so.
func TestPrefixes(t *testing.T) {
	for _, name := range []string{"full4-plain", "full16-z1", "enc-crc4-plain"} {
		b := tablespace(t, name)
		s := verify(b, len(b)).Space
		for n := range int(s.Pages) * s.Physical {
			if r := verify(b[:n], max(1, n)); len(r.Damage) == 0 {
				t.Fatalf("%s: nothing is wrong with %d of %d bytes", name, n, len(b))
			}
		}
	}
}

// TestFlippedBits turns every bit of real pages. What no checksum covers is
// written down here.
func TestFlippedBits(t *testing.T) {
	type run struct{ from, to int }
	lateFields := run{26, 34} // flush LSN, key version
	for name, blind := range map[string][]run{
		"full4-plain":     nil,
		"enc-full4-plain": nil,
		"crc4-plain":      {lateFields},
		"enc-crc4-plain":  {{0, 4}, {26, 30}, {4088, 4096}}, // the checksum of the plain text, the key version, the LSN
		"crc16-z1":        {{16, 24}, lateFields},           // the LSN as well
		"full16-z4":       {{16, 24}, lateFields},
	} {
		b := tablespace(t, name)
		s := verify(b, len(b)).Space
		for number := range uint32(4) {
			page := bytes.Clone(b[int(number)*s.Physical:][:s.Physical])
			require.True(t, s.Check(page, number).Good())
			for bit := range len(page) * 8 {
				blind := blind
				if number == 0 && s.Encrypted && !s.FullCRC32 {
					blind = []run{lateFields} // never encrypted
				}
				if slices.ContainsFunc(blind, func(r run) bool { return bit/8 >= r.from && bit/8 < r.to }) {
					continue
				}
				page[bit/8] ^= 1 << (bit % 8)
				if s.Check(page, number).Good() {
					t.Fatalf("%s: bit %d of byte %d of page %d makes no difference", name, bit%8, bit/8, number)
				}
				page[bit/8] ^= 1 << (bit % 8)
			}
		}
	}
}

// TestListsAreBounded writes a long file in which every page is misplaced.
func TestListsAreBounded(t *testing.T) {
	b := tablespace(t, "full4-plain")
	v := NewVerifier("t.ibd")
	v.Write(b)
	for range 10_000 {
		v.Write(b[4096:8192])
	}
	got := v.Finish()
	assert.Equal(t, uint64(10_000), got.Damaged+got.FreeBad)
	assert.Equal(t, uint64(252), got.FreeBad, "the rest of the first extent")
	assert.Equal(t, got.Damaged, got.Displaced)
	assert.Len(t, got.Damage, MaxDamage)
	assert.Len(t, got.BadPages, MaxDamage)
	assert.LessOrEqual(t, len(got.Newest), MaxNewest)
	for i := range got.Newest[1:] {
		assert.GreaterOrEqual(t, got.Newest[i].LSN, got.Newest[i+1].LSN)
	}
}

// TestFreePages: nobody reads what a tablespace does not use.
func TestFreePages(t *testing.T) {
	b := tablespace(t, "full4-plain")
	clear(b[3*4096+2000:][:2096])
	require.Equal(t, uint64(1), verify(b, len(b)).Damaged)
	b[xdesStart+xdesBitmap] |= 1 << 6 // page 3
	putU32(b[4092:], crc(b[:4092]))
	got := verify(b, len(b))
	assert.Zero(t, got.Damaged)
	assert.Empty(t, got.Damage)
	assert.Equal(t, uint64(1), got.FreeBad)
}

// TestZeros: a file that was made and never written is no damage; it has no
// format either.
func TestZeros(t *testing.T) {
	for _, n := range []int{4 * 16384, 5 << 20} {
		got := verify(make([]byte, n), 100_000)
		assert.Equal(t, map[Kind]uint64{Zero: uint64(n / 16384)}, got.Kinds)
		assert.Empty(t, got.Damage)
		assert.True(t, got.Guessed)
	}
}

func FuzzVerifier(f *testing.F) {
	for _, name := range []string{"full4-plain", "crc4-plain", "crc4-packed", "enc-crc4-z1", "full16-z4", "enc-full4-packed"} {
		f.Add(tablespace(f, name), uint16(4096))
	}
	f.Add([]byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, n uint16) {
		got := verify(b, int(n)+1)
		sum := got.Doublewrite + got.FreeBad
		for _, n := range got.Kinds {
			sum += n
		}
		if sum != got.Pages || got.Pages*uint64(got.Space.Physical) > uint64(len(b)) {
			t.Fatalf("%d pages, counted %d, in %d bytes", got.Pages, sum, len(b))
		}
		if diff := cmp.Diff(got, verify(b, len(b)+1)); diff != "" {
			t.Fatal(diff)
		}
		for _, d := range got.Damage {
			if d.Offset < 0 || d.Offset+d.Length > int64(len(b)) && d.Length > 0 {
				t.Fatal(fmt.Sprint(d))
			}
		}
	})
}
