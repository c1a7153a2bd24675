package wesql

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
)

// A Comparison is how the logs of two nodes compare.
type Comparison struct {
	Foreign     string // why they belong to different clusters, "" if they do not
	First, Last uint64 // the indexes that both hold, 0 and 0 if there are none
	Equal       uint64 // of these, with the same term and content
	Different   uint64
	Differences []Difference // the first of these
	Fork        uint64       // first index from which on the logs part for good, 0 if they do not
	SameTerm    uint64       // a term in which both sides wrote behind the fork, 0 if there is none
	Loser       string       // whose entries behind the fork were never committed, "" if that is not proven
	OnlyA       []Lack
	OnlyB       []Lack
	AFollowsB   Follow
	BFollowsA   Follow
	Election    int // positive if an election prefers A, negative for B, 0 for neither
}

// A Difference is an index at which two logs hold other entries.
type Difference struct {
	Index uint64
	Cause Cause
}

// A Cause says why two entries of one index differ.
type Cause string

// The causes.
const (
	Forked     Cause = "fork"        // the logs part there, or in front of it
	Damaged    Cause = "damage"      // a checksum of one of them is wrong
	LargeEvent Cause = "large-event" // followers of some versions change large events
	Unknown    Cause = "unknown"     // equal entries follow, and nothing tells why
)

// A Lack is a run of entries that one log holds and the other does not.
type Lack struct {
	Span
	Why Reason
}

// A Reason says why a log does not hold an entry.
type Reason string

// The reasons.
const (
	Replaced Reason = "forked"  // behind a fork: there are others in their place, or none
	Ahead    Reason = "behind"  // its log ends in front of them
	Purged   Reason = "purged"  // its log begins behind them
	Missing  Reason = "missing" // there is a hole, or damage
)

// A Follow is a forecast of one node following another as its leader, with the
// directories as they are.
type Follow struct {
	How      string // nothing, appends, deletes (and appends), cannot, unknown, none (there is no such thing)
	Why      string // of cannot, unknown and none
	Deletes  *Span
	Receives *Span
}

// Compare compares two judged nodes of this family.
func Compare(a, b View) Comparison {
	x, y := a.m, b.m
	r := x.group.relate(x, y)
	c := Comparison{First: r.First, Last: r.Last, Equal: r.Equal, Different: r.Different, Election: order(x, y)}
	if x == y {
		r = compareRuns(x.runs, x.runs)
		c.First, c.Last, c.Equal = r.First, r.Last, r.Equal
	} else if x.group != y.group {
		c.Foreign = foreign(x, y, &r)
		return c
	}
	f := forkOf(x, y, &r)
	if f != nil {
		c.Fork, c.SameTerm, c.Loser = f.Index, f.SameTerm, loser(x, y, f)
	}
	for _, d := range r.Differences {
		c.Differences = append(c.Differences, Difference{d.Index, cause(x, y, f, d.Index)})
	}
	c.OnlyA, c.OnlyB = lacks(x, y, c.Fork), lacks(y, x, c.Fork)
	c.AFollowsB, c.BFollowsA = follow(x, y, f, &r), follow(y, x, f, &r)
	return c
}

// foreign says why two nodes were put into different clusters.
func foreign(a, b *model, r *relation) string {
	p, q := a.rows(), b.rows()
	switch {
	case p != nil && q != nil && p.ClusterID != q.ClusterID:
		return fmt.Sprintf("their cluster ids are %q and %q", p.ClusterID, q.ClusterID)
	case r.common():
		return fmt.Sprintf("at none of the indexes %d to %d do they hold the same entry", r.First, r.Last)
	}
	return "their logs share no entry, and neither names a member that the other names"
}

// loser is the side of a fork that lost to a later term. Who was forced to lead
// needed no majority, so that nothing follows from its term.
func loser(a, b *model, f *fork) string {
	switch {
	case f.SameTerm != 0 || a.forced() || b.forced():
		return ""
	case order(a, b) > 0:
		return b.Name
	}
	return a.Name
}

func cause(a, b *model, f *fork, index uint64) Cause {
	bad := func(m *model) bool {
		return slices.ContainsFunc(m.bad, func(e badEntry) bool { return e.Index == index })
	}
	switch {
	case bad(a) || bad(b):
		return Damaged
	case f != nil && index >= f.Index:
		return Forked
	case a.large[index] || b.large[index]:
		return LargeEvent
	}
	return Unknown
}

// spans are the runs of a log as runs of indexes.
func (m *model) spans() []Span {
	var all []Span
	for i := range m.runs {
		all = append(all, Span{m.runs[i].First, m.runs[i].last()})
	}
	return merge(all)
}

// merge sorts spans and joins those that touch.
func merge(all []Span) []Span {
	var out []Span
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Span) int { return cmp.Compare(a.First, b.First) })
	for _, s := range all {
		if n := len(out) - 1; n >= 0 && s.First <= out[n].Last+1 {
			out[n].Last = max(out[n].Last, s.Last)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// lacks lists what a holds and b does not. From a fork on that is all.
func lacks(a, b *model, fork uint64) []Lack {
	var out []Lack
	theirs := b.spans()
	for _, s := range a.spans() {
		if fork > 0 && s.Last >= fork {
			out = append(out, Lack{Span{max(s.First, fork), s.Last}, Replaced})
			if s.Last = fork - 1; s.First > s.Last {
				continue
			}
		}
		for _, t := range theirs {
			if t.Last < s.First || s.First > s.Last {
				continue
			}
			if t.First > s.First {
				out = b.why(out, Span{s.First, min(s.Last, t.First-1)}, theirs)
			}
			s.First = t.Last + 1
		}
		if s.First <= s.Last {
			out = b.why(out, s, theirs)
		}
	}
	slices.SortStableFunc(out, func(x, y Lack) int { return cmp.Compare(x.First, y.First) })
	return out
}

// why adds a run that the log lacks, with the reason.
func (m *model) why(out []Lack, s Span, own []Span) []Lack {
	reason := Missing
	switch {
	case len(own) == 0 || s.First > own[len(own)-1].Last:
		reason = Ahead
	case s.Last < own[0].First && !m.headless():
		reason = Purged
	}
	return append(out, Lack{s, reason})
}

// headless reports whether the files with which the log began are missing,
// which is not the same as purged.
func (m *model) headless() bool {
	if m.Layout == layoutStore {
		return len(m.Store.Missing) > 0 && (m.Store.First == 0 || m.Store.Missing[0].Last < m.Store.First)
	}
	i := slices.IndexFunc(m.Chain, func(l *link) bool { return l.Listed })
	return i >= 0 && m.Chain[i].Missing
}

// follow forecasts m following leader.
func follow(m, leader *model, f *fork, r *relation) Follow {
	none := func(why string) Follow { return Follow{How: "none", Why: why} }
	p, q := m.position(), leader.position()
	switch {
	case m == leader:
		return none("they are one directory")
	case m.Layout == layoutStore || leader.Layout == layoutStore:
		return none("an object store neither leads nor follows")
	case leader.Node.Role == roleLearner:
		return none(leader.Name + " is a learner, and cannot lead")
	case q.Bound == analyze.None:
		return none(leader.Name + " holds no entries")
	case f != nil && f.SameTerm != 0:
		return Follow{How: "unknown", Why: fmt.Sprintf("both wrote in term %d, and servers tell entries apart by their terms alone", f.SameTerm)}
	}
	out := Follow{How: "appends"}
	next := p.Index + 1
	if p.Bound == analyze.None {
		next = 1
	}
	if f != nil {
		next = f.Index
	}
	if from := min(next, q.Index+1); p.Bound != analyze.None && from <= p.Index {
		out.How, out.Deletes = "deletes", &Span{from, p.Index}
	}
	switch {
	case next > q.Index && out.Deletes == nil && r.common():
		out.How = "nothing"
	case next > q.Index && r.common():
	case leader.log.First > next:
		return Follow{How: "cannot", Why: fmt.Sprintf("%s needs entry %d next, and the log of %s begins with %d", m.Name, next, leader.Name, leader.log.First)}
	case !r.common() && p.Bound != analyze.None:
		return Follow{How: "unknown", Why: "the logs share no index"}
	default:
		out.Receives = &Span{next, q.Index}
		if i := slices.IndexFunc(leader.log.Holes, func(h hole) bool { return !h.Bridged && h.Last >= next && h.First <= q.Index && h.First > 0 }); i >= 0 {
			h := leader.log.Holes[i]
			return Follow{How: "cannot", Why: fmt.Sprintf("the log of %s lacks entries %d to %d", leader.Name, h.First, h.Last)}
		}
	}
	return out
}
