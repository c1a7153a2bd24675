package cowsql

import (
	"cmp"
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
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A reading is one node while it is read.
type reading struct {
	name      string
	dir       fs.FS
	candidate analyze.Candidate
	options   analyze.Options

	mu    sync.Mutex
	files map[string]*file

	kept   bool    // files and layout come from a bundle
	layout *layout // once it is known
}

// Open begins to read a node.
func (System) Open(name string, dir fs.FS, c analyze.Candidate, o analyze.Options) (analyze.Reading, error) {
	if o.Server != "" {
		if _, ok := implementation(o.Server); !ok {
			return nil, fmt.Errorf("--server %s: not one of %s", o.Server, strings.Join(Servers(), ", "))
		}
	}
	return &reading{name: name, dir: dir, candidate: c, options: o, files: map[string]*file{}}, nil
}

// Take returns the consumer of a file of the raft directory.
func (r *reading) Take(name string) analyze.Take {
	if path.Dir(name) != r.candidate.Data {
		return nil
	}
	n := cowsql.ParseName(path.Base(name))
	kind := n.Kind
	if kind == cowsql.KindCorrupt {
		kind = cowsql.ParseName(n.Of).Kind
	}
	switch kind {
	case cowsql.KindOther, cowsql.KindTemporary:
		return nil
	}
	return func(in io.Reader, at io.ReaderAt, size int64) error {
		f, err := readFile(n, kind, in, at, size)
		r.mu.Lock()
		r.files[n.File] = f
		r.mu.Unlock()
		return err
	}
}

// readFile parses one file of the raft directory from its first byte on.
func readFile(n cowsql.Name, kind cowsql.FileKind, in io.Reader, at io.ReaderAt, size int64) (*file, error) {
	f := &file{Name: n, Size: size}
	var err error
	switch kind {
	case cowsql.KindMetadata:
		var buf []byte
		if buf, err = io.ReadAll(io.LimitReader(in, cowsql.MetadataSize)); err == nil {
			var damage *parse.Damage
			f.Metadata, damage = cowsql.ParseMetadata(n.File, buf, size)
			f.damaged(damage)
		}
	case cowsql.KindClosed, cowsql.KindOpen, cowsql.KindIgnored:
		f.Segment, err = cowsql.ReadSegment(in, at, n.File, size)
		if tail := kind == cowsql.KindOpen && f.Segment.NonZero < 0 && !f.Segment.Stop.Cut(); !tail {
			f.damaged(f.Segment.Damage)
		}
	case cowsql.KindSnapshotMeta:
		var buf []byte
		if buf, err = io.ReadAll(io.LimitReader(in, cowsql.MetaMaxSize)); err == nil {
			meta, damage := cowsql.ParseSnapshotMeta(n.File, buf)
			f.Meta = &meta
			f.damaged(damage)
		}
	case cowsql.KindSnapshotData:
		f.Snapshot, err = cowsql.ReadSnapshot(in, n.File, size)
		f.Damage = append(f.Damage, f.Snapshot.Damage...)
		for _, d := range f.Snapshot.Databases {
			f.Damage = append(f.Damage, d.StructuralProblems...)
		}
	}
	return f, err
}

func (f *file) damaged(d *parse.Damage) {
	if d != nil {
		f.Damage = append(f.Damage, *d)
	}
}

// Finish lists the directory and builds the node.
func (r *reading) Finish(context.Context) (*analyze.Node, error) {
	d := &directory{FS: r.dir, Data: r.candidate.Data}
	entries, err := fs.ReadDir(r.dir, r.candidate.Data)
	if err != nil {
		return nil, err
	}
	var errs []error
	var names []file
	if r.options.Quick {
		names = make([]file, 0, 64)
	} else {
		names = make([]file, 0, len(entries))
	}
	var last [2]string
	if r.options.Quick {
		last = lastClosed(entries)
	}
	for _, e := range entries {
		switch {
		case e.IsDir():
			d.Dirs = append(d.Dirs, e.Name())
		case e.Type().IsRegular():
			n := cowsql.ParseName(e.Name())
			if !r.options.Quick || !joins(names, n, last) {
				names = append(names, file{Name: n, Size: -1})
			}
		}
	}
	d.Files = make([]*file, len(names))
	for i := range names {
		f := &names[i]
		if read := r.files[f.Name.File]; read != nil {
			f = read
		} else if r.options.Quick && (decides(f.Name.Kind) || slices.Contains(last[:], f.Name.File)) {
			if read, err := r.readNow(f.Name); err != nil {
				errs = append(errs, err)
			} else {
				f = read
			}
		}
		if f.Name.Kind == cowsql.KindSnapshotMeta && f.Meta == nil { // it could not be read
			f.Meta = &cowsql.SnapshotMeta{Stop: cowsql.MetaShortHeader}
		}
		d.Files[i] = f
	}
	if byName := func(a, b *file) int { return cmp.Compare(a.Name.File, b.Name.File) }; !slices.IsSortedFunc(d.Files, byName) {
		slices.SortFunc(d.Files, byName)
	}
	d.index()
	if !r.kept {
		if r.layout, err = readLayout(r.dir, r.candidate); err != nil {
			errs = append(errs, err)
		}
	}
	m := newModel(d, r.layout, r.options)
	m.Kept = r.kept
	node := m.node(r.name, r.candidate)
	return node, errors.Join(errs...)
}

// decides reports whether a file of that kind decides the position when the
// names of closed segments are believed.
func decides(k cowsql.FileKind) bool {
	return k == cowsql.KindMetadata || k == cowsql.KindOpen || k == cowsql.KindSnapshotMeta
}

// lastClosed returns the closed segment with the highest last index and the
// one in front of it, which tells whether a recovery wrote the last: a quick
// run reads both. Names of the usual length are sorted by their indexes.
func lastClosed(entries []fs.DirEntry) (out [2]string) {
	var last [2]cowsql.Name
	for i := len(entries) - 1; i >= 0; i-- {
		n := cowsql.ParseName(entries[i].Name())
		if n.Kind != cowsql.KindClosed || n.Last < n.First {
			continue
		}
		switch {
		case last[0].File == "" || n.Last > last[0].Last:
			last = [2]cowsql.Name{n, last[0]}
		case last[1].File == "" || n.Last > last[1].Last:
			last[1] = n
		case !n.Short:
			i = 0
		}
	}
	return [2]string{last[0].File, last[1].File}
}

// joins lets a closed segment that continues the one before it become a part
// of it: a quick run believes their names, and 100,000 of them are one range.
func joins(names []file, n cowsql.Name, last [2]string) bool {
	if len(names) == 0 || n.Kind != cowsql.KindClosed || n.File == last[0] || n.File == last[1] || n.Last < n.First {
		return false
	}
	before := &names[len(names)-1].Name
	if before.Kind != cowsql.KindClosed || before.Last+1 != n.First || before.Last < before.First {
		return false
	}
	before.Last = n.Last
	return true
}

func (r *reading) readNow(n cowsql.Name) (*file, error) {
	in, err := r.dir.Open(path.Join(r.candidate.Data, n.File))
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	at, _ := in.(io.ReaderAt)
	return readFile(n, n.Kind, in, at, info.Size())
}
