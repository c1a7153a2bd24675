package html

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/phrase"
)

const (
	maxEvidence = 12 // quotations of one finding that are shown
	maxChanges  = 60 // lines about what one start does
	maxSteps    = 60 // steps of a plan for one node
)

// view is all that the template asks for. Its texts are as in the report: the
// template passes each through show or lines.
type view struct {
	Policy        string
	Style         template.CSS
	Script        template.JS
	Title         string
	Tool          string
	Notes         []note
	Clusters      []*cluster
	Inputs        []input
	Custody       *custody
	Changed       []string
	Files         string
	Bytes         string
	Several, Plan bool
}

type note struct{ Severity, Label, Path, Text string }

type input struct{ Path, Kind, Files, Bytes, Digest string }

type cluster struct {
	Anchor, Title    string
	Headline, Advice string
	Mood             string // good, doubtful, bad
	Reason           string
	Caveats          []string
	Last             string // what positions are called
	Start            string // what forecasts are about
	Because          string
	Histories        bool
	Nodes            []node
	Picture          *drawing
	Tally            string
	Counts           []count
	Topics           []topic
	Plans            []plan
}

type count struct{ Severity, Label string }

type node struct {
	Anchor, Name, Path, Rank, Position, Bound, History string
	Address, ID, Role, Outcome, Mood                   string
	Best, Chosen                                       bool
	Sentence, Server, Error                            string
	Changes                                            []string
	MoreChanges                                        int
	Others                                             []phrase.Other
	Facts                                              []fact
	Damage                                             []report.Damage
	MoreDamage                                         int
}

type topic struct {
	ID, Severity, Label, Title string
	Points                     []point
}

type point struct {
	Nodes    []string
	Detail   string
	Evidence []quotation
	More     int
}

type quotation struct{ Place, Quote string }

type plan struct {
	Anchor, ID, Title string
	Warnings          []string
	Losses            []loss
	Works             []work
	Commands          []command
}

type loss struct{ Node, Text string }

type work struct {
	Node, Sum string
	Steps     []string
	More      int
}

type command struct{ Where, Run string }

type custody struct {
	Text   []string
	Inputs []digests
}

type digests struct {
	Path, Before, After, Kept string
	Same                      bool
}

func newView(d *report.Document) *view {
	v := &view{
		Policy: policy(), Style: template.CSS(style), Script: template.JS(script),
		Tool:    strings.TrimSpace(d.Tool.Name + " " + d.Tool.Version),
		Changed: phrase.ChangedFiles(d), Several: len(d.Clusters) > 1,
	}
	files, bytes := 0, int64(0)
	for _, in := range d.Inputs {
		path := in.Path
		if in.Node != "" {
			path = in.Node + "=" + path
		}
		files, bytes = files+in.Files, bytes+max(in.Bytes, 0)
		v.Inputs = append(v.Inputs, input{path, in.Kind, humanize.Comma(int64(in.Files)), humanize.IBytes(uint64(max(in.Bytes, 0))), in.ManifestSHA256})
	}
	if c := d.Custody; c != nil {
		v.Custody = &custody{Text: phrase.Custody(c)}
		for _, in := range c.Inputs {
			v.Custody.Inputs = append(v.Custody.Inputs, digests{in.Path, in.Before, in.After, phrase.Kept(in), in.Before == in.After})
		}
	}
	v.Files, v.Bytes = phrase.Count(files, "file"), humanize.IBytes(uint64(bytes))
	for _, n := range d.Notes {
		v.Notes = append(v.Notes, note{class(n.Severity), phrase.Severity(n.Severity), n.Path, n.Text})
	}
	var titles []string
	for i := range d.Clusters {
		c := newCluster(&d.Clusters[i], i, v.Several)
		v.Clusters = append(v.Clusters, c)
		v.Plan = v.Plan || len(c.Plans) > 0
		titles = append(titles, c.Headline)
	}
	v.Title = cmp.Or(strings.Join(titles, " "), "No cluster found")
	return v
}

func newCluster(c *report.Cluster, number int, several bool) *cluster {
	out := &cluster{
		Anchor: fmt.Sprintf("c%d", number+1), Title: phrase.Cluster(c, several),
		Headline: phrase.Verdict(c), Advice: phrase.Recommendation(c), Mood: mood(c),
		Reason: c.Verdict.Reason, Caveats: phrase.Caveats(c),
		Last: "last entry", Start: phrase.Start(c, phrase.Server(c)), Because: phrase.Because(c),
		Histories: len(c.Histories) > 1, Picture: newDrawing(c), Tally: phrase.Tally(c.Findings),
	}
	if phrase.Seqnos(c) {
		out.Last = "seqno"
	}
	ranks := c.Ranks()
	for i, n := range c.Ranked() {
		out.Nodes = append(out.Nodes, newNode(&n, c, ranks[n.Name], fmt.Sprintf("%s-n%d", out.Anchor, i+1)))
	}
	for _, severity := range []analyze.Severity{analyze.Error, analyze.Warning, analyze.Info} {
		n := 0
		for _, f := range c.Findings {
			if f.Severity == string(severity) {
				n++
			}
		}
		if n > 0 {
			out.Counts = append(out.Counts, count{string(severity), phrase.Count(n, phrase.Severity(string(severity)))})
		}
	}
	for _, t := range phrase.Topics(c.Findings) {
		out.Topics = append(out.Topics, newTopic(&t))
	}
	for i := range c.Plans {
		out.Plans = append(out.Plans, newPlan(&c.Plans[i], fmt.Sprintf("%s-p%d", out.Anchor, i+1)))
	}
	return out
}

// mood is how good the news are.
func mood(c *report.Cluster) string {
	switch {
	case !c.Verdict.Decided:
		return "bad"
	case len(c.Verdict.MostRecent) == 0 || c.Verdict.Recommended == "":
		return "bad"
	case c.Verdict.Provisional || len(phrase.Caveats(c)) > 0:
		return "doubtful"
	}
	return "good"
}

func newNode(n *report.Node, c *report.Cluster, rank int, anchor string) node {
	out := node{
		Anchor: anchor, Name: n.Name, Path: n.Path, Rank: "-",
		Position: phrase.Position(n), Bound: phrase.Bound(n), History: n.Position.History,
		Address: n.Identity.Address, ID: cmp.Or(n.Identity.ID, n.Identity.UUID), Role: phrase.Role(n),
		Outcome: phrase.ShortOutcome(&n.Start), Mood: outcomeMood(n.Start.Outcome),
		Best: c.Verdict.Decided && slices.Contains(c.Verdict.MostRecent, n.Name), Chosen: n.Name == c.Verdict.Recommended,
		Sentence: phrase.Outcome(&n.Start), Error: n.Start.Error,
		Changes: phrase.Changes(n.Start.Changes, true), Others: phrase.Others([]report.Node{*n}),
		Facts: newFacts(n.Facts), Damage: n.Damage,
	}
	if rank > 0 {
		out.Rank = fmt.Sprint(rank)
	}
	if phrase.Server(c) == "" {
		out.Server = n.Start.Server
	}
	out.Changes, out.MoreChanges = head(out.Changes, maxChanges)
	out.Damage, out.MoreDamage = head(out.Damage, maxChanges)
	return out
}

func outcomeMood(outcome string) string {
	switch analyze.Outcome(outcome) {
	case analyze.Clean:
		return "good"
	case analyze.Discards, analyze.Unknown:
		return "doubtful"
	}
	return "bad"
}

func newTopic(t *phrase.Topic) topic {
	out := topic{ID: t.ID, Severity: class(t.Severity), Label: phrase.Severity(t.Severity), Title: t.Title}
	for _, p := range t.Points {
		shown, more := head(p.Evidence, maxEvidence)
		point := point{Nodes: p.Nodes, Detail: p.Detail, More: more}
		for i := range shown {
			point.Evidence = append(point.Evidence, quotation{phrase.Place(&shown[i], p.Nodes), shown[i].Quote})
		}
		out.Points = append(out.Points, point)
	}
	return out
}

func newPlan(p *report.Plan, anchor string) plan {
	out := plan{Anchor: anchor, ID: p.ID, Title: p.Title, Warnings: p.Warnings}
	for i := range p.Loses {
		out.Losses = append(out.Losses, loss{p.Loses[i].Node, phrase.Loss(&p.Loses[i])})
	}
	for _, w := range phrase.Steps(p.Steps) {
		item := work{Node: w.Node, Sum: w.Text}
		for i := range p.Steps {
			if s := &p.Steps[i]; s.Node == w.Node && s.Op != string(analyze.Copy) {
				item.Steps = append(item.Steps, step(s))
			}
		}
		item.Steps, item.More = head(item.Steps, maxSteps)
		out.Works = append(out.Works, item)
	}
	for i := range p.Commands {
		out.Commands = append(out.Commands, command{phrase.Where(&p.Commands[i]), p.Commands[i].Run})
	}
	return out
}

// step says what one step does, and why.
func step(s *report.Step) string {
	out := s.Op + " " + s.File
	if len(s.From) > 0 && s.Op != string(analyze.Write) {
		from, more := head(s.From, 4)
		out += " from " + strings.Join(from, ", ")
		if more > 0 {
			out += fmt.Sprintf(" and %d more", more)
		}
	}
	if s.Because != "" {
		out += ": " + s.Because
	}
	return out
}

// head returns the first n elements, and how many were left out. One more is
// shown rather than counted.
func head[T any](list []T, n int) ([]T, int) {
	if len(list) <= n+1 {
		return list, 0
	}
	return list[:n], len(list) - n
}

// class returns a severity as the class of an element.
func class(severity string) string {
	switch analyze.Severity(severity) {
	case analyze.Error, analyze.Warning:
		return severity
	}
	return string(analyze.Info)
}
