package reallib_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/fixtures/damage"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

// Whatever is done to a directory, the driver answers.
func TestLoadSurvivesDamage(t *testing.T) {
	lib := reallib.Available(t)
	n := fixtures.Open(t, "cowsql", "lagging-node-snapshot-installed").Node(t, "n1")
	var dirs, what []string
	for _, kind := range damage.Kinds() {
		for seed := range uint64(4) {
			dir := fixtures.Copy(t, n.Data)
			done, err := damage.ApplyKind(dir, kind, rand.New(rand.NewPCG(seed, 0)))
			require.NoError(t, err)
			dirs, what = append(dirs, dir), append(what, done)
		}
	}
	loads, err := lib.LoadAll(t.Context(), dirs, reallib.LoadOptions{Timeout: 10 * time.Second})
	require.NoError(t, err)
	for i, l := range loads {
		assert.Equal(t, dirs[i], l.Dir)
		assert.NotEmpty(t, l.Outcome)
		t.Logf("%s: %s %d^%d %s", what[i], l.Outcome, l.LastTerm, l.LastIndex, l.Error)
	}
}
