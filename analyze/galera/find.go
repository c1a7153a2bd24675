package galera

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// maxDepth is how many levels below the root a directory is looked for.
const maxDepth = 6

// The layouts of candidates.
const (
	layoutServer     = "server"     // a data directory
	layoutArbitrator = "arbitrator" // the directory of garbd
)

// find walks the tree. What cannot be listed is left out here and reported by
// whoever reads it; the error is for the root.
func find(fsys fs.FS) ([]analyze.Candidate, error) {
	out := []analyze.Candidate{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil
		case !e.IsDir():
			return nil
		case depth(name) > maxDepth:
			return fs.SkipDir
		}
		entries, err := fs.ReadDir(fsys, name)
		if err != nil {
			return nil
		}
		l := newListing(entries)
		if l.foreign() {
			return fs.SkipDir
		}
		c, ok := l.candidate()
		if !ok {
			return nil
		}
		c.Dir, c.Data = hostRoot(fsys, name)
		out = append(out, c)
		return fs.SkipDir
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	separate(out)
	return out, err
}

func depth(name string) int {
	if name == "." {
		return 0
	}
	return strings.Count(name, "/") + 1
}

// A listing is the content of one directory by name.
type listing map[string]fs.DirEntry

func newListing(entries []fs.DirEntry) listing {
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

// foreign reports whether the directory belongs to a server of another family
// that has files of the same names: Manticore keeps grastate.dat, gvwstate.dat
// and galera.cache in its data directory and below it, WeSQL is a MySQL with
// an engine and a log of its own.
func (l listing) foreign() bool {
	return l.file("manticore.json", "consensus_log.index") || l.dir("smartengine", ".smartengine", "xengine", ".xengine")
}

// candidate tells whether the directory is a server's or an arbitrator's.
func (l listing) candidate() (analyze.Candidate, bool) {
	state := l.file("grastate.dat", "gvwstate.dat", "gvwstate.dat.tmp", "galera.cache")
	server := l.file("ib_logfile0", "undo001", "aria_log_control", "ib_buffer_pool", "auto.cnf", "mysql_upgrade_info", "sst_in_progress") || l.dir("mysql", "#innodb_redo")
	mysql8 := l.file("mysql.ibd", "auto.cnf") || l.dir("#innodb_redo")
	product := "mariadb"
	if mysql8 || l.file("wsrep_cert.pem") {
		product = "percona-xtradb-cluster"
	}
	switch {
	case l.file("ibdata1") && server && !mysql8, state && (server || l.file("ibdata1")): // PXC always has a state file
		return analyze.Candidate{Product: product, Layout: layoutServer}, true
	case l.file("gvwstate.dat", "gvwstate.dat.tmp") && !l.file("grastate.dat", "galera.cache"), l.garbd():
		return analyze.Candidate{Product: "garbd", Layout: layoutArbitrator}, true
	}
	return analyze.Candidate{}, false
}

// garbd reports whether the directory holds an arbitrator's log.
func (l listing) garbd() bool {
	for name, e := range l {
		if e.Type().IsRegular() && strings.HasPrefix(name, "garb") && strings.HasSuffix(name, ".log") {
			return !l.file("grastate.dat", "galera.cache", "ibdata1")
		}
	}
	return false
}

// hostRoot splits the path of a data directory into the root of its host and
// the rest: the tree of a host has var/lib/mysql and etc/mysql beside each
// other, other copies have an option file beside the data directory.
func hostRoot(fsys fs.FS, name string) (root, data string) {
	for _, tail := range []string{"var/lib/mysql", "var/lib/mariadb", "var/lib/garbd", "var/lib/percona-xtradb-cluster"} {
		if name == tail {
			return ".", tail
		}
		if front, ok := strings.CutSuffix(name, "/"+tail); ok {
			return front, tail
		}
	}
	if parent := path.Dir(name); name != "." {
		entries, _ := fs.ReadDir(fsys, parent)
		if l := newListing(entries); l.file("my.cnf", "mysqld.cnf", "server.cnf", "my.ini") || l.dir("etc", "conf.d") {
			return parent, path.Base(name)
		}
	}
	return name, "."
}

// separate takes back a root that several candidates would share: each then
// has its own directory alone, so that no file counts for two nodes.
func separate(list []analyze.Candidate) {
	count := map[string]int{}
	for _, c := range list {
		count[c.Dir]++
	}
	for i, c := range list {
		if count[c.Dir] > 1 {
			list[i].Dir, list[i].Data = path.Join(c.Dir, c.Data), "."
		}
	}
}
