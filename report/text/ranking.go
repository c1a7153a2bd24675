package text

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

// Rank writes the answer alone: a line a node, with rank, node, position and
// outcome of a start, separated by tabs. Nodes without a rank have "-". The
// ID of the cluster follows if there are several.
func Rank(w io.Writer, d *report.Document) error {
	out := bufio.NewWriter(w)
	for i := range d.Clusters {
		c := &d.Clusters[i]
		ranks := c.Ranks()
		for _, n := range c.Ranked() {
			fmt.Fprintf(out, "%s\t%s\t%s\t%s", rank(ranks[n.Name]), escape.Text(n.Name), escape.Text(phrase.FullPosition(&n)), escape.Text(n.Start.Outcome))
			if len(d.Clusters) > 1 {
				fmt.Fprintf(out, "\t%s", escape.Text(c.ID))
			}
			fmt.Fprintln(out)
		}
	}
	return out.Flush()
}

func rank(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// ranking writes the table of a cluster's nodes.
func (p *page) ranking(c *report.Cluster) error {
	last := "last"
	if phrase.Seqnos(c) {
		last = "seqno"
	}
	header := []string{"rank", "node"}
	var identities []func(*report.Node) string
	if p.width >= wide {
		for _, column := range []struct {
			title string
			value func(*report.Node) string
		}{
			{"address", func(n *report.Node) string { return n.Identity.Address }},
			{"id", func(n *report.Node) string { return n.Identity.ID }},
		} {
			if told(c, column.value) {
				header = append(header, column.title)
				identities = append(identities, column.value)
			}
		}
	}
	if told(c, func(n *report.Node) string { return n.Role }) || told(c, stranger) {
		header = append(header, "role")
		identities = append(identities, phrase.Role)
	}
	if len(c.Histories) > 1 {
		header = append(header, "history")
		identities = append(identities, func(n *report.Node) string { return shorten(escape.Text(n.Position.History), 12) })
	}
	header = append(header, last, "bound", phrase.Start(c, ""))

	ranks := c.Ranks()
	var rows [][]piece
	for _, n := range c.Ranked() {
		name := plain
		if n.Name == c.Verdict.Recommended {
			name = advice
		}
		row := []piece{{plain, rank(ranks[n.Name])}, {name, n.Name}}
		for _, value := range identities {
			row = append(row, piece{plain, value(&n)})
		}
		row = append(row,
			piece{plain, phrase.Position(&n)},
			piece{plain, phrase.Bound(&n)},
			piece{outcomeStyle(n.Start.Outcome), phrase.ShortOutcome(&n.Start)})
		rows = append(rows, row)
	}
	return p.table(body, header, rows, 3)
}

// told reports whether any node of c has a value.
func told(c *report.Cluster, value func(*report.Node) string) bool {
	for i := range c.Nodes {
		if value(&c.Nodes[i]) != "" {
			return true
		}
	}
	return false
}

// stranger tells a node that is no member.
func stranger(n *report.Node) string {
	if n.Member == "no" {
		return n.Member
	}
	return ""
}

func outcomeStyle(outcome string) style {
	switch analyze.Outcome(outcome) {
	case analyze.Clean:
		return plain
	case analyze.Discards, analyze.Unknown:
		return yellow
	default:
		return red
	}
}
