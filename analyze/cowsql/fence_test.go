package cowsql_test

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/fixtures"
)

// continuePlan returns the plan to continue from a node.
func continuePlan(t *testing.T, name, node string) analyze.Plan {
	t.Helper()
	c := fixtures.Open(t, "cowsql", name)
	var sources []analyze.Source
	for _, n := range c.Nodes {
		sources = append(sources, source{n.Name, os.DirFS(n.Path)})
	}
	result, err := analyze.Run(t.Context(), sources, systems.All(), analyze.Options{Choose: node})
	require.NoError(t, err)
	for _, cluster := range result.Clusters {
		for _, p := range cluster.Plans {
			if p.ID == "continue-from-"+node {
				return p
			}
		}
	}
	require.FailNow(t, "no such plan")
	return analyze.Plan{}
}

// TestFence: where another directory has other data at an equal index and
// term, the entries from there on get the new term.
func TestFence(t *testing.T) {
	for name, c := range map[string]struct{ node, segment, says string }{
		"procedure-a3-run-on-originals":       {"n1", "0000000000000002-", "from index 68 on"},
		"replicas-diverged-silently":          {"n1", "0000000000000002-", "from index 68 on"},
		"split-brain-two-recoveries":          {"n2", "", "from index 67 on"},
		"snapshot-data-damaged-silent":        {"n1", "", "What is wrong in n2"},
		"lagging-node-stale":                  {"n1", "", "not among the given ones"},
		"snapshot-meta-missing":               {"n1", "", "not among the given ones"},
		"first-closed-segment-lost-open-left": {"n2", "", "entries from index"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := continuePlan(t, name, c.node)
			assert.Contains(t, strings.Join(p.Warnings, "\n"), c.says)
			if c.segment == "" {
				return
			}
			for _, s := range p.Steps {
				if s.Node == c.node && strings.HasPrefix(path.Base(s.File), c.segment) {
					assert.Equal(t, analyze.Assemble, s.Op)
					assert.Contains(t, s.Because, "entries from 68 on in term")
				}
			}
		})
	}
}
