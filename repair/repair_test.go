package repair

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
)

func inputs() Inputs {
	return Inputs{"n1": fstest.MapFS{"dir/a": {Data: []byte("0123456789")}}}
}

func file(steps ...analyze.Step) *File {
	return &File{Schema: Schema, Plan: analyze.Plan{Steps: steps}, Inputs: []Digest{}}
}

func fine(string) error { return nil }

// only requires that a directory holds nothing but the given names.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	require.ElementsMatch(t, names, got)
}

func TestExecuteMakesFiles(t *testing.T) {
	whole := analyze.Part{Node: "n1", File: "dir/a", Length: -1}
	f := file(
		analyze.Step{Op: analyze.Copy, Node: "n1", File: "x/copy", Mode: 0o640, Parts: []analyze.Part{whole}},
		analyze.Step{Op: analyze.Cut, Node: "n1", File: "x/cut", Parts: []analyze.Part{{Node: "n1", File: "dir/a", Length: 4}}},
		analyze.Step{Op: analyze.Assemble, Node: "n2", File: "parts", Parts: []analyze.Part{{Data: []byte("<")}, {Node: "n1", File: "dir/a", Offset: 7, Length: 2}, {Data: []byte(">")}}},
		analyze.Step{Op: analyze.LeaveOut, Node: "n2", File: "other"},
		analyze.Step{Op: analyze.Archive, File: "all.tar.gz", Members: []analyze.Member{{Node: "n2", File: "parts", Name: "p"}, {Name: "list", Data: []byte("l")}}},
	)
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	seen := ""
	require.NoError(t, Execute(t.Context(), f, inputs(), out, func(d string) error {
		seen = d
		_, err := os.Stat(filepath.Join(d, Marker))
		return err
	}))
	require.NotEqual(t, out, seen)
	only(t, dir, "out")
	only(t, out, "n1", "n2", "all.tar.gz")
	for name, want := range map[string]string{"n1/x/copy": "0123456789", "n1/x/cut": "0123", "n2/parts": "<78>"} {
		got, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	info, err := os.Stat(filepath.Join(out, "n1/x/copy"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	packed, err := os.Open(filepath.Join(out, "all.tar.gz"))
	require.NoError(t, err)
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	require.NoError(t, err)
	r := tar.NewReader(z)
	for _, want := range [][2]string{{"p", "<78>"}, {"list", "l"}} {
		h, err := r.Next()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, want, [2]string{h.Name, string(data)})
	}
}

func TestExecuteRunsStatements(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, "local.db"))
	require.NoError(t, err)
	_, err = db.Exec("CREATE TABLE raft_nodes (id INTEGER, address TEXT); INSERT INTO raft_nodes VALUES (1, 'a')")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	in := Inputs{"n1": os.DirFS(dir)}
	f := file(
		analyze.Step{Op: analyze.Copy, Node: "n1", File: "local.db", Parts: []analyze.Part{{Node: "n1", File: "local.db", Length: -1}}},
		analyze.Step{Op: analyze.SQL, Node: "n1", File: "local.db", SQL: []string{"DELETE FROM raft_nodes", "INSERT INTO raft_nodes VALUES (2, 'b')"}},
	)
	out := filepath.Join(t.TempDir(), "out")
	require.NoError(t, Execute(t.Context(), f, in, out, fine))
	only(t, filepath.Join(out, "n1"), "local.db")
	db, err = sql.Open("sqlite", filepath.Join(out, "n1", "local.db"))
	require.NoError(t, err)
	defer db.Close()
	var id, n int
	require.NoError(t, db.QueryRow("SELECT id, count(*) FROM raft_nodes").Scan(&id, &n))
	require.Equal(t, []int{2, 1}, []int{id, n})
}

// Whatever goes wrong, nothing is left behind.
func TestExecuteLeavesNothing(t *testing.T) {
	good := analyze.Step{Op: analyze.Write, Node: "n1", File: "a", Parts: []analyze.Part{{Data: []byte("x")}}}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("the promise does not hold")
	for name, x := range map[string]struct {
		ctx    context.Context
		steps  []analyze.Step
		finish func(string) error
		want   string
	}{
		"a file twice":          {t.Context(), []analyze.Step{good, good}, fine, "exists"},
		"an input not there":    {t.Context(), []analyze.Step{{Op: analyze.Copy, Node: "n1", File: "a", Parts: []analyze.Part{{Node: "n1", File: "none", Length: -1}}}}, fine, "none"},
		"a node not there":      {t.Context(), []analyze.Step{{Op: analyze.Copy, Node: "n1", File: "a", Parts: []analyze.Part{{Node: "n9", File: "dir/a", Length: -1}}}}, fine, "n9 is not among the inputs"},
		"an input too short":    {t.Context(), []analyze.Step{{Op: analyze.Cut, Node: "n1", File: "a", Parts: []analyze.Part{{Node: "n1", File: "dir/a", Offset: 8, Length: 5}}}}, fine, "2 of 5 bytes"},
		"an unknown operation":  {t.Context(), []analyze.Step{{Op: "burn", Node: "n1", File: "a"}}, fine, `"burn" is not known`},
		"a way out of the root": {t.Context(), []analyze.Step{{Op: analyze.Write, Node: "..", File: "a"}}, fine, "escapes"},
		"an interrupt":          {cancelled, []analyze.Step{good}, fine, "canceled"},
		"a broken promise":      {t.Context(), []analyze.Step{good}, func(string) error { return broken }, "promise"},
		"statements that fail":  {t.Context(), []analyze.Step{good, {Op: analyze.SQL, Node: "n1", File: "a", SQL: []string{"SELECT nonsense"}}}, fine, "a"},
		"no file for SQL":       {t.Context(), []analyze.Step{{Op: analyze.SQL, Node: "n1", File: "b", SQL: []string{"SELECT 1"}}}, fine, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			err := Execute(x.ctx, file(x.steps...), inputs(), filepath.Join(dir, "out"), x.finish)
			require.ErrorContains(t, err, x.want)
			only(t, dir)
		})
	}
}

func TestExecuteOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	require.NoError(t, os.WriteFile(out, []byte("mine"), 0o600))
	require.ErrorContains(t, Execute(t.Context(), file(), inputs(), out, fine), "exists already")
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "mine", string(got))
}

func TestPlanFiles(t *testing.T) {
	p := analyze.Plan{ID: "p", Steps: []analyze.Step{
		{Op: analyze.Assemble, Node: "n1", File: "s", Parts: []analyze.Part{{Data: []byte{0, 1, 255}}, {Node: "n1", File: "dir/a", Offset: 3, Length: 2}, {Node: "n1", File: "dir/a", Length: -1}}},
	}, Promise: []analyze.Promise{{Node: "n1", Term: 2, Index: 3, Upper: &analyze.Bar{Term: 3, Index: 4}}}}
	f, err := New("lastwrite 1", analyze.Cluster{ID: "c", System: "cowsql"}, p, func(node, name string) (int64, string, error) { return 10, "sum of " + node + name, nil })
	require.NoError(t, err)
	require.Equal(t, []Digest{{"n1", "dir/a", 10, "sum of n1dir/a"}}, f.Inputs)
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	back, err := Read(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	require.Equal(t, f, back)
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":              "plan",
		"another schema":       `{"schema": "lastwrite.plan/9"}`,
		"an unknown field":     `{"schema": "lastwrite.plan/1", "force": true}`,
		"a step that leaves":   `{"schema": "lastwrite.plan/1", "plan": {"steps": [{"op": "write", "node": "n1", "file": "../../etc/passwd"}]}}`,
		"an absolute file":     `{"schema": "lastwrite.plan/1", "plan": {"steps": [{"op": "write", "node": "n1", "file": "/etc/passwd"}]}}`,
		"a node that leaves":   `{"schema": "lastwrite.plan/1", "plan": {"steps": [{"op": "write", "node": "..", "file": "a"}]}}`,
		"a part that leaves":   `{"schema": "lastwrite.plan/1", "plan": {"steps": [{"op": "copy", "node": "n1", "file": "a", "parts": [{"node": "n1", "file": "../b"}]}]}}`,
		"a negative offset":    `{"schema": "lastwrite.plan/1", "plan": {"steps": [{"op": "copy", "node": "n1", "file": "a", "parts": [{"node": "n1", "file": "b", "offset": -1}]}]}}`,
		"a member that leaves": `{"schema": "lastwrite.plan/1", "plan": {"steps": [{"op": "archive", "file": "a", "members": [{"node": "n1", "file": "b", "name": "../c"}]}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(bytes.NewReader([]byte(text)))
			require.Error(t, err)
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema": "lastwrite.plan/1", "plan": {"steps": [{"op": "write", "node": "n1", "file": "a", "parts": [{"data": "AAA="}]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, s := range plan.Plan.Steps {
			if !filepath.IsLocal(filepath.FromSlash(s.File)) {
				t.Fatalf("step leaves: %q", s.File)
			}
		}
	})
}
