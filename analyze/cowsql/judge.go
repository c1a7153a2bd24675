package cowsql

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A member is a node while its cluster is judged.
type member struct {
	*model
	Tier     tier
	Server   *cowsql.Server // in the reference configuration, nil if not there
	Wrong    string         // why its data must not be trusted, "" if it may
	Branch   int            // number of its history
	Conflict uint64         // first index at which a newer term refutes its tail, 0 if none
	Copy     string         // name of the node that this is an older or equal copy of
}

func (m *member) name() string { return m.Node.Name }

// less orders by what was written last: term of the last entry, then index
// (src/election.c electionVote).
func (m *member) compare(o *member) int {
	return cmp.Or(cmp.Compare(m.Node.Position.Term, o.Node.Position.Term), cmp.Compare(m.Node.Position.Index, o.Node.Position.Index))
}

// A tier says what a directory needs before a server holds all its entries.
type tier uint8

const (
	ready    tier = iota // nothing, or new metadata
	mendable             // a file left out or cut: its own files suffice
	needy                // entries of another node
	lost                 // entries that no rule can place
)

// A group is a cluster while it is judged.
type group struct {
	ctx       context.Context
	options   analyze.Options
	members   []*member
	relations map[[2]int]relation
	reference *cowsql.Configuration // newest configuration of the members
	refIndex  uint64
	refNode   *member
	forks     []fork
	missing   []cowsql.Server
	findings  []analyze.Finding
	verdict   analyze.Verdict
}

// Judge groups nodes into clusters and judges each.
func (System) Judge(ctx context.Context, nodes []*analyze.Node, o analyze.Options) ([]analyze.Cluster, error) {
	var clusters []analyze.Cluster
	for _, n := range nodes {
		if err := n.Model.(*model).crossCheck(ctx); err != nil {
			return nil, err
		}
	}
	for _, g := range groupNodes(ctx, nodes, o) {
		clusters = append(clusters, g.judge())
	}
	slices.SortStableFunc(clusters, func(a, b analyze.Cluster) int {
		return cmp.Or(-cmp.Compare(len(a.Nodes), len(b.Nodes)), cmp.Compare(a.Nodes[0].Name, b.Nodes[0].Name))
	})
	noteForeign(clusters)
	return clusters, nil
}

func (g *group) judge() analyze.Cluster {
	g.relate()
	if g.placeByContent() {
		g.relate()
	}
	g.proveIndexes()
	for _, m := range g.members {
		m.Tier = m.tierOf()
	}
	g.findCopies()
	g.chooseReference()
	g.findForks()
	g.decide()
	g.report()
	c := analyze.Cluster{System: "cowsql", Verdict: g.verdict, Findings: g.findings}
	products := map[string]bool{}
	for _, m := range g.members {
		c.Nodes = append(c.Nodes, m.Node)
		products[m.Node.Product] = true
		m.draw()
	}
	g.drawForks()
	c.Product = strings.Join(sortedKeys(products), ", ")
	c.Histories = g.histories()
	c.Plans = g.plans()
	g.addPeers(&c)
	analyze.SortFindings(c.Findings)
	return c
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// relation returns how members i and j compare; the diffs are symmetric.
func (g *group) relation(i, j int) relation {
	if i < j {
		return g.relations[[2]int{i, j}]
	}
	r := g.relations[[2]int{j, i}]
	r.Shift = -r.Shift
	return r
}

// groupNodes puts nodes of one cluster together: nodes whose logs share
// entries, and nodes that name each other in their configurations.
func groupNodes(ctx context.Context, nodes []*analyze.Node, o analyze.Options) []*group {
	parent := make([]int, len(nodes))
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
	for i := range nodes {
		for j := i + 1; j < len(nodes); j++ {
			if related(nodes[i].Model.(*model), nodes[j].Model.(*model)) {
				parent[root(j)] = root(i)
			}
		}
	}
	byRoot := map[int]*group{}
	var out []*group
	for i, n := range nodes {
		g := byRoot[root(i)]
		if g == nil {
			g = &group{ctx: ctx, options: o, relations: map[[2]int]relation{}}
			byRoot[root(i)] = g
			out = append(out, g)
		}
		g.members = append(g.members, &member{model: n.Model.(*model)})
	}
	for _, g := range out {
		slices.SortFunc(g.members, func(a, b *member) int { return cmp.Compare(a.name(), b.name()) })
	}
	return out
}

// related reports whether two nodes belong to one cluster.
func related(a, b *model) bool {
	r := compare(a.Log, b.Log)
	if r.From == 1 && r.overlap() && r.Shift == 0 {
		// Every log begins with the configuration of its bootstrap.
		x, _, _ := a.Log.at(1)
		y, _, _ := b.Log.at(1)
		if x.Type == cowsql.Change && y.Type == cowsql.Change {
			return x.sameContent(y)
		}
	}
	if r.Shift != 0 || r.overlap() && r.Equal > (r.To-r.From)/2 {
		return true
	}
	ca, cb := a.everyServer(), b.everyServer()
	if a.ID != 0 && a.ID == b.ID && a.Node.Identity.Address == b.Node.Identity.Address && !bootstraps(a.ID) {
		return true
	}
	shared := 0
	for id, address := range ca {
		if cb[id] == address {
			shared++
			if !bootstraps(id) && id > 1<<20 { // a random id is shared by no two clusters
				return true
			}
		}
	}
	return shared >= 2
}

func bootstraps(id uint64) bool { return id == 1 || id == bootstrapID }

// everyServer returns all servers that the node's files ever name, by id.
func (m *model) everyServer() map[uint64]string {
	out := map[uint64]string{}
	if m.ID != 0 {
		out[m.ID] = m.Node.Identity.Address
	}
	for _, s := range m.snapshots() {
		for _, x := range s.Meta.Meta.Configuration.Servers {
			out[x.ID] = x.Address
		}
	}
	for _, c := range m.Log.configurations() {
		for _, x := range c.Configuration.Servers {
			out[x.ID] = x.Address
		}
	}
	if len(out) <= 1 && m.Layout.Cluster != nil {
		for _, n := range m.Layout.Cluster.Nodes {
			if n.ID.V != 0 {
				out[n.ID.V] = n.Address.V
			}
		}
	}
	return out
}

// chooseReference takes the newest configuration of the nodes that reach
// furthest, and tells who is a member, a spare, removed or missing.
func (g *group) chooseReference() {
	order := slices.Clone(g.members)
	slices.SortStableFunc(order, func(a, b *member) int { return -a.compare(b) })
	for _, m := range order {
		index, c := m.trueConfiguration()
		if c != nil && (g.reference == nil || m.compare(g.refNode) == 0 && index > g.refIndex) {
			g.reference, g.refIndex, g.refNode = c, index, m
		}
	}
	present := map[uint64]bool{}
	for _, m := range g.members {
		n := m.Node
		n.Member, n.Role = "unknown", ""
		if g.reference == nil {
			continue
		}
		for i, s := range g.reference.Servers {
			if s.ID == m.ID && m.ID != 0 {
				m.Server = &g.reference.Servers[i]
				n.Role = s.Role.String()
				n.Member = "yes"
				present[s.ID] = true
				if n.Identity.Address == "" {
					n.Identity.Address = s.Address
				}
			}
		}
		if m.Server == nil && m.ID != 0 {
			n.Member = "no"
		}
	}
	if g.reference == nil {
		return
	}
	for _, s := range g.reference.Servers {
		if !present[s.ID] && !g.unknownMembers() && !g.declaredLost(s) {
			g.missing = append(g.missing, s)
		}
	}
}

// unknownMembers reports whether there are as many nodes without an identity
// as servers: then nobody can say who is missing.
func (g *group) unknownMembers() bool {
	n := 0
	for _, m := range g.members {
		if m.ID == 0 && m.Copy == "" {
			n++
		}
	}
	return n > 0 && len(g.members) >= len(g.reference.Servers)
}

// declaredLost reports whether --lost names the server: by address, id, or the
// name that the application has for it.
func (g *group) declaredLost(s cowsql.Server) bool {
	for _, lost := range g.options.Lost {
		if lost == s.Address || lost == strconv.FormatUint(s.ID, 10) {
			return true
		}
		if slices.ContainsFunc(g.members, func(m *member) bool { return m.memberName(s.ID) == lost && m.ID != s.ID }) {
			return true
		}
	}
	return false
}

// addPeers adds all servers that the files ever name.
func (g *group) addPeers(c *analyze.Cluster) {
	for _, m := range g.members {
		servers := m.everyServer()
		for _, id := range slices.Sorted(maps.Keys(servers)) {
			names := []string{servers[id]}
			for _, o := range g.members {
				names = append(names, o.memberName(id))
			}
			c.AddPeer(append(names, strconv.FormatUint(id, 10))...)
		}
	}
}

// trueConfiguration is the newest configuration that no recovery wrote.
func (m *model) trueConfiguration() (uint64, *cowsql.Configuration) {
	var index uint64
	var out *cowsql.Configuration
	if s := m.newestSnapshot(); s != nil {
		index, out = s.Meta.Meta.ConfigurationIndex, &s.Meta.Meta.Configuration
	}
	for _, c := range m.Log.configurations() {
		made := slices.ContainsFunc(m.Log.Artificial, func(a artificial) bool { return a.Index == c.Index && a.Sure })
		if c.Damage == nil && c.Index > index && !made {
			index, out = c.Index, &c.Configuration
		}
	}
	return index, out
}

// findCopies finds directories of the same node: the furthest counts.
func (g *group) findCopies() {
	for _, m := range g.members {
		for _, o := range g.members {
			if m == o || m.ID == 0 || m.ID != o.ID || m.Node.Identity.Address != o.Node.Identity.Address || m.Copy != "" || o.Copy != "" {
				continue
			}
			c := m.compare(o)
			if m.Layout.Stale != o.Layout.Stale {
				c = 1
				if m.Layout.Stale {
					c = -1
				}
			}
			if c < 0 || c == 0 && m.name() > o.name() {
				m.Copy = o.name()
			}
		}
		if m.Layout.Stale && m.Copy == "" {
			m.Copy = "(" + m.Layout.Note + ")"
		}
	}
}

// tierOf says what the directory needs before a server holds all its entries.
func (m *model) tierOf() tier {
	h, l := m.Log, m.Load
	if h.Floating != "" || len(h.Unplaced) > 0 && m.wantsUnplaced() {
		return lost
	}
	end := m.Node.Position.Index
	if l.starts() && l.LastIndex >= end && !l.LosesRows {
		return ready
	}
	base, ok := m.base()
	if !ok {
		return needy
	}
	if h.contiguousFrom(base+1) < end {
		return needy
	}
	if !l.starts() && (l.Stage == "raft_init" || l.Stage == "raft_bootstrap") {
		return ready
	}
	return mendable
}

// proveIndexes uses other members to settle the indexes of open segments. The
// same entries at the same indexes take back a doubt. The same entries at
// other indexes show that one log lost a file in front of them: the one in
// which they stand lower, since a lost file can only lower an index.
func (g *group) proveIndexes() {
	for i, m := range g.members {
		for j, o := range g.members {
			if i == j {
				continue
			}
			r := g.relation(i, j)
			switch {
			case r.Shift < 0:
				m.Log.Floating = fmt.Sprintf("every entry stands %s lower than on %s, which has the same entries: what was in front of them is missing", plural(uint64(-r.Shift), "index", "indexes"), o.name())
			case m.Log.Floating != "" && o.Log.Floating == "" && r.Equal > 0 && len(r.Diffs) == 0 && r.To == min(m.Log.End, o.Log.End):
				m.Log.Floating = ""
			}
		}
	}
}

// wantsUnplaced reports whether valid batches that cannot be placed lie
// behind the end of what can.
func (m *model) wantsUnplaced() bool {
	for _, s := range m.Log.Unplaced {
		if strings.HasPrefix(s.File, "open-") {
			return true
		}
	}
	return false
}

// base returns the index of the newest snapshot that is sound and from which
// the log reads on without a hole, or 0 for a log that starts at 1.
func (m *model) base() (uint64, bool) {
	list := m.snapshots()
	for i := len(list) - 1; i >= 0; i-- {
		s := list[i]
		if s.Meta.Meta.Stop != cowsql.MetaGood || !s.sound() {
			continue
		}
		if end := m.Log.contiguousFrom(s.Index + 1); end >= m.Log.End || i == 0 && m.Log.First != 1 {
			return s.Index, true
		}
	}
	return 0, m.Log.First == 1 || len(m.Log.Stretches) == 0 && len(list) == 0
}

// sound reports whether nothing is wrong with a snapshot's data, as far as it
// was read.
func (s *snapshot) sound() bool {
	return s.Data.Snapshot == nil || len(s.Data.Damage) == 0 && s.Data.Snapshot.Missing == 0 && s.Data.Snapshot.LZ4.Err == "" && s.Data.Suspect == ""
}

// decide fills the verdict.
func (g *group) decide() {
	v := &g.verdict
	v.MostRecent, v.MostRecentStartable, v.Missing = []string{}, []string{}, []string{}
	for _, s := range g.missing {
		v.Missing = append(v.Missing, s.Address)
	}
	slices.Sort(v.Missing)
	v.Provisional = len(v.Missing) > 0
	g.startable()
	var candidates []*member
	for _, m := range g.members {
		if m.candidate() && (m.Tier <= mendable || m.Tier == needy && g.fillable(m)) {
			candidates = append(candidates, m)
		}
	}
	if g.undecidedFork() {
		v.Reason = g.forkReason()
		return
	}
	if len(candidates) == 0 {
		v.Reason = g.noCandidateReason()
		return
	}
	best := slices.MaxFunc(candidates, func(a, b *member) int { return a.compare(b) })
	if reason := g.unsettled(best); reason != "" {
		v.Reason = reason
		return
	}
	least := lost
	for _, m := range candidates {
		if m.compare(best) == 0 {
			least = min(least, m.Tier)
		}
	}
	var winners []*member
	for _, m := range candidates {
		if m.compare(best) == 0 && m.Tier == least {
			winners = append(winners, m)
			v.MostRecent = append(v.MostRecent, m.name())
		}
	}
	slices.Sort(v.MostRecent)
	v.Decided = true
	v.Recommended = recommend(winners).name()
	v.Reason = g.winReason(winners, candidates)
}

// candidate reports whether the node's data may be continued from at all.
func (m *member) candidate() bool {
	return m.Wrong == "" && m.Copy == "" && m.Node.Member != "no" &&
		(m.Server == nil || m.Server.Role != cowsql.Spare || m.Node.Position.Index > 0) && m.Node.Position.Index > 0
}

// startable applies the servers' own rule to the directories that start.
func (g *group) startable() {
	var best *load
	for _, m := range g.members {
		if m.Load.starts() && m.Node.Member != "no" && m.Copy == "" && (best == nil || cmp.Or(cmp.Compare(m.Load.LastTerm, best.LastTerm), cmp.Compare(m.Load.LastIndex, best.LastIndex)) > 0) {
			best = m.Load
		}
	}
	for _, m := range g.members {
		if best != nil && m.Load.starts() && m.Node.Member != "no" && m.Copy == "" && m.Load.LastTerm == best.LastTerm && m.Load.LastIndex == best.LastIndex {
			g.verdict.MostRecentStartable = append(g.verdict.MostRecentStartable, m.name())
		}
	}
	slices.Sort(g.verdict.MostRecentStartable)
}

// recommend breaks ties: a voter before a standby, a directory that starts as
// it is before one that must be mended, the longer log, the first name.
func recommend(winners []*member) *member {
	return slices.MinFunc(winners, func(a, b *member) int {
		voter := func(m *member) int {
			if m.Server != nil && m.Server.Role != cowsql.Voter {
				return 1
			}
			return 0
		}
		trouble := func(m *member) int {
			if m.Node.Start.Outcome == analyze.Clean {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(voter(a), voter(b)), cmp.Compare(trouble(a), trouble(b)), cmp.Compare(a.Log.First, b.Log.First), cmp.Compare(a.name(), b.name()))
	})
}

// fillable reports whether other members hold every entry that m lacks.
func (g *group) fillable(m *member) bool {
	base, ok := m.base()
	if !ok && m.Log.First > 1 {
		base = 0
	}
	for index := base + 1; index <= m.Node.Position.Index; {
		if end := m.Log.contiguousFrom(index); end >= index {
			index = end + 1
			continue
		}
		if _, ok := g.donor(m, index); !ok {
			return false
		}
		index++
	}
	return true
}

// donor returns a member that holds the entry at index in the history of m.
func (g *group) donor(m *member, index uint64) (*member, bool) {
	for j, o := range g.members {
		if o == m || o.Wrong != "" || o.Branch != m.Branch {
			continue
		}
		r := g.relation(slices.Index(g.members, m), j)
		if r.Equal == 0 || slices.ContainsFunc(r.Diffs, func(d span) bool { return d.First <= index+1 && index <= d.Last+1 }) {
			continue
		}
		if _, _, ok := o.Log.at(index); ok {
			return o, true
		}
	}
	return nil, false
}

func position(p analyze.Position) string { return fmt.Sprintf("%d^%d", p.Term, p.Index) }
