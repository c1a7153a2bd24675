package reallib_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

// expectedLoad is what truth.json says about a load by this implementation;
// ok is false where nothing was measured.
func expectedLoad(lib *reallib.Library, n fixtures.NodeTruth) (want fixtures.LoadTruth, ok bool) {
	own := fixtures.LoadTruth{Loads: n.Loads(), Error: n.LoadError, LastIndex: n.LastIndex, LastTerm: n.LastTerm}
	other := map[reallib.Flavour]*fixtures.LoadTruth{
		reallib.Cowsql:             n.LoadedByCowsql,
		reallib.Dqlite:             n.LoadedByDqlite,
		reallib.DqliteSeparateRaft: n.LoadedByCanonicalRaft,
	}[lib.Flavour]
	if other != nil {
		return *other, true
	}
	return own, lib.Flavour != reallib.DqliteSeparateRaft
}

func TestLoadSaysWhatTruthSays(t *testing.T) {
	lib := reallib.Available(t)
	t.Logf("%s %s", lib.Flavour, lib.Version)
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "cowsql", name)
			var dirs []string
			for _, n := range c.Nodes {
				dirs = append(dirs, n.Data)
			}
			loads, err := lib.LoadAll(t.Context(), dirs, reallib.LoadOptions{})
			require.NoError(t, err)
			for i, n := range c.Nodes {
				truth := c.Cowsql.Nodes[n.Name]
				want, ok := expectedLoad(lib, truth)
				if !ok {
					continue
				}
				got := loads[i]
				if diff := cmp.Diff(want, asTruth(got, want)); diff != "" {
					t.Errorf("%s %s (-truth +library):\n%s", n.Name, got.Outcome, diff)
				}
			}
		})
	}
}

// asTruth writes a load the way truth.json does.
func asTruth(l reallib.Load, want fixtures.LoadTruth) fixtures.LoadTruth {
	got := fixtures.LoadTruth{Loads: l.Outcome == reallib.Loads, Error: l.Error, LastIndex: l.LastIndex, LastTerm: l.LastTerm}
	if l.Outcome == reallib.Crashes && l.Signal != 0 {
		got.Error = "process killed by SIGSEGV, no error message"
	}
	got.StartIndex = want.StartIndex
	return got
}

func TestLoadCopesWithAnything(t *testing.T) {
	lib := reallib.Available(t)
	loads, err := lib.LoadAll(t.Context(), []string{t.TempDir(), "/does/not/exist", t.TempDir()}, reallib.LoadOptions{})
	require.NoError(t, err)
	assert.Equal(t, reallib.Loads, loads[0].Outcome)
	assert.Zero(t, loads[0].LastIndex)
	assert.Equal(t, reallib.Refuses, loads[1].Outcome)
	assert.Equal(t, "raft_init(): io: directory '/does/not/exist' does not exist", loads[1].Error)
	assert.Equal(t, reallib.Loads, loads[2].Outcome)
}
