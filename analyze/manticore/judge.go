package manticore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// Judge finds the clusters of all hosts and judges each alone. A host that
// belongs to several clusters becomes a node in each of them.
func (System) Judge(ctx context.Context, nodes []*analyze.Node, o analyze.Options) ([]analyze.Cluster, error) {
	var hosts []*host
	for _, n := range nodes {
		h := n.Model.(*host)
		h.Node = n
		hosts = append(hosts, h)
	}
	slices.SortFunc(hosts, func(a, b *host) int { return cmp.Compare(a.Name, b.Name) })
	gs, alone := groups(hosts, o)
	for _, g := range gs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g.judge()
	}
	var out []analyze.Cluster
	for _, g := range gs {
		g.report(gs)
		for _, m := range g.members {
			m.Host.in = append(m.Host.in, seat{g, m})
		}
		c := analyze.Cluster{
			System: "manticore", Product: "manticore", Name: g.name, Verdict: g.verdict,
			Histories: g.histories(), Findings: g.findings, Plans: g.plans(gs),
		}
		for _, m := range g.members {
			c.Nodes = append(c.Nodes, m.Node)
			if m.Entry != nil {
				for _, a := range m.Entry.Nodes {
					host, _, _ := strings.Cut(a, ":")
					c.AddPeer(a, host)
				}
			}
		}
		analyze.SortFindings(c.Findings)
		out = append(out, c)
	}
	for _, h := range alone {
		out = append(out, h.aloneCluster())
	}
	return out, nil
}

// aloneCluster reports a host that is in no cluster.
func (h *host) aloneCluster() analyze.Cluster {
	m := &member{part: &part{Host: h}, Member: "no"}
	g := &group{members: []*member{m}, rows: map[[2]*member]relation{}}
	m.Node = g.node(m)
	g.hostFindings(m)
	analyze.SortFindings(g.findings)
	return analyze.Cluster{
		System: "manticore", Product: "manticore", Nodes: []*analyze.Node{m.Node}, Findings: g.findings,
		Verdict: analyze.Verdict{Reason: fmt.Sprintf("%s belongs to no replication cluster", h.Name)},
	}
}

func (g *group) judge() {
	g.classify()
	g.branch()
	g.decide()
	for _, m := range g.members {
		m.Node = g.node(m)
	}
	g.verdict.MostRecentStartable = g.startable()
	g.recommend()
}

// branch parts the members of one history whose content differs.
func (g *group) branch() {
	var heads [][]*member
	for _, m := range g.counted() {
		placed := false
		for i := range heads {
			if !slices.ContainsFunc(heads[i], func(o *member) bool { return o.UUID != m.UUID || g.relate(m, o).Diverged }) {
				heads[i] = append(heads[i], m)
				m.Branch, placed = i, true
				break
			}
		}
		if !placed {
			m.Branch = len(heads)
			heads = append(heads, []*member{m})
		}
	}
}

// best returns the members of list that no other one is ahead of. undecided
// names two of them that do not compare.
func (g *group) best(list []*member) (out []*member, undecided *[2]*member) {
	for _, m := range list {
		if !slices.ContainsFunc(list, func(o *member) bool { r := g.relate(o, m); return r.OK && r.Order > 0 }) {
			out = append(out, m)
		}
	}
	for i, a := range out {
		for _, b := range out[i+1:] {
			if r := g.relate(a, b); !r.OK {
				return out, &[2]*member{a, b}
			}
		}
	}
	return out, nil
}

// decide says who is most recent.
func (g *group) decide() {
	v := &g.verdict
	counted := g.counted()
	if len(counted) == 0 {
		v.Reason = "none of the given directories holds data of a member"
		return
	}
	var undecided *[2]*member
	g.maxima, undecided = g.best(counted)
	g.seqnos = g.prove(counted)
	v.Missing = g.missing()
	v.Provisional = len(v.Missing) > 0
	if undecided != nil {
		v.Reason = g.whyUndecided(undecided[0], undecided[1])
		return
	}
	if reason := g.openQuestion(); reason != "" {
		v.Reason = reason
		return
	}
	v.Decided = true
	v.MostRecent = names(g.maxima)
	g.rank(counted)
	v.Reason = g.reason()
}

func (g *group) whyUndecided(a, b *member) string {
	r := g.relate(a, b)
	switch {
	case a.UUID != b.UUID:
		return fmt.Sprintf("%s and %s have different state UUIDs: two histories are not compared", a.name(), b.name())
	case r.Fork != nil && r.Fork.Table != "":
		return fmt.Sprintf("%s and %s hold different content under the same TID %d of table %s: they diverged", a.name(), b.name(), r.Fork.At, r.Fork.Table)
	case r.Fork != nil:
		return fmt.Sprintf("%s and %s hold different write sets under the same seqno %d: they diverged", a.name(), b.name(), r.Fork.At)
	case r.Diverged:
		return fmt.Sprintf("%s and %s each hold transactions that the other lacks: %s", a.name(), b.name(), strings.Join(r.Why, "; "))
	case r.Truncate != "":
		return fmt.Sprintf("%s and %s have the same TIDs, but table %s was emptied on one of them and nothing tells which is later", a.name(), b.name(), r.Truncate)
	}
	return fmt.Sprintf("%s and %s do not compare: a table has no usable TID and there are no two exact seqnos", a.name(), b.name())
}

// openQuestion returns what keeps a member that is not the newest from being
// ruled out, "" if nothing does.
func (g *group) openQuestion() string {
	top, topOK := g.maxima[0].sum()
	for _, m := range g.members {
		switch {
		case m.Member == "no":
			continue
		case m.Counts && m.Host.BinlogAway:
			if m.Cache != nil && m.Cache.UUID == m.UUID && g.seqnos.OK && topOK && m.Cache.Last-g.seqnos.K <= top {
				continue // it never received more than the newest holds
			}
			if len(g.counted()) > 1 {
				return fmt.Sprintf("the transaction log of %s lies outside of the copy, so it may hold more than its tables show", m.name())
			}
		case !m.Counts && len(m.Tables) > 0 && (m.UUID == g.maxima[0].UUID || m.zeroed()):
			o := *m
			o.UUID = g.maxima[0].UUID
			if r := compare(&o, g.maxima[0]); r.Diverged || r.OK && r.Order > 0 {
				return fmt.Sprintf("%s holds transactions that no member holds, and %s", m.name(), m.Why)
			}
		}
	}
	return ""
}

// rank puts the counted members into ranks of equals.
func (g *group) rank(left []*member) {
	left = slices.Clone(left)
	for len(left) > 0 {
		best, _ := g.best(left)
		if len(best) == 0 {
			return
		}
		g.ranking = append(g.ranking, names(best))
		left = slices.DeleteFunc(left, func(m *member) bool { return slices.Contains(best, m) })
	}
}

func names(list []*member) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.name())
	}
	return out
}

// reason is the verdict in one sentence.
func (g *group) reason() string {
	top := names(g.maxima)
	what := g.holdings(g.maxima[0])
	switch {
	case len(g.counted()) == 1:
		return fmt.Sprintf("%s is the only member that was given: %s", top[0], what)
	case len(g.maxima) == len(g.counted()):
		return fmt.Sprintf("%s hold the same transactions: %s", list(top), what)
	case len(top) == 1:
		return fmt.Sprintf("%s holds every transaction that the others hold, and more: %s", top[0], what)
	}
	return fmt.Sprintf("%s hold the same transactions, and all that the others hold: %s", list(top), what)
}

// holdings sums up how far a member's tables go.
func (g *group) holdings(m *member) string {
	var parts []string
	for _, name := range m.Tables {
		if tid, ok := m.tid(name); ok && len(parts) < 4 {
			parts = append(parts, fmt.Sprintf("table %s at TID %d", name, tid))
		}
	}
	if len(m.Tables) > 4 {
		parts = append(parts, fmt.Sprintf("%d tables more", len(m.Tables)-4))
	}
	if seqno, proven, _ := g.seqno(m); proven {
		parts = append(parts, fmt.Sprintf("seqno %d", seqno))
	}
	if len(parts) == 0 {
		return "nothing to compare with"
	}
	return list(parts)
}

// startable is whom the servers themselves would call newest: the members that
// start as they are and hold the most transactions.
func (g *group) startable() []string {
	var able []*member
	for _, m := range g.counted() {
		if o := m.Node.Start.Outcome; o == analyze.Clean || o == analyze.Discards {
			able = append(able, m)
		}
	}
	best, undecided := g.best(able)
	if undecided != nil {
		return []string{}
	}
	return names(best)
}

// recommend chooses among equals: one that serves all its tables, then one that
// starts, then one whose position the provider wrote down, then one that it
// lets begin, then the first by name.
func (g *group) recommend() {
	if !g.verdict.Decided {
		return
	}
	best := slices.Clone(g.maxima)
	slices.SortStableFunc(best, func(a, b *member) int {
		return cmp.Or(
			b2i(len(a.Host.unserved(a.Tables)) > 0)-b2i(len(b.Host.unserved(b.Tables)) > 0),
			b2i(a.Node.Start.Outcome != analyze.Clean)-b2i(b.Node.Start.Outcome != analyze.Clean),
			b2i(!a.clean())-b2i(!b.clean()),
			b2i(!a.safe())-b2i(!b.safe()),
			cmp.Compare(a.name(), b.name()))
	})
	g.verdict.Recommended = best[0].name()
}

// histories lists the state UUIDs, and branches of one that differ.
func (g *group) histories() []analyze.History {
	type key struct {
		uuid   string
		branch int
	}
	var order []key
	by := map[key][]*member{}
	for _, m := range g.members {
		if m.UUID == "" && !m.Counts {
			continue
		}
		k := key{m.UUID, m.Branch}
		if len(by[k]) == 0 {
			order = append(order, k)
		}
		by[k] = append(by[k], m)
	}
	var out []analyze.History
	seen := map[string]int{}
	for _, k := range order {
		seen[k.uuid]++
		h := analyze.History{ID: k.uuid, Nodes: names(by[k])}
		if n := seen[k.uuid]; n > 1 {
			h.ID = fmt.Sprintf("%s/%d", k.uuid, n)
		}
		h.Ranking = g.ranking
		if !g.verdict.Decided {
			h.Ranking = g.layers(by[k])
		}
		out = append(out, h)
	}
	return out
}

// layers ranks the members of one history where the verdict is open.
func (g *group) layers(members []*member) [][]string {
	var out [][]string
	left := slices.DeleteFunc(slices.Clone(members), func(m *member) bool { return !m.Counts })
	for len(left) > 0 {
		best, undecided := g.best(left)
		if len(best) == 0 || undecided != nil {
			return out
		}
		out = append(out, names(best))
		left = slices.DeleteFunc(left, func(m *member) bool { return slices.Contains(best, m) })
	}
	return out
}

// missing lists the addresses that the newest members have and that belong to
// no given host. A host whose own address is not known may be any of them.
func (g *group) missing() []string {
	var lists []string
	for _, m := range g.maxima {
		if m.Entry != nil {
			lists = append(lists, m.Entry.Nodes...)
		}
	}
	slices.Sort(lists)
	lists = slices.Compact(lists)
	nameless := 0
	for _, m := range g.members {
		if m.Member == "no" {
			continue
		}
		own := m.Host.Addresses
		if i := slices.IndexFunc(lists, func(a string) bool { return slices.Contains(own, a) }); i >= 0 {
			lists = slices.DeleteFunc(lists, func(a string) bool { return slices.Contains(own, a) })
		} else {
			nameless++
		}
	}
	lists = slices.DeleteFunc(lists, func(a string) bool {
		host, _, _ := strings.Cut(a, ":")
		return slices.Contains(g.options.Lost, a) || slices.Contains(g.options.Lost, host)
	})
	if len(lists) <= nameless {
		return nil
	}
	return lists
}
