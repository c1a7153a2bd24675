package cowsql

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// relate compares every member with every other.
func (g *group) relate() {
	for i, m := range g.members {
		for j := i + 1; j < len(g.members); j++ {
			g.relations[[2]int{i, j}] = compare(m.Log, g.members[j].Log)
		}
	}
}

// placeByContent gives runs of valid batches behind damage the indexes that
// the same entries have on another member. It reports whether it placed any.
func (g *group) placeByContent() bool {
	placed := false
	for _, m := range g.members {
		h := m.Log
		h.Unplaced = slices.DeleteFunc(h.Unplaced, func(s stretch) bool {
			for _, o := range g.members {
				if o == m || o.Log.Floating != "" || len(o.Log.Stretches) == 0 {
					continue
				}
				if first, ok := o.Log.locate(s); ok && first > h.Last {
					if first > h.Last+1 {
						h.Holes = append(h.Holes, hole{First: h.Last + 1, Last: first - 1, File: s.File, Damage: m.file(s.File).Segment.Damage})
					}
					s.First = first
					h.Stretches = append(h.Stretches, s)
					h.finish()
					placed = true
					return true
				}
			}
			return false
		})
		if placed {
			m.Node.Position = m.position()
			m.Node.Start = m.start()
		}
	}
	return placed
}

// locate returns the index at which h has the first entries of a run whose own
// index is not known. Every command that both have must agree.
func (h *history) locate(s stretch) (first uint64, ok bool) {
	start := -1
	for i := s.From; i < s.To && start < 0; i++ {
		if s.Run.TypeAt(i) == cowsql.Command {
			start = i
		}
	}
	if start < 0 {
		return 0, false
	}
	want := digest{s.Run.TermAt(start), cowsql.Command, s.Run.SizeAt(start), s.Run.CRCAt(start)}
	for _, t := range h.Stretches {
		for index := t.First; index <= t.last(); index++ {
			if t.at(index) != want || index < uint64(start-s.From)+1 {
				continue
			}
			if at := index - uint64(start-s.From); h.agrees(s, at) {
				return at, true
			}
		}
	}
	return 0, false
}

// agrees reports whether the entries of a run, placed at first, are those of
// h, as far as h has them.
func (h *history) agrees(s stretch, first uint64) bool {
	common := 0
	for i := s.From; i < s.To; i++ {
		have, _, ok := h.at(first + uint64(i-s.From))
		if !ok {
			continue
		}
		mine := digest{s.Run.TermAt(i), s.Run.TypeAt(i), s.Run.SizeAt(i), s.Run.CRCAt(i)}
		if have.Term != mine.Term || !have.sameContent(mine) {
			return false
		}
		common++
	}
	return common >= min(shiftProof, s.To-s.From)
}

// unsettled says why a member that is no candidate may still hold newer
// entries than the best one: entries that nobody can place, with a term that
// is not older, and that the best one does not have.
func (g *group) unsettled(best *member) string {
	for _, m := range g.members {
		if m == best || m.Copy != "" || m.Node.Member == "no" || m.Log.Floating == "" && len(m.Log.Unplaced) == 0 {
			continue
		}
		for _, s := range m.unproven() {
			last := s.To - 1
			for last >= s.From && s.Run.TypeAt(last) != cowsql.Command {
				last--
			}
			if last < s.From || s.Run.TermAt(last) < best.Node.Position.Term {
				continue
			}
			tail := stretch{File: s.File, Run: s.Run, From: last, To: last + 1}
			if _, ok := best.Log.locate(tail); !ok {
				return fmt.Sprintf("%s holds entries of term %d in %s whose index is not known and which %s does not have: they may be newer than %s", m.name(), s.Run.TermAt(last), s.File, best.name(), position(best.Node.Position))
			}
		}
	}
	return ""
}

// unproven returns the runs whose indexes are not proven.
func (m *member) unproven() []stretch {
	out := slices.Clone(m.Log.Unplaced)
	if m.Log.Floating == "" {
		return out
	}
	for _, s := range m.Log.Stretches {
		if f := m.file(s.File); f != nil && f.Name.Kind == cowsql.KindOpen {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b stretch) int { return cmp.Compare(a.File, b.File) })
	return out
}
