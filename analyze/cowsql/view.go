package cowsql

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/pierrec/lz4/v4"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A View is a node's log and snapshots for commands that look at entries:
// extract, diff, inspect.
type View struct{ m *model }

// ViewOf returns the view of a node of this family.
func ViewOf(n *analyze.Node) (View, bool) {
	m, ok := n.Model.(*model)
	return View{m}, ok
}

// An EntryView is one log entry and where its payload stands.
type EntryView struct {
	Index  uint64
	Term   uint64
	Type   cowsql.EntryType
	Size   uint32 // payload bytes
	CRC    uint32 // of the payload
	File   string // relative to the host root
	Offset int64  // of the payload in File
}

// A SnapshotView is one snapshot.
type SnapshotView struct {
	Term, Index uint64
	File        string // data file, relative to the host root
	Sound       bool
	Why         string // why it is not sound
	Data        *cowsql.Snapshot
}

// Range returns the first and last index of the log, holes included; 0 and 0
// if it is empty.
func (v View) Range() (first, last uint64) { return v.m.Log.First, v.m.Log.Last }

// Walk calls f for the readable entries from first to last in order.
func (v View) Walk(first, last uint64, f func(EntryView) error) error {
	for _, s := range v.m.Log.Stretches {
		if s.last() < first || s.First > last {
			continue
		}
		for pos, e := range s.Run.All() {
			if pos < s.From || pos >= s.To {
				continue
			}
			index := s.First + uint64(pos-s.From)
			if index < first || index > last {
				continue
			}
			view := EntryView{index, e.Term, e.Type, e.Size, e.CRC, path.Join(v.m.Data, s.File), e.Offset}
			if err := f(view); err != nil {
				return err
			}
		}
	}
	return nil
}

// errMoved says that a file does not hold what was read before.
var errMoved = errors.New("content changed while it was read")

// Payload reads the payload of an entry and checks it against its checksum.
func (v View) Payload(e EntryView) ([]byte, error) {
	f, err := v.m.FS.Open(e.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	at, ok := f.(io.ReaderAt)
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: e.File, Err: errors.ErrUnsupported}
	}
	payload := make([]byte, e.Size) // Size bytes were read from this file once already
	if _, err := at.ReadAt(payload, e.Offset); err != nil {
		return nil, err
	}
	if cowsql.CRC(0, payload) != e.CRC {
		return nil, &fs.PathError{Op: "read", Path: e.File, Err: errMoved}
	}
	return payload, nil
}

// Snapshots returns the snapshots whose files are both there, oldest first.
func (v View) Snapshots() []SnapshotView {
	var out []SnapshotView
	for _, s := range v.m.snapshots() {
		view := SnapshotView{Term: s.Term, Index: s.Index, File: path.Join(v.m.Data, s.Data.Name.File), Sound: s.sound(), Data: s.Data.Snapshot}
		switch {
		case s.Data.Suspect != "":
			view.Why = s.Data.Suspect
		case len(s.Data.Damage) > 0:
			view.Why = s.Data.Damage[0].String()
		case !view.Sound:
			view.Why = "damaged"
		}
		out = append(out, view)
	}
	return out
}

// OpenSnapshot opens the decompressed payload of a snapshot.
func (v View) OpenSnapshot(s SnapshotView) (io.ReadCloser, error) {
	f, err := v.m.FS.Open(s.File)
	if err != nil {
		return nil, err
	}
	if s.Data == nil {
		f.Close()
		return nil, fmt.Errorf("%s was not read", s.File)
	}
	if !s.Data.LZ4.Used {
		return f, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{lz4.NewReader(f), f}, nil
}

// Unproven says why the indexes of entries in open segments are not proven and
// which is the first of them; "" if all are.
func (v View) Unproven() (why string, first uint64) {
	if v.m.Log.Floating == "" {
		return "", 0
	}
	for _, s := range v.m.Log.Stretches {
		if cowsql.ParseName(s.File).Kind == cowsql.KindOpen {
			return v.m.Log.Floating, s.First
		}
	}
	return v.m.Log.Floating, 0
}

// Gaps returns the index ranges between the first and the last entry that are
// missing or unreadable.
func (v View) Gaps() []analyze.Range {
	var out []analyze.Range
	for _, h := range v.m.Log.Holes {
		out = append(out, analyze.Range{Entries: h.Last - h.First + 1, From: h.First, To: h.Last})
	}
	return out
}

// Artificial returns the indexes of entries that a recovery wrote.
func (v View) Artificial() []uint64 {
	var out []uint64
	for _, a := range v.m.Log.Artificial {
		if a.Sure {
			out = append(out, a.Index)
		}
	}
	return out
}
