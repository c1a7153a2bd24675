package command_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
)

// The directives that the completion scripts of the shells understand, as they
// stand in the last line of what __complete prints.
const (
	files      = ":0" // whatever the shell itself offers
	noFiles    = ":4"
	extensions = ":8" // what was printed are endings of files
)

// TestCompletion asks for completions as the scripts of the shells do.
func TestCompletion(t *testing.T) {
	nodes := fixtures.Open(t, "cowsql", "five-nodes-voter-standby-spare").Dir
	const archives = "tar tar.gz tgz tar.zst tzst zip"
	tests := []struct {
		line      string // without "lastwrite"; ends where the cursor is
		want      string // words that must be offered
		directive string
	}{
		{"", "analyze bundle completion diff explain extract help inspect man plan rank repair verify version", noFiles},
		{"help ", "analyze repair recovery", noFiles},
		{"help recovery ", "cowsql galera manticore wesql", noFiles},
		{"help recovery galera ", "", noFiles},
		{"analyze --system ", "cowsql galera manticore wesql", noFiles},
		{"rank --server ", "cowsql dqlite dqlite-1.17 raft", noFiles},
		{"analyze --redact ", "none values strict", noFiles},
		{"bundle --redact ", "none values strict", noFiles},
		{"analyze --fail-on ", "error warning never", noFiles},
		{"analyze --color ", "auto always never", noFiles},
		{"explain --color ", "auto always never", noFiles},
		{"analyze -o ", "text json markdown html", noFiles},
		{"analyze --output ", "text json markdown html", noFiles},
		{"analyze --output json=", "", files},
		{"diff -o ", "text json", noFiles},
		{"plan -o ", "", files},
		{"explain ", "LWC001 LWG003 LWM010", noFiles},
		{"analyze ", archives, extensions},
		{"analyze n1 ", archives, extensions},
		{"analyze n1=", "", files},
		{"rank ", archives, extensions},
		{"verify ", archives, extensions},
		{"bundle ", archives, extensions},
		{"extract ", archives, extensions},
		{"diff n1 ", archives, extensions},
		{"repair ", "json", extensions},
		{"repair PLAN.json ", archives, extensions},
		{"inspect ", "", files},
		{"version ", "", noFiles},
		{"plan " + nodes + " --choose ", "n1 n2 n3 n4 n5", noFiles},
		{"plan " + nodes + " --cluster ", "cowsql-1", noFiles},
		{"plan " + nodes + "/n1 --lost ", "", noFiles},
		{"plan --choose ", "", noFiles},
		{"plan no/such/directory --choose ", "", noFiles},
		{"extract " + nodes + " --node ", "n1 n5", noFiles},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			args := strings.Split(tt.line, " ")
			stdout, _, status := run(0, append([]string{"__complete"}, args...)...)
			assert.Equal(t, command.ExitOK, status)
			lines := strings.Split(strings.TrimSpace(stdout), "\n")
			assert.Equal(t, tt.directive, lines[len(lines)-1])
			var offered []string
			for _, l := range lines[:len(lines)-1] {
				word, _, _ := strings.Cut(l, "\t")
				offered = append(offered, word)
			}
			for _, word := range strings.Fields(tt.want) {
				assert.Contains(t, offered, word)
			}
			if tt.want == "" && !strings.Contains(tt.line, "--lost") {
				assert.Empty(t, offered)
			}
		})
	}
	stdout, _, _ := run(0, "__complete", "plan", nodes+"/n1", "--lost", "")
	assert.Contains(t, stdout, "127.0.0.1:", "addresses of the members that were not given")
}

// TestCompletionOnlyReads: a look at the nodes for their names is a look.
func TestCompletionOnlyReads(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "kill9-under-load")
	before := listing(t, c.Dir)
	run(0, "__complete", "plan", c.Dir, "--choose", "")
	assert.Equal(t, before, listing(t, c.Dir))
}

// TestCompletionScripts: there is one for each shell that is promised.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		stdout, stderr, status := run(0, "completion", shell)
		assert.Equal(t, command.ExitOK, status, shell)
		assert.Empty(t, stderr, shell)
		assert.Contains(t, stdout, "lastwrite", shell)
	}
}

// listing returns the names, sizes and times below a directory.
func listing(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	assert.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			out = append(out, p+" "+info.ModTime().String()+" "+info.Mode().String())
		}
		return err
	}))
	return out
}
