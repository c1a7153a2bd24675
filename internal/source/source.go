// Package source opens one path of the command line, a directory or an
// archive, and offers what is above it a read-only fs.FS and one sequential
// pass over all bytes.
//
// The input is sacred. Nothing here opens a file of the input for writing,
// follows a link, or waits for a FIFO; on Linux even access times stay as they
// are where the kernel allows it. Directories are read through an os.Root, so
// that no name leads out of them. The members of an archive never become files
// under their own names: plain tar files are served in place, everything else
// is unpacked into one private spool file.
//
// What cannot be served (links, FIFOs, devices, sockets, unreadable files,
// refused archive members) is a Stranger: reported, and never fatal below the
// root.
package source

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// A Kind tells directories from archives.
type Kind string

// The kinds of a Tree.
const (
	Directory Kind = "directory"
	Archive   Kind = "archive"
)

// Options steer Open.
type Options struct {
	// TempDir is the directory for unpacked archives, "" for os.TempDir().
	TempDir string
	// LiveOK lets RefuseLive pass a directory that a running server holds.
	LiveOK bool

	faults // injected by tests
}

// faults replace what the operating system says.
type faults struct {
	free func(dir string) (uint64, error)      // free bytes of the file system that holds dir
	open func(name string) error               // error of opening the regular file name
	read func(name string, offset int64) error // error of reading at offset of name
}

// A Stranger is something in the tree that is not served, or not in full.
type Stranger struct {
	Path   string // slash separated, relative to the root of the tree
	Reason string // why, as a phrase without a full stop
	Target string // text of a link, "" for all others; nobody followed it
	// Unread says that a file or directory was there and that what it holds, or
	// a part of it, was not seen. It is false for links, FIFOs, devices and
	// sockets, which hold nothing.
	Unread bool
}

// A Tree is one opened input. Its methods may be called concurrently, except
// Close.
type Tree struct {
	path    string
	kind    Kind
	options Options
	store   store
	closing sync.Once

	mu        sync.Mutex
	strangers map[string]Stranger
	listings  map[string][]entry
	dirents   map[string][]fs.DirEntry // of the same directories
	opened    map[string]ManifestFile  // regular files opened through FS, as they were then
}

// A store is where a Tree gets its files from. Names are valid in the sense of
// fs.ValidPath, and errors are not wrapped with the name.
type store interface {
	// list returns the entries of a directory in the order of their names.
	list(name string) ([]entry, error)
	// lstat describes a file, a link itself and not its target.
	lstat(name string) (fs.FileInfo, error)
	// readlink returns the text of a link.
	readlink(name string) (string, error)
	// open opens a regular file, and nothing else.
	open(name string) (*extent, error)
	// walk visits every entry but the root, each directory in the order of
	// its names, with what lstat says of regular files and directories.
	walk(ctx context.Context, visit func(item)) error
	// container returns the archive file, nil for a directory.
	container() *container
	close() error
}

// An entry is one name in a directory.
type entry struct {
	name string
	mode fs.FileMode // type bits only
}

// An item is what walk visits.
type item struct {
	name string
	mode fs.FileMode
	info fs.FileInfo // regular files and directories only
	err  error       // the file or directory cannot be described or listed
}

// Open opens path: a directory, or an archive (tar, tar.gz, tar.zst, zip, told
// by content). Path itself may be a link, which is followed; nothing below it
// is.
//
// The error is an *InputError if there is nothing to read at path, a
// *NotArchiveError for a regular file of another type, an *EscapeError for an
// archive whose member names lead out of it, a *SpaceError if unpacking would
// fill the disk. An *IncompleteError says that an archive is damaged; it comes
// with the Tree of all members that were read completely, or with nil if there
// are none.
func Open(ctx context.Context, path string, o Options) (*Tree, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, inputError(path, err)
	}
	t := &Tree{
		path: path, options: o,
		strangers: make(map[string]Stranger),
		listings:  make(map[string][]entry),
		dirents:   make(map[string][]fs.DirEntry),
		opened:    make(map[string]ManifestFile),
	}
	switch mode := info.Mode(); {
	case mode.IsDir():
		t.kind = Directory
		t.store, err = openDirectory(path, o.faults)
	case mode.IsRegular() && info.Size() == 0:
		err = &InputError{Path: path, Problem: Empty}
	case mode.IsRegular():
		t.kind = Archive
		t.store, err = openArchive(ctx, path, o, t.report)
	default:
		err = &InputError{Path: path, Problem: problemOf(mode)}
	}
	if t.store == nil {
		return nil, err
	}
	return t, err
}

// Path returns the path as it was given.
func (t *Tree) Path() string { return t.path }

// Kind tells whether the tree is a directory or an archive.
func (t *Tree) Kind() Kind { return t.kind }

// Close releases the tree and removes what was unpacked. Files opened through
// FS must not be used afterwards. Another Close does nothing.
func (t *Tree) Close() error {
	var err error
	t.closing.Do(func() { err = t.store.close() })
	return err
}

// Strangers returns what was met so far and is not served, sorted by path. A
// listing meets the links, FIFOs, devices and sockets of its directory, an
// attempt to open a file meets that it is not readable; after Sweep or
// Snapshot the list is complete.
func (t *Tree) Strangers() []Stranger {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.SortedFunc(maps.Values(t.strangers), func(a, b Stranger) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason))
	})
}

func (t *Tree) report(s Stranger) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strangers[s.Path+"\x00"+s.Reason] = s
}

// reportEntry reports an entry that is neither file nor directory.
func (t *Tree) reportEntry(name string, mode fs.FileMode) {
	s := Stranger{Path: name, Reason: describeMode(mode)}
	if mode&fs.ModeSymlink != 0 {
		target, err := t.store.readlink(name)
		if err != nil {
			s.Reason = "link whose text cannot be read: " + reason(err)
		}
		s.Target = target
	}
	t.report(s)
}

// listing returns the entries of a directory; it is read once, so that a run
// sees one state of it.
func (t *Tree) listing(name string) ([]entry, error) {
	t.mu.Lock()
	list, ok := t.listings[name]
	t.mu.Unlock()
	if ok {
		return list, nil
	}
	list, err := t.store.list(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotDirectory) {
			t.report(Stranger{Path: name, Reason: "directory that cannot be listed: " + reason(err), Unread: true})
		}
		return list, err
	}
	for _, e := range list {
		if !e.mode.IsDir() && !e.mode.IsRegular() {
			t.reportEntry(join(name, e.name), e.mode)
		}
	}
	t.mu.Lock()
	t.listings[name] = list
	t.mu.Unlock()
	return list, nil
}

// openFile opens a regular file and reports why if it cannot.
func (t *Tree) openFile(name string) (*extent, error) {
	x, err := t.store.open(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotRegular) {
		t.report(Stranger{Path: name, Reason: "file that cannot be opened: " + reason(err), Unread: true})
	}
	return x, err
}

// directory returns the absolute path of the tree without links.
func (t *Tree) directory() (string, error) {
	abs, err := filepath.Abs(t.path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

func join(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}
