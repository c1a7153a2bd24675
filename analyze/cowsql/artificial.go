package cowsql

import (
	"fmt"

	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// findArtificial looks for entries that a recovery wrote: a segment with
// nothing but one configuration entry, which no leader would have written
// (go-cowsql ReconfigureMembership, the shell's .reconfigure). A leader's own
// change of configuration changes one server and follows an entry of the same
// segment unless a follower was restarted in between.
func (h *history) findArtificial(newest *snapshot) {
	var before *cowsql.Configuration
	configurations := h.configurations()
	if newest != nil && (len(configurations) == 0 || newest.Meta.Meta.ConfigurationIndex < configurations[0].Index) {
		before = &newest.Meta.Meta.Configuration
	}
	for i, c := range configurations {
		if c.alone && c.Index > 1 {
			if a, ok := h.judgeArtificial(c, before); ok {
				h.Artificial = append(h.Artificial, a)
			}
		}
		before = &configurations[i].Configuration
	}
	for i := len(h.Artificial) - 1; i >= 0 && h.Artificial[i].Index == h.End; i-- {
		a := &h.Artificial[i]
		a.Last = true
		if !a.Sure {
			break
		}
		h.End--
		if d, _, ok := h.at(h.End); ok {
			h.EndTerm = d.Term
		} else {
			h.EndTerm = 0
		}
	}
}

func (h *history) judgeArtificial(c configurationAt, before *cowsql.Configuration) (artificial, bool) {
	a := artificial{Index: c.Index, Term: c.Term, File: c.File, Config: c.Configuration}
	previous, _, ok := h.at(c.Index - 1)
	switch {
	case ok && c.Term < previous.Term:
		a.Sure = true
		a.Why = fmt.Sprintf("its term %d is lower than the term %d of the entry before it, as dqlite's recover function writes it", c.Term, previous.Term)
	case before == nil:
		return a, false
	case before.Equal(c.Configuration):
		a.Sure = true
		a.Why = "it repeats the configuration before it, which no leader does"
	case serversChanged(*before, c.Configuration) > 1:
		a.Sure = true
		a.Why = fmt.Sprintf("it changes %d servers at once, and a leader changes one at a time", serversChanged(*before, c.Configuration))
	default:
		a.Why = "it stands alone in its segment; a restarted follower can leave the same picture"
	}
	return a, true
}

// serversChanged counts the servers that differ between two configurations.
func serversChanged(a, b cowsql.Configuration) int {
	have := map[uint64]cowsql.Server{}
	for _, s := range a.Servers {
		have[s.ID] = s
	}
	n := 0
	for _, s := range b.Servers {
		if old, ok := have[s.ID]; !ok || old != s {
			n++
		}
		delete(have, s.ID)
	}
	return n + len(have)
}
