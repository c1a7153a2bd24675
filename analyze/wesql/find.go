package wesql

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// maxDepth is how many levels below the root a directory is looked for.
const maxDepth = 6

// The layouts of candidates.
const (
	layoutServer = "server"      // a data directory with raft parts
	layoutStore  = "objectstore" // one branch of an object store
	layoutPlain  = "plain"       // a MySQL 8.0 data directory without raft parts
)

// find walks the tree. What cannot be listed is left out here and reported by
// whoever reads it; the error is for the root.
func find(fsys fs.FS) ([]analyze.Candidate, error) {
	out := []analyze.Candidate{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil, !e.IsDir():
			return nil
		case depth(name) > maxDepth:
			return fs.SkipDir
		}
		layout := layoutOf(fsys, name)
		if layout == "" {
			return nil
		}
		c := analyze.Candidate{Dir: name, Data: ".", Product: "wesql", Layout: layout}
		switch layout {
		case layoutPlain:
			c.Product = "mysql"
		case layoutServer:
			c.Dir, c.Data = hostRoot(fsys, name)
		}
		out = append(out, c)
		return fs.SkipDir
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	out = join(fsys, out)
	separate(out)
	return out, err
}

// join takes a directory that holds log files only, and the data directory
// without a log beside it, for one node.
func join(fsys fs.FS, all []analyze.Candidate) []analyze.Candidate {
	place := func(c analyze.Candidate) string { return path.Join(c.Dir, c.Data) }
	logs := func(c analyze.Candidate) bool {
		l := list(fsys, place(c))
		return c.Layout == layoutServer && !l.file("auto.cnf", "mysql.ibd", "ibdata1", "my.cnf") && !l.dir("smartengine", "mysql")
	}
	data := func(c analyze.Candidate) bool {
		return c.Layout != layoutStore && logIndex(fsys, place(c), list(fsys, place(c))) == ""
	}
	parents := map[string][2][]int{}
	for i, c := range all {
		p := path.Dir(place(c))
		pair := parents[p]
		switch {
		case place(c) == ".":
		case data(c):
			pair[0] = append(pair[0], i)
		case logs(c):
			pair[1] = append(pair[1], i)
		}
		parents[p] = pair
	}
	gone := map[int]bool{}
	for p, pair := range parents {
		if len(pair[0]) == 1 && len(pair[1]) == 1 {
			c := &all[pair[0][0]]
			c.Data, c.Dir, c.Layout, c.Product = path.Base(place(*c)), p, layoutServer, "wesql"
			gone[pair[1][0]] = true
		}
	}
	out := []analyze.Candidate{}
	for i, c := range all {
		if !gone[i] {
			out = append(out, c)
		}
	}
	return out
}

func depth(name string) int {
	if name == "." {
		return 0
	}
	return strings.Count(name, "/") + 1
}

// A listing is the content of one directory by name.
type listing map[string]fs.DirEntry

func list(fsys fs.FS, name string) listing {
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return nil
	}
	l := listing{}
	for _, e := range entries {
		l[e.Name()] = e
	}
	return l
}

func (l listing) file(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { e, ok := l[n]; return ok && e.Type().IsRegular() })
}

func (l listing) dir(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { e, ok := l[n]; return ok && e.IsDir() })
}

// layoutOf tells what a directory is, "" if it is nothing of this family.
func layoutOf(fsys fs.FS, name string) string {
	l := list(fsys, name)
	if l.file("grastate.dat", "gvwstate.dat", "galera.cache", "wsrep_cert.pem", "aria_log_control", "manticore.json") {
		return ""
	}
	if isStore(fsys, name, l) {
		return layoutStore
	}
	if name != "." && path.Base(name) == "smartengine" {
		return ""
	}
	mysql8 := l.file("mysql.ibd") && (l.dir("mysql", "#innodb_redo") || l.file("auto.cnf", "ibdata1"))
	switch {
	case l.dir("smartengine") && (mysql8 || l.file("auto.cnf", "ibdata1", "my.cnf")), logIndex(fsys, name, l) != "":
		return layoutServer
	case mysql8 && l.dir("mysql", "#innodb_redo") && !l.dir("#clone"):
		return layoutPlain
	}
	return ""
}

// isStore reports whether a directory is a branch of an object store.
func isStore(fsys fs.FS, name string, l listing) bool {
	if l.dir("binlog") {
		for n := range list(fsys, path.Join(name, "binlog")) {
			if _, ok := wesql.ParseIndexName(n); ok {
				return true
			}
		}
	}
	if l.dir("snapshot") && list(fsys, path.Join(name, "snapshot")).file("snapshot.index") {
		return true
	}
	return l.file("data.lock") && l.dir("cluster_mgmt", "binlog", "snapshot")
}

// logIndex returns the path of the index of a consensus log in a directory, ""
// if there is none. Where no index is left, one that would belong to the log
// files is returned.
func logIndex(fsys fs.FS, name string, l listing) string {
	var bases []string
	for n, e := range l {
		base, number := logNumber(n)
		if number > 0 && e.Type().IsRegular() && !slices.Contains(bases, base) && isConsensus(fsys, path.Join(name, n)) {
			bases = append(bases, base)
		}
	}
	if len(bases) == 0 {
		return ""
	}
	slices.Sort(bases)
	for _, b := range bases {
		if l.file(b + ".index") {
			return path.Join(name, b+".index")
		}
	}
	return path.Join(name, bases[0]+".index")
}

// logNumber splits "master-bin.000003". number is 0 if the name is no log's.
func logNumber(name string) (base string, number int64) {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 {
		return "", 0
	}
	text := name[dot+1:]
	if len(text) < 6 || len(text) > 10 || strings.Trim(text, "0123456789") != "" {
		return "", 0
	}
	for _, c := range text {
		number = number*10 + int64(c-'0')
	}
	return name[:dot], number
}

// isConsensus reads the beginning of a file.
func isConsensus(fsys fs.FS, name string) bool {
	in, err := fsys.Open(name)
	if err != nil {
		return false
	}
	defer in.Close()
	head := make([]byte, 1024)
	n, _ := io.ReadFull(in, head)
	l, err := wesql.ReadLog(strings.NewReader(string(head[:n])), nil, name, int64(n), wesql.Options{})
	return err == nil && l.Consensus()
}

// hostRoot splits the path of a data directory into the root of its host and
// the rest.
func hostRoot(fsys fs.FS, name string) (root, data string) {
	for _, tail := range []string{"var/lib/mysql", "var/lib/wesql"} {
		if name == tail {
			return ".", tail
		}
		if front, ok := strings.CutSuffix(name, "/"+tail); ok {
			return front, tail
		}
	}
	if name != "." {
		l := list(fsys, path.Dir(name))
		if l.file("my.cnf") || l.dir("etc") {
			return path.Dir(name), path.Base(name)
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
			if i != j && a.Data != "." && (a.Dir == "." || a.Dir == b.Dir || strings.HasPrefix(path.Join(b.Dir, b.Data)+"/", a.Dir+"/")) {
				a.Dir, a.Data = path.Join(a.Dir, a.Data), "."
			}
		}
	}
}
