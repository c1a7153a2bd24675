package hostlayout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// bootstrapID is the id of the first node that the Go applications create
// (go-cowsql node.go BootstrapID).
const bootstrapID = 0x2dc171858c3155be

// An AppError is a refusal of the application layer, before or around the raft
// library.
type AppError struct {
	Message string // the program's words; "" for the C server interface, which prints nothing
	Exact   bool   // every word is certain; otherwise the end, a library's own text or a path, is a guess or left out
	File    string // the file that causes it, relative to the host root
	Source  string // repository, file and function of the check
}

// AppErrors forecasts the start refusals of the application layer, in the
// order of its checks: a start prints the first, the others show once that is
// mended. address is the one that the operator or the daemon's configuration
// gives the node, "" for none; microcluster applications always give that of
// daemon.yaml.
//
// It says nothing about the raft directory itself.
func (a *Application) AppErrors(address string) []AppError {
	switch a.Product {
	case Incus:
		return a.oldLog("please reinstall", "lxc/incus internal/server/cluster/gateway.go init")
	case LXD:
		return a.oldLog("please first upgrade to LXD 4.0", "canonical/lxd lxd/cluster/gateway.go init")
	case Bare:
		return a.serverErrors()
	case MicroK8s, K8sDqlite:
		if out, final := a.k8sDqliteErrors(); final {
			return out
		}
		return prefixed("failed to create dqlite app: ", a.goErrors(address))
	case Microcluster, Microcloud, Microceph, Microovn, K8sd:
		if address == "" && a.Daemon != nil {
			address = a.Daemon.Address.V
		}
		return prefixed("Failed to re-establish cluster connection: Failed to join dqlite cluster ", a.goErrors(address))
	}
	return a.goErrors(address)
}

func prefixed(prefix string, list []AppError) []AppError {
	for i := range list {
		list[i].Message = prefix + list[i].Message
	}
	return list
}

func (a *Application) file(name string) string {
	if a.Raft == "." {
		return name
	}
	return a.Raft + "/" + name
}

func (a *Application) oldLog(advice, source string) []AppError {
	if !a.OldLog {
		return nil
	}
	return []AppError{{"Unsupported upgrade path, " + advice, true, a.file("logs.db"), source}}
}

// goErrors follows New of the package app.
func (a *Application) goErrors(address string) (out []AppError) {
	fail := func(file, message string, exact bool) {
		out = append(out, AppError{message, exact, a.file(file), "go-cowsql and go-dqlite app/app.go New"})
	}
	info, cluster := a.Info != nil, a.Cluster != nil
	if info {
		if message, bad := a.unmarshal("unmarshall info.yaml: ", "info.yaml", a.infoError); bad {
			fail("info.yaml", message, false)
		} else if given := a.Info.Address.V; address != "" && address != given {
			fail("info.yaml", fmt.Sprintf("address %q in info.yaml does not match %q", given, address), true)
		}
		if a.Join && a.Info.ID.Set && a.Info.ID.V == bootstrapID {
			fail("join", "bootstrap node can't join a cluster", true)
		}
	} else if a.Join && cluster && !microclusterProduct(a.Product) {
		// without info.yaml a node takes the bootstrap id, unless the program
		// names other members at every start, as microcluster does
		fail("join", "bootstrap node can't join a cluster", true)
	}
	if cluster {
		if message, bad := a.unmarshal("open cluster.yaml node store: ", "cluster.yaml", a.clusterError); bad {
			fail("cluster.yaml", message, false)
		}
	}
	if info != cluster {
		missing := "cluster.yaml"
		if cluster {
			missing = "info.yaml"
		}
		fail(missing, "inconsistent info.yaml and cluster.yaml", true)
	}
	return out
}

// unmarshal says what the program prints about a YAML file that it cannot
// read. The text behind the prefix is that of go-cowsql's YAML library, and a
// guess: go-dqlite, and go-cowsql before April 2025, use another one, of which
// just the refusal of broken syntax is certain.
func (a *Application) unmarshal(prefix, name, cowsql string) (message string, bad bool) {
	if cowsql != "" && a.Product == GoApp && !slices.Contains(a.Locks, a.file("dqlite-lock")) {
		return prefix + cowsql, true
	}
	for _, d := range a.Damage {
		if d.File == a.file(name) && (d.Got == "a syntax error" || d.Want == "a map" || d.Want == "a list") {
			return prefix, true
		}
	}
	return "", false
}

// k8sDqliteErrors follows New of k8s-dqlite. final is true when that decides:
// after init.yaml or update.yaml the YAML files are written anew.
func (a *Application) k8sDqliteErrors() (out []AppError, final bool) {
	fail := func(file, message string, exact bool) {
		out = append(out, AppError{message, exact, a.file(file), "canonical/k8s-dqlite pkg/server/server.go New"})
	}
	address := func(file string, v Value[string]) {
		for _, d := range a.Damage {
			if d.File == a.file(file) && (d.Got == "a syntax error" || d.Want == "a map") {
				fail(file, "failed to read "+file+": failed to parse as yaml: ", false)
				return
			}
		}
		if v.V == "" {
			fail(file, "empty address in "+file, true)
		}
	}
	switch {
	case a.Init != nil:
		if a.unexpected != "" {
			fail(a.unexpected, "data directory seems to have existing state '"+a.unexpected+"'. please remove the file and restart", true)
		}
		address("init.yaml", a.Init.Address)
		return out, true
	case a.Update != nil:
		address("update.yaml", *a.Update)
		if a.Info == nil {
			fail("info.yaml", "failed to read info.yaml: failed to read file contents: ", false)
		}
		return out, true
	}
	return nil, false
}

// expectedAtInit lists what may lie in the directory at a first start of
// k8s-dqlite (pkg/server/server.go expectedFilesDuringInitialization).
func expectedAtInit(name string) bool {
	switch name {
	case "cluster.crt", "cluster.key", "init.yaml", "failure-domain", "tuning.yaml":
		return true
	}
	return false
}

// serverErrors follows cowsql_server_start, which only returns a code.
func (a *Application) serverErrors() (out []AppError) {
	fail := func(file string) {
		out = append(out, AppError{"", true, file, "cowsql src/server.c cowsql_server_start"})
	}
	damaged := func(file string) bool {
		for _, d := range a.Damage {
			// the server takes any byte for text
			if d.File == file && d.Want != "printable text" {
				return true
			}
		}
		return false
	}
	for _, name := range []string{"server-info", "node-store"} {
		if f := a.file(name); damaged(f) {
			fail(f)
		}
	}
	if a.NodeStore != nil && a.NodeStore.Size > 0 && (a.ServerInfo == nil || a.ServerInfo.At.Length == 0) {
		fail(a.NodeStore.File)
	}
	return out
}

// unmarshalError returns what go-cowsql prints behind "unmarshall info.yaml: "
// or, for a list, behind "open cluster.yaml node store: ". It is "" if the
// file can be read or is not given to the YAML library.
func unmarshalError(data []byte, list bool) (message string) {
	type NodeRole int
	type NodeInfo struct { // the names are part of the messages
		ID      uint64   `yaml:"ID"`
		Address string   `yaml:"Address"`
		Role    NodeRole `yaml:"Role"`
	}
	if unboundedYAML(data) != "" || strings.Contains(string(data), "*") { // an alias is enough for a bomb
		return ""
	}
	defer func() {
		if recover() != nil { // the real program dies of it as well
			message = ""
		}
	}()
	var into any = new(NodeInfo)
	if list {
		into = new([]NodeInfo)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		text := err.Error()
		n := max(0, strings.IndexByte(text, '\n')) // the lines behind the first quote the file
		return strings.ReplaceAll(text[:n], "hostlayout.", "protocol.") + text[n:]
	}
	return ""
}
