package hostlayout

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits of what ReadApplication opens of files that come in numbers.
const (
	maxTrustEntries = 200
	maxTarballs     = 16
	maxCertificates = 16
)

// A Members is a file that lists members.
type Members struct {
	File  string
	Nodes []Node
	Size  int64 // of the file, in bytes
}

// An Application is what lies around one raft directory. Absent files are
// nil, empty or false; a file that is there and damaged is not nil. All paths
// are relative to the host root.
type Application struct {
	Product string
	Raft    string // raft directory, "." for the root itself

	Info       *Node    // info.yaml
	Cluster    *Members // cluster.yaml
	Join       bool     // the flag file: the node has not completed joining
	ServerInfo *Node    // server-info
	NodeStore  *Members // node-store
	LocalNode  *Members // localnode.yaml
	Init       *Init    // init.yaml
	Update     *Value[string]
	Recovery   *Members // recovery.yaml
	RaftNodes  *Members // raft_nodes.yaml

	Daemon     *Node // daemon.yaml
	TrustStore []Node
	LocalDB    *LocalDB
	Patches    []Patch
	Tarballs   []Tarball // what the next start or an operator may unpack; see TarballKind
	Listing    []Listed  // list.out

	Certificates []Certificate
	Keys         []string // private keys that are there; never opened
	Locks        []string // lock files; one does not prove that a process holds it
	Sockets      []string // sockets and files that stand for one
	Pids         []string
	OldLog       bool // logs.db of LXD 3.0 in the raft directory

	Damage []parse.Damage

	infoError    string // what go-cowsql's YAML library says about info.yaml
	clusterError string
	unexpected   string // first name that a start with init.yaml refuses
}

// ReadApplication reads the application's files of one found directory. root
// is the tree at f.Root. The error joins what could not be read; the rest is
// returned with it.
func ReadApplication(root fs.FS, f Found) (*Application, error) {
	r := &reader{fsys: root, app: &Application{Product: f.Product, Raft: path.Clean(f.Raft)}}
	dirs := []string{r.app.Raft, path.Dir(r.app.Raft), "."}
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		r.directory(dir)
	}
	if microclusterProduct(f.Product) {
		r.trustStore()
	}
	parse.SortDamage(r.app.Damage)
	return r.app, errors.Join(r.errs...)
}

type reader struct {
	fsys fs.FS
	app  *Application
	errs []error
}

func (r *reader) damage(list []parse.Damage) { r.app.Damage = append(r.app.Damage, list...) }

// readWith reads and parses a small file. A file that cannot be read is an
// error and leaves the zero value.
func readWith[T any](r *reader, name string, limit int64, read func(string, []byte) (T, []parse.Damage)) (v T) {
	data, err := readFile(r.fsys, name, limit)
	if err != nil {
		r.errs = append(r.errs, err)
		return v
	}
	v, damage := read(name, data)
	r.damage(damage)
	return v
}

func (r *reader) directory(dir string) {
	entries, err := fs.ReadDir(r.fsys, dir)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	for _, e := range entries {
		name := e.Name()
		if dir == r.app.Raft && r.app.unexpected == "" && !expectedAtInit(name) {
			r.app.unexpected = name
		}
		if name[0] >= '0' && name[0] <= '9' {
			continue // a segment; there can be 100,000 of them
		}
		p := path.Join(dir, name)
		switch {
		case isSocket(name, e.Type()):
			r.app.Sockets = append(r.app.Sockets, p)
		case !e.Type().IsRegular():
		case strings.HasSuffix(name, ".key"), strings.HasSuffix(name, ".pfx"), name == "server.pem", name == "system-identity":
			r.app.Keys = append(r.app.Keys, p)
		case name == "dqlite-lock", strings.HasSuffix(name, ".lock"):
			r.app.Locks = append(r.app.Locks, p)
		case strings.HasSuffix(name, ".pid"):
			r.app.Pids = append(r.app.Pids, p)
		case strings.HasSuffix(name, ".crt"):
			r.certificate(p)
		case tarballKind(name) != "":
			r.tarball(p, tarballKind(name))
		case name == "patch.local.sql", name == "patch.global.sql":
			r.app.Patches = append(r.app.Patches, readWith(r, p, maxText, ParsePatch))
		default:
			if dir == r.app.Raft {
				r.raftFile(name, p)
			}
			r.hostFile(name, dir, p)
		}
	}
}

// raftFile reads a file that counts in the raft directory only.
func (r *reader) raftFile(name, p string) {
	switch name {
	case "info.yaml":
		r.app.Info = new(readWith(r, p, maxYAML, func(file string, data []byte) (Node, []parse.Damage) {
			r.app.infoError = unmarshalError(data, false)
			return ParseInfo(file, data)
		}))
	case "cluster.yaml":
		r.app.Cluster = r.members(p, maxYAML, func(file string, data []byte) ([]Node, []parse.Damage) {
			r.app.clusterError = unmarshalError(data, true)
			return ParseCluster(file, data)
		})
	case "join":
		r.app.Join = true
	case "logs.db":
		r.app.OldLog = true
	case "server-info":
		r.app.ServerInfo = new(readWith(r, p, maxText, ParseServerInfo))
	case "node-store":
		r.app.NodeStore = r.members(p, maxText, ParseNodeStore)
	case "localnode.yaml":
		r.app.LocalNode = r.members(p, maxYAML, ParseLocalNode)
	case "recovery.yaml":
		r.app.Recovery = r.members(p, maxYAML, ParseRecovery)
	case "raft_nodes.yaml":
		r.app.RaftNodes = r.members(p, maxYAML, ParseRaftNodes)
	case "init.yaml":
		r.app.Init = new(readWith(r, p, maxYAML, ParseInit))
	case "update.yaml":
		r.app.Update = new(readWith(r, p, maxYAML, ParseUpdate))
	case "list.out":
		r.app.Listing = readWith(r, p, maxText, ParseListing)
	}
}

func (r *reader) members(p string, limit int64, read func(string, []byte) ([]Node, []parse.Damage)) *Members {
	m := &Members{File: p}
	m.Nodes = readWith(r, p, limit, func(file string, data []byte) ([]Node, []parse.Damage) {
		m.Size = int64(len(data))
		return read(file, data)
	})
	return m
}

// hostFile reads a file of the host root or of the directory above the raft
// directory.
func (r *reader) hostFile(name, dir, p string) {
	switch {
	case name == "daemon.yaml" && dir == ".":
		r.app.Daemon = new(readWith(r, p, maxYAML, ParseDaemon))
	case name == "local.db" && r.app.Raft != "." && dir == path.Dir(r.app.Raft):
		r.localDB(p)
	}
}

func (r *reader) certificate(p string) {
	if len(r.app.Certificates) < maxCertificates {
		r.app.Certificates = append(r.app.Certificates, readWith(r, p, maxText, ParseCertificate))
	}
}

func (r *reader) tarball(p string, kind TarballKind) {
	if len(r.app.Tarballs) >= maxTarballs {
		r.app.Tarballs = append(r.app.Tarballs, Tarball{File: p, Kind: kind})
		return
	}
	f, err := r.fsys.Open(p)
	if err != nil {
		r.errs = append(r.errs, err)
		return
	}
	defer f.Close()
	t, damage, err := ReadTarball(p, kind, f)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	r.app.Tarballs = append(r.app.Tarballs, t)
	r.damage(damage)
}

func (r *reader) trustStore() {
	entries, err := fs.ReadDir(r.fsys, "truststore")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.errs = append(r.errs, err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".yaml") || len(r.app.TrustStore) >= maxTrustEntries {
			continue
		}
		p := path.Join("truststore", e.Name())
		r.app.TrustStore = append(r.app.TrustStore, readWith(r, p, maxYAML, ParseTrustEntry))
	}
}

// isSocket recognises sockets by type and, as copies often hold an empty file
// instead, by name.
func isSocket(name string, mode fs.FileMode) bool {
	if mode&fs.ModeSocket != 0 {
		return true
	}
	return mode.IsRegular() && (name == "control.socket" || name == "unix.socket" ||
		name == "k8s-dqlite.sock" || strings.HasPrefix(name, "kine.sock"))
}
