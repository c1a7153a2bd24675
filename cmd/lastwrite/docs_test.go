package main

import (
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
)

var update = flag.Bool("update", false, "rewrite the outputs in the documents")

// A console block of a document is a command behind "$ " and what it prints.
// Lines of three dots stand for any number of lines that are left out.
var console = regexp.MustCompile("(?ms)^```console\n\\$ ([^\n]*)\n(.*?)^```$")

// documents are the pages whose console blocks must be true. They are run from
// the root of the repository.
var documents = []string{"README.md", "docs/json.md"}

// walkThroughs are pages whose blocks build on one another and write files.
// They are run in a directory of their own beside fixtures.
var walkThroughs = []string{"docs/recover-cowsql.md", "docs/recover-galera.md", "docs/recover-manticore.md", "docs/recover-wesql.md"}

const repository = "../.."

// TestDocuments runs every console block.
func TestDocuments(t *testing.T) {
	for _, name := range slices.Concat(documents, walkThroughs) {
		dir := repository
		if slices.Contains(walkThroughs, name) {
			dir = besideFixtures(t)
		}
		file := filepath.Join(repository, filepath.FromSlash(name))
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		blocks := console.FindAllStringSubmatch(string(content), -1)
		require.NotEmpty(t, blocks, name)
		page := string(content)
		for _, block := range blocks {
			t.Run(name+"/"+block[1], func(t *testing.T) {
				printed := output(t, dir, block[1])
				excerpt, ok := cut(printed, lines(block[2]))
				if *update && ok {
					page = strings.Replace(page, block[0], "```console\n$ "+block[1]+"\n"+strings.Join(excerpt, "\n")+"\n```", 1)
					return
				}
				require.True(t, ok, "the first and the last line of each part must be in the output:\n%s", strings.Join(printed, "\n"))
				if d := cmp.Diff(lines(block[2]), excerpt); d != "" {
					t.Errorf("not what is printed (go test ./cmd/lastwrite -update):\n%s", d)
				}
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(page), 0o644))
		}
	}
}

// besideFixtures makes a directory from which the fixtures are to be seen as
// from the root of the repository.
func besideFixtures(t *testing.T) string {
	t.Helper()
	fixtures, err := filepath.Abs(filepath.Join(repository, "fixtures"))
	require.NoError(t, err)
	dir := t.TempDir()
	if err := os.Symlink(fixtures, filepath.Join(dir, "fixtures")); err != nil {
		t.Skip(err)
	}
	return dir
}

// TestWalkThroughsShowNoOtherCommand: what is not run could be wrong.
func TestWalkThroughsShowNoOtherCommand(t *testing.T) {
	for _, name := range walkThroughs {
		content, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(name)))
		require.NoError(t, err)
		assert.NotRegexp(t, "(?m)^lastwrite ", console.ReplaceAllString(string(content), ""), name)
		for _, command := range []string{"analyze", "plan", "repair", "verify"} {
			assert.Contains(t, string(content), "\n$ lastwrite "+command+" ", "%s does without %s", name, command)
		}
	}
}

// output runs a line of shell in dir with the program on the path.
func output(t *testing.T, dir, line string) []string {
	t.Helper()
	line = strings.ReplaceAll(line, "go run ./cmd/lastwrite", "lastwrite")
	if strings.Contains(line, "| jq ") {
		if _, err := exec.LookPath("jq"); err != nil {
			t.Skip("there is no jq here")
		}
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell here")
	}
	cmd := exec.Command(sh, "-c", line)
	cmd.Dir = dir
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > command.ExitFindings {
		t.Fatalf("%s: %v", line, err)
	}
	return lines(string(out))
}

func lines(s string) []string { return strings.Split(strings.TrimSuffix(s, "\n"), "\n") }

const dots = "..."

// cut takes the parts of an excerpt from what was printed. A part is what
// stands between two lines of dots: it begins with the printed line that is its
// first, and ends with the next one that is its last.
func cut(printed, excerpt []string) (out []string, ok bool) {
	for len(excerpt) > 0 {
		if excerpt[0] == dots {
			out, excerpt = append(out, dots), excerpt[1:]
			continue
		}
		n := slices.Index(excerpt, dots)
		if n < 0 {
			n = len(excerpt)
		}
		first := slices.Index(printed, excerpt[0])
		if first < 0 {
			return nil, false
		}
		last := first
		if n > 1 {
			length := slices.Index(printed[first+1:], excerpt[n-1])
			if length < 0 {
				return nil, false
			}
			last = first + 1 + length
		}
		out = append(out, printed[first:last+1]...)
		printed, excerpt = printed[last+1:], excerpt[n:]
	}
	return out, true
}

// TestReadmeNamesEveryCommand: no command is missing there, and none is
// promised that does not exist.
func TestReadmeNamesEveryCommand(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(repository, "README.md"))
	require.NoError(t, err)
	var want, got []string
	env := command.Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}
	for _, c := range command.Root(env).Commands() {
		if name := c.Name(); name != "man" && name != "version" {
			want = append(want, name)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `lastwrite ([a-z]+) ").FindAllStringSubmatch(string(content), -1) {
		got = append(got, m[1])
	}
	assert.ElementsMatch(t, want, got)
}
