package galera

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// A group is a cluster while it is judged.
type group struct {
	options   analyze.Options
	all       []*model // by name
	nodes     []*model // of them, those that are no arbitrators
	relations map[[2]*model]relation
	reach     map[*model]bounds // of the data, without view changes of its own
	histories []history
	missing   []peer
	findings  []analyze.Finding
	verdict   analyze.Verdict
}

// Judge groups nodes into clusters and judges each.
func (System) Judge(ctx context.Context, nodes []*analyze.Node, o analyze.Options) ([]analyze.Cluster, error) {
	var models []*model
	for _, n := range nodes {
		m := n.Model.(*model)
		m.judge()
		models = append(models, m)
	}
	var clusters []analyze.Cluster
	groups := groupModels(models)
	for _, g := range groups {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g.options = o
		clusters = append(clusters, g.judge(len(groups)))
	}
	slices.SortStableFunc(clusters, func(a, b analyze.Cluster) int {
		return cmp.Or(-cmp.Compare(len(a.Nodes), len(b.Nodes)), cmp.Compare(a.Nodes[0].Name, b.Nodes[0].Name))
	})
	return clusters, nil
}

func (g *group) judge(clusters int) analyze.Cluster {
	g.relate()
	g.measure()
	g.formHistories()
	g.findMissing()
	g.decide()
	for _, m := range g.all {
		m.Node.Position = m.position()
		m.Node.Start = m.start()
		m.Node.Facts = g.facts(m)
		m.Node.Member = g.member(m)
		m.Node.Identity = m.identity()
		m.Node.Names = m.names()
		m.draw(g)
	}
	g.verdict.MostRecentStartable = g.startable()
	g.report(clusters)
	c := analyze.Cluster{System: "galera", Name: g.name(), Product: g.product(), Verdict: g.verdict, Findings: g.findings}
	for _, m := range g.all {
		c.Nodes = append(c.Nodes, m.Node)
	}
	for _, h := range g.histories {
		c.Histories = append(c.Histories, analyze.History{ID: h.ID, Nodes: names(h.Nodes), Ranking: g.ranking(h)})
	}
	c.Plans = g.plans()
	g.addPeers(&c)
	analyze.SortFindings(c.Findings)
	return c
}

// groupModels puts the nodes of one cluster together. A directory that
// nothing links to any cluster, because it never joined one, goes to the
// largest.
func groupModels(models []*model) []*group {
	parent := make([]int, len(models))
	for i := range parent {
		parent[i] = i
	}
	var root func(int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	for i, a := range models {
		for j := i + 1; j < len(models); j++ {
			if linked(a, models[j]) {
				parent[root(j)] = root(i)
			}
		}
	}
	byRoot := map[int]*group{}
	var out []*group
	var loose []*model
	for i, m := range models {
		r := root(i)
		if m.stray() && !slices.ContainsFunc(models, func(o *model) bool { return o != m && linked(m, o) }) {
			loose = append(loose, m)
			continue
		}
		if byRoot[r] == nil {
			byRoot[r] = &group{}
			out = append(out, byRoot[r])
		}
		byRoot[r].all = append(byRoot[r].all, m)
	}
	if len(out) == 0 && len(loose) > 0 {
		out = append(out, &group{})
	}
	slices.SortStableFunc(out, func(a, b *group) int { return -cmp.Compare(len(a.all), len(b.all)) })
	if len(loose) > 0 {
		out[0].all = append(out[0].all, loose...)
	}
	for _, g := range out {
		slices.SortFunc(g.all, func(a, b *model) int { return cmp.Compare(a.name(), b.name()) })
		for _, m := range g.all {
			if !m.Arbitrator {
				g.nodes = append(g.nodes, m)
			}
		}
	}
	return out
}

// stray reports whether nothing in a directory names a history.
func (m *model) stray() bool {
	return m.Condition == fresh || m.Condition == incomplete && m.UUID.IsZero() || m.Arbitrator
}

// linked reports whether two directories are of one cluster: a history, a
// process, a node or a cluster name that both know.
func linked(a, b *model) bool {
	for _, u := range a.knownHistories() {
		if slices.Contains(b.knownHistories(), u) {
			return true
		}
	}
	pa, pb := a.processes(), b.processes()
	for _, u := range pa {
		if slices.ContainsFunc(pb, u.SameProcess) {
			return true
		}
	}
	x, y := a.clusterName(), b.clusterName()
	if x != "" && y != "" {
		return x == y
	}
	return a.sharesPeer(b)
}

// knownHistories are the group UUIDs that a directory names anywhere.
func (m *model) knownHistories() []galera.UUID {
	var out []galera.UUID
	add := func(u galera.UUID) {
		if !u.IsZero() && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	add(m.UUID)
	if m.Engine != nil {
		add(m.Engine.UUID)
	}
	if m.State != nil {
		add(m.State.UUID)
	}
	if m.Cache != nil {
		add(m.Cache.UUID)
	}
	for _, u := range m.Log.Histories {
		add(u)
	}
	for _, t := range m.Transfers {
		add(t.UUID)
	}
	return out
}

// processes are the members of the last view.
func (m *model) processes() []galera.UUID {
	var out []galera.UUID
	if m.View != nil {
		for _, p := range m.View.Members {
			out = append(out, p.UUID)
		}
	}
	if !m.Log.UUID.IsZero() {
		out = append(out, m.Log.UUID)
	}
	return out
}

func (m *model) clusterName() string {
	return cmp.Or(m.Layout.Server.ClusterName.V, m.Log.ClusterName)
}

// sharesPeer reports whether both saw a member of the same name and address.
func (m *model) sharesPeer(o *model) bool {
	v, w := m.lastView(), o.lastView()
	if v == nil || w == nil {
		return false
	}
	return slices.ContainsFunc(v.Members, func(p peer) bool {
		return p.Name != "" && p.Address != "" && slices.ContainsFunc(w.Members, func(q peer) bool { return p.Name == q.Name && p.Address == q.Address })
	})
}

// relate compares every two directories.
func (g *group) relate() {
	g.relations = map[[2]*model]relation{}
	for i, a := range g.nodes {
		for _, b := range g.nodes[i+1:] {
			r := compare(a, b)
			g.relations[[2]*model{a, b}] = r
			r.A, r.B, r.AMay, r.BMay = r.B, r.A, r.BMay, r.AMay
			g.relations[[2]*model{b, a}] = r
		}
	}
}

// relation returns how a and b compare; a is side A.
func (g *group) relation(a, b *model) relation { return g.relations[[2]*model{a, b}] }

// measure says how far the data of each node reaches. Where two nodes differ
// and one of them committed nothing but view changes from there on, these
// count for nothing.
func (g *group) measure() {
	g.reach = map[*model]bounds{}
	for _, m := range g.nodes {
		b := m.Span
		for _, o := range g.nodes {
			r := g.relation(m, o)
			if o != m && o.Condition.usable() && r.Diverge > 0 && r.A.data()+r.AMay == 0 && r.B.data() > 0 && b.Known && b.Lower >= r.Diverge {
				b.Lower, b.Upper = min(b.Lower, r.Diverge-1), min(b.Upper, r.Diverge-1)
			}
		}
		g.reach[m] = b
	}
}

func (g *group) node(name string) *model {
	for _, m := range g.all {
		if m.name() == name {
			return m
		}
	}
	return nil
}

// usable returns the nodes whose data may be continued from.
func (g *group) usable() []*model {
	return slices.DeleteFunc(slices.Clone(g.nodes), func(m *model) bool { return !m.Condition.usable() })
}

func (g *group) name() string {
	for _, m := range g.all {
		if n := m.clusterName(); n != "" {
			return n
		}
	}
	return ""
}

func (g *group) product() string {
	var out []string
	for _, m := range g.nodes {
		if !slices.Contains(out, m.Node.Product) {
			out = append(out, m.Node.Product)
		}
	}
	if len(out) == 0 {
		return "garbd"
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func names(list []*model) []string {
	out := make([]string, 0, len(list))
	for _, m := range list {
		out = append(out, m.name())
	}
	return out
}
