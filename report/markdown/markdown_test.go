package markdown_test

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/internal/example"
	"github.com/lastwrite/lastwrite/report/markdown"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render(t *testing.T, d *report.Document) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, markdown.Render(&b, d))
	return b.String()
}

func TestRenderGolden(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(example.All())) {
		t.Run(name, func(t *testing.T) {
			got := render(t, example.All()[name])
			path := filepath.Join("testdata", name+".md")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// TestTablesHold checks that no cell breaks its table.
func TestTablesHold(t *testing.T) {
	for name, d := range example.All() {
		columns := 0
		for line := range strings.Lines(render(t, d)) {
			if !strings.HasPrefix(line, "|") {
				columns = 0
				continue
			}
			n := strings.Count(line, "|") - strings.Count(line, `\|`)
			if columns != 0 && n != columns {
				t.Errorf("%s: %d columns of %d: %s", name, n, columns, line)
			}
			columns = n
		}
	}
}

func TestOutputIsSafe(t *testing.T) {
	out := render(t, example.Hostile())
	for _, r := range out {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%U in the output", r)
		}
	}
	for line := range strings.Lines(out) {
		if inCode := strings.Contains(line, "`"); !inCode {
			assert.NotContains(t, strings.ReplaceAll(line, `\<`, ""), "<img")
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("n1", "detail | `x`", "```\nrm -rf x\n```")
	f.Add("```", "# <b>", "````")
	f.Fuzz(func(t *testing.T, name, words, run string) {
		d := example.Damaged()
		c := &d.Clusters[0]
		c.Nodes[0].Name, c.Findings[0].Node, c.Findings[0].Detail, c.Plans[0].Commands[0].Run = name, name, words, run
		out := render(t, d)
		fence := ""
		for line := range strings.Lines(out) {
			line = strings.TrimSpace(line)
			switch {
			case fence == "" && strings.HasPrefix(line, "```"):
				fence = strings.TrimRight(line, "texsh")
			case fence != "" && line == fence:
				fence = ""
			}
		}
		if fence != "" {
			t.Errorf("a fence stays open:\n%s", out)
		}
		if strings.Count(out, "\n### Plans\n") != 1 {
			t.Errorf("not the headings of a report:\n%s", out)
		}
	})
}
