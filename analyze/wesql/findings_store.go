package wesql

import (
	"fmt"
	"path"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
)

// engineFindings are about the smartengine directory.
func (g *group) engineFindings(m *model) {
	e := m.Engine
	if e == nil {
		return
	}
	for _, p := range e.Problems {
		g.add(p.Finding, m.Name, m.at(p.Span, p.Quote), "%s", p.Detail)
	}
	if len(e.Prepared) == 0 {
		return
	}
	var in []uint64
	unknown := 0
	for _, x := range e.Prepared {
		if i, ok := m.xids[x]; ok {
			in = append(in, i)
		} else {
			unknown++
		}
	}
	slices.Sort(in)
	text := ""
	if len(in) > 0 {
		text = fmt.Sprintf(" %d of them belong to entries %v of the log.", len(in), in)
	}
	if unknown > 0 {
		text += fmt.Sprintf(" %d are in no entry of the last term.", unknown)
	}
	g.add("LWW039", m.Name, m.at(e.PreparedAt, fmt.Sprintf("%d prepared", len(e.Prepared))), "Transactions that are prepared in smartengine, neither committed nor rolled back: %d.%s A start of a crashed leader rolls them back, and they come back when raft commits their entries.", len(e.Prepared), text)
}

// storeFindings are about an object store, in a directory of its own or inside
// of a node's.
func (g *group) storeFindings(m *model) {
	s := m.Store
	for _, x := range s.Missing {
		g.add("LWW051", m.Name, m.at(x.Span, x.Name), "The archive's index names slice %s, which is not there. A rebuild fails at it and leaves a part of the log behind.", x.Name)
	}
	for _, x := range s.Wrong {
		g.add("LWW051", m.Name, m.at(x.Line, fmt.Sprintf("%d bytes, %d expected", x.Size, x.Want)), "Slice %s has %d bytes and has to have %d.", path.Base(x.Path), x.Size, x.Want)
	}
	for _, b := range s.Bad {
		g.add("LWW051", m.Name, m.damage(b.File), "Entry %d of the archived log has a wrong checksum.", b.Index)
	}
	for _, name := range sortedKeys(s.Clusters) {
		if c := s.Clusters[name]; len(c.Damage) > 0 {
			g.add("LWW052", m.Name, m.damage(c.File), "The membership that the store keeps of %s does not parse. A node that reads it refuses to start.", name)
		}
	}
	if s.UnlistedLast > s.Listed {
		var evidence = m.file(s.Unlisted[len(s.Unlisted)-1].Path, "not listed")
		g.add("LWW053", m.Name, evidence, "The archive holds slices that its index does not name, with entries up to %d; the index ends with %d. The entries in them are committed; a rebuild does not fetch them.", s.UnlistedLast, s.Listed)
	}
	snap := s.snapshot()
	index, ok, why := s.usable()
	switch {
	case ok:
		g.add("LWW054", m.Name, m.at(snap.Span, fmt.Sprintf("snapshot at entry %d", snap.Index)), "A data node can be rebuilt from the object store: the newest snapshot holds everything up to entry %d, the archived log goes on to %d.", snap.Index, index)
	case snap != nil:
		g.add("LWW055", m.Name, m.at(snap.Span, fmt.Sprintf("snapshot at entry %d", snap.Index)), "No data node can be rebuilt from the object store as it is: %s.", why)
	default:
		g.add("LWW055", m.Name, m.file(s.Dir, "no snapshot"), "No data node can be rebuilt from the object store: %s.", why)
	}
}

// archiveFindings compare archives with logs.
func (g *group) archiveFindings() {
	for _, m := range g.nodes {
		s := m.Store
		if s == nil || s.Last == 0 {
			continue
		}
		var best *model
		for _, o := range g.servers() {
			if o.log.HasEntries && (best == nil || order(o, best) > 0) {
				best = o
			}
		}
		if best == nil {
			continue
		}
		evidence := append(m.storeEnd(), best.end()...)
		p := best.position()
		switch {
		case s.Term > p.Term || s.Term == p.Term && s.Last > p.Index:
			g.add("LWW056", m.Name, evidence, "The archived log ends with entry %d of term %d, further than every log that was given (entry %d of term %d). What is archived is committed: a cluster of these logs would lose %s.", s.Last, s.Term, p.Index, p.Term, span(p.Index+1, s.Last))
		case s.Last < p.Index:
			var have []string
			for _, o := range g.servers() {
				if o.position().Index > s.Last && g.fork(o, best) == nil {
					have = append(have, o.Name)
				}
			}
			g.add("LWW057", m.Name, evidence, "The archived log ends with entry %d. What comes then, %s, exists only in the logs of %s: do not empty or initialise these before a data node has caught up from them.", s.Last, span(s.Last+1, p.Index), enumerate(have))
		}
	}
}

// storeEnd quotes the end of an archive.
func (m *model) storeEnd() []analyze.Evidence {
	s := m.Store
	if s.Current == nil {
		return m.file(s.Dir, "archive")
	}
	if n := len(s.Current.Slices); n > 0 {
		return m.at(s.Current.Slices[n-1].Span, fmt.Sprintf("archived up to entry %d", s.Listed))
	}
	return m.file(s.Current.File, "empty")
}
