package innodb

import "encoding/binary"

// Offsets in a page of undo log (MariaDB storage/innobase/include/trx0undo.h).
const (
	undoPageType  = offData     // u16
	undoPageStart = offData + 2 // u16
	undoPageFree  = offData + 4 // u16, offset of the first free byte
	undoPageNode  = offData + 6 // 12 bytes, links of a list
	undoPageHead  = offData + 18
	undoSegHead   = undoPageHead // only in the first page of an undo segment
	undoSegEnd    = undoSegHead + 30
)

// An image is a page as the log makes it.
type image struct {
	id      pageID
	bytes   []byte
	lsn     uint64 // of the page; records of older mini-transactions are in it already
	base    uint64 // LSN of the page as it was read
	met     bool   // a mini-transaction that ends there changes the page
	initial bool   // watched before the log was read
	fresh   bool   // made by the log: what the file holds does not matter
	blind   bool   // the file's page could not be read, and the log did not make it anew
	sealed  bool   // because it is encrypted
	known   uint32 // which bytes of UUID and seqno of the XID are known, see knownAll
	from    Origin // of the bytes that the log starts from
	at      int64  // file offset of them
	file    string
	slots   bool   // TRX_SYS, or the header of a rollback segment
	dirty   bool   // its slots may have changed
	touched bool   // by the log
	listed  bool   // in pages.changed
	within  uint64 // end of the mini-transaction that was last carried out
}

// knownAll has a bit for each of the 24 bytes of UUID and seqno; the upper
// eight are those of the seqno.
const (
	knownAll   = 1<<24 - 1
	knownSeqno = 0xff << 16
)

// wrote notes that the log wrote n bytes at offset at.
func (p *image) wrote(at, n int) {
	p.touched = true
	if !p.slots {
		return
	}
	p.dirty = p.dirty || at < rsegSlots+4*(len(p.bytes)/16)
	first := max(at-(rsegXID(len(p.bytes))+xidUUID), 0)
	last := min(at+n-(rsegXID(len(p.bytes))+xidUUID), 24)
	if first < last {
		p.known |= 1<<last - 1<<first
	}
}

// A target is the page that records of one mini-transaction are about.
type target struct {
	*image
	last int  // offset behind the last write, or noSame
	skip bool // the page is newer than the mini-transaction
}

// noSame as the last offset: no record may follow that means the same page.
const noSame = 1

// apply carries out one record (MariaDB storage/innobase/log/log0recv.cc
// log_phys_t::apply). It returns false if the record is malformed, upon which
// a server stops.
func (t *target) apply(r record) bool {
	switch r.kind {
	case recFree, recInit:
		if r.same || len(r.body) != 0 {
			return false
		}
		if r.kind == recFree {
			t.last = noSame
			t.init() // whatever is read from a freed page is stale
			return true
		}
		t.init()
		t.last = offType
		return true
	case recOption, recReserved:
		return true
	case recExtended:
		return t.extended(r.body)
	}
	return t.write(r.kind, r.body)
}

// init makes the page anew.
func (t *target) init() {
	t.fresh, t.blind, t.skip = true, false, false
	clear(t.bytes)
	binary.BigEndian.PutUint32(t.bytes[offNumber:], t.id.number)
	for i := offPrevious; i < offLSN; i++ {
		t.bytes[i] = 0xff
	}
	binary.BigEndian.PutUint32(t.bytes[offSpaceID:], t.id.space)
	t.wrote(0, len(t.bytes))
}

func (t *target) extended(body []byte) bool {
	if len(body) == 0 {
		return false
	}
	t.last = offType
	if t.skip {
		return true
	}
	b, end := t.bytes, len(t.bytes)-trailerSize
	switch body[0] {
	case extUndoInit:
		if len(body) != 1 {
			return false
		}
		binary.BigEndian.PutUint16(b[offType:], uint16(TypeUndoLog))
		binary.BigEndian.PutUint16(b[undoPageType:], 0)
		binary.BigEndian.PutUint16(b[undoPageStart:], undoPageHead)
		binary.BigEndian.PutUint16(b[undoPageFree:], undoPageHead)
		copy(b[undoPageNode:], "\xff\xff\xff\xff\x00\x00\xff\xff\xff\xff\x00\x00")
		clear(b[undoSegEnd:end])
		t.wrote(undoPageType, end-undoPageType)
	case extUndoAppend:
		data := body[1:]
		free := int(binary.BigEndian.Uint16(b[undoPageFree:]))
		next := free + 4 + len(data)
		if len(data) < 3 || free < undoPageHead || next+2 >= end {
			return t.blind // its free offset is unknown
		}
		binary.BigEndian.PutUint16(b[undoPageFree:], uint16(next))
		binary.BigEndian.PutUint16(b[free:], uint16(next))
		copy(b[free+2:], data)
		binary.BigEndian.PutUint16(b[next-2:], uint16(free))
		t.wrote(free, next-free)
	}
	return true // the others are about index pages
}

// write carries out WRITE, MEMSET and MEMMOVE.
func (t *target) write(kind byte, body []byte) bool {
	size := len(t.bytes)
	offset, n := varint(body)
	if n == 0 || n > 3 || n >= len(body) || t.last == noSame {
		return false
	}
	at := t.last + int(offset)
	if at < offPrevious || at >= size {
		return false
	}
	body = body[n:]
	if kind == recWrite {
		if at+len(body) > size {
			return false
		}
		if !t.skip {
			copy(t.bytes[at:], body)
			t.wrote(at, len(body))
		}
		t.last = at + len(body)
		return true
	}
	v, n := varint(body)
	length := int(v)
	if n == 0 || n > 3 || at+length > size {
		return false
	}
	body = body[n:]
	t.last = at + length
	if kind == recMemset {
		if len(body) == 0 || len(body) > length {
			return false
		}
		if !t.skip {
			for i := 0; i < length; i += len(body) {
				copy(t.bytes[at+i:at+length], body)
			}
			t.wrote(at, length)
		}
		return true
	}
	s, n := varint(body)
	if n == 0 || n > 3 || n != len(body) {
		return false
	}
	from := at + int(s>>1) + 1
	if s&1 != 0 {
		from = at - int(s>>1) - 1
	}
	if from < offPrevious || from+length > size {
		return false
	}
	if !t.skip {
		copy(t.bytes[at:at+length], t.bytes[from:from+length])
		t.wrote(at, length)
	}
	return true
}
