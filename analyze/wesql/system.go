// Package wesql judges data directories of WeSQL nodes, and copies of their
// object stores.
//
// find.go knows a directory when it sees one, reading.go collects what the
// parsers say of it, model.go is that evidence. chain.go puts log files
// together, start.go forecasts a start, compare.go holds two logs against each
// other, judge.go ranks a cluster; findings_*.go say what is wrong, plan*.go
// offer ways out. The file formats are in parse/wesql, parse/smartengine,
// parse/binlog and parse/optionfile.
package wesql

import (
	"io/fs"

	"github.com/lastwrite/lastwrite/analyze"
)

// System is the WeSQL family.
type System struct{}

// Name returns "wesql".
func (System) Name() string { return "wesql" }

// Find returns the data directories of servers and the branches of object
// stores below the root of fsys. A store inside of a data directory belongs to
// its node.
func (System) Find(fsys fs.FS) ([]analyze.Candidate, error) { return find(fsys) }
