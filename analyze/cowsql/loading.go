package cowsql

import (
	"path"

	"github.com/lastwrite/lastwrite/analyze"
)

// A Loading is the forecast of a load alone: raft_init and the load step of
// raft_start. It leaves out what stands around it in a start: the bootstrap,
// the restore of the snapshot into the databases, and new open segments.
type Loading struct {
	Outcome analyze.Outcome // Clean, Refuses, Crashes or Hangs
	Error   string          // as the server prints it, "" unless it refuses
	Changes []analyze.Change

	// Set when the directory loads.
	Term, VotedFor uint64         // of the metadata
	Snapshot       *SnapshotFacts // nil if there is none
	StartIndex     uint64         // of the first entry
	LastIndex      uint64         // of the last entry, else of the snapshot
	LastTerm       uint64
}

// Loading returns the forecast of a load. Bootstrapping is part of it if the
// node's own id is known and is one that bootstraps.
func (v View) Loading() Loading {
	l := v.m.Load
	out := Loading{Changes: l.Changes[:l.changed], Error: l.err(), Outcome: l.Outcome}
	if !l.loads {
		return out
	}
	out.Outcome, out.Error = analyze.Clean, ""
	out.Term, out.VotedFor = l.Term, l.Vote
	out.StartIndex, out.LastIndex, out.LastTerm = l.Start, l.LastIndex, l.LastTerm
	if s := l.Snapshot; s != nil {
		out.Snapshot = &SnapshotFacts{File: s.Data.Name.File, Term: s.Term, Index: s.Index, Timestamp: s.Timestamp, Bytes: s.Data.Size}
		if d := s.Data.Snapshot; d != nil {
			out.Snapshot.Bytes, out.Snapshot.LZ4 = d.Size, d.LZ4.Used
			if d.LZ4.Over { // the loader has no room for more than the stated size
				out.Snapshot.Bytes = int64(d.LZ4.Size)
			}
		}
	}
	return out
}

// WalkLoaded calls f for the entries that the loader holds, in order, with the
// indexes that it gives them.
func (v View) WalkLoaded(f func(EntryView) error) error {
	for _, p := range v.m.Load.Pieces {
		if p.Run == nil {
			continue
		}
		for pos, e := range p.Run.All() {
			view := EntryView{p.First + uint64(pos), e.Term, e.Type, e.Size, e.CRC, path.Join(v.m.Data, p.File), e.Offset}
			if err := f(view); err != nil {
				return err
			}
		}
	}
	return nil
}
