package command

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFolded(t *testing.T) {
	tests := []struct {
		width             int
		begin, text, want string
	}{
		{20, "n1  ", "starts", "n1  starts\n"},
		{20, "n1  ", "starts with all it holds", "n1  starts with all\n    it holds\n"},
		{20, "n1  ", "/a/path/that/is/not/cut and more", "n1  /a/path/that/is/not/cut\n    and more\n"},
		{16, "BAD  a.long.name  ", "does not start", "BAD  a.long.name  does\n  not start\n"},
		{20, "n1", "", "n1\n"},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, folded(tt.width, tt.begin, tt.text))
	}
}

func TestOnlyTerminalsFold(t *testing.T) {
	for width, want := range map[int]string{0: "a b  c\n", 10: "a b c\n"} {
		var out bytes.Buffer
		printFolded(Env{Stdout: &out, Terminal: func(io.Writer) (int, bool) { return width, width > 0 }}, "a ", "b  c")
		assert.Equal(t, want, out.String())
	}
}
