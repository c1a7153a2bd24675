package innodb

import "encoding/binary"

// Offsets in every page (MariaDB storage/innobase/include/fil0fil.h). All
// numbers are big-endian.
const (
	offChecksum   = 0  // u32 checksum; full_crc32: key version
	offNumber     = 4  // u32
	offPrevious   = 8  // u32
	offNext       = 12 // u32
	offLSN        = 16 // u64
	offType       = 24 // u16
	offKeyVersion = 26 // u32 key version; page 0 of the system tablespace: u64 flush LSN
	offCryptSum   = 30 // u32 checksum of an encrypted page
	offSpaceID    = 34 // u32
	offData       = 38 // end of the header

	trailerSize = 8 // u32 checksum, u32 low half of the LSN; full_crc32 the other way round
)

// A PageType is what a page says that it holds, the u16 at offset 24
// (MariaDB storage/innobase/include/fil0fil.h, MySQL the same file).
type PageType uint16

// The page types that matter for checksums and positions.
const (
	TypeAllocated PageType = 0 // never used, or freed
	TypeUndoLog   PageType = 2
	TypeInode     PageType = 3
	TypeSystem    PageType = 6 // rollback segment headers among others
	TypeTrxSys    PageType = 7
	TypeFSPHeader PageType = 8 // page 0 of a tablespace
	TypeXDES      PageType = 9

	TypeMySQLCompressed          PageType = 14
	TypeMySQLEncrypted           PageType = 15
	TypeMySQLCompressedEncrypted PageType = 16
	TypeMySQLEncryptedRTree      PageType = 17

	TypeIndex                   PageType = 17855
	TypePageCompressed          PageType = 34354
	TypePageCompressedEncrypted PageType = 37401
)

// A Header is the header that every page begins with, as it stands there.
type Header struct {
	Checksum   uint32 // offset 0; with full_crc32 the key version instead
	Number     uint32 // page number within the tablespace
	Previous   uint32 // page on the left at the same level, 0xffffffff: none
	Next       uint32
	LSN        uint64 // end of the last mini-transaction that changed the page
	Type       PageType
	KeyVersion uint32 // offset 26; not with full_crc32
	SpaceID    uint32
}

// ParseHeader reads the header of a page. ok is false if page is shorter than
// a header.
func ParseHeader(page []byte) (h Header, ok bool) {
	if len(page) < offData {
		return h, false
	}
	return Header{
		Checksum:   binary.BigEndian.Uint32(page[offChecksum:]),
		Number:     binary.BigEndian.Uint32(page[offNumber:]),
		Previous:   binary.BigEndian.Uint32(page[offPrevious:]),
		Next:       binary.BigEndian.Uint32(page[offNext:]),
		LSN:        binary.BigEndian.Uint64(page[offLSN:]),
		Type:       PageType(binary.BigEndian.Uint16(page[offType:])),
		KeyVersion: binary.BigEndian.Uint32(page[offKeyVersion:]),
		SpaceID:    binary.BigEndian.Uint32(page[offSpaceID:]),
	}, true
}
