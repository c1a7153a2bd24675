package galera

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// maxSpan is the distance of seqnos that the provider cannot keep: it has a
// pointer of 8 bytes for each between the lowest and the highest
// (galerautils/src/gu_deqmap.hpp insert).
const maxSpan = 1 << 32

// judge sorts the entries, drops those that the provider drops, and finds the
// range that it uses (gcache/src/gcache_rb_store.cpp recover).
func (s *scanner) judge() {
	c, x := s.cache, &s.index
	s.sort()
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	if n := len(x.entries); n > 0 {
		low, high = x.entries[0].Seqno, x.entries[n-1].Seqno
	}
	lowest := s.dropDuplicates() + 1
	x.finish()
	n := len(x.entries)
	switch {
	case c.Preamble.Unreadable:
		c.Outcome = Unreadable
		return
	case c.Preamble.GID.IsZero():
		c.Outcome = NoHistory
		return
	case n == 0, high-low >= maxSpan, lowest == high, x.entries[n-1].Seqno != high:
		c.Outcome = Reset
		return
	}
	c.Outcome, c.First, c.Last = Recovered, high, high
	for i := n - 2; i >= 0 && x.entries[i].Seqno == c.First-1 && c.First > lowest; i-- {
		c.First--
	}
}

// sort orders the entries by seqno, equal ones as they were met: the first
// segment before the second, which stands before it in the file.
func (s *scanner) sort() {
	met := func(e Entry) int64 {
		at := e.Offset()
		if first := s.cache.Segments[0]; at < first.Start || at >= first.End {
			at += maxCache
		}
		return at
	}
	slices.SortFunc(s.index.entries, func(a, b Entry) int {
		if c := cmp.Compare(a.Seqno, b.Seqno); c != 0 {
			return c
		}
		return cmp.Compare(met(a), met(b))
	})
}

// dropDuplicates keeps the first of equal buffers of one seqno, and none of
// different ones. It returns the highest seqno of the latter, -1 if there is
// none.
func (s *scanner) dropDuplicates() int64 {
	x, worst, kept := &s.index, int64(-1), 0
	for i := 0; i < len(x.entries); {
		first := x.entries[i]
		end, same := i+1, true
		for ; end < len(x.entries) && x.entries[end].Seqno == first.Seqno; end++ {
			same = same && s.same(first, x.entries[end])
		}
		if end > i+1 && len(s.cache.Duplicate) < maxDuplicates {
			s.cache.Duplicate = append(s.cache.Duplicate, first.Seqno)
		}
		if same {
			x.entries[kept] = first
			kept++
		} else {
			worst = first.Seqno
			s.cache.damageAt(parse.Mismatch, first.Offset(), int64(first.Size), fmt.Sprintf("buffer[%d]", first.Seqno),
				"one buffer of this seqno", fmt.Sprintf("another one at %d", x.entries[i+1].Offset()))
		}
		i = end
	}
	x.entries = x.entries[:kept]
	return worst
}

// same compares two buffers to the last bit, but for what the provider does
// not compare: seqno_d, the pointer, and whether they are released. A buffer
// that was cut is like no other.
func (s *scanner) same(a, b Entry) bool {
	l, n := s.layout, int(s.layout.header())
	x := l.parse(s.peek(a.Offset(), n))
	y := l.parse(s.peek(b.Offset(), n))
	if x.size != y.size || x.flags|Released != y.flags|Released || x.size > s.size-max(a.Offset(), b.Offset()) {
		return false
	}
	other := newWindow(s.r, s.size)
	at, left := a.Offset()+int64(n), x.size-int64(n)
	for shift := b.Offset() - a.Offset(); left > 0 && s.err == nil && other.err == nil; {
		k := int(min(left, windowSize, s.size))
		if !bytes.Equal(s.read(at, k), other.read(at+shift, k)) {
			return false
		}
		at, left = at+int64(k), left-int64(k)
	}
	return true
}
