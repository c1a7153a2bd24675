package wesql

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/binlog"
	"github.com/lastwrite/lastwrite/parse/optionfile"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// A reading is one node while it is read. Log files, slices of the archive and
// mysql.ibd are taken from the pass over the input, the rest is small and read
// when it is over.
type reading struct {
	m       *model
	options analyze.Options

	mu    sync.Mutex
	taken map[string]bool
}

// Open begins to read a node.
func (System) Open(name string, dir fs.FS, c analyze.Candidate, o analyze.Options) (analyze.Reading, error) {
	m := &model{
		Name: name, FS: dir, Data: c.Data, Layout: c.Layout, where: c.Dir, sizes: map[string]int64{}, dirs: map[string]bool{}, modes: map[string]fs.FileMode{},
		Logs: map[string]*wesql.Log{}, ledgers: map[string]*ledger{},
	}
	if c.Layout == layoutServer {
		m.configure()
		m.locate()
	}
	return &reading{m: m, options: o, taken: map[string]bool{}}, nil
}

// configure reads the option file.
func (m *model) configure() {
	for _, name := range []string{m.in("my.cnf"), "my.cnf", "etc/my.cnf", "etc/mysql/my.cnf", "etc/mysql/mysql.conf.d/mysqld.cnf"} {
		c, err := optionfile.Read(m.FS, name, optionfile.Below(m.FS, "."))
		if err != nil {
			continue
		}
		m.ConfFile, m.HasConf = name, true
		m.Conf, _ = optionfile.NewServer(c.Settings.In(optionfile.ServerGroups(optionfile.MySQL, "8.0")))
		return
	}
}

// locate finds the log: where the option says, else in the data directory, else
// in a directory of its own beside it.
func (m *model) locate() {
	m.LogDir, m.Base = m.Data, "binlog"
	if v := m.Conf.LogBin; v.Set && v.V != "" {
		m.Base = path.Base(v.V)
	}
	if at := logIndex(m.FS, m.Data, analyze.List(m.FS, m.Data)); at != "" {
		m.found(at)
		return
	}
	if v := m.Conf.LogBin; v.Set && strings.Contains(v.V, "/") {
		below := optionfile.Below(m.FS, ".")
		if at, ok := below(v.V + ".index"); ok {
			if at = logIndex(m.FS, path.Dir(at), analyze.List(m.FS, path.Dir(at))); at != "" {
				m.found(at)
				return
			}
		}
	}
	const most = 4
	_ = analyze.Directories(m.FS, func(name string, l analyze.Listing) bool {
		if m.IndexPath != "" || depth(name) > most || isStore(m.FS, name, l) || path.Base(name) == "recovery_tmp" {
			return false
		}
		if at := logIndex(m.FS, name, l); at != "" {
			m.found(at)
		}
		return true
	})
	if m.IndexPath == "" {
		m.found(path.Join(m.LogDir, m.Base+".index"))
	}
}

func (m *model) found(index string) {
	m.IndexPath, m.LogDir = index, path.Dir(index)
	m.Base = strings.TrimSuffix(path.Base(index), ".index")
	if v := m.Conf.LogBinIndex; v.Set && v.V != "" {
		m.IndexPath = path.Join(m.LogDir, path.Base(v.V))
	}
}

// kind tells what a file is to the reading.
func (r *reading) kind(name string) string {
	m := r.m
	base, number := logNumber(path.Base(name))
	switch {
	case m.Layout == layoutPlain:
		return ""
	case m.Layout == layoutServer && number > 0 && base == m.Base && path.Dir(name) == m.LogDir:
		return "log"
	case m.Layout == layoutServer && name == m.in("mysql.ibd"):
		return "rows"
	}
	if _, ok := wesql.ParseSliceName(path.Base(name)); ok && path.Base(path.Dir(name)) == "binlog" {
		return "slice"
	}
	return ""
}

// Take returns the consumer of a file.
func (r *reading) Take(name string) analyze.Take {
	kind := r.kind(name)
	if kind == "" {
		return nil
	}
	return func(in io.Reader, at io.ReaderAt, size int64) error {
		if kind == "rows" {
			x, err := wesql.ReadRows(in, name, size)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.m.Rows, r.taken[name] = x, true
			return err
		}
		o := wesql.Options{}
		if s, ok := wesql.ParseSliceName(path.Base(name)); ok && kind == "slice" {
			o.Offset = max(s.End-size, 0)
		}
		l := newLedger()
		o.Visit = func(e *wesql.Entry) { l.add(name, e) }
		x, err := wesql.ReadLog(in, at, name, size, o)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.m.Logs[name], r.m.ledgers[name], r.taken[name] = x, l, true
		return err
	}
}

// now reads a file outside of the pass, as a quick run does.
func (r *reading) now(name string) error {
	take := r.Take(name)
	if take == nil {
		return nil
	}
	in, err := r.m.FS.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	at, _ := in.(io.ReaderAt)
	return take(in, at, info.Size())
}

// Finish reads what is small, and returns the node.
func (r *reading) Finish(ctx context.Context) (*analyze.Node, error) {
	m := r.m
	var errs []error
	err := fs.WalkDir(m.FS, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil // whoever reads the tree has reported it
		case e.IsDir():
			m.dirs[name] = true
			return nil
		case !e.Type().IsRegular():
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil
		}
		m.sizes[name], m.modes[name] = info.Size(), info.Mode()
		if !r.taken[name] && m.stored == nil {
			errs = append(errs, r.now(name))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if m.stored != nil {
		m.recalled()
	} else {
		errs = append(errs, m.small(ctx, r.options.Deep)...)
	}
	m.node()
	return m.Node, errors.Join(errs...)
}

// small reads auto.cnf, the index, the redo log, stores and engine.
func (m *model) small(ctx context.Context, deep bool) (errs []error) {
	m.findStore(&errs)
	if m.Layout == layoutStore {
		m.runs = m.Store.Runs
		m.bad = m.Store.Bad
		m.large = m.Store.large
		return errs
	}
	if b, err := m.read(m.in("auto.cnf"), wesql.MaxText); err == nil {
		m.Auto, m.HasAuto = wesql.ParseAutoConf(m.in("auto.cnf"), b), true
		m.Damage = append(m.Damage, m.Auto.Damage...)
	}
	if m.Layout == layoutPlain {
		return append(errs, m.readRedo())
	}
	if b, err := m.read(m.IndexPath, wesql.MaxText); err == nil {
		m.HasIndex, m.IndexRaw = true, b
		m.Index = binlog.ParseIndex(m.IndexPath, b)
		m.Damage = append(m.Damage, m.Index.Damage...)
	} else if !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	m.assemble()
	for _, l := range m.Chain {
		if l.Log != nil {
			m.Damage = append(m.Damage, l.Log.Damage...)
		}
	}
	errs = append(errs, m.readRedo(), m.readEngine(ctx, deep))
	return errs
}

// read returns the first bytes of a file.
func (m *model) read(name string, limit int64) ([]byte, error) {
	if b, ok := m.stored[name]; ok {
		return b[:min(int64(len(b)), limit)], nil
	}
	in, err := m.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return io.ReadAll(io.LimitReader(in, limit))
}

// redoState is what the redo log says about the tablespaces.
type redoState struct {
	Known      bool
	Clean      bool
	Checkpoint uint64
	End        uint64
	Flushed    uint64 // LSN in page 0 of the system tablespace
	System     string // that tablespace
	Meta       *wesql.Meta
}

// readRedo compares the redo log with the system tablespace.
func (m *model) readRedo() error {
	var files []string
	for _, name := range m.below(m.in("#innodb_redo")) {
		if strings.HasPrefix(path.Base(name), "#ib_redo") && !strings.HasSuffix(name, "_tmp") {
			files = append(files, name)
		}
	}
	read := func(from uint64) (list []*wesql.Redo, err error) {
		for _, name := range files {
			in, e := m.FS.Open(name)
			if e != nil {
				return list, e
			}
			at, ok := in.(io.ReaderAt)
			if ok {
				x, e := wesql.ReadRedo(at, name, m.sizes[name], from)
				err = errors.Join(err, e)
				if x.Valid {
					list = append(list, x)
				}
			}
			in.Close()
		}
		return list, err
	}
	list, err := read(0)
	r := &m.Redo
	for _, x := range list {
		r.Checkpoint = max(r.Checkpoint, x.Checkpoint)
	}
	if r.Checkpoint == 0 {
		return err
	}
	list, err2 := read(r.Checkpoint)
	slices.SortFunc(list, func(a, b *wesql.Redo) int { return strings.Compare(a.File, b.File) })
	slices.SortStableFunc(list, func(a, b *wesql.Redo) int {
		if a.Start < b.Start {
			return -1
		}
		return 1
	})
	for _, x := range list {
		if x.End > r.End && (r.End == 0 || x.Start <= r.End) && x.End >= r.Checkpoint {
			r.End = x.End
			if x.Meta != nil {
				r.Meta = x.Meta
			}
		}
	}
	m.flushed(r)
	r.Known = r.End != 0
	r.Clean = r.Known && r.End == r.Checkpoint && r.Flushed == r.Checkpoint
	return errors.Join(err, err2)
}

// flushed reads the LSN of the system tablespace: of several candidates the
// one that fits the checkpoint.
func (m *model) flushed(r *redoState) {
	for _, name := range []string{"ibdata1", "ibdata"} {
		b, err := m.read(m.in(name), 64)
		if err != nil || len(b) < 34 {
			continue
		}
		lsn := uint64(0)
		for _, c := range b[26:34] {
			lsn = lsn<<8 | uint64(c)
		}
		if r.System == "" || lsn == r.Checkpoint {
			r.System, r.Flushed = m.in(name), lsn
		}
	}
}
