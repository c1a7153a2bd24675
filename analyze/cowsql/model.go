package cowsql

import (
	"cmp"
	"io/fs"
	"slices"

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
	Meta     *cowsql.SnapshotMeta // of a snapshot's .meta file; never nil for one that was read
	Snapshot *cowsql.Snapshot     // nil if the content was not read
	Damage   []parse.Damage
	Was      string // name before a simulated load renamed it
	Suspect  string // why a snapshot contradicts older evidence, "" if it does not
	Thinned  bool   // a bundle holds no page checksums of the snapshot
}

// A snapshot is a pair of files.
type snapshot struct {
	Term, Index, Timestamp uint64
	Meta, Data             *file
}

// A directory is a raft directory as found.
type directory struct {
	FS    fs.FS    // rooted at the host root of the node
	Data  string   // raft directory below it
	Files []*file  // sorted by name
	Dirs  []string // subdirectories of the raft directory, strangers to it

	closed, open []*file     // segments in the order of their entries
	sorted       []*file     // closed segments in the loader's order
	pairs        []*snapshot // snapshots of which both files are there, oldest first
}

// index sorts what is asked for again and again.
func (d *directory) index() {
	var segments []*file
	d.pairs, segments = newListing(d.Files).raftFiles()
	for _, f := range segments {
		if f.Name.Kind == cowsql.KindOpen {
			d.open = append(d.open, f)
		} else {
			d.sorted = append(d.sorted, f)
		}
	}
	d.closed = slices.Clone(d.sorted)
	slices.SortStableFunc(d.closed, func(a, b *file) int {
		// Of two with the same start the shorter one is the newer state: a
		// truncation writes it before it deletes the longer one (src/
		// uv_truncate.c).
		return cmp.Or(cmp.Compare(a.Name.First, b.Name.First), cmp.Compare(a.Name.Last, b.Name.Last))
	})
}

// file returns the file of that name, or nil.
func (d *directory) file(name string) *file { return findFile(d.Files, name) }

// A model is what this family knows of a node.
type model struct {
	*directory
	ID      uint64 // own id, 0 if unknown
	Layout  *layout
	Default Implementation // the one that the forecast is for
	Why     string         // why that one
	Assumed bool           // nothing points to Default
	Load    *load          // under Default
	Others  []*load        // under the other implementations
	Log     *history       // the real content
	Quick   bool
	Kept    bool // comes from a bundle: no file has content
	Node    *analyze.Node
}
