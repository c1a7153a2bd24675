package binlog

import (
	"cmp"
	"slices"
)

// maxRanges is how many separate ranges a Numbers holds.
const maxRanges = 1 << 14

// A Range is a range of numbers, both ends included.
type Range struct{ First, Last uint64 }

// Numbers is a set of numbers that come mostly in a row, such as the seqnos of
// a log. Its memory is bounded: when it would need more ranges than any real
// log has, the lowest are given up.
type Numbers struct {
	ranges  []Range  // sorted, apart from each other
	pending []uint64 // came out of order
	lost    uint64   // numbers up to this one may be missing
	given   bool     // lost counts
}

// maxPending is how many numbers wait to be sorted in together.
const maxPending = 4096

// Add adds a number.
func (s *Numbers) Add(n uint64) {
	last := len(s.ranges) - 1
	switch {
	case last >= 0 && n > s.ranges[last].Last && n-1 == s.ranges[last].Last: // nearly always
		s.ranges[last].Last = n
	case last < 0 || n > s.ranges[last].Last:
		s.ranges = append(s.ranges, Range{n, n})
		s.shrink()
	case n >= s.ranges[last].First || s.given && n <= s.lost:
	default:
		if s.pending = append(s.pending, n); len(s.pending) == maxPending {
			s.settle()
		}
	}
}

// shrink gives up the lower half of too many ranges.
func (s *Numbers) shrink() {
	if len(s.ranges) <= maxRanges {
		return
	}
	half := len(s.ranges) / 2 // not one by one: that would take for ever
	s.lost, s.given = max(s.lost, s.ranges[half-1].Last), true
	s.ranges = slices.Clone(s.ranges[half:])
}

// settle sorts in what came out of order.
func (s *Numbers) settle() {
	if len(s.pending) == 0 {
		return
	}
	slices.Sort(s.pending)
	all := make([]Range, 0, len(s.ranges)+len(s.pending))
	for _, n := range s.pending {
		all = append(all, Range{n, n})
	}
	s.pending = nil
	s.merge(append(all, s.ranges...))
}

// merge makes the set of these ranges.
func (s *Numbers) merge(all []Range) {
	slices.SortFunc(all, func(a, b Range) int { return cmp.Compare(a.First, b.First) })
	out := all[:0]
	for _, r := range all {
		if last := len(out) - 1; last >= 0 && (r.First <= out[last].Last || r.First == out[last].Last+1) {
			out[last].Last = max(out[last].Last, r.Last)
		} else {
			out = append(out, r)
		}
	}
	s.ranges = out
	s.shrink()
}

// AddAll adds the numbers of another set.
func (s *Numbers) AddAll(other *Numbers) {
	s.settle()
	other.settle()
	s.merge(slices.Concat(s.ranges, other.ranges))
	if other.given {
		s.lost, s.given = max(s.lost, other.lost), true
	}
}

// Contains reports whether a number is in the set, and whether that is sure.
func (s *Numbers) Contains(n uint64) (in, sure bool) {
	s.settle()
	i, _ := slices.BinarySearchFunc(s.ranges, n, func(r Range, n uint64) int { return cmp.Compare(r.Last, n) })
	in = i < len(s.ranges) && s.ranges[i].First <= n
	return in, in || !s.given || n > s.lost
}

// Ranges returns the set in order.
func (s *Numbers) Ranges() []Range {
	s.settle()
	return slices.Clone(s.ranges)
}

// Empty reports whether nothing was ever added.
func (s *Numbers) Empty() bool { return len(s.ranges) == 0 && !s.given }

// Bounds returns the lowest and the highest number that are kept.
func (s *Numbers) Bounds() (first, last uint64, ok bool) {
	s.settle()
	if len(s.ranges) == 0 {
		return 0, 0, false
	}
	return s.ranges[0].First, s.ranges[len(s.ranges)-1].Last, true
}

// Count returns how many numbers are kept.
func (s *Numbers) Count() (n uint64) {
	s.settle()
	for _, r := range s.ranges {
		n += r.Last - r.First + 1
	}
	return n
}
