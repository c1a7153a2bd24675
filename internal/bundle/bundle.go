// Package bundle reads and writes evidence bundles: what an analysis took from
// the directories of nodes, without the data in them. docs/bundle.md is the
// description of the format.
package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/lastwrite/lastwrite/analyze"
)

// Format is the format and version of what this package writes.
const Format = "lastwrite.bundle/1"

// formats is what all versions of the format begin with.
const formats = "lastwrite.bundle/"

// manifestName is the first member of a bundle.
const manifestName = "manifest.json"

// Bounds of a bundle, on writing and on reading. JSON objects are counted
// because few bytes of them become many of memory.
const (
	maxMember  = 128 << 20 // bytes of one member
	maxTotal   = 512 << 20 // bytes of all
	maxObjects = 2 << 20   // in one member
	maxNodes   = 1024
	maxDepth   = 128     // of a path
	maxEntries = 4 << 20 // parts of all paths together
)

// A Bundle is a manifest with the evidence of the nodes, in the same order.
type Bundle struct {
	Manifest Manifest
	Evidence [][]byte // JSON of analyze.Keeper
}

// A Manifest is manifest.json.
type Manifest struct {
	Format    string   `json:"format"` // must be the first key
	Tool      Tool     `json:"tool"`
	Redaction string   `json:"redaction"` // none, values or strict
	Inputs    []Input  `json:"inputs"`
	Nodes     []Node   `json:"nodes"`
	Notes     []Note   `json:"notes"` // about the inputs as such, and what the bundle leaves out
	Missing   []string `json:"missing"`
}

// A Tool is the program that wrote a bundle.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// An Input is one path that the bundle was made from.
type Input struct {
	Name           string   `json:"name"` // NAME= as given
	Path           string   `json:"path"`
	Kind           string   `json:"kind"`
	ManifestSHA256 string   `json:"manifest_sha256"` // as in the report
	Changed        []string `json:"changed"`         // files that changed while they were read
	Files          []File   `json:"files"`
	Directories    []string `json:"directories"` // those without a file below them
}

// A File is one regular file of an input.
type File struct {
	Path       string    `json:"path"`
	Size       int64     `json:"size"`
	Mode       uint32    `json:"mode"` // permission bits
	Modified   time.Time `json:"modified"`
	SHA256     string    `json:"sha256"`
	Unreadable string    `json:"unreadable,omitempty"`
}

// A Node is one node of an input and the member with its evidence.
type Node struct {
	System  string `json:"system"`
	Name    string `json:"name"`
	Input   int    `json:"input"`
	Dir     string `json:"dir"`
	Data    string `json:"data"`
	Product string `json:"product"`
	Layout  string `json:"layout"`
	Stale   bool   `json:"stale"`
	Note    string `json:"note"`
	File    string `json:"file"` // name of the member
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
}

// A Note is a note of the report.
type Note struct {
	Severity string `json:"severity"`
	Path     string `json:"path"`
	Text     string `json:"text"`
}

// Candidate returns the directory of a node as its family found it.
func (n *Node) Candidate() analyze.Candidate {
	return analyze.Candidate{Dir: n.Dir, Data: n.Data, Product: n.Product, Layout: n.Layout, Stale: n.Stale, Note: n.Note}
}

// ErrNotInBundle is what reading a file of an input's listing gives.
var ErrNotInBundle = errors.New("not in the bundle: this needs the directory that it was made from")

// A FormatError says that a file is a bundle and cannot be used.
type FormatError struct {
	Path string
	Err  error
}

// Error names the file.
func (e *FormatError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns what is wrong with it.
func (e *FormatError) Unwrap() error { return e.Err }

// validate refuses what no writer writes.
func (m *Manifest) validate() error {
	if len(m.Nodes) > maxNodes || len(m.Inputs) > maxNodes {
		return fmt.Errorf("%d inputs with %d nodes are too many", len(m.Inputs), len(m.Nodes))
	}
	entries := 0
	valid := func(name string) bool {
		depth := strings.Count(name, "/") + 1
		entries += depth
		return fs.ValidPath(name) && depth <= maxDepth
	}
	for i := range m.Inputs {
		in := &m.Inputs[i]
		for _, f := range in.Files {
			if !valid(f.Path) || f.Size < 0 || f.Unreadable == "" && f.SHA256 != "" && len(f.SHA256) != 64 {
				return fmt.Errorf("manifest.json: the file %q is described wrongly", f.Path)
			}
		}
		for _, d := range in.Directories {
			if !valid(d) {
				return fmt.Errorf("manifest.json: the directory %q is no path", d)
			}
		}
	}
	if entries > maxEntries {
		return fmt.Errorf("manifest.json: its paths have more than %d parts", maxEntries)
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		if n.Input < 0 || n.Input >= len(m.Inputs) || !fs.ValidPath(n.Dir) || !fs.ValidPath(n.Data) || n.Name == "" || n.File != memberName(i) {
			return fmt.Errorf("manifest.json: the node %q is described wrongly", n.Name)
		}
	}
	return nil
}

func memberName(node int) string { return fmt.Sprintf("nodes/%d.json", node+1) }
