package manticore

import (
	"fmt"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/parse"
)

// add records a finding with the severity of the catalog.
func (g *group) add(id, node string, evidence []analyze.Evidence, format string, args ...any) {
	e, _ := catalog.Get(id)
	g.findings = append(g.findings, analyze.Finding{
		ID: id, Node: node, Severity: analyze.Severity(e.Severity), Detail: fmt.Sprintf(format, args...), Evidence: evidence,
	})
}

// at quotes a place in a file of the host.
func (h *host) at(span parse.Span, quote string) []analyze.Evidence {
	return []analyze.Evidence{{Span: span, Node: h.Name, Quote: quote}}
}

// file quotes a file as such.
func (h *host) file(name, quote string) []analyze.Evidence {
	return h.at(parse.Span{File: name}, quote)
}

// damage quotes a damage.
func (h *host) damage(d *parse.Damage) []analyze.Evidence {
	if d == nil {
		return nil
	}
	return h.at(d.Span, fmt.Sprintf("%s: want %s, got %s", d.Kind, d.Want, d.Got))
}

// state quotes a line of the member's grastate.dat.
func (m *member) state(field string) []analyze.Evidence {
	if m.State == nil {
		return nil
	}
	f := m.State.SeqnoField
	switch field {
	case "safe_to_bootstrap":
		f = m.State.SafeField
	case "uuid":
		f = m.State.UUIDField
	}
	if !f.Present {
		return m.Host.at(parse.Span{File: m.State.File, Field: field}, field+" is not there")
	}
	return m.Host.at(f.Span, field+": "+f.Raw)
}

// tables quotes where the TIDs of a member's tables stand: the header, or the
// last record of the log.
func (m *member) tables() []analyze.Evidence {
	var out []analyze.Evidence
	for _, name := range m.Tables {
		if e, ok := m.table(name); ok && len(out) < 8 {
			out = append(out, e)
		}
	}
	return out
}

func (m *member) table(name string) (analyze.Evidence, bool) {
	t := m.Host.Tables[name]
	if t == nil || t.Meta == nil {
		return analyze.Evidence{}, false
	}
	span := t.Meta.TIDAt
	span.File, span.Field = t.Meta.File, "tid"
	quote := fmt.Sprintf("table %s: tid %d", name, t.Meta.TID)
	if t.Fresh {
		for _, l := range m.Host.Logs {
			if l.Missing {
				continue
			}
			for _, x := range l.Tables {
				if x.Name == name && int64(x.Last) == t.Whole {
					span = parse.Span{File: l.Path, Length: l.End, Field: "transactions"}
					quote = fmt.Sprintf("table %s: last valid transaction %d", name, x.Last)
				}
			}
		}
	}
	return analyze.Evidence{Span: span, Node: m.name(), Quote: quote}, true
}

// report collects what the rules have to say about a cluster.
func (g *group) report(all []*group) {
	for _, m := range g.members {
		g.hostFindings(m)
		g.partFindings(m)
		g.seqnoFindings(m)
		g.startFindings(m)
	}
	g.caseFindings()
	g.rankFindings()
	g.divergenceFindings()
	g.memberFindings()
	g.overlapFindings(all)
}
