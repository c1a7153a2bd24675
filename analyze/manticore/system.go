// Package manticore judges data directories of Manticore Search nodes that
// take part in replication clusters. A host may be a member of several
// clusters: every cluster is judged alone, and one plan starts them together.
//
// host.go is what the files of a host say, replay.go what its next start makes
// of the transaction logs, vector.go compares nodes by the transactions in
// their tables, seqno.go proves seqnos that a crash left unknown, judge.go
// ranks, plan*.go offer ways out, and plan_forecast.go reads what they write.
// The file formats are in parse/manticore and parse/galera.
package manticore

import (
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

// Find returns the data directories below the root of fsys.
func (System) Find(fsys fs.FS) ([]analyze.Candidate, error) {
	out := []analyze.Candidate{}
	err := analyze.Directories(fsys, func(name string, l analyze.Listing) bool {
		if !isDataDir(fsys, name, l) {
			return true
		}
		root, data := hostRoot(fsys, name)
		out = append(out, analyze.Candidate{Dir: root, Data: data, Product: "manticore", Layout: "searchd"})
		return false
	})
	analyze.Separate(out)
	return out, err
}

// isDataDir reports whether a directory is the data_dir of a server: it has a
// manticore.json or what a broken save leaves of it, or a log directory beside
// tables.
func isDataDir(fsys fs.FS, name string, l analyze.Listing) bool {
	if l.File("manticore.json", "manticore.json.new", "manticore.json.old") {
		return true
	}
	if !l.Dir("binlog") || !hasFile(fsys, path.Join(name, "binlog", "binlog.meta")) {
		return false
	}
	return slices.ContainsFunc(l, func(e fs.DirEntry) bool {
		return e.IsDir() && hasFile(fsys, path.Join(name, e.Name(), e.Name()+".meta"))
	})
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
		for _, e := range analyze.List(fsys, parent) {
			if e.Type().IsRegular() && (manticore.IsSharedMemory(e.Name()) || e.Name() == "manticore.conf") {
				return parent, path.Base(name)
			}
		}
	}
	return name, "."
}
