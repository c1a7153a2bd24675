package analyze

import (
	"context"
	"io"
	"io/fs"
)

// A Candidate is a directory that a System claims to be able to read.
type Candidate struct {
	Dir     string // within the input, slash separated, "." for its root
	Data    string // the directory below Dir that holds the database itself, "." if the same
	Product string
	Layout  string // the host layout, in the family's own words
	Stale   bool   // a copy that the layout itself marks as old (global.bak)
	Note    string // why it is a copy, or what else the layout tells
}

// Options steer a run.
type Options struct {
	System string   // only this family
	Server string   // which implementation a start is forecast for, "" = from evidence
	Lost   []string // members that are gone for good: names or addresses
	Quick  bool     // positions only, no bulk reading
	Deep   bool     // check what the position does not depend on: every page of every tablespace
	Choose string   // node that the operator wants to continue from
}

// A Take consumes one file during the single sequential pass over an input.
// It is called on one goroutine with the file's bytes from first to last; what
// it leaves unread is read, and hashed, by the pass itself. at reads the same
// file at random; bytes read through it are read twice.
type Take func(r io.Reader, at io.ReaderAt, size int64) error

// A Reading is a node that a System is about to read: Takes wants bytes from
// the pass, Finish looks at what the takes collected.
type Reading interface {
	// Take returns the consumer for the file of that name, relative to the
	// candidate's Dir, or nil if the content does not matter. Calls for
	// different files run concurrently.
	Take(name string) Take
	// Finish returns the node. It is called once, after the pass.
	Finish(ctx context.Context) (*Node, error)
}

// A System is one database family.
type System interface {
	// Name is the name for --system and the report.
	Name() string
	// Find returns the node directories below the root of fsys, at most six
	// levels deep, in the order of their paths.
	Find(fsys fs.FS) ([]Candidate, error)
	// Open begins to read one candidate. dir is rooted at Candidate.Dir.
	Open(name string, dir fs.FS, c Candidate, o Options) (Reading, error)
	// Judge groups nodes into clusters, ranks them, and says what is wrong
	// and what can be done.
	Judge(ctx context.Context, nodes []*Node, o Options) ([]Cluster, error)
}
