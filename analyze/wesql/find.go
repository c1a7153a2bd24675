package wesql

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

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
	err := analyze.Directories(fsys, func(name string, l analyze.Listing) bool {
		layout := layoutOf(fsys, name, l)
		if layout == "" {
			return true
		}
		c := analyze.Candidate{Dir: name, Data: ".", Product: "wesql", Layout: layout}
		switch layout {
		case layoutPlain:
			c.Product = "mysql"
		case layoutServer:
			c.Dir, c.Data = hostRoot(fsys, name)
		}
		out = append(out, c)
		return false
	})
	out = join(fsys, out)
	analyze.Separate(out)
	return out, err
}

// join takes a directory that holds log files only, and the data directory
// without a log beside it, for one node.
func join(fsys fs.FS, all []analyze.Candidate) []analyze.Candidate {
	place := func(c analyze.Candidate) string { return path.Join(c.Dir, c.Data) }
	logs := func(c analyze.Candidate) bool {
		l := analyze.List(fsys, place(c))
		return c.Layout == layoutServer && !l.File("auto.cnf", "mysql.ibd", "ibdata1", "my.cnf") && !l.Dir("smartengine", "mysql")
	}
	data := func(c analyze.Candidate) bool {
		return c.Layout != layoutStore && logIndex(fsys, place(c), analyze.List(fsys, place(c))) == ""
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

// layoutOf tells what a directory is, "" if it is nothing of this family.
func layoutOf(fsys fs.FS, name string, l analyze.Listing) string {
	if l.File("grastate.dat", "gvwstate.dat", "galera.cache", "wsrep_cert.pem", "aria_log_control", "manticore.json") {
		return ""
	}
	if isStore(fsys, name, l) {
		return layoutStore
	}
	if name != "." && path.Base(name) == "smartengine" {
		return ""
	}
	mysql8 := l.File("mysql.ibd") && (l.Dir("mysql", "#innodb_redo") || l.File("auto.cnf", "ibdata1"))
	switch {
	case l.Dir("smartengine") && (mysql8 || l.File("auto.cnf", "ibdata1", "my.cnf")), logIndex(fsys, name, l) != "":
		return layoutServer
	case mysql8 && l.Dir("mysql", "#innodb_redo") && !l.Dir("#clone"):
		return layoutPlain
	}
	return ""
}

// isStore reports whether a directory is a branch of an object store.
func isStore(fsys fs.FS, name string, l analyze.Listing) bool {
	if l.Dir("binlog") {
		for _, e := range analyze.List(fsys, path.Join(name, "binlog")) {
			if _, ok := wesql.ParseIndexName(e.Name()); ok {
				return true
			}
		}
	}
	if l.Dir("snapshot") && analyze.List(fsys, path.Join(name, "snapshot")).File("snapshot.index") {
		return true
	}
	return l.File("data.lock") && l.Dir("cluster_mgmt", "binlog", "snapshot")
}

// logIndex returns the path of the index of a consensus log in a directory, ""
// if there is none. Where no index is left, one that would belong to the log
// files is returned.
func logIndex(fsys fs.FS, name string, l analyze.Listing) string {
	var bases []string
	for _, e := range l {
		n := e.Name()
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
		if l.File(b + ".index") {
			return path.Join(name, b+".index")
		}
	}
	return path.Join(name, bases[0]+".index")
}

// logNumber splits "master-bin.000003". number is 0 if the name is no log's.
func logNumber(name string) (base string, number int64) {
	dot := len(name) - 1
	for dot > 0 && len(name)-dot <= 10 && '0' <= name[dot] && name[dot] <= '9' {
		dot--
	}
	text := name[dot+1:]
	if dot <= 0 || name[dot] != '.' || len(text) < 6 {
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
		l := analyze.List(fsys, path.Dir(name))
		if l.File("my.cnf") || l.Dir("etc") {
			return path.Dir(name), path.Base(name)
		}
	}
	return name, "."
}
