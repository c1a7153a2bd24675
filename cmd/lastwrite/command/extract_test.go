package command_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/database"
)

// raftRun runs a command line and fails the test if that changes one of the
// inputs.
func raftRun(t testing.TB, inputs []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	before := make([]map[string]string, len(inputs))
	for i, dir := range inputs {
		before[i] = raftDigest(t, dir)
	}
	var out, errs bytes.Buffer
	status = command.Main(args, command.Env{
		Stdout: &out, Stderr: &errs, TempDir: t.TempDir(),
		Getenv:   func(string) string { return "" },
		Terminal: func(io.Writer) (int, bool) { return 0, false },
	})
	for i, dir := range inputs {
		assert.Empty(t, gocmp.Diff(before[i], raftDigest(t, dir)), "%s was changed", dir)
	}
	return status, out.String(), errs.String()
}

// raftDigest describes every file below dir: mode, time, size and content.
func raftDigest(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		sum := ""
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			sum = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		out[name] = fmt.Sprintln(info.Mode(), info.ModTime(), info.Size(), sum)
		return nil
	}))
	return out
}

type extractedManifest struct {
	Node      string
	Index     uint64
	Term      uint64
	Unsafe    []string
	Sources   []struct{ File, SHA256 string }
	Databases []struct {
		Name, File, SHA256 string
		Pages, Bytes       int64
		Integrity          struct {
			OK       bool
			Messages []string
		}
	}
}

func readManifest(t testing.TB, dir string) (m extractedManifest) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "MANIFEST.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &m))
	return m
}

// serverLosesRows are the nodes on which the real server comes to other rows
// than the evidence holds, with the node that has the right ones.
var serverLosesRows = map[string]string{
	"snapshot-data-damaged-silent/n2": "n1", // the WAL in the snapshot is damaged; the server drops what follows
}

// TestExtractGivesTheRowsOfTheServer compares the rows of every table with
// those that SQL over the wire returned.
func TestExtractGivesTheRowsOfTheServer(t *testing.T) {
	compared := 0
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "cowsql", name)
			for _, n := range c.Nodes {
				truth := c.Cowsql.Nodes[n.Name]
				if !truth.Loads() || truth.Rows == nil || len(truth.Rows.Databases) == 0 || truth.LastIndex == 0 {
					continue
				}
				rows := truth.Rows
				if other := serverLosesRows[name+"/"+n.Name]; other != "" {
					rows = c.Cowsql.Nodes[other].Rows
				}
				out := filepath.Join(t.TempDir(), "out")
				status, _, stderr := raftRun(t, []string{n.Path}, "extract", n.Path, "--out", out, "--at", strconv.FormatUint(truth.LastIndex, 10))
				require.Equal(t, 0, status, "%s: %s", n.Name, stderr)
				assert.Empty(t, stderr)
				m := readManifest(t, out)
				assert.Equal(t, truth.LastTerm, m.Term, n.Name)
				assert.Equal(t, truth.LastIndex, m.Index, n.Name)
				got := map[string]map[string]fixtures.TableTruth{}
				for _, d := range m.Databases {
					got[d.Name] = map[string]fixtures.TableTruth{}
					summary, err := database.Summary(t.Context(), filepath.Join(out, d.File))
					require.NoError(t, err)
					for _, s := range summary {
						got[d.Name][s.Name] = fixtures.TableTruth{Rows: s.Rows, SHA256: s.SHA256}
					}
					assert.True(t, d.Integrity.OK)
				}
				want := map[string]map[string]fixtures.TableTruth{}
				for db, d := range rows.Databases {
					want[db] = map[string]fixtures.TableTruth{}
					for table, x := range d.Tables {
						want[db][table] = fixtures.TableTruth{Rows: x.Rows, SHA256: x.SHA256}
					}
				}
				assert.Empty(t, gocmp.Diff(want, got), n.Name)
				compared++
			}
		})
	}
	assert.Greater(t, compared, 80)
}

func TestExtractManifestTellsTheTruth(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "incus-layout")
	n := c.Node(t, "server2")
	out := filepath.Join(t.TempDir(), "out")
	status, stdout, stderr := raftRun(t, []string{c.Dir}, "extract", c.Dir, "--node", "server2", "--out", out)
	require.Equal(t, 0, status, stderr)
	assert.Contains(t, stdout, "server2 as of index 83, term 1: snapshot-1-80-")
	assert.Contains(t, stdout, "db.bin: 9 pages, 36,864 bytes, integrity check ok")
	m := readManifest(t, out)
	require.Len(t, m.Databases, 1)
	data, err := os.ReadFile(filepath.Join(out, m.Databases[0].File))
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	assert.Equal(t, hex.EncodeToString(sum[:]), m.Databases[0].SHA256)
	assert.Len(t, data, int(m.Databases[0].Bytes))
	require.NotEmpty(t, m.Sources)
	for _, s := range m.Sources {
		rel, ok := strings.CutPrefix(s.File, "server2/")
		require.True(t, ok, s.File)
		data, err := os.ReadFile(filepath.Join(n.Path, rel))
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		assert.Equal(t, hex.EncodeToString(sum[:]), s.SHA256)
	}
	again := filepath.Join(t.TempDir(), "out")
	status, _, _ = raftRun(t, nil, "extract", c.Dir, "--node", "server2", "--out", again)
	require.Equal(t, 0, status)
	assert.Equal(t, raftContent(t, out), raftContent(t, again), "the same input gives the same bytes")
}

func raftContent(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		out[e.Name()] = string(data)
	}
	return out
}

func TestExtractRefuses(t *testing.T) {
	gap := fixtures.Open(t, "cowsql", "closed-segment-gap-no-snapshot")
	spare := fixtures.Open(t, "cowsql", "five-nodes-voter-standby-spare")
	tests := []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"gap", []string{gap.Node(t, "n2").Path}, 4, "n2: the databases cannot be rebuilt at index 149: entries 42 to 77 are missing or unreadable\n" +
			"lastwrite: what can be had with --at: 1 to 41\nlastwrite: --salvage writes what is left, marked as unsafe\n"},
		{"behind the end", []string{gap.Node(t, "n1").Path, "--at", "150"}, 4, "the last index is 149"},
		{"several nodes", []string{gap.Dir}, 3, "choose one with --node: n1, n2, n3"},
		{"no such node", []string{gap.Dir, "--node", "n9"}, 3, "--node n9: the nodes here are n1, n2, n3"},
		{"index 0", []string{gap.Dir, "--at", "0"}, 3, "a log begins at index 1"},
		{"empty node", []string{spare.Node(t, "n5").Path}, 4, "n5 holds neither a log entry nor a snapshot"},
		{"no node", []string{t.TempDir()}, 4, "no cowsql or dqlite node was recognised here"},
		{"missing path", []string{filepath.Join(gap.Dir, "n7")}, 3, "there is no such file or directory"},
		{"two paths", []string{gap.Dir, spare.Dir}, 3, "one path wanted, 2 given"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			status, stdout, stderr := raftRun(t, []string{gap.Dir, spare.Dir}, append([]string{"extract", "--out", filepath.Join(dir, "out")}, tt.args...)...)
			assert.Equal(t, tt.status, status, stderr)
			assert.Contains(t, stderr, tt.want)
			assert.Empty(t, stdout)
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, left, "nothing is left behind")
		})
	}
}

func TestExtractWritesNothingIntoInputs(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "clean-stop")
	n1 := c.Node(t, "n1").Path
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(n1, link))
	for _, out := range []string{filepath.Join(n1, "out"), filepath.Join(link, "out")} {
		status, _, stderr := raftRun(t, []string{c.Dir}, "extract", n1, "--out", out)
		assert.Equal(t, 3, status)
		assert.Contains(t, stderr, "lies inside the input")
	}
	existing := t.TempDir()
	status, _, stderr := raftRun(t, []string{existing}, "extract", n1, "--out", existing)
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "exists already")
}

func TestExtractSalvage(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "single-node-past-last-snapshot")
	n1 := c.Node(t, "n1").Path
	out := filepath.Join(t.TempDir(), "out")
	status, stdout, stderr := raftRun(t, []string{n1}, "extract", n1, "--out", out, "--salvage")
	assert.Equal(t, 1, status, stderr)
	assert.Contains(t, stdout, "INTEGRITY CHECK FAILED")
	assert.Contains(t, stdout, "UNSAFE: entries 121 to 161 are missing or unreadable")
	files := raftContent(t, out)
	assert.Contains(t, files, "demo.unsafe")
	assert.Contains(t, files["README.txt"], "DO NOT PUT THESE FILES INTO SERVICE")
	assert.Contains(t, files["README.txt"], "entries 121 to 161 are missing or unreadable")
	m := readManifest(t, out)
	assert.False(t, m.Databases[0].Integrity.OK)
	assert.NotEmpty(t, m.Databases[0].Integrity.Messages)
}
