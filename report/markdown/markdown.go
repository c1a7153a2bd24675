// Package markdown renders a report for a ticket: what the text renderer
// shows, in the same order, with all details.
package markdown

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

// Render writes d.
func Render(w io.Writer, d *report.Document) error {
	p := &page{}
	p.notes(d)
	for i := range d.Clusters {
		if err := p.cluster(&d.Clusters[i], len(d.Clusters) > 1); err != nil {
			return err
		}
	}
	if err := p.inputs(d); err != nil {
		return err
	}
	p.line(fmt.Sprintf("Made by %s, which changed nothing.", text(strings.TrimSpace(d.Tool.Name+" "+d.Tool.Version))))
	_, err := w.Write(p.buf.Bytes())
	return err
}

// text and code are the two ways in which words of the report get onto a page.
func text(s string) string { return escape.Markdown(s) }
func code(s string) string { return escape.Code(s) }

// cell returns s for a table, where a dash alone is no list item.
func cell(s string) string {
	if s == "-" {
		return s
	}
	return text(s)
}

func codes(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = code(name)
	}
	return strings.Join(out, ", ")
}

// A page collects blocks, with an empty line between them.
type page struct {
	buf  bytes.Buffer
	list bool // the last block was a list item
}

func (p *page) gap() {
	if p.buf.Len() > 0 {
		p.buf.WriteByte('\n')
	}
	p.list = false
}

// line writes a paragraph, a heading or the like.
func (p *page) line(s string) {
	p.gap()
	p.buf.WriteString(strings.TrimRight(s, " ") + "\n")
}

// item writes a list item of a level, counted from 0.
func (p *page) item(level int, s string) {
	if !p.list {
		p.gap()
	}
	p.list = true
	p.buf.WriteString(strings.Repeat("  ", level) + "- " + strings.TrimRight(s, " ") + "\n")
}

// block writes lines as they are, in a fence that none of them can close.
func (p *page) block(indent, language string, lines []string) {
	fence := "```"
	for i := range lines {
		lines[i] = escape.Text(lines[i])
		for strings.Contains(lines[i], fence) {
			fence += "`"
		}
	}
	p.gap()
	fmt.Fprintf(&p.buf, "%s%s%s\n", indent, fence, language)
	for _, line := range lines {
		p.buf.WriteString(strings.TrimRight(indent+line, " ") + "\n")
	}
	fmt.Fprintf(&p.buf, "%s%s\n", indent, fence)
}

// table writes a table. The cells are Markdown already.
func (p *page) table(header []string, rows [][]string) error {
	p.gap()
	t := tablewriter.NewTable(&p.buf,
		tablewriter.WithRenderer(renderer.NewMarkdown()),
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
	)
	t.Header(header)
	for _, row := range rows {
		if err := t.Append(row); err != nil {
			return fmt.Errorf("lay out a table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("lay out a table: %w", err)
	}
	return nil
}

func (p *page) notes(d *report.Document) {
	for _, n := range d.Notes {
		note := text(n.Text)
		if n.Path != "" {
			note = code(n.Path) + ": " + note
		}
		p.item(0, fmt.Sprintf("**%s**: %s", text(phrase.Severity(n.Severity)), note))
	}
}

func (p *page) inputs(d *report.Document) error {
	if len(d.Inputs) == 0 {
		return nil
	}
	p.line("## Inputs")
	var rows [][]string
	for _, in := range d.Inputs {
		path := in.Path
		if in.Node != "" {
			path = in.Node + "=" + path
		}
		rows = append(rows, []string{
			code(path), text(in.Kind), humanize.Comma(int64(in.Files)), humanize.IBytes(uint64(max(in.Bytes, 0))),
			code(in.ManifestSHA256),
		})
	}
	if err := p.table([]string{"input", "kind", "files", "size", "sha256 of the manifest"}, rows); err != nil {
		return err
	}
	changed := phrase.ChangedFiles(d)
	if len(changed) == 0 {
		p.line("Input unchanged.")
	} else {
		p.line("**Changed while it was read:** " + codes(changed))
	}
	return p.custody(d.Custody)
}

// custody writes when and with what the inputs were read.
func (p *page) custody(c *report.Custody) error {
	if c == nil {
		return nil
	}
	p.line("## Chain of custody")
	for _, paragraph := range phrase.Custody(c) {
		p.line(text(paragraph))
	}
	var rows [][]string
	for _, in := range c.Inputs {
		rows = append(rows, []string{code(in.Path), code(in.Before), code(in.After), text(phrase.Kept(in))})
	}
	return p.table([]string{"input", "SHA-256 before", "SHA-256 after", ""}, rows)
}
