package hostlayout

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxLevels is how deep Detect walks below the root. Full copies of a host
// reach deeper on the paths that packages use; those are followed to their
// end (see installed).
const maxLevels = 6

// A Found is one raft directory and the application it belongs to.
type Found struct {
	Root     string   // host root: the directory that holds all files of the application, slash separated
	Raft     string   // raft directory relative to Root, "." if the same
	Product  string   // incus, lxd, microcluster, microcloud, microceph, microovn, k8sd, microk8s, k8s-dqlite, juju, go-app or bare
	Library  string   // cowsql, dqlite, or "" if the files do not tell
	Stale    bool     // a copy that the layout itself marks as old or incomplete: never a second node
	Note     string   // why it is a copy, or what is not decidable
	Evidence []string // files and directories that decided, relative to the tree, sorted
}

// Path returns the raft directory relative to the tree that was searched.
func (f Found) Path() string { return path.Join(f.Root, f.Raft) }

// A directory is what the walk keeps of one directory: the names that matter
// and the directories in it.
type directory struct {
	path     string
	files    map[string]bool // names that markOf knows, at most one per kind of raft file
	dirs     map[string]bool
	current  string // where the link "current" leads, last element only
	raft     []string
	snapshot string // data file of the newest snapshot
	newest   [3]uint64
	yamlOnly bool
}

// A walk is one pass over a tree.
type walk struct {
	fsys  fs.FS
	dirs  map[string]*directory
	order []*directory // raft directories in the order of their paths
	errs  []error
}

// Detect returns the raft directories in fsys with their host layouts, sorted
// by path. Every directory is listed once and no file is opened but the first
// bytes of the newest snapshot, and small YAML files where nothing else shows
// what a directory is. Links are not followed.
//
// The error joins what could not be read; the rest is returned with it.
func Detect(fsys fs.FS) ([]Found, error) {
	w := &walk{fsys: fsys, dirs: map[string]*directory{}}
	w.visit(".", 0)
	slices.SortFunc(w.order, func(a, b *directory) int { return cmp.Compare(a.path, b.path) })
	var out []Found
	for _, d := range w.order {
		out = append(out, w.classify(d))
	}
	w.markCopies(out)
	return out, errors.Join(w.errs...)
}

func (w *walk) visit(dir string, level int) {
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		w.errs = append(w.errs, err)
	}
	d := &directory{path: dir, files: map[string]bool{}, dirs: map[string]bool{}}
	w.dirs[dir] = d
	for _, e := range entries {
		w.entry(d, e)
	}
	if w.isRaft(d) {
		w.order = append(w.order, d)
	}
	names := make([]string, 0, len(d.dirs))
	for name := range d.dirs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		sub := path.Join(dir, name)
		if level < maxLevels || installed(sub) {
			w.visit(sub, level+1)
		}
	}
}

func (w *walk) entry(d *directory, e fs.DirEntry) {
	name := e.Name()
	switch {
	case e.IsDir():
		d.dirs[name] = true
		return
	case e.Type()&fs.ModeSymlink != 0:
		if name == "current" {
			if target, err := fs.ReadLink(w.fsys, path.Join(d.path, name)); err == nil {
				d.current = path.Base(target)
			}
		}
		return
	case !e.Type().IsRegular():
		if tellsApplication(name) { // sockets
			d.files[name] = true
		}
		return
	}
	const enough = 3
	switch markOf(name) {
	case nothing, shortRange:
	case snapshotData:
		if key, _ := snapshotKey(name); d.snapshot == "" || slices.Compare(key[:], d.newest[:]) > 0 {
			d.snapshot, d.newest = name, key
		}
		fallthrough
	case raftFile:
		if len(d.raft) < enough {
			d.raft = append(d.raft, name)
		}
	default:
		d.files[name] = true
	}
}

// isRaft decides whether a directory is a raft directory. The YAML files of
// the Go applications have common names, so without a raft file beside them
// their content has to be right.
func (w *walk) isRaft(d *directory) bool {
	if len(d.raft) > 0 {
		return true
	}
	if d.files["info.yaml"] {
		data, _ := readFile(w.fsys, path.Join(d.path, "info.yaml"), maxYAML)
		n, _ := ParseInfo("", data)
		d.yamlOnly = n.ID.Set && n.Address.Set
	}
	if d.files["cluster.yaml"] && !d.yamlOnly {
		data, _ := readFile(w.fsys, path.Join(d.path, "cluster.yaml"), maxYAML)
		nodes, _ := ParseCluster("", data)
		d.yamlOnly = len(nodes) > 0 && nodes[0].ID.Set && nodes[0].Address.Set
	}
	return d.yamlOnly
}

// compressed reports whether the newest snapshot is an LZ4 frame.
func (w *walk) compressed(d *directory) bool {
	if d.snapshot == "" {
		return false
	}
	f, err := w.fsys.Open(path.Join(d.path, d.snapshot))
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && magic == [4]byte{0x04, 0x22, 0x4d, 0x18}
}

// readFile reads a regular file up to one byte more than limit, so that the
// parsers see when it is larger.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a regular file")}
	}
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// installed reports whether p lies on the way to a place where a package
// keeps its raft directory, counted from a directory named var.
func installed(p string) bool {
	places := []string{
		"var/lib/incus/database/global",
		"var/lib/lxd/database/global",
		"var/lib/juju/dqlite",
		"var/snap/lxd/common/lxd/database/global",
		"var/snap/k8s/common/var/lib/k8s-dqlite",
		"var/snap/k8s/common/var/lib/k8sd/state/database",
		"var/snap/microk8s/*/var/kubernetes/backend",
		"var/snap/*/common/state/database",
	}
	parts := strings.Split(p, "/")
	i := slices.Index(parts, "var")
	if i < 0 {
		return false
	}
	parts = parts[i:]
	return slices.ContainsFunc(places, func(place string) bool {
		want := strings.Split(place, "/")
		if len(parts) > len(want) {
			return false
		}
		for i, part := range parts {
			if want[i] != "*" && want[i] != part {
				return false
			}
		}
		return true
	})
}
