package galera

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// engineFiles are the files of InnoDB, opened, with the way back from the
// names that the server uses to paths below the node's root.
type engineFiles struct {
	innodb.Files
	paths map[string]string
	open  []fs.File
}

// redoFile matches the files of a redo log since MySQL 8.0.30.
var redoFile = regexp.MustCompile(`^#ib_redo(\d+)$`)

// readEngine computes the position as the server's recovery would.
func readEngine(ctx context.Context, m *model) (*engine, error) {
	f, err := m.openEngine()
	defer f.close()
	if err != nil {
		return &engine{Seqno: -1}, err
	}
	o := innodb.Options{PageSize: int(m.Layout.Server.PageSize.V), Exists: m.tablespaceExists}
	for _, d := range m.Layout.Server.DataFilePath.V {
		o.DataFiles = append(o.DataFiles, innodb.DataFile{Name: d.Name, Bytes: d.Size, AutoExtend: d.Autoextend})
	}
	made, tell := m.watch()
	o.Made = tell
	resolver := &resolver{model: m}
	o.Resolve = resolver.resolve
	r, err := innodb.Recover(ctx, f.Files, o)
	if err != nil {
		return &engine{Seqno: -1}, err
	}
	if resolver.asked && slices.ContainsFunc(r.Reasons, func(x innodb.Reason) bool { return x.Cause == innodb.PreparedUnknown }) {
		resolver.position = &r.Position.Seqno
		if r, err = innodb.Recover(ctx, f.Files, o); err != nil {
			return &engine{Seqno: -1}, err
		}
	}
	e := newEngine(r, f)
	e.Made = made
	e.Holes = resolver.holes(r)
	e.Refusal = cmp.Or(e.Refusal, resolver.refusal)
	e.Missing = len(f.System) == 0
	if e.Missing && e.Refusal == "" {
		e.Printed = galera.UUID{}.String() + ":-1" // of the new database that it makes
	}
	// Every server stores a GTID beside the seqno; it prints it with
	// wsrep_gtid_mode alone, which only the option file tells.
	if m.Layout.Server.WsrepGTIDMode.V && e.Printed != "" && !e.UUID.IsZero() {
		e.Printed = r.Position.WithGTID()
	}
	e.Damage = append(e.Damage, resolver.damage...)
	return e, resolver.err
}

func newEngine(r *innodb.Recovery, f *engineFiles) *engine {
	e := &engine{
		UUID: galera.UUID(r.Position.UUID), Seqno: r.Position.Seqno, From: string(r.From), At: f.span(r.At), Exact: r.Bound == innodb.Exact,
		Clean: r.Log.Clean, Refusal: r.StartError, Beyond: r.Beyond, Prepared: r.Prepared, Settled: r.Settled.Seqno, Mended: r.Mended, Version: r.Log.Creator,
		Checkpoint: r.Log.Checkpoint, End: r.Log.End,
	}
	printable := r.StartError == "" && len(f.System) > 0
	for _, why := range r.Reasons {
		e.Doubts = append(e.Doubts, doubt{string(why.Cause), f.span(why.At)})
		e.Broken = e.Broken || why.Cause == innodb.PageUnreadable
		// The server does not notice these, and prints what it finds.
		printable = printable && (why.Cause == innodb.LogDamaged || why.Cause == innodb.PageAhead)
	}
	if printable {
		e.Printed = r.Position.String()
	}
	for _, d := range r.Damage {
		d.Span = f.span(d.Span)
		e.Damage = append(e.Damage, d)
	}
	return e
}

// span turns the name of a file as the server uses it into its path.
func (f *engineFiles) span(s parse.Span) parse.Span {
	s.File = cmp.Or(f.paths[s.File], s.File)
	return s
}

// openEngine opens the tablespaces and the log that the position depends on.
func (m *model) openEngine() (*engineFiles, error) {
	f := &engineFiles{paths: map[string]string{}}
	var errs []error
	add := func(to *[]innodb.File, dir, name string) {
		file, err := f.add(m.FS, path.Join(dir, name), name)
		if err == nil {
			*to = append(*to, file)
		} else if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	system := []string{"ibdata1"}
	if list := m.Layout.Server.DataFilePath.V; len(list) > 0 {
		system = nil
		for _, d := range list {
			system = append(system, d.Name)
		}
	} else {
		for n := 2; m.has(m.Layout.system("ibdata" + strconv.Itoa(n))); n++ {
			system = append(system, "ibdata"+strconv.Itoa(n))
		}
	}
	for _, name := range system {
		add(&f.System, m.Layout.System, path.Base(name))
	}
	for _, name := range m.in(m.Layout.Undo) {
		if undoFile.MatchString(name) {
			add(&f.Undo, m.Layout.Undo, name)
		}
	}
	var redo []string
	for _, name := range m.in(path.Join(m.Layout.Redo, "#innodb_redo")) {
		if redoFile.MatchString(name) {
			redo = append(redo, name)
		}
	}
	slices.SortFunc(redo, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, name := range redo {
		add(&f.Log, m.Layout.Redo, "#innodb_redo/"+name)
	}
	for n := 0; len(redo) == 0 && m.has(path.Join(m.Layout.Redo, "ib_logfile"+strconv.Itoa(n))); n++ {
		add(&f.Log, m.Layout.Redo, "ib_logfile"+strconv.Itoa(n))
	}
	return f, errors.Join(errs...)
}

// undoFile matches undo tablespaces: undo001 of MariaDB, undo_001 of MySQL 8.
var undoFile = regexp.MustCompile(`^(undo\d{3}|undo_\d{3}|.+\.ibu)$`)

// in lists the files of one directory.
func (m *model) in(dir string) []string {
	var out []string
	for _, f := range m.Files {
		if path.Dir(f.Path) == dir {
			out = append(out, path.Base(f.Path))
		}
	}
	slices.Sort(out)
	return out
}

// add opens one file.
func (f *engineFiles) add(fsys fs.FS, name, shown string) (innodb.File, error) {
	in, err := fsys.Open(name)
	if err != nil {
		return innodb.File{}, err
	}
	f.open = append(f.open, in)
	info, err := in.Stat()
	if err != nil {
		return innodb.File{}, err
	}
	at, ok := in.(io.ReaderAt)
	if !ok || !info.Mode().IsRegular() {
		return innodb.File{}, &fs.PathError{Op: "read", Path: name, Err: errors.ErrUnsupported}
	}
	f.paths[shown] = name
	return innodb.File{Name: shown, At: at, Size: info.Size()}, nil
}

func (f *engineFiles) close() {
	for _, in := range f.open {
		in.Close()
	}
}

// tablespaceExists answers for the data directory; of files elsewhere nobody
// knows.
func (m *model) tablespaceExists(name string, _ uint32) bool {
	if !strings.HasPrefix(name, "./") {
		return true
	}
	return m.has(m.Layout.data(path.Clean(name)))
}
