package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/internal/realserver"
)

// TestEncryptedGalera: without the keys nobody can read the position of a node
// whose pages, or pages and redo log, are encrypted. The report claims none,
// its bound holds, and the node that a person chooses is started by the server,
// which finds the position itself.
func TestEncryptedGalera(t *testing.T) {
	server := realserver.Available(t)
	keys := filepath.Join(os.TempDir(), filepath.Base(t.TempDir())+".keys") // the server runs as another user
	require.NoError(t, os.WriteFile(keys, []byte("1;a7addd9adea9978fda19f21e6be987880e68ac92632ca052e5bb42b1a506939a\n"), 0o644))
	t.Cleanup(func() { assert.NoError(t, os.Remove(keys)) })
	for name, log := range map[string]string{"pages": "OFF", "pages and log": "ON"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			c := server.NewCluster(t, 1, realserver.Options{Settings: map[string]string{
				"plugin_load_add": "file_key_management", "loose_file_key_management_filename": keys,
				"innodb_encrypt_tables": "ON", "innodb_encryption_threads": "2", "innodb_encryption_rotate_key_age": "1",
				"innodb_encrypt_log": log,
			}})
			n := c.Nodes[0]
			require.NoError(t, c.Start(ctx))
			load := galeraWrites(t, c, 300)
			c.Kill()
			load.Stop()
			want, _, err := n.RecoverCopy(ctx)
			require.NoError(t, err)

			input := n.Name + "=" + n.Dir
			got := readGalera(t, input)
			assert.Contains(t, []string{"", want.String()}, got.node(t, n.Name).facts.RecoveredPosition)
			if got.node(t, n.Name).facts.RecoveredPosition == "" {
				assert.False(t, got.cluster.Verdict.Decided)
				assert.Contains(t, findingIDs(got), "LWG027")
				assert.LessOrEqual(t, want.Seqno, got.node(t, n.Name).facts.cache().Last, "the newest write set received is an upper bound")
			}

			dir := t.TempDir()
			plan, out := filepath.Join(dir, "plan.json"), filepath.Join(dir, "out")
			commandOutput(t, "plan", input, "--choose", n.Name, "-o", plan)
			commandOutput(t, "repair", plan, input, "--out", out)
			require.NoError(t, n.Adopt(ctx, filepath.Join(out, n.Name)))
			position, _, err := n.RecoverCopy(ctx) // as galera_recovery of the service does
			require.NoError(t, err)
			assert.Equal(t, want, position)
			require.NoError(t, n.Bootstrap(ctx, "--wsrep_start_position="+position.String()))
			status, err := n.Status(ctx)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, status.LastCommitted(), want.Seqno)
		})
	}
}

func findingIDs(r galeraReport) (out []string) {
	for _, f := range r.cluster.Findings {
		out = append(out, f.ID)
	}
	return out
}
