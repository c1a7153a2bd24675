package cowsql

import (
	"fmt"
)

func (g *group) winReason(winners, candidates []*member) string {
	text := g.winner(winners, candidates)
	if g.options.Quick {
		text += "; the names of closed segments were believed, and neither damage nor forks were looked for (--quick)"
	}
	return text
}

func (g *group) winner(winners, candidates []*member) string {
	w := winners[0]
	where := position(w.Node.Position)
	var names []string
	for _, m := range winners {
		names = append(names, m.name())
	}
	text := fmt.Sprintf("%s hold%s the last entry (term %d, index %d)", list(names), third(len(names)), w.Node.Position.Term, w.Node.Position.Index)
	behind := 0
	for _, m := range candidates {
		if m.compare(w) < 0 {
			behind++
		}
	}
	if w.Tier == needy {
		text += ", and the other nodes hold what is missing in between"
	}
	for _, m := range candidates {
		if m.Node.Position.Index > w.Node.Position.Index {
			return text + fmt.Sprintf("; %s has a higher index under an older term", m.name())
		}
	}
	if behind > 0 && len(candidates) > len(winners) {
		text += fmt.Sprintf("; no other copy reaches %s", where)
	}
	return text
}

func (g *group) noCandidateReason() string {
	for _, m := range g.members {
		if m.Wrong != "" && len(g.members) == 1 {
			return fmt.Sprintf("%s must not be trusted: %s", m.name(), m.Wrong)
		}
	}
	if len(g.members) == 1 {
		m := g.members[0]
		if m.Node.Position.Index == 0 {
			return m.name() + " holds no data"
		}
		return fmt.Sprintf("%s cannot be made whole from its own files: entries are missing between its snapshot and its log", m.name())
	}
	return "no copy holds an unbroken history, and together they do not make one"
}
