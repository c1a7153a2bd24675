package galera

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// writeSetHeader is the size of the header of a write set in bytes, in all
// versions since Galera 3 (galera/src/write_set_ng.hpp V3_SIZE).
const writeSetHeader = 64

// WriteSetFlags are the flags in the header of a write set
// (galera/src/write_set_ng.hpp Flags).
type WriteSetFlags uint16

// The write set flags.
const (
	Commit      WriteSetFlags = 1 << 0
	Rollback    WriteSetFlags = 1 << 1
	TOI         WriteSetFlags = 1 << 2 // total order isolation: a schema change
	PAUnsafe    WriteSetFlags = 1 << 3
	Commutative WriteSetFlags = 1 << 4
	Native      WriteSetFlags = 1 << 5
	Begin       WriteSetFlags = 1 << 6
	Prepare     WriteSetFlags = 1 << 7
	Certified   WriteSetFlags = 1 << 14 // set by each node after certification, from version 5 on
	Preordered  WriteSetFlags = 1 << 15
)

// A WriteSet is the header of a write set (galera/src/write_set_ng.hpp class
// WriteSetNG::Header). Numbers are little-endian.
type WriteSet struct {
	Version, MinVersion uint8 // 3 and 4 in Galera 3, up to 6 in Galera 4
	HeaderSize          uint8
	KeySet, DataSet     uint8 // versions, 0: none
	Unordered           bool  // has a set of unordered data
	Annotated           bool  // has an annotation
	Flags               WriteSetFlags
	PARange             uint16 // how many write sets before it can be applied in parallel, by this node
	Seqno               int64  // before certification the last seqno that its source had seen, its own after it
	Timestamp           int64  // nanoseconds of the source's monotonic clock
	Source              UUID   // node that made it
	Connection          uint64
	Transaction         uint64 // all bits set for schema changes
	Valid               bool   // magic, size and checksum are right
}

// Certified reports whether the node that wrote this copy had certified it:
// Seqno is its own then.
func (w *WriteSet) Certified() bool {
	return w.Flags&Certified != 0 || w.Version < 5 && w.PARange > 0
}

// parseWriteSet reads the header of a write set from the begin of its payload.
// Field tells what is wrong with it, "" if nothing is.
func parseWriteSet(b []byte) (w WriteSet, field, want, got string) {
	if len(b) < writeSetHeader {
		return w, "size", fmt.Sprintf("%d bytes", writeSetHeader), fmt.Sprintf("%d bytes", len(b))
	}
	b = b[:writeSetHeader]
	w = WriteSet{
		Version: b[1] >> 4, MinVersion: b[1] & 15, HeaderSize: b[2],
		KeySet: b[3] >> 4, DataSet: b[3] >> 2 & 3, Unordered: b[3]&2 != 0, Annotated: b[3]&1 != 0,
		Flags: WriteSetFlags(binary.LittleEndian.Uint16(b[4:])), PARange: binary.LittleEndian.Uint16(b[6:]),
		Seqno: int64(binary.LittleEndian.Uint64(b[8:])), Timestamp: int64(binary.LittleEndian.Uint64(b[16:])),
		Source: UUID(b[24:40]), Connection: binary.LittleEndian.Uint64(b[40:]), Transaction: binary.LittleEndian.Uint64(b[48:]),
	}
	stored, computed := binary.LittleEndian.Uint64(b[56:]), fastHash(b[:56])
	switch {
	case b[0] != 'G':
		return w, "magic", "'G'", fmt.Sprintf("0x%02x", b[0])
	case w.Version < 3 || w.MinVersion > w.Version:
		return w, "version", "a version from 3 on", fmt.Sprintf("0x%02x", b[1])
	case w.HeaderSize != writeSetHeader:
		return w, "header-size", fmt.Sprint(writeSetHeader), fmt.Sprint(w.HeaderSize)
	case stored != computed:
		return w, "checksum", fmt.Sprintf("%016x", computed), fmt.Sprintf("%016x", stored)
	}
	w.Valid = true
	return w, "", "", ""
}

// kinds of damage by the field that parseWriteSet names.
func writeSetDamage(field string) parse.Kind {
	switch field {
	case "magic":
		return parse.BadMagic
	case "version":
		return parse.BadVersion
	case "checksum":
		return parse.BadChecksum
	case "size":
		return parse.Truncated
	}
	return parse.BadValue
}

// A recordSet is the header of one of the sets that follow the header of a
// write set (galerautils/src/gu_rset.cpp parse_header_v1_2).
type recordSet struct {
	header []byte // all but the checksum of the records
	stored []byte // that checksum: 0, 4, 8 or 16 bytes of an mmh
	begin  int64  // offset of the records
	size   int64  // of the whole set, padding included
}

// maxSetHeader is the most that a header of a record set takes, its checksums
// included.
const maxSetHeader = 48

// parseRecordSet reads the header of a set at the begin of b, which has as
// many bytes of it as there are, up to maxSetHeader; left bytes are left of
// the buffer. Problem is "" if there is none.
func parseRecordSet(b []byte, left int64) (s recordSet, kind parse.Kind, problem string) {
	const short, align = 0x08, 8
	if len(b) < 8 {
		return s, parse.Truncated, fmt.Sprintf("%d bytes left", len(b))
	}
	version, check := b[0]>>4, b[0]&7
	if version < 1 || version > 2 || check > 3 || check == 1 && version == 2 {
		return s, parse.BadVersion, fmt.Sprintf("0x%02x", b[0])
	}
	var at int
	var count int64
	if version == 2 && b[0]&short != 0 {
		h := binary.LittleEndian.Uint32(b)
		s.size, count, at = int64(h>>18)+1, int64(h>>8&0x3ff)+1, 4
	} else {
		size, n := binary.Uvarint(b[1:])
		records, m := binary.Uvarint(b[1+max(n, 0):])
		if n <= 0 || m <= 0 || size > 1<<40 || records > size {
			return s, parse.BadValue, fmt.Sprintf("size %d, %d records", size, records)
		}
		s.size, count, at = int64(size), int64(records), 1+n+m
		if version == 2 {
			at = (at+4+align-1)/align*align - 4
		}
	}
	hashed := 0
	if check > 0 {
		hashed = 2 << check
	}
	s.begin = int64(at + 4 + hashed)
	if version == 2 {
		s.size = (s.size + align - 1) / align * align
	}
	switch {
	case int64(len(b)) < s.begin || s.size < s.begin || s.size > left || count > s.size:
		return s, parse.BadValue, fmt.Sprintf("size %d, %d records, %d bytes left", s.size, count, left)
	case mmh32(b[:at]) != binary.LittleEndian.Uint32(b[at:]):
		return s, parse.BadChecksum, fmt.Sprintf("%08x", binary.LittleEndian.Uint32(b[at:]))
	}
	s.header, s.stored = b[:at+4], b[at+4:s.begin]
	return s, "", ""
}
