package cowsql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A forkKind says what a difference between two logs means.
type forkKind uint8

const (
	conflict   forkKind = iota // a newer term refutes the tail of an older leader
	divergence                 // equal entries follow: replicas that differ for ever
	splitBrain                 // same term, other content, to the end
	unrelated                  // no equal entry at all
)

// A fork is a difference between two members' logs.
type fork struct {
	Kind   forkKind
	A, B   *member
	Diff   span
	Loser  *member // the one whose entries do not count, nil if undecided
	Reason string
}

// findForks classifies every difference and marks the members whose data must
// not be continued from.
func (g *group) findForks() {
	for i, a := range g.members {
		for j := i + 1; j < len(g.members); j++ {
			b := g.members[j]
			r := g.relation(i, j)
			if r.Shift != 0 || !r.overlap() {
				continue
			}
			if r.Equal == 0 {
				g.forks = append(g.forks, fork{Kind: unrelated, A: a, B: b, Diff: span{r.From, r.To}})
				continue
			}
			for n, d := range r.Diffs {
				g.forks = append(g.forks, g.classify(a, b, d, n == len(r.Diffs)-1 && d.Last == r.To))
			}
		}
	}
	g.judgeDivergences()
	g.judgeShifts()
	g.branch()
}

func (g *group) classify(a, b *member, d span, tail bool) fork {
	f := fork{A: a, B: b, Diff: d, Kind: divergence}
	if !tail {
		return f
	}
	x, _, _ := a.Log.at(d.First)
	y, _, _ := b.Log.at(d.First)
	if x.Term != y.Term {
		f.Kind = conflict
		f.Loser = a
		if a.compare(b) > 0 {
			f.Loser = b
		}
		if f.Loser.Conflict == 0 || d.First < f.Loser.Conflict {
			f.Loser.Conflict = d.First
		}
		winner := f.A
		if winner == f.Loser {
			winner = f.B
		}
		f.Reason = fmt.Sprintf("%s continued with a newer term from index %d on", winner.name(), d.First)
		return f
	}
	f.Kind = splitBrain
	// A branch without a single command holds nothing that could be lost.
	ca, cb := a.Log.commandsIn(d.First, a.Log.End), b.Log.commandsIn(d.First, b.Log.End)
	switch {
	case ca == 0 && cb > 0:
		f.Loser, f.Reason = a, fmt.Sprintf("%s holds no data behind index %d", a.name(), d.First-1)
	case cb == 0 && ca > 0:
		f.Loser, f.Reason = b, fmt.Sprintf("%s holds no data behind index %d", b.name(), d.First-1)
	}
	if f.Loser != nil && f.Loser.Wrong == "" {
		f.Loser.Wrong = f.Reason
	}
	return f
}

// judgeDivergences decides who is wrong where equal entries follow a
// difference: the side that a majority of the voters does not hold, or that
// has an entry of a recovery where the others have data.
func (g *group) judgeDivergences() {
	for i := range g.forks {
		f := &g.forks[i]
		if f.Kind != divergence {
			continue
		}
		x, _, _ := f.A.Log.at(f.Diff.First)
		y, _, _ := f.B.Log.at(f.Diff.First)
		na, nb := g.holders(f.Diff.First, x), g.holders(f.Diff.First, y)
		voters := len(g.members)
		if g.reference != nil && g.reference.Voters() > 0 {
			voters = g.reference.Voters()
		}
		switch {
		case x.Type == cowsql.Change && y.Type == cowsql.Command:
			f.Loser, f.Reason = f.A, "it has the entry of a recovery where the others have data"
		case y.Type == cowsql.Change && x.Type == cowsql.Command:
			f.Loser, f.Reason = f.B, "it has the entry of a recovery where the others have data"
		case len(na)*2 > voters && len(na) > len(nb):
			f.Loser, f.Reason = f.B, fmt.Sprintf("%s agree and are a majority", strings.Join(na, ", "))
		case len(nb)*2 > voters && len(nb) > len(na):
			f.Loser, f.Reason = f.A, fmt.Sprintf("%s agree and are a majority", strings.Join(nb, ", "))
		}
		if f.Loser != nil && f.Loser.Wrong == "" {
			f.Loser.Wrong = fmt.Sprintf("entry %d differs: %s", f.Diff.First, f.Reason)
		}
	}
}

// holders names the voters (or, without a configuration, the members) that
// hold exactly this entry at an index.
func (g *group) holders(index uint64, want digest) []string {
	var out []string
	for _, m := range g.members {
		if m.Server != nil && m.Server.Role != cowsql.Voter || m.Copy != "" {
			continue
		}
		if d, _, ok := m.Log.at(index); ok && d.Term == want.Term && d.sameContent(want) {
			out = append(out, m.name())
		}
	}
	return out
}

// judgeShifts marks members whose indexes are not proven.
func (g *group) judgeShifts() {
	for _, m := range g.members {
		if m.Log.Floating != "" && m.Wrong == "" {
			m.Wrong = m.Log.Floating
		}
	}
}

// branch numbers the histories: members that are divided by an undecided
// difference are in different ones.
func (g *group) branch() {
	for i, m := range g.members {
		for m.Branch = 0; slices.ContainsFunc(g.members[:i], func(o *member) bool { return o.Branch == m.Branch && g.divided(m, o) }); m.Branch++ {
		}
	}
}

func (g *group) divided(a, b *member) bool {
	for _, f := range g.forks {
		if (f.A == a && f.B == b || f.A == b && f.B == a) && f.Kind != conflict {
			return true
		}
	}
	return false
}

// undecidedFork reports whether nobody can say which side of a fork counts.
func (g *group) undecidedFork() bool {
	for _, f := range g.forks {
		if f.Kind != conflict && f.Loser == nil && f.A.candidate() && f.B.candidate() {
			return true
		}
	}
	return false
}

func (g *group) forkReason() string {
	for _, f := range g.forks {
		if f.Kind != conflict && f.Loser == nil && f.A.candidate() && f.B.candidate() {
			if f.Kind == unrelated {
				return fmt.Sprintf("%s and %s share no entry; a person must say which one counts", f.A.name(), f.B.name())
			}
			return fmt.Sprintf("%s and %s hold different entries of the same term from index %d on; both sides may hold acknowledged writes, so a person must choose", f.A.name(), f.B.name(), f.Diff.First)
		}
	}
	return ""
}

func (g *group) histories() []analyze.History {
	var out []analyze.History
	branches := 0
	for _, m := range g.members {
		branches = max(branches, m.Branch+1)
	}
	for b := range branches {
		h := analyze.History{ID: fmt.Sprintf("h%d", b+1)}
		var nodes []*member
		for _, m := range g.members {
			if m.Branch == b || b > 0 && m.Branch == 0 && !g.dividedFromBranch(m, b) {
				nodes = append(nodes, m)
				h.Nodes = append(h.Nodes, m.name())
			}
			if m.Branch == b {
				m.Node.Position.History = h.ID
			}
		}
		// What is most recent comes before a copy that reaches as far and
		// is damaged.
		wins := func(m *member) int {
			if slices.Contains(g.verdict.MostRecent, m.name()) {
				return 0
			}
			return 1
		}
		slices.SortStableFunc(nodes, func(x, y *member) int { return cmp.Or(-x.compare(y), cmp.Compare(wins(x), wins(y))) })
		for i, m := range nodes {
			if i == 0 || nodes[i-1].compare(m) != 0 || wins(nodes[i-1]) != wins(m) {
				h.Ranking = append(h.Ranking, nil)
			}
			h.Ranking[len(h.Ranking)-1] = append(h.Ranking[len(h.Ranking)-1], m.name())
		}
		out = append(out, h)
	}
	return out
}

func (g *group) dividedFromBranch(m *member, branch int) bool {
	for _, o := range g.members {
		if o.Branch == branch && g.divided(m, o) {
			return true
		}
	}
	return false
}
