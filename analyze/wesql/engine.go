package wesql

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/optionfile"
	"github.com/lastwrite/lastwrite/parse/smartengine"
)

// An engine is what the smartengine directory says.
type engine struct {
	*smartengine.Engine
	Dir        string
	Opens      bool
	Error      string // the server's words if it does not open
	Problems   []engineProblem
	Info       *raftRows
	HasRows    bool
	Tables     int // without the default one
	Applied    uint64
	HasApplied bool
	AppliedAt  parse.Span
	Workers    uint32
	Lost       bool     // commits are missing, and nothing will say so
	Prepared   []uint64 // numbers of transactions in doubt
	PreparedAt parse.Span
	Crashed    bool // it was not shut down cleanly
	NoTables   bool // it opens without its raft tables

	Mended *engine `json:"-"` // as it would be with its repairs, nil if there are none
}

// An engineProblem is one thing that is wrong with the engine's files.
type engineProblem struct {
	Finding string
	parse.Span
	Quote  string
	Detail string
}

// findEngine returns the directory of the engine: as configured, else in the
// data directory.
func (m *model) findEngine() (dir, wal string) {
	dir = m.in("smartengine")
	if v := m.Conf.WeSQL.EngineDataDir; v.Set && strings.Contains(v.V, "/") && !m.dirs[dir] {
		if at, ok := optionfile.Below(m.FS, ".")(v.V + "/CURRENT"); ok {
			dir = path.Dir(at)
		}
	}
	wal = dir
	if v := m.Conf.WeSQL.EngineWALDir; v.Set && v.V != "" {
		for name := range m.sizes {
			if strings.HasSuffix(name, ".wal") && path.Dir(name) != dir && strings.HasSuffix(v.V, "/"+path.Base(path.Dir(name))) {
				wal = path.Dir(name)
			}
		}
	}
	return dir, wal
}

// readEngine reads the engine.
func (m *model) readEngine(ctx context.Context, deep bool) error {
	dir, wal := m.findEngine()
	if !m.dirs[dir] {
		return nil
	}
	sub, err := fs.Sub(m.FS, dir)
	if err != nil {
		return err
	}
	rows := uint32(0)
	o := smartengine.Options{Deep: deep, Each: func(b smartengine.Batch, _ bool) { rows |= b.Rows }}
	if wal != dir {
		if o.WAL, err = fs.Sub(m.FS, wal); err != nil {
			return err
		}
	}
	if s := m.Store; s != nil && depth(s.Dir) >= 2 {
		if o.Objects, err = fs.Sub(m.FS, path.Dir(path.Dir(s.Dir))); err != nil {
			return err
		}
	}
	x, err := smartengine.Read(ctx, sub, o)
	if x == nil {
		return err
	}
	e := newEngine(x, dir)
	m.Engine = e
	for i := range x.Damage {
		d := x.Damage[i]
		d.File = path.Join(dir, d.File)
		m.Damage = append(m.Damage, d)
	}
	e.Crashed = rows != 0 // a shutdown leaves empty batches only
	err = errors.Join(err, e.mend(ctx, sub, o, 0))
	e.judge()
	e.hidden()
	return err
}

// newEngine is what was read of an engine, without a judgement.
func newEngine(x *smartengine.Engine, dir string) *engine {
	e := &engine{Engine: x, Dir: dir, Opens: x.Opening.Opens}
	e.Tables = max(len(x.Subtables)-1, 0)
	if !e.Opens {
		e.Error = "SE: Error opening instance: " + status(x.Opening.Code)
	}
	e.rows()
	return e
}

// status is how the engine prints a status code.
func status(code int) string {
	switch code {
	case 2:
		return "Corruption: "
	case 4:
		return "Invalid argument: "
	case 5:
		return "IO error: "
	}
	return fmt.Sprintf("Unknown code(%d): ", code)
}

// span moves a place of the engine into the node.
func (e *engine) span(s parse.Span) parse.Span {
	s.File = path.Join(e.Dir, s.File)
	return s
}

// rows takes over the raft rows that a start finds.
func (e *engine) rows() {
	s := e.Recovered
	e.HasRows = e.Newest.Info != nil
	if x := s.Info; x != nil {
		e.Info = &raftRows{e.span(s.InfoAt.Span), x.CurrentTerm, x.VoteFor, x.RecoverStatus, x.LastLeaderTerm, x.StartApplyIndex, x.ClusterID, x.Members, x.Learners, false, "smartengine"}
	}
	if x := s.Applier; x != nil {
		e.HasApplied, e.Applied, e.Workers, e.AppliedAt = true, x.ApplyIndex, x.Workers, e.span(s.ApplierAt.Span)
		for _, w := range s.Workers {
			e.Applied = max(e.Applied, w.ApplyIndex)
		}
	}
	for _, t := range e.Engine.Prepared {
		if t.XID.MySQL {
			e.Prepared = append(e.Prepared, t.XID.Number)
			if e.PreparedAt.File == "" {
				e.PreparedAt = parse.Span{File: path.Join(e.Dir, t.File), Offset: t.Offset, Field: "prepare"}
			}
		}
	}
}

// judge says what is wrong, each thing once.
func (e *engine) judge() {
	problem := func(id string, at parse.Span, quote, format string, args ...any) {
		e.Problems = append(e.Problems, engineProblem{id, e.span(at), quote, fmt.Sprintf(format, args...)})
	}
	o := e.Opening
	if !o.Opens {
		words := o.Words
		if words == "" {
			words = string(o.Cause)
		}
		problem("LWW042", parse.Span{File: o.File}, words, "smartengine does not open (%s, code %d), and the server with it: %s.", o.Cause, o.Code, words)
	}
	if e.Current == nil && o.Overwrites && o.Cause != smartengine.NewEngine {
		problem("LWW058", parse.Span{File: "CURRENT"}, "not there", "CURRENT is missing. A start writes a new one, and a new checkpoint and manifest over the old ones, even if it fails then.")
	} else if e.Current != nil && e.Current.NoNewline {
		problem("LWW058", parse.Span{File: "CURRENT"}, "no line feed", "CURRENT ends without a line feed, and the engine refuses it. Everything else in it can be read.")
	}
	if e.HasMissing {
		empty := "what stood in it is not known"
		if e.MissingEmpty {
			empty = "it was empty: the transactions behind it go on where those in front of it end, and an empty file repairs the chain"
		}
		e.NoTables = len(e.Vanished) > 0
		problem("LWW041", parse.Span{File: fmt.Sprintf("%d.manifest", e.MissingManifest)}, "not there", "%d.manifest is missing, with manifests of higher numbers behind it. The engine opens without a word and without the %d tables that only those tell of; %s.", e.MissingManifest, len(e.Vanished), empty)
	}
	for _, m := range e.Manifests {
		if m.Stop != nil && m.Ignored > 0 {
			e.NoTables = e.NoTables || e.Recovered.Info == nil && e.Newest.Info != nil
			problem("LWW041", m.Stop.Span, string(m.Stop.Kind), "A record of %s is damaged. It and %d records behind it are ignored without a word; %d tables vanish.", m.File, m.Ignored, len(e.Vanished))
		} else if m.Stop != nil && m.Stop.Kind != parse.Truncated {
			problem("LWW041", m.Stop.Span, string(m.Stop.Kind), "A record of %s is damaged and ignored without a word; %d tables vanish.", m.File, len(e.Vanished))
		}
	}
	e.judgeLogs(problem)
	for i, x := range e.Missing {
		if i == 8 {
			break
		}
		if x.ID.Object() {
			problem("LWW043", parse.Span{File: "CURRENT", Field: "extents"}, x.Key(), "The object %s of a live extent of subtable %d is not in the store, %d rows. The engine opens; reading the table fails.", x.Key(), x.Subtable, x.Rows)
		}
	}
	for _, f := range e.DataFiles {
		if f.Refused && f.Good != 0 {
			then := "makes the engine open"
			if !e.mended().Opens {
				then = "mends that, and the engine does not open then either"
			}
			problem("LWW043", parse.Span{File: f.File}, "one of two headers is whole", "One of the two copies of the header of %s is damaged, the other is whole: copying it over the damaged one %s.", f.File, then)
		}
	}
	for i, d := range e.Engine.Damage {
		if strings.HasSuffix(d.File, ".sst") && d.Kind == parse.BadChecksum && i < 32 && d.Offset >= smartengine.ExtentSize {
			problem("LWW043", d.Span, string(d.Kind), "A block of %s has a wrong checksum. The engine opens; reading the block fails.", d.File)
		}
	}
}

// judgeLogs looks at the write-ahead logs.
func (e *engine) judgeLogs(problem func(id string, at parse.Span, quote, format string, args ...any)) {
	if !e.Opens {
		return
	}
	for _, w := range e.WALs {
		if w.Stop == nil || w.Lost.Records == 0 {
			continue
		}
		e.Lost = true
		problem("LWW040", w.Stop.Span, string(w.Stop.Kind), "The engine opens, cuts %s at byte %d, and drops what stands behind: %d records that can be read, with %d rows and %d commits, sequences %d to %d. It says so in a warning only. A crashed leader would take the lost transactions for committed and never apply them again; this node must not be a source.", w.File, w.End, w.Lost.Records, w.Lost.Rows, w.Lost.Commits, w.Lost.First, w.Lost.Last)
	}
	for _, w := range e.WALs {
		for _, g := range w.Gaps {
			if !g.Flipped {
				e.Lost = true
				problem("LWW040", parse.Span{File: g.File, Offset: g.Offset, Field: "sequence"}, fmt.Sprintf("sequence %d, %d expected", g.Got, g.Want), "Sequences %d to %d are missing in front of what stands in %s: a write-ahead log is gone. The engine opens without a word, and their rows are lost.", g.Want, g.Got-1, g.File)
			}
		}
	}
	if e.WALMissing && !e.Lost {
		e.Lost = true
		problem("LWW040", parse.Span{File: "CURRENT", Field: "recovery-point"}, "no write-ahead log", "The write-ahead logs that the tables need are not there. The engine opens without a word; all rows since the last flush are lost, votes and members among them.")
	}
}

// lostTables reports whether the engine would open without its raft tables.
func (e *engine) lostTables() bool { return e.NoTables && e.Recovered.Info == nil }

// userTables reports whether the engine holds tables of users.
func (e *engine) userTables() bool {
	for _, t := range e.Subtables {
		if t.Database != "" && t.Database != "mysql" && !strings.HasPrefix(t.Database, "__") && t.ID >= 256 {
			return true
		}
	}
	return false
}
