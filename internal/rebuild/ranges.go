package rebuild

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// A Range is a run of log indexes, both ends inclusive, at each of which the
// databases can be rebuilt.
type Range struct {
	First, Last uint64
	Snapshot    string // data file that the oldest state rests on, "" for the beginning of the log
}

// String renders r for people.
func (r Range) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d to %d", r.First, r.Last)
}

// Ranges returns the indexes at which the databases of a node can be rebuilt,
// in order, and why there are no others.
func Ranges(v cowsql.View) (list []Range, why []string) {
	l := survey(v)
	if l.doubt != "" {
		why = append(why, l.doubt)
	}
	if l.whole {
		list = append(list, Range{First: 1, Last: l.runs[0].last})
	}
	for _, s := range l.snapshots {
		if !s.Sound {
			why = append(why, unsound(s))
			continue
		}
		r := Range{s.Index, l.reach(s.Index), s.File}
		if n := len(list); n > 0 && r.First <= list[n-1].Last+1 {
			list[n-1].Last = max(list[n-1].Last, r.Last)
			continue
		}
		list = append(list, r)
	}
	for i, r := range l.runs {
		behind := uint64(0) // last index in front of the run that can be had or read
		if i > 0 {
			behind = l.runs[i-1].last
		}
		reached := false
		for _, x := range list {
			reached = reached || x.First <= r.last && r.last <= x.Last
			if x.Last < r.first {
				behind = max(behind, x.Last)
			}
		}
		switch {
		case reached:
		case behind > 0:
			why = append(why, missing(behind+1, r.first-1))
		default:
			why = append(why, l.begins())
		}
	}
	if len(l.runs) == 0 && len(l.snapshots) == 0 && l.doubt == "" {
		why = append(why, "there is neither a log entry nor a snapshot")
	}
	return list, why
}

// End returns the highest index that a node's files speak of, whether the
// databases can be rebuilt there or not; 0 if there is none.
func End(v cowsql.View) uint64 {
	_, end := v.Range()
	for _, s := range v.Snapshots() {
		end = max(end, s.Index)
	}
	return end
}

// A run is a sequence of readable entries without a gap.
type run struct{ first, last uint64 }

// A ground is what a log and its snapshots offer.
type ground struct {
	runs      []run
	snapshots []cowsql.SnapshotView // by index
	whole     bool                  // the log begins at index 1
	noStart   bool                  // index 1 is there and is not the first entry of a log
	doubt     string                // why the entries from doubtful on may belong elsewhere
	doubtful  uint64
}

// survey looks at everything once. Entries whose indexes are not proven end
// the log.
func survey(v cowsql.View) ground {
	l := ground{snapshots: v.Snapshots()}
	slices.SortStableFunc(l.snapshots, func(a, b cowsql.SnapshotView) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Term, b.Term))
	})
	l.doubt, l.doubtful = v.Unproven()
	_ = v.Walk(0, ^uint64(0), func(e cowsql.EntryView) error {
		if n := len(l.runs); n > 0 && l.runs[n-1].last+1 == e.Index {
			l.runs[n-1].last = e.Index
		} else {
			l.runs = append(l.runs, run{e.Index, e.Index})
		}
		if e.Index == 1 {
			l.noStart = e.Type != format.Change
			l.whole = !l.noStart
		}
		return nil
	})
	if l.doubt != "" && l.doubtful > 0 {
		l.cut(l.doubtful)
	}
	return l
}

// cut drops the entries from index on.
func (l *ground) cut(index uint64) {
	for i, r := range l.runs {
		if r.last < index {
			continue
		}
		if r.first < index {
			l.runs[i].last = index - 1
			i++
		}
		l.runs = l.runs[:i]
		break
	}
	if len(l.runs) == 0 {
		l.whole = false
	}
}

// reach returns the last index up to which the log continues the state at
// index without a gap.
func (l *ground) reach(index uint64) uint64 {
	for _, r := range l.runs {
		if r.first <= index+1 && index+1 <= r.last {
			return r.last
		}
	}
	return index
}

// lacks returns the runs of entries between first and last that are missing.
func (l *ground) lacks(first, last uint64) []run {
	var out []run
	for _, r := range l.runs {
		if first > last || r.first > last {
			break
		}
		if r.last < first {
			continue
		}
		if r.first > first {
			out = append(out, run{first, r.first - 1})
		}
		first = r.last + 1
	}
	if first <= last {
		out = append(out, run{first, last})
	}
	return out
}

func (l *ground) begins() string {
	if l.noStart {
		return "entry 1 is not the configuration that every log begins with"
	}
	return fmt.Sprintf("the log begins with entry %d and no sound snapshot reaches it", l.runs[0].first)
}

func missing(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("entry %d is missing or unreadable", first)
	}
	return fmt.Sprintf("entries %d to %d are missing or unreadable", first, last)
}

func unsound(s cowsql.SnapshotView) string {
	return fmt.Sprintf("%s is damaged (%s)", path.Base(s.File), s.Why)
}

// A plan is how to get to an index.
type plan struct {
	base   *cowsql.SnapshotView // nil: the empty state in front of index 1
	from   uint64               // first entry to apply
	unsafe []string
}

// newPlan chooses the snapshot to begin with: the newest sound one, or, to
// save what can be saved, the one behind which the fewest entries are missing.
func newPlan(n Node, index uint64, salvage bool) (plan, error) {
	l := survey(n.View)
	p := plan{from: 1}
	if salvage {
		return p.salvage(l, index), nil
	}
	for i := len(l.snapshots) - 1; i >= 0; i-- {
		if s := &l.snapshots[i]; s.Sound && s.Index <= index {
			p.base, p.from = s, s.Index+1
			break
		}
	}
	if index > 0 && (p.base != nil || l.whole) && len(l.lacks(p.from, index)) == 0 {
		return p, nil
	}
	e := &MissingError{Index: index}
	e.Ranges, e.Why = Ranges(n.View)
	if end := End(n.View); index > end && end > 0 {
		e.Why = []string{fmt.Sprintf("the last index is %d", end)}
	}
	return p, e
}

func (p plan) salvage(l ground, index uint64) plan {
	cost := func(from uint64) (n uint64) {
		for _, r := range l.lacks(from, index) {
			n += r.last - r.first + 1
		}
		return n
	}
	best := cost(1)
	for i := len(l.snapshots) - 1; i >= 0; i-- {
		s := &l.snapshots[i]
		if s.Index > index || s.Data == nil {
			continue
		}
		c := cost(s.Index + 1)
		if c < best || c == best && (p.base == nil && !l.whole || p.base != nil && !p.base.Sound && s.Sound) {
			best, p.base, p.from = c, s, s.Index+1
		}
	}
	if p.base != nil && !p.base.Sound {
		p.unsafe = append(p.unsafe, unsound(*p.base))
	}
	if l.doubt != "" && l.doubtful <= index {
		p.unsafe = append(p.unsafe, l.doubt)
	} else if p.base == nil && l.noStart {
		p.unsafe = append(p.unsafe, l.begins())
	}
	for _, r := range l.lacks(p.from, index) {
		if l.doubt != "" && r.first >= l.doubtful {
			break // they are there, and it is said why they are not trusted
		}
		p.unsafe = append(p.unsafe, missing(r.first, r.last))
	}
	return p
}
