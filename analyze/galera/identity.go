package galera

import (
	"slices"

	"github.com/lastwrite/lastwrite/parse/galera"
)

// self returns the process UUID and the name of a node in its last run, as
// far as its own files tell.
func (m *model) self() (u galera.UUID, name string) {
	if m.View != nil {
		u = m.View.MyUUID
	}
	if u.IsZero() {
		u = m.Log.UUID
	}
	name = m.Layout.Server.NodeName.V
	if name == "" && (m.Log.UUID.IsZero() || u.IsZero() || m.Log.UUID.SameProcess(u)) {
		name = m.Log.Name
	}
	if name == "" {
		name = m.named(u)
	}
	if name == "" && m.knows(m.Node.Name) {
		name = m.Node.Name // directories are named after nodes more often than not
	}
	return u, name
}

// knows reports whether the node saw a member of that name.
func (m *model) knows(name string) bool {
	for _, s := range m.Sightings {
		if slices.ContainsFunc(s.Members, func(p peer) bool { return p.Name == name && !p.isArbitrator() }) {
			return true
		}
	}
	return false
}

// named looks a process up in what the node saw.
func (m *model) named(u galera.UUID) string {
	if u.IsZero() {
		return ""
	}
	for _, s := range slices.Backward(m.Sightings) {
		for _, p := range s.Members {
			if p.Name != "" && p.UUID.SameProcess(u) {
				return p.Name
			}
		}
	}
	return ""
}

// is reports whether a peer of a view is this node: its process, or another
// run of the node of that name.
func (m *model) is(p peer) bool {
	u, name := m.self()
	return !u.IsZero() && u.SameProcess(p.UUID) || name != "" && name == p.Name && !m.Arbitrator
}

// isArbitrator reports whether a peer is garbd: it serves no clients, so it
// has no address for them (garb/garb_gcs.cpp).
func (p peer) isArbitrator() bool { return p.Address == "" }

// lastView returns the newest primary configuration that the node saw in its
// history, nil if none.
func (m *model) lastView() *sighting {
	for i := len(m.Sightings) - 1; i >= 0; i-- {
		if s := &m.Sightings[i]; s.Primary && len(s.Members) > 0 && s.UUID == m.UUID {
			return s
		}
	}
	return nil
}

// outlived returns the last configuration of a's history that proves b's
// directory to be an old copy: b, or another run of its node, is a member
// after the end of that directory.
func (g *group) outlived(a, b *model) *sighting {
	if a == b || a.UUID != b.UUID || !b.Span.Bounded || !a.Span.Known || g.conflict(a, b) {
		return nil
	}
	end := b.Span.Upper
	if b.Cache != nil && b.Cache.UUID == b.UUID {
		end = max(end, b.Cache.received()) // if not applied
	}
	own, _ := b.self()
	var found *sighting
	seen := 0
	for i := len(a.Sightings) - 1; i >= 0; i-- {
		s := &a.Sightings[i]
		if s.UUID != a.UUID || !s.Primary || s.Seqno <= end || s.Seqno > a.Span.Lower {
			continue
		}
		for _, p := range s.Members {
			if !b.is(p) {
				continue
			}
			if found == nil {
				found = s
			}
			if !own.IsZero() && !own.SameProcess(p.UUID) {
				return found // it was started again since
			}
			seen++
		}
	}
	if seen > 1 { // once may be the moment at which it died
		return found
	}
	return nil
}
