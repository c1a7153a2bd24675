// Package json renders a report as JSON, the form that scripts rely on, and
// reads such a report back.
package json

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
)

// Render writes d as indented JSON. Equal documents give equal bytes. Control
// characters and what else a terminal must not see stand as \u escapes, so
// that the output can be looked at safely.
func Render(w io.Writer, d *report.Document) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return fmt.Errorf("encode the report: %w", err)
	}
	_, err := w.Write(exact(visible(buf.Bytes())))
	return err
}

// maxExact is the largest number up to which a float64, and so every reader of
// JSON, holds all whole numbers.
const maxExact = 1 << 53

// exact makes strings of the whole numbers of an encoded document that are
// larger, whatever family they come from: facts may hold any type.
func exact(doc []byte) []byte {
	out := make([]byte, 0, len(doc))
	text := false // inside a string
	for i := 0; i < len(doc); {
		switch c := doc[i]; {
		case text && c == '\\':
			out = append(out, c, doc[i+1]) // an encoder never ends behind a backslash
			i += 2
			continue
		case c == '"':
			text = !text
		case !text && (c == '-' || '0' <= c && c <= '9'):
			n := len(doc[i:]) - len(bytes.TrimLeft(doc[i:], "+-.0123456789Ee"))
			out = append(out, exactNumber(doc[i:i+n])...)
			i += n
			continue
		}
		out = append(out, doc[i])
		i++
	}
	return out
}

// exactNumber quotes a whole number that is too large. What does not parse is
// a fraction, or larger than any number of ours.
func exactNumber(n []byte) []byte {
	v, err := strconv.ParseUint(strings.TrimPrefix(string(n), "-"), 10, 64)
	if err != nil || v <= maxExact {
		return n
	}
	return strconv.AppendQuote(nil, string(n))
}

// visible replaces the characters of an encoded document that do not show.
// Beside the line breaks and blanks of the indentation they can only stand
// inside strings.
func visible(doc []byte) []byte {
	out := make([]byte, 0, len(doc))
	for len(doc) > 0 {
		r, n := utf8.DecodeRune(doc)
		switch {
		case r == '\n' || escape.Visible(r):
			out = append(out, doc[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		doc = doc[n:]
	}
	return out
}

// Read reads a report that Render wrote. The facts of its nodes come back as
// maps, with numbers as json.Number.
func Read(r io.Reader) (*report.Document, error) {
	var d report.Document
	dec := json.NewDecoder(r)
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("not a report: %w", err)
	}
	if d.Schema != report.Schema {
		return nil, fmt.Errorf("the report has schema %q, this program reads %q", d.Schema, report.Schema)
	}
	return &d, nil
}
