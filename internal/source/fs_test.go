//go:build unix

package source

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestFSIsTheSameForAllKinds(t *testing.T) {
	for kind, path := range everyKind(t) {
		t.Run(kind, func(t *testing.T) {
			tree := open(t, path, Options{})
			require.Equal(t, kind == "directory", tree.Kind() == Directory)
			require.Equal(t, path, tree.Path())
			fsys := tree.FS()
			require.NoError(t, fstest.TestFS(fsys, "n1/metadata1", "n1/metadata2", "n1/open-1", "n2/a/b/c"))
			for name, want := range sample() {
				got, err := fs.ReadFile(fsys, name)
				require.NoError(t, err)
				require.True(t, string(want) == string(got), name)
				info, err := fs.Stat(fsys, name)
				require.NoError(t, err)
				require.Equal(t, fs.FileMode(0o640), info.Mode())
				require.True(t, longAgo.Equal(info.ModTime()), info.ModTime())
				require.EqualValues(t, len(want), info.Size())
			}
			sub, err := fs.Sub(fsys, "n2/a")
			require.NoError(t, err)
			require.NoError(t, fstest.TestFS(sub, "b/c"))
			require.Empty(t, tree.Strangers())
		})
	}
}

func TestFSReadsAtRandom(t *testing.T) {
	for kind, path := range everyKind(t) {
		t.Run(kind, func(t *testing.T) {
			f, err := open(t, path, Options{}).FS().Open("n1/open-1")
			require.NoError(t, err)
			defer f.Close()
			buf := make([]byte, 10)
			n, err := f.(io.ReaderAt).ReadAt(buf, 64<<10)
			require.Equal(t, "end", string(buf[:n]))
			require.Equal(t, io.EOF, err)
			_, err = f.(io.ReaderAt).ReadAt(buf, 1<<40)
			require.Equal(t, io.EOF, err)
			at, err := f.(io.Seeker).Seek(-2, io.SeekEnd)
			require.NoError(t, err)
			require.EqualValues(t, 64<<10+1, at)
			rest, err := io.ReadAll(f)
			require.NoError(t, err)
			require.Equal(t, "nd", string(rest))
			_, writes := f.(io.Writer)
			require.False(t, writes)
		})
	}
}

func TestFSErrors(t *testing.T) {
	for kind, path := range everyKind(t) {
		t.Run(kind, func(t *testing.T) {
			fsys := open(t, path, Options{}).FS()
			for _, name := range []string{"../x", "/etc/passwd", "n1/../n1", ""} {
				_, err := fsys.Open(name)
				require.ErrorIs(t, err, fs.ErrInvalid, name)
				_, err = fs.ReadDir(fsys, name)
				require.ErrorIs(t, err, fs.ErrInvalid, name)
				_, err = fs.Stat(fsys, name)
				require.ErrorIs(t, err, fs.ErrInvalid, name)
			}
			_, err := fsys.Open("n1/none")
			require.ErrorIs(t, err, fs.ErrNotExist)
			_, err = fs.ReadDir(fsys, "none")
			require.ErrorIs(t, err, fs.ErrNotExist)
			_, err = fs.ReadDir(fsys, "n1/metadata1")
			require.Error(t, err)
			_, err = fs.ReadLink(fsys, "n1/metadata1")
			require.Error(t, err)
		})
	}
}

func TestLinksAndSpecialFilesAreStrangers(t *testing.T) {
	dir := makeDir(t)
	outside := filepath.Join(t.TempDir(), "secret")
	write(t, outside, []byte("secret"))
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Symlink(outside, at("n1/out")))
	require.NoError(t, os.Symlink("../../../../etc", at("n1/up")))
	require.NoError(t, os.Symlink("n1", at("inside")))
	require.NoError(t, os.Symlink("loop", at("loop")))
	require.NoError(t, syscall.Mkfifo(at("n1/open-2"), 0o600))
	require.NoError(t, syscall.Mkfifo(at("n2/fifo"), 0o600))
	listen(t, at("control.socket"))
	want := map[string]string{
		"n1/out": "symbolic link, not followed -> " + outside, "n1/up": "symbolic link, not followed -> ../../../../etc",
		"inside": "symbolic link, not followed -> n1", "loop": "symbolic link, not followed -> loop",
		"n1/open-2": "FIFO, not opened", "n2/fifo": "FIFO, not opened", "control.socket": "socket, not opened",
	}
	if syscall.Mknod(at("n1/null"), syscall.S_IFCHR|0o600, 1<<8|3) == nil {
		want["n1/null"] = "character device, not opened"
	}

	tree := open(t, dir, Options{})
	fsys := tree.FS()
	require.Empty(t, tree.Strangers(), "nobody looked yet")
	for name := range want {
		if name == "inside" {
			continue
		}
		_, err := fsys.Open(name)
		require.Error(t, err, name)
	}
	_, err := fs.ReadDir(fsys, ".")
	require.NoError(t, err)
	require.Len(t, tree.Strangers(), 3, "those of the root")
	target, err := fs.ReadLink(fsys, "inside")
	require.NoError(t, err)
	require.Equal(t, "n1", target)

	m, err := tree.Sweep(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Len(t, m.Files, len(sample()), "no link is followed: %v", names(m))
	require.Equal(t, want, strangers(tree))
	for _, s := range tree.Strangers() {
		require.False(t, s.Unread, "%s holds nothing", s.Path)
	}
}

func TestUnreadableFilesAndDirectories(t *testing.T) {
	dir := makeDir(t)
	tree := open(t, dir, Options{faults: faults{open: func(name string) error {
		if name == "n1/metadata1" {
			return &fs.PathError{Op: "openat", Path: name, Err: syscall.EACCES}
		}
		return nil
	}}})
	_, err := tree.FS().Open("n1/metadata1")
	require.ErrorIs(t, err, fs.ErrPermission)
	require.Equal(t, "open n1/metadata1: permission denied", err.Error())
	m, err := tree.Sweep(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"n1/metadata1": "file that cannot be opened: permission denied"}, strangers(tree))
	require.True(t, tree.Strangers()[0].Unread)
	i := 1 // behind the segment
	require.Equal(t, "n1/metadata1", m.Files[i].Path)
	require.Equal(t, "permission denied", m.Files[i].Unreadable)
	require.Zero(t, m.Files[i].SHA256)
	changed, err := tree.Check(t.Context(), m)
	require.NoError(t, err)
	require.Empty(t, changed)
}

func TestListingIsCachedAndCopied(t *testing.T) {
	tree := open(t, makeDir(t), Options{})
	first, err := fs.ReadDir(tree.FS(), "n1")
	require.NoError(t, err)
	first[0] = nil
	second, err := fs.ReadDir(tree.FS(), "n1")
	require.NoError(t, err)
	require.NotNil(t, second[0])
	require.Equal(t, "- 0000000000000001-0000000000000003", second[0].(interface{ String() string }).String())
	var perr *fs.PathError
	_, err = tree.FS().Open("none")
	require.True(t, errors.As(err, &perr))
	require.Equal(t, "none", perr.Path)
}
