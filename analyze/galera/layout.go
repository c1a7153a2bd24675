package galera

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/optionfile"
)

// A layout says where the parts of a node lie, as paths below its root.
type layout struct {
	Server  optionfile.Server
	Options []string // option files that were read
	Damage  []parse.Damage

	Data   string // datadir
	States string // wsrep_data_home_dir: grastate.dat, gvwstate.dat
	Cache  string // galera.cache
	System string // innodb_data_home_dir: ibdata1
	Redo   string // innodb_log_group_home_dir
	Undo   string // innodb_undo_directory
	Binlog string // where the binary logs are
	Index  string // the index of the binary log, "" if it is not known by name
	Logs   []string
	Remote []string          // tablespaces elsewhere that link files name
	Live   map[string]string // path on the host of each directory that an option names
}

// optionFiles are where a host keeps the first option file, below its root
// (MariaDB/server and mysql/mysql-server mysys/my_default.c).
var optionFiles = []string{"etc/mysql/my.cnf", "etc/my.cnf", "etc/mysql/mariadb.cnf", "etc/my.cnf.d/server.cnf", "my.cnf", "server.cnf", "mysqld.cnf", "mysql/my.cnf"}

// readLayout follows the option files of the node. Without one everything is
// in the data directory.
func readLayout(fsys fs.FS, data, product string) layout {
	l := layout{Data: data, States: data, Cache: path.Join(data, "galera.cache"), System: data, Redo: data, Undo: data, Binlog: data}
	var settings optionfile.Settings
	for _, name := range append(slices.Clone(optionFiles), path.Join(data, "my.cnf")) {
		if info, err := fs.Stat(fsys, name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		c, err := optionfile.Read(fsys, name, optionfile.Below(fsys, "."))
		if err != nil {
			continue
		}
		for _, f := range c.Files {
			if !slices.Contains(l.Options, f.Name) {
				l.Options = append(l.Options, f.Name)
			}
		}
		settings = append(settings, c.Settings...)
		l.Damage = append(l.Damage, c.Damage...)
		break // the others are included by it, or are those of another package
	}
	flavor := optionfile.MariaDB
	if product == "percona-xtradb-cluster" {
		flavor = optionfile.MySQL
	}
	var damage []parse.Damage
	l.Server, damage = optionfile.NewServer(settings.In(optionfile.ServerGroups(flavor, "")))
	l.Damage = append(l.Damage, damage...)
	l.place(fsys)
	return l
}

// place turns the paths of the options into directories of the tree.
func (l *layout) place(fsys fs.FS) {
	s := l.Server
	l.Live = map[string]string{l.Data: cmp.Or(s.DataDir.V, "/var/lib/mysql")}
	resolve := func(p, base string, dir bool) (string, bool) {
		return locate(fsys, p, base, cmp.Or(s.DataDir.V, "/var/lib/mysql"), l.Data, dir)
	}
	move := func(to *string, v optionfile.Value[string], base string) {
		if v.Set && v.V != "" {
			if p, ok := resolve(v.V, base, true); ok {
				*to = p
				if path.IsAbs(v.V) {
					l.Live[p] = path.Clean(v.V)
				}
			}
		}
	}
	move(&l.States, s.WsrepDataHomeDir, l.Data)
	move(&l.System, s.InnoDBDataHomeDir, l.Data)
	l.Redo, l.Undo = l.Data, l.Data
	move(&l.Redo, s.LogGroupHomeDir, l.Data)
	move(&l.Undo, s.UndoDirectory, l.Data)
	cache := l.States
	move(&cache, s.Provider.BaseDir, l.Data)
	move(&cache, s.Provider.GCacheDir, l.Data)
	l.Cache = path.Join(cache, path.Base(cmp.Or(s.Provider.GCacheName.V, "galera.cache")))
	if s.LogBin.Set && strings.Contains(s.LogBin.V, "/") {
		dir := optionfile.Value[string]{Set: true, V: path.Dir(s.LogBin.V)}
		move(&l.Binlog, dir, l.Data)
	}
	if s.LogBin.Set && s.LogBin.V != "" {
		base := path.Base(s.LogBin.V)
		l.Index = path.Join(l.Binlog, strings.TrimSuffix(base, path.Ext(base))+".index")
	}
	if s.LogBinIndex.V != "" {
		if p, ok := resolve(s.LogBinIndex.V, l.Data, false); ok {
			l.Index = p
		}
	}
	l.Logs = l.findLogs(fsys, resolve)
}

// locate finds what a path of an option means in the tree: below the data
// directory, where the host had it, or with less and less of its beginning.
func locate(fsys fs.FS, p, base, hostData, data string, dir bool) (string, bool) {
	there := func(name string) bool {
		info, err := fs.Stat(fsys, name)
		return fs.ValidPath(name) && err == nil && info.IsDir() == dir
	}
	if !path.IsAbs(p) {
		name := path.Join(base, p)
		return name, there(name)
	}
	p = path.Clean(p)
	if rest, ok := strings.CutPrefix(p, path.Clean(hostData)); ok && (rest == "" || rest[0] == '/') {
		name := path.Join(data, rest)
		return name, there(name)
	}
	for rest := strings.TrimPrefix(p, "/"); rest != ""; _, rest, _ = strings.Cut(rest, "/") {
		if there(rest) {
			return rest, true
		}
	}
	return "", false
}

// findLogs lists the error logs: what the options name, and what lies where
// servers and packages put it.
func (l *layout) findLogs(fsys fs.FS, resolve func(p, base string, dir bool) (string, bool)) []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if e := l.Server.LogError; e.Set && e.V != "" {
		if p, ok := resolve(e.V, l.Data, false); ok {
			add(p)
		}
	}
	for _, dir := range []string{l.Data, ".", "log", "logs", "var/log", "var/log/mysql", "var/log/mariadb", "var/log/mysqld", "var/log/garbd"} {
		entries, _ := fs.ReadDir(fsys, dir)
		for _, e := range entries {
			if e.Type().IsRegular() && isErrorLog(e.Name()) {
				add(path.Join(dir, e.Name()))
			}
		}
	}
	return out
}

// isErrorLog reports whether a file name is that of an error log, rotated ones
// aside.
func isErrorLog(name string) bool {
	switch name {
	case "error.log", "mysqld.log", "mysql.log", "mariadb.log", "mysql-error.log", "mysqld.err", "mysqld-error.log":
		return true
	}
	return strings.HasSuffix(name, ".err") || strings.HasPrefix(name, "garb") && strings.HasSuffix(name, ".log")
}

func (l *layout) state(name string) string { return path.Join(l.States, name) }
func (l *layout) data(name string) string  { return path.Join(l.Data, name) }

// isRedo reports whether a file belongs to the redo log.
func (l *layout) isRedo(name string) bool {
	dir, base := path.Split(name)
	switch path.Clean(dir) {
	case l.Redo:
		return strings.HasPrefix(base, "ib_logfile")
	case path.Join(l.Redo, "#innodb_redo"):
		return redoFile.MatchString(base)
	}
	return false
}
