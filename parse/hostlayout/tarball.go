package hostlayout

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

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

// Limits of a look into an archive.
const (
	maxUnpacked = 256 << 20 // bytes of unpacked data
	maxMembers  = 10_000
)

// A Tarball is an archive that an application left behind.
type Tarball struct {
	File     string
	Kind     TarballKind
	Members  []TarballMember // in the order of the archive
	Complete bool            // the archive was read to its end
}

// A TarballMember is one regular file of an archive.
type TarballMember struct {
	Name string // as stored
	Size int64  // bytes
}

// ReadTarball lists the regular files of a tar.gz. No content is kept; at
// most 256 MiB of unpacked data and 10,000 files are looked at, beyond which
// Complete is false. The error is that of r.
func ReadTarball(file string, kind TarballKind, r io.Reader) (Tarball, []parse.Damage, error) {
	t := Tarball{File: file, Kind: kind}
	failing := &readerError{r: r}
	bad := func(err error) (Tarball, []parse.Damage, error) {
		if failing.err != nil {
			return t, nil, failing.err
		}
		d := parse.Damage{Span: parse.Span{File: file}, Kind: parse.BadText, Want: "a tar.gz archive", Got: "broken data",
			Note: fmt.Sprintf("after %d files", len(t.Members))}
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			d.Kind, d.Got = parse.Truncated, "the end of the file"
		}
		return t, []parse.Damage{d}, nil
	}
	unpacked, err := gzip.NewReader(failing)
	if err != nil {
		return bad(err)
	}
	limited := &io.LimitedReader{R: unpacked, N: maxUnpacked}
	archive := tar.NewReader(limited)
	for len(t.Members) < maxMembers {
		h, err := archive.Next()
		if err == io.EOF && limited.N > 0 {
			t.Complete = true
			return t, nil, nil
		}
		if err != nil {
			if limited.N == 0 {
				return t, nil, nil
			}
			return bad(err)
		}
		if h.Typeflag == tar.TypeReg {
			t.Members = append(t.Members, TarballMember{h.Name, h.Size})
		}
	}
	return t, nil, nil
}

// readerError remembers an error of the reader below, to tell it from errors
// that the data causes.
type readerError struct {
	r   io.Reader
	err error
}

func (r *readerError) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
