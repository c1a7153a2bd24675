package manticore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// A reading is one host while it is read.
type reading struct {
	name      string
	dir       fs.FS
	candidate analyze.Candidate
	options   analyze.Options

	mu    sync.Mutex
	files evidence
	taken map[string]bool
	kept  bool // files comes from a bundle
}

// evidence is what the parsers made of the files of a host, by path.
type evidence struct {
	Configs map[string]*manticore.Config
	Metas   map[string]*manticore.BinlogMeta
	Logs    map[string]*manticore.Log
	Tables  map[string]*manticore.TableMeta
	Memory  map[string]*manticore.SharedMemory
	Confs   map[string]*manticore.ServerConf
	Journal map[string]*manticore.ServerLog
	States  map[string]*galera.StateFile
	Views   map[string]*galera.ViewFile
	Caches  map[string]*cache
}

func newEvidence() evidence {
	return evidence{
		Configs: map[string]*manticore.Config{}, Metas: map[string]*manticore.BinlogMeta{}, Logs: map[string]*manticore.Log{},
		Tables: map[string]*manticore.TableMeta{}, Memory: map[string]*manticore.SharedMemory{}, Confs: map[string]*manticore.ServerConf{},
		Journal: map[string]*manticore.ServerLog{}, States: map[string]*galera.StateFile{}, Views: map[string]*galera.ViewFile{}, Caches: map[string]*cache{},
	}
}

// share takes over what is known of a file whose bytes are the same.
func (e *evidence) share(from *evidence, name string) {
	share(e.Configs, from.Configs, name)
	share(e.Metas, from.Metas, name)
	share(e.Logs, from.Logs, name)
	share(e.Tables, from.Tables, name)
	share(e.Memory, from.Memory, name)
	share(e.Confs, from.Confs, name)
	share(e.Journal, from.Journal, name)
	share(e.States, from.States, name)
	share(e.Views, from.Views, name)
	share(e.Caches, from.Caches, name)
}

func share[T any](to, from map[string]*T, name string) {
	if x, ok := from[name]; ok {
		to[name] = x
	}
}

// Open begins to read a host.
func (System) Open(name string, dir fs.FS, c analyze.Candidate, o analyze.Options) (analyze.Reading, error) {
	if _, ok := asked(o); !ok {
		return nil, fmt.Errorf("--server %s: not a version of searchd such as 29.0.2", o.Server)
	}
	return &reading{
		name: name, dir: dir, candidate: c, options: o, taken: map[string]bool{},
		files: newEvidence(),
	}, nil
}

// below reports whether a path lies in a directory.
func below(name, dir string) bool { return dir == "." || strings.HasPrefix(name, dir+"/") }

// Take returns the consumer of a file. Which paths count is known only when
// manticore.json has been read, so every file of a known kind is.
func (r *reading) Take(name string) analyze.Take {
	inData := below(name, r.candidate.Data)
	kind := manticore.KindOf(name)
	switch kind {
	case manticore.ConfigFile, manticore.ConfigNew, manticore.ConfigOld:
		if path.Dir(name) != r.candidate.Data {
			return nil
		}
	case manticore.TableMetaFile, manticore.GrastateFile, manticore.GvwstateFile, manticore.GaleraCacheFile:
		if !inData {
			return nil
		}
	case manticore.BinlogMetaFile, manticore.LogFile, manticore.SharedMemoryFile, manticore.ServerConfFile, manticore.ServerLogFile:
	default:
		return nil
	}
	return func(in io.Reader, at io.ReaderAt, size int64) error {
		store, err := consume(kind, name, in, at, size)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.taken[name] = true
		store(&r.files)
		return err
	}
}

// consume parses one file and returns what puts it among the evidence.
func consume(kind manticore.Kind, name string, in io.Reader, at io.ReaderAt, size int64) (func(*evidence), error) {
	switch kind {
	case manticore.ConfigFile, manticore.ConfigNew, manticore.ConfigOld:
		x, err := manticore.ReadConfig(in, name, size)
		return func(e *evidence) { e.Configs[name] = x }, err
	case manticore.LogFile:
		x, err := manticore.ReadLog(in, at, name, size)
		return func(e *evidence) { e.Logs[name] = x }, err
	case manticore.TableMetaFile:
		x, err := manticore.ReadTableMeta(in, name, size)
		return func(e *evidence) { e.Tables[name] = x }, err
	case manticore.ServerConfFile:
		x, err := manticore.ReadServerConf(in, name)
		return func(e *evidence) { e.Confs[name] = x }, err
	case manticore.ServerLogFile:
		x, err := manticore.ReadServerLog(in, name)
		return func(e *evidence) { e.Journal[name] = x }, err
	case manticore.GaleraCacheFile:
		x, err := readCache(in, at, name, size)
		return func(e *evidence) { e.Caches[name] = x }, err
	}
	limit := int64(manticore.SharedMemoryMaxSize)
	if kind == manticore.GrastateFile || kind == manticore.GvwstateFile {
		limit = galera.MaxText
	}
	buf, err := io.ReadAll(io.LimitReader(in, limit))
	return func(e *evidence) {
		switch kind {
		case manticore.BinlogMetaFile:
			e.Metas[name] = manticore.ParseBinlogMeta(name, buf, size)
		case manticore.SharedMemoryFile:
			e.Memory[name] = manticore.ParseSharedMemory(name, buf)
		case manticore.GrastateFile:
			e.States[name] = galera.ParseState(name, buf, size)
		case manticore.GvwstateFile:
			e.Views[name] = galera.ParseView(name, buf, size)
		}
	}, err
}

// Finish lists the host's files, reads those that the pass did not bring, and
// builds the node.
func (r *reading) Finish(ctx context.Context) (*analyze.Node, error) {
	h := &host{Name: r.name, FS: r.dir, Data: r.candidate.Data, evidence: &r.files, sizes: map[string]int64{}, dirs: map[string]bool{}}
	var errs []error
	err := fs.WalkDir(r.dir, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil // whoever reads the tree has reported it
		case e.IsDir():
			h.dirs[name] = true
			return nil
		case !e.Type().IsRegular():
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil
		}
		h.sizes[name] = info.Size()
		h.Files = append(h.Files, name)
		if r.options.Quick && !r.taken[name] && !r.kept { // the cache too: without it a crashed node has no position
			errs = append(errs, r.readNow(name))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.settle(r.options)
	return h.node(r.candidate), errors.Join(errs...)
}

// settle makes of the evidence what the host is, and what its next start makes
// of it.
func (h *host) settle(o analyze.Options) {
	slices.Sort(h.Files)
	h.build()
	if s, _ := asked(o); s.Exact {
		h.Server = s
	}
	h.replay()
}

// readNow reads a file outside of the pass.
func (r *reading) readNow(name string) error {
	take := r.Take(name)
	if take == nil {
		return nil
	}
	in, err := r.dir.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	at, ok := in.(io.ReaderAt)
	if !ok {
		return &fs.PathError{Op: "read", Path: name, Err: errors.ErrUnsupported}
	}
	return take(in, at, info.Size())
}
