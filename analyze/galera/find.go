package galera

import (
	"io/fs"
	"path"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// The layouts of candidates.
const (
	layoutServer     = "server"     // a data directory
	layoutArbitrator = "arbitrator" // the directory of garbd
)

// find walks the tree. What cannot be listed is left out here and reported by
// whoever reads it; the error is for the root.
func find(fsys fs.FS) ([]analyze.Candidate, error) {
	out := []analyze.Candidate{}
	err := analyze.Directories(fsys, func(name string, l analyze.Listing) bool {
		if foreign(l) {
			return false
		}
		c, ok := candidate(l)
		if ok {
			c.Dir, c.Data = hostRoot(fsys, name)
			out = append(out, c)
		}
		return !ok
	})
	analyze.Separate(out)
	return out, err
}

// foreign reports whether the directory belongs to a server of another family
// that has files of the same names: Manticore keeps grastate.dat, gvwstate.dat
// and galera.cache in its data directory and below it, WeSQL is a MySQL with
// an engine and a log of its own.
func foreign(l analyze.Listing) bool {
	return l.File("manticore.json", "consensus_log.index") || l.Dir("smartengine", ".smartengine", "xengine", ".xengine")
}

// candidate tells whether the directory is a server's or an arbitrator's.
func candidate(l analyze.Listing) (analyze.Candidate, bool) {
	state := l.File("grastate.dat", "gvwstate.dat", "gvwstate.dat.tmp", "galera.cache")
	server := l.File("ib_logfile0", "undo001", "aria_log_control", "ib_buffer_pool", "auto.cnf", "mysql_upgrade_info", "sst_in_progress") || l.Dir("mysql", "#innodb_redo")
	mysql8 := l.File("mysql.ibd", "auto.cnf") || l.Dir("#innodb_redo")
	product := "mariadb"
	if mysql8 || l.File("wsrep_cert.pem") {
		product = "percona-xtradb-cluster"
	}
	switch {
	case l.File("ibdata1") && server && !mysql8, state && (server || l.File("ibdata1")): // PXC always has a state file
		return analyze.Candidate{Product: product, Layout: layoutServer}, true
	case l.File("gvwstate.dat", "gvwstate.dat.tmp") && !l.File("grastate.dat", "galera.cache"), garbd(l):
		return analyze.Candidate{Product: "garbd", Layout: layoutArbitrator}, true
	}
	return analyze.Candidate{}, false
}

// garbd reports whether the directory holds an arbitrator's log.
func garbd(l analyze.Listing) bool {
	for _, e := range l.From("garb") {
		name := e.Name()
		if !strings.HasPrefix(name, "garb") {
			break
		}
		if e.Type().IsRegular() && strings.HasSuffix(name, ".log") {
			return !l.File("grastate.dat", "galera.cache", "ibdata1")
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
		if l := analyze.List(fsys, parent); l.File("my.cnf", "mysqld.cnf", "server.cnf", "my.ini") || l.Dir("etc", "conf.d") {
			return parent, path.Base(name)
		}
	}
	return name, "."
}
