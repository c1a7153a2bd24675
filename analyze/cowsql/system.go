// Package cowsql judges data directories of cowsql and dqlite nodes, and of
// the applications built on them: Incus, LXD, MicroK8s, microcluster and other
// programs.
//
// load.go simulates the real loader step by step; history.go is the log as it
// really is on disk; judge*.go compare nodes; plan*.go offer ways out. The
// file formats are in parse/cowsql.
package cowsql

import (
	"io/fs"
	"path"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// System is the cowsql and dqlite family.
type System struct{}

// Name returns "cowsql".
func (System) Name() string { return "cowsql" }

// Find returns the raft directories below the root of fsys.
func (System) Find(fsys fs.FS) ([]analyze.Candidate, error) {
	found, err := hostlayout.Detect(fsys)
	out := []analyze.Candidate{}
	for _, f := range found {
		out = append(out, analyze.Candidate{
			Dir: f.Root, Data: path.Clean(f.Raft), Product: product(f), Layout: f.Product, Stale: f.Stale, Note: f.Note,
		})
	}
	return out, err
}

// product is the name for the report: the application, or the library for
// programs that have no name.
func product(f hostlayout.Found) string {
	switch f.Product {
	case "go-app", "bare", "":
		if f.Library != "" {
			return f.Library
		}
		return "cowsql or dqlite"
	}
	return f.Product
}
