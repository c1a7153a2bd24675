package bundle

import (
	"cmp"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

// FS returns the files of an input as a tree in which everything can be listed
// and described, and nothing can be read.
func (in *Input) FS() fs.FS {
	l := listing{}
	l.dir(".")
	for i := range in.Files {
		f := &in.Files[i]
		l.add(f.Path, &entry{name: path.Base(f.Path), size: f.Size, mode: fs.FileMode(f.Mode).Perm(), modified: f.Modified})
	}
	for _, d := range in.Directories {
		l.dir(d)
	}
	for _, e := range l {
		slices.SortFunc(e.children, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	}
	return l
}

// A listing is a tree by path.
type listing map[string]*entry

var _ interface {
	fs.ReadDirFS
	fs.StatFS
} = listing{}

// An entry is one file or directory. It describes itself.
type entry struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
	children []fs.DirEntry
}

// add puts in a file, unless its name or one above it is taken otherwise.
func (l listing) add(name string, e *entry) {
	if l[name] != nil {
		return
	}
	parent := l.dir(path.Dir(name))
	if parent == nil {
		return
	}
	l[name] = e
	parent.children = append(parent.children, fs.FileInfoToDirEntry(e))
}

// dir returns a directory, which is made if need be, or nil if something else
// has its name.
func (l listing) dir(name string) *entry {
	if e := l[name]; e != nil {
		if !e.IsDir() {
			return nil
		}
		return e
	}
	e := &entry{name: path.Base(name), mode: fs.ModeDir | 0o755}
	if name == "." {
		l[name] = e
		return e
	}
	l.add(name, e)
	return l[name]
}

func (l listing) find(op, name string) (*entry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if e := l[name]; e != nil {
		return e, nil
	}
	return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// Open opens a file that can be described and not read.
func (l listing) Open(name string) (fs.File, error) {
	e, err := l.find("open", name)
	if err != nil {
		return nil, err
	}
	return &file{entry: e, path: name}, nil
}

// Stat describes a file or directory.
func (l listing) Stat(name string) (fs.FileInfo, error) {
	e, err := l.find("stat", name)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ReadDir lists a directory.
func (l listing) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := l.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !e.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(e.children), nil
}

func (e *entry) Name() string       { return e.name }
func (e *entry) Size() int64        { return e.size }
func (e *entry) Mode() fs.FileMode  { return e.mode }
func (e *entry) ModTime() time.Time { return e.modified }
func (e *entry) IsDir() bool        { return e.mode.IsDir() }
func (e *entry) Sys() any           { return nil }

// A file is an opened entry.
type file struct {
	*entry
	path string
	next int
}

func (f *file) Stat() (fs.FileInfo, error) { return f.entry, nil }
func (f *file) Close() error               { return nil }

func (f *file) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.path, Err: ErrNotInBundle}
}

func (f *file) ReadAt([]byte, int64) (int, error) { return f.Read(nil) }

func (f *file) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := f.children[f.next:]
	switch {
	case !f.IsDir():
		return nil, &fs.PathError{Op: "readdir", Path: f.path, Err: fs.ErrInvalid}
	case n > 0 && len(rest) == 0:
		return nil, io.EOF
	case n > 0:
		rest = rest[:min(n, len(rest))]
	}
	f.next += len(rest)
	return slices.Clone(rest), nil
}
