package text

import (
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

const maxLabel = 18 // widest label of a node, with the blanks behind it

// A forecast is what a start does to one node or to several alike.
type forecast struct {
	nodes []string
	start report.Start
	lines []string // what it does to the directory
	sum   string   // the same in a few words, instead of lines
}

// forecast writes what a start does to each node, unless it starts with all
// it holds and changes nothing. Nodes with the same forecast share it.
func (p *page) forecast(c *report.Cluster) {
	list, others := p.forecasts(c), phrase.Others(c.Nodes)
	if len(list)+len(others) == 0 {
		return
	}
	server := phrase.Server(c)
	p.section("What "+phrase.Start(c, server)+" does", "")
	var labels []string
	for _, f := range list {
		labels = append(labels, phrase.Names(c, f.nodes))
	}
	for _, o := range others {
		labels = append(labels, phrase.Names(c, o.Nodes))
	}
	column := labelColumn(labels)
	at := inner + column
	for i, f := range list {
		text := phrase.Each(f.nodes, phrase.Outcome(&f.start))
		if f.sum != "" {
			text += ", " + f.sum
		}
		if server == "" && f.start.Server != "" {
			text += " (" + f.start.Server + ")"
		}
		p.entry(inner, piece{bold, labels[i]}, column, outcomeStyle(f.start.Outcome), colon(text, f.start.Error))
		p.message(at+2, f.start.Error)
		for _, line := range f.lines {
			p.para(at, plain, line)
		}
	}
	for i, o := range others {
		p.entry(inner, piece{bold, labels[len(list)+i]}, column, plain, colon(o.Text(), o.Error))
		p.message(at+2, o.Error)
	}
	if because := phrase.Because(c); because != "" {
		p.para(inner, plain, because)
	}
}

// forecasts returns what is to be told, nodes with equal forecasts together.
// What a start without trouble changes is only summed up.
func (p *page) forecasts(c *report.Cluster) []forecast {
	var out []forecast
	for _, n := range c.Nodes {
		if !p.verbose && (phrase.IsQuiet(&n.Start) || n.Start.Outcome == string(analyze.Unknown) && n.Start.Error == "") {
			continue
		}
		f := forecast{start: n.Start}
		if !p.verbose && n.Start.Outcome == string(analyze.Clean) {
			f.sum = phrase.ChangeSum(n.Start.Changes)
		} else {
			f.lines = phrase.Changes(n.Start.Changes, p.verbose)
		}
		i := slices.IndexFunc(out, func(g forecast) bool {
			return slices.Equal(f.lines, g.lines) && f.sum == g.sum && equalStarts(&f.start, &g.start)
		})
		if i < 0 {
			out = append(out, f)
			i = len(out) - 1
		}
		out[i].nodes = append(out[i].nodes, n.Name)
	}
	return out
}

// message writes the words of a server, which may be several lines.
func (p *page) message(indent int, text string) {
	if text == "" {
		return
	}
	for line := range strings.Lines(text) {
		p.para(indent, plain, strings.TrimRight(line, "\r\n"))
	}
}

// colon ends text with a colon if something follows.
func colon(text, following string) string {
	if following == "" {
		return text
	}
	return text + ":"
}

// equalStarts compares what two starts come to.
func equalStarts(a, b *report.Start) bool {
	return a.Outcome == b.Outcome && a.Server == b.Server && a.Error == b.Error &&
		(a.Discards == nil) == (b.Discards == nil) && (a.Discards == nil || *a.Discards == *b.Discards)
}

// labelColumn returns the width of a column for labels.
func labelColumn(labels []string) int {
	column := 0
	for _, label := range labels {
		if w := displaywidth.String(escape.Text(label)) + 2; w <= maxLabel {
			column = max(column, w)
		}
	}
	return max(column, 4)
}
