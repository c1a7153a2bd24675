package galera

import (
	"cmp"
	"fmt"
	"strings"

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

// report collects what every family of rules has to say. clusters is the
// number of clusters in the run.
func (g *group) report(clusters int) {
	for _, m := range g.all {
		if m.Arbitrator {
			g.add("LWG034", m.name(), m.anything(), "%s is an arbitrator: it had a vote and holds no data. It can neither be bootstrapped nor serve a state transfer.", m.name())
			continue
		}
		g.stateFindings(m)
		g.conditionFindings(m)
		g.engineFindings(m)
		g.holeFindings(m)
		g.pageFindings(m)
		g.cacheFindings(m)
		g.leftoverFindings(m)
		g.optionFindings(m)
	}
	g.historyFindings()
	g.flagFindings()
	g.viewFindings()
	g.rankFindings()
	g.scenarioFindings()
	if clusters > 1 && len(g.nodes) > 0 {
		g.add("LWG047", "", g.nodes[0].anything(), "No history, process, member or cluster name links %s with the other given directories. They are judged as a cluster of their own.", list(names(g.all)))
	}
}

// at quotes a place in a file of the node.
func (m *model) at(s parse.Span, quote string) []analyze.Evidence {
	return []analyze.Evidence{{Span: s, Node: m.name(), Quote: quote}}
}

// whole quotes a file as such.
func (m *model) whole(file, quote string) []analyze.Evidence {
	return m.at(parse.Span{File: file}, quote)
}

// anything quotes whatever names the node best.
func (m *model) anything() []analyze.Evidence {
	switch {
	case m.State != nil && m.State.Size > 0:
		return m.at(m.State.UUIDField.Span, m.State.String())
	case m.View != nil:
		return m.at(m.View.MyUUIDField.Span, m.View.MyUUID.String())
	case m.Log.File != "":
		return m.whole(m.Log.File, "")
	}
	return m.whole(m.Data, "")
}

// state quotes grastate.dat, or says that there is none.
func (m *model) stateEvidence() []analyze.Evidence {
	switch {
	case m.State == nil:
		return m.whole(m.Layout.state("grastate.dat"), "no such file")
	case m.State.Size == 0:
		return m.whole(m.State.File, "0 bytes")
	}
	return append(m.at(m.State.UUIDField.Span, m.State.UUID.String()), m.at(m.State.SeqnoField.Span, fmt.Sprint(m.State.Seqno))...)
}

// position quotes where the position of InnoDB comes from.
func (m *model) positionEvidence() []analyze.Evidence {
	return m.at(parse.Span{File: m.Layout.system("ibdata1"), Field: "wsrep position"}, cmp.Or(m.Engine.Printed, m.reach()))
}

func damageEvidence(m *model, list []parse.Damage) []analyze.Evidence {
	var out []analyze.Evidence
	for _, d := range list[:min(len(list), 8)] {
		quote := string(d.Kind)
		if d.Want != "" || d.Got != "" {
			quote = fmt.Sprintf("%s: want %s, got %s", d.Kind, d.Want, d.Got)
		}
		if d.Note != "" {
			quote += "; " + d.Note
		}
		out = append(out, analyze.Evidence{Span: d.Span, Node: m.name(), Quote: quote})
	}
	return out
}

// plural writes a number with its noun.
func plural[N int | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func list(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// seqnos writes a range.
func seqnos(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("seqno %d", first)
	}
	return fmt.Sprintf("seqnos %d to %d", first, last)
}

// String itemises a run of write sets.
func (t tally) String() string {
	var parts []string
	if t.Transactions > 0 {
		parts = append(parts, plural(t.Transactions, "transaction", "transactions"))
	}
	if t.Schema > 0 {
		parts = append(parts, plural(t.Schema, "schema change", "schema changes"))
	}
	if t.Views > 0 {
		parts = append(parts, plural(t.Views, "view change", "view changes"))
	}
	if t.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d that failed certification", t.Skipped))
	}
	if t.Unknown > 0 {
		parts = append(parts, fmt.Sprintf("%d of which no cache holds the content", t.Unknown))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return list(parts)
}

// itemise counts what lies between two seqnos, from the cache of whoever
// holds most of it.
func (g *group) itemise(owner *model, first, last uint64) tally {
	best := owner.Cache.tally(first, last)
	for _, m := range g.usable() {
		if m.UUID != owner.UUID || m.Cache == nil || m.Cache.UUID != m.UUID || g.conflict(m, owner) {
			continue
		}
		if t := m.Cache.tally(first, last); t.Unknown < best.Unknown {
			best = t
		}
	}
	return best
}
