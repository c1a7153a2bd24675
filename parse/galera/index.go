package galera

import (
	"cmp"
	"iter"
	"slices"
)

// An Entry is what is kept of one ordered buffer of a cache: 32 bytes.
type Entry struct {
	Seqno  int64
	Digest uint64 // of the content that all nodes have in common, see Buffer.Digest
	place  uint64 // offset in the file, shifted, type and marks below it
	Size   uint32 // of the buffer in bytes, header included; 4 GiB - 1 stands for more
	Flags  WriteSetFlags
	source uint16 // in Index.sources
}

// The low bits of Entry.place.
const (
	placeShift   = 16
	placeType    = 0x00ff
	placeSkipped = 0x0100
	placeDamaged = 0x0200
)

// Offset returns where the buffer's header stands in the file.
func (e Entry) Offset() int64 { return int64(e.place >> placeShift) }

// Type returns what the buffer holds.
func (e Entry) Type() ActionType { return ActionType(e.place & placeType) }

// Skipped reports whether the node knew that nobody applies the write set. Its
// content may be missing then: nodes that got it in an incremental state
// transfer have 8 bytes of anything in its place (galera/src/ist_proto.hpp
// recv_ordered).
func (e Entry) Skipped() bool { return e.place&placeSkipped != 0 }

// Damaged reports whether a checksum shows that the content is not what was
// written.
func (e Entry) Damaged() bool { return e.place&placeDamaged != 0 }

// TOI reports whether e is a schema change.
func (e Entry) TOI() bool { return e.Type() == WriteSetAction && e.Flags&TOI != 0 }

// Differs reports whether e and f, of equal seqno in caches of the same
// history, prove that the histories are not the same: neither of them is
// damaged or skipped, and their content differs.
func (e Entry) Differs(f Entry) bool {
	usable := e.place | f.place
	return usable&(placeSkipped|placeDamaged) == 0 && (e.Digest != f.Digest || e.Type() != f.Type())
}

// An Index has the ordered buffers of a cache by seqno, whether the provider
// uses them or not; each seqno once.
type Index struct {
	entries []Entry
	sources []UUID
	sums    []int64 // bytes of all entries before each sumStep-th
}

// sumStep is the distance of the sums in Index.
const sumStep = 256

// Len returns the number of entries.
func (x *Index) Len() int { return len(x.entries) }

// At returns entry i, in order of the seqnos.
func (x *Index) At(i int) Entry { return x.entries[i] }

// Search returns the position of the first entry with this seqno or a higher
// one.
func (x *Index) Search(seqno int64) int {
	i, _ := slices.BinarySearchFunc(x.entries, seqno, func(e Entry, seqno int64) int { return cmp.Compare(e.Seqno, seqno) })
	return i
}

// Find returns the entry of a seqno.
func (x *Index) Find(seqno int64) (Entry, bool) {
	if i := x.Search(seqno); i < len(x.entries) && x.entries[i].Seqno == seqno {
		return x.entries[i], true
	}
	return Entry{}, false
}

// Range iterates over the entries with the seqnos first to last.
func (x *Index) Range(first, last int64) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, e := range x.entries[x.Search(first):] {
			if e.Seqno > last || !yield(e) {
				return
			}
		}
	}
}

// Bytes returns how much the buffers with the seqnos first to last take, what
// an incremental state transfer of them sends.
func (x *Index) Bytes(first, last int64) int64 {
	if first > last {
		return 0
	}
	end := len(x.entries)
	if last < 1<<63-1 {
		end = x.Search(last + 1)
	}
	return x.before(end) - x.before(x.Search(first))
}

// before returns the bytes of the first n entries.
func (x *Index) before(n int) int64 {
	if n == 0 {
		return 0
	}
	sum := x.sums[(n-1)/sumStep]
	for _, e := range x.entries[(n-1)/sumStep*sumStep : n] {
		sum += int64(e.Size)
	}
	return sum
}

// Source returns the node that made a write set; ok is false for other
// entries, and where the cache has more sources than can be told apart.
func (x *Index) Source(e Entry) (u UUID, ok bool) {
	if int(e.source) >= len(x.sources) {
		return UUID{}, false
	}
	return x.sources[e.source], true
}

// FirstDifference returns the lowest seqno at which x and y, the caches of two
// nodes of the same history, prove that it is not the same.
func (x *Index) FirstDifference(y *Index) (seqno int64, ok bool) {
	for i, j := 0, 0; i < len(x.entries) && j < len(y.entries); {
		switch e, f := x.entries[i], y.entries[j]; {
		case e.Seqno < f.Seqno:
			i++
		case e.Seqno > f.Seqno:
			j++
		case e.Differs(f):
			return e.Seqno, true
		default:
			i, j = i+1, j+1
		}
	}
	return 0, false
}

// Compare counts the seqnos first to last that x and y, the caches of two nodes
// of the same history, both hold, sound and applied: those with the same
// content, and those with other content.
func (x *Index) Compare(y *Index, first, last int64) (equal, different uint64) {
	for e := range x.Range(first, last) {
		f, ok := y.Find(e.Seqno)
		switch {
		case !ok || e.Skipped() || e.Damaged() || f.Skipped() || f.Damaged():
		case e.Differs(f):
			different++
		default:
			equal++
		}
	}
	return equal, different
}

// noSource is the source of what has none.
const noSource = 1<<16 - 1

// indexer builds an Index.
type indexer struct {
	Index
	known map[UUID]uint16
}

func (x *indexer) source(u UUID) uint16 {
	if i, ok := x.known[u]; ok {
		return i
	}
	if len(x.sources) == noSource {
		return noSource
	}
	if x.known == nil {
		x.known = map[UUID]uint16{}
	}
	i := uint16(len(x.sources))
	x.known[u] = i
	x.sources = append(x.sources, u)
	return i
}

// finish computes the sums over the sorted entries.
func (x *indexer) finish() {
	var sum int64
	for i, e := range x.entries {
		if i%sumStep == 0 {
			x.sums = append(x.sums, sum)
		}
		sum += int64(e.Size)
	}
}
