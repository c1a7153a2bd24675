package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
	"github.com/lastwrite/lastwrite/report/picture"
)

const maxName = 24 // widest name beside a picture

// picture draws the histories of the nodes, unless they all look the same and
// nothing is wrong with them.
func (p *page) picture(c *report.Cluster) error {
	column := 0
	for _, n := range c.Nodes {
		column = max(column, min(displaywidth.String(escape.Text(n.Name)), maxName)+2)
	}
	chart, ok := picture.Draw(c.Nodes, p.width-inner-column)
	if !ok || !p.verbose && dull(c, &chart) {
		return nil
	}
	unit := "log indexes"
	if phrase.Seqnos(c) {
		unit = "seqnos"
	}
	if !chart.ToScale {
		unit += ", not to scale"
	}
	p.section("History", unit)
	p.line(inner+column, piece{plain, chart.Labels})
	p.line(inner+column, piece{dim, chart.Ticks})
	for _, row := range chart.Rows {
		pieces := []piece{{plain, pad(shorten(escape.Text(row.Node), maxName), column)}}
		if row.Cells == "" {
			pieces = append(pieces, piece{dim, "empty"})
		}
		p.line(inner, append(pieces, cells(row.Cells)...)...)
	}
	var legend []string
	for _, key := range chart.Legend {
		legend = append(legend, string(key.Sign)+" "+key.Meaning)
	}
	p.legend(inner+column, legend)
	if p.verbose {
		return p.stretches(c)
	}
	return nil
}

// stretches lists what a picture is made of.
func (p *page) stretches(c *report.Cluster) error {
	var rows [][]piece
	for _, n := range c.Nodes {
		for _, s := range n.Picture {
			rows = append(rows, []piece{
				{plain, n.Name}, {plain, s.Mark}, {plain, fmt.Sprint(s.First)}, {plain, fmt.Sprint(s.Last)}, {plain, s.Label},
			})
		}
	}
	p.blank()
	return p.table(inner, []string{"node", "what", "first", "last", "where"}, rows, 0)
}

// legend writes items in lines, and never breaks one.
func (p *page) legend(indent int, items []string) {
	line := ""
	for _, item := range items {
		if line != "" && indent+len(line)+3+len(item) > p.width {
			p.line(indent, piece{dim, line})
			line = ""
		}
		if line != "" {
			line += "   "
		}
		line += item
	}
	p.line(indent, piece{dim, line})
}

// dull reports whether a picture says nothing that the ranking does not.
func dull(c *report.Cluster, chart *picture.Chart) bool {
	for _, row := range chart.Rows {
		if row.Cells != chart.Rows[0].Cells {
			return false
		}
	}
	for _, key := range chart.Legend {
		if signStyle(key.Sign) != plain {
			return false
		}
	}
	return !slices.ContainsFunc(c.Findings, func(f report.Finding) bool { return f.Severity == string(analyze.Error) })
}

// cells colors a row, one piece a run of equal signs.
func cells(row string) []piece {
	var out []piece
	for row != "" {
		n := len(row) - len(strings.TrimLeft(row, row[:1]))
		out = append(out, piece{signStyle(row[0]), row[:n]})
		row = row[n:]
	}
	return out
}

func signStyle(sign byte) style {
	switch sign {
	case 'x', '!':
		return red
	case '_', '?', 'A':
		return yellow
	case 'Y':
		return cyan
	default:
		return plain
	}
}
