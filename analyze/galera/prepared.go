package galera

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/binlog"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// A resolver decides about prepared transactions as a start does: with the
// binary log that was in use, without one by the position itself.
type resolver struct {
	model    *model
	position *int64         // of InnoDB without them, once it is known
	asked    bool           // there is no binary log, so the position is needed
	refusal  string         // the server's words when a binary log that it needs is gone
	logged   binlog.Numbers // seqnos near the prepared ones that the binary log holds
	damage   []parse.Damage
	err      error
}

func (r *resolver) resolve(p []innodb.Prepared) (committed []bool, known bool) {
	name := r.model.binlogIndex()
	if name == "" {
		r.asked = true
		if r.position == nil {
			return nil, false
		}
		return innodb.Continuation(*r.position, p), true
	}
	buf, err := fs.ReadFile(r.model.FS, name)
	if err != nil {
		r.err = err
		return nil, false
	}
	index := binlog.ParseIndex(name, buf)
	r.damage = append(r.damage, index.Damage...)
	top := uint64(0)
	for _, t := range p {
		top = max(top, uint64(max(t.Seqno, 0)))
	}
	want := func(xid uint64) bool {
		return xid <= top && top-xid < holeWindow || slices.ContainsFunc(p, func(t innodb.Prepared) bool { return t.Seqno >= 0 && uint64(t.Seqno) == xid })
	}
	logs := map[string]*binlog.File{}
	found := binlog.Recover(index, func(e binlog.Entry) *binlog.File {
		if f, ok := logs[e.Base()]; ok {
			return f
		}
		f, err := r.model.readBinlog(path.Join(r.model.Layout.Binlog, e.Base()), want)
		r.err = errors.Join(r.err, err)
		logs[e.Base()] = f
		return f
	})
	r.damage = append(r.damage, found.Damage...)
	if found.Refused {
		r.refusal = "Binlog file '" + found.Oldest + "' not found in binlog index, needed for recovery. Aborting."
	}
	if !found.Complete() {
		return nil, false
	}
	if found.InUse {
		r.logged = found.XIDs
	}
	for _, t := range p {
		in, sure := found.XIDs.Contains(uint64(max(t.Seqno, 0)))
		if !sure {
			return nil, false
		}
		committed = append(committed, in && found.InUse)
	}
	return committed, true
}

// binlogIndex finds the index of the binary log, "" if there is none.
func (m *model) binlogIndex() string {
	if m.Layout.Server.LogBinOff.V {
		return ""
	}
	if m.has(m.Layout.Index) {
		return m.Layout.Index
	}
	var out string
	for _, name := range m.in(m.Layout.Binlog) {
		base, ok := strings.CutSuffix(name, ".index")
		if !ok || strings.Contains(base, "relay") {
			continue
		}
		out = path.Join(m.Layout.Binlog, name)
	}
	return out
}

// readBinlog reads one binary log, nil if it is not there.
func (m *model) readBinlog(name string, want func(uint64) bool) (*binlog.File, error) {
	in, err := m.FS.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	return binlog.Read(io.Reader(in), nil, name, info.Size(), binlog.Settings{WantXID: want})
}
