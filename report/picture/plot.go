package picture

import (
	"slices"

	"github.com/lastwrite/lastwrite/report"
)

// A Plot is the same picture as geometry, for renderers that have finer means
// than characters. It is laid out in Cells equal cells from left to right.
type Plot struct {
	Cells   int
	ToScale bool
	Rows    []PlotRow
	Ticks   []Tick
	Legend  []Key
}

// A PlotRow is the history of one node, in drawing order.
type PlotRow struct {
	Node   string
	Blocks []Block
}

// A Block is adjoining stretches of one mark.
type Block struct {
	Mark        string // analyze.Mark, or "snapshot-end"
	Meaning     string
	Cell, Width int
	First, Last uint64 // index or seqno, both inclusive
}

// A Tick is a number on the axis.
type Tick struct {
	Cell  int
	Index uint64
}

// NewPlot lays out the histories of nodes in at most width cells, with ticks
// that stand at least the share apart of the whole from each other. ok is false if no node has
// anything to show. Blocks of one mark that would fall into the same cells are
// one, so that a row has at most width blocks of each mark.
func NewPlot(nodes []report.Node, width int, apart float64) (plot Plot, ok bool) {
	rows, a, ok := layOut(nodes, width)
	if !ok {
		return Plot{}, false
	}
	plot = Plot{Cells: a.cells, ToScale: a.toScale}
	seen := map[int]bool{}
	for i, n := range nodes {
		row := PlotRow{Node: n.Name}
		for _, r := range rows[i] {
			seen[r.key] = true
			b := Block{Mark: keys()[r.key].Mark, Meaning: keys()[r.key].Meaning, First: r.from, Last: r.to - 1}
			b.Cell = a.cell(r.from)
			b.Width = a.cell(r.to-1) - b.Cell + 1
			if k := len(row.Blocks) - 1; k >= 0 && row.Blocks[k].Mark == b.Mark && b.Cell < row.Blocks[k].Cell+row.Blocks[k].Width {
				last := &row.Blocks[k]
				last.Width, last.Last = max(last.Width, b.Cell+b.Width-last.Cell), max(last.Last, b.Last)
				continue
			}
			row.Blocks = append(row.Blocks, b)
		}
		plot.Rows = append(plot.Rows, row)
	}
	for i, key := range keys() {
		if seen[i] {
			plot.Legend = append(plot.Legend, key)
		}
	}
	for _, index := range remarkable(rows) {
		cell := a.cell(index)
		near := func(t Tick) bool { return float64(max(t.Cell-cell, cell-t.Cell)) < apart*float64(a.cells) }
		if !slices.ContainsFunc(plot.Ticks, near) {
			plot.Ticks = append(plot.Ticks, Tick{cell, index})
		}
	}
	slices.SortFunc(plot.Ticks, func(x, y Tick) int { return x.Cell - y.Cell })
	return plot, true
}

// layOut returns the runs of every node and the axis that they share.
func layOut(nodes []report.Node, width int) (rows [][]run, a axis, ok bool) {
	rows = make([][]run, len(nodes))
	var cuts []uint64
	for i, n := range nodes {
		rows[i] = runs(n.Picture)
		for _, r := range rows[i] {
			cuts = append(cuts, r.from, r.to)
		}
	}
	if len(cuts) == 0 || width < 1 {
		return nil, axis{}, false
	}
	slices.Sort(cuts)
	return rows, newAxis(slices.Compact(cuts), width), true
}
