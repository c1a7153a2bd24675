package cowsql

import (
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A relation is what the entries of two logs at equal indexes say about a
// common history. a and b are the two logs in the order of the call.
type relation struct {
	From, To uint64 // indexes that both logs have, holes not counted out; From > To if none
	Equal    uint64 // indexes with equal entries
	Diffs    []span // indexes with different entries, in order
	Shift    int64  // all entries of b stand Shift lower than in a (with Equal = 0)
}

// A span is a run of indexes, both ends inclusive.
type span struct{ First, Last uint64 }

func (r relation) overlap() bool { return r.From <= r.To }

// compare looks at every index that both histories have, up to their ends
// without artificial entries.
func compare(a, b *history) relation {
	r := relation{From: max(a.First, b.First), To: min(a.End, b.End)}
	if len(a.Stretches) == 0 || len(b.Stretches) == 0 || r.From == 0 {
		r.From, r.To = 1, 0
		return r
	}
	walkBoth(a, b, r.From, r.To, func(index uint64, x, y digest) {
		if x.Term == y.Term && x.sameContent(y) {
			r.Equal++
			return
		}
		if n := len(r.Diffs); n > 0 && r.Diffs[n-1].Last+1 == index {
			r.Diffs[n-1].Last = index
		} else {
			r.Diffs = append(r.Diffs, span{index, index})
		}
	})
	if r.Equal == 0 && r.overlap() {
		r.Shift = findShift(a, b)
	}
	return r
}

// walkBoth calls f for every index from first to last that both logs have.
func walkBoth(a, b *history, first, last uint64, f func(index uint64, x, y digest)) {
	j := 0
	for _, s := range a.Stretches {
		if s.last() < first {
			continue
		}
		for ; j < len(b.Stretches) && b.Stretches[j].last() < max(s.First, first); j++ {
		}
		for k := j; k < len(b.Stretches) && b.Stretches[k].First <= min(s.last(), last); k++ {
			t := b.Stretches[k]
			for index := max(s.First, t.First, first); index <= min(s.last(), t.last(), last); index++ {
				f(index, s.at(index), t.at(index))
			}
		}
	}
}

// shiftProof is how many commands in a row must agree before two logs count
// as the same with other indexes.
const shiftProof = 3

// findShift looks for a constant difference between the indexes of equal
// commands: open segments do not know their first index, so a lost file in
// front of them moves all their entries.
func findShift(a, b *history) int64 {
	where := map[digest][]uint64{}
	for _, s := range a.Stretches {
		for i := s.First; i <= s.last(); i++ {
			if d := s.at(i); d.Type == cowsql.Command && len(where[d]) < 4 {
				where[d] = append(where[d], i)
			}
		}
	}
	tried := map[int64]bool{}
	for _, s := range b.Stretches {
		for i := s.First; i <= s.last(); i++ {
			for _, at := range where[s.at(i)] {
				shift := int64(at) - int64(i)
				if shift == 0 || tried[shift] || len(tried) > 64 {
					continue
				}
				tried[shift] = true
				if shiftHolds(a, s, i, shift) {
					return shift
				}
			}
		}
	}
	return 0
}

func shiftHolds(a *history, s stretch, i uint64, shift int64) bool {
	for n := uint64(0); n < shiftProof; n++ {
		if i+n > s.last() {
			return n > 0 && s.last()-s.First+1 < shiftProof
		}
		d, _, ok := a.at(uint64(int64(i+n) + shift))
		if e := s.at(i + n); !ok || d.Term != e.Term || !d.sameContent(e) {
			return false
		}
	}
	return true
}

// commandsIn counts the commands of a log in a range of indexes.
func (h *history) commandsIn(first, last uint64) uint64 {
	var n uint64
	for _, s := range h.Stretches {
		for i := max(first, s.First); i <= min(last, s.last()); i++ {
			if s.Run.TypeAt(s.From+int(i-s.First)) == cowsql.Command {
				n++
			}
		}
	}
	return n
}
