package command

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/analyze"
)

func TestPages(t *testing.T) {
	sound := analyze.FileCheck{File: "ibdata1", Pages: 10, Kinds: []analyze.PageCount{{Kind: "crc32", Pages: 4}, {Kind: "zero", Pages: 6}}}
	torn := analyze.FileCheck{File: "t/\x1b.ibd", Pages: 5, Kinds: []analyze.PageCount{{Kind: "bad", Pages: 2}, {Kind: "crc32", Pages: 3}}, Damaged: 2}
	mended := torn
	mended.Mended = 2
	for _, tt := range []struct {
		checked []analyze.FileCheck
		good    bool
		text    string
	}{
		{nil, true, ""},
		{[]analyze.FileCheck{sound}, true, "      1 files, 10 pages checked: crc32 4, zero 6\n"},
		{[]analyze.FileCheck{sound, torn}, false,
			"      t/\\x1b.ibd: 2 of 5 pages are damaged\n      2 files, 15 pages checked: bad 2, crc32 7, zero 6\n"},
		{[]analyze.FileCheck{mended}, true,
			"      t/\\x1b.ibd: 2 of 5 pages are damaged; a start mends 2 of them\n      1 files, 5 pages checked: bad 2, crc32 3\n"},
	} {
		var out bytes.Buffer
		assert.Equal(t, tt.good, pages(Env{Stdout: &out}, &analyze.Node{Checked: tt.checked}))
		assert.Equal(t, tt.text, out.String())
	}
}
