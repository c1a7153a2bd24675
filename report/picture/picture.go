// Package picture draws the histories of a cluster's nodes in characters: one
// row a node, all over one axis of indexes or seqnos. It can be read without
// color and in plain ASCII.
package picture

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
)

// A Chart is a drawing.
type Chart struct {
	Labels  string // the numbers over the ticks
	Ticks   string // the axis
	Rows    []Row
	Legend  []Key // the signs that occur, in drawing order
	ToScale bool  // every cell stands for the same number of entries
}

// A Row is the history of one node.
type Row struct {
	Node  string
	Cells string // one sign a cell, a blank where the node has nothing
}

// A Key explains a sign.
type Key struct {
	Sign    byte
	Mark    string // analyze.Mark
	Meaning string
}

// end is the mark of the last index of a snapshot, drawn over the entries.
const end = "snapshot-end"

// keys returns all signs. A later one is drawn over an earlier one.
func keys() []Key {
	return []Key{
		{'.', string(analyze.MarkSnapshot), "in the snapshot"},
		{'=', string(analyze.MarkStored), "closed"},
		{'~', string(analyze.MarkOpen), "open"},
		{'#', string(analyze.MarkCommitted), "committed"},
		{'c', string(analyze.MarkCache), "cache"},
		{'S', end, "snapshot"},
		{'+', string(analyze.MarkReceived), "received, not committed"},
		{'?', string(analyze.MarkUncommitted), "never committed"},
		{'!', string(analyze.MarkDiscarded), "a start drops it"},
		{'_', string(analyze.MarkGap), "gap"},
		{'x', string(analyze.MarkDamage), "damage"},
		{'Y', string(analyze.MarkForked), "fork: content differs"},
		{'A', string(analyze.MarkArtificial), "made by a recovery tool"},
	}
}

// run is a stretch with an exclusive end.
type run struct {
	key      int
	from, to uint64
}

// Draw draws the histories of nodes in rows of at most width cells. ok is
// false if no node has anything to show.
func Draw(nodes []report.Node, width int) (chart Chart, ok bool) {
	rows, a, ok := layOut(nodes, width)
	if !ok {
		return Chart{}, false
	}
	seen := map[int]bool{}
	for i, n := range nodes {
		cells := []byte(strings.Repeat(" ", a.cells))
		for _, r := range rows[i] {
			from, to := a.cell(r.from), a.cell(r.to-1)
			for c := from; c <= to; c++ {
				cells[c] = keys()[r.key].Sign
			}
			seen[r.key] = true
		}
		chart.Rows = append(chart.Rows, Row{Node: n.Name, Cells: strings.TrimRight(string(cells), " ")})
	}
	for i, key := range keys() {
		if seen[i] {
			chart.Legend = append(chart.Legend, key)
		}
	}
	chart.Labels, chart.Ticks = a.ruler(remarkable(rows))
	chart.ToScale = a.toScale
	return chart, true
}

// Lines returns the whole drawing as text, with the names of the nodes, cut
// to maxName cells, in front of the rows.
func (c *Chart) Lines(maxName int) []string {
	names, column := make([]string, len(c.Rows)), 0
	for i, row := range c.Rows {
		names[i] = displaywidth.TruncateString(escape.Text(row.Node), maxName, "...")
		column = max(column, displaywidth.String(names[i])+2)
	}
	lines := []string{strings.Repeat(" ", column) + c.Labels, strings.Repeat(" ", column) + c.Ticks}
	for i, row := range c.Rows {
		cells := cmp.Or(row.Cells, "empty")
		lines = append(lines, names[i]+strings.Repeat(" ", column-displaywidth.String(names[i]))+cells)
	}
	for _, key := range c.Legend {
		lines = append(lines, fmt.Sprintf("%*s%c %s", column, "", key.Sign, key.Meaning))
	}
	return lines
}

// runs returns the stretches of a node in drawing order, adjoining ones of the
// same mark as one.
func runs(picture []report.Stretch) []run {
	var out []run
	for _, s := range picture {
		key := slices.IndexFunc(keys(), func(k Key) bool { return k.Mark == s.Mark })
		if key < 0 || s.Last < s.First {
			continue
		}
		first, last := uint64(s.First), uint64(s.Last)
		if last == math.MaxUint64 { // the exclusive end must be a number too
			last--
			first = min(first, last)
		}
		out = append(out, run{key, first, last + 1})
		if s.Mark == string(analyze.MarkSnapshot) {
			mark := slices.IndexFunc(keys(), func(k Key) bool { return k.Mark == end })
			out = append(out, run{mark, last, last + 1})
		}
	}
	slices.SortFunc(out, func(a, b run) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	merged := out[:0]
	for _, r := range out {
		if n := len(merged); n > 0 && merged[n-1].key == r.key && r.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, r.to)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// remarkable returns the indexes that deserve a number on the axis, most
// important first: the two ends, where each node ends, then the bounds of
// what is drawn over plain entries.
func remarkable(rows [][]run) []uint64 {
	lowest, highest := uint64(math.MaxUint64), uint64(0)
	var ends, bounds []uint64
	plain := slices.IndexFunc(keys(), func(k Key) bool { return k.Mark == string(analyze.MarkCache) })
	for _, row := range rows {
		last := uint64(0)
		for _, r := range row {
			lowest, highest, last = min(lowest, r.from), max(highest, r.to-1), max(last, r.to-1)
			if r.key > plain {
				bounds = append(bounds, r.from, r.to-1)
			}
		}
		if len(row) > 0 {
			ends = append(ends, last)
		}
	}
	slices.Sort(ends)
	slices.Reverse(ends)
	slices.Sort(bounds)
	return append(append([]uint64{lowest, highest}, ends...), bounds...)
}

// label is a number on the axis.
func label(index uint64) string { return strconv.FormatUint(index, 10) }
