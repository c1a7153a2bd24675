package cowsql

import (
	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// checkEntries is what a start does with the configuration entries of the
// loaded log (src/restore.c RestoreEntries). It reports whether it gets
// through.
func (s *simulation) checkEntries() bool {
	if s.Implementation.BeginsWithChange && s.Snapshot == nil && len(s.Pieces) > 0 {
		if run := s.Pieces[0].Run; run != nil && run.TypeAt(0) != cowsql.Change {
			s.Outcome = analyze.Crashes // assertion in src/raft/start.c
			return false
		}
	}
	known := uint64(0)
	if s.Snapshot != nil {
		known = s.Snapshot.Meta.Meta.ConfigurationIndex
	}
	bad, last := false, false
	for _, p := range s.Pieces {
		if p.Run == nil {
			continue
		}
		for _, special := range p.Run.Specials {
			if special.Type != cowsql.Change || p.First+uint64(special.Pos) <= known || special.Payload == nil {
				continue
			}
			_, damage := cowsql.ParseConfiguration(p.File, "", 0, special.Payload)
			last = damage != nil
			bad = bad || last
		}
	}
	switch {
	case last && s.Implementation.Fallback:
		s.Outcome = analyze.Crashes // cowsql/raft frees the configuration twice
	case bad:
		s.Outcome, s.Stage, s.Message = analyze.Refuses, "raft_start", ""
	}
	return !bad
}
