package innodb_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse/innodb"
)

// torn are the rollback segment headers that the makers of the case overwrote,
// by file. Copies of all of them are in the doublewrite area.
var torn = map[string]map[string]uint64{
	"node1": {"undo002": 13, "undo003": 7},
	"node2": {"undo001": 15, "undo003": 5},
}

// TestTornPages looks at directories of real servers that crashed.
func TestTornPages(t *testing.T) {
	dir := unpack(t, "torn-pages")
	for node, want := range torn {
		results := verifyAll(t, filepath.Join(dir, node))
		damaged := map[string]uint64{}
		for i, mended := range innodb.Mended(results, 0, 1<<63) {
			r := results[i]
			assert.False(t, r.Guessed, r.File)
			if r.Damaged > 0 {
				damaged[r.File] = r.Damaged
				assert.Equal(t, int(r.Damaged), mended, "%s/%s", node, r.File)
			}
		}
		assert.Equal(t, want, damaged, node)
	}
}

// TestCrashesDamageNothing: whatever a killed server leaves half done, no page
// of it is bad.
func TestCrashesDamageNothing(t *testing.T) {
	for _, name := range []string{"all-killed-under-load", "killed-during-ddl", "mariabackup-sst-then-crash"} {
		for _, r := range verifyAll(t, unpack(t, name)) {
			assert.Empty(t, r.Damage, "%s: %s", name, r.File)
			assert.Zero(t, r.FreeBad, "%s: %s", name, r.File)
		}
	}
}

func unpack(t *testing.T, name string) string {
	t.Helper()
	archive, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "corpus", "galera", name, "nodes.tar.zst"))
	require.NoError(t, err)
	if _, err := os.Stat(archive); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("needs the corpus at %s", archive)
	}
	dir := t.TempDir()
	out, err := exec.Command("sh", "-c", `zstd -dc --long=27 "$1" | tar xf - -C "$2"`, "sh", archive, dir).CombinedOutput()
	if err != nil {
		t.Skipf("needs zstd and tar: %s", out)
	}
	return dir
}

func verifyAll(t *testing.T, dir string) (out []innodb.Result) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !innodb.IsTablespace(name) {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		rel, err := filepath.Rel(dir, name)
		require.NoError(t, err)
		v := innodb.NewVerifier(filepath.ToSlash(rel))
		_, err = io.Copy(v, f)
		out = append(out, v.Finish())
		return err
	}))
	require.NotEmpty(t, out)
	return out
}

func TestIsTablespace(t *testing.T) {
	for name, want := range map[string]bool{
		"t/a.ibd": true, "ibdata1": true, "ibdata12": true, "undo001": true, "undo_002": true, "deep/x.ibu": true, "t/#sql-1.ibd": true,
		"ibtmp1": false, "#innodb_temp/temp_1.ibt": false, "ibdata": false, "ibdata1.bak": false, "undo": false, "undo.log": false, "ib_logfile0": false,
		"ib_buffer_pool": false, "t/a.frm": false, "#ib_16384_0.dblwr": false,
	} {
		assert.Equal(t, want, innodb.IsTablespace(name), name)
	}
}
