package html

import (
	"fmt"
	"strconv"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/phrase"
	"github.com/lastwrite/lastwrite/report/picture"
)

const (
	plotCells = 1000
	tickApart = 0.15 // of the axis, room for six digits on a phone
	textCells = 64   // of the same picture in characters
	maxName   = 20
)

// A drawing is the picture of a cluster's histories.
type drawing struct {
	Axis    string // what the numbers count
	ToScale bool
	Cells   int
	Ticks   []tick
	Rows    []row
	Legend  []legend
	Text    []string // the same in characters
}

type tick struct {
	Left  int // per cent
	Edge  string
	Index string
}

type row struct {
	Node, Summary string
	Blocks        []block
}

type block struct {
	Mark        string
	Cell, Width int
	Title       string
}

type legend struct{ Mark, Meaning string }

func newDrawing(c *report.Cluster) *drawing {
	nodes := c.Ranked()
	plot, ok := picture.NewPlot(nodes, plotCells, tickApart)
	if !ok {
		return nil
	}
	d := &drawing{Axis: "index", ToScale: plot.ToScale, Cells: plot.Cells}
	if phrase.Seqnos(c) {
		d.Axis = "seqno"
	}
	for _, t := range plot.Ticks {
		percent := t.Cell * 100 / plot.Cells
		edge := ""
		if percent > 80 {
			edge = "end"
		}
		d.Ticks = append(d.Ticks, tick{percent, edge, strconv.FormatUint(t.Index, 10)})
	}
	for i, r := range plot.Rows {
		out := row{Node: r.Node, Summary: summary(&nodes[i], r.Blocks, d.Axis)}
		for _, b := range r.Blocks {
			out.Blocks = append(out.Blocks, block{b.Mark, b.Cell, b.Width, title(b, d.Axis)})
		}
		d.Rows = append(d.Rows, out)
	}
	for _, k := range plot.Legend {
		d.Legend = append(d.Legend, legend{k.Mark, k.Meaning})
	}
	if chart, ok := picture.Draw(nodes, textCells); ok {
		d.Text = chart.Lines(maxName)
	}
	return d
}

func title(b picture.Block, axis string) string {
	if b.First == b.Last {
		return fmt.Sprintf("%s, %s %d", b.Meaning, axis, b.First)
	}
	return fmt.Sprintf("%s, %s %d to %d", b.Meaning, axis, b.First, b.Last)
}

// summary is a row in words, for those who do not see it.
func summary(n *report.Node, blocks []picture.Block, axis string) string {
	const most = 8
	out := n.Name + ": "
	if len(blocks) == 0 {
		return out + "nothing"
	}
	shown, more := head(blocks, most)
	for i, b := range shown {
		if i > 0 {
			out += "; "
		}
		out += title(b, axis)
	}
	if more > 0 {
		out += fmt.Sprintf("; and %d more", more)
	}
	return out
}
