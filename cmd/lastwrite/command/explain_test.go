package command_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/docs/findings"
)

// explain runs the command on a terminal of the given width; 0 is no terminal.
func explain(width int, args ...string) (stdout, stderr string, status int) {
	var out, complaints bytes.Buffer
	status = command.Main(append([]string{"explain"}, args...), command.Env{
		Stdout: &out, Stderr: &complaints, Getenv: func(string) string { return "" },
		Terminal: func(io.Writer) (int, bool) { return width, width > 0 },
	})
	return out.String(), complaints.String(), status
}

func TestExplainLists(t *testing.T) {
	stdout, _, status := explain(0)
	assert.Equal(t, command.ExitOK, status)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, len(catalog.All())+1)
	for i, e := range catalog.All() {
		assert.Equal(t, []string{e.ID, e.Severity, e.Title}, strings.SplitN(strings.Join(strings.Fields(lines[i+1]), " "), " ", 3))
		assert.Equal(t, strings.Index(lines[0], "TITLE"), strings.Index(lines[i+1], e.Title), "columns are aligned")
	}
}

func TestExplainPage(t *testing.T) {
	page, ok := findings.Page("LWC013")
	require.True(t, ok)
	stdout, _, status := explain(0, "lwc013")
	assert.Equal(t, command.ExitOK, status)
	assert.Equal(t, page, stdout, "plain Markdown where there is no terminal")

	stdout, _, _ = explain(0, "LWC013", "LWC014")
	assert.Equal(t, 1, strings.Count(stdout, "# LWC013 "))
	assert.Equal(t, 1, strings.Count(stdout, "# LWC014 "))
}

func TestExplainOnTerminal(t *testing.T) {
	for _, id := range findings.IDs() {
		stdout, _, status := explain(72, "--color", "never", id)
		assert.Equal(t, command.ExitOK, status)
		assert.NotContains(t, stdout, "\x1b")
		assert.NotContains(t, stdout, "##")
		assert.NotContains(t, stdout, "```")
		for line := range strings.Lines(stdout) {
			if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "    ") { // messages are not broken
				fits := len(line) <= 72 || !strings.Contains(strings.TrimLeft(line, " -"), " ") || strings.HasPrefix(line, id)
				assert.True(t, fits, "%s: %q", id, line)
			}
		}
	}
	colored, _, _ := explain(72, "LWC013")
	assert.Contains(t, colored, "\x1b[1mWhat it means\x1b[0m")
	assert.NotContains(t, colored, "`")
}

func TestExplainMessage(t *testing.T) {
	stdout, _, status := explain(0, "past last snapshot")
	assert.Equal(t, command.ExitOK, status)
	assert.Contains(t, stdout, "LWC011  error ")
	unquoted, _, _ := explain(0, "past", "last", "snapshot")
	assert.Equal(t, stdout, unquoted)
}

func TestExplainRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"unknown", []string{"LWC7"}, "lastwrite: there is no finding LWC7; the nearest are LWC007, LWC017, LWC027\n"},
		{"one of several", []string{"LWC001", "LWC999"}, "there is no finding LWC999"},
		{"no message", []string{"weather report"}, `no finding is called "weather report" and no page mentions it`},
		{"color", []string{"--color", "blue"}, "--color blue: not one of auto, always, never"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stdout, stderr, status := explain(0, tt.args...)
			assert.Equal(t, command.ExitUsage, status)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, tt.want)
		})
	}
}

func TestExplainCompletes(t *testing.T) {
	var out bytes.Buffer
	status := command.Main([]string{"__complete", "explain", "LWC001", ""}, command.Env{
		Stdout: &out, Stderr: io.Discard, Getenv: func(string) string { return "" },
		Terminal: func(io.Writer) (int, bool) { return 0, false },
	})
	assert.Equal(t, command.ExitOK, status)
	assert.Contains(t, out.String(), "LWC002\tA metadata file does not decode\n")
	assert.NotContains(t, out.String(), "LWC001")
	assert.Contains(t, out.String(), ":4\n", "no file names")
}
