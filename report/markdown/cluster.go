package markdown

import (
	"fmt"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/phrase"
	"github.com/lastwrite/lastwrite/report/picture"
)

const (
	pictureWidth = 72
	maxName      = 24 // characters of a name beside a picture
	maxEvidence  = 10 // quotations of one finding
)

func (p *page) cluster(c *report.Cluster, several bool) error {
	p.line("## " + text(phrase.Cluster(c, several)))
	p.line("**" + text(strings.TrimSpace(phrase.Verdict(c)+" "+phrase.Recommendation(c))) + "**")
	if c.Verdict.Reason != "" {
		p.line(text(c.Verdict.Reason))
	}
	for _, caveat := range phrase.Caveats(c) {
		p.line(text(caveat))
	}
	if err := p.ranking(c); err != nil {
		return err
	}
	p.forecast(c)
	p.picture(c)
	p.findings(c)
	p.plans(c)
	return nil
}

func (p *page) ranking(c *report.Cluster) error {
	last := "last"
	if phrase.Seqnos(c) {
		last = "seqno"
	}
	history := len(c.Histories) > 1
	header := []string{"rank", "node", "address", "id", "role"}
	if history {
		header = append(header, "history")
	}
	header = append(header, last, "bound", phrase.Start(c, ""))
	ranks := c.Ranks()
	var rows [][]string
	for _, n := range c.Ranked() {
		rank := "-"
		if r := ranks[n.Name]; r > 0 {
			rank = fmt.Sprint(r)
		}
		row := []string{rank, code(n.Name), code(n.Identity.Address), code(n.Identity.ID), cell(phrase.Role(&n))}
		if history {
			row = append(row, code(n.Position.History))
		}
		rows = append(rows, append(row, cell(phrase.Position(&n)), cell(phrase.Bound(&n)), text(phrase.ShortOutcome(&n.Start))))
	}
	return p.table(header, rows)
}

func (p *page) forecast(c *report.Cluster) {
	others := phrase.Others(c.Nodes)
	titled := false
	title := func() {
		if !titled {
			p.line("### What " + text(phrase.Start(c, phrase.Server(c))) + " does")
			titled = true
		}
	}
	for _, n := range c.Nodes {
		if phrase.IsQuiet(&n.Start) {
			continue
		}
		title()
		server := ""
		if phrase.Server(c) == "" && n.Start.Server != "" {
			server = " (" + text(n.Start.Server) + ")"
		}
		p.item(0, fmt.Sprintf("%s %s%s%s", code(n.Name), text(phrase.Outcome(&n.Start)), server, says(n.Start.Error)))
		for _, change := range phrase.Changes(n.Start.Changes, true) {
			p.item(1, text(change))
		}
	}
	for _, o := range others {
		title()
		p.item(0, fmt.Sprintf("%s %s%s", codes(o.Nodes), text(o.Text()), says(o.Error)))
	}
	if because := phrase.Because(c); titled && because != "" {
		p.line(text(because))
	}
}

// says returns the words of a server behind what precedes them.
func says(message string) string {
	if message == "" {
		return ""
	}
	return ": " + code(message)
}

func (p *page) picture(c *report.Cluster) {
	chart, ok := picture.Draw(c.Nodes, pictureWidth)
	if !ok {
		return
	}
	title := "### History"
	if !chart.ToScale {
		title += " (not to scale)"
	}
	p.line(title)
	p.block("", "text", chart.Lines(maxName))
}

func (p *page) findings(c *report.Cluster) {
	if len(c.Findings) == 0 {
		return
	}
	p.line("### Findings: " + text(phrase.Tally(c.Findings)))
	for _, t := range phrase.Topics(c.Findings) {
		p.item(0, fmt.Sprintf("**%s %s** %s", text(phrase.Severity(t.Severity)), text(t.ID), text(t.Title)))
		for _, point := range t.Points {
			detail := text(point.Detail)
			if len(point.Nodes) > 0 {
				detail = codes(point.Nodes) + ": " + detail
			}
			p.item(1, detail)
			p.evidence(&point)
		}
	}
}

func (p *page) evidence(point *phrase.Point) {
	shown := point.Evidence
	if len(shown) > maxEvidence+1 {
		shown = shown[:maxEvidence]
	}
	for i := range shown {
		p.item(2, code(phrase.Place(&shown[i], point.Nodes))+says(shown[i].Quote))
	}
	if rest := len(point.Evidence) - len(shown); rest > 0 {
		p.item(2, fmt.Sprintf("and %d more places", rest))
	}
}

func (p *page) plans(c *report.Cluster) {
	if len(c.Plans) == 0 {
		return
	}
	p.line("### Plans")
	for i := range c.Plans {
		p.plan(&c.Plans[i])
	}
}

func (p *page) plan(plan *report.Plan) {
	p.line("#### " + strings.TrimSpace(text(plan.Title)+" "+code(plan.ID)))
	for _, w := range plan.Warnings {
		p.item(0, fmt.Sprintf("**%s**: %s", string(analyze.Warning), text(w)))
	}
	if len(plan.Loses) == 0 {
		p.item(0, "loses nothing")
	}
	for i := range plan.Loses {
		p.item(0, "loses "+on(plan.Loses[i].Node)+text(phrase.Loss(&plan.Loses[i])))
	}
	for _, work := range phrase.Steps(plan.Steps) {
		p.item(0, "writes "+on(work.Node)+text(work.Text))
	}
	if len(plan.Commands) == 0 {
		return
	}
	p.line("Then run:")
	for i, command := range plan.Commands {
		p.line(fmt.Sprintf("%d. %s", i+1, text(phrase.Where(&command))))
		indent := strings.Repeat(" ", len(fmt.Sprint(i+1))+2)
		p.block(indent, "sh", strings.Split(strings.TrimRight(command.Run, "\n"), "\n"))
	}
}

func on(node string) string {
	if node == "" {
		return ""
	}
	return code(node) + ": "
}
