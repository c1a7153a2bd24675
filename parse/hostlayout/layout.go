package hostlayout

import (
	"path"
	"slices"
	"strings"
)

// Products that Detect tells apart.
const (
	Incus        = "incus"
	LXD          = "lxd"
	Microcluster = "microcluster"
	Microcloud   = "microcloud"
	Microceph    = "microceph"
	Microovn     = "microovn"
	K8sd         = "k8sd"
	MicroK8s     = "microk8s"
	K8sDqlite    = "k8s-dqlite"
	Juju         = "juju"
	GoApp        = "go-app"
	Bare         = "bare"
)

// microclusterProduct reports whether a product is built on microcluster.
func microclusterProduct(product string) bool {
	return slices.Contains([]string{Microcluster, Microcloud, Microceph, Microovn, K8sd}, product)
}

// Libraries that write a raft directory.
const (
	Cowsql = "cowsql"
	Dqlite = "dqlite"
)

// A layout is what has been found out about one raft directory.
type layout struct {
	w      *walk
	dir    *directory
	parent *directory // nil above the root
	above  *directory // parent of the parent
	parts  []string   // elements of the directory's path
	found  Found
}

func (w *walk) classify(d *directory) Found {
	l := &layout{w: w, dir: d, found: Found{Root: d.path, Raft: "."}}
	if d.path != "." {
		l.parts = strings.Split(d.path, "/")
		l.parent = w.dirs[path.Dir(d.path)]
		if l.parent.path != "." {
			l.above = w.dirs[path.Dir(l.parent.path)]
		}
	}
	for _, name := range d.raft {
		l.saw(d, name)
	}
	// the most specific row first
	switch {
	case l.global(), l.microcluster(), l.juju(), l.microk8s(), l.k8sDqlite():
	case l.anyFile(d, "info.yaml", "cluster.yaml"):
		l.found.Product = GoApp
	default:
		l.found.Product = Bare
		l.anyFile(d, "server-info", "node-store")
	}
	l.library()
	slices.Sort(l.found.Evidence)
	l.found.Evidence = slices.Compact(l.found.Evidence)
	return l.found
}

// saw records a name as evidence.
func (l *layout) saw(d *directory, name string) {
	l.found.Evidence = append(l.found.Evidence, path.Join(d.path, name))
}

// anyFile reports whether d holds one of the files, all of which become
// evidence.
func (l *layout) anyFile(d *directory, names ...string) bool {
	ok := false
	for _, name := range names {
		if d != nil && d.files[name] {
			l.saw(d, name)
			ok = true
		}
	}
	return ok
}

func (l *layout) anyDir(d *directory, names ...string) bool {
	ok := false
	for _, name := range names {
		if d != nil && d.dirs[name] {
			l.saw(d, name)
			ok = true
		}
	}
	return ok
}

// within reports whether a directory of that name leads to the raft directory.
func (l *layout) within(name string) bool {
	i := slices.Index(l.parts, name)
	if i >= 0 {
		l.found.Evidence = append(l.found.Evidence, path.Join(l.parts[:i+1]...))
	}
	return i >= 0
}

func (l *layout) base() string { return path.Base(l.dir.path) }

// global recognises Incus and LXD: database/global beside database/local.db.
func (l *layout) global() bool {
	base := l.base()
	if l.parent == nil || base != "global" && base != "global.bak" && base != "global.recover" {
		return false
	}
	if !l.anyFile(l.parent, "local.db") && path.Base(l.parent.path) != "database" {
		return false
	}
	l.found.Root, l.found.Raft = l.parent.path, base
	if l.above != nil && path.Base(l.parent.path) == "database" {
		l.found.Root, l.found.Raft = l.above.path, path.Join("database", base)
		l.anyFile(l.above, "server.crt", "cluster.crt")
	}
	switch base {
	case "global.bak":
		l.found.stale("copy of global made before a schema update")
	case "global.recover":
		l.found.stale("recovery archive that was unpacked and never put in place")
	}
	if l.anyFile(l.parent, "local.db.bak") {
		l.found.note("local.db.bak beside local.db is a copy made before a schema update")
	}

	archive := l.anyFile(l.parent, lxdRecovery)
	for name := range l.rootFiles() {
		if tarballKind(name) == DatabaseBackup { // Incus takes none
			l.saw(l.above, name)
			archive = true
		}
	}
	switch {
	case archive:
		l.found.Product = LXD
	case l.within("incus"):
		l.found.Product = Incus
	case l.within("lxd"):
		l.found.Product = LXD
	case l.writtenByDqlite():
		l.found.Product = LXD
	default:
		l.found.Product = Incus
		l.found.note("Incus and LXD share this layout and no file tells which it is; taken for Incus")
	}
	return true
}

// rootFiles are the names beside the directory "database".
func (l *layout) rootFiles() map[string]bool {
	if l.above == nil || l.found.Root != l.above.path {
		return nil
	}
	return l.above.files
}

// microcluster recognises <state>/database with the trust store beside it.
func (l *layout) microcluster() bool {
	base := l.base()
	if l.parent == nil || base != "database" && base != "recovery_db" {
		return false
	}
	state := l.anyDir(l.parent, "truststore", "certificates")
	state = l.anyFile(l.parent, "daemon.yaml") || state
	state = l.parent.files["server.crt"] && l.anyFile(l.parent, "cluster.crt") || state
	if !state && !(path.Base(l.parent.path) == "state" && l.anyFile(l.dir, "info.yaml", "cluster.yaml")) {
		return false
	}
	l.anyFile(l.dir, "info.yaml", "cluster.yaml")
	l.found.Root, l.found.Raft, l.found.Product = l.parent.path, base, Microcluster
	for _, product := range []string{K8sd, Microcloud, Microceph, Microovn} {
		if l.within(product) {
			l.found.Product = product
			break
		}
	}
	if base == "recovery_db" {
		l.found.stale("recovery archive that was unpacked and never put in place")
	}
	return true
}

// juju recognises <agent data>/dqlite beside agents/.
func (l *layout) juju() bool {
	if l.parent == nil || l.base() != "dqlite" || !l.anyDir(l.parent, "agents") && !l.within("juju") {
		return false
	}
	l.anyFile(l.dir, "info.yaml", "cluster.yaml")
	l.found.Root, l.found.Raft, l.found.Product = l.parent.path, "dqlite", Juju
	return true
}

// microk8s recognises the backend directory and its inspection report.
func (l *layout) microk8s() bool {
	var sockets []string
	for name := range l.dir.files {
		if strings.HasPrefix(name, "kine.sock") {
			sockets = append(sockets, name)
		}
	}
	ok := l.anyFile(l.dir, sockets...)
	ok = l.anyFile(l.dir, "localnode.yaml") || ok
	ok = strings.HasSuffix(l.dir.path, "kubernetes/backend") || ok
	if l.anyFile(l.dir, "list.out") && l.dir.yamlOnly {
		ok = true
		l.found.stale("inspection report: names and sizes of the files, no data")
	}
	if !ok && !l.within(MicroK8s) {
		return false
	}
	l.anyFile(l.dir, "info.yaml", "cluster.yaml")
	l.found.Product = MicroK8s
	return true
}

func (l *layout) k8sDqlite() bool {
	own := l.anyFile(l.dir, "k8s-dqlite.sock") || l.within(K8sDqlite)
	if !l.anyFile(l.dir, "failure-domain", "tuning.yaml", "cluster.crt", "cluster.key") && !own {
		return false
	}
	l.anyFile(l.dir, "info.yaml", "cluster.yaml")
	l.found.Product = K8sDqlite
	if !own {
		l.found.note("MicroK8s and Canonical Kubernetes share these files and none tells which it is")
	}
	return true
}

func (l *layout) writtenByDqlite() bool {
	ok := l.anyFile(l.dir, "dqlite-lock")
	if !ok && l.w.compressed(l.dir) {
		l.saw(l.dir, l.dir.snapshot)
		ok = true
	}
	return ok
}

// library follows the files first, then the product. cowsql neither locks a
// directory nor compresses snapshots.
func (l *layout) library() {
	written := l.writtenByDqlite()
	switch l.found.Product {
	case Incus:
		l.found.Library = Cowsql
		if written {
			l.found.Library = Dqlite
			l.found.note("the path names Incus, the files were written by dqlite")
		}
	case GoApp, Bare:
		if written {
			l.found.Library = Dqlite
		}
	default:
		l.found.Library = Dqlite
	}
}
