package cowsql

import (
	"fmt"
	"path"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/parse"
)

// add records a finding with the severity of the catalog.
func (g *group) add(id, node string, evidence []analyze.Evidence, format string, args ...any) *analyze.Finding {
	e, _ := catalog.Get(id)
	g.findings = append(g.findings, analyze.Finding{
		ID: id, Node: node, Severity: analyze.Severity(e.Severity), Detail: fmt.Sprintf(format, args...), Evidence: evidence,
	})
	return &g.findings[len(g.findings)-1]
}

// report collects what every family of rules has to say.
func (g *group) report() {
	for _, m := range g.members {
		g.metadataFindings(m)
		g.closedFindings(m)
		g.openFindings(m)
		g.strangerFindings(m)
		g.snapshotFindings(m)
		g.entryFindings(m)
		g.layoutFindings(m)
	}
	g.historyFindings()
	g.memberFindings()
	g.rankFindings()
}

// file returns the path of a file of the raft directory relative to the host
// root.
func (m *model) path(name string) string { return path.Join(m.Data, name) }

// at quotes a place in a file of the raft directory.
func (m *member) at(file string, offset, length int64, field, quote string) []analyze.Evidence {
	return []analyze.Evidence{{Span: parse.Span{File: m.path(file), Offset: offset, Length: length, Field: field}, Node: m.name(), Quote: quote}}
}

// whole quotes a file as such.
func (m *member) whole(file, quote string) []analyze.Evidence { return m.at(file, 0, 0, "", quote) }

// itself quotes the raft directory as such.
func (m *member) itself(quote string) []analyze.Evidence {
	return []analyze.Evidence{{Span: parse.Span{File: m.Data}, Node: m.name(), Quote: quote}}
}

// damage quotes a damage.
func (m *member) damage(d *parse.Damage) []analyze.Evidence {
	if d == nil {
		return nil
	}
	quote := string(d.Kind)
	if d.Want != "" || d.Got != "" {
		quote = fmt.Sprintf("%s: want %s, got %s", d.Kind, d.Want, d.Got)
	}
	if d.Note != "" {
		quote += "; " + d.Note
	}
	return m.at(d.File, d.Offset, d.Length, d.Field, quote)
}

// span writes an index range.
func indexes(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("index %d", first)
	}
	return fmt.Sprintf("indexes %d to %d", first, last)
}

// isAre is "is" or "are" for the indexes first to last.
func isAre(first, last uint64) string {
	if first == last {
		return "is"
	}
	return "are"
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

// elsewhere says which members hold the entries of a range.
func (g *group) elsewhere(m *member, first, last uint64) string {
	var whole []string
	for _, o := range g.members {
		if o != m && o.Wrong == "" && o.Log.contiguousFrom(first) >= last && o.Branch == m.Branch {
			whole = append(whole, o.name())
		}
	}
	if len(whole) == 0 {
		if len(g.members) == 1 {
			return "no other directory was given that could hold it"
		}
		return "no other given node holds all of it"
	}
	return list(whole) + " hold" + third(len(whole)) + " " + them(int(min(last-first+1, 2)))
}

func third(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}
