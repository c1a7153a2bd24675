package hostlayout

import "strings"

// lxdRecovery is the archive that LXD unpacks over its database at the next
// start.
const lxdRecovery = "lxd_recovery_db.tar.gz"

// A TarballKind says which program made an archive, and why.
type TarballKind string

// The archives that applications leave behind.
const (
	LXDRecovery          TarballKind = "lxd-recovery"          // LXD replaces database/global by it at the next start
	MicroclusterRecovery TarballKind = "microcluster-recovery" // microcluster replaces database/ by it at the next start
	DatabaseBackup       TarballKind = "database-backup"       // LXD or microcluster, before a recovery: untouched evidence
	PreRecovery          TarballKind = "pre-recovery"          // Canonical Kubernetes, before a recovery
	PostRecovery         TarballKind = "post-recovery"         // Canonical Kubernetes, to be unpacked on the other members
	LogicalDump          TarballKind = "logical-dump"          // MicroK8s dbctl backup: keys and values, no raft data
	Inspection           TarballKind = "inspection"            // MicroK8s inspect: names and sizes, no data
)

// tarballKind recognises an archive by its name, "" for other files.
func tarballKind(name string) TarballKind {
	stem, ok := strings.CutSuffix(name, ".tar.gz")
	if !ok {
		return ""
	}
	switch {
	case name == lxdRecovery:
		return LXDRecovery
	case stem == "recovery_db":
		return MicroclusterRecovery
	case strings.HasPrefix(stem, "db_backup."):
		return DatabaseBackup
	case strings.HasPrefix(stem, "recovery-k8s-dqlite-") && strings.HasSuffix(stem, "-pre-recovery"):
		return PreRecovery
	case strings.HasPrefix(stem, "recovery-k8s-dqlite-") && strings.HasSuffix(stem, "-post-recovery"):
		return PostRecovery
	case strings.HasPrefix(stem, "inspection-report-"):
		return Inspection
	case dumpName(stem):
		return LogicalDump
	}
	return ""
}

// dumpName matches backup-YYYY-MM-DD-HH-MM-SS (microk8s scripts/wrappers/dbctl.py).
func dumpName(stem string) bool {
	rest, ok := strings.CutPrefix(stem, "backup-")
	parts := strings.Split(rest, "-")
	if !ok || len(parts) != 6 {
		return false
	}
	for i, p := range parts {
		if want := 2; i == 0 && len(p) != 4 || i > 0 && len(p) != want || !digits(p, 4) {
			return false
		}
	}
	return true
}
