package example_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/internal/schema"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/internal/example"
	"github.com/lastwrite/lastwrite/report/json"
)

// TestSchema: the examples are reports in the sense of the published schema.
func TestSchema(t *testing.T) {
	published, err := os.ReadFile("../../../docs/report.schema.json")
	require.NoError(t, err)
	s, err := schema.Compile(published)
	require.NoError(t, err)
	for name, d := range example.All() {
		if name == "hostile" {
			continue // its words are ones that no analysis uses
		}
		d = d.Redacted(report.RedactValues) // a copy without null
		for _, c := range d.Clusters {
			for i := range c.Nodes {
				if c.Nodes[i].Facts == nil {
					c.Nodes[i].Facts = struct{}{}
				}
			}
		}
		var b bytes.Buffer
		require.NoError(t, json.Render(&b, d))
		require.NoError(t, schema.Validate(s, b.Bytes()), name)
	}
}
