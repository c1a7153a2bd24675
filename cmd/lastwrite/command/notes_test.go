package command

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What repair wrote can be a terabyte, which is read once more: an interrupt
// does not wait for that.
func TestManifestIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data"), []byte("x"), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, writeManifest(ctx, dir), context.Canceled)
	assert.NoFileExists(t, filepath.Join(dir, manifestName))
	require.NoError(t, writeManifest(t.Context(), dir))
	assert.FileExists(t, filepath.Join(dir, manifestName))
}
