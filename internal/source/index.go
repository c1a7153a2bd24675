package source

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

const (
	maxMembers    = 4 << 20 // members of an archive, with the directories they imply
	maxNameLength = 4096    // PATH_MAX
	maxNameDepth  = 128
)

// An index is the tree of an archive's members.
type index struct {
	path   string // of the archive
	report func(Stranger)
	nodes  map[string]*node
	seen   int // members met, for maxMembers
	files  int // regular files
}

// A node is one member, or a directory that others imply.
type node struct {
	member
	target   string // of a link
	implied  bool   // a directory that has no member of its own yet
	content  extent // of a regular file
	children []entry
}

func newIndex(path string, report func(Stranger)) *index {
	x := &index{path: path, report: report, nodes: make(map[string]*node)}
	x.nodes["."] = &node{member: member{name: ".", mode: fs.ModeDir | 0o755}, implied: true}
	return x
}

// clean returns the valid path that a member's name stands for. ok is false if
// the member is refused; the Stranger is reported then. The error is an
// *EscapeError.
func (x *index) clean(name string) (clean string, ok bool, err error) {
	if x.seen++; x.seen > maxMembers {
		return "", false, &IncompleteError{Path: x.path, Members: x.files, Err: fmt.Errorf("it has more than %d members", maxMembers)}
	}
	if escapes(name) {
		return "", false, &EscapeError{Path: x.path, Member: name}
	}
	clean = path.Clean(name)
	switch {
	case name == "" || strings.IndexByte(name, 0) >= 0 || !fs.ValidPath(clean):
		x.refuse(name, "archive member whose name is not valid UTF-8, refused")
	case len(clean) > maxNameLength || strings.Count(clean, "/") >= maxNameDepth:
		x.refuse(clean, "archive member whose name is too long, refused")
	default:
		return clean, true, nil
	}
	return "", false, nil
}

// escapes reports whether a member's name is absolute or has a part "..",
// on any system.
func escapes(name string) bool {
	if strings.HasPrefix(name, "/") || strings.HasPrefix(name, `\`) {
		return true
	}
	if len(name) >= 3 && name[1] == ':' && (name[2] == '/' || name[2] == '\\') {
		return true // drive letter
	}
	for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			return true
		}
	}
	return false
}

func (x *index) refuse(name, reason string) {
	const most = 256 // of a hostile name
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	x.report(Stranger{Path: name, Reason: reason, Unread: true})
}

// free reports whether a member may be called name, and says so if not.
func (x *index) free(name string) bool {
	if have, ok := x.nodes[name]; ok && have.mode.IsDir() {
		x.refuse(name, "archive member with the name of a directory, refused")
		return false
	} else if ok {
		x.refuse(name, "second archive member of that name, refused; the first one is served")
		return false
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if have, ok := x.nodes[dir]; ok {
			if !have.mode.IsDir() {
				x.refuse(name, "archive member below a file, refused")
				return false
			}
			break
		}
	}
	return true
}

// add puts in a member that is not a directory; name is clean and free.
func (x *index) add(name string, n *node) {
	n.name = path.Base(name)
	x.nodes[name] = n
	x.link(name, n.mode)
	if n.mode.IsRegular() {
		n.content.name, n.content.info = name, &n.member
		n.size = n.content.size
		x.files++
	}
}

// addDir puts in a directory, or describes one that was implied before.
func (x *index) addDir(name string, mode fs.FileMode, modified time.Time) {
	n, ok := x.nodes[name]
	switch {
	case ok && n.mode.IsDir():
		if !n.implied {
			return
		}
	case !x.free(name):
		return
	default:
		n = new(node)
		x.nodes[name] = n
		x.link(name, fs.ModeDir)
	}
	n.member = member{name: path.Base(name), mode: fs.ModeDir | mode.Perm(), modified: modified}
	n.implied = false
}

// link enters name into its directory, which is made if need be.
func (x *index) link(name string, mode fs.FileMode) {
	for name != "." {
		dir := path.Dir(name)
		parent, ok := x.nodes[dir]
		if !ok {
			x.seen++
			parent = &node{member: member{name: path.Base(dir), mode: fs.ModeDir | 0o755}, implied: true}
			x.nodes[dir] = parent
		}
		parent.children = append(parent.children, entry{path.Base(name), mode.Type()})
		if ok {
			return
		}
		name, mode = dir, fs.ModeDir
	}
}

func (x *index) sort() {
	for _, n := range x.nodes {
		n.children = sortEntries(n.children)
	}
}

func (x *index) node(name string) (*node, error) {
	if n, ok := x.nodes[name]; ok {
		return n, nil
	}
	return nil, fs.ErrNotExist
}

func (x *index) list(name string) ([]entry, error) {
	n, err := x.node(name)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsDir() {
		return nil, errNotDirectory
	}
	return n.children, nil
}

func (x *index) lstat(name string) (fs.FileInfo, error) {
	n, err := x.node(name)
	if err != nil {
		return nil, err
	}
	return &n.member, nil
}

func (x *index) readlink(name string) (string, error) {
	n, err := x.node(name)
	if err != nil {
		return "", err
	}
	if n.mode&fs.ModeSymlink == 0 {
		return "", fs.ErrInvalid
	}
	return n.target, nil
}

func (x *index) open(name string) (*extent, error) {
	n, err := x.node(name)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsRegular() {
		return nil, errNotRegular
	}
	content := n.content
	return &content, nil
}

func (x *index) walk(ctx context.Context, visit func(item)) error {
	names := make([]string, 0, len(x.nodes))
	for name := range x.nodes {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	for _, name := range names {
		if n := x.nodes[name]; name != "." {
			visit(item{name: name, mode: n.mode.Type(), info: &n.member})
		}
	}
	return context.Cause(ctx)
}
