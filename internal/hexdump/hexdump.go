// Package hexdump prints the structure of the files of a raft directory byte
// by byte: the bytes of each field beside its meaning. Bytes that carry content
// are never printed, as they may hold secrets: pages of databases, payloads
// that are not understood, and unused fields and padding, in which servers
// leave what was in memory.
package hexdump

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
)

const (
	perLine = 16            // bytes
	columns = 3*perLine + 1 // width of a line's bytes
	naming  = 20            // width of a field's name
)

// A Writer prints annotated bytes and remembers the first error.
type Writer struct {
	w   io.Writer
	err error
}

// New returns a Writer on w.
func New(w io.Writer) *Writer { return &Writer{w: w} }

// Err returns the first error of the underlying writer.
func (d *Writer) Err() error { return d.err }

func (d *Writer) print(format string, args ...any) {
	if d.err == nil {
		_, d.err = io.WriteString(d.w, strings.TrimRight(fmt.Sprintf(format, args...), " ")+"\n")
	}
}

// Title prints a line that begins a structure. The text must be safe to show.
func (d *Writer) Title(format string, args ...any) { d.print(format, args...) }

// Field prints the bytes of a field, which stand at offset, beside its name
// and meaning. The texts must be safe to show.
func (d *Writer) Field(offset int64, b []byte, name, meaning string) {
	for first := true; first || len(b) > 0; first = false {
		n := min(len(b), perLine)
		line := hex.EncodeToString(b[:n])
		var spaced strings.Builder
		for i := 0; i < len(line); i += 2 {
			if i == perLine {
				spaced.WriteByte(' ')
			}
			spaced.WriteString(line[i:i+2] + " ")
		}
		if !first {
			name, meaning = "", ""
		}
		d.print("%08x  %-*s %-*s %s", offset, columns, spaced.String(), naming, name, meaning)
		offset += int64(n)
		b = b[n:]
	}
}

// Hidden prints that n bytes at offset are there, and what they are, without
// showing them.
func (d *Writer) Hidden(offset, n int64, what string) {
	if n <= 0 {
		return
	}
	unit := "bytes"
	if n == 1 {
		unit = "byte"
	}
	d.print("%08x  … %s %s of %s", offset, humanize.Comma(n), unit, what)
}
