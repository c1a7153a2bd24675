package galera

import (
	"cmp"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
)

// findMissing lists the data nodes of the newest configuration that nobody
// gave: they may hold what no given node holds. Who left before is behind.
func (g *group) findMissing() {
	v := g.newestView()
	if v == nil {
		return
	}
	unnamed := 0 // directories that may be any member
	for _, m := range g.nodes {
		if u, name := m.self(); u.IsZero() && name == "" {
			unnamed++
		}
	}
	var out []peer
	for _, p := range v.Members {
		switch {
		case p.isArbitrator(), slices.Contains(g.options.Lost, p.Name), slices.Contains(g.options.Lost, p.Address), slices.Contains(g.options.Lost, p.UUID.String()):
		case slices.ContainsFunc(g.all, func(m *model) bool { return m.is(p) }):
		case slices.ContainsFunc(g.nodes, func(m *model) bool { return m.Node.Name == p.Name }):
		default:
			out = append(out, p)
		}
	}
	if len(out) > unnamed {
		g.missing = out
	}
}

// addPeers adds all members of all configurations that any node saw.
func (g *group) addPeers(c *analyze.Cluster) {
	add := func(p peer) {
		address, id := p.Address, p.UUID.String()
		if address == unknownAddress {
			address = ""
		}
		if p.UUID.IsZero() {
			id = ""
		}
		c.AddPeer(p.Name, address, id)
	}
	for _, m := range g.all {
		for _, s := range m.Sightings {
			for _, p := range s.Members {
				add(p)
			}
		}
	}
	if s := g.savedView(); s != nil {
		for _, p := range s.Members {
			add(p)
		}
	}
}

// newestView returns the configuration with the highest seqno that a usable
// node committed; after a split brain each side has its own, and the highest
// of all is taken.
func (g *group) newestView() *sighting {
	var best *sighting
	for _, m := range g.usable() {
		if s := m.lastView(); s != nil && (best == nil || s.Seqno > best.Seqno) {
			best = s
		}
	}
	if best == nil {
		best = g.savedView()
	}
	return best
}

// savedView is the newest gvwstate.dat of a usable node as a configuration, for
// caches and logs that do not reach back to the last one. It has no names but
// those that are known from elsewhere.
func (g *group) savedView() *sighting {
	var newest *model
	for _, m := range g.usable() {
		if m.View != nil && m.View.Read && (newest == nil || m.View.View.Compare(&newest.View.View) > 0) {
			newest = m
		}
	}
	if newest == nil {
		return nil
	}
	s := &sighting{change: change{Primary: true}, UUID: newest.UUID, Seqno: newest.Span.Lower, Source: newest.View.ViewIDField.Span}
	for _, x := range newest.View.Members {
		p := peer{UUID: x.UUID, Name: g.nameOf(x.UUID), Address: unknownAddress}
		if slices.ContainsFunc(g.all, func(m *model) bool { u, _ := m.self(); return m.Arbitrator && u.SameProcess(x.UUID) }) {
			p.Address = ""
		}
		s.Members = append(s.Members, p)
	}
	return s
}

// member says whether a directory belongs to a member of the cluster.
func (g *group) member(m *model) string {
	if m.Condition == fresh {
		return "unknown"
	}
	if g.copyOf(m) != nil {
		return "no"
	}
	return "yes"
}

// copyOf returns the directory that m is an older copy of, or that proves m
// to be one; nil if m stands for itself.
func (g *group) copyOf(m *model) *sighting {
	if !m.Condition.usable() {
		return nil
	}
	for _, o := range g.usable() {
		if s := g.outlived(o, m); s != nil {
			return s
		}
	}
	return nil
}

// arbitrators returns the names of the arbitrators that any node saw, and
// whether one was a member of the newest configuration.
func (g *group) arbitrators() (names []string, last bool) {
	for _, m := range g.all {
		for _, s := range m.Sightings {
			for _, p := range s.Members {
				if p.isArbitrator() && !slices.Contains(names, p.Name) {
					names = append(names, p.Name)
				}
			}
		}
	}
	if v := g.newestView(); v != nil {
		last = slices.ContainsFunc(v.Members, peer.isArbitrator)
	}
	slices.Sort(names)
	return names, last
}

// identity is what the files say about who a node is.
func (m *model) identity() analyze.Identity {
	u, name := m.self()
	id := analyze.Identity{Name: name, Address: cmp.Or(m.Layout.Server.NodeAddress.V, m.address(name))}
	if !u.IsZero() {
		id.UUID = u.String()
	}
	if m.State != nil && !m.State.UUID.IsZero() {
		id.ID, id.Source = m.State.UUID.String(), m.State.File
	} else if !m.UUID.IsZero() {
		id.ID, id.Source = m.UUID.String(), "ibdata1"
	}
	return id
}

// address looks the client address of a member up.
func (m *model) address(name string) string {
	for _, s := range slices.Backward(m.Sightings) {
		for _, p := range s.Members {
			if name != "" && p.Name == name {
				return p.Address
			}
		}
	}
	return ""
}
