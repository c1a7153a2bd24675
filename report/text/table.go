package text

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/clipperhouse/displaywidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/lastwrite/lastwrite/report/escape"
)

const (
	gutter    = 2  // blanks between columns
	narrowest = 4  // a column is not squeezed below this
	minTable  = 60 // nor a table: cells that nobody can read help less than a line that is broken
)

// table writes a table without rules. Columns are as wide as their widest
// cell; if the page is too narrow the widest column gives way, the last ones,
// keep in number, after all others.
func (p *page) table(indent int, header []string, rows [][]piece, keep int) error {
	for _, row := range rows {
		for i := range row {
			row[i].text = escape.Text(row[i].text)
		}
	}
	p.squeeze(max(p.width, minTable)-indent, header, rows, keep)

	var buf bytes.Buffer
	t := tablewriter.NewTable(&buf,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{
				Separators: tw.SeparatorsNone,
				Lines:      tw.LinesNone,
			},
		})),
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", gutter), Overwrite: true}),
	)
	head := make([]string, len(header))
	for i, h := range header {
		head[i] = p.paint(dim, h)
	}
	t.Header(head)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = p.paint(cell.style, cell.text)
		}
		if err := t.Append(cells); err != nil {
			return fmt.Errorf("lay out a table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("lay out a table: %w", err)
	}
	for line := range strings.Lines(buf.String()) {
		p.buf.WriteString(blanks(indent) + trimEnd(line) + "\n")
	}
	return nil
}

// trimEnd removes blanks at the end of a line, also in front of the sequence
// that ends a style there.
func trimEnd(line string) string {
	const reset = "\x1b[0m"
	styled := false
	for {
		line = strings.TrimRight(line, " \n")
		bare, found := strings.CutSuffix(line, reset)
		if !found {
			break
		}
		line, styled = bare, true
	}
	if styled {
		line += reset
	}
	return line
}

// squeeze shortens cells until the columns fit into width.
func (p *page) squeeze(width int, header []string, rows [][]piece, keep int) {
	widths, floors := make([]int, len(header)), make([]int, len(header))
	total := -gutter
	for i, h := range header {
		floors[i] = max(displaywidth.String(h), narrowest)
		widths[i] = displaywidth.String(h)
		for _, row := range rows {
			widths[i] = max(widths[i], displaywidth.String(row[i].text))
		}
		total += widths[i] + gutter
	}
	for ; total > width; total-- {
		i := widestAbove(widths[:len(widths)-keep], floors)
		if i < 0 {
			i = widestAbove(widths, floors)
		}
		if i < 0 {
			break
		}
		widths[i]--
	}
	for _, row := range rows {
		for i := range row {
			row[i].text = shorten(row[i].text, widths[i])
		}
	}
}

// widestAbove returns the widest of the columns that are wider than their
// floor, -1 if there is none.
func widestAbove(widths, floors []int) int {
	best := -1
	for i, w := range widths {
		if w > floors[i] && (best < 0 || w > widths[best]) {
			best = i
		}
	}
	return best
}
