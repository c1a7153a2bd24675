package text

import (
	"fmt"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/phrase"
)

// What is shown of a long list unless the reader wants all.
const (
	maxPoints   = 4
	maxEvidence = 3
)

// findings writes a cluster's findings, worst first, those with one ID
// together. Notes are told by their title alone.
func (p *page) findings(c *report.Cluster) {
	if len(c.Findings) == 0 {
		return
	}
	p.section("Findings", phrase.Tally(c.Findings))
	const column = len("warning") + 2
	previous := ""
	for _, t := range phrase.Topics(c.Findings) {
		info := t.Severity == string(analyze.Info)
		if previous != "" && (p.verbose || !info || previous != t.Severity) {
			p.blank()
		}
		previous = t.Severity
		title := t.ID + "  " + t.Title
		if info && !p.verbose {
			if nodes := t.Nodes(); len(nodes) > 0 {
				title += ": " + phrase.Names(c, nodes)
			}
			p.entry(inner, piece{severityStyle(t.Severity), phrase.Severity(t.Severity)}, column, plain, title)
			continue
		}
		p.entry(inner, piece{severityStyle(t.Severity), phrase.Severity(t.Severity)}, column, bold, title)
		p.points(c, inner+column, &t)
	}
}

func (p *page) points(c *report.Cluster, indent int, t *phrase.Topic) {
	shown := t.Points
	if !p.verbose && len(shown) > maxPoints+1 {
		shown = shown[:maxPoints]
	}
	var labels []string
	for _, point := range shown {
		labels = append(labels, phrase.Names(c, point.Nodes))
	}
	most := maxEvidence
	if len(shown) > 2 {
		most = 1
	}
	column := labelColumn(labels)
	if strings.Join(labels, "") == "" {
		column = 0
	}
	for i, point := range shown {
		at := indent + column
		if labels[i] == "" {
			at = indent
			p.para(at, plain, point.Detail)
		} else {
			p.entry(indent, piece{bold, labels[i]}, column, plain, point.Detail)
		}
		p.evidence(at, &point, most)
	}
	if rest := t.Points[len(shown):]; len(rest) > 0 {
		more := &phrase.Topic{Points: rest}
		text := fmt.Sprintf("and %d more", len(rest))
		if nodes := more.Nodes(); len(nodes) > 0 {
			text += ", on " + phrase.Join(nodes)
		}
		p.para(indent, dim, text)
	}
}

// evidence writes the quotations of a point, the first ones of many.
func (p *page) evidence(indent int, point *phrase.Point, most int) {
	shown := point.Evidence
	if !p.verbose && len(shown) > most+1 {
		shown = shown[:most]
	}
	for i := range shown {
		text := phrase.Place(&shown[i], point.Nodes)
		if shown[i].Quote != "" {
			text += ": " + shown[i].Quote
		}
		p.entry(indent, piece{dim, ">"}, 3, dim, text)
	}
	if rest := len(point.Evidence) - len(shown); rest > 0 {
		p.entry(indent, piece{dim, ">"}, 3, dim, fmt.Sprintf("and %d more places", rest))
	}
}

func severityStyle(severity string) style {
	switch severity {
	case string(analyze.Error):
		return alarm
	case string(analyze.Warning):
		return yellow
	default:
		return cyan
	}
}
