package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// TestRepairChecksEveryClusterOfAHost: a host in two clusters keeps a promise
// for each, and one that is broken in the second is noticed.
func TestRepairChecksEveryClusterOfAHost(t *testing.T) {
	c := fixtures.Open(t, "manticore", "two-clusters-opposite-winners")
	dir := t.TempDir()
	file := filepath.Join(dir, "plan.json")
	status, _, stderr := raftRun(t, nil, "plan", c.Dir, "--cluster", "manticore-1", "-o", file)
	require.Equal(t, 0, status, stderr)
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	var plan map[string]any
	require.NoError(t, json.Unmarshal(content, &plan))
	promises := plan["plan"].(map[string]any)["promise"].([]any)
	about := map[string]map[string]any{}
	for _, p := range promises {
		p := p.(map[string]any)
		about[p["cluster"].(string)+"/"+p["node"].(string)] = p
	}
	require.Contains(t, about, "alpha/n2")
	require.Contains(t, about, "beta/n2")

	status, stdout, stderr := raftRun(t, []string{c.Dir}, "repair", file, c.Dir, "--out", filepath.Join(dir, "repaired"))
	require.Equal(t, 0, status, stderr)
	assert.Contains(t, stdout, "every node is what the plan promised")

	about["beta/n2"]["index"] = 4711
	content, err = json.Marshal(plan)
	require.NoError(t, err)
	wrong := filepath.Join(dir, "wrong.json")
	require.NoError(t, os.WriteFile(wrong, content, 0o600))
	status, _, stderr = raftRun(t, []string{c.Dir}, "repair", wrong, c.Dir, "--out", filepath.Join(dir, "broken"))
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "n2: the result in cluster beta reaches 0^")
	assert.Contains(t, stderr, "the plan promised 0^4711")
	assert.NoDirExists(t, filepath.Join(dir, "broken"))
}
