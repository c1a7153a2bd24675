package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// longAgo is the modification time of files that tests make.
var longAgo = time.Date(2024, 2, 29, 12, 30, 15, 0, time.UTC)

// fingerprint describes everything at and below a path that must not change.
func fingerprint(t testing.TB, path string) map[string]string {
	t.Helper()
	prints := make(map[string]string)
	require.NoError(t, filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%v %d %v %+v", info.Mode(), info.Size(), info.ModTime(), stampOf(info))
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %x", sha256.Sum256(data))
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			text += " -> " + target
		}
		prints[name] = text
		return nil
	}))
	return prints
}

// untouched proves at the end of the test that path is what it was.
func untouched(t testing.TB, path string) {
	t.Helper()
	before := fingerprint(t, path)
	t.Cleanup(func() { same(t, before, path) })
}

func same(t testing.TB, before map[string]string, path string) {
	t.Helper()
	require.Empty(t, cmp.Diff(before, fingerprint(t, path)), "the input was touched")
}

// open opens a tree that must be whole, and proves that its input stays
// untouched and its temporary directory empty.
func open(t testing.TB, path string, o Options) *Tree {
	t.Helper()
	tree, err := tryOpen(t, path, o)
	require.NoError(t, err)
	require.NotNil(t, tree)
	return tree
}

func tryOpen(t testing.TB, path string, o Options) (*Tree, error) {
	t.Helper()
	if real, err := filepath.EvalSymlinks(path); err == nil {
		untouched(t, real)
	}
	if o.TempDir == "" {
		o.TempDir = t.TempDir()
	}
	tree, err := Open(context.Background(), path, o)
	t.Cleanup(func() {
		if tree != nil {
			require.NoError(t, tree.Close())
		}
		left, err := os.ReadDir(o.TempDir)
		require.NoError(t, err)
		require.Empty(t, left, "temporary files were left behind")
	})
	return tree, err
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, data, 0o640))
	require.NoError(t, os.Chtimes(name, longAgo, longAgo))
}

// makeDir makes a directory with the files that tests share.
func makeDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range sample() {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), data)
	}
	return dir
}

func sample() map[string][]byte {
	return map[string][]byte{
		"n1/metadata1":                         []byte("one"),
		"n1/metadata2":                         {},
		"n1/0000000000000001-0000000000000003": bytes.Repeat([]byte("segment "), 2_000),
		"n1/open-1":                            append(make([]byte, 64<<10), "end"...),
		"n2/a/b/c":                             []byte("deep"),
	}
}

// A thing is one member of an archive under test.
type thing struct {
	tar.Header
	data string
}

func regular(name, data string) thing {
	return thing{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o640, ModTime: longAgo, Size: int64(len(data))}, data}
}

func tarOf(t testing.TB, things ...thing) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range things {
		require.NoError(t, w.WriteHeader(&m.Header))
		_, err := io.WriteString(w, m.data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func sampleTar(t testing.TB) []byte {
	t.Helper()
	files := sample()
	things := []thing{{Header: tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755, ModTime: longAgo}}}
	for _, name := range []string{"n1/metadata1", "n1/metadata2", "n1/0000000000000001-0000000000000003", "n1/open-1", "n2/a/b/c"} {
		things = append(things, regular("./"+name, string(files[name])))
	}
	return tarOf(t, things...)
}

func gzipOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func zstdOf(t testing.TB, data []byte, o ...zstd.EOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, o...)
	require.NoError(t, err)
	_, err = w.Write(data)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func sampleZip(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, data := range sample() {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: longAgo}
		h.SetMode(0o640)
		f, err := w.CreateHeader(h)
		require.NoError(t, err)
		_, err = f.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// everyKind returns the sample as a directory and as archives of all formats.
func everyKind(t *testing.T) map[string]string {
	plain := sampleTar(t)
	return map[string]string{
		"directory": makeDir(t),
		"tar":       archiveFile(t, "x.tar", plain),
		"tar.gz":    archiveFile(t, "x.tar.gz", gzipOf(t, plain)),
		"tar.zst":   archiveFile(t, "x.tzst", zstdOf(t, plain)),
		"zip":       archiveFile(t, "x.zip", sampleZip(t)),
		"misnamed":  archiveFile(t, "x.zip", gzipOf(t, plain)),
	}
}

// archiveFile writes data to a file of that name.
func archiveFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, data)
	return path
}

func strangers(tree *Tree) map[string]string {
	out := make(map[string]string)
	for _, s := range tree.Strangers() {
		text := s.Reason
		if s.Target != "" {
			text += " -> " + s.Target
		}
		out[s.Path] = text
	}
	return out
}

func names(m *Manifest) []string {
	out := []string{}
	for _, f := range m.Files {
		out = append(out, f.Path)
	}
	return out
}
