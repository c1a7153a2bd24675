package sqlite

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// HeaderSize is the size of the database header in bytes.
const HeaderSize = 100

const magic = "SQLite format 3\x00"

const (
	minPageSize = 512
	maxPageSize = 65536
	minUsable   = 480 // sqlite/sqlite src/btree.c lockBtree
)

// An Encoding is the text encoding of a database.
type Encoding uint32

// The text encodings. A database that never had a table may say 0, which
// SQLite takes for UTF-8.
const (
	UTF8    Encoding = 1
	UTF16LE Encoding = 2
	UTF16BE Encoding = 3
)

// String returns the encoding's name as PRAGMA encoding prints it.
func (e Encoding) String() string {
	switch e {
	case 0, UTF8:
		return "UTF-8"
	case UTF16LE:
		return "UTF-16le"
	case UTF16BE:
		return "UTF-16be"
	}
	return fmt.Sprintf("encoding %d", uint32(e))
}

// A Header is the database header. A field that the buffer did not reach is 0.
type Header struct {
	PageSize      uint32 // bytes; 0 if the stored value is impossible
	WriteVersion  uint8  // 1 rollback journal, 2 WAL
	ReadVersion   uint8
	Reserved      uint8  // bytes at the end of each page that SQLite does not use
	ChangeCounter uint32 // grows with each transaction outside WAL mode
	Pages         uint32 // size of the database in pages, as stored
	FreeTrunk     uint32 // first trunk page of the free list, 0 if none
	FreePages     uint32
	SchemaCookie  uint32
	SchemaFormat  uint32
	LargestRoot   uint32 // not 0 in auto-vacuum databases only
	Encoding      Encoding
	ValidFor      uint32 // change counter at the time when Pages was written
}

// Usable returns the bytes of a page that hold content.
func (h Header) Usable() int { return int(h.PageSize) - int(h.Reserved) }

// WAL reports whether the database says that it is in WAL mode.
func (h Header) WAL() bool { return h.WriteVersion == 2 || h.ReadVersion == 2 }

// PagesValid reports whether SQLite believes the stored size; if not, it
// takes the size of the file (sqlite/sqlite src/btree.c lockBtree).
func (h Header) PagesValid() bool { return h.Pages != 0 && h.ChangeCounter == h.ValidFor }

// ReadHeader reads the database header at the start of page1. file and base,
// the offset of page1 in that file, go into the damage. page1 need not be a
// whole page; a buffer shorter than HeaderSize is damage.
func ReadHeader(page1 []byte, file string, base int64) (Header, []parse.Damage) {
	var h Header
	var damage []parse.Damage
	add := func(kind parse.Kind, at, n int64, field, want, got string) {
		damage = append(damage, parse.Damage{
			Span: parse.Span{File: file, Offset: base + at, Length: n, Field: "header." + field},
			Kind: kind, Want: want, Got: got,
		})
	}
	var b [HeaderSize]byte
	n := copy(b[:], page1)
	if n < HeaderSize {
		add(parse.Truncated, 0, int64(n), "size", fmt.Sprintf("%d bytes", HeaderSize), fmt.Sprintf("%d", n))
	}
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
	h = Header{
		PageSize:      pageSize(binary.BigEndian.Uint16(b[16:])),
		WriteVersion:  b[18],
		ReadVersion:   b[19],
		Reserved:      b[20],
		ChangeCounter: u32(24),
		Pages:         u32(28),
		FreeTrunk:     u32(32),
		FreePages:     u32(36),
		SchemaCookie:  u32(40),
		SchemaFormat:  u32(44),
		LargestRoot:   u32(52),
		Encoding:      Encoding(u32(56)),
		ValidFor:      u32(92),
	}
	if n < HeaderSize {
		return h, damage
	}
	if string(b[:16]) != magic {
		add(parse.BadMagic, 0, 16, "magic", fmt.Sprintf("%q", magic), fmt.Sprintf("%x", b[:16]))
	}
	if h.PageSize == 0 {
		add(parse.BadValue, 16, 2, "page-size", "a power of two from 512 to 32768, or 1",
			fmt.Sprint(binary.BigEndian.Uint16(b[16:])))
	} else if h.Usable() < minUsable {
		add(parse.BadValue, 20, 1, "reserved", fmt.Sprintf("at least %d usable bytes a page", minUsable),
			fmt.Sprintf("%d of %d bytes reserved", h.Reserved, h.PageSize))
	}
	if h.WriteVersion < 1 || h.WriteVersion > 2 {
		add(parse.BadVersion, 18, 1, "write-version", "1 or 2", fmt.Sprint(h.WriteVersion))
	}
	if h.ReadVersion < 1 || h.ReadVersion > 2 {
		add(parse.BadVersion, 19, 1, "read-version", "1 or 2", fmt.Sprint(h.ReadVersion))
	}
	if b[21] != 64 || b[22] != 32 || b[23] != 32 {
		add(parse.BadValue, 21, 3, "payload-fractions", "64, 32, 32", fmt.Sprintf("%d, %d, %d", b[21], b[22], b[23]))
	}
	if h.SchemaFormat > 4 {
		add(parse.BadVersion, 44, 4, "schema-format", "0 to 4", fmt.Sprint(h.SchemaFormat))
	}
	if h.Encoding > UTF16BE {
		add(parse.BadValue, 56, 4, "encoding", "0 to 3", fmt.Sprint(uint32(h.Encoding)))
	}
	return h, damage
}

// pageSize decodes the page size of a database header; 0 means impossible.
func pageSize(stored uint16) uint32 {
	if stored == 1 {
		return maxPageSize
	}
	return validPageSize(uint32(stored))
}

// validPageSize returns n if it can be a page size, or 0.
func validPageSize(n uint32) uint32 {
	if n < minPageSize || n > maxPageSize || n&(n-1) != 0 {
		return 0
	}
	return n
}
