package source

import (
	"bytes"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sparseFile makes a file with data only at the given places.
func sparseFile(t testing.TB, name string, size int64, data map[int64]string) {
	t.Helper()
	f, err := os.Create(name)
	require.NoError(t, err)
	for at, text := range data {
		_, err := f.WriteAt([]byte(text), at)
		require.NoError(t, err)
	}
	require.NoError(t, f.Truncate(size))
	require.NoError(t, f.Close())
}

func blocks(t testing.TB, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	require.NoError(t, err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

func TestHolesAreNotReadFromDisk(t *testing.T) {
	const size = 64<<20 + 100
	dir := t.TempDir()
	data := map[int64]string{0: "begin", 20<<20 + 5: "middle"}
	sparseFile(t, filepath.Join(dir, "gcache"), size, data)
	sparseFile(t, filepath.Join(dir, "hole"), 10<<20, nil)
	want := make([]byte, size)
	for at, text := range data {
		copy(want[at:], text)
	}
	untouched(t, dir)
	var mu sync.Mutex
	read := 0
	tree, err := Open(t.Context(), dir, Options{faults: faults{read: func(string, int64) error {
		mu.Lock()
		defer mu.Unlock()
		read++
		return nil
	}}})
	require.NoError(t, err)
	defer tree.Close()
	for _, direct := range []bool{false, true} {
		read = 0
		var got bytes.Buffer
		m, err := tree.Sweep(t.Context(), func(name string) Consumer {
			if name == "hole" {
				return nil
			}
			return func(r io.Reader, _ io.ReaderAt, _ int64) error {
				got.Reset()
				if direct {
					r = struct{ io.Reader }{r} // no WriteTo
				}
				_, err := io.CopyBuffer(struct{ io.Writer }{&got}, r, make([]byte, 1<<20))
				return err
			}
		}, nil)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got.Bytes()))
		require.Equal(t, sha256.Sum256(want), m.Files[0].SHA256)
		require.Equal(t, sha256.Sum256(make([]byte, 10<<20)), m.Files[1].SHA256)
		require.Equal(t, 2, read, "reads from disk")
	}
}

func TestUnpackedZerosTakeNoSpace(t *testing.T) {
	member := string(make([]byte, 32<<20)) + "end"
	path := archiveFile(t, "x.tar.gz", gzipOf(t, tarOf(t, regular("gcache", member))))
	tree := open(t, path, Options{})
	spool := tree.store.(*archive).spool
	require.Less(t, blocks(t, spool.file), int64(64<<10))
	require.True(t, content(t, tree)["gcache"] == member)
	require.NoError(t, tree.Close())
	_, err := spool.file.Stat()
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestAccessTimesStay(t *testing.T) {
	dir := makeDir(t)
	file := archiveFile(t, "x.tar.gz", gzipOf(t, sampleTar(t)))
	accessed := func() map[string]time.Time {
		times := make(map[string]time.Time)
		for _, root := range []string{dir, file} {
			require.NoError(t, filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
				require.NoError(t, err)
				var st syscall.Stat_t
				require.NoError(t, syscall.Lstat(name, &st))
				times[name] = time.Unix(st.Atim.Unix())
				return nil
			}))
		}
		return times
	}
	for name := range accessed() { // the walk touches directories, so set them behind it
		require.NoError(t, os.Chtimes(name, longAgo, longAgo))
	}
	for _, path := range []string{dir, file} {
		tree, err := Open(t.Context(), path, Options{TempDir: t.TempDir()})
		require.NoError(t, err)
		m, err := tree.Sweep(t.Context(), nil, nil)
		require.NoError(t, err)
		content(t, tree)
		_, err = tree.Check(t.Context(), m)
		require.NoError(t, err)
		tree.Live(".")
		require.NoError(t, tree.Close())
	}
	var st syscall.Stat_t
	for _, name := range []string{dir, filepath.Join(dir, "n1"), filepath.Join(dir, "n1/open-1"), file} {
		require.NoError(t, syscall.Lstat(name, &st))
		require.True(t, longAgo.Equal(time.Unix(st.Atim.Unix())), name)
	}
}

func TestAppendEntriesSurvivesAnything(t *testing.T) {
	record := func(length int, kind byte, name string) string {
		b := make([]byte, max(length, direntName+len(name)))
		b[direntLength], b[direntLength+1] = byte(length), byte(length>>8)
		b[direntType] = kind
		copy(b[direntName:], name)
		return string(b)
	}
	irregular := func(string) fs.FileMode { return fs.ModeIrregular }
	whole := record(24, syscall.DT_REG, "abc") + record(24, syscall.DT_DIR, ".") + record(24, syscall.DT_DIR, "..") +
		record(32, syscall.DT_DIR, "directory") + record(24, syscall.DT_UNKNOWN, "?") + record(24, syscall.DT_LNK, "l")
	require.Equal(t, []entry{{"abc", 0}, {"directory", fs.ModeDir}, {"?", fs.ModeIrregular}, {"l", fs.ModeSymlink}}, appendEntries(nil, whole, irregular))
	for n := range len(whole) {
		appendEntries(nil, whole[:n], irregular)
		appendEntries(nil, whole[n:], irregular)
	}
	require.Empty(t, appendEntries(nil, record(0, 0, "loop"), irregular))
}

func TestSortEntries(t *testing.T) {
	for _, names := range [][]string{
		nil, {"one"}, {"b", "a"}, {"prefix", "prefix-longer", "prefix-"},
		{"0000000000000010-2", "0000000000000009-1", "0000000000000010-10", "open-1", "metadata1"},
		{"same-first-8-bytes-b", "same-first-8-bytes-a", "same-first", "same", "samf"},
		{"\xff", "\x01", "\u00e4", "z", "Z"},
	} {
		var list, want []entry
		for i, name := range names {
			list = append(list, entry{name, fs.FileMode(i)})
		}
		want = slices.Clone(list)
		slices.SortFunc(want, func(a, b entry) int { return strings.Compare(a.name, b.name) })
		require.Equal(t, want, sortEntries(list))
	}
}
