package galera

// A relation is how the histories of two directories with one group UUID
// compare.
type relation struct {
	Overlap    bool   // there are seqnos that both caches hold and both nodes committed
	From, To   uint64 // those seqnos
	Diverge    uint64 // first seqno with different content, 0 if none
	Open       bool   // the caches differ from their first common seqno on, so the split may be older
	A, B       tally  // what each side committed from Diverge on
	AMay, BMay uint64 // write sets that each side may have committed beyond what is proven
}

// fork reports whether both sides committed data of their own.
func (r relation) fork() bool { return r.Diverge > 0 && r.A.data() > 0 && r.B.data() > 0 }

// mayFork reports whether both sides may have, though it is not proven of one.
func (r relation) mayFork() bool {
	return r.Diverge > 0 && !r.fork() && r.A.data()+r.AMay > 0 && r.B.data()+r.BMay > 0
}

// compare finds the first seqno that means different things on two nodes. The
// bytes of a write set are the same on all nodes of one history, but for a few
// header fields that its digest leaves out (galera/src/write_set_ng.hpp).
func compare(a, b *model) relation {
	var r relation
	if a.Cache == nil || b.Cache == nil || a.Cache.UUID != a.UUID || b.Cache.UUID != b.UUID || a.UUID != b.UUID {
		return r
	}
	x, y := a.Cache.Index, b.Cache.Index
	if x.Len() == 0 || y.Len() == 0 {
		return r
	}
	from := max(x.At(0).Seqno, y.At(0).Seqno)
	to := min(x.At(x.Len()-1).Seqno, y.At(y.Len()-1).Seqno)
	if from > to {
		return r
	}
	r.Overlap, r.From, r.To = true, uint64(from), uint64(to)
	if seqno, ok := x.FirstDifference(y); ok {
		r.Diverge, r.Open = uint64(seqno), seqno == from && from > 1
		r.A, r.AMay = a.committed(r.Diverge)
		r.B, r.BMay = b.committed(r.Diverge)
	}
	return r
}

// committed counts what the node committed from a seqno on; may is what it
// may have committed on top of that.
func (m *model) committed(from uint64) (t tally, may uint64) {
	if m.Span.Known && m.Span.Lower >= from {
		t = m.Cache.tally(from, m.Span.Lower)
	}
	switch {
	case m.Span.Exact():
	case m.Span.Bounded:
		may = m.Cache.tally(max(from, m.Span.Lower+1), m.Span.Upper).data()
	default:
		may = m.Cache.tally(from, max(from, m.Cache.received())).data()
	}
	return t, may
}
