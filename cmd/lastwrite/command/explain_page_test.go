package command

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRenderPage(t *testing.T) {
	tests := []struct{ name, markdown, want, colored string }{
		{"paragraph", "one two three four five six seven eight nine ten\nand eleven", "one two three four five six seven eight\nnine ten and eleven\n", ""},
		{"heading", "# Title\n\n## Section\n", "Title\n\nSection\n", "\x1b[1;36mTitle\x1b[0m\n\n\x1b[1mSection\x1b[0m\n"},
		{"list", "1. one two three four five six seven eight nine\n   ten\n2. next", "1. one two three four five six seven\n   eight nine ten\n2. next\n", ""},
		{"code block", "```sh\na   b\n```\nafter", "    a   b\nafter\n", "    \x1b[36ma   b\x1b[0m\nafter\n"},
		{"open code block", "```\na", "    a\n", ""},
		{"code in a word", "(`x`) and **much**, `a b`.", "(`x`) and much, `a b`.\n", "(\x1b[36mx\x1b[0m) and \x1b[1mmuch\x1b[0m, \x1b[36ma\x1b[0m \x1b[36mb\x1b[0m.\n"},
		{"link", "see [the page](LWC001.md).", "see the page (LWC001.md).\n", ""},
		{"table", "| a | bb |\n| --- | --- |\n| ccc | d |", "a    bb\nccc  d\n", ""},
		{"long word", strings.Repeat("x", 50) + " y", strings.Repeat("x", 50) + "\ny\n", ""},
		{"blank lines", "a\n\n\n\nb\n\n", "a\n\nb\n", ""},
		{"empty", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, renderPage(tt.markdown, 40, false))
			if tt.colored != "" {
				assert.Equal(t, tt.colored, renderPage(tt.markdown, 40, true))
			}
		})
	}
}

// TestRenderCodeInsideAList: the block ends the item's first paragraph, and
// what follows belongs to the item.
func TestRenderCodeInsideAList(t *testing.T) {
	got := renderPage("1. First:\n\n   ```\n   lastwrite analyze\n   ```\n\n   More of it.\n2. Second.\n", 80, false)
	assert.Equal(t, "1. First:\n\n    lastwrite analyze\n\n   More of it.\n2. Second.\n", got)
}
