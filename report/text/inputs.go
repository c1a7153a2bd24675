package text

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/phrase"
)

const digestPrefix = 16 // hex digits of a digest where there is no room for all

// notes writes what is to be said about the inputs as such.
func (p *page) notes(d *report.Document, severities ...string) {
	for _, n := range d.Notes {
		if !slices.Contains(severities, n.Severity) {
			continue
		}
		text := n.Text
		if n.Path != "" {
			text = n.Path + ": " + text
		}
		p.entry(0, piece{severityStyle(n.Severity), phrase.Severity(n.Severity)}, len("warning")+2, plain, text)
	}
}

// inputs writes what was read, and whether it stayed the same meanwhile.
func (p *page) inputs(d *report.Document) error {
	p.blank()
	p.notes(d, "info")
	p.blank()
	if len(d.Inputs) == 0 {
		return nil
	}
	const fixed = 60 // what the other columns of the table need at least
	digest := digestPrefix
	if p.width >= fixed+64 {
		digest = 64
	}
	var rows [][]piece
	for _, in := range d.Inputs {
		path := in.Path
		if in.Node != "" {
			path = in.Node + "=" + path
		}
		sum := cmp.Or(in.ManifestSHA256, "-")
		if len(sum) > digest {
			sum = sum[:digest]
		}
		rows = append(rows, []piece{
			{plain, path}, {plain, in.Kind}, {plain, humanize.Comma(int64(in.Files))},
			{plain, humanize.IBytes(uint64(max(in.Bytes, 0)))}, {dim, sum},
		})
	}
	if err := p.table(0, []string{"input", "kind", "files", "size", "sha256 of the manifest"}, rows, 4); err != nil {
		return err
	}
	changed := phrase.ChangedFiles(d)
	if len(changed) == 0 {
		p.line(0, piece{green, "input unchanged"})
		p.custody(d.Custody)
		return nil
	}
	text := "1 file changed while it was read: "
	if len(changed) > 1 {
		text = phrase.Count(len(changed), "file") + " changed while they were read: "
	}
	p.para(0, alarm, text+strings.Join(changed, ", "))
	p.custody(d.Custody)
	return nil
}

// custody writes when and with what the inputs were read.
func (p *page) custody(c *report.Custody) {
	if c == nil {
		return
	}
	p.blank()
	p.line(0, piece{bold, "Chain of custody"})
	for _, text := range phrase.Custody(c) {
		p.para(2, plain, text)
	}
	for _, in := range c.Inputs {
		style := green
		if in.Before != in.After {
			style = alarm
		}
		p.para(2, style, in.Path+": "+phrase.Kept(in))
		p.entry(4, piece{dim, "before"}, len("before")+2, dim, cmp.Or(in.Before, "-"))
		p.entry(4, piece{dim, "after"}, len("before")+2, dim, cmp.Or(in.After, "-"))
	}
}
