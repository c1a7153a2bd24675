package galera

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/fixtures"
)

// A source is a node's directory, with files put over it and taken out.
type source struct {
	name string
	fsys fs.FS
}

func (s source) Name() string       { return s.name }
func (s source) Path() string       { return s.name }
func (source) Found([]string) error { return nil }
func (s source) FS() fs.FS          { return s.fsys }

// Sweep hands over every file, one after the other.
func (s source) Sweep(_ context.Context, take func(string) analyze.Take) error {
	return fs.WalkDir(s.fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		consume := take(name)
		if consume == nil {
			return nil
		}
		f, err := s.fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return consume(f, f.(io.ReaderAt), info.Size())
	})
}

// An overlay is a directory with some files replaced, and others gone.
type overlay struct {
	fs.FS
	over fstest.MapFS
	gone func(name string) bool
}

func (o overlay) Open(name string) (fs.File, error) {
	if _, ok := o.over[name]; ok {
		return o.over.Open(name)
	}
	if o.gone != nil && o.gone(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := o.FS.Open(name)
	if err != nil {
		return o.over.Open(name)
	}
	return f, nil
}

// ReadDir merges both listings.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(o.FS, name)
	out := slices.DeleteFunc(list, func(e fs.DirEntry) bool {
		p := path.Join(name, e.Name())
		_, replaced := o.over[p]
		return replaced || o.gone != nil && o.gone(p)
	})
	more, err2 := fs.ReadDir(o.over, name)
	for _, e := range more {
		if !slices.ContainsFunc(out, func(x fs.DirEntry) bool { return x.Name() == e.Name() }) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	if err != nil && err2 != nil {
		return nil, err
	}
	return out, nil
}

// run analyses nodes.
func run(t *testing.T, nodes []source, o analyze.Options) []analyze.Cluster {
	t.Helper()
	var sources []analyze.Source
	for _, n := range nodes {
		sources = append(sources, n)
	}
	result, err := analyze.Run(t.Context(), sources, []analyze.System{System{}}, o)
	require.NoError(t, err)
	require.Empty(t, result.Problems)
	return result.Clusters
}

// opened unpacks a case.
func opened(t *testing.T, name string) ([]source, *truth) {
	t.Helper()
	c := fixtures.Open(t, "galera", name)
	var nodes []source
	for _, n := range c.Nodes {
		nodes = append(nodes, source{n.Name, os.DirFS(n.Path)})
	}
	var tr truth
	require.NoError(t, json.Unmarshal(c.JSON, &tr))
	return nodes, &tr
}

// A truth is what the real servers said about a case.
type truth struct {
	MostRecent []string             `json:"most_recent"`
	Common     uint64               `json:"common_seqno_before_split"`
	Nodes      map[string]nodeTruth `json:"nodes"`
	Restart    []struct {
		Bootstrapped string `json:"bootstrapped"`
		Joiners      map[string]struct {
			Transfer string `json:"transfer"`
		} `json:"joiners"`
	} `json:"restart"`
}

type nodeTruth struct {
	Recover *struct {
		RC       int     `json:"rc"`
		Position *string `json:"position"`
	} `json:"wsrep_recover"`
	Starts     *bool    `json:"starts"`
	StartError string   `json:"start_error"`
	Bootstraps *bool    `json:"bootstraps_as_found"`
	Refusal    string   `json:"bootstrap_refusal"`
	Cache      []uint64 `json:"gcache_range_by_provider"`
	AsIs       *struct {
		UUID          string `json:"cluster_state_uuid"`
		LastCommitted int64  `json:"last_committed"`
	} `json:"bootstrap_as_is"`
}

// damaged are the cases in which damage hides the answer.
var damaged = []string{"damaged-checkpoints-and-system-tablespace", "damaged-redo-and-undo-files"}

// TestCorpus holds the analysis of every case against what the real servers
// said about it, carries every plan out, and looks for the findings that the
// case is for.
func TestCorpus(t *testing.T) {
	cases := fixtures.Cases("galera")
	if len(cases) == 0 {
		t.Skip("no galera cases: neither in fixtures nor in ../shared/corpus")
	}
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes, tr := opened(t, name)
			clusters := run(t, nodes, analyze.Options{})
			require.Len(t, clusters, 1)
			c := clusters[0]
			if !slices.Contains(damaged, name) {
				assert.ElementsMatch(t, tr.MostRecent, c.Verdict.MostRecent)
				assert.Equal(t, len(tr.MostRecent) > 0, c.Verdict.Decided)
				assert.Equal(t, c.Verdict.Decided, slices.Contains(tr.MostRecent, c.Verdict.Recommended))
			}
			for _, n := range c.Nodes {
				assertNode(t, n, tr.Nodes[n.Name])
			}
			assertSplit(t, c, tr)
			assertTransfers(t, c, tr)
			for _, s := range corpusSightings()[name] {
				assertExpected(t, c, s)
			}
			for _, p := range c.Plans {
				t.Run(p.ID, func(t *testing.T) { assertPlan(t, nodes, p) })
			}
		})
	}
}

// assertTransfers compares with real restarts of the whole cluster.
func assertTransfers(t *testing.T, c analyze.Cluster, tr *truth) {
	t.Helper()
	for _, r := range tr.Restart {
		for joiner, j := range r.Joiners {
			facts := nodeOf(t, c, joiner).Facts.(*Facts)
			assert.Equal(t, strings.ToLower(j.Transfer), facts.JoinsBy[r.Bootstrapped], "%s joins %s", joiner, r.Bootstrapped)
		}
	}
}

func nodeOf(t *testing.T, c analyze.Cluster, name string) *analyze.Node {
	t.Helper()
	i := slices.IndexFunc(c.Nodes, func(n *analyze.Node) bool { return n.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return c.Nodes[i]
}

func assertNode(t *testing.T, n *analyze.Node, tr nodeTruth) {
	t.Helper()
	facts := n.Facts.(*Facts)
	if tr.Recover != nil && tr.Recover.RC == 0 && tr.Recover.Position != nil {
		want, _, _ := strings.Cut(*tr.Recover.Position, ",")
		got, _, _ := strings.Cut(facts.RecoveredPosition, ",")
		assert.Equal(t, want, got, n.Name)
	}
	if len(tr.Cache) == 2 && assert.NotNil(t, facts.Gcache, n.Name) {
		assert.Equal(t, tr.Cache, []uint64{facts.Gcache.First, facts.Gcache.Last}, n.Name)
	}
	if tr.Bootstraps != nil {
		assert.Equal(t, *tr.Bootstraps, n.Start.Outcome == analyze.Clean || n.Start.Outcome == analyze.Discards, n.Name)
		if strings.Contains(tr.Refusal, "It may not be safe") {
			assert.Equal(t, strings.TrimPrefix(tr.Refusal, "[ERROR] "), n.Start.Error, n.Name)
		}
	}
	if tr.Starts != nil && !*tr.Starts {
		var said []string
		for _, o := range n.Start.Others {
			said = append(said, "[ERROR] "+o.Error)
		}
		assert.Contains(t, append(said, "[ERROR] "+n.Start.Error), tr.StartError, n.Name)
	}
	if tr.AsIs != nil && tr.AsIs.UUID != "" && facts.Grastate != nil {
		same := tr.AsIs.UUID == facts.Grastate.UUID
		assert.Equal(t, same, !slices.ContainsFunc([]string{"never-joined", "incomplete", "state-file-lost", "killed-in-schema-change"}, func(c string) bool { return c == facts.Condition }), n.Name)
	}
}

// assertSplit checks the seqno from which histories differ.
func assertSplit(t *testing.T, c analyze.Cluster, tr *truth) {
	t.Helper()
	if tr.Common == 0 {
		return
	}
	i := slices.IndexFunc(c.Findings, func(f analyze.Finding) bool { return f.ID == "LWG015" })
	require.GreaterOrEqual(t, i, 0)
	assert.Contains(t, c.Findings[i].Detail, fmt.Sprintf("up to seqno %d both hold", tr.Common))
}

// assertPlan carries a plan out over the inputs and analyses the result.
func assertPlan(t *testing.T, nodes []source, p analyze.Plan) {
	t.Helper()
	require.NotEmpty(t, p.Commands)
	if len(p.Promise) == 0 {
		assert.Empty(t, p.Steps)
		return
	}
	var copies []source
	for _, n := range nodes {
		kept := map[string]bool{}
		over := fstest.MapFS{}
		for _, s := range p.Steps {
			switch {
			case s.Node != n.name:
			case s.Op == analyze.Copy:
				require.Equal(t, []analyze.Part{{Node: n.name, File: s.File, Length: -1}}, s.Parts)
				kept[s.File] = true
			case s.Op == analyze.Write:
				over[s.File] = &fstest.MapFile{Data: s.Parts[0].Data, Mode: 0o660}
			}
		}
		if len(over) == 0 {
			continue
		}
		copies = append(copies, source{n.name, overlay{n.fsys, over, func(name string) bool {
			info, err := fs.Stat(n.fsys, name)
			return err == nil && !info.IsDir() && !kept[name]
		}}})
	}
	require.Len(t, copies, len(p.Promise))
	clusters := run(t, copies, analyze.Options{})
	require.Len(t, clusters, 1)
	able := 0
	for _, promise := range p.Promise {
		n := nodeOf(t, clusters[0], promise.Node)
		assert.True(t, promise.Kept(n.Position), "%s: %+v", n.Name, n.Position)
		assert.Equal(t, promise.Error, n.Start.Error, n.Name)
		assert.Empty(t, n.Start.Others, n.Name)
		facts := n.Facts.(*Facts)
		if promise.Error == "" {
			able++
			assert.Equal(t, p.Base, n.Name)
		} else {
			assert.Equal(t, "ist", facts.JoinsBy[p.Base], n.Name)
		}
		assert.Nil(t, facts.Gvwstate, n.Name)
	}
	assert.Equal(t, 1, able, "one node may be bootstrapped")
}
