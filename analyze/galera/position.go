package galera

import (
	"fmt"

	"github.com/lastwrite/lastwrite/analyze"
)

// bounds says between which seqnos the data ends. InnoDB's own position is
// exact where it was computed as the server does; otherwise everything that
// the node stated is a lower bound, and what its write-set cache has received
// the upper one: a node cannot commit what it has not received.
func (m *model) bounds() bounds {
	e := m.Engine
	if !m.Condition.usable() && m.Condition != inconsistent && m.Condition != backwards {
		return bounds{}
	}
	if e.Exact && e.UUID == m.UUID && e.Seqno >= 0 {
		return bounds{Lower: uint64(e.Seqno), Upper: uint64(e.Seqno), Known: true, Bounded: true, Because: e.From}
	}
	b := bounds{Because: "nothing"}
	if c := m.Cache; c != nil && c.UUID == m.UUID && c.Last > 0 {
		b.Upper, b.Bounded = c.Last, true
	}
	if e.Beyond != nil && b.Bounded && e.Beyond.Seqno > int64(b.Upper) {
		b.Upper = uint64(e.Beyond.Seqno)
	}
	raise := func(seqno int64, from string) {
		if seqno < 0 || b.Bounded && uint64(seqno) > b.Upper {
			return
		}
		if !b.Known || uint64(seqno) > b.Lower {
			b.Lower, b.Known, b.Because = uint64(seqno), true, from
		}
	}
	if e.UUID == m.UUID {
		raise(e.Seqno, e.From)
	}
	if u, seqno, ok := m.claims(); ok && u == m.UUID {
		raise(seqno, "grastate")
	}
	for _, t := range m.Transfers {
		if t.UUID == m.UUID {
			raise(t.Seqno, "transfer")
		}
	}
	for _, s := range m.Log.Bounds {
		if s.UUID == m.UUID {
			raise(s.Seqno, "log")
		}
	}
	if u, seqno, ok := m.claims(); ok && u == m.UUID && e.Clean && b.Bounded && uint64(seqno) == b.Upper {
		b.Lower, b.Known, b.Because = b.Upper, true, "grastate" // a clean end states its position
	}
	return b
}

// position is the node's place on the seqno axis.
func (m *model) position() analyze.Position {
	p := analyze.Position{Bound: analyze.None}
	if m.UUID.IsZero() {
		return p
	}
	p.History = m.UUID.String()
	switch {
	case m.Span.Exact():
		p.Bound = analyze.Exact
	case m.Span.Known:
		p.Bound = analyze.AtLeast
	}
	if m.Condition == backwards && p.Bound == analyze.Exact {
		p.Bound = analyze.AtLeast
	}
	p.Index = m.Span.Lower
	return p
}

// reach writes the position for people.
func (m *model) reach() string {
	switch {
	case m.Span.Exact():
		return fmt.Sprintf("seqno %d", m.Span.Lower)
	case m.Span.Known && m.Span.Bounded:
		return fmt.Sprintf("seqno %d to %d", m.Span.Lower, m.Span.Upper)
	case m.Span.Known:
		return fmt.Sprintf("at least seqno %d", m.Span.Lower)
	case m.Span.Bounded:
		return fmt.Sprintf("at most seqno %d", m.Span.Upper)
	}
	return "an unknown seqno"
}
