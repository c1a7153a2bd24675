package innodb

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Offsets in page 0 of a tablespace (MariaDB storage/innobase/include/fsp0fsp.h).
const (
	offFSPSpaceID = offData + 0
	offFSPSize    = offData + 8
	offFSPFlags   = offData + 16
	fspHeaderEnd  = offData + 112
)

// Offsets of the extent descriptors behind that header (the same file,
// XDES_ARR_OFFSET and XDES_BITMAP).
const (
	xdesStart  = fspHeaderEnd
	xdesBitmap = 24
)

// xdesSize is the length of a descriptor: two bits for each page of an extent.
func xdesSize(extent uint32) int { return xdesBitmap + int(extent*2+7)/8 }

// The page sizes that a tablespace can have, in bytes.
const (
	MinPageSize = 4 << 10
	MaxPageSize = 64 << 10
	minZipSize  = 1 << 10
	maxZipSize  = 16 << 10
)

// A Space is what page 0 of a tablespace says about the tablespace.
type Space struct {
	ID    uint32
	Pages uint32 // FSP_SIZE: pages of the whole tablespace, over all its files
	Flags uint32 // FSP_SPACE_FLAGS as stored

	Logical  int // innodb_page_size in bytes
	Physical int // bytes that a page takes in the file; smaller with ROW_FORMAT=COMPRESSED

	FullCRC32      bool // MariaDB 10.4 and later, innodb_checksum_algorithm=full_crc32
	Compressed     bool // ROW_FORMAT=COMPRESSED
	PageCompressed bool // PAGE_COMPRESSED=1 of MariaDB
	Encrypted      bool // some pages may be encrypted
	MySQL          bool // flags that MySQL 5.7 or 8.0 sets and MariaDB does not
}

// ReadSpace reads the description of a tablespace from its page 0. The first
// 256 bytes are enough for all but Encrypted. ok is false if no tablespace
// begins so: the flags are none that a server writes, or the two space ids
// differ. The checksum of the page is left to Check.
//
// The flags are those of MariaDB storage/innobase/include/fsp0types.h and
// MySQL storage/innobase/include/fsp0types.h, and the misplaced ones of
// MariaDB 10.1.0 to 10.1.20.
func ReadSpace(page []byte) (s Space, ok bool) {
	if len(page) < fspHeaderEnd {
		return s, false
	}
	id := binary.BigEndian.Uint32(page[offFSPSpaceID:])
	s, ok = spaceOf(binary.BigEndian.Uint32(page[offFSPFlags:]))
	s.ID, s.Pages = id, binary.BigEndian.Uint32(page[offFSPSize:])
	s.Encrypted = s.Encrypted || ok && hasCryptData(page, s)
	return s, ok && id == binary.BigEndian.Uint32(page[offSpaceID:])
}

// hasCryptData looks for what MariaDB writes behind the extent descriptors of a
// tablespace that is, was, or may become encrypted (MariaDB
// storage/innobase/fil/fil0crypt.cc fil_space_read_crypt_data).
func hasCryptData(page []byte, s Space) bool {
	extent := extentPages(s.Logical)
	at := offData + xdesStart + xdesSize(extent)*s.Physical/int(extent)
	return at < len(page) && bytes.HasPrefix(page[at:], []byte("s\x0e\x0cREt"))
}

// Bits of the tablespace flags.
const (
	flagPostAntelope = 1 << 0
	flagZip          = 0xf << 1 // 0 or log2(size) - 9
	flagFullCRC32    = 1 << 4   // the others mean something else then
	flagAtomicBlobs  = 1 << 5
	flagDataDir      = 1 << 10
	flagShared       = 1 << 11 // MySQL 5.7
	flagTemporary    = 1 << 12 // MySQL 5.7
	flagEncryption   = 1 << 13 // MySQL 5.7
	flagSDI          = 1 << 14 // MySQL 8.0
	flagCompression  = 1 << 16 // MariaDB

	mysqlFlags = flagShared | flagTemporary | flagEncryption | flagSDI
	knownFlags = 1<<10 - 1 | flagDataDir | mysqlFlags | flagCompression
)

func spaceOf(flags uint32) (s Space, ok bool) {
	if flags&flagFullCRC32 != 0 {
		return fullCRC32Space(flags)
	}
	if s, ok := classicSpace(flags, flags>>6&0xf); ok {
		return s, true
	}
	return misplacedSpace(flags)
}

// fullCRC32Space: bits 0 to 3 hold the page size, bits 5 to 7 the algorithm of
// PAGE_COMPRESSED. Anything else has to be 0.
func fullCRC32Space(flags uint32) (s Space, ok bool) {
	size, compression := flags&0xf, flags>>5&7
	s = Space{Flags: flags, Logical: 512 << size, Physical: 512 << size, FullCRC32: true, PageCompressed: compression != 0}
	return s, size >= 3 && size <= 7 && compression <= 6 && flags>>8 == 0
}

// classicSpace decodes the flags without full_crc32; size is the field for the
// page size, 0 for 16 KiB.
func classicSpace(flags, size uint32) (s Space, ok bool) {
	if size == 1 || size == 2 || size == 5 || size > 7 || flags&^knownFlags != 0 {
		return s, false
	}
	if flags&(flagPostAntelope|flagAtomicBlobs) == flagAtomicBlobs {
		return s, false
	}
	if size == 0 {
		size = 5
	}
	s = Space{Flags: flags, Logical: 512 << size, Physical: 512 << size}
	s.PageCompressed = flags&flagCompression != 0
	s.Encrypted = flags&flagEncryption != 0
	s.MySQL = flags&mysqlFlags != 0
	if s.MySQL && s.PageCompressed {
		return s, false
	}
	if zip := flags & flagZip >> 1; zip != 0 {
		if zip > size || zip > 5 || flags&flagAtomicBlobs == 0 {
			return s, false
		}
		s.Compressed, s.Physical = true, 512<<zip
	}
	return s, true
}

// misplacedSpace decodes what MariaDB 10.1.0 to 10.1.20 wrote: bit 6 for
// PAGE_COMPRESSED, 7 to 10 its level, 11 and 12 for atomic writes, 13 to 16 the
// page size.
func misplacedSpace(flags uint32) (s Space, ok bool) {
	compressed, level, atomicWrites := flags>>6&1 != 0, flags>>7&0xf, flags>>11&3
	if flags>>18 != 0 || compressed != (level != 0) || level > 9 || atomicWrites == 3 {
		return s, false
	}
	s, ok = classicSpace(flags&0x3f, flags>>13&0xf)
	s.Flags, s.PageCompressed = flags, compressed
	return s, ok
}

// extentPages is the number of pages of an extent: 1 MiB up to 16 KiB a page,
// else 64 pages.
func extentPages(logical int) uint32 {
	if logical <= 0 || logical > 16<<10 {
		return 64
	}
	return uint32(1 << 20 >> (bits.Len(uint(logical)) - 1))
}
