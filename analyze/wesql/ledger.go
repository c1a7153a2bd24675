package wesql

import (
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// A run is entries of one term in a row.
type run struct {
	Term, First uint64
	Digests     []uint64
}

func (r *run) last() uint64 { return r.First + uint64(len(r.Digests)) - 1 }

// A badEntry is an entry with a wrong checksum in it.
type badEntry struct {
	Index, Term uint64
	File        string
	Offset, End int64 // of the entry
	Event       int64 // of the bad event
	Length      uint64
}

// A ledger is what is kept of the entries of one log file: eight bytes each.
type ledger struct {
	Runs   []run
	Bad    []badEntry
	Large  map[uint64]bool // entries that hold a large event
	Behind []run           // behind damage
	XIDs   map[uint64]uint64
	term   uint64 // of XIDs: only those of the last term matter
	Last   wesql.Entry
	ends   uint64 // last entry that ends a transaction
}

// maxBad is how many damaged entries are kept of a file.
const maxBad = 1024

// maxXIDs is how many of the newest transaction numbers are kept; no engine has
// as many prepared.
const maxXIDs = 1 << 16

func newLedger() *ledger { return &ledger{Large: map[uint64]bool{}, XIDs: map[uint64]uint64{}} }

// add takes an entry of a file.
func (l *ledger) add(file string, e *wesql.Entry) {
	if !e.Complete {
		return
	}
	if e.Behind {
		l.Behind = appendRun(l.Behind, e)
		return
	}
	l.Runs = appendRun(l.Runs, e)
	l.Last = *e
	if e.EndsTransaction() {
		l.ends = e.Index
	}
	if e.Bad != 0 && len(l.Bad) < maxBad {
		l.Bad = append(l.Bad, badEntry{e.Index, e.Term, file, e.Offset, e.End, e.Bad, e.Length})
	}
	if e.Flag&wesql.FlagBlobEnd != 0 {
		l.Large[e.Index] = true
	}
	if e.Term > l.term {
		clear(l.XIDs)
		l.term = e.Term
	}
	if e.HasXID {
		l.XIDs[e.XID] = e.Index
		if len(l.XIDs) > 2*maxXIDs {
			for x, at := range l.XIDs {
				if at+maxXIDs < e.Index {
					delete(l.XIDs, x)
				}
			}
		}
	}
}

func appendRun(runs []run, e *wesql.Entry) []run {
	if n := len(runs) - 1; n >= 0 && runs[n].Term == e.Term && runs[n].last()+1 == e.Index {
		runs[n].Digests = append(runs[n].Digests, e.Digest)
		return runs
	}
	return append(runs, run{e.Term, e.Index, []uint64{e.Digest}})
}
