package wesql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// Judge finds the clusters and judges each alone. Plain MySQL directories are
// reported one by one, without a rank.
func (System) Judge(ctx context.Context, nodes []*analyze.Node, o analyze.Options) ([]analyze.Cluster, error) {
	var all, plain []*model
	for _, n := range nodes {
		m := n.Model.(*model)
		m.Node = n
		if m.Layout == layoutPlain {
			plain = append(plain, m)
		} else {
			all = append(all, m)
		}
	}
	byName := func(a, b *model) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(all, byName)
	slices.SortFunc(plain, byName)
	var out []analyze.Cluster
	for _, g := range groups(all, o) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out = append(out, g.judge())
	}
	for _, m := range plain {
		out = append(out, m.plainCluster())
	}
	return out, nil
}

// judge makes the cluster of the report.
func (g *group) judge() analyze.Cluster {
	for _, m := range g.nodes {
		m.group = g
	}
	g.membership()
	g.branch()
	g.decide()
	g.report()
	c := analyze.Cluster{System: "wesql", Product: "wesql", Name: g.clusterID(), Verdict: g.verdict, Histories: g.histories(), Findings: g.findings, Plans: g.plans()}
	for _, m := range g.nodes {
		c.Nodes = append(c.Nodes, m.Node)
		members, _ := m.members()
		for _, a := range slices.Concat(members.Addresses(), g.addr, g.learners) {
			host, _, _ := strings.Cut(a, ":")
			c.AddPeer(a, host)
		}
	}
	analyze.SortFindings(c.Findings)
	return c
}

// plainCluster reports a MySQL directory that never was in a raft cluster.
func (m *model) plainCluster() analyze.Cluster {
	g := &group{nodes: []*model{m}}
	g.plainFindings(m)
	return analyze.Cluster{
		System: "wesql", Product: "mysql", Nodes: []*analyze.Node{m.Node}, Findings: g.findings,
		Verdict: analyze.Verdict{
			Decided: true, MostRecent: []string{m.Name}, MostRecentStartable: []string{m.Name}, Recommended: m.Name,
			Reason: fmt.Sprintf("%s is a MySQL directory without a consensus log, smartengine and raft tables: it never was in a raft cluster, and is compared with nothing", m.Name),
		},
	}
}

// clusterID is raft_replication_cluster_id as the files have it. The value 1
// is the default and no name.
func (g *group) clusterID() string {
	for _, m := range g.nodes {
		id := m.Conf.WeSQL.ClusterID.V
		if r := m.rows(); r != nil {
			id = r.ClusterID
		}
		if id != "" && id != "1" {
			return id
		}
	}
	return ""
}

// membership says who the members are by the newest evidence, and who of the
// given nodes is one.
func (g *group) membership() {
	for _, m := range g.nodes {
		g.nameByStore(m)
	}
	best := slices.Clone(g.nodes)
	slices.SortStableFunc(best, func(a, b *model) int { return order(b, a) })
	for _, m := range best { // of the newest that names more than itself
		if x, _ := m.members(); len(x.Addresses()) > 1 || len(g.addr) == 0 && x.Position > 0 {
			g.addr = x.Addresses()
			if len(g.addr) > 1 {
				break
			}
		}
	}
	if len(g.addr) <= 1 {
		for _, m := range g.nodes {
			if m.Layout == layoutStore {
				for _, name := range sortedKeys(m.Store.Clusters) {
					if x := m.Store.Clusters[name].Members.Addresses(); len(x) > len(g.addr) {
						g.addr = x
					}
				}
			}
		}
	}
	for _, m := range best {
		if m.Layout == layoutServer {
			g.apply(m)
			break
		}
	}
	for _, m := range g.nodes {
		m.Node.Role = m.role()
		own := m.Node.Identity.Address
		switch {
		case m.Layout == layoutStore:
			m.Node.Member = "no"
		case own == "":
			m.Node.Member = "unknown"
		case slices.Contains(g.addr, own), slices.Contains(g.learners, own), m.forced():
			m.Node.Member = "yes"
		case len(g.addr) > 1 && m.Node.Role != roleLearner:
			m.Node.Member = "no"
		default:
			m.Node.Member = "unknown"
		}
	}
}

// nameByStore takes the address of a node that does not tell it from the
// membership that the object store keeps under its name.
func (g *group) nameByStore(m *model) {
	id := m.Conf.WeSQL.ServerIDOnStore
	if m.Layout != layoutServer || m.Node.Identity.Address != "" || !id.Set {
		return
	}
	for _, o := range g.nodes {
		if o.Store == nil {
			continue
		}
		if c, ok := o.Store.Clusters[id.V]; ok && c.Members.Own() != "" {
			m.Node.Identity.Address, m.Node.Identity.Source = c.Members.Own(), c.File
			m.Node.Identity.ID = itoa(uint64(c.Members.Position))
			m.Node.Names = append(m.Node.Names, analyze.Name{Kind: analyze.HostName, Text: c.Members.Own()})
			return
		}
	}
}

// apply carries out the membership changes of the newest log.
func (g *group) apply(m *model) {
	drop := func(list []string, a string) []string {
		return slices.DeleteFunc(list, func(x string) bool { return x == a })
	}
	g.addr = slices.Clone(g.addr)
	for _, c := range m.changes() {
		for _, a := range c.Addresses {
			a, _, _ = strings.Cut(a, "#")
			switch {
			case c.Kind == wesql.LearnerChange && (c.Op == wesql.AddNode || c.Op == wesql.AddAutoChange), c.Op == wesql.DowngradeNode:
				g.addr, g.learners = drop(g.addr, a), append(drop(g.learners, a), a)
			case c.Kind == wesql.MemberChange && c.Op == wesql.AddNode:
				g.addr, g.learners = append(drop(g.addr, a), a), drop(g.learners, a)
			case c.Op == wesql.DeleteNode:
				g.addr, g.learners = drop(g.addr, a), drop(g.learners, a)
			}
		}
	}
}

// changes lists the membership changes of a log in order.
func (m *model) changes() []*wesql.Change {
	var out []*wesql.Change
	for _, l := range m.Chain {
		if l.Listed && l.Log != nil {
			out = append(out, l.Log.Changes...)
		}
	}
	return out
}

// branch parts the nodes whose logs do not agree.
func (g *group) branch() {
	logs := slices.Clone(g.logs())
	slices.SortStableFunc(logs, func(a, b *model) int { return order(b, a) })
	for _, m := range logs {
		placed := false
		for i, b := range g.branches {
			if !slices.ContainsFunc(b, func(o *model) bool { return g.fork(m, o) != nil }) {
				g.branches[i], placed = append(b, m), true
				break
			}
		}
		if !placed {
			g.branches = append(g.branches, []*model{m})
		}
	}
	for i, b := range g.branches {
		slices.SortFunc(b, func(x, y *model) int { return cmp.Compare(x.Name, y.Name) })
		for _, m := range b {
			m.Node.Position.History = historyID(i)
		}
	}
}

func historyID(i int) string { return fmt.Sprintf("h%d", i+1) }

// counts reports whether a node's log may be called the most recent one: not
// damaged, without a hole, or ahead of all that are whole.
func (g *group) counts(m *model) bool {
	if m.Layout == layoutStore {
		_, _, why := m.Store.usable()
		return len(m.Store.Missing) == 0 && len(m.Store.Wrong) == 0 && len(m.bad) == 0 || why == ""
	}
	return m.sound() && m.log.HasEntries
}

// decide says who is most recent.
func (g *group) decide() {
	v := &g.verdict
	v.MostRecent, v.MostRecentStartable, v.Missing = []string{}, []string{}, g.missing()
	v.Provisional = len(v.Missing) > 0
	logs := g.logs()
	if len(logs) == 0 {
		v.Reason = "none of the given directories holds entries of a consensus log"
		return
	}
	var counted []*model
	for _, m := range logs {
		if g.counts(m) {
			counted = append(counted, m)
		}
	}
	v.MostRecentStartable = g.startable()
	if len(counted) == 0 {
		if len(logs) == 1 && len(logs[0].log.Holes) == 0 {
			counted = logs
		} else {
			v.Reason = "every log is damaged or has a hole"
			return
		}
	}
	top := slices.MaxFunc(counted, order)
	for _, m := range logs {
		if order(m, top) > 0 && g.mendable(m) {
			top = m
		}
	}
	var further string
	for _, m := range logs {
		if order(m, top) > 0 && !g.counts(m) {
			further = fmt.Sprintf("; %s goes on to entry %d of term %d, and its log is damaged or has a hole", m.Name, m.position().Index, m.position().Term)
		}
	}
	if why := g.open(top, counted); why != "" {
		v.Reason = why
		return
	}
	v.Decided = true
	g.rank(logs)
	for _, m := range logs {
		if order(m, top) == 0 && g.fork(m, top) == nil && (g.counts(m) || m == top) && m.Layout != layoutStore {
			v.MostRecent = append(v.MostRecent, m.Name)
		}
	}
	if len(v.MostRecent) == 0 {
		v.MostRecent = []string{top.Name}
	}
	v.Recommended = g.recommend()
	v.Reason = g.reason(top) + further
}

// open returns what keeps the newest log from being the answer, "" if nothing
// does: a term in which both sides of a fork wrote, or a node that was forced
// to lead alone.
func (g *group) open(top *model, counted []*model) string {
	for _, m := range counted {
		if m == top {
			continue
		}
		f := g.fork(m, top)
		if f == nil {
			continue
		}
		switch {
		case f.SameTerm != 0:
			return fmt.Sprintf("%s and %s part at entry %d and both wrote in term %d, so two leaders led at once: a person has to choose", m.Name, top.Name, f.Index, f.SameTerm)
		case m.forced() || top.forced():
			return fmt.Sprintf("%s and %s part at entry %d, and one of them was forced to be the only member: a person has to choose", m.Name, top.Name, f.Index)
		}
	}
	return ""
}

// mendable reports whether every damaged entry of a node stands whole in
// another log, and nothing else is wrong with it.
func (g *group) mendable(m *model) bool {
	if len(m.bad) == 0 || slices.ContainsFunc(m.log.Holes, func(h hole) bool { return !h.Bridged && (h.inside(&m.log) || !h.Seen) }) {
		return false
	}
	for _, b := range m.bad {
		if g.donor(m, b) == nil {
			return false
		}
	}
	return true
}

// donor returns a node whose log has the entry whole, on the same branch.
func (g *group) donor(m *model, b badEntry) *model {
	for _, o := range g.nodes {
		if o == m || o.Layout == layoutStore || g.fork(m, o) != nil {
			continue
		}
		if term, ok := o.termAt(b.Index); ok && term == b.Term && !slices.ContainsFunc(o.bad, func(x badEntry) bool { return x.Index == b.Index }) {
			return o
		}
	}
	return nil
}

// termAt returns the term of an entry.
func (m *model) termAt(index uint64) (uint64, bool) {
	for i := range m.runs {
		if r := &m.runs[i]; r.First <= index && index <= r.last() {
			return r.Term, true
		}
	}
	return 0, false
}

// rank puts the logs into ranks of equals, those of the newest branch first.
func (g *group) rank(logs []*model) {
	left := slices.Clone(logs)
	slices.SortStableFunc(left, func(a, b *model) int { return order(b, a) })
	for len(left) > 0 {
		n := 1
		for n < len(left) && order(left[n], left[0]) == 0 && g.counts(left[n]) == g.counts(left[0]) {
			n++
		}
		g.ranking = append(g.ranking, slices.Clone(left[:n]))
		left = left[n:]
	}
}

// startable is whom an election would call newest among the nodes that start
// as they are.
func (g *group) startable() []string {
	out := []string{}
	var best *model
	for _, m := range g.logs() {
		if m.Layout != layoutServer || m.Node.Member == "no" || m.Node.Start.Outcome != analyze.Clean && m.Node.Start.Outcome != analyze.Discards {
			continue
		}
		switch {
		case best == nil || order(m, best) > 0:
			best, out = m, []string{m.Name}
		case order(m, best) == 0:
			out = append(out, m.Name)
		}
	}
	return out
}

// recommend chooses among equals: one whose engine is whole or can be made so, that starts, that
// is a member with tables, the longest log, the first by name.
func (g *group) recommend() string {
	best := slices.DeleteFunc(slices.Clone(g.nodes), func(m *model) bool { return !slices.Contains(g.verdict.MostRecent, m.Name) })
	bad := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(best, func(a, b *model) int {
		return cmp.Or(
			bad(a.losesCommits())-bad(b.losesCommits()),
			bad(a.engineLost())-bad(b.engineLost()),
			bad(a.Node.Start.Outcome != analyze.Clean)-bad(b.Node.Start.Outcome != analyze.Clean),
			bad(a.Node.Role != roleData)-bad(b.Node.Role != roleData),
			cmp.Compare(a.log.First, b.log.First),
			bad(!a.log.InUse)-bad(!b.log.InUse),
			cmp.Compare(a.Name, b.Name))
	})
	return best[0].Name
}

// losesCommits reports whether the engine lacks commits without a word, as it
// is or when it is mended.
func (m *model) losesCommits() bool {
	return m.Engine != nil && (m.Engine.Lost || m.Engine.mended().Lost)
}

// engineLost reports whether no copy of the engine would be whole.
func (m *model) engineLost() bool { return m.Engine != nil && m.Engine.beyondRepair() != "" }

// reason is the verdict in one sentence.
func (g *group) reason(top *model) string {
	names := g.verdict.MostRecent
	p := top.position()
	at := fmt.Sprintf("entry %d of term %d", p.Index, p.Term)
	switch {
	case top.Layout == layoutStore:
		return fmt.Sprintf("the archived log in %s reaches %s, further than every log", top.Name, at)
	case len(g.logs()) == 1:
		return fmt.Sprintf("%s is the only log that was given; it ends with %s", names[0], at)
	case len(names) == 1:
		return fmt.Sprintf("the log of %s ends with %s, later than every other", names[0], at)
	}
	return fmt.Sprintf("the logs of %s end with the same %s", enumerate(names), at)
}

func enumerate(names []string) string {
	switch n := len(names); n {
	case 0:
		return "nobody"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// missing lists the members that no given node is and that are not said to be
// lost. A node whose own address is not known may be any of them.
func (g *group) missing() []string {
	var left []string
	nameless := 0
	for _, m := range g.nodes {
		if m.Layout == layoutServer && m.Node.Identity.Address == "" {
			nameless++
		}
	}
	for _, a := range g.addr {
		host, _, _ := strings.Cut(a, ":")
		if slices.ContainsFunc(g.nodes, func(m *model) bool { return m.Node.Identity.Address == a }) ||
			slices.Contains(g.options.Lost, a) || slices.Contains(g.options.Lost, host) {
			continue
		}
		left = append(left, a)
	}
	if len(left) <= nameless {
		return []string{}
	}
	slices.Sort(left)
	return left
}

// histories lists the branches.
func (g *group) histories() []analyze.History {
	var out []analyze.History
	for i, b := range g.branches {
		h := analyze.History{ID: historyID(i), Nodes: names(b)}
		left := slices.Clone(b)
		slices.SortStableFunc(left, func(x, y *model) int { return order(y, x) })
		for len(left) > 0 {
			n := 1
			for n < len(left) && order(left[n], left[0]) == 0 {
				n++
			}
			h.Ranking = append(h.Ranking, names(left[:n]))
			left = left[n:]
		}
		out = append(out, h)
	}
	return out
}

func names(list []*model) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Name)
	}
	return out
}
