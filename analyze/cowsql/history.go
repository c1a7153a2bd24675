package cowsql

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A digest is what of an entry is compared between nodes.
type digest struct {
	Term uint64
	Type cowsql.EntryType
	Size uint32
	CRC  uint32
}

// sameContent reports whether two entries carry the same payload. The padding
// of a configuration and the content of a barrier mean nothing.
func (d digest) sameContent(e digest) bool {
	if d.Type != e.Type {
		return false
	}
	return d.Type == cowsql.Barrier || d.Size == e.Size && d.CRC == e.CRC
}

// A stretch is a run of entries whose indexes are known.
type stretch struct {
	First    uint64
	File     string
	Run      *cowsql.Run
	From, To int // positions in Run: From inclusive, To exclusive
}

func (s stretch) last() uint64 { return s.First + uint64(s.To-s.From) - 1 }

func (s stretch) at(index uint64) digest {
	i := s.From + int(index-s.First)
	return digest{s.Run.TermAt(i), s.Run.TypeAt(i), s.Run.SizeAt(i), s.Run.CRCAt(i)}
}

// A hole is a range of indexes that should be in the log and is not readable.
type hole struct {
	First, Last uint64
	File        string // the damaged file, "" if a file is missing
	Damage      *parse.Damage
}

// An artificial entry was written by a recovery tool, not by a leader.
type artificial struct {
	Index, Term uint64
	File        string
	Why         string
	Last        bool // nothing follows it
	Sure        bool
	Config      cowsql.Configuration
}

// A history is the real content of a node's log, whatever the loader would
// make of it.
type history struct {
	Stretches  []stretch // by index, not overlapping
	Holes      []hole
	Unplaced   []stretch // valid batches whose index is not known; First is 0
	Overlaps   []overlap
	Artificial []artificial
	// Floating: the index of the open segments' entries is not proven.
	Floating string
	// First and last index of the log, with holes; 0 if it is empty.
	First, Last uint64
	LastTerm    uint64
	// End is the last index and term without artificial entries at the end,
	// or the newest snapshot's if that is newer.
	End, EndTerm uint64
	Bare         []string // closed segments without one valid entry
}

// An overlap is a pair of closed segments with common indexes.
type overlap struct {
	Kept, Left string
	Agree      bool   // the common indexes hold the same entries
	Tail       uint64 // entries only in the one that is left out
}

// at returns the entry at an index.
func (h *history) at(index uint64) (digest, stretch, bool) {
	i, found := slices.BinarySearchFunc(h.Stretches, index, func(s stretch, index uint64) int { return cmp.Compare(s.First, index) })
	if !found {
		i--
	}
	if i < 0 || h.Stretches[i].last() < index {
		return digest{}, stretch{}, false
	}
	return h.Stretches[i].at(index), h.Stretches[i], true
}

// holeAt returns the hole that an index lies in.
func (h *history) holeAt(index uint64) (hole, bool) {
	for _, x := range h.Holes {
		if x.First <= index && index <= x.Last {
			return x, true
		}
	}
	return hole{}, false
}

// contiguousFrom returns the last index that can be reached from first without
// a hole; first-1 if first itself is not there.
func (h *history) contiguousFrom(first uint64) uint64 {
	next := first
	for _, s := range h.Stretches {
		if s.First <= next && next <= s.last() {
			next = s.last() + 1
		}
	}
	return next - 1
}

// readHistory places every valid batch of the directory.
func readHistory(d *directory, newest *snapshot) *history {
	h := &history{}
	closed, open := d.closed, d.open
	h.placeClosed(closed)
	next := uint64(1)
	if n := len(h.Stretches); n > 0 {
		next = h.Stretches[n-1].last() + 1
	}
	for _, x := range h.Holes {
		next = max(next, x.Last+1)
	}
	if len(closed) == 0 && newest != nil {
		next = newest.Index + 1
	}
	h.Floating = unprovenIndexes(closed, open, newest)
	h.placeOpen(open, next)
	h.finish()
	return h
}

func (h *history) placeClosed(closed []*file) {
	expect := uint64(0)
	var keeper string
	for _, f := range closed {
		n := f.Name
		if n.Last < n.First || f.Segment == nil && n.First == 0 {
			h.Bare = append(h.Bare, n.File)
			continue
		}
		if n.First == 0 { // no entry has that index
			if f.Segment.Len() > 0 {
				h.Unplaced = append(h.Unplaced, stretch{0, n.File, &f.Segment.Run, 0, f.Segment.Len()})
			}
			continue
		}
		if expect != 0 && n.First < expect { // overlaps what was placed already
			h.overlapping(f, keeper)
			if n.Last < expect {
				continue
			}
		}
		if expect != 0 && n.First > expect {
			h.Holes = append(h.Holes, hole{First: expect, Last: n.First - 1})
		}
		from := max(expect, n.First)
		if expect == 0 {
			from = n.First
		}
		if from == n.First || !h.dropsTail(f, keeper) {
			h.placeOne(f, from)
			expect, keeper = n.Last+1, n.File
		}
	}
}

// dropsTail reports whether f is the longer, older file of a truncation that
// was interrupted: same start as the file that was placed, and more entries.
func (h *history) dropsTail(f *file, keeper string) bool {
	k := cowsql.ParseName(keeper)
	return k.First == f.Name.First && f.Name.Last > k.Last
}

func (h *history) overlapping(f *file, keeper string) {
	o := overlap{Kept: keeper, Left: f.Name.File, Agree: true}
	if f.Segment == nil {
		h.Overlaps = append(h.Overlaps, o)
		return
	}
	for i := range f.Segment.Len() {
		e := digest{f.Segment.TermAt(i), f.Segment.TypeAt(i), f.Segment.SizeAt(i), f.Segment.CRCAt(i)}
		if have, _, ok := h.at(f.Name.First + uint64(i)); ok {
			o.Agree = o.Agree && have.Term == e.Term && have.sameContent(e)
		} else {
			o.Tail++
		}
	}
	h.Overlaps = append(h.Overlaps, o)
}

// placeOne places a closed segment from the index from on.
func (h *history) placeOne(f *file, from uint64) {
	n, seg := f.Name, f.Segment
	if seg == nil {
		return
	}
	if uint64(seg.Len()) > n.Last-n.First+1 {
		// The name belongs to another file: nothing tells which index its first
		// entry has.
		h.Unplaced = append(h.Unplaced, stretch{0, n.File, &seg.Run, 0, seg.Len()})
		h.Holes = append(h.Holes, hole{from, n.Last, n.File, seg.Damage})
		return
	}
	next := n.First // index behind what was placed
	place := func(run *cowsql.Run, first uint64) {
		to := run.Len()
		if room := n.Last - first + 1; uint64(to) > room {
			to = int(room) // more entries than the name promises
		}
		skip := 0
		if from > first {
			skip = int(min(from-first, uint64(to)))
		}
		if skip < to {
			h.Stretches = append(h.Stretches, stretch{first + uint64(skip), n.File, run, skip, to})
		}
		next = first + uint64(to)
	}
	if seg.Len() > 0 {
		place(&seg.Run, n.First)
	}
	for i := range seg.Islands {
		island := &seg.Islands[i]
		first := uint64(0)
		switch {
		case island.Skipped >= 0:
			first = next + uint64(island.Skipped)
		case island.End == f.Size && uint64(island.Len()) <= n.Last-n.First+1:
			first = n.Last - uint64(island.Len()) + 1 // a closed segment ends with its last entry
		}
		if first < next || first > n.Last {
			h.Unplaced = append(h.Unplaced, stretch{0, n.File, &island.Run, 0, island.Len()})
			continue
		}
		if first > next { // with a damaged format word alone nothing is lost
			h.Holes = append(h.Holes, hole{next, first - 1, n.File, seg.Damage})
		}
		place(&island.Run, first)
	}
	if next <= n.Last {
		h.Holes = append(h.Holes, hole{next, n.Last, n.File, seg.Damage})
	}
}

func (h *history) placeOpen(open []*file, next uint64) {
	for _, f := range open {
		seg := f.Segment
		if seg == nil || seg.AllZero || seg.Stop == cowsql.EmptyFile {
			continue
		}
		if seg.Len() > 0 {
			h.Stretches = append(h.Stretches, stretch{next, f.Name.File, &seg.Run, 0, seg.Len()})
			next += uint64(seg.Len())
		}
		for i := range seg.Islands {
			island := &seg.Islands[i]
			if island.Skipped < 0 || len(h.Unplaced) > 0 {
				h.Unplaced = append(h.Unplaced, stretch{0, f.Name.File, &island.Run, 0, island.Len()})
				continue
			}
			if island.Skipped > 0 {
				h.Holes = append(h.Holes, hole{next, next + uint64(island.Skipped) - 1, f.Name.File, seg.Damage})
			}
			next += uint64(island.Skipped)
			h.Stretches = append(h.Stretches, stretch{next, f.Name.File, &island.Run, 0, island.Len()})
			next += uint64(island.Len())
		}
	}
}

// closedBehind begins the reason that has a finding of its own.
const closedBehind = "the closed segments end"

// unprovenIndexes says why the indexes of the entries in open segments are not
// proven, or "". An open segment does not hold its first index: the loader
// goes on counting, and a file that is missing in front moves every entry.
func unprovenIndexes(closed, open []*file, newest *snapshot) string {
	var first *file
	var before uint64 // counter of the open segment with entries before
	for _, f := range open {
		if f.Segment == nil || f.Segment.Len() == 0 {
			continue
		}
		if first == nil {
			first = f
		} else if f.Name.Counter != before+1 {
			return fmt.Sprintf("%s has entries and open-%d in front of it is missing", f.Name.File, f.Name.Counter-1)
		}
		before = f.Name.Counter
	}
	if first == nil {
		return ""
	}
	written := 0 // closed segments that can have been open segments of the same process
	for _, f := range closed {
		if bootstrapped := f.Name.First == 1 && f.Name.Last == 1 && f.Segment != nil && f.Segment.Len() == 1 && f.Segment.TypeAt(0) == cowsql.Change; !bootstrapped {
			written++
		}
	}
	compacted := newest != nil
	if n := len(closed); n > 0 && newest != nil && closed[n-1].Name.Last < newest.Index {
		// A snapshot is taken only after every entry that it covers is in a
		// closed segment (src/uv_snapshot.c UvSnapshotPut waits for that).
		return fmt.Sprintf("%s at index %d, the newest snapshot at index %d: a closed segment is missing", closedBehind, closed[n-1].Name.Last, newest.Index)
	}
	switch {
	case len(closed) == 0 && newest == nil && first.Segment.TypeAt(0) != cowsql.Change:
		return fmt.Sprintf("the log begins in %s without the configuration entry that every log begins with: what was in front is missing", first.Name.File)
	case !compacted && uint64(written) < first.Name.Counter-1:
		return fmt.Sprintf("%s has entries, and what was in open-%d is neither open nor closed", first.Name.File, first.Name.Counter-1)
	}
	return ""
}

func (h *history) finish() {
	slices.SortStableFunc(h.Stretches, func(a, b stretch) int { return cmp.Compare(a.First, b.First) })
	slices.SortStableFunc(h.Holes, func(a, b hole) int { return cmp.Compare(a.First, b.First) })
	if len(h.Stretches) == 0 {
		return
	}
	h.First = h.Stretches[0].First
	last := h.Stretches[len(h.Stretches)-1]
	h.Last = last.last()
	h.LastTerm = last.at(h.Last).Term
	h.End, h.EndTerm = h.Last, h.LastTerm
}

// configurations returns the configuration entries of the log in order.
func (h *history) configurations() []configurationAt {
	var out []configurationAt
	for _, s := range h.Stretches {
		for _, special := range s.Run.Specials {
			if special.Type != cowsql.Change || special.Pos < s.From || special.Pos >= s.To {
				continue
			}
			c, damage := cowsql.ParseConfiguration(s.File, "configuration", 0, special.Payload)
			out = append(out, configurationAt{
				Index: s.First + uint64(special.Pos-s.From), Term: s.Run.TermAt(special.Pos),
				File: s.File, Configuration: c, Damage: damage, alone: s.Run.Len() == 1 && s.Run.Batches == 1,
			})
		}
	}
	return out
}

type configurationAt struct {
	Index, Term   uint64
	File          string
	Configuration cowsql.Configuration
	Damage        *parse.Damage
	alone         bool // the only entry of its segment
}
