package manticore

import (
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
)

// A proof is the difference between seqno and the sum of TIDs, which is the
// same on all undamaged nodes of a cluster: every write set but TRUNCATE and
// ALTER CLUSTER counts one transaction of one table (measured). A node that
// lost records of its log shows a larger difference.
type proof struct {
	K      int64
	OK     bool
	Voters []string // members whose files show K
	Votes  []vote   // all that was seen
}

// A vote is the difference that one source on one member shows.
type vote struct {
	Member *member
	K      int64
	Seqno  int64
	Source string // grastate.dat, shared memory, galera.cache
}

// sum is the number of transactions in the member's replicated tables.
func (m *member) sum() (sum int64, ok bool) {
	if len(m.Tables) == 0 {
		return 0, false
	}
	for _, name := range m.Tables {
		tid, ok := m.tid(name)
		if !ok || m.Host.Tables[name].Refused != "" && m.Host.Tables[name].Meta == nil {
			return 0, false
		}
		sum += tid
	}
	return sum, true
}

// shape is what has to be equal for differences to be comparable.
func (m *member) shape() string {
	if m.Entry == nil {
		return ""
	}
	names := slices.Clone(m.Tables)
	slices.Sort(names)
	return fmt.Sprint(m.UUID, m.Entry.Epoch, names)
}

// votes returns what the member's own files show.
func (m *member) votes() []vote {
	sum, ok := m.sum()
	if !ok || m.Host.BinlogAway || m.Host.BinlogOff {
		return nil
	}
	var out []vote
	if m.clean() {
		out = append(out, vote{m, m.State.Seqno - sum, m.State.Seqno, "grastate.dat"})
	}
	if m.Memory != nil && m.Memory.UUID == m.UUID && m.Memory.Seqno >= 0 {
		out = append(out, vote{m, m.Memory.Seqno - sum, m.Memory.Seqno, "shared memory"})
	}
	if m.Cache != nil && m.Cache.UUID == m.UUID && m.Cache.Last > 0 {
		out = append(out, vote{m, m.Cache.Last - sum, m.Cache.Last, "galera.cache"})
	}
	return out
}

// prove looks for the smallest difference that at least two members with the
// same list of tables show, and no other member a smaller one. Records that
// are lost, and write sets that were received and never applied, only make it
// larger.
func (g *group) prove(members []*member) proof {
	var p proof
	shapes := map[string][]*member{}
	for _, m := range members {
		if s := m.shape(); s != "" {
			shapes[s] = append(shapes[s], m)
		}
	}
	if len(g.maxima) == 0 {
		return p
	}
	for _, m := range shapes[g.maxima[0].shape()] {
		p.Votes = append(p.Votes, m.votes()...)
	}
	if len(p.Votes) == 0 {
		return p
	}
	values := map[int64][]string{}
	for _, v := range p.Votes {
		if name := v.Member.name(); !slices.Contains(values[v.K], name) {
			values[v.K] = append(values[v.K], name)
		}
	}
	smaller := []string{} // members that show a smaller difference
	for _, k := range sortedKeys(values) {
		if len(values[k]) >= 2 {
			p.K, p.Voters = k, values[k]
			// Shared memory lags behind by a moment, and write sets in page
			// files are not seen: it does not count if the same member has
			// another source for the number.
			p.OK = !slices.ContainsFunc(smaller, func(name string) bool { return !slices.Contains(values[k], name) })
			return p
		}
		smaller = append(smaller, values[k]...)
	}
	return p
}

// seqno returns the position that the member's tables prove, and whether it
// may be written into its grastate.dat: the tables must then hold exactly the
// write sets up to it, which is certain with one table, or if nothing is
// missing.
func (g *group) seqno(m *member) (seqno int64, proven, writable bool) {
	p := g.seqnos
	sum, ok := m.sum()
	same := len(g.maxima) > 0 && m.shape() != "" && m.shape() == g.maxima[0].shape()
	if !p.OK || !ok || !same || m.Host.BinlogAway || m.Host.BinlogOff {
		if m.clean() && m.lost(g) == 0 {
			return m.State.Seqno, true, true
		}
		return -1, false, false
	}
	return sum + p.K, true, m.ahead(g) == 0 && (len(m.Tables) == 1 || m.lost(g) == 0) && len(m.Host.Replay.Silent) == 0
}

// ahead is how many write sets the shared memory, or the grastate.dat of a
// clean stop, counts that the tables do not hold.
func (m *member) ahead(g *group) int64 {
	var out int64
	for _, v := range g.seqnos.Votes {
		if v.Member == m && v.Source != "galera.cache" && g.seqnos.OK {
			out = max(out, v.K-g.seqnos.K)
		}
	}
	return out
}

// lost is the same with write sets that the node only received.
func (m *member) lost(g *group) int64 {
	out := m.ahead(g)
	for _, v := range g.seqnos.Votes {
		if v.Member == m && g.seqnos.OK {
			out = max(out, v.K-g.seqnos.K)
		}
	}
	return out
}

// position is how far the member's history goes.
func (g *group) position(m *member) analyze.Position {
	p := analyze.Position{History: m.UUID, Bound: analyze.None}
	seqno, proven, _ := g.seqno(m)
	switch {
	case proven:
		p.Index, p.Bound = uint64(max(seqno, 0)), analyze.Exact
	case m.clean():
		p.Index, p.Bound = uint64(m.State.Seqno), analyze.Exact
	case m.Memory != nil && m.Memory.UUID == m.UUID && m.Memory.Seqno >= 0:
		p.Index, p.Bound = uint64(m.Memory.Seqno), analyze.Exact
	}
	if m.Host.BinlogAway && p.Bound == analyze.Exact {
		p.Bound = analyze.AtLeast
	}
	return p
}
