package analyze

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// A tree is a source in memory.
type tree struct {
	name, path string
	fsys       fstest.MapFS
	refuse     error
	found      *[]string
}

func (t tree) Name() string { return t.name }
func (t tree) Path() string { return t.path }
func (t tree) FS() fs.FS    { return t.fsys }

func (t tree) Found(dirs []string) error {
	if t.found != nil {
		*t.found = dirs
	}
	return t.refuse
}

func (t tree) Sweep(_ context.Context, take func(string) Take) error {
	for name, f := range t.fsys {
		if consume := take(name); consume != nil {
			if err := consume(strings.NewReader(string(f.Data)), strings.NewReader(string(f.Data)), int64(len(f.Data))); err != nil {
				return err
			}
		}
	}
	return nil
}

// notes is a family whose nodes are directories with a file called note.
type notes struct{}

func (notes) Name() string { return "notes" }

func (notes) Find(fsys fs.FS) (out []Candidate, err error) {
	err = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "note" {
			out = append(out, Candidate{Dir: path.Dir(p), Data: "."})
		}
		return err
	})
	return out, err
}

func (notes) Open(name string, _ fs.FS, _ Candidate, _ Options) (Reading, error) {
	return &noteReading{node: Node{Name: name, System: "notes"}}, nil
}

type noteReading struct{ node Node }

func (r *noteReading) Take(name string) Take {
	if name != "note" {
		return nil
	}
	return func(in io.Reader, _ io.ReaderAt, _ int64) error {
		data, err := io.ReadAll(in)
		r.node.Identity.ID = string(data)
		return err
	}
}

func (r *noteReading) Finish(context.Context) (*Node, error) { return &r.node, nil }

func (notes) Judge(_ context.Context, nodes []*Node, _ Options) ([]Cluster, error) {
	return []Cluster{{System: "notes", Nodes: nodes}}, nil
}

func note(dirs ...string) fstest.MapFS {
	out := fstest.MapFS{"stranger/file": {Data: []byte("x")}}
	for _, d := range dirs {
		out[path.Join(d, "note")] = &fstest.MapFile{Data: []byte("id of " + d)}
	}
	return out
}

func TestRunNamesNodes(t *testing.T) {
	for name, x := range map[string]struct {
		sources []Source
		want    []string
	}{
		"the last element of a path":         {[]Source{tree{path: "/backup/n1", fsys: note(".")}}, []string{"n1"}},
		"what tells the paths apart":         {[]Source{tree{path: "/b/n1/data", fsys: note(".")}, tree{path: "/b/n2/data", fsys: note(".")}}, []string{"n1", "n2"}},
		"directories of one tree":            {[]Source{tree{path: "backup", fsys: note("a/db", "b/db")}}, []string{"a", "b"}},
		"NAME=":                              {[]Source{tree{name: "db1", path: "/x", fsys: note(".")}, tree{path: "/y", fsys: note(".")}}, []string{"db1", "y"}},
		"NAME= for several":                  {[]Source{tree{name: "host", path: "/x", fsys: note("a", "b")}}, []string{"host/a", "host/b"}},
		"an archive without its ending":      {[]Source{tree{path: "t/n7.tar.gz", fsys: note(".")}}, []string{"n7"}},
		"a path given twice":                 {[]Source{tree{path: "/x/n1", fsys: note(".")}, tree{path: "/x/n1", fsys: note(".")}}, []string{"n1", "n1#2"}},
		"more than one element if need be":   {[]Source{tree{path: "/x", fsys: note("a/1", "a/2", "b/1")}}, []string{"a/1", "a/2", "b"}},
		"a name that another path has, too":  {[]Source{tree{name: "n1", path: "/x", fsys: note(".")}, tree{path: "/y/n1", fsys: note(".")}}, []string{"n1", "n1#2"}},
		"backslashes of Windows are slashes": {[]Source{tree{path: `C:\copy\n3`, fsys: note(".")}}, []string{"n3"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Run(t.Context(), x.sources, []System{notes{}}, Options{})
			require.NoError(t, err)
			var got []string
			for _, n := range r.Clusters[0].Nodes {
				got = append(got, n.Name)
			}
			require.Equal(t, x.want, got)
		})
	}
}

func TestRunHandsFilesToTheirNode(t *testing.T) {
	var found []string
	r, err := Run(t.Context(), []Source{tree{path: "/x", fsys: note("a", "b/c"), found: &found}}, []System{notes{}}, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b/c"}, found)
	require.Equal(t, "id of a", r.Clusters[0].Nodes[0].Identity.ID)
	require.Equal(t, "id of b/c", r.Clusters[0].Nodes[1].Identity.ID)
	require.Equal(t, "notes-1", r.Clusters[0].ID)
}

func TestRunSaysWhereItFoundNothing(t *testing.T) {
	r, err := Run(t.Context(), []Source{tree{path: "/x", fsys: note()}, tree{path: "/y", fsys: note(".")}}, []System{notes{}}, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"/x"}, r.Empty)
	r, err = Run(t.Context(), []Source{tree{path: "/y", fsys: note(".")}}, []System{notes{}}, Options{System: "other"})
	require.NoError(t, err)
	require.Equal(t, []string{"/y"}, r.Empty)
}

func TestRunStops(t *testing.T) {
	live := errors.New("a server holds it")
	_, err := Run(t.Context(), []Source{tree{path: "/x", fsys: note("."), refuse: live}}, []System{notes{}}, Options{})
	require.ErrorIs(t, err, live)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Run(ctx, []Source{tree{path: "/x", fsys: note(".")}}, []System{notes{}}, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestPositionsCompareOnlyWhereTheEvidenceAllows(t *testing.T) {
	p := func(history string, term, index uint64, bound Bound) Position {
		return Position{history, term, index, bound}
	}
	for _, x := range []struct {
		a, b  Position
		order int
		ok    bool
	}{
		{p("h", 3, 100, Exact), p("h", 2, 120, Exact), 1, true},     // the newer term beats the longer log
		{p("h", 2, 100, Exact), p("h", 2, 120, Exact), -1, true},    //
		{p("h", 2, 120, Exact), p("h", 2, 120, Exact), 0, true},     //
		{p("h", 2, 120, Exact), p("g", 2, 100, Exact), 1, false},    // other histories
		{p("h", 2, 120, AtLeast), p("h", 2, 100, Exact), 1, true},   // a lower bound above the other
		{p("h", 2, 100, AtLeast), p("h", 2, 120, Exact), -1, false}, // may reach further
		{p("h", 2, 120, Exact), p("h", 2, 100, AtLeast), 1, false},
		{p("h", 2, 120, Exact), p("h", 0, 0, None), 1, false},
	} {
		order, ok := x.a.Compare(x.b)
		require.Equal(t, x.ok, ok, "%v and %v", x.a, x.b)
		if ok {
			require.Equal(t, x.order, order, "%v and %v", x.a, x.b)
		}
	}
}
