package hostlayout

import (
	"strconv"
	"strings"
)

// A mark says what a file name proves about the directory that holds it.
type mark uint8

const (
	nothing    mark = iota
	raftFile        // only a raft directory holds it
	shortRange      // a closed segment by an old or odd name, or something else
	snapshotData
	goFile     // info.yaml, cluster.yaml
	serverFile // node-store, server-info
	other      // a file that helps to tell the application
)

// markOf classifies the name of a regular file. The patterns are those of the
// raft library (cowsql/raft src/uv_segment.c, uv_snapshot.c), except that
// closed segments with less than 16 digits are no proof: 2026-01 looks the
// same.
func markOf(name string) mark {
	if name[0] >= '0' && name[0] <= '9' { // the most of a large directory
		first, last, ok := strings.Cut(name, "-")
		switch {
		case !ok || !digits(first, 16) || !digits(last, 16):
		case len(first) == 16 && len(last) == 16:
			return raftFile
		default:
			return shortRange
		}
	}
	switch name {
	case "metadata1", "metadata2":
		return raftFile
	case "info.yaml", "cluster.yaml":
		return goFile
	case "node-store", "server-info":
		return serverFile
	}
	if n, ok := strings.CutPrefix(name, "open-"); ok && digits(n, 20) {
		return raftFile
	}
	if _, ok := snapshotKey(name); ok {
		if strings.HasSuffix(name, metaSuffix) {
			return raftFile
		}
		return snapshotData
	}
	if tellsApplication(name) || tarballKind(name) != "" {
		return other
	}
	return nothing
}

const metaSuffix = ".meta"

// snapshotKey returns term, index and timestamp of a snapshot's name.
func snapshotKey(name string) (key [3]uint64, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSuffix(name, metaSuffix), "snapshot-")
	if !ok {
		return key, false
	}
	parts := strings.Split(rest, "-")
	if len(parts) != len(key) {
		return key, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 64)
		if err != nil || !digits(p, 20) {
			return key, false
		}
		key[i] = n
	}
	return key, true
}

func digits(s string, most int) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

func tellsApplication(name string) bool {
	switch name {
	case "local.db", "local.db.bak", "daemon.yaml", "dqlite-lock", "server.crt", "cluster.crt", "cluster.key",
		"k8s-dqlite.sock", "failure-domain", "tuning.yaml", "localnode.yaml", "init.yaml", "update.yaml",
		"list.out", "current", "control.socket":
		return true
	}
	return strings.HasPrefix(name, "kine.sock")
}
