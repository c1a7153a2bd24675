package smartengine

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A WAL is one write-ahead log, N.wal, as a start replays it
// (db/db_impl_open.cc replay_one_wal_file).
type WAL struct {
	File    string
	Number  uint64
	Size    int64 // bytes
	Records int   // that a start takes
	First   uint64
	Last    uint64 // sequences of the first and the last of these records, 0 without any
	End     int64  // offset behind them
	Stop    *Stop  // why the replay ends in front of the end of the file, nil if it does not
	Lost    Lost   // records behind the stop, and in files behind a stop
	Gaps    []Gap  // sequences that do not follow one another
	// Holes are places where zeros stand instead of a header and more follows: a
	// start steps over the rest of such a block of 32 KiB without a word.
	Holes []parse.Damage
}

// A Stop is the damage at which the replay of a WAL ends.
type Stop struct {
	parse.Damage
	// AtEnd: the engine had reached the last block of the file. Only then, and
	// only in the newest WAL, it cuts the file at End and opens; anywhere else
	// it refuses (deal_with_log_record_corrution). Default recovery mode.
	AtEnd bool
	// Silent: the engine takes the damage for the end of the file, in any WAL,
	// and neither refuses nor warns.
	Silent bool
}

// Lost counts what is readable behind a stop, and what an opening engine drops
// without more than a warning.
type Lost struct {
	Records int
	Rows    int64 // puts and deletes of plain writes and of decided transactions' prepares
	Commits int   // of prepared transactions
	First   uint64
	Last    uint64 // sequences of the first and the last record
}

// A Gap is a record whose sequence is not the one that comes next. The low 6
// bytes of a sequence are in no checksum; a missing WAL shows in the same way.
// The engine notices neither.
type Gap struct {
	File   string
	Offset int64
	Want   uint64
	Got    uint64
	// Flipped: the records behind it go on as if Want stood there, so that the
	// number itself is damaged and nothing is missing.
	Flipped bool
}

// A Transaction is a prepared transaction without a decision: a start asks the
// binary log what becomes of it.
type Transaction struct {
	XID      XID
	Sequence uint64
	Rows     uint32
	File     string
	Offset   int64 // of the record
}

// maxPrepared is how many prepared transactions are followed at a time.
const maxPrepared = 1 << 16

// A prepared is a transaction that waits for its decision.
type prepared struct {
	Transaction
	changes []change
	lost    bool
}

// A replay carries what goes on from one WAL to the next.
type replay struct {
	each      func(b Batch, lost bool)
	recovered rows // what a start finds
	readable  rows // what stands in any record that can be read
	pending   map[string]*prepared
	lost      bool // a stop was met

	sequence uint64 // end of the last batch that a start takes, minus 1
	readTo   uint64 // the same with lost ones

	known  bool   // next is known
	next   uint64 // sequence of the next record
	replay uint64 // the same if the engine was started anew behind the last record
	gap    *Gap   // the last one, while it is not decided what it is
	resume uint64 // the next sequence if that gap is a flipped number
}

func newReplay(each func(Batch, bool)) *replay {
	return &replay{each: each, recovered: rows{}, readable: rows{}, pending: map[string]*prepared{}}
}

// wal reads one WAL. Files have to come in the order of their numbers.
func (p *replay) wal(file string, number uint64, in io.Reader, size int64) (*WAL, error) {
	w := &WAL{File: file, Number: number, Size: size}
	l := newLogReader(file, number, bufio.NewReaderSize(in, blockSize), size)
	r := newBatchReader(l)
	first := true
	for {
		ok, err := l.open()
		if err != nil {
			return nil, err
		}
		if ok {
			if err := r.next(); err != nil {
				return nil, err
			}
		}
		damage := cmp.Or(l.skipped, l.damage)
		if ok && damage == nil {
			damage = r.damage
		}
		if damage != nil {
			if !p.lost {
				w.Stop = &Stop{Damage: *damage, AtEnd: l.atEnd(damage), Silent: damage.Field == fieldLogNumber}
			}
			p.lost = true
			if err := l.seek(damage.Offset + 1); err != nil {
				return nil, err
			}
			continue
		}
		if !ok {
			w.Holes = l.holes
			return w, nil
		}
		p.take(w, r, first)
		first = false
	}
}

// atEnd reports whether the engine's reader is in the last block of the file
// when it gives up at damage. A batch that checks and does not decode ends the
// start in any case, unless it is shorter than its header.
func (l *logReader) atEnd(damage *parse.Damage) bool {
	switch {
	case strings.HasPrefix(damage.Field, "batch."):
		return l.eof && damage.Field == "batch.header"
	case damage.Field == "length": // the reader goes on in the next block
		return l.size-l.base-int64(l.n) < blockSize
	}
	return l.eof
}

// take applies a batch.
func (p *replay) take(w *WAL, r *batchReader, first bool) {
	b := r.batch
	taken, knownTaken, applied := p.apply(b, r.changes)
	if p.lost {
		l := &w.Lost
		if l.Records++; l.Records == 1 {
			l.First = b.Sequence
		}
		l.Last = b.Sequence
		if l.Rows += int64(b.Rows); b.Action == Commit {
			l.Commits++
		}
	} else {
		if w.Records++; w.Records == 1 {
			w.First = b.Sequence
		}
		w.Last, w.End = b.Sequence, b.End
		if b.Sequence+applied > 0 {
			p.sequence = max(p.sequence, b.Sequence+applied-1)
		}
		p.follow(w, b, taken, knownTaken, applied, first)
	}
	if b.Sequence+applied > 0 {
		p.readTo = max(p.readTo, b.Sequence+applied-1)
	}
	if p.each != nil {
		p.each(b, p.lost)
	}
}

// apply brings the rows of a batch into effect. taken is how many sequences the
// writer used up for it, applied how many a replay does.
func (p *replay) apply(b Batch, changes []change) (taken uint64, known bool, applied uint64) {
	switch b.Action {
	case Prepare:
		if len(p.pending) < maxPrepared {
			t := Transaction{XID: b.XID, Sequence: b.Sequence, Rows: b.Rows, File: b.File, Offset: b.Offset}
			p.pending[b.XID.Raw] = &prepared{t, slices.Clone(changes), p.lost}
		}
		return 1, true, 0
	case Rollback:
		p.decide(b.XID.Raw)
		return 1, true, 0
	case Commit:
		t := p.decide(b.XID.Raw)
		if t == nil {
			return 1, false, 0
		}
		p.put(b, t.changes)
		return max(1, uint64(t.Rows)), true, uint64(t.Rows)
	}
	p.put(b, changes)
	return max(1, uint64(b.Rows)), true, uint64(b.Rows)
}

// decide takes a transaction out of those that wait. A decision behind a stop
// does not happen for the engine, which keeps the transaction.
func (p *replay) decide(raw string) *prepared {
	t := p.pending[raw]
	if t != nil && (!p.lost || t.lost) {
		delete(p.pending, raw)
	}
	return t
}

func (p *replay) put(b Batch, changes []change) {
	for _, c := range changes {
		c.sequence = b.Sequence + uint64(c.index)
		c.span = parse.Span{File: b.File, Offset: b.Offset, Length: max(b.End-b.Offset, 0)}
		p.readable.put(c.key, c.version)
		if !p.lost {
			p.recovered.put(c.key, c.version)
		}
	}
}

// follow checks that a batch has the sequence that comes next.
func (p *replay) follow(w *WAL, b Batch, taken uint64, known bool, applied uint64, first bool) {
	switch {
	case !p.known || b.Sequence == p.next || first && b.Sequence == p.replay:
		p.gap = nil
	case p.gap != nil && b.Sequence == p.resume:
		p.gap.Flipped, p.gap = true, nil
	default:
		g := Gap{File: b.File, Offset: b.Offset, Want: p.next, Got: b.Sequence}
		w.Gaps = append(w.Gaps, g)
		p.gap, p.resume = &w.Gaps[len(w.Gaps)-1], p.next+taken
	}
	p.next, p.known = b.Sequence+taken, known
	p.replay = b.Sequence + applied
}

// undecided returns the transactions that wait for a decision after a start,
// in the order of their records.
func (p *replay) undecided() []Transaction {
	var out []Transaction
	for _, t := range p.pending {
		if !t.lost {
			out = append(out, t.Transaction)
		}
	}
	slices.SortFunc(out, func(a, b Transaction) int {
		return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), cmp.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset))
	})
	return out
}

// String renders g for people.
func (g Gap) String() string {
	return fmt.Sprintf("%s@%d: sequence %d, not %d", g.File, g.Offset, g.Got, g.Want)
}
