package galera

import (
	"io"
	"math"

	"github.com/lastwrite/lastwrite/parse"
)

// A Page is a gcache.page file: buffers that did not fit into the ring, back
// to back from the first byte on (galera gcache/src/gcache_page.cpp malloc).
// No provider reads one at a start, so that the write sets in it are lost for
// it; the file is left by a process that did not end cleanly.
type Page struct {
	File        string
	Size        int64
	Layout      Layout
	First, Last int64 // lowest and highest seqno in it, 0 if there is none; not all between them need be there
	Index       Index
	Buffers     int
	Used        int64 // bytes from the begin to the end of the last buffer

	Damage      []parse.Damage // at most maxDamage
	DamageTotal int
}

// ReadPage reads a gcache.page file of size bytes in one pass. Memory and
// visit are as in ReadCache.
func ReadPage(r io.ReaderAt, file string, size int64, visit func(*Buffer) error) (*Page, error) {
	c := &Cache{File: file, Size: size}
	s := newScanner(c, r, inPage, visit)
	p := &Page{File: file, Size: size}
	for _, l := range []Layout{Galera4, Galera3} {
		if h := l.parse(s.peek(0, int(l.header()))); p.Layout == LayoutUnknown && !h.clear && h.plausible(l, inPage) {
			p.Layout = l
		}
	}
	s.layout = p.Layout
	n := s.layout.header()
	for p.Used <= size-n && s.err == nil && s.stopped == nil {
		h := s.layout.parse(s.read(p.Used, int(n)))
		if h.clear {
			break
		}
		if !h.plausible(s.layout, inPage) || p.Used > math.MaxInt64-h.size {
			c.damageAt(parse.BadValue, p.Used, n, "buffer.header", "a header, or zeros behind the last buffer", headerText(h))
			break
		}
		s.take(p.Used, h)
		p.Used = min(p.Used+h.size, size)
	}
	c.Segments = []Segment{{0, p.Used, c.Buffers}}
	s.sort()
	s.dropDuplicates()
	s.index.finish()
	p.Index, p.Buffers, p.Damage, p.DamageTotal = s.index.Index, c.Buffers, c.Damage, c.DamageTotal
	if k := p.Index.Len(); k > 0 {
		p.First, p.Last = p.Index.At(0).Seqno, p.Index.At(k-1).Seqno
	}
	parse.SortDamage(p.Damage)
	if s.stopped != nil {
		return p, s.stopped
	}
	return p, s.err
}
