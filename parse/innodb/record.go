package innodb

import "encoding/binary"

// Types of redo log records, bits 4 to 6 of their first byte (MariaDB 10.5 and
// later, storage/innobase/include/mtr0types.h mrec_type_t).
const (
	recFree     = 0x00
	recInit     = 0x10
	recExtended = 0x20
	recWrite    = 0x30
	recMemset   = 0x40
	recMemmove  = 0x50
	recReserved = 0x60
	recOption   = 0x70

	recType   = 0x70
	recLength = 0x0f
	recSame   = 0x80 // the page of the record before; at the start of a mini-transaction a file operation
)

// File operations, bits 4 to 7 of the first byte (mfile_type_t).
const (
	fileCreate     = 0x80
	fileDelete     = 0x90
	fileRename     = 0xa0
	fileModify     = 0xb0
	fileCheckpoint = 0xf0
)

// Subtypes of an extended record (mrec_ext_t). The others change index pages.
const (
	extUndoInit   = 2
	extUndoAppend = 3
	extTrimPages  = 10
)

// varint decodes a number of the redo log (include/mtr0log.h
// mlog_decode_varint): the leading one bits of the first byte are the number
// of bytes that follow, and every length begins where the one before ends. n
// is 0 if b is too short or does not begin so.
func varint(b []byte) (v uint32, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	switch c := b[0]; {
	case c < 0x80:
		return uint32(c), 1
	case c < 0xc0:
		if len(b) >= 2 {
			return 128 + uint32(c&0x3f)<<8 + uint32(b[1]), 2
		}
	case c < 0xe0:
		if len(b) >= 3 {
			return 16512 + uint32(c&0x1f)<<16 + uint32(b[1])<<8 + uint32(b[2]), 3
		}
	case c < 0xf0:
		if len(b) >= 4 {
			return 2113664 + uint32(c&0x0f)<<24 + uint32(b[1])<<16 + uint32(b[2])<<8 + uint32(b[3]), 4
		}
	case c == 0xf0:
		if len(b) >= 5 {
			if v := binary.BigEndian.Uint32(b[1:]); v <= 1<<32-1-270549120 {
				return 270549120 + v, 5
			}
		}
	}
	return 0, 0
}

// recordSize returns the length of the record that b begins with and of its
// first byte and length field. size is 0 if b is too short to tell; the record
// itself may be longer than b.
func recordSize(b []byte) (size, head int) {
	if n := int(b[0] & recLength); n != 0 {
		return 1 + n, 1
	}
	v, n := varint(b[1:])
	if n == 0 || v > maxMtr {
		return 0, 0
	}
	return 16 + int(v), 1 + n
}

// maxMtr is the most bytes that a mini-transaction has
// (include/log0recv.h recv_sys_t::MTR_SIZE_MAX).
const maxMtr = 1 << 20

// mtrEnd walks over the records that b begins with and returns the offset of
// the byte that ends the mini-transaction, 0 or 1. more is true if b is too
// short to tell; end is -1 if no mini-transaction begins there.
func mtrEnd(b []byte) (end int, more bool) {
	if len(b) == 0 {
		return -1, true
	}
	if b[0] <= 1 {
		return -1, false // an empty one is never written
	}
	for i := 0; i < len(b); {
		c := b[i]
		if c <= 1 {
			return i, false
		}
		if i >= maxMtr {
			return -1, false
		}
		if n := int(c & recLength); n != 0 {
			i += 1 + n
			continue
		}
		v, n := varint(b[i+1:])
		if n == 0 {
			return -1, len(b)-i < 6
		}
		if v >= maxMtr {
			return -1, false
		}
		i += 16 + int(v)
	}
	return -1, true
}

// pageID names a page.
type pageID struct{ space, number uint32 }

// A record is one record of a mini-transaction that is about a page or a file.
type record struct {
	kind byte // recFree…recOption; fileCreate…fileCheckpoint
	file bool
	same bool // continues the page of the record before
	id   pageID
	body []byte // without length and page
}

// records iterates over the records of a mini-transaction.
type records struct {
	rest  []byte // ends where the mini-transaction ends
	id    pageID
	paged bool // a page was named
	err   bool // a record does not decode
}

// next decodes the next record. ok is false at the end, and at a record that
// is malformed, which sets err.
func (r *records) next() (rec record, ok bool) {
	if len(r.rest) == 0 {
		return rec, false
	}
	c := r.rest[0]
	size, head := recordSize(r.rest)
	if size == 0 || size > len(r.rest) || head > size {
		r.err = true
		return rec, false
	}
	body := r.rest[head:size]
	r.rest = r.rest[size:]
	if c&recSame != 0 && r.paged {
		return record{kind: c & recType, same: true, id: r.id, body: body}, true
	}
	space, n := varint(body)
	page, m := uint32(0), 0
	if n > 0 {
		page, m = varint(body[n:])
	}
	if m == 0 {
		if c&^recLength == fileCheckpoint && isZero(body) { // padding
			return record{kind: fileCheckpoint, file: true}, true
		}
		r.err = true
		return rec, false
	}
	body = body[n+m:]
	if c&recSame != 0 {
		return record{kind: c &^ recLength, file: true, id: pageID{space, page}, body: body}, true
	}
	r.id, r.paged = pageID{space, page}, true
	return record{kind: c & recType, id: r.id, body: body}, true
}
