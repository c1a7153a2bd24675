package galera

import (
	"fmt"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// maxNamed is how many tablespaces a finding names.
const maxNamed = 8

// pageFindings are about the tablespaces of a deep run.
func (g *group) pageFindings(m *model) {
	var damaged, mended, displaced, ahead pageList
	for i := range m.Pages {
		t := &m.Pages[i]
		broken := t.Damaged - min(t.Check.Mended+t.Displaced, t.Damaged)
		switch {
		case t.Unknown:
			damaged.add(t.File+" (no tablespace by its content)", t.Damage)
		case broken > 0:
			damaged.add(fmt.Sprintf("%s (%d of %d pages)", t.File, broken, t.Pages), t.damage(false))
		case t.Damaged == 0 && len(t.Damage) > 0:
			damaged.add(fmt.Sprintf("%s (%s)", t.File, whatElse(t.Damage[0])), t.Damage)
		}
		if t.Displaced > 0 {
			displaced.add(fmt.Sprintf("%s (%s)", t.File, plural(t.Displaced, "page", "pages")), t.damage(true))
		}
		if t.Check.Mended > 0 {
			mended.add(fmt.Sprintf("%s (%d)", t.File, t.Check.Mended), t.damage(false))
		}
		if end := m.Engine.End; end > 0 && len(t.Newest) > 0 && t.Newest[0].LSN > end {
			p := t.Newest[0]
			ahead.add(fmt.Sprintf("%s (LSN %d)", t.File, p.LSN), []parse.Damage{{
				Span: parse.Span{File: t.File, Offset: int64(p.Number-t.First) * int64(t.Space.Physical), Length: int64(t.Space.Physical), Field: fmt.Sprintf("page[%d].lsn", p.Number)},
				Kind: parse.BadValue, Want: fmt.Sprintf("at most %d", end), Got: fmt.Sprint(p.LSN),
			}})
		}
	}
	if len(damaged.files) > 0 {
		text := fmt.Sprintf("Damaged: %s.", damaged)
		if m.hasDoublewriteFiles() {
			text += " The doublewrite files of MySQL were not looked at; they may hold whole copies of torn pages."
		} else {
			text += " Neither the doublewrite area nor the redo log makes these pages good, so the server stops, or refuses the table, as soon as it reads one."
		}
		g.add("LWG049", m.name(), damageEvidence(m, damaged.evidence), "%s", text)
	}
	if len(mended.files) > 0 {
		g.add("LWG050", m.name(), damageEvidence(m, mended.evidence), "Half-written pages: %s. The doublewrite area holds whole copies, or the redo log makes the pages anew; the next start of the server puts them right.", mended)
	}
	if len(displaced.files) > 0 {
		g.add("LWG051", m.name(), damageEvidence(m, displaced.evidence), "Sound pages at places where they do not belong: %s. What belongs there is lost in this copy.", displaced)
	}
	if len(ahead.files) > 0 {
		why := "The files are not from one moment: they were copied while the server ran, or the log is that of another copy."
		if m.Engine.Beyond != nil {
			why = "They were written after the place at which the redo log is damaged."
		}
		g.add("LWG052", m.name(), damageEvidence(m, ahead.evidence), "The redo log ends at LSN %d, and pages have changes behind it: %s. %s A start does not make them fit together; MariaDB refuses a table when it reads such a page.", m.Engine.End, ahead, why)
	}
}

// A pageList collects what a finding says about tablespaces.
type pageList struct {
	files    []string
	evidence []parse.Damage
}

func (l *pageList) add(file string, evidence []parse.Damage) {
	l.files = append(l.files, file)
	if len(l.evidence) < maxNamed {
		l.evidence = append(l.evidence, evidence[:min(len(evidence), 2)]...)
	}
}

// String names the first tablespaces and counts the rest.
func (l pageList) String() string {
	if len(l.files) <= maxNamed {
		return strings.Join(l.files, ", ")
	}
	return fmt.Sprintf("%s and %s", strings.Join(l.files[:maxNamed], ", "), plural(len(l.files)-maxNamed, "other", "others"))
}

// damage returns the damage of the file that is about displaced pages, or the
// other.
func (t *tablespace) damage(displaced bool) (out []parse.Damage) {
	at := map[int64]bool{}
	for _, p := range t.BadPages {
		if p.Displaced() {
			at[p.Offset] = true
		}
	}
	for _, d := range t.Damage {
		if at[d.Offset] == displaced {
			out = append(out, d)
		}
	}
	return out
}

func whatElse(d parse.Damage) string {
	if d.Kind == parse.Truncated {
		return fmt.Sprintf("cut short: %s of %s", d.Got, d.Want)
	}
	return fmt.Sprintf("%s where %s belongs", d.Got, d.Want)
}
