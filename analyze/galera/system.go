// Package galera judges data directories of MariaDB and Percona XtraDB
// Cluster nodes that replicate with Galera, and of their arbitrators.
//
// find.go knows a data directory when it sees one, reading.go collects what
// the parsers say of it, model.go is that evidence. condition.go, position.go
// and start.go judge one directory, compare.go two, judge.go a cluster;
// findings_*.go say what is wrong, plan*.go offer ways out. The file formats
// are in parse/galera, parse/innodb, parse/binlog, parse/serverlog and
// parse/optionfile.
package galera

import (
	"io/fs"

	"github.com/lastwrite/lastwrite/analyze"
)

// System is the Galera family.
type System struct{}

// Name returns "galera".
func (System) Name() string { return "galera" }

// Find returns the data directories of servers and arbitrators below the root
// of fsys.
func (System) Find(fsys fs.FS) ([]analyze.Candidate, error) { return find(fsys) }
