package cowsql

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// draw marks the node's index axis for the picture.
func (m *member) draw() {
	var out []analyze.Stretch
	add := func(mark analyze.Mark, first, last uint64, label string) {
		if first >= 1 && last >= first {
			out = append(out, analyze.Stretch{Mark: mark, First: first, Last: last, Label: label})
		}
	}
	for _, f := range m.Files {
		if f.Name.Kind == cowsql.KindSnapshotData {
			state := snapshotState(m.file(f.Name.File+".meta"), f)
			if state == "good" || state == "not-read" {
				add(analyze.MarkSnapshot, f.Name.Index, f.Name.Index, f.Name.File)
			} else {
				add(analyze.MarkDamage, f.Name.Index, f.Name.Index, f.Name.File+": "+state)
			}
		}
	}
	for _, s := range m.Log.Stretches {
		mark := analyze.MarkStored
		if strings.HasPrefix(s.File, "open-") {
			mark = analyze.MarkOpen
		}
		add(mark, s.First, s.last(), s.File)
	}
	for _, h := range m.Log.Holes {
		if h.File == "" {
			add(analyze.MarkGap, h.First, h.Last, "missing")
		} else {
			add(analyze.MarkDamage, h.First, h.Last, h.File)
		}
	}
	if m.Conflict > 0 {
		add(analyze.MarkUncommitted, m.Conflict, m.Log.End, "replaced by a newer term")
	}
	if d := m.Node.Start.Discards; d != nil {
		add(analyze.MarkDiscarded, d.From, d.To, "dropped by a start")
	}
	for _, a := range m.Log.Artificial {
		if a.Sure {
			add(analyze.MarkArtificial, a.Index, a.Index, "written by a recovery")
		}
	}
	slices.SortStableFunc(out, func(a, b analyze.Stretch) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last), cmp.Compare(string(a.Mark), string(b.Mark)))
	})
	m.Node.Picture = out
}

// drawForks marks what differs between members.
func (g *group) drawForks() {
	for _, f := range g.forks {
		if f.Kind == conflict {
			continue
		}
		for _, m := range []*member{f.A, f.B} {
			if f.Loser != nil && f.Loser != m {
				continue
			}
			last := f.Diff.Last
			if f.Kind == splitBrain {
				last = m.Log.End
			}
			m.Node.Picture = append(m.Node.Picture, analyze.Stretch{Mark: analyze.MarkForked, First: f.Diff.First, Last: last, Label: "differs"})
		}
	}
}
