package galera

// How a node would join another one.
const (
	ist = "ist" // only the missing write sets
	sst = "sst" // a copy of everything
)

// serves returns the lowest seqno that the node's cache can send after a start
// with its position: the provider cuts off what lies beyond the position, and
// drops the whole cache when that ends before it (gcache/src/GCache_seqno.cpp
// seqno_reset).
func (m *model) serves(position uint64) uint64 {
	c := m.Cache
	if c == nil || c.UUID != m.UUID || c.First == 0 || c.Last < position || c.First > position {
		return position + 1
	}
	return c.First
}

// A join is a forecast of one node joining another.
type join struct {
	How    string // ist or sst
	Events uint64 // to be sent by IST
	Bytes  uint64 // of them, as they stand in the donor's cache
	Why    string // of an SST
	Ahead  uint64 // seqnos that the joiner has and the donor has not
}

// joinAsIs forecasts m joining donor with the directories as they are and
// the recovered position passed on (galera/src/replicator_str.cpp).
func (m *model) joinAsIs(donor *model) join {
	switch {
	case m.State == nil:
		return join{How: sst, Why: "grastate.dat is missing"}
	case m.State.UUID.IsZero():
		return join{How: sst, Why: "grastate.dat holds no group UUID"}
	}
	if m.Engine.Refusal != "" {
		return join{How: sst, Why: "the server does not open it; an empty directory in its place joins"}
	}
	position := m.Span.Lower
	u, seqno, ok := m.claims()
	switch {
	case ok && u != donor.UUID, !ok && m.State.UUID != donor.UUID:
		return join{How: sst, Why: "its group UUID is another one"}
	case ok:
		position = uint64(seqno)
	case m.UUID != m.State.UUID:
		return join{How: sst, Why: "grastate.dat and InnoDB name different group UUIDs"}
	case !m.Span.Known:
		return join{How: sst, Why: "its position is not known"}
	}
	if m.Condition == incomplete {
		return join{How: sst, Why: m.Why}
	}
	return m.joinAt(donor, position)
}

// joinAt forecasts m joining donor from a position with the same group UUID.
// The provider compares numbers only: after a split brain a node joins the
// other side incrementally, and keeps its different rows.
func (m *model) joinAt(donor *model, position uint64) join {
	at := donor.Span.Lower
	switch {
	case position > at:
		return join{How: sst, Why: "it is ahead of the donor", Ahead: position - at}
	case position+1 < donor.serves(at):
		return join{How: sst, Why: "the donor's cache does not reach back to its position"}
	}
	t := donor.Cache.tally(position+1, at)
	return join{How: ist, Events: at - position, Bytes: t.Bytes}
}
