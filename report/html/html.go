// Package html renders a report as one page that needs nothing else: no
// network, no other file, and no script to be read. The script on it filters,
// folds and copies, and is the only one that the page's policy lets run.
package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // template, style and script
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

//go:embed page.tmpl
var page string

//go:embed style.css
var style string

//go:embed script.js
var script string

// Render writes d.
func Render(w io.Writer, d *report.Document) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"show":  escape.Text,
		"lines": lines,
		"many":  func(n int, noun string) string { return phrase.Count(n, noun) },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("the page's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newView(d)); err != nil {
		return fmt.Errorf("fill the page: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// lines returns the lines of a command or of a server's message, each safe to
// show.
func lines(s string) string {
	parts := strings.Split(strings.TrimRight(s, "\r\n"), "\n")
	for i := range parts {
		parts[i] = escape.Text(strings.TrimRight(parts[i], "\r"))
	}
	return strings.Join(parts, "\n")
}

// policy lets the page load nothing, and run and apply only what is part of it.
func policy() string {
	digest := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + digest(style) + "; script-src " + digest(script) + "; base-uri 'none'; form-action 'none'"
}
