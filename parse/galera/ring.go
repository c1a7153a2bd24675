package galera

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// A scanner walks the buffers of a cache as the provider does
// (gcache/src/gcache_rb_store.cpp scan).
type scanner struct {
	*window
	cache   *Cache
	layout  Layout
	store   int32
	end     int64 // size of the file, or the one that the provider extends it to
	table   *crc32.Table
	index   indexer
	buffer  Buffer
	ws      WriteSet
	head    [maxSetHeader]byte // of the record set being read
	sum     [16]byte           // computed of its records
	visit   func(*Buffer) error
	stopped error // by visit
}

func newScanner(c *Cache, r io.ReaderAt, store int32, visit func(*Buffer) error) *scanner {
	return &scanner{window: newWindow(r, c.Size), cache: c, store: store, end: c.Size, table: crc32.MakeTable(crc32.Castagnoli), visit: visit}
}

// maxJumps is how many headers a search looks up behind far jumps. Real files
// have hardly any that lead nowhere.
const maxJumps = 1 << 20

// scanRing walks the one or two segments of a ring.
func (s *scanner) scanRing() {
	s.layout = s.detect()
	s.cache.Layout = s.layout
	if s.layout == LayoutUnknown {
		return
	}
	size := s.layout.header()
	switch offset := s.offset(); {
	case offset < ringStart:
		stop := s.walk(ringStart, s.end-size, true)
		if next, ok := s.search(stop+size, s.layout); ok {
			s.walk(next, s.end-size, true)
		}
	case offset == ringStart || offset+size >= s.end-size:
		s.walk(ringStart, s.end-size, true)
	default:
		s.walk(offset, s.end-size, true)
		s.walk(ringStart, offset-size, false)
	}
}

// offset returns where the oldest buffer is said to be, -1 if that cannot be
// believed.
func (s *scanner) offset() int64 {
	p, size := s.cache.Preamble, s.layout.header()
	bad := func(want string) int64 {
		s.cache.damageAt(parse.BadValue, 0, preambleSize, "preamble.offset", want, fmt.Sprint(p.Offset))
		return -1
	}
	switch {
	case p.Offset == -1:
		return -1
	case p.Offset < -1, p.Version >= 2 && p.Offset%8 != 0:
		return bad("-1 or a multiple of 8")
	case p.Offset > s.end-size && !s.extend(p.Offset+2*size):
		return bad("an offset inside of the file")
	}
	return p.Offset
}

// maxCache is the size that no cache has. It keeps offsets in Entry.place.
const maxCache = 1 << 47

// wholeSize reports whether the file has a size that gcache.size asks for with
// a unit: then it was not cut.
func (s *scanner) wholeSize() bool { return (s.size-ringStart-s.layout.header())%1024 == 0 }

// extend makes room for a ring that goes to end, if the file can have been
// cut.
func (s *scanner) extend(end int64) bool {
	const unit = 1 << 20
	size := s.layout.header()
	if s.wholeSize() || end < ringStart || end > maxCache {
		return false
	}
	s.end = ringStart + size + (end-ringStart+unit-1)/unit*unit
	s.cache.Extended = s.end
	return true
}

// step is the distance at which buffers can begin.
func (s *scanner) step() int64 {
	if s.cache.Preamble.Version > 0 {
		return 8
	}
	return 1
}

// detect finds out the layout from the first buffer.
func (s *scanner) detect() Layout {
	for _, at := range []int64{s.cache.Preamble.Offset, ringStart} {
		for _, l := range []Layout{Galera4, Galera3} {
			if at < ringStart || at >= s.size {
				continue
			}
			if h := l.parse(s.peek(at, int(l.header()))); !h.clear && h.plausible(l, s.store) {
				return l
			}
		}
	}
	at4, ok4 := s.search(ringStart, Galera4)
	at3, ok3 := s.search(ringStart, Galera3)
	switch {
	case !ok3 && !ok4:
		return LayoutUnknown
	case !ok3:
		return Galera4
	case !ok4:
		return Galera3
	}
	if c := cmp.Compare(s.chain(at4, Galera4), s.chain(at3, Galera3)); c > 0 || c == 0 && at4 < at3 {
		return Galera4
	}
	return Galera3
}

// chain counts the buffers that follow each other from offset at on, up to
// what no accident makes.
func (s *scanner) chain(at int64, l Layout) (n int) {
	for ; n < 16; n++ {
		b := s.peek(at, int(l.header()))
		if !s.isBuffer(at, l, b) {
			break
		}
		at += l.parse(s.peek(at, int(l.header()))).size
	}
	return n
}

// search returns the first place from at on where a buffer stands, with a
// plausible header behind it, or cut by the end of the file.
func (s *scanner) search(at int64, l Layout) (int64, bool) {
	size, step, storeAt := int(l.header()), s.step(), 22
	if l == Galera3 {
		storeAt = 36
	}
	jumps := s.jump
	for at+int64(size) < s.end && at < s.size && s.err == nil {
		n := int(min(windowSize, min(s.end, s.size+maxHeader)-at))
		b := s.read(at, n)
		for i := 0; i+size <= n && at+int64(i+size) < s.end; i += int(step) {
			if int32(b[i+storeAt]) != s.store {
				continue
			}
			if s.isBuffer(at+int64(i), l, b[i:]) || s.isCut(at+int64(i), l, b[i:]) {
				return at + int64(i), true
			}
			if s.jump-jumps > maxJumps {
				s.cache.damageAt(parse.BadValue, at, s.size-at, "ring", "buffers", "bytes that look like headers and are none")
				return 0, false
			}
		}
		at += max(int64(n-size)/step, 1) * step
	}
	return 0, false
}

// holdsBuffers reports whether there are buffers from at on in a file that can
// have been cut: then what seems to go beyond its end was not cut, but has a
// wrong size.
func (s *scanner) holdsBuffers(at int64) bool {
	if s.wholeSize() {
		return false
	}
	_, ok := s.search(at, s.layout)
	return ok
}

// isBuffer reports whether a buffer with the header b stands at offset at
// (GCACHE_SCAN_BUFFER_TEST).
func (s *scanner) isBuffer(at int64, l Layout, b []byte) bool {
	h := l.parse(b)
	if h.clear || !h.plausible(l, s.store) || h.size > s.end-l.header()-at {
		return false
	}
	return l.parse(s.peek(at+h.size, int(l.header()))).plausible(l, s.store)
}

// isCut reports whether a buffer with the header b stands at offset at, of
// which the end was cut with the file. A header alone proves little; that of a
// write set does.
func (s *scanner) isCut(at int64, l Layout, b []byte) bool {
	h := l.parse(b)
	if l != s.layout || s.wholeSize() || h.seqno <= 0 || !h.plausible(l, s.store) || h.size <= s.size-l.header()-at {
		return false
	}
	ws, _, _, _ := parseWriteSet(s.peek(at+l.header(), writeSetHeader))
	return ws.Valid && (!ws.Certified() || ws.Seqno == h.seqno)
}

// walk takes the buffers from at up to end, where the last header of the
// segment stands at the latest, and returns where it stopped. whole tells that
// the segment goes to the end of the file.
func (s *scanner) walk(at, end int64, whole bool) int64 {
	seg := Segment{Start: at}
	size := int(s.layout.header())
	for s.err == nil && s.stopped == nil {
		h := s.layout.parse(s.read(at, size))
		if h.clear {
			break
		}
		if !h.plausible(s.layout, s.store) {
			s.cache.damageAt(parse.BadValue, at, int64(size), "buffer.header", "a header, or zeros behind the last buffer", headerText(h))
			break
		}
		if h.size > end-at {
			if !whole && at+h.size == end+int64(size) {
				break // discarded buffers before a single segment
			}
			if !whole || s.holdsBuffers(at+int64(size)) || !s.extend(at+h.size) {
				s.cache.damageAt(parse.BadValue, at, int64(size), "buffer.size", fmt.Sprintf("at most %d bytes", max(end-at, 0)), fmt.Sprint(h.size))
				break
			}
			end = s.end - int64(size)
		}
		if next := s.layout.parse(s.peek(at+h.size, size)); !next.plausible(s.layout, s.store) {
			s.cache.damageAt(parse.BadValue, at+h.size, int64(size), "buffer.header", "a header, or zeros behind the last buffer", headerText(next))
			break
		}
		s.take(at, h)
		seg.Buffers++
		at += h.size
	}
	seg.End = at
	s.cache.Segments = append(s.cache.Segments, seg)
	return at
}

func headerText(h header) string {
	return fmt.Sprintf("seqno %d, size %d, flags %#x, store %d", h.seqno, h.size, uint32(h.flags), h.store)
}

// take hands over a buffer, after it has read what it holds.
func (s *scanner) take(at int64, h header) {
	s.cache.Buffers++
	b := &s.buffer
	*b = Buffer{Offset: at, Seqno: h.seqno, Depends: h.depends, Size: h.size, Flags: h.flags, Type: h.typ}
	b.Skipped = h.flags&Skipped != 0 || s.layout == Galera3 && h.seqno > 0 && h.depends < 0
	if h.seqno > 0 {
		s.cache.Ordered++
		s.content(b)
		s.index.entries = append(s.index.entries, s.entry(b))
	}
	if s.visit != nil {
		s.stopped = s.visit(b)
	}
}

func (s *scanner) entry(b *Buffer) Entry {
	e := Entry{Seqno: b.Seqno, Digest: b.Digest, Size: uint32(min(b.Size, 1<<32-1)), source: noSource}
	e.place = uint64(b.Offset)<<placeShift | uint64(uint8(b.Type))
	if b.Skipped {
		e.place |= placeSkipped
	}
	if b.Damaged {
		e.place |= placeDamaged
	}
	if b.WriteSet != nil {
		e.Flags, e.source = b.WriteSet.Flags, s.index.source(b.WriteSet.Source)
	}
	return e
}
