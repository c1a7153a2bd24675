package command_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
)

// TestNobodyReads: a reader that goes away ends the output quietly; the exit
// status is that of the command, and what goes to files is written.
func TestNobodyReads(t *testing.T) {
	nodes := fixtures.Open(t, "cowsql", "closed-segment-checksum-middle").Dir
	file := filepath.Join(t.TempDir(), "report.json")
	tests := []struct {
		args   []string
		status int
	}{
		{[]string{"analyze", nodes}, command.ExitFindings},
		{[]string{"analyze", nodes, "-o", "text", "-o", "json=" + file}, command.ExitFindings},
		{[]string{"rank", nodes}, command.ExitOK},
		{[]string{"verify", filepath.Join(nodes, "n1")}, command.ExitFindings},
		{[]string{"explain"}, command.ExitOK},
		{[]string{"help", "recovery", "galera"}, command.ExitOK},
		{[]string{"inspect", nodes, "--limit", "0"}, command.ExitOK},
		{[]string{"--help"}, command.ExitOK},
		{[]string{"version"}, command.ExitOK},
	}
	for _, tt := range tests {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, r.Close())
		var complaints bytes.Buffer
		status := command.Main(tt.args, command.Env{
			Stdout: w, Stderr: &complaints, Getenv: func(string) string { return "" },
			Terminal: func(io.Writer) (int, bool) { return 0, false },
		})
		assert.NoError(t, w.Close())
		assert.Equal(t, tt.status, status, tt.args)
		assert.Empty(t, complaints.String(), tt.args)
	}
	assert.FileExists(t, file)
}
