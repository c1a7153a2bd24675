// Package json renders a report as JSON, the form that scripts rely on, and
// reads such a report back.
package json

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	_, err := w.Write(visible(buf.Bytes()))
	return err
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
