package command

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
)

func TestPackedIn(t *testing.T) {
	f := fstest.MapFS{}
	for _, name := range []string{"z.tar", "a/b/y.zip", "a/x.tar.gz", "a/b/c/deep.tar", "notes.txt", ".tar", "w.TAR.ZST", "dir.zip/file"} {
		f[name] = &fstest.MapFile{}
	}
	assert.Equal(t, []string{"w.TAR.ZST", "z.tar", "a/x.tar.gz", "a/b/y.zip"}, packedIn(f))
}

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"n1=/backup/n1.tar.zst": "n1=/backup/n1.tar.zst",
		"my host":               "'my host'",
		"it's":                  `'it'\''s'`,
		"":                      "''",
		"$(reboot)":             "'$(reboot)'",
		"ä":                     "'ä'",
	} {
		assert.Equal(t, want, shellWord(in))
	}
	assert.Equal(t, "a 'b c'", shellWords(strings.Split("a|b c", "|")))
}
