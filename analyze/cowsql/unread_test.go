package cowsql_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/fixtures"
)

// A blindSource cannot read one of its files.
type blindSource struct {
	source
	name string
}

func (s blindSource) Sweep(ctx context.Context, take func(string) analyze.Take) error {
	return s.source.Sweep(ctx, func(name string) analyze.Take {
		if name == s.name {
			return nil
		}
		return take(name)
	})
}

// TestUnreadFile: a file of which only the name is known ends in a report, as
// one without read permission does.
func TestUnreadFile(t *testing.T) {
	for _, name := range []string{"kill9-under-load", "closed-segment-checksum-middle", "snapshot-meta-damaged"} {
		c := fixtures.Open(t, "cowsql", name)
		files, err := os.ReadDir(c.Nodes[0].Data)
		require.NoError(t, err)
		for _, f := range files {
			var sources []analyze.Source
			for i, n := range c.Nodes {
				s := source{n.Name, os.DirFS(n.Data)}
				if i == 0 {
					sources = append(sources, blindSource{s, filepath.Base(f.Name())})
				} else {
					sources = append(sources, s)
				}
			}
			r, err := analyze.Run(t.Context(), sources, systems.All(), analyze.Options{})
			require.NoError(t, err, f.Name())
			assert.NotEmpty(t, r.Clusters, f.Name())
		}
	}
}
