// Package manticore judges data directories of Manticore Search nodes that
// take part in replication clusters. A host may be a member of several
// clusters: every cluster is judged alone, and one plan starts them together.
//
// host.go is what the files of a host say, replay.go what its next start makes
// of the transaction logs, vector.go compares nodes by the transactions in
// their tables, seqno.go proves seqnos that a crash left unknown, judge.go
// ranks, plan*.go offer ways out. The file formats are in parse/manticore and
// parse/galera.
package manticore

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// System is the Manticore family.
type System struct{}

// Name returns "manticore".
func (System) Name() string { return "manticore" }

// maxDepth is how many levels below the root a directory is looked for.
const maxDepth = 6

// Find returns the data directories below the root of fsys.
func (System) Find(fsys fs.FS) ([]analyze.Candidate, error) {
	out := []analyze.Candidate{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil, !e.IsDir():
			return nil
		case name != "." && strings.Count(name, "/") >= maxDepth:
			return fs.SkipDir
		}
		if !isDataDir(fsys, name) {
			return nil
		}
		root, data := hostRoot(fsys, name)
		out = append(out, analyze.Candidate{Dir: root, Data: data, Product: "manticore", Layout: "searchd"})
		return fs.SkipDir
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	separate(out)
	return out, err
}

// isDataDir reports whether a directory is the data_dir of a server: it has a
// manticore.json or what a broken save leaves of it, or a log directory beside
// tables.
func isDataDir(fsys fs.FS, name string) bool {
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return false
	}
	var dirs []string
	for _, e := range entries {
		switch {
		case e.IsDir():
			dirs = append(dirs, e.Name())
		case !e.Type().IsRegular():
		case e.Name() == "manticore.json", e.Name() == "manticore.json.new", e.Name() == "manticore.json.old":
			return true
		}
	}
	if !slices.Contains(dirs, "binlog") || !hasFile(fsys, path.Join(name, "binlog", "binlog.meta")) {
		return false
	}
	return slices.ContainsFunc(dirs, func(d string) bool { return hasFile(fsys, path.Join(name, d, d+".meta")) })
}

func hasFile(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

func hasDir(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.IsDir()
}

// hostRoot splits the path of a data directory into the root of its host and
// the rest.
func hostRoot(fsys fs.FS, name string) (root, data string) {
	const tail = "var/lib/manticore"
	if name == tail {
		return ".", name
	}
	if front, ok := strings.CutSuffix(name, "/"+tail); ok {
		return front, tail
	}
	for at := name; at != "."; {
		at = path.Dir(at)
		if hasDir(fsys, path.Join(at, "etc/manticoresearch")) || hasDir(fsys, path.Join(at, "dev/shm")) || hasDir(fsys, path.Join(at, "var/log/manticore")) {
			return at, strings.TrimPrefix(strings.TrimPrefix(name, at), "/")
		}
	}
	if parent := path.Dir(name); name != "." {
		entries, _ := fs.ReadDir(fsys, parent)
		for _, e := range entries {
			if e.Type().IsRegular() && (manticore.IsSharedMemory(e.Name()) || e.Name() == "manticore.conf") {
				return parent, path.Base(name)
			}
		}
	}
	return name, "."
}

// separate takes back a root that several candidates would share: each then
// has its own directory alone, so that no file counts for two nodes.
func separate(all []analyze.Candidate) {
	for i := range all {
		for j := range all {
			a, b := &all[i], &all[j]
			if i != j && (a.Dir == b.Dir || a.Dir == "." || strings.HasPrefix(path.Join(b.Dir, b.Data)+"/", a.Dir+"/")) && a.Data != "." {
				a.Dir, a.Data = path.Join(a.Dir, a.Data), "."
			}
		}
	}
}
