package innodb

// guessAfter is how many bytes of a file are looked at together when page 0
// does not tell the format.
const guessAfter = 1 << 20

// begin collects the beginning of the file until the format is known, and
// returns what is left of p then.
func (v *Verifier) begin(p []byte) []byte {
	for !v.settled && len(p) > 0 {
		goal := MaxPageSize
		if len(v.head) >= MaxPageSize {
			goal = guessAfter
		}
		n := min(goal-len(v.head), len(p))
		v.head = append(v.head, p[:n]...)
		p = p[n:]
		if len(v.head) == goal {
			v.settle(goal == guessAfter)
		}
	}
	return p
}

// settle chooses the format and takes the pages in the head. full tells that
// the head is as long as it gets. A file that begins with zero bytes is left
// unsettled.
func (v *Verifier) settle(full bool) {
	r := &v.result
	s, ok := ReadSpace(v.head)
	h, _ := ParseHeader(v.head)
	named := h.Type == TypeFSPHeader || h.Type == TypeAllocated // MySQL before 5.1 writes no type
	sure := false
	ok = ok && v.zeros == 0 && h.Number == 0 && named && len(v.head) >= s.Physical
	if ok {
		verdict := s.Check(v.head[:s.Physical], 0)
		sure = verdict.Good() && verdict.Kind != Zero
	}
	switch {
	case sure:
		r.Space = s
	case !full:
		return
	case isZero(v.head):
		v.zeros += int64(len(v.head))
		v.head = v.head[:0]
		return
	default:
		r.Space, r.First, r.Guessed = v.guess(s, ok)
		r.Unknown = r.Space.Physical == 0
		v.zeroStart = v.zeros > 0 || isZero(v.head[:min(len(v.head), r.Space.Physical)])
	}
	v.settled = true
	head := v.head
	v.head = nil
	if r.Unknown {
		return
	}
	v.skipZeros()
	v.pages(head)
}

// skipZeros counts the pages that were zero before the format was known.
func (v *Verifier) skipZeros() {
	size := int64(v.result.Space.Physical)
	v.result.Pages = uint64(v.zeros / size)
	v.offset = v.zeros / size * size
	if v.zeros >= size {
		v.result.Kinds[Zero] = v.result.Pages
	}
}

// formats are those that a page can have on a server with pages of that size.
func formats(logical int) []Space {
	out := []Space{
		{Logical: logical, Physical: logical, FullCRC32: true},
		{Logical: logical, Physical: logical, PageCompressed: true},
	}
	for size := min(logical, maxZipSize); size >= minZipSize; size /= 2 {
		out = append(out, Space{Logical: logical, Physical: size, Compressed: true})
	}
	return out
}

// guess returns the format in which most bytes of the head belong to good
// pages, and the number of the file's first page. declared is what page 0 says,
// though it is damaged; ok tells that this is a format at all. The result has
// no page size if no page is good in any format.
func (v *Verifier) guess(declared Space, ok bool) (best Space, first uint32, guessed bool) {
	var candidates []Space
	if ok {
		candidates = append(candidates, declared)
	}
	for _, size := range []int{16 << 10, 4 << 10, 8 << 10, 32 << 10, 64 << 10} {
		candidates = append(candidates, formats(size)...)
	}
	most := 0
	for i, s := range candidates {
		if i > 0 && s.Compressed && s.Logical != 16<<10 {
			continue // the page size of the server does not show in these
		}
		if id, number, good := v.count(s); good > most {
			most, best, first = good, s, number
			best.ID = id
		}
	}
	if most == 0 && ok {
		return declared, 0, true
	}
	return best, first, true
}

// NoID is the space id of a Result whose format was guessed from pages that do
// not show it.
const NoID = 1<<32 - 1

// count returns how many bytes of the head the checksums of good pages cover in
// a format, of those pages that agree on the number of the first page; that
// number, and the space id of the last of them.
func (v *Verifier) count(s Space) (id, first uint32, good int) {
	votes, ids := map[uint32]int{}, map[uint32]uint32{}
	before := uint32(v.zeros / int64(s.Physical))
	for i := 0; (i+1)*s.Physical <= len(v.head); i++ {
		page := v.head[i*s.Physical:][:s.Physical]
		h, _ := ParseHeader(page)
		s.ID = h.SpaceID
		verdict := s.Check(page, h.Number)
		at := before + uint32(i)
		if !verdict.Good() || verdict.Kind == Zero || verdict.Kind == NoSum || h.Number < at {
			continue
		}
		votes[h.Number-at] += s.covered(h)
		if !s.hidesID(h) {
			ids[h.Number-at] = h.SpaceID
		}
		if n := votes[h.Number-at]; n > good || n == good && h.Number-at < first {
			first, good = h.Number-at, n
		}
	}
	id, ok := ids[first]
	if !ok {
		id = NoID
	}
	return id, first, good
}

// covered is the number of bytes that the checksum of a page is of.
func (s Space) covered(h Header) int {
	if s.FullCRC32 && h.Type&compressedPage != 0 {
		return int(h.Type&^compressedPage) << 8
	}
	return s.Physical
}
