package reallib_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

func TestLoadSaysWhatTruthSays(t *testing.T) {
	lib := reallib.Available(t)
	t.Logf("%s %s", lib.Flavour, lib.Version)
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fixtures.Open(t, "cowsql", name)
			var dirs []string
			var before [][]string
			for _, n := range c.Nodes {
				dirs = append(dirs, n.Data)
				before = append(before, files(t, n.Data))
			}
			loads, err := lib.LoadAll(t.Context(), dirs, reallib.LoadOptions{})
			require.NoError(t, err)
			for i, n := range c.Nodes {
				t.Run(n.Name, func(t *testing.T) {
					truth := c.Cowsql.Nodes[n.Name]
					if made(lib, c) {
						checkOwnLoad(t, truth, loads[i])
						checkChanges(t, truth.Loading, before[i], files(t, n.Data))
					} else if want := otherLoad(lib, truth); want != nil {
						checkLoad(t, *want, loads[i])
					}
				})
			}
		})
	}
}

func TestLoadWithoutAutomaticRecovery(t *testing.T) {
	lib := reallib.Available(t)
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fixtures.Open(t, "cowsql", name)
			if !made(lib, c) {
				t.Skip("measured with another implementation")
			}
			var dirs []string
			for _, n := range c.Nodes {
				dirs = append(dirs, n.Data)
			}
			loads, err := lib.LoadAll(t.Context(), dirs, reallib.LoadOptions{NoAutoRecovery: true})
			require.NoError(t, err)
			for i, n := range c.Nodes {
				t.Run(n.Name, func(t *testing.T) {
					checkLoad(t, c.Cowsql.Nodes[n.Name].AutoRecoveryOff, loads[i])
				})
			}
		})
	}
}

func checkLoad(t *testing.T, want fixtures.LoadTruth, got reallib.Load) {
	t.Helper()
	assert.Equal(t, fromTruth(want.Error, reallib.Loads), fromLoad(got))
	assert.Equal(t, want.LastTerm, got.LastTerm, "last term")
	assert.Equal(t, want.LastIndex, got.LastIndex, "last index")
}

func checkOwnLoad(t *testing.T, want fixtures.NodeTruth, got reallib.Load) {
	t.Helper()
	checkLoad(t, fixtures.LoadTruth{Error: want.LoadError, LastTerm: want.LastTerm, LastIndex: want.LastIndex}, got)
	if !want.Loads() {
		if got.Outcome == reallib.Refuses {
			assert.Equal(t, want.LoadStage, got.Stage)
			assert.Equal(t, want.LoadCode, got.Code)
		}
		return
	}
	assert.Equal(t, want.CurrentTerm, got.Term, "current term")
	assert.Equal(t, want.VotedFor, got.VotedFor, "voted for")
	assert.Equal(t, want.StartIndex, got.StartIndex, "start index")
	assert.Equal(t, want.Entries, got.Entries, "entries")
	assert.Len(t, got.TermRanges, len(want.TermRanges))
	for i, r := range got.TermRanges {
		assert.Equal(t, want.TermRanges[i], fixtures.TermRange(r))
	}
	if assert.Equal(t, want.Snapshot == nil, got.Snapshot == nil, "snapshot") && got.Snapshot != nil {
		assert.Equal(t, want.Snapshot.Term, got.Snapshot.Term)
		assert.Equal(t, want.Snapshot.Index, got.Snapshot.Index)
		assert.Equal(t, want.Snapshot.ConfigurationIndex, got.Snapshot.ConfigurationIndex)
		assert.EqualValues(t, want.Snapshot.Bytes, got.Snapshot.Bytes)
		checkServers(t, want.Snapshot.Configuration, got.Snapshot.Servers)
	}
	if assert.Equal(t, want.LatestConfiguration == nil, got.Change == nil, "configuration") && got.Change != nil {
		configuration, err := got.Configuration()
		require.NoError(t, err)
		assert.Equal(t, want.LatestConfiguration.Index, configuration.Index)
		checkServers(t, want.LatestConfiguration.Servers, configuration.Servers)
	}
}

func checkServers(t *testing.T, want []fixtures.ServerTruth, got []reallib.Server) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, s := range got {
		assert.Equal(t, want[i].ID, s.ID)
		assert.Equal(t, want[i].Address, s.Address)
		assert.Equal(t, want[i].RaftRole, s.RaftRole)
	}
}

// checkChanges compares listings before and after with what truth.json says
// changed; names that carry the time of the start are compared without it.
func checkChanges(t *testing.T, want fixtures.Changes, before, after []string) {
	t.Helper()
	var removed, created []string
	for _, name := range before {
		if !slices.Contains(after, name) {
			removed = append(removed, name)
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			created = append(created, withoutTime(name))
		}
	}
	var appeared []string
	for _, name := range want.Created {
		appeared = append(appeared, withoutTime(name))
	}
	assert.ElementsMatch(t, want.Removed, removed, "removed")
	assert.ElementsMatch(t, appeared, created, "created")
}

func withoutTime(name string) string {
	return regexp.MustCompile(`^corrupt-\d+-`).ReplaceAllString(name, "corrupt-")
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestLoadCopesWithAnything(t *testing.T) {
	lib := reallib.Available(t)
	file := filepath.Join(t.TempDir(), `a "file"`)
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	loads, err := lib.LoadAll(t.Context(), []string{t.TempDir(), "/does/not/exist", file}, reallib.LoadOptions{})
	require.NoError(t, err)
	assert.Equal(t, reallib.Loads, loads[0].Outcome)
	assert.Zero(t, loads[0].LastIndex)
	assert.Equal(t, reallib.Refuses, loads[1].Outcome)
	assert.Equal(t, "raft_init(): io: directory '/does/not/exist' does not exist", loads[1].Error)
	assert.Equal(t, reallib.Refuses, loads[2].Outcome)
	assert.Equal(t, "raft_init(): io: path '"+file+"' is not a directory", loads[2].Error)

	_, err = lib.LoadAll(t.Context(), []string{"a\nb"}, reallib.LoadOptions{})
	require.ErrorContains(t, err, "line break")
}

func TestLoadHasATimeLimit(t *testing.T) {
	lib := reallib.Available(t)
	c := fixtures.Open(t, "cowsql", "clean-stop")
	loads, err := lib.LoadAll(t.Context(), []string{c.Nodes[0].Data}, reallib.LoadOptions{Timeout: time.Nanosecond})
	require.NoError(t, err)
	assert.Equal(t, reallib.Hangs, loads[0].Outcome)
}
