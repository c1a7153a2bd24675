package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
)

// A Catalog knows the words that belong to a finding's ID.
type Catalog interface {
	// Lookup returns the title, the severity and the path of the page of a
	// finding. ok is false if there is no such ID.
	Lookup(id string) (title, severity, docs string, ok bool)
}

// New returns the report on clusters. The same arguments give the same
// Document: what has no order of its own is sorted, no list is nil, and text
// from files is valid UTF-8 (an invalid byte shows as \xNN). The order of
// evidence, of changes, and of plans with their parts is the analysis' own.
func New(tool Tool, inputs []Input, clusters []analyze.Cluster, notes []Note, cat Catalog) *Document {
	d := &Document{
		Schema:   Schema,
		Tool:     tool,
		Inputs:   slices.Clone(inputs),
		Clusters: list(clusters, func(c analyze.Cluster) Cluster { return newCluster(c, cat) }),
		Notes:    slices.Clone(notes),
	}
	for _, c := range clusters {
		for _, n := range c.Nodes {
			d.Names = append(d.Names, n.Names...)
		}
	}
	for i := range d.Inputs {
		d.Inputs[i].Changed = sorted(d.Inputs[i].Changed)
	}
	slices.SortStableFunc(d.Inputs, func(a, b Input) int {
		return cmp.Or(natural(a.Path, b.Path), natural(a.Node, b.Node))
	})
	slices.SortStableFunc(d.Clusters, func(a, b Cluster) int {
		return cmp.Or(natural(a.ID, b.ID), cmp.Compare(a.System, b.System), natural(a.Name, b.Name))
	})
	slices.SortStableFunc(d.Notes, func(a, b Note) int {
		return cmp.Or(bySeverity(a.Severity, b.Severity), natural(a.Path, b.Path), cmp.Compare(a.Text, b.Text))
	})
	return complete(d)
}

// SetCustody adds a chain of custody, nil for none.
func (d *Document) SetCustody(c *Custody) {
	if c == nil {
		return
	}
	d.Custody = complete(c)
	slices.SortStableFunc(d.Custody.Inputs, func(a, b CustodyInput) int { return natural(a.Path, b.Path) })
}

func newCluster(c analyze.Cluster, cat Catalog) Cluster {
	out := Cluster{
		ID:      c.ID,
		System:  c.System,
		Product: c.Product,
		Name:    c.Name,
		Verdict: Verdict{
			Decided:             c.Verdict.Decided,
			MostRecent:          sorted(c.Verdict.MostRecent),
			MostRecentStartable: sorted(c.Verdict.MostRecentStartable),
			Recommended:         c.Verdict.Recommended,
			Provisional:         c.Verdict.Provisional,
			Missing:             sorted(c.Verdict.Missing),
			Reason:              c.Verdict.Reason,
		},
		Histories: list(c.Histories, newHistory),
		Nodes:     list(c.Nodes, newNode),
		Findings:  list(c.Findings, func(f analyze.Finding) Finding { return newFinding(f, cat) }),
		Plans:     list(c.Plans, newPlan),
	}
	slices.SortStableFunc(out.Histories, func(a, b History) int { return natural(a.ID, b.ID) })
	slices.SortStableFunc(out.Nodes, func(a, b Node) int {
		return cmp.Or(natural(a.Name, b.Name), natural(a.Path, b.Path))
	})
	slices.SortStableFunc(out.Findings, func(a, b Finding) int {
		return cmp.Or(bySeverity(a.Severity, b.Severity), natural(a.ID, b.ID), natural(a.Node, b.Node),
			cmp.Compare(a.Detail, b.Detail))
	})
	return out
}

func newHistory(h analyze.History) History {
	return History{ID: h.ID, Nodes: sorted(h.Nodes), Ranking: list(h.Ranking, sorted)}
}

func newNode(n *analyze.Node) Node {
	return Node{
		Name:     n.Name,
		Path:     n.Path,
		System:   n.System,
		Product:  n.Product,
		Role:     n.Role,
		Member:   cmp.Or(n.Member, "unknown"),
		Identity: Identity(n.Identity),
		Position: Position{
			History: n.Position.History,
			Term:    Number(n.Position.Term),
			Index:   Number(n.Position.Index),
			Bound:   string(cmp.Or(n.Position.Bound, analyze.None)),
		},
		Start:   newStart(n.Start),
		Facts:   facts(n.Facts),
		Damage:  newDamage(n.Damage),
		Picture: newPicture(n.Picture),
	}
}

// facts returns f, or an empty object if the system has none to tell.
func facts(f any) any {
	if f == nil {
		return struct{}{}
	}
	return f
}

func newStart(s analyze.Start) Start {
	out := Start{
		Outcome: string(cmp.Or(s.Outcome, analyze.Unknown)),
		Server:  s.Server,
		Why:     s.Why,
		Error:   s.Error,
		Changes: list(s.Changes, func(c analyze.Change) Change { return Change(c) }),
		Others: list(s.Others, func(o analyze.OtherStart) OtherStart {
			return OtherStart{Server: o.Server, Outcome: string(o.Outcome), Error: o.Error}
		}),
	}
	if r := s.Discards; r != nil {
		out.Discards = &Discards{Number(r.Entries), Number(r.From), Number(r.To)}
	}
	return out
}

func newDamage(damage []parse.Damage) []Damage {
	damage = slices.Clone(damage)
	parse.SortDamage(damage)
	return list(damage, func(d parse.Damage) Damage {
		return Damage{
			File: d.File, Offset: d.Offset, Length: d.Length, Field: d.Field,
			Kind: string(d.Kind), Want: d.Want, Got: d.Got, Note: d.Note,
		}
	})
}

func newPicture(picture []analyze.Stretch) []Stretch {
	picture = slices.Clone(picture)
	slices.SortStableFunc(picture, func(a, b analyze.Stretch) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last),
			cmp.Compare(a.Mark, b.Mark), cmp.Compare(a.Label, b.Label))
	})
	return list(picture, func(s analyze.Stretch) Stretch {
		return Stretch{string(s.Mark), Number(s.First), Number(s.Last), s.Label}
	})
}

func newFinding(f analyze.Finding, cat Catalog) Finding {
	title, severity, docs, ok := cat.Lookup(f.ID)
	if !ok {
		title, severity = f.ID, string(analyze.Warning)
	}
	return Finding{
		ID:       f.ID,
		Severity: cmp.Or(string(f.Severity), severity),
		Node:     f.Node,
		Title:    title,
		Detail:   f.Detail,
		Evidence: list(f.Evidence, func(e analyze.Evidence) Evidence {
			return Evidence{
				Node: e.Node, File: e.File, Offset: e.Offset, Length: e.Length, Field: e.Field, Quote: e.Quote,
			}
		}),
		Docs: docs,
	}
}

func newPlan(p analyze.Plan) Plan {
	return Plan{
		ID:       p.ID,
		Title:    p.Title,
		Base:     p.Base,
		Warnings: slices.Clone(p.Warnings),
		Loses: list(p.Loses, func(l analyze.Loss) Loss {
			return Loss{l.Node, Number(l.Entries), Number(l.From), Number(l.To), l.Text}
		}),
		Steps:    list(p.Steps, newStep),
		Commands: list(p.Commands, func(c analyze.Command) Command { return Command(c) }),
	}
}

func newStep(s analyze.Step) Step {
	from := list(s.Parts, partSource)
	for _, m := range s.Members {
		from = append(from, memberSource(m))
	}
	return Step{
		Op: string(s.Op), Node: s.Node, File: s.File,
		From: from, SQL: slices.Clone(s.SQL), Because: s.Because,
	}
}

// partSource names where a part of a file comes from.
func partSource(p analyze.Part) string {
	switch {
	case p.Node == "":
		return literal(p.Data)
	case p.Length >= 0:
		return fmt.Sprintf("%s:%s@%d+%d", p.Node, p.File, p.Offset, p.Length)
	case p.Offset > 0:
		return fmt.Sprintf("%s:%s@%d to its end", p.Node, p.File, p.Offset)
	default:
		return p.Node + ":" + p.File
	}
}

// memberSource names where a file of an archive comes from.
func memberSource(m analyze.Member) string {
	if m.File == "" {
		return fmt.Sprintf("%s as %s", literal(m.Data), m.Name)
	}
	return fmt.Sprintf("%s as %s", m.File, m.Name)
}

func literal(data []byte) string {
	if len(data) == 1 {
		return "literal 1 byte"
	}
	return fmt.Sprintf("literal %d bytes", len(data))
}

// bySeverity orders severities, worst first.
func bySeverity(a, b string) int {
	order := []string{string(analyze.Error), string(analyze.Warning), string(analyze.Info)}
	return cmp.Compare(position(order, a), position(order, b))
}

// list converts every element of in. It never returns nil.
func list[A, B any](in []A, convert func(A) B) []B {
	out := make([]B, 0, len(in))
	for _, v := range in {
		out = append(out, convert(v))
	}
	return out
}
