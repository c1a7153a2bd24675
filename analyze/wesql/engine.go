package wesql

import (
	"github.com/lastwrite/lastwrite/parse"
)

// An engine is what the smartengine directory says.
type engine struct {
	Dir        string
	Files      []string
	Opens      bool
	Error      string // the engine's words if it does not open
	Problems   []engineProblem
	Info       *raftRows
	HasRows    bool
	Tables     int
	Applied    uint64
	HasApplied bool
	AppliedAt  parse.Span
	Workers    uint64
	Sequence   uint64
	Lost       bool     // commits are missing, and nothing will say so
	Prepared   []uint64 // XIDs of this server
}

// An engineProblem is one thing that is wrong with the engine's files.
type engineProblem struct {
	Finding string
	parse.Span
	Detail string
}

func (m *model) readEngine() error {
	dir := m.in("smartengine")
	if !m.dirs[dir] {
		return nil
	}
	m.Engine = &engine{Dir: dir, Files: m.below(dir), Opens: true}
	return nil
}

// lostTables reports whether the engine would open without its tables.
func (e *engine) lostTables() bool { return false }
