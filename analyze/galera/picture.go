package galera

import (
	"fmt"

	"github.com/lastwrite/lastwrite/analyze"
)

// draw marks the node's seqno axis: what it committed, what its cache holds,
// what it received and did not commit, where it differs from others.
func (m *model) draw(g *group) {
	var out []analyze.Stretch
	add := func(mark analyze.Mark, first, last uint64, label string) {
		if first >= 1 && last >= first {
			out = append(out, analyze.Stretch{Mark: mark, First: first, Last: last, Label: label})
		}
	}
	if m.Arbitrator {
		return
	}
	if m.Span.Known && m.Span.Lower > 0 {
		add(analyze.MarkCommitted, 1, m.Span.Lower, "committed: "+m.Span.Because)
	}
	if c := m.Cache; c != nil && c.First > 0 && c.UUID == m.UUID {
		if m.Span.Known {
			add(analyze.MarkCache, c.First, min(c.Last, m.Span.Lower), c.File)
			add(analyze.MarkReceived, max(c.First, m.Span.Lower+1), c.Last, "received, not committed here")
		} else {
			add(analyze.MarkCache, c.First, c.Last, c.File)
		}
	}
	if d := m.Node.Start.Discards; d != nil && d.To > 0 {
		add(analyze.MarkDiscarded, d.From, d.To, "behind the damage in the redo log")
	}
	diverge := uint64(0)
	for _, o := range g.nodes {
		if r := g.relation(m, o); o != m && (r.fork() || r.mayFork()) && (diverge == 0 || r.Diverge < diverge) {
			diverge = r.Diverge
		}
	}
	if diverge > 0 {
		add(analyze.MarkForked, diverge, m.Span.Lower, fmt.Sprintf("differs from seqno %d on", diverge))
	}
	m.Node.Picture = out
}
