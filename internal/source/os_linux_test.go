package source

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// asNobody runs f with the rights of an ordinary user on files.
func asNobody(t *testing.T, f func()) {
	if os.Getuid() != 0 {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked, so that the thread ends with its rights
		syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		f()
	}()
	<-done
}

func TestOpenWithoutPermission(t *testing.T) {
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	write(t, filepath.Join(closed, "x.tar"), tarOf(t, regular("a", "b")))
	require.NoError(t, os.Chmod(closed, 0))
	defer os.Chmod(closed, 0o700)
	temp := t.TempDir()
	for _, path := range []string{closed, filepath.Join(closed, "x.tar")} {
		var tree *Tree
		var err error
		asNobody(t, func() { tree, err = Open(t.Context(), path, Options{TempDir: temp}) })
		require.Nil(t, tree)
		var input *InputError
		require.ErrorAs(t, err, &input)
		require.Equal(t, Unreadable, input.Problem)
		require.Contains(t, err.Error(), "cannot be read (permission denied); run as a user who may read it")
	}
}

func TestReadWithoutPermission(t *testing.T) {
	dir := makeDir(t)
	require.NoError(t, os.Chmod(filepath.Join(dir, "n1/metadata1"), 0))
	require.NoError(t, os.Chmod(filepath.Join(dir, "n2"), 0))
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "n2"), 0o700) })
	require.NoError(t, os.Chmod(filepath.Join(dir, "n1/metadata2"), 0o644))
	tree, err := Open(t.Context(), dir, Options{})
	require.NoError(t, err)
	defer tree.Close()
	asNobody(t, func() {
		_, err := tree.FS().Open("n1/metadata1")
		require.ErrorIs(t, err, os.ErrPermission)
		_, err = tree.Snapshot(t.Context())
		require.NoError(t, err)
		// O_NOATIME is for the owner only, reading is not.
		f, err := tree.FS().Open("n1/metadata2")
		require.NoError(t, err)
		require.NoError(t, f.Close())
	})
	require.Equal(t, map[string]string{
		"n1/metadata1": "file that cannot be opened: permission denied",
		"n2":           "directory that cannot be listed: permission denied",
	}, strangers(tree))
}
