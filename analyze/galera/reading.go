package galera

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
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// A reading is one node while it is read. Logs and the write-set cache are
// taken from the pass over the input; the position needs a few pages and the
// redo log, which are read at random when the pass is over.
type reading struct {
	name      string
	dir       fs.FS
	candidate analyze.Candidate
	options   analyze.Options
	layout    layout

	mu    sync.Mutex
	cache *cache
	logs  map[string]journal
	pages []tablespace // with Options.Deep
	model *model       // what Finish made, or what comes from a bundle
}

// Open begins to read a node.
func (System) Open(name string, dir fs.FS, c analyze.Candidate, o analyze.Options) (analyze.Reading, error) {
	r := &reading{name: name, dir: dir, candidate: c, options: o, layout: readLayout(dir, c.Data, c.Product), logs: map[string]journal{}}
	if o.Deep {
		r.layout.findRemote(dir)
	}
	return r, nil
}

// Take returns the consumer of the cache, of error logs, and in a deep run of
// tablespaces, whose pages are to be checked.
func (r *reading) Take(name string) analyze.Take {
	switch {
	case name == r.layout.Cache:
		return func(_ io.Reader, at io.ReaderAt, size int64) error {
			c, err := readCache(at, name, size)
			r.mu.Lock()
			r.cache = c
			r.mu.Unlock()
			return err
		}
	case slices.Contains(r.layout.Logs, name):
		return func(in io.Reader, _ io.ReaderAt, _ int64) error {
			j, err := readJournal(in, name)
			r.mu.Lock()
			r.logs[name] = j
			r.mu.Unlock()
			return err
		}
	case r.options.Deep && r.layout.holds(name):
		return r.checkPages(name)
	case r.options.Deep && r.layout.isRedo(name):
		return func(io.Reader, io.ReaderAt, int64) error { return nil } // Finish reads it
	}
	return nil
}

// now reads a file outside of the pass, as a quick run does.
func (r *reading) now(name string) error {
	in, err := r.dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	at, _ := in.(io.ReaderAt)
	return r.Take(name)(in, at, info.Size())
}

// Finish reads what is small or has to be read at random, and returns the node.
func (r *reading) Finish(ctx context.Context) (*analyze.Node, error) {
	if r.model != nil {
		return r.recalled()
	}
	var errs []error
	if r.options.Quick { // positions of different branches must not be compared, so the cache is read even now
		for _, name := range append([]string{r.layout.Cache}, r.layout.Logs...) {
			errs = append(errs, r.now(name))
		}
	}
	m := &model{FS: r.dir, Data: r.candidate.Data, Layout: r.layout, Cache: r.cache, Pages: r.pages, Arbitrator: r.candidate.Layout == layoutArbitrator}
	m.Damage = append(m.Damage, r.layout.Damage...)
	errs = append(errs, m.list())
	for _, name := range r.layout.Logs {
		if j, ok := r.logs[name]; ok {
			m.Log = m.Log.join(j)
		}
	}
	errs = append(errs, m.states())
	if !m.Arbitrator {
		m.transfers()
		engine, err := readEngine(ctx, m)
		m.Engine = engine
		errs = append(errs, err)
		m.Damage = append(m.Damage, engine.Damage...)
	}
	m.Node = &analyze.Node{Name: r.name, System: "galera", Product: r.candidate.Product, Role: "data", Model: m}
	if !m.Arbitrator {
		m.mend()
	}
	if m.Cache != nil {
		m.Damage = append(m.Damage, m.Cache.Damage...)
	}
	m.sight()
	m.Node.Damage = m.Damage
	if m.Arbitrator {
		m.Node.Role = "arbitrator"
	}
	r.model = m
	return m.Node, errors.Join(errs...)
}

// list notes every regular file and every directory of the tree.
func (m *model) list() error {
	m.Dirs = map[string]bool{}
	var errs []error
	err := fs.WalkDir(m.FS, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			errs = append(errs, err)
			return nil
		case e.IsDir():
			m.Dirs[name] = true
		case e.Type().IsRegular():
			size := int64(-1)
			if info, err := e.Info(); err == nil {
				size = info.Size()
			}
			m.Files = append(m.Files, file{name, size})
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// states reads grastate.dat and gvwstate.dat.
func (m *model) states() error {
	name := m.Layout.state("grastate.dat")
	buf, size, err := readSmall(m.FS, name)
	if err == nil {
		m.State = galera.ParseState(name, buf, size)
		m.Damage = append(m.Damage, m.State.Damage...)
	}
	for _, name := range []string{"gvwstate.dat", "gvwstate.dat.tmp"} {
		name = m.Layout.state(name)
		buf, size, e := readSmall(m.FS, name)
		if errors.Is(e, fs.ErrNotExist) {
			continue
		}
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		v := galera.ParseView(name, buf, size)
		m.Damage = append(m.Damage, v.Damage...)
		if strings.HasSuffix(name, ".dat") {
			m.View = v
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readSmall reads the first MaxText bytes of a file.
func readSmall(fsys fs.FS, name string) ([]byte, int64, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fs.ErrNotExist
	}
	in, err := fsys.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	buf, err := io.ReadAll(io.LimitReader(in, galera.MaxText))
	return buf, info.Size(), err
}

// sight merges the configurations of the cache and of the log.
func (m *model) sight() {
	seen := map[uint64]bool{}
	address := map[string]string{}
	if c := m.Cache; c != nil {
		for _, ch := range c.Changes {
			if ch.ConfID < 0 || len(ch.Members) == 0 || ch.Seqno <= 0 {
				continue
			}
			at := sighting{UUID: ch.Group, Seqno: uint64(ch.Seqno), Source: parse.Span{File: c.File, Field: "configuration change"}, change: change{Primary: true}}
			if e, ok := c.at(at.Seqno); ok {
				at.Source.Offset, at.Source.Length = e.Offset(), int64(e.Size)
			}
			for _, p := range ch.Members {
				address[p.Name] = p.Incoming
				at.Members = append(at.Members, peer{p.UUID, p.Name, p.Incoming})
			}
			seen[at.Seqno] = true
			m.Sightings = append(m.Sightings, at)
		}
	}
	for _, s := range m.Log.Views {
		if m.Cache != nil && s.UUID == m.Cache.UUID && seen[s.Seqno] || len(s.Members) == 0 {
			continue
		}
		for i, p := range s.Members {
			known, ok := address[p.Name]
			switch {
			case ok:
				s.Members[i].Address = known
			case p.Name == "garb":
				s.Members[i].Address = ""
			}
		}
		m.Sightings = append(m.Sightings, s)
	}
	slices.SortStableFunc(m.Sightings, func(a, b sighting) int {
		switch {
		case a.Seqno < b.Seqno:
			return -1
		case a.Seqno > b.Seqno:
			return 1
		}
		return 0
	})
}

// join adds the next log of the same node; the later one counts where only
// one can.
func (j journal) join(k journal) journal {
	if j.File == "" {
		return k
	}
	if k.Name == "" && k.UUID.IsZero() && len(k.Histories) == 0 {
		return j
	}
	for _, u := range j.Histories {
		if !slices.Contains(k.Histories, u) {
			k.Histories = append(k.Histories, u)
		}
	}
	k.Bounds = append(slices.Clone(j.Bounds), k.Bounds...)
	k.Views = append(slices.Clone(j.Views), k.Views...)
	return k
}

// transfers looks for what state transfers and failed write sets left behind.
func (m *model) transfers() {
	for _, f := range m.Files {
		if path.Dir(f.Path) != m.Data {
			continue
		}
		switch n := galera.ParseName(path.Base(f.Path)); n.Kind {
		case galera.KindTransferRunning:
			m.SST = f.Path
		case galera.KindTransferInfo:
			if buf, size, err := readSmall(m.FS, f.Path); err == nil {
				if t := galera.ParseTransferInfo(f.Path, buf, size); t.Position.Present && !t.UUID.IsZero() {
					m.Transfers = append(m.Transfers, transfer{f.Path, t.UUID, t.Seqno})
				}
			}
		case galera.KindFailedWriteSet:
			if n.Seqno > 0 {
				m.Failed = append(m.Failed, failedSet{f.Path, uint64(n.Seqno)})
			}
		}
	}
}
