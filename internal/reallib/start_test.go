package reallib_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

func TestStartSaysWhatTruthSays(t *testing.T) {
	lib := reallib.Available(t)
	for _, name := range fixtures.Cases("cowsql") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fixtures.Open(t, "cowsql", name)
			for _, n := range c.Nodes {
				truth := c.Cowsql.Nodes[n.Name]
				start, err := lib.TryStart(t.Context(), n.Data, truth.ID, truth.Address)
				require.NoError(t, err)
				got := fromStart(start)
				if truth.Nondeterministic && got.Outcome == reallib.Starts {
					continue
				}
				assert.Equal(t, expectedStart(lib, c, truth), got, n.Name)
			}
		})
	}
}

// expectedStart is what this implementation should do: what truth.json says
// about the start, unless its load already fails.
func expectedStart(lib *reallib.Library, c *fixtures.Case, truth fixtures.NodeTruth) result {
	want := fromTruth(truth.StartError, reallib.Starts)
	if load := otherLoad(lib, truth); !made(lib, c) && load != nil && !load.Loads {
		want = fromTruth(load.Error, reallib.Starts)
	}
	// libdqlite 1.11.1 frees the node when raft_init fails, and the text with it.
	if lib.Flavour == reallib.DqliteSeparateRaft && truth.LoadStage == "raft_init" {
		want.Message = "node is NULL"
	}
	return want
}
