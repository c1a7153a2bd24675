// Package text renders a report for a terminal: the answer first, then what
// it rests on, then what can be done. It is plain ASCII but for what names
// and quotes bring along, and it can be read without color.
package text

import (
	"cmp"
	"fmt"
	"io"

	"github.com/clipperhouse/displaywidth"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

// Options steer the rendering.
type Options struct {
	Width   int  // cells of a line, 0 for 80; narrower than 40 is not supported
	Color   bool // use SGR sequences
	Verbose bool // all details, nothing summed up
}

const (
	defaultWidth = 80
	minWidth     = 40
	wide         = 110 // from here on there is room for more columns
	body         = 2   // indent of what belongs to a cluster
	inner        = 4   // indent of what belongs to a section
	hintColumn   = 33  // width of a command in the hints
)

// Render writes d. Lines are at most o.Width cells wide, except for commands:
// these are broken only where the shell joins the lines again.
func Render(w io.Writer, d *report.Document, o Options) error {
	p := &page{width: max(cmp.Or(o.Width, defaultWidth), minWidth), color: o.Color, verbose: o.Verbose}
	p.notes(d, "error", "warning")
	for i := range d.Clusters {
		if err := p.cluster(&d.Clusters[i], len(d.Clusters) > 1); err != nil {
			return err
		}
	}
	p.hint(d)
	if err := p.inputs(d); err != nil {
		return err
	}
	_, err := w.Write(p.buf.Bytes())
	return err
}

func (p *page) cluster(c *report.Cluster, several bool) error {
	p.blank()
	p.para(0, dim, phrase.Cluster(c, several))
	p.blank()
	p.verdict(c)
	p.blank()
	if err := p.ranking(c); err != nil {
		return err
	}
	p.forecast(c)
	if err := p.picture(c); err != nil {
		return err
	}
	p.findings(c)
	p.plans(c)
	return nil
}

func (p *page) verdict(c *report.Cluster) {
	color := advice
	if !c.Verdict.Decided || c.Verdict.Recommended == "" {
		color = alarm
	}
	headline, advice := phrase.Verdict(c), phrase.Recommendation(c)
	if displaywidth.String(escape.Text(headline+" "+advice)) <= p.width-body {
		headline, advice = headline+" "+advice, ""
	}
	p.para(body, color, headline)
	if advice != "" {
		p.para(body, color, advice)
	}
	if c.Verdict.Reason != "" {
		p.para(body, plain, c.Verdict.Reason)
	}
	for _, caveat := range phrase.Caveats(c) {
		p.para(body, yellow, caveat)
	}
}

// section writes the title of a part of a cluster.
func (p *page) section(title, rest string) {
	p.blank()
	if rest != "" {
		rest = " (" + rest + ")"
	}
	if displaywidth.String(escape.Text(title+rest)) > p.width-body {
		p.para(body, bold, title+rest)
		return
	}
	p.line(body, piece{bold, title}, piece{dim, rest})
}

// hint tells once where there is more to read.
func (p *page) hint(d *report.Document) {
	findings, plans := "", false
	for _, c := range d.Clusters {
		if len(c.Findings) > 0 {
			findings = cmp.Or(findings, c.Findings[0].ID)
		}
		plans = plans || len(c.Plans) > 0
	}
	if findings == "" && !plans {
		return
	}
	p.blank()
	if findings != "" {
		p.entry(0, piece{plain, fmt.Sprintf("lastwrite explain %s", findings)}, hintColumn, dim, "what a finding means and what to do")
	}
	if plans {
		p.entry(0, piece{plain, "lastwrite plan ... -o PLAN.json"}, hintColumn, dim, "a plan to review, for lastwrite repair")
	}
}
