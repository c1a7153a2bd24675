// Package logdiff compares the logs of two cowsql or dqlite nodes entry by
// entry: which indexes both hold, where the entries differ, what only one side
// has. It looks at checksums and at the heads of commands, never at pages.
package logdiff

import (
	"context"
	"errors"
	"iter"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// A Span is a run of indexes, both ends inclusive.
type Span struct{ First, Last uint64 }

// Len returns the number of indexes.
func (s Span) Len() uint64 { return s.Last - s.First + 1 }

// A Reason says why only one side has entries.
type Reason string

// The reasons.
const (
	Compacted Reason = "compacted" // in front of the other side's log, where a snapshot replaced entries
	Missing   Reason = "missing"   // the other side's log has a gap there
	Behind    Reason = "behind"    // the other side's log ends before
)

// An Only is a run of entries that one side has and the other has not.
type Only struct {
	Span
	Why Reason
}

// A Pair is an index at which both sides have entries that differ.
type Pair struct{ A, B cowsql.EntryView }

// A Result is how two logs compare.
type Result struct {
	Common    Span   // indexes that both logs reach; zero if there are none
	Equal     uint64 // common indexes with equal entries
	Different uint64 // common indexes with different entries
	Runs      []Span // of different entries, in order
	Pairs     []Pair // the first of them, as many as asked for
	OnlyA     []Only
	OnlyB     []Only
}

// Forked reports whether the two logs part for good: different entries up to
// the last common index, with equal ones before. at is the last index of the
// common part.
func (r *Result) Forked() (at uint64, forked bool) {
	if n := len(r.Runs); n > 0 && r.Equal > 0 && r.Runs[n-1].Last == r.Common.Last {
		return r.Runs[n-1].First - 1, true
	}
	return 0, false
}

// Same reports whether entries are the same entry: as in the servers' own
// check term and index decide, and, beyond that, the content. The content of a
// barrier means nothing.
func Same(a, b cowsql.EntryView) bool {
	return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type &&
		(a.Type == format.Barrier || a.Size == b.Size && a.CRC == b.CRC)
}

// Compare compares the logs of a and b and keeps the first limit pairs of
// different entries, all if limit is 0.
func Compare(ctx context.Context, a, b cowsql.View, limit int) (*Result, error) {
	r := &Result{}
	firstA, lastA := a.Range()
	firstB, lastB := b.Range()
	if c := (Span{max(firstA, firstB), min(lastA, lastB)}); c.First > 0 && c.First <= c.Last {
		r.Common = c
	}
	firstA, lastA = extent(a)
	firstB, lastB = extent(b)
	nextA, stopA := iter.Pull(walk(a))
	defer stopA()
	nextB, stopB := iter.Pull(walk(b))
	defer stopB()
	x, okA := nextA()
	y, okB := nextB()
	for n := 0; okA || okB; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		switch {
		case okA && (!okB || x.Index < y.Index):
			r.OnlyA = only(r.OnlyA, x.Index, firstB, lastB)
			x, okA = nextA()
		case okB && (!okA || y.Index < x.Index):
			r.OnlyB = only(r.OnlyB, y.Index, firstA, lastA)
			y, okB = nextB()
		default:
			if Same(x, y) {
				r.Equal++
			} else {
				r.differ(Pair{x, y}, limit)
			}
			x, okA = nextA()
			y, okB = nextB()
		}
	}
	return r, nil
}

func (r *Result) differ(p Pair, limit int) {
	r.Different++
	if n := len(r.Runs); n > 0 && r.Runs[n-1].Last+1 == p.A.Index {
		r.Runs[n-1].Last = p.A.Index
	} else {
		r.Runs = append(r.Runs, Span{p.A.Index, p.A.Index})
	}
	if limit == 0 || len(r.Pairs) < limit {
		r.Pairs = append(r.Pairs, p)
	}
}

// extent returns the first index of a log, and the last one that the node
// speaks of: a snapshot stands for all entries up to its own.
func extent(v cowsql.View) (first, last uint64) {
	first, last = v.Range()
	last = max(last, rebuild.End(v))
	if first == 0 {
		first = last + 1
	}
	return first, last
}

// only adds an index that the other side, whose log goes from first to last,
// does not have.
func only(list []Only, index, first, last uint64) []Only {
	why := Missing
	switch {
	case index > last:
		why = Behind
	case index < first:
		why = Compacted
	}
	if n := len(list); n > 0 && list[n-1].Why == why && list[n-1].Last+1 == index {
		list[n-1].Last = index
		return list
	}
	return append(list, Only{Span{index, index}, why})
}

var errStop = errors.New("enough")

// walk turns a view's log into a sequence.
func walk(v cowsql.View) iter.Seq[cowsql.EntryView] {
	return func(yield func(cowsql.EntryView) bool) {
		_ = v.Walk(0, ^uint64(0), func(e cowsql.EntryView) error {
			if !yield(e) {
				return errStop
			}
			return nil
		})
	}
}
