package source

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

// FS returns the tree for reading. Regular files opened through it implement
// io.ReaderAt and io.Seeker and keep the size that they had when they were
// opened. Listings carry the type of every entry without describing it; Stat
// describes a link and not its target, and only regular files and directories
// can be opened.
func (t *Tree) FS() fs.FS { return view{t, "."} }

// A view is the tree from one of its directories on.
type view struct {
	tree *Tree
	dir  string
}

var _ interface {
	fs.ReadDirFS
	fs.ReadLinkFS
	fs.StatFS
	fs.SubFS
} = view{}

func (v view) name(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return path.Join(v.dir, name), nil
}

// pathError names name once, whatever err names already.
func pathError(op, name string, err error) error {
	var inner *fs.PathError
	for errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func (v view) Open(name string) (fs.File, error) {
	full, err := v.name("open", name)
	if err != nil {
		return nil, err
	}
	x, err := v.tree.openFile(full)
	if err == nil {
		v.tree.remember(full, x.info)
		return &file{SectionReader: io.NewSectionReader(x, 0, x.size), extent: x, info: named(x.info, path.Base(name))}, nil
	}
	if !errors.Is(err, errNotRegular) {
		return nil, pathError("open", name, err)
	}
	info, err := v.tree.store.lstat(full)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	if !info.IsDir() {
		return nil, pathError("open", name, errNotRegular)
	}
	return &dir{view: v, name: name, info: named(info, path.Base(name))}, nil
}

func (v view) ReadDir(name string) ([]fs.DirEntry, error) {
	full, err := v.name("readdir", name)
	if err != nil {
		return nil, err
	}
	list, err := v.tree.listing(full)
	if err != nil {
		err = pathError("readdir", name, err)
	}
	return slices.Clone(v.tree.dirEntries(full, list)), err
}

// dirEntries turns a listing into directory entries, once: the families look
// at the same directory several times.
func (t *Tree) dirEntries(name string, list []entry) []fs.DirEntry {
	t.mu.Lock()
	out, ok := t.dirents[name]
	t.mu.Unlock()
	if ok {
		return out
	}
	entries := make([]dirEntry, len(list))
	out = make([]fs.DirEntry, len(list))
	for i, e := range list {
		entries[i] = dirEntry{t, name, e}
		out[i] = &entries[i]
	}
	t.mu.Lock()
	t.dirents[name] = out
	t.mu.Unlock()
	return out
}

// Stat does the same as Lstat.
func (v view) Stat(name string) (fs.FileInfo, error) { return v.Lstat(name) }

func (v view) Lstat(name string) (fs.FileInfo, error) {
	full, err := v.name("stat", name)
	if err != nil {
		return nil, err
	}
	info, err := v.tree.store.lstat(full)
	if err != nil {
		return nil, pathError("stat", name, err)
	}
	return named(info, path.Base(name)), nil
}

func (v view) ReadLink(name string) (string, error) {
	full, err := v.name("readlink", name)
	if err != nil {
		return "", err
	}
	target, err := v.tree.store.readlink(full)
	if err != nil {
		return "", pathError("readlink", name, err)
	}
	return target, nil
}

func (v view) Sub(name string) (fs.FS, error) {
	full, err := v.name("sub", name)
	if err != nil {
		return nil, err
	}
	return view{v.tree, full}, nil
}

// A file is an open regular file.
type file struct {
	*io.SectionReader
	extent *extent
	info   fs.FileInfo
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return f.extent.close() }

// A dir is an open directory.
type dir struct {
	view   view
	name   string
	info   fs.FileInfo
	list   []fs.DirEntry
	listed bool
}

func (d *dir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *dir) Close() error               { return nil }

func (d *dir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a directory")}
}

func (d *dir) ReadDir(n int) ([]fs.DirEntry, error) {
	var err error
	if !d.listed {
		d.list, err = d.view.ReadDir(d.name)
		d.listed = true
	}
	if n <= 0 || err != nil {
		out := d.list
		d.list = nil
		return out, err
	}
	if len(d.list) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.list))
	out := d.list[:n:n]
	d.list = d.list[n:]
	return out, nil
}

// A dirEntry describes its file only when asked to.
type dirEntry struct {
	tree *Tree
	dir  string
	entry
}

func (e *dirEntry) Name() string      { return e.name }
func (e *dirEntry) IsDir() bool       { return e.mode.IsDir() }
func (e *dirEntry) Type() fs.FileMode { return e.mode }
func (e *dirEntry) String() string    { return fs.FormatDirEntry(e) }

func (e *dirEntry) Info() (fs.FileInfo, error) {
	info, err := e.tree.store.lstat(join(e.dir, e.name))
	if err != nil {
		return nil, pathError("stat", e.name, err)
	}
	return info, nil
}

// named returns info under another name: the root of a tree is called "." by
// those who open it so.
func named(info fs.FileInfo, name string) fs.FileInfo {
	if info.Name() == name {
		return info
	}
	return renamed{info, name}
}

type renamed struct {
	fs.FileInfo
	name string
}

func (r renamed) Name() string { return r.name }

// A member is the fs.FileInfo of an archive member.
type member struct {
	name     string
	size     int64
	mode     fs.FileMode
	modified time.Time
}

func (m *member) Name() string       { return m.name }
func (m *member) Size() int64        { return m.size }
func (m *member) Mode() fs.FileMode  { return m.mode }
func (m *member) ModTime() time.Time { return m.modified }
func (m *member) IsDir() bool        { return m.mode.IsDir() }
func (m *member) Sys() any           { return nil }
