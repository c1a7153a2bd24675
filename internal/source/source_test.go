//go:build unix

package source

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// listen makes a listening socket. Its path may be longer than the 108 bytes
// that a socket address holds.
func listen(t *testing.T, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	short := filepath.Join(dir, "d")
	require.NoError(t, os.Symlink(filepath.Dir(path), short))
	l, err := net.Listen("unix", filepath.Join(short, filepath.Base(path)))
	require.NoError(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	t.Cleanup(func() { l.Close() })
}

func TestOpenRefusesWhatIsNoInput(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("empty.tar"), nil)
	write(t, at("file"), []byte("x"))
	require.NoError(t, syscall.Mkfifo(at("fifo"), 0o600))
	require.NoError(t, os.Symlink("loop", at("loop")))
	require.NoError(t, os.Symlink("nowhere", at("dangling")))
	require.NoError(t, os.Symlink("fifo", at("to-fifo")))
	listen(t, at("socket"))
	untouched(t, dir)
	for _, c := range []struct {
		path    string
		problem Problem
		text    string
	}{
		{at("none"), Missing, "there is no such file or directory"},
		{at("file/below"), Missing, "there is no such file or directory"},
		{at("dangling"), Missing, "there is no such file or directory"},
		{"", Missing, `"": there is no such`},
		{at("fifo"), FIFO, "is a FIFO"},
		{at("to-fifo"), FIFO, "is a FIFO"},
		{at("socket"), Socket, "is a socket"},
		{"/dev/null", Device, "is a device"},
		{at("loop"), LinkLoop, "leads back to itself"},
		{at("empty.tar"), Empty, "is empty"},
		{at("new\nline"), Missing, `new\nline`},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			tree, err := Open(t.Context(), c.path, Options{TempDir: t.TempDir()})
			require.Nil(t, tree)
			var input *InputError
			require.ErrorAs(t, err, &input)
			require.Equal(t, c.problem, input.Problem)
			require.Equal(t, c.path, input.Path)
			require.Contains(t, err.Error(), c.text)
			require.NotContains(t, err.Error(), "\n")
			require.Contains(t, err.Error(), "; ", "what to do is missing")
		})
	}
}

func TestOpenRefusesFilesThatAreNoArchives(t *testing.T) {
	for name, c := range map[string]struct{ data, text string }{
		"grastate.dat": {"# GALERA saved state\n", "is not an archive"},
		"short":        {"x", "is not an archive"},
		"zeros":        {strings.Repeat("\x00", 8<<20), "is not an archive"},
		"x.tar":        {strings.Repeat("no tar ", 1000), "is not an archive"},
		"x.tar.xz":     {"\xfd7zXZ\x00\x00\x04", "is xz-compressed"},
		"x.tar.bz2":    {"BZh91AY&SY", "is bzip2-compressed"},
		"local.db":     {"SQLite format 3\x00...", "is a SQLite database"},
		"log.gz":       {string(gzipOf(t, []byte("a log\n"))), "no tar archive inside"},
		"log.zst":      {string(zstdOf(t, []byte("a log\n"))), "no tar archive inside"},
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := tryOpen(t, archiveFile(t, name, []byte(c.data)), Options{})
			require.Nil(t, tree)
			var not *NotArchiveError
			require.ErrorAs(t, err, &not)
			require.Contains(t, err.Error(), c.text)
		})
	}
}

func TestOpenFollowsALinkAtTheRootOnly(t *testing.T) {
	dir := makeDir(t)
	link := filepath.Join(t.TempDir(), "current")
	require.NoError(t, os.Symlink(dir, link))
	tree := open(t, link, Options{})
	m, err := tree.Sweep(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Len(t, m.Files, len(sample()))
	require.Equal(t, link, tree.Path())
}
