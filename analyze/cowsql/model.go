package cowsql

import (
	"io/fs"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A file is one file of a raft directory with what was parsed of it.
type file struct {
	Name     cowsql.Name
	Size     int64
	Metadata cowsql.MetadataFile
	Segment  *cowsql.Segment
	Meta     cowsql.SnapshotMeta
	Snapshot *cowsql.Snapshot // nil if the content was not read
	Damage   []parse.Damage
	Was      string // name before a simulated load renamed it
	Suspect  string // why a snapshot contradicts older evidence, "" if it does not
}

// A snapshot is a pair of files.
type snapshot struct {
	Term, Index, Timestamp uint64
	Meta, Data             *file
}

// A directory is a raft directory as found.
type directory struct {
	FS    fs.FS  // rooted at the host root of the node
	Data  string // raft directory below it
	Files []*file
	Dirs  []string // subdirectories of the raft directory, strangers to it
}

// file returns the file of that name, or nil.
func (d *directory) file(name string) *file {
	for _, f := range d.Files {
		if f.Name.File == name {
			return f
		}
	}
	return nil
}

// A model is what this family knows of a node.
type model struct {
	*directory
	ID      uint64 // own id, 0 if unknown
	Layout  *layout
	Default Implementation // the one that the forecast is for
	Why     string         // why that one
	Load    *load          // under Default
	Others  []*load        // under the other implementations
	Log     *history       // the real content
	Quick   bool
	Node    *analyze.Node
}
