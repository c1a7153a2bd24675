package wesql

import (
	"cmp"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// A group is one cluster.
type group struct {
	nodes    []*model // data nodes, loggers, stores, sorted by name
	options  analyze.Options
	rows     map[[2]*model]relation
	branches [][]*model // nodes whose logs agree as far as they go
	ranking  [][]*model
	verdict  analyze.Verdict
	findings []analyze.Finding
	addr     []string // members by the newest evidence
	learners []string
}

// groups parts nodes into clusters: nodes belong together if their logs share
// entries or one names the other as a member. A node of which nothing is known
// joins the only cluster there is.
func groups(all []*model, o analyze.Options) []*group {
	parent := make([]int, len(all))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	rows := map[[2]*model]relation{}
	for i, a := range all {
		for j := range i {
			b := all[j]
			r := compareRuns(a.runs, b.runs)
			rows[[2]*model{a, b}] = r
			if r.Equal > 0 || sameCluster(a, b, &r) {
				parent[find(i)] = find(j)
			}
		}
	}
	var roots []int
	by := map[int]*group{}
	for i, m := range all {
		k := find(i)
		if by[k] == nil {
			by[k] = &group{options: o, rows: rows}
			roots = append(roots, k)
		}
		by[k].nodes = append(by[k].nodes, m)
	}
	var out, blank []*group
	for _, k := range roots {
		g := by[k]
		if slices.ContainsFunc(g.nodes, func(m *model) bool { return m.known() }) {
			out = append(out, g)
		} else {
			blank = append(blank, g)
		}
	}
	for _, g := range blank {
		if len(out) == 1 {
			out[0].nodes = append(out[0].nodes, g.nodes...)
		} else {
			out = append(out, g)
		}
	}
	for _, g := range out {
		slices.SortFunc(g.nodes, func(a, b *model) int { return cmp.Compare(a.Name, b.Name) })
	}
	return out
}

// known reports whether anything tells which cluster the node belongs to.
func (m *model) known() bool {
	members, _ := m.members()
	return len(m.runs) > 0 || len(members.List) > 0
}

// sameCluster reports whether two nodes name each other, without entries in
// common that speak against it.
func sameCluster(a, b *model, r *relation) bool {
	if r.common() && r.Equal == 0 && r.First == 1 {
		return false // the first entry of a cluster is on all its nodes
	}
	ra, rb := a.rows(), b.rows()
	if ra != nil && rb != nil && ra.ClusterID != rb.ClusterID {
		return false
	}
	mine := a.addresses()
	return slices.ContainsFunc(b.addresses(), func(x string) bool { return slices.Contains(mine, x) })
}

// addresses lists every member address that the node or store names.
func (m *model) addresses() []string {
	var out []string
	members, _ := m.members()
	out = append(out, members.Addresses()...)
	if m.Layout == layoutStore {
		for _, c := range m.Store.Clusters {
			out = append(out, c.Members.Addresses()...)
		}
	}
	return out
}

// relate compares the logs of two nodes.
func (g *group) relate(a, b *model) relation {
	if r, ok := g.rows[[2]*model{a, b}]; ok {
		return r
	}
	r := g.rows[[2]*model{b, a}]
	r.Differences = slices.Clone(r.Differences)
	for i := range r.Differences {
		d := &r.Differences[i]
		d.TermA, d.TermB = d.TermB, d.TermA
	}
	return r
}

// fork returns where the logs of two nodes part, nil if they do not.
func (g *group) fork(a, b *model) *fork {
	r := g.relate(a, b)
	return forkOf(a, b, &r)
}

// logs are the nodes that hold a log.
func (g *group) logs() []*model {
	var out []*model
	for _, m := range g.nodes {
		if m.position().Bound != analyze.None {
			out = append(out, m)
		}
	}
	return out
}

func (m *model) position() analyze.Position { return m.Node.Position }

// order compares two positions as an election does.
func order(a, b *model) int {
	p, q := a.position(), b.position()
	return cmp.Or(cmp.Compare(p.Term, q.Term), cmp.Compare(p.Index, q.Index))
}

// forced reports whether the node was forced to be the only member.
func (m *model) forced() bool {
	r := m.rows()
	if r == nil {
		return false
	}
	x, _ := wesql.ParseMembers(r.Members)
	return x.Forced()
}
