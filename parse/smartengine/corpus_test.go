package smartengine

import (
	"archive/tar"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// A nodeTruth is what was measured about one node.
type nodeTruth struct {
	Engine *struct {
		Opens    bool     `json:"opens"`
		Sequence *uint64  `json:"latest_sequence"`
		Prepared []string `json:"prepared_xids"`
		Info     *string  `json:"consensus_info_row"`
		Applier  *string  `json:"consensus_applier_row"`
		// Subtables counts the rows of each subtable.
		Subtables map[uint32]int `json:"subtables"`
	} `json:"engine"`
	Before *struct {
		Subtables map[uint32]int `json:"subtables"`
	} `json:"engine_before_damage"`
	Info *struct {
		VoteFor     uint64 `json:"vote_for"`
		CurrentTerm uint64 `json:"current_term"`
		ClusterID   string `json:"cluster_id"`
		Members     string `json:"cluster_info"`
		Learners    string `json:"cluster_learner_info"`
	} `json:"consensus_info"`
}

// corpusFile opens a file of a case, from the repository or beside it.
func corpusFile(t *testing.T, family, name, file string) fs.File {
	t.Helper()
	for _, dir := range []string{"../../fixtures", "../../../shared/corpus"} {
		if f, err := os.Open(filepath.Join(dir, family, name, file)); err == nil {
			return f
		}
	}
	return nil
}

// archive reads the files of an archive that keep wants.
func archive(t *testing.T, f io.Reader, keep func(string) bool) fstest.MapFS {
	t.Helper()
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1))
	require.NoError(t, err)
	defer z.Close()
	out := fstest.MapFS{}
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return out
		}
		require.NoError(t, err)
		if name := path.Clean(h.Name); h.Typeflag == tar.TypeReg && keep(name) {
			b, err := io.ReadAll(tr)
			require.NoError(t, err)
			out[name] = &fstest.MapFile{Data: b}
		}
	}
}

// TestCorpus holds every engine of the corpus against what real servers and the
// engine's library said about it.
func TestCorpus(t *testing.T) {
	found := false
	for _, family := range []string{"wesql", "wesql-synthetic"} {
		for _, name := range fixtures.Cases(family) {
			found = true
			t.Run(name, func(t *testing.T) { testCase(t, family, name) })
		}
	}
	if !found {
		t.Skip("no wesql cases: neither in fixtures nor in ../shared/corpus")
	}
}

func testCase(t *testing.T, family, name string) {
	f := corpusFile(t, family, name, "truth.json")
	if f == nil {
		t.Skipf("the case %s is not in ../shared/corpus", name)
	}
	defer f.Close()
	var truth struct {
		Nodes map[string]nodeTruth `json:"nodes"`
	}
	require.NoError(t, json.NewDecoder(f).Decode(&truth))

	nodes := corpusFile(t, family, name, "nodes.tar.zst")
	require.NotNil(t, nodes)
	defer nodes.Close()
	files := archive(t, nodes, func(file string) bool {
		return strings.Contains(file, "/smartengine/") || strings.HasSuffix(file, ".sdi") && strings.Contains(file, "/mysql/consensus_")
	})
	var bucket fs.FS
	if store := corpusFile(t, family, name, "objectstore.tar.zst"); store != nil {
		defer store.Close()
		objects := archive(t, store, func(file string) bool { return strings.Contains(file, "/smartengine/v1/") })
		bucket = below(t, objects, "objectstore_bucket")
	}
	for node, truth := range truth.Nodes {
		if _, err := fs.Stat(files, node+"/smartengine/CURRENT"); err == nil {
			testNode(t, files, bucket, node, truth)
		}
	}
}

// below finds a directory of that name.
func below(t *testing.T, files fstest.MapFS, name string) fs.FS {
	t.Helper()
	for file := range files {
		if before, _, ok := strings.Cut(file, name+"/"); ok {
			sub, err := fs.Sub(files, before+name)
			require.NoError(t, err)
			return sub
		}
	}
	return nil
}

func testNode(t *testing.T, files fstest.MapFS, bucket fs.FS, node string, truth nodeTruth) {
	o := Options{Deep: true, Objects: bucket}
	inside := fstest.MapFS{} // objects in the data directory itself
	for name, f := range files {
		if strings.HasPrefix(name, node+"/") && strings.Contains(name, "/objectstore_bucket/") {
			inside[name] = f
		}
		if strings.HasPrefix(name, node+"/mysql/") {
			s, err := ReadSDI(name, strings.NewReader(string(f.Data)))
			require.NoError(t, err)
			require.Nil(t, s.Damage)
			o.Tables.Add(s)
		}
	}
	if len(inside) > 0 {
		o.Objects = below(t, inside, "objectstore_bucket")
	}
	dir, err := fs.Sub(files, node+"/smartengine")
	require.NoError(t, err)
	e, err := Read(t.Context(), dir, o)
	require.NoError(t, err)
	found := o
	found.Tables = Tables{}
	again, err := Read(t.Context(), dir, found)
	require.NoError(t, err)
	if o.Tables.Info != 0 {
		assert.Equal(t, o.Tables.Info, again.Tables.Info, "%s: found without the dictionary", node)
		assert.Equal(t, o.Tables.Applier, again.Tables.Applier, node)
	}
	assert.Zero(t, e.NotAtHand, node)
	assert.Empty(t, e.Missing, node)

	if truth.Engine == nil {
		assert.True(t, e.Opening.Opens, node)
		assert.Empty(t, e.Damage, node)
	} else {
		requireEngine(t, e, node, truth)
	}
	if e.Recovered.Info != nil && truth.Info != nil {
		got := e.Recovered.Info
		assert.Equal(t, *truth.Info, struct {
			VoteFor     uint64 `json:"vote_for"`
			CurrentTerm uint64 `json:"current_term"`
			ClusterID   string `json:"cluster_id"`
			Members     string `json:"cluster_info"`
			Learners    string `json:"cluster_learner_info"`
		}{got.VoteFor, got.CurrentTerm, got.ClusterID, got.Members, got.Learners}, node)
	}
}

func requireEngine(t *testing.T, e *Engine, node string, truth nodeTruth) {
	t.Helper()
	assert.Equal(t, truth.Engine.Opens, e.Opening.Opens, node)
	if !truth.Engine.Opens {
		return
	}
	assert.Equal(t, *truth.Engine.Sequence, e.Sequence, node)
	var prepared []string
	for _, p := range e.Prepared {
		prepared = append(prepared, fmt.Sprintf("%x", p.XID.Raw))
	}
	assert.ElementsMatch(t, truth.Engine.Prepared, prepared, node)
	ids := map[uint32]bool{}
	for _, s := range e.Subtables {
		ids[s.ID] = true
	}
	for id := range truth.Engine.Subtables {
		assert.True(t, ids[id], "%s: subtable %d", node, id)
	}
	assert.Len(t, ids, len(truth.Engine.Subtables), node)
	if truth.Before != nil {
		assert.Equal(t, len(truth.Before.Subtables)-len(ids), len(e.Vanished), "%s: vanished", node)
	}
	if truth.Engine.Info == nil {
		assert.Nil(t, e.Recovered.Info, node)
		return
	}
	b, err := hex.DecodeString(*truth.Engine.Info)
	require.NoError(t, err)
	want, damage := ParseInfo("truth", 0, b)
	require.Nil(t, damage)
	assert.Equal(t, &want, e.Recovered.Info, node)
	b, err = hex.DecodeString(*truth.Engine.Applier)
	require.NoError(t, err)
	applier, damage := ParseApplier("truth", 0, b)
	require.Nil(t, damage)
	assert.Equal(t, &applier, e.Recovered.Applier, node)
}
