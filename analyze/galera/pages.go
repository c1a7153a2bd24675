package galera

import (
	"cmp"
	"io"
	"io/fs"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// A tablespace is one file of pages that a deep run has checked. Of Newest it
// keeps the first.
type tablespace struct {
	innodb.Result
	Check     analyze.FileCheck
	Displaced uint64 // pages that belong elsewhere and that a start does not make anew
}

// newTablespace keeps of a result what is needed later: there may be very many
// of them.
func newTablespace(r innodb.Result) tablespace {
	t := tablespace{Result: r, Check: analyze.FileCheck{File: r.File, Pages: r.Pages, Damaged: r.Damaged}}
	kinds := map[string]uint64{"copy": r.Doublewrite, "bad and unused": r.FreeBad}
	for kind, n := range r.Kinds {
		kinds[string(kind)] += n
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if kinds[kind] > 0 {
			t.Check.Kinds = append(t.Check.Kinds, analyze.PageCount{Kind: kind, Pages: kinds[kind]})
		}
	}
	t.Kinds, t.Displaced = nil, r.Displaced
	t.Newest = slices.Clone(r.Newest[:min(len(r.Newest), 1)])
	return t
}

// checkPages returns the consumer that checks every page of a tablespace.
func (r *reading) checkPages(name string) analyze.Take {
	return func(in io.Reader, _ io.ReaderAt, _ int64) error {
		v := innodb.NewVerifier(name)
		if _, err := io.Copy(v, in); err != nil {
			return err // the rest of the file is unknown
		}
		t := newTablespace(v.Finish())
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pages = append(r.pages, t)
		return nil
	}
}

// holds reports whether a tablespace belongs to the node: its name is that of
// one, and it lies where the server looks for it. Other copies may lie beside
// the data directory.
func (l *layout) holds(name string) bool {
	if !innodb.IsTablespace(name) {
		return false
	}
	dir := path.Dir(name)
	return l.Data == "." || strings.HasPrefix(name, l.Data+"/") || dir == l.System || dir == l.Undo || slices.Contains(l.Remote, name)
}

// findRemote follows the link files of tables that were created with DATA
// DIRECTORY (MariaDB storage/innobase/fsp/fsp0file.cc
// RemoteDatafile::read_link_file).
func (l *layout) findRemote(fsys fs.FS) {
	if l.Data == "." {
		return // all there is belongs to the node
	}
	// What cannot be listed is passed over; the manifest reports it.
	_ = fs.WalkDir(fsys, l.Data, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || path.Ext(name) != ".isl" {
			return nil
		}
		if text, _, err := readSmall(fsys, name); err == nil {
			host := cmp.Or(l.Server.DataDir.V, "/var/lib/mysql")
			if p, ok := locate(fsys, strings.TrimSpace(string(text)), l.Data, host, l.Data, false); ok {
				l.Remote = append(l.Remote, p)
			}
		}
		return nil
	})
}

// mend counts the damaged pages that a start makes good, by whole copies in
// the doublewrite area or because the redo log makes them anew, and completes
// the node.
func (m *model) mend() {
	slices.SortFunc(m.Pages, func(a, b tablespace) int { return cmp.Compare(a.File, b.File) })
	torn := make([]innodb.Result, len(m.Pages))
	for i := range m.Pages {
		t := &m.Pages[i]
		torn[i].Space, torn[i].Copies = t.Space, t.Copies
		for _, p := range t.BadPages {
			switch made := m.Engine.Made[pageID{t.Space.ID, p.Number}]; {
			case made && p.Displaced():
				t.Displaced--
				t.Check.Mended++
			case made:
				t.Check.Mended++
			case !p.Displaced(): // its checksum holds, so no server looks for a copy
				torn[i].BadPages = append(torn[i].BadPages, p)
			}
		}
	}
	end := m.Engine.End
	if end == 0 {
		end = math.MaxUint64
	}
	for i, copied := range innodb.Mended(torn, m.Engine.Checkpoint, end) {
		t := &m.Pages[i]
		t.Check.Mended += uint64(copied)
		m.Node.Checked = append(m.Node.Checked, t.Check)
		m.Damage = append(m.Damage, m.unknownDamage(t)...)
	}
}

// unknownDamage is the damage of a tablespace without what the engine has met
// already.
func (m *model) unknownDamage(t *tablespace) (out []parse.Damage) {
	for _, d := range t.Damage {
		if !slices.ContainsFunc(m.Engine.Damage, func(e parse.Damage) bool { return e.File == d.File && e.Offset == d.Offset }) {
			out = append(out, d)
		}
	}
	return out
}

// A pageID names a page of a node.
type pageID struct{ space, number uint32 }

// watch returns what Recover is to tell of pages that the log makes anew, and
// the set of those that are damaged and made anew, once it has run.
func (m *model) watch() (made map[pageID]bool, tell func(space, number uint32)) {
	bad := map[pageID]bool{}
	for _, t := range m.Pages {
		for _, p := range t.BadPages {
			bad[pageID{t.Space.ID, p.Number}] = true
		}
	}
	if len(bad) == 0 {
		return nil, nil
	}
	made = map[pageID]bool{}
	return made, func(space, number uint32) {
		if id := (pageID{space, number}); bad[id] {
			made[id] = true
		}
	}
}

// hasDoublewriteFiles reports whether the server was a MySQL that keeps its
// copies of pages in files of their own.
func (m *model) hasDoublewriteFiles() bool {
	return slices.ContainsFunc(m.Files, func(f file) bool { return strings.HasSuffix(f.Path, ".dblwr") })
}
