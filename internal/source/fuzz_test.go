package source

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzArchive opens anything as an archive: no panic, only typed errors,
// nothing left in the temporary directory, and what is served can be read.
func FuzzArchive(f *testing.F) {
	plain := tarOf(f,
		regular("n1/metadata1", "some text"),
		thing{tar.Header{Typeflag: tar.TypeSymlink, Name: "n1/link", Linkname: "metadata1"}, ""},
		regular("n1/"+strings.Repeat("long", 60), "in a PAX record"),
		regular("n1/zeros", strings.Repeat("\x00", 5000)),
	)
	f.Add(plain)
	f.Add(gzipOf(f, plain))
	f.Add(zstdOf(f, plain))
	f.Add(zipOf(f, regular("n1/metadata1", "some text"), regular("n1/zeros", strings.Repeat("\x00", 5000))))
	f.Add(tarOf(f, regular("../up", "x")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		dir, temp := t.TempDir(), t.TempDir()
		path := filepath.Join(dir, "x.tar")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		tryAll(t, path, temp)
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Fatal("temporary files were left behind", left, err)
		}
	})
}
