package galera

import (
	"cmp"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// A View is a judged node for commands that look at write sets: diff.
type View struct{ m *model }

// ViewOf returns the view of a data node of this family; ok is false for
// arbitrators and for nodes of other families.
func ViewOf(n *analyze.Node) (View, bool) {
	m, ok := n.Model.(*model)
	return View{m}, ok && !m.Arbitrator
}

// UUID returns the state UUID of the history that the data belongs to, zero if
// there is none.
func (v View) UUID() galera.UUID { return v.m.UUID }

// Bounds returns the seqnos between which the data ends; known and bounded say
// whether lower and upper are proven.
func (v View) Bounds() (lower, upper uint64, known, bounded bool) {
	s := v.m.Span
	return s.Lower, s.Upper, s.Known, s.Bounded
}

// Saved returns the last primary view that the node saved in gvwstate.dat, nil
// if there is none.
func (v View) Saved() *galera.ViewFile { return v.m.View }

// Held returns the lowest and the highest seqno in the write-set cache,
// whether the provider can use them or not, 0 and 0 if there is none of the
// node's history; usable is the lowest that the node can send after a start, 0
// if none.
func (v View) Held() (first, last, usable uint64) {
	c := v.m.Cache
	if c == nil || c.UUID != v.m.UUID || c.Index.Len() == 0 {
		return 0, 0, 0
	}
	first, last = uint64(max(0, c.Index.At(0).Seqno)), c.received()
	if at := v.m.serves(v.m.Span.Lower); at <= v.m.Span.Lower {
		usable = at
	}
	return first, last, usable
}

// WriteSet returns what the cache holds of a seqno.
func (v View) WriteSet(seqno uint64) (galera.Entry, bool) { return v.m.Cache.at(seqno) }

// Source returns the process that made a write set of the cache.
func (v View) Source(e galera.Entry) (galera.UUID, bool) { return v.m.Cache.Index.Source(e) }

// NameOf returns the name of a process as this node saw it, "" if it did not.
func (v View) NameOf(u galera.UUID) string {
	if own, name := v.m.self(); !own.IsZero() && own.SameProcess(u) && name != "" {
		return name
	}
	return v.m.named(u)
}

// Contents itemises a run of seqnos as the write-set cache has it.
type Contents struct {
	Transactions uint64 // write sets with data
	Schema       uint64 // schema changes
	Views        uint64 // changes of the configuration
	Skipped      uint64 // write sets that nobody applies
	Unknown      uint64 // seqnos that the cache does not hold
	Bytes        uint64 // in the cache
	Sources      []SourceCount
}

// A SourceCount is how many write sets of a run one process made.
type SourceCount struct {
	UUID      galera.UUID
	WriteSets uint64
}

// Contents itemises the seqnos from first to last, both included. Sources are
// sorted by their number of write sets, the most first.
func (v View) Contents(first, last uint64) Contents {
	t := v.m.Cache.tally(first, last)
	out := Contents{Transactions: t.Transactions, Schema: t.Schema, Views: t.Views, Skipped: t.Skipped, Unknown: t.Unknown, Bytes: t.Bytes}
	if v.m.Cache == nil || first > last || last > maxSeqno {
		return out
	}
	counts := map[galera.UUID]uint64{}
	for e := range v.m.Cache.Index.Range(int64(first), int64(last)) {
		if u, ok := v.Source(e); ok {
			counts[u]++
		}
	}
	for u, n := range counts {
		out.Sources = append(out.Sources, SourceCount{u, n})
	}
	slices.SortFunc(out.Sources, func(a, b SourceCount) int {
		return cmp.Or(-cmp.Compare(a.WriteSets, b.WriteSets), cmp.Compare(a.UUID.String(), b.UUID.String()))
	})
	return out
}

// A Comparison is how the write-set caches of two nodes of one history
// compare.
type Comparison struct {
	First, Last uint64 // seqnos that both caches reach, 0 and 0 if there are none
	Equal       uint64 // of these, with the same content
	Different   uint64 // with other content
	Unknown     uint64 // that one of them does not hold sound, or that nobody applies
	Difference  uint64 // first seqno with other content, 0 if there is none
	Forked      bool   // both committed data from there on
	MayFork     bool   // both may have
}

// CompareCaches compares two nodes seqno by seqno. The content is compared by
// digest; what is the same on all nodes enters it.
func CompareCaches(a, b View) Comparison {
	r := compare(a.m, b.m)
	if !r.Overlap {
		return Comparison{}
	}
	out := Comparison{First: r.From, Last: r.To, Difference: r.Diverge, Forked: r.fork(), MayFork: r.mayFork()}
	out.Equal, out.Different = a.m.Cache.Index.Compare(b.m.Cache.Index, int64(r.From), int64(r.To))
	out.Unknown = r.To - r.From + 1 - out.Equal - out.Different
	return out
}

// A Join is a forecast of one node joining another with the directories as
// they are and its recovered position passed on.
type Join struct {
	How    string // ist (an incremental transfer), sst (a copy of everything), or none: the other one cannot be a donor
	Why    string // of what is no IST
	Events uint64 // seqnos that an IST sends
	Bytes  uint64 // of them, as they stand in the donor's cache
	Ahead  uint64 // seqnos that the joiner has and the donor has not
}

// JoinsAsIs forecasts the node joining donor. The provider compares numbers
// only: after a split brain it joins by IST and keeps its different rows.
func (v View) JoinsAsIs(donor View) Join {
	if !donor.m.Condition.usable() || !donor.m.Span.Known {
		return Join{How: "none", Why: "it is no complete database with a position"}
	}
	j := v.m.joinAsIs(donor.m)
	return Join{How: j.How, Why: j.Why, Events: j.Events, Bytes: j.Bytes, Ahead: j.Ahead}
}
