package command_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/report"
)

// TestCustody: what a chain of custody says is what a reader finds out with
// other tools, and no other report has a clock in it.
func TestCustody(t *testing.T) {
	archive := filepath.Join("..", "..", "..", "fixtures", "sample", "kill9-under-load.tar.zst")
	bundled := filepath.Join(t.TempDir(), "b.tar.zst")
	clock := time.Date(2026, 3, 1, 2, 3, 4, 0, time.FixedZone("", 3600))
	run := func(args ...string) (int, []byte, string) {
		var out, errs bytes.Buffer
		status := command.Main(args, command.Env{
			Stdout: &out, Stderr: &errs, TempDir: t.TempDir(), Getenv: func(string) string { return "" },
			Terminal: func(io.Writer) (int, bool) { return 0, false },
			Now:      func() time.Time { clock = clock.Add(time.Minute); return clock },
		})
		return status, out.Bytes(), errs.String()
	}
	_, _, errs := run("bundle", archive, "-o", bundled)
	require.Empty(t, errs)
	_, out, errs := run("analyze", archive, bundled, "--custody", "-o", "json", "--fail-on", "never")
	require.Empty(t, errs)
	var d report.Document
	require.NoError(t, json.Unmarshal(out, &d))
	require.NotNil(t, d.Custody)
	assert.Equal(t, "2026-03-01T01:04:04Z", d.Custody.Started)
	assert.Equal(t, "2026-03-01T01:05:04Z", d.Custody.Finished)
	assert.Contains(t, d.Custody.Program, "lastwrite ")
	assert.Len(t, d.Custody.ProgramSHA256, 64)
	var want []report.CustodyInput
	for _, name := range []string{archive, bundled} {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		digest := hex.EncodeToString(sum[:])
		want = append(want, report.CustodyInput{Path: name, Before: digest, After: digest})
	}
	assert.ElementsMatch(t, want, d.Custody.Inputs)

	for _, format := range []string{"text", "markdown", "html"} {
		_, out, _ := run("analyze", archive, "--custody", "-o", format)
		assert.Contains(t, string(out), "Chain of custody", format)
		assert.Contains(t, string(out), want[0].Before, format)
		_, out, _ = run("analyze", archive, "-o", format)
		assert.NotContains(t, string(out), "Chain of custody", format)
	}
	status, _, errs := run("analyze", archive, "--custody", "--quick")
	assert.Equal(t, command.ExitUsage, status)
	assert.Contains(t, errs, "--custody needs")
}
