// Package realserver runs real MariaDB servers with the Galera provider, so that
// tests can compare a forecast with what a server does. It is test support:
// nothing of the product imports it.
//
// It needs the Debian packages mariadb-server, galera-4, galera-arbitrator-4 and
// rsync, or the same programs from elsewhere on PATH. To point the same tests at
// another build of the provider:
//
//	LASTWRITE_GALERA_PROVIDER  path of libgalera_smm.so
//
// Run by root, the servers belong to the user nobody, who has to be able to reach
// the directory for temporary files. Every server has a directory and a loopback address of its own, listens for
// clients on a unix socket alone, has a bounded life, and dies with the test. No
// configuration file of the machine is read.
package realserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// ProviderVariable is the environment variable that names another provider.
const ProviderVariable = "LASTWRITE_GALERA_PROVIDER"

// packages is what a skipped test asks for.
const packages = "install the Debian packages mariadb-server, galera-4, galera-arbitrator-4 and rsync"

// toolTimeout bounds each run of a program that is not a server.
const toolTimeout = 2 * time.Minute

// A Server is the programs of one installation.
type Server struct {
	Version string // as mariadbd --version prints it, without the program's name

	account
	mariadbd, client, install, arbitrator, provider string
}

// Available returns the installed server. It skips the test when one of the
// programs is missing.
func Available(t testing.TB) *Server {
	t.Helper()
	s, err := find()
	if err != nil {
		t.Skipf("no real MariaDB with Galera here (%v): %s", err, packages)
	}
	ctx, cancel := context.WithTimeout(t.Context(), toolTimeout)
	defer cancel()
	out, err := s.command(ctx, s.mariadbd, "--no-defaults", "--version").Output()
	if err != nil {
		t.Fatalf("%s --version: %v", s.mariadbd, err)
	}
	_, s.Version, _ = strings.Cut(strings.TrimSpace(string(out)), " ")
	s.Version = strings.TrimSpace(s.Version)
	return s
}

func find() (*Server, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("each node needs a loopback address of its own, which only Linux has without being asked")
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s := &Server{account: account}
	for _, program := range []struct {
		path *string
		name string
	}{
		{&s.mariadbd, "mariadbd"},
		{&s.client, "mariadb"},
		{&s.install, "mariadb-install-db"},
		{&s.arbitrator, "garbd"},
		{new(string), "rsync"}, // run by the scripts of the server
		{new(string), "wsrep_sst_rsync"},
		{new(string), "cp"},
	} {
		path, err := look(program.name)
		if err != nil {
			return nil, err
		}
		*program.path = path
	}
	if s.provider = os.Getenv(ProviderVariable); s.provider != "" {
		return s, nil
	}
	for _, path := range []string{"/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so"} {
		if _, err := os.Stat(path); err == nil {
			s.provider = path
			return s, nil
		}
	}
	return nil, errors.New("no libgalera_smm.so")
}

// look finds a program. The directory of the daemons is not on every user's PATH.
func look(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	if path, err := exec.LookPath(filepath.Join("/usr/sbin", name)); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("no %s", name)
}

// newDataDir fills dir, which must not exist, with an empty database that has
// the given number of undo tablespaces, and settings that cannot change later.
// root may log in without a password.
func (s *Server) newDataDir(ctx context.Context, dir string, undoTablespaces int, settings map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	args := []string{"--no-defaults", "--datadir=" + dir, "--auth-root-authentication-method=normal", "--skip-test-db",
		"--innodb-log-file-size=" + defaultRedoSize, fmt.Sprintf("--innodb-undo-tablespaces=%d", undoTablespaces),
		"--tmpdir=" + filepath.Dir(dir)} // else several at once get in each other's way
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "--"+strings.ReplaceAll(name, "_", "-")+"="+settings[name])
	}
	if out, err := s.command(ctx, s.install, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	return nil
}

// CopyDir copies a data directory to a path that does not exist yet. Blocks of
// zeros become holes, and nothing is copied at all where the file system can
// share blocks. Owners and rights are those of the original.
func CopyDir(ctx context.Context, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, "cp", "-a", "--sparse=always", "--reflink=auto", "--", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy %s: %w\n%s", from, err, out)
	}
	return nil
}
