package command_test

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/docs/recovery"
)

// run runs a command line on a terminal of the given width; 0 is no terminal.
func run(width int, args ...string) (stdout, stderr string, status int) {
	var out, complaints bytes.Buffer
	status = command.Main(args, command.Env{
		Stdout: &out, Stderr: &complaints, Getenv: func(string) string { return "" },
		Terminal: func(io.Writer) (int, bool) { return width, width > 0 },
	})
	return out.String(), complaints.String(), status
}

func TestHelpRecoveryFits(t *testing.T) {
	for _, family := range append(recovery.Families(), "") {
		args := strings.Fields("help recovery " + family)
		stdout, stderr, status := run(0, args...)
		assert.Equal(t, command.ExitOK, status, family)
		assert.Empty(t, stderr, family)
		assert.NotContains(t, stdout, "\x1b", family)
		assert.NotContains(t, stdout, "##", family)
		for line := range strings.Lines(stdout) {
			assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, "%s: %s", family, line)
		}
		wide, _, _ := run(200, args...)
		assert.Contains(t, wide, "\x1b[1;36mRecover ", family)
		narrow, _, status := run(40, args...)
		assert.Equal(t, command.ExitOK, status, family)
		for line := range strings.Lines(strip(narrow)) {
			if !strings.HasPrefix(line, "    ") { // commands are not broken
				line = strings.TrimLeft(strings.TrimSuffix(line, "\n"), " -")
				assert.True(t, len([]rune(line)) <= 40 || !strings.Contains(line, " "), "%s: %s", family, line)
			}
		}
	}
}

// strip takes the colors out.
func strip(s string) string { return regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(s, "") }

// TestEveryFamilyHasAWalkThrough: what --system takes, help recovery takes.
func TestEveryFamilyHasAWalkThrough(t *testing.T) {
	var names []string
	for _, s := range systems.All() {
		names = append(names, s.Name())
	}
	assert.ElementsMatch(t, names, recovery.Families())
}

func TestHelp(t *testing.T) {
	stdout, _, status := run(0, "help", "analyze")
	assert.Equal(t, command.ExitOK, status)
	assert.Contains(t, stdout, "--fail-on")
	assert.Contains(t, stdout, "--help")
	stdout, _, status = run(0, "help")
	assert.Equal(t, command.ExitOK, status)
	assert.Contains(t, stdout, "help recovery galera")
	upper, _, status := run(0, "help", "recovery", "Galera")
	assert.Equal(t, command.ExitOK, status)
	assert.Contains(t, upper, "Recover a Galera cluster")

	tests := []struct{ args, want string }{
		{"help nonsense", `there is no command or topic "nonsense"; see: lastwrite help`},
		{"help analyze nonsense", `there is no command or topic "analyze nonsense"`},
		{"help recovery postgres", `there is no walk-through for "postgres"; there is one for cowsql, galera, manticore, wesql`},
		{"help recovery galera wesql", "one family at a time: lastwrite help recovery galera"},
	}
	for _, tt := range tests {
		stdout, stderr, status := run(0, strings.Fields(tt.args)...)
		assert.Equal(t, command.ExitUsage, status, tt.args)
		assert.Empty(t, stdout, tt.args)
		assert.Contains(t, stderr, tt.want, tt.args)
	}
}

// TestHelpFits: help is read on terminals of 80 columns, and has an example of
// every command that takes arguments.
func TestHelpFits(t *testing.T) {
	root := command.Root(command.Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }})
	for _, c := range root.Commands() {
		stdout, stderr, status := run(0, "help", c.Name())
		assert.Equal(t, command.ExitOK, status, c.Name())
		assert.Empty(t, stderr, c.Name())
		for line := range strings.Lines(stdout) {
			assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, "%s: %s", c.Name(), line)
		}
		assert.NotRegexp(t, `(?m)^ +(-., )?--[a-z-]+ (string|int|uint)`, stdout, "a flag of %s says nothing about its value", c.Name())
		if strings.Contains(c.Use, " ") {
			assert.Contains(t, stdout, "\nExamples:\n  lastwrite ", c.Name())
			assert.Less(t, strings.Index(stdout, "\nExamples:\n"), strings.Index(stdout, "\nFlags:\n"), c.Name())
		}
	}
	stdout, _, _ := run(0)
	for line := range strings.Lines(stdout) {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, line)
	}
	narrow, _, _ := run(40, "help", "diff")
	_, flags, _ := strings.Cut(narrow, "\nFlags:\n")
	for line := range strings.Lines(flags) {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 50, line)
	}
	assert.NotContains(t, narrow, "--lost", "what changes nothing is not listed")
}

var (
	blocks     = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```$")
	blockLine  = regexp.MustCompile("(?m)^(?:\\$ )?(lastwrite [^\n]*)$")
	inlineCode = regexp.MustCompile("`(lastwrite [^`\n]+)`")
	comment    = regexp.MustCompile(`\s+#.*$`)
	word       = regexp.MustCompile(`"[^"]*"|'[^']*'|[^\s"']+`)
)

// TestCommandLinesInPages: every command line that a page shows is one that
// the program takes.
func TestCommandLinesInPages(t *testing.T) {
	seen := 0
	for _, dir := range []string{"recovery", "findings"} {
		pages := os.DirFS("../../../docs/" + dir)
		names, err := fs.Glob(pages, "*.md")
		require.NoError(t, err)
		for _, name := range names {
			data, err := fs.ReadFile(pages, name)
			require.NoError(t, err)
			for _, block := range blocks.FindAllString(string(data), -1) {
				for _, m := range blockLine.FindAllStringSubmatch(block, -1) {
					seen++
					assert.NoError(t, parses(m[1], true), "%s/%s: %s", dir, name, m[1])
				}
			}
			for _, m := range inlineCode.FindAllStringSubmatch(string(data), -1) {
				assert.NoError(t, parses(m[1], false), "%s/%s: %s", dir, name, m[1])
			}
		}
	}
	assert.Greater(t, seen, 15)
	assert.Error(t, parses("lastwrite analyse n1", true))
	assert.Error(t, parses("lastwrite plan n1 --no-such-flag", false))
	assert.Error(t, parses("lastwrite plan -o PLAN.json", true))
}

// parses reports whether a command line is one that the program takes. What is
// mentioned inside a sentence may leave its arguments out.
func parses(line string, whole bool) error {
	line, _, _ = strings.Cut(comment.ReplaceAllString(line, ""), " | ")
	var args []string
	for _, w := range word.FindAllString(line, -1)[1:] {
		if w == "N" { // stands for a number
			w = "1"
		}
		args = append(args, strings.Trim(w, `"'`))
	}
	root := command.Root(command.Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}
