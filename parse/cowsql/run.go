package cowsql

import (
	"fmt"
	"iter"
	"slices"
)

// An EntryType is the type of a log entry (cowsql/raft include/raft.h).
type EntryType uint8

// The entry types.
const (
	Command EntryType = 1
	Barrier EntryType = 2
	Change  EntryType = 3 // configuration change
)

func (t EntryType) String() string {
	switch t {
	case Command:
		return "command"
	case Barrier:
		return "barrier"
	case Change:
		return "configuration"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// An Entry is one log entry. The file does not hold its index.
type Entry struct {
	Term   uint64
	Type   EntryType
	Size   uint32 // payload bytes
	CRC    uint32 // of the payload alone
	Offset int64  // of the payload in the file
	Batch  int    // number of its batch in the run, from 0
}

// A Special is an entry that is not a command.
type Special struct {
	Pos     int // position in the run, from 0
	Type    EntryType
	Payload []byte // configuration entries up to 1 MiB
}

// A TermRun is a run of entries with the same term.
type TermRun struct {
	Pos  int // position of the first one in its Run
	Term uint64
}

// A Run is a sequence of batches, back to back, all of whose checksums hold.
// It takes 8 bytes of memory an entry, however long the payloads are.
type Run struct {
	Offset   int64 // of the first batch
	End      int64 // behind the last batch
	Terms    []TermRun
	Specials []Special
	Commands map[string]int // frames commands by database name
	Partial  int            // frames commands with is_commit 0
	Unknown  int            // commands that are not open, frames, undo or checkpoint
	Batches  int

	crcs, sizes []uint32
	multi       []multi // batches with more than one entry
}

type multi struct{ pos, n int }

// NewRun returns a run of the given entries in batches of one; payloads are
// unknown. It stands for entries that a server would write.
func NewRun(entries []Entry) *Run {
	r := &Run{Offset: 8, End: 8}
	for _, e := range entries {
		r.append([]batchEntry{{term: e.Term, kind: e.Type, size: e.Size, crc: e.CRC}})
		r.End += 32 + int64(e.Size)
	}
	return r
}

// append adds the entries of one batch.
func (r *Run) append(entries []batchEntry) {
	if len(entries) > 1 {
		r.multi = append(r.multi, multi{len(r.crcs), len(entries)})
	}
	r.Batches++
	for i := range entries {
		e := &entries[i]
		pos := len(r.crcs)
		if len(r.Terms) == 0 || r.Terms[len(r.Terms)-1].Term != e.term {
			r.Terms = append(r.Terms, TermRun{pos, e.term})
		}
		if e.kind == Command {
			r.count(e.head)
		} else {
			r.Specials = append(r.Specials, Special{pos, e.kind, e.payload})
		}
		r.crcs, r.sizes = append(r.crcs, e.crc), append(r.sizes, e.size)
	}
}

func (r *Run) count(h commandHead) {
	switch {
	case !h.known:
		r.Unknown++
	case h.frames:
		if r.Commands == nil {
			r.Commands = map[string]int{}
		}
		r.Commands[h.database]++
		if !h.commit {
			r.Partial++
		}
	}
}

// Len returns the number of entries.
func (r *Run) Len() int { return len(r.crcs) }

// All walks over the entries with their positions.
func (r *Run) All() iter.Seq2[int, Entry] {
	return func(yield func(int, Entry) bool) {
		offset := r.Offset
		term, special, batch, m := -1, 0, -1, 0
		left := 0 // entries left in the current batch
		for i := range r.crcs {
			if left == 0 {
				left = 1
				if m < len(r.multi) && r.multi[m].pos == i {
					left = r.multi[m].n
					m++
				}
				batch++
				offset += headerSize(left)
			}
			left--
			if term+1 < len(r.Terms) && r.Terms[term+1].Pos == i {
				term++
			}
			e := Entry{Term: r.Terms[term].Term, Type: Command, Size: r.sizes[i], CRC: r.crcs[i], Offset: offset, Batch: batch}
			if special < len(r.Specials) && r.Specials[special].Pos == i {
				e.Type = r.Specials[special].Type
				special++
			}
			if !yield(i, e) {
				return
			}
			offset += int64(e.Size)
		}
	}
}

// TermAt returns the term of the entry at position i.
func (r *Run) TermAt(i int) uint64 {
	n, found := slices.BinarySearchFunc(r.Terms, i, func(t TermRun, i int) int { return t.Pos - i })
	if !found {
		n--
	}
	return r.Terms[n].Term
}

// TypeAt returns the type of the entry at position i.
func (r *Run) TypeAt(i int) EntryType {
	if n, found := slices.BinarySearchFunc(r.Specials, i, func(s Special, i int) int { return s.Pos - i }); found {
		return r.Specials[n].Type
	}
	return Command
}

// CRCAt returns the payload checksum of the entry at position i.
func (r *Run) CRCAt(i int) uint32 { return r.crcs[i] }

// SizeAt returns the payload size of the entry at position i.
func (r *Run) SizeAt(i int) uint32 { return r.sizes[i] }

// A Batch is where one batch of a run stands.
type Batch struct {
	Pos, N int // position of its first entry, number of entries
	Offset int64
	End    int64
}

// BatchList returns the batches of the run.
func (r *Run) BatchList() []Batch {
	out := make([]Batch, 0, r.Batches)
	offset := r.Offset
	for i, e := range r.All() {
		if e.Batch == len(out) {
			out = append(out, Batch{Pos: i, Offset: offset})
		}
		b := &out[e.Batch]
		offset = e.Offset + int64(e.Size)
		b.N, b.End = b.N+1, offset
	}
	return out
}
