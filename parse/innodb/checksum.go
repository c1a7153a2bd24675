package innodb

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A Verdict is what the bytes of one page prove about themselves.
type Verdict struct {
	Header    Header // as it stands there; with Encrypted or a compressed page the space id may be part of the payload
	Kind      Kind
	Encrypted bool    // the page has a key version; its checksum is that of the encrypted bytes
	Problem   Problem // "" for a good page
	Want      uint32  // what Problem asks for: checksum, page number, space id, length
	Got       uint32  // and what stands there
}

// Good reports whether nothing is wrong with the page.
func (v Verdict) Good() bool { return v.Problem == "" }

// Displaced reports whether the page is whole and belongs elsewhere.
func (v Verdict) Displaced() bool { return v.Problem == Misplaced || v.Problem == Foreign }

// A Kind says which checksum holds for a page, or why there is none.
type Kind string

// The kinds of a page.
const (
	FullCRC32 Kind = "full_crc32" // CRC-32C of everything (MariaDB 10.4 and later)
	CRC32     Kind = "crc32"      // CRC-32C without the fields that are written late
	Legacy    Kind = "innodb"     // the checksum of MySQL before 5.7; with ROW_FORMAT=COMPRESSED Adler-32
	NoSum     Kind = "none"       // innodb_checksum_algorithm=none, or compressed in a format that has no checksum
	Zero      Kind = "zero"       // nothing but zero bytes: allocated and never written
	Encrypted Kind = "encrypted"  // MySQL: the checksum is that of the plain text and takes the key
	Bad       Kind = "bad"        // no checksum holds
)

// A Problem is what is wrong with a page.
type Problem string

// The problems of pages. A page that is Misplaced or Foreign is whole in
// itself.
const (
	BadSum    Problem = "checksum" // the bytes are not those that were written
	Torn      Problem = "lsn"      // the LSN at the end is another than the one at the start
	BadLength Problem = "length"   // a compressed page claims more bytes than a page has
	Misplaced Problem = "number"   // the page belongs to another place of the tablespace
	Foreign   Problem = "space-id" // the page belongs to another tablespace
)

// Check judges one page; number is its place in the tablespace. A page of
// another length than s.Physical is bad.
//
// A page is good if a server with innodb_checksum_algorithm=crc32, innodb or
// full_crc32, none of them strict, reads it: MariaDB
// storage/innobase/buf/buf0buf.cc buf_page_is_corrupted,
// storage/innobase/fil/fil0crypt.cc fil_space_verify_crypt_checksum and
// storage/innobase/page/page0zip.cc page_zip_verify_checksum.
func (s Space) Check(page []byte, number uint32) Verdict {
	h, ok := ParseHeader(page)
	if !ok || len(page) != s.Physical {
		return Verdict{Header: h, Kind: Bad, Problem: BadLength, Want: uint32(s.Physical), Got: uint32(len(page))}
	}
	v := Verdict{Header: h, Encrypted: h.KeyVersion != 0}
	switch {
	case s.FullCRC32:
		v.Encrypted = h.Checksum != 0
		v.full(page)
	case s.MySQL && s.Encrypted && h.Type >= TypeMySQLEncrypted && h.Type <= TypeMySQLEncryptedRTree:
		v.Kind, v.Encrypted = Encrypted, true
	case s.PageCompressed && (h.Type == TypePageCompressed || h.Type == TypePageCompressedEncrypted):
		v.pageCompressed(page)
	case s.Compressed:
		v.zip(page)
	default:
		v.classic(page)
	}
	switch {
	case !v.Good() || v.Kind == Zero:
	case h.Number != number:
		v.Problem, v.Want, v.Got = Misplaced, number, h.Number
	case h.SpaceID != s.ID && !s.hidesID(h):
		v.Problem, v.Want, v.Got = Foreign, s.ID, h.SpaceID
	}
	return v
}

// hidesID reports whether the payload of a page begins before the space id, so
// that there is none to be read.
func (s Space) hidesID(h Header) bool {
	return s.FullCRC32 && (h.Checksum != 0 || h.Type&compressedPage != 0)
}

func (v *Verdict) bad(p Problem, want, got uint32) {
	v.Kind, v.Problem, v.Want, v.Got = Bad, p, want, got
}

// compressedPage marks the type of a compressed page of full_crc32. The lower
// bits are the length of what is stored, in units of 256 bytes.
const compressedPage PageType = 1 << 15

func (v *Verdict) full(page []byte) {
	compressed := v.Header.Type&compressedPage != 0
	if compressed {
		n := int(v.Header.Type&^compressedPage) << 8
		if n < 256 || n >= len(page) {
			v.bad(BadLength, uint32(len(page)), uint32(n))
			return
		}
		page = page[:n]
	}
	end := len(page) - 4
	stored := binary.BigEndian.Uint32(page[end:])
	if stored == 0 && !compressed && isZero(page) {
		v.Kind, v.Encrypted = Zero, false
		return
	}
	v.Kind = FullCRC32
	if sum := crc(page[:end]); sum != stored {
		v.bad(BadSum, sum, stored)
		return
	}
	if low := binary.BigEndian.Uint32(page[end-4:]); !compressed && !v.Encrypted && low != uint32(v.Header.LSN) {
		v.bad(Torn, uint32(v.Header.LSN), low)
	}
}

// noSum stands where no checksum was computed (MariaDB
// storage/innobase/include/buf0buf.h BUF_NO_CHECKSUM_MAGIC).
const noSum = 0xdeadbeef

func (v *Verdict) classic(page []byte) {
	h, end := v.Header, len(page)-trailerSize
	first, second := h.Checksum, binary.BigEndian.Uint32(page[end:])
	if first == 0 && second == 0 && isZero(page[:offKeyVersion]) && isZero(page[offSpaceID:]) {
		v.Kind, v.Encrypted = Zero, false // the flush LSN may stand in the first page of a file
		return
	}
	sum := classicCRC(page)
	if v.Encrypted && (sum == cryptSum(page) || cryptSum(page) == noSum) {
		v.Kind = CRC32
		return
	}
	v.Encrypted = false // a flush LSN, or the split number of a spatial index
	if low := binary.BigEndian.Uint32(page[end+4:]); low != uint32(h.LSN) {
		if v.mysqlCompressed(page) {
			return
		}
		v.bad(Torn, uint32(h.LSN), low)
		return
	}
	switch {
	case first == sum && second == sum:
		v.Kind = CRC32
	case first == noSum && second == noSum:
		v.Kind = NoSum
	default:
		v.legacy(page, first, second, sum)
	}
}

// legacy accepts what servers accept that do not insist on one algorithm: the
// second checksum may also be the upper half of the LSN, and the first one 0.
// They do so even if the LSN is 0 as well; but that is the work of a device
// which lost the beginning of the page.
func (v *Verdict) legacy(page []byte, first, second, sum uint32) {
	known := []uint32{uint32(v.Header.LSN >> 32), noSum}
	switch {
	case v.Header.LSN == 0 && first == 0:
	case !slices.Contains(known, second) && second != foldOld(page):
	case first == 0 || first == noSum:
		v.Kind = NoSum
		return
	case first == foldNew(page):
		v.Kind = Legacy
		return
	}
	if !v.mysqlCompressed(page) {
		v.bad(BadSum, sum, first)
	}
}

// mysqlCompressed accepts a page of a table with COMPRESSION of MySQL: nothing
// in the tablespace tells of it, and such a page has no checksum. What it has
// are zero bytes behind the payload (MySQL
// storage/innobase/include/fil0types.h FIL_PAGE_COMPRESS_SIZE_V1).
func (v *Verdict) mysqlCompressed(page []byte) bool {
	const version, algorithm, originalSize, size = 26, 27, 30, 32
	n := offData + int(binary.BigEndian.Uint16(page[size:]))
	if v.Header.Type != TypeMySQLCompressed || page[version]-1 > 2 || page[algorithm]-1 > 2 ||
		int(binary.BigEndian.Uint16(page[originalSize:])) != (len(page)-offData)&0xffff || n >= len(page) || !isZero(page[n:]) {
		return false
	}
	v.Kind, v.Encrypted = NoSum, false
	return true
}

// pageCompressed looks at a page of a table with PAGE_COMPRESSED of MariaDB
// without full_crc32: there is no checksum, and a length at offset 38.
func (v *Verdict) pageCompressed(page []byte) {
	v.Encrypted = v.Header.Type == TypePageCompressedEncrypted
	if v.Header.Checksum != noSum {
		v.bad(BadSum, noSum, v.Header.Checksum)
		return
	}
	n := int(binary.BigEndian.Uint16(page[offData:]))
	if n == 0 || n > len(page)-offData-2 {
		v.bad(BadLength, uint32(len(page)-offData-2), uint32(n))
		return
	}
	v.Kind = NoSum
}

func (v *Verdict) zip(page []byte) {
	stored := v.Header.Checksum
	if stored == 0 && isZero(page) {
		v.Kind, v.Encrypted = Zero, false
		return
	}
	sum := zipCRC(page)
	if v.Encrypted && (sum == cryptSum(page) || cryptSum(page) == noSum) {
		v.Kind = CRC32
		return
	}
	v.Encrypted = false
	switch stored {
	case sum:
		v.Kind = CRC32
	case noSum:
		v.Kind = NoSum
	case zipAdler(page):
		v.Kind = Legacy
	default:
		v.bad(BadSum, sum, stored)
	}
}

func cryptSum(page []byte) uint32 { return binary.BigEndian.Uint32(page[offCryptSum:]) }

// isZero compares p with itself, one byte apart.
func isZero(p []byte) bool {
	return len(p) == 0 || p[0] == 0 && bytes.Equal(p[:len(p)-1], p[1:])
}
