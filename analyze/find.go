package analyze

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// maxDepth is how many levels below the root of an input a node directory is
// looked for (contract: "at any depth up to 6").
const maxDepth = 6

// A Listing is the content of one directory, sorted by name as fs.ReadDir
// returns it. A look at it costs a binary search: raft directories can hold
// 100,000 segments, and every family looks at every directory.
type Listing []fs.DirEntry

// List returns the content of a directory, nothing if it cannot be listed.
func List(fsys fs.FS, dir string) Listing {
	list, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil
	}
	return list
}

// From returns the entries from the first name on that is not before name.
func (l Listing) From(name string) Listing {
	i, _ := slices.BinarySearchFunc(l, name, func(e fs.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
	return l[i:]
}

// File reports whether one of the names is a regular file.
func (l Listing) File(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { e := l.entry(n); return e != nil && e.Type().IsRegular() })
}

// Dir reports whether one of the names is a directory.
func (l Listing) Dir(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { e := l.entry(n); return e != nil && e.IsDir() })
}

func (l Listing) entry(name string) fs.DirEntry {
	if rest := l.From(name); len(rest) > 0 && rest[0].Name() == name {
		return rest[0]
	}
	return nil
}

// Directories shows every directory down to the depth of the contract to
// visit, a directory before what is below it and names in their order. What is
// below a directory for which visit returns false is left out. Directories
// that cannot be listed are passed over, whoever reads them reports it; the
// error is for the root.
func Directories(fsys fs.FS, visit func(dir string, l Listing) (below bool)) error {
	list, err := fs.ReadDir(fsys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	visitBelow(fsys, ".", list, 0, visit)
	return nil
}

func visitBelow(fsys fs.FS, dir string, l Listing, depth int, visit func(string, Listing) bool) {
	if !visit(dir, l) || depth == maxDepth {
		return
	}
	for _, e := range l {
		if !e.IsDir() {
			continue
		}
		name := path.Join(dir, e.Name())
		if list, err := fs.ReadDir(fsys, name); err == nil {
			visitBelow(fsys, name, list, depth+1, visit)
		}
	}
}

// Separate takes back the root of a host that several candidates would share:
// each then has its own directory alone, so that no file counts for two nodes.
func Separate(all []Candidate) {
	for i := range all {
		for j := range all {
			a, b := &all[i], &all[j]
			if i != j && a.Data != "." && (a.Dir == "." || a.Dir == b.Dir || strings.HasPrefix(path.Join(b.Dir, b.Data)+"/", a.Dir+"/")) {
				a.Dir, a.Data = path.Join(a.Dir, a.Data), "."
			}
		}
	}
}
