package wesql

import "slices"

// A difference is an index at which two logs hold different entries.
type difference struct{ Index, TermA, TermB uint64 }

// maxDifferences is how many are kept of a pair.
const maxDifferences = 1024

// A relation is what a comparison of two logs says.
type relation struct {
	Equal       uint64       // entries that are equal on both
	Different   uint64       // entries that are not
	Differences []difference // the first of these
	LastEqual   uint64       // highest index that is equal
	First, Last uint64       // the indexes that both hold, 0 if none
}

// common reports whether the logs hold an entry of the same index.
func (r *relation) common() bool { return r.Last != 0 }

// compareRuns holds two logs against each other, index by index.
func compareRuns(a, b []run) relation {
	var out relation
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x, y := &a[i], &b[j]
		first, last := max(x.First, y.First), min(x.last(), y.last())
		if first <= last {
			if out.Last == 0 {
				out.First = first
			}
			out.Last = max(out.Last, last)
			for n := first; n <= last; n++ {
				if x.Term == y.Term && x.Digests[n-x.First] == y.Digests[n-y.First] {
					out.Equal++
					out.LastEqual = max(out.LastEqual, n)
					continue
				}
				out.Different++
				if len(out.Differences) < maxDifferences {
					out.Differences = append(out.Differences, difference{n, x.Term, y.Term})
				}
			}
		}
		if x.last() <= y.last() {
			i++
		} else {
			j++
		}
	}
	return out
}

// A fork is where two logs part for good.
type fork struct {
	Index        uint64
	TermA, TermB uint64 // of the first entries that differ
	SameTerm     uint64 // a term in which both sides wrote different entries, 0 if none
}

// forkOf says where the logs of two nodes part. Differences with equal entries
// behind them, and those explained by damage or by the server's own fault with
// large events, are no forks.
func forkOf(a, b *model, r *relation) *fork {
	var f *fork
	for _, d := range r.Differences {
		if d.TermA == d.TermB && (d.Index < r.LastEqual || a.explained(d.Index) || b.explained(d.Index)) {
			continue
		}
		f = &fork{Index: d.Index, TermA: d.TermA, TermB: d.TermB}
		break
	}
	if f == nil {
		return nil
	}
	if f.TermA == f.TermB {
		f.SameTerm = f.TermA
		return f
	}
	terms := a.termsFrom(f.Index)
	for _, t := range b.termsFrom(f.Index) {
		if slices.Contains(terms, t) {
			f.SameTerm = t
		}
	}
	return f
}

// explained reports whether an entry differs for a reason that is known.
func (m *model) explained(index uint64) bool {
	return m.large[index] || slices.ContainsFunc(m.bad, func(e badEntry) bool { return e.Index == index })
}

// termsFrom lists the terms of the entries from an index on.
func (m *model) termsFrom(index uint64) []uint64 {
	var out []uint64
	for i := range m.runs {
		if m.runs[i].last() >= index && !slices.Contains(out, m.runs[i].Term) {
			out = append(out, m.runs[i].Term)
		}
	}
	return out
}
