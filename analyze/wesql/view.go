package wesql

import (
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// A View is a judged node for commands that look at entries: diff.
type View struct{ m *model }

// ViewOf returns the view of a node or object store of this family; ok is
// false for plain MySQL directories, which have no log, and for nodes of other
// families.
func ViewOf(n *analyze.Node) (View, bool) {
	m, ok := n.Model.(*model)
	return View{m}, ok && m.group != nil
}

// Facts returns what the report says of the node.
func (v View) Facts() *Facts { return v.m.Node.Facts.(*Facts) }

// ClusterID returns raft_replication_cluster_id, "" if no file tells.
func (v View) ClusterID() string {
	if r := v.m.rows(); r != nil {
		return r.ClusterID
	}
	return v.m.Conf.WeSQL.ClusterID.V
}

// Range returns the first index of the log, the last one that a start keeps,
// its term, and the last index that ends a transaction; zeros if the log is
// empty.
func (v View) Range() (first, last, term, complete uint64) {
	p := v.m.position()
	if p.Bound == analyze.None {
		return 0, 0, 0, 0
	}
	if s := v.m.Store; v.m.Layout == layoutStore {
		return s.First, p.Index, p.Term, 0
	}
	return v.m.log.First, p.Index, p.Term, v.m.log.Complete
}

// Behind returns the entries that stand whole behind damage, where no start
// reads them, nil if there are none.
func (v View) Behind() *analyze.Range {
	l := &v.m.log
	if l.BehindCount == 0 {
		return nil
	}
	return &analyze.Range{Entries: uint64(l.BehindCount), From: l.BehindFirst, To: l.BehindLast}
}

// LosesCommits reports whether the engine opens without commits that it held.
func (v View) LosesCommits() bool { return v.m.losesCommits() }

// Forced reports whether the node was forced to be the only member.
func (v View) Forced() bool { return v.m.forced() }

// Bare reports whether the files of the node are not at hand, as in a bundle,
// so that Entries finds nothing.
func (v View) Bare() bool { return v.m.stored != nil }

// An EntryView is one entry and where it stands.
type EntryView struct {
	wesql.Entry
	File string // relative to the root of the node
	At   int64  // of its first event in File
}

// Kind says in a few words what an entry is.
func (e *EntryView) Kind() string {
	switch {
	case e.Change != nil, e.Flag&wesql.FlagConfig != 0:
		return "membership change"
	case e.Flag&wesql.FlagBlobEnd != 0:
		return "large event"
	case e.Flag&wesql.FlagBlob != 0:
		return "filler of a large event"
	case e.Flag&wesql.FlagLargeEnd != 0:
		return "end of a large transaction"
	case e.Flag&wesql.FlagLarge != 0:
		return "part of a large transaction"
	case e.HasXID:
		return "transaction"
	case e.XA:
		return "prepared XA transaction"
	case e.Empty:
		return "no-op of a new leader"
	case e.DDL:
		return "statement"
	}
	return "other"
}

// Span is a run of indexes, both included.
type Span struct{ First, Last uint64 }

// Entries reads the files that hold entries of the spans again and calls f for
// each whole entry in one of them, file by file.
func (v View) Entries(ctx context.Context, spans []Span, f func(*EntryView)) error {
	spans = merge(spans)
	in := func(first, last uint64) bool {
		i, _ := slices.BinarySearchFunc(spans, first, func(s Span, first uint64) int { return cmp.Compare(s.Last, first) })
		return i < len(spans) && spans[i].First <= last
	}
	for _, p := range v.m.pieces() {
		if !slices.ContainsFunc(p.runs, func(r run) bool { return in(r.First, r.last()) }) {
			continue
		}
		visit := func(e *wesql.Entry) {
			if e.Complete && !e.Behind && in(e.Index, e.Index) {
				f(&EntryView{*e, p.file, e.Offset - p.offset})
			}
		}
		if err := v.m.reread(ctx, p, visit); err != nil {
			return err
		}
	}
	return nil
}

// A piece is one file that the runs of a node come from.
type piece struct {
	file   string
	offset int64 // of its first byte in the log
	runs   []run
}

func (m *model) pieces() []piece {
	var out []piece
	if m.Layout == layoutStore {
		for _, x := range m.Store.Slices {
			if x.Joined && x.Ledger != nil {
				out = append(out, piece{x.Path, max(x.From, 0), x.Ledger.Runs})
			}
		}
		return out
	}
	for _, l := range m.Chain {
		if (l.Listed && !l.Missing || l.Bridge) && l.Log != nil && l.Log.HasFirst && l.Ledger != nil {
			out = append(out, piece{l.Path, 0, l.Ledger.Runs})
		}
	}
	return out
}

func (m *model) reread(ctx context.Context, p piece, visit func(*wesql.Entry)) error {
	if m.stored != nil {
		return nil
	}
	in, err := m.FS.Open(p.file)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = wesql.ReadLog(patient{ctx, in}, nil, p.file, m.sizes[p.file], wesql.Options{Offset: p.offset, Visit: visit})
	return err
}

// patient reads until the context ends.
type patient struct {
	ctx context.Context
	in  io.Reader
}

// Read implements io.Reader.
func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.in.Read(b)
}
