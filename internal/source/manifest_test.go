package source

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestManifestTexts(t *testing.T) {
	m := &Manifest{hashed: true, Files: []ManifestFile{
		{Path: "a, b", Size: 3, SHA256: sha256.Sum256([]byte("abc"))},
		{Path: "line\nbreak", Size: 0, SHA256: sha256.Sum256(nil)},
		{Path: "z", Size: 9, Unreadable: "input/output error"},
	}}
	const canonical = `ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 "a, b"
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 "line\nbreak"
unreadable 9 "z"
`
	sum := sha256.Sum256([]byte(canonical))
	require.Equal(t, hexOf(sum), m.SHA256())
	var text bytes.Buffer
	require.NoError(t, m.WriteHashdeep(&text))
	require.Equal(t, `%%%% HASHDEEP-1.0
%%%% size,sha256,filename
## 3 files, tree `+hexOf(sum)+`
3,ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad,a, b
0,e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,line\nbreak
## 9,unreadable,z
`, text.String())
	require.EqualValues(t, 12, m.Bytes())

	require.Empty(t, new(Manifest).SHA256())
	require.Error(t, new(Manifest).WriteHashdeep(&text))
}

func hexOf(sum [sha256.Size]byte) string { return (&ManifestFile{SHA256: sum}).digest() }

func TestHashdeepAcceptsTheManifest(t *testing.T) {
	tool, err := exec.LookPath("hashdeep")
	if err != nil {
		t.Skip("hashdeep is not installed")
	}
	dir := makeDir(t)
	m, err := open(t, dir, Options{}).Sweep(t.Context(), nil, nil)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, m.WriteHashdeep(&text))
	list := filepath.Join(t.TempDir(), "list")
	require.NoError(t, os.WriteFile(list, text.Bytes(), 0o600))
	audit := exec.Command(tool, "-c", "sha256", "-r", "-l", "-a", "-v", "-k", list, "n1", "n2")
	audit.Dir = dir
	out, err := audit.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "Audit passed")
	require.Contains(t, strings.Join(strings.Fields(string(out)), " "), "Files matched: 5")
}

func TestCheckTellsWhatChanged(t *testing.T) {
	later := longAgo.Add(time.Hour)
	for _, c := range []struct {
		name            string
		change          func(t *testing.T, dir string)
		sweep, snapshot []string // what Check returns
	}{
		{"nothing", func(*testing.T, string) {}, nil, nil},
		{"touched", func(t *testing.T, dir string) {
			require.NoError(t, os.Chtimes(filepath.Join(dir, "n1/metadata1"), later, later))
		}, nil, []string{"n1/metadata1"}},
		{"mode", func(t *testing.T, dir string) {
			require.NoError(t, os.Chmod(filepath.Join(dir, "n1/metadata1"), 0o600))
		}, nil, []string{"n1/metadata1"}},
		{"replaced by a copy", func(t *testing.T, dir string) {
			name := filepath.Join(dir, "n1/metadata1")
			require.NoError(t, os.Remove(name))
			write(t, name, []byte("one"))
		}, nil, []string{"n1/metadata1"}},
		{"content, mtime put back", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "n1/metadata1"), []byte("two"))
		}, []string{"n1/metadata1"}, []string{"n1/metadata1"}},
		{"appended", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "n1/metadata1"), []byte("one more"))
		}, []string{"n1/metadata1"}, []string{"n1/metadata1"}},
		{"appeared, vanished, moved", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "n0/new"), []byte("new"))
			require.NoError(t, os.Remove(filepath.Join(dir, "n1/metadata1")))
			require.NoError(t, os.Rename(filepath.Join(dir, "n1/open-1"), filepath.Join(dir, "n1/moved")))
		}, []string{"n0/new", "n1/metadata1", "n1/moved", "n1/open-1"}, []string{"n0/new", "n1/metadata1", "n1/moved", "n1/open-1"}},
		{"became a link", func(t *testing.T, dir string) {
			name := filepath.Join(dir, "n1/metadata1")
			require.NoError(t, os.Rename(name, filepath.Join(dir, "x")))
			require.NoError(t, os.Symlink("../x", name))
		}, []string{"n1/metadata1", "x"}, []string{"n1/metadata1", "x"}},
		{"directory vanished", func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "n2")))
		}, []string{"n2/a/b/c"}, []string{"n2/a/b/c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := makeDir(t)
			tree, err := Open(t.Context(), dir, Options{})
			require.NoError(t, err)
			defer tree.Close()
			swept, err := tree.Sweep(t.Context(), nil, nil)
			require.NoError(t, err)
			read, err := tree.Read(t.Context(), nil, nil)
			require.NoError(t, err)
			snapshot, err := tree.Snapshot(t.Context())
			require.NoError(t, err)
			c.change(t, dir)
			changed, err := tree.Check(t.Context(), swept)
			require.NoError(t, err)
			require.Equal(t, c.sweep, changed)
			for _, unhashed := range []*Manifest{snapshot, read} {
				changed, err = tree.Check(t.Context(), unhashed)
				require.NoError(t, err)
				if c.name != "mode" && c.name != "replaced by a copy" || stampOf(mustStat(t, dir)) != (stamp{}) {
					require.Equal(t, c.snapshot, changed)
				}
			}
		})
	}
}

func mustStat(t *testing.T, name string) os.FileInfo {
	info, err := os.Stat(name)
	require.NoError(t, err)
	return info
}

func TestCheckOfOpenedFilesOnly(t *testing.T) {
	dir := makeDir(t)
	tree, err := Open(t.Context(), dir, Options{})
	require.NoError(t, err)
	defer tree.Close()
	for _, name := range []string{"n1/open-1", "n1/metadata1"} {
		f, err := tree.FS().Open(name)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	m := tree.Opened()
	require.Equal(t, []string{"n1/metadata1", "n1/open-1"}, names(m))
	require.Empty(t, m.SHA256())
	write(t, filepath.Join(dir, "n1/metadata2"), []byte("not opened"))
	write(t, filepath.Join(dir, "n1/new"), []byte("not opened"))
	changed, err := tree.Check(t.Context(), m)
	require.NoError(t, err)
	require.Empty(t, changed)
	write(t, filepath.Join(dir, "n1/open-1"), []byte("changed"))
	changed, err = tree.Check(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, []string{"n1/open-1"}, changed)
}

func TestCheckOfAnArchiveLooksAtTheArchive(t *testing.T) {
	plain := sampleTar(t)
	for _, c := range []struct {
		name    string
		change  func(t *testing.T, path string)
		changed bool
	}{
		{"nothing", func(*testing.T, string) {}, false},
		{"touched", func(t *testing.T, path string) { require.NoError(t, os.Chtimes(path, time.Time{}, time.Now())) }, false},
		{"one bit", func(t *testing.T, path string) {
			flipped := bytes.Clone(plain)
			flipped[len(flipped)/2] ^= 1
			write(t, path, flipped)
		}, true},
		{"appended", func(t *testing.T, path string) { write(t, path, append(bytes.Clone(plain), 0)) }, true},
		{"removed", func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := archiveFile(t, "x.tar", plain)
			tree, err := Open(t.Context(), path, Options{})
			require.NoError(t, err)
			defer tree.Close()
			m, err := tree.Sweep(t.Context(), nil, nil)
			require.NoError(t, err)
			c.change(t, path)
			changed, err := tree.Check(t.Context(), m)
			require.NoError(t, err)
			if c.changed {
				require.Equal(t, []string{path}, changed)
			} else {
				require.Empty(t, changed)
			}
		})
	}
	t.Run("between Open and Sweep", func(t *testing.T) {
		path := archiveFile(t, "x.tar", plain)
		tree, err := Open(t.Context(), path, Options{})
		require.NoError(t, err)
		defer tree.Close()
		flipped := bytes.Clone(plain)
		flipped[len(flipped)/2] ^= 1
		require.NoError(t, os.WriteFile(path, flipped, 0o600))
		m, err := tree.Sweep(t.Context(), nil, nil)
		require.NoError(t, err)
		changed, err := tree.Check(t.Context(), m)
		require.NoError(t, err)
		require.Equal(t, []string{path}, changed)
	})
}
