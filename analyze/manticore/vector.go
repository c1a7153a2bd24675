package manticore

import (
	"fmt"
	"slices"

	"github.com/lastwrite/lastwrite/parse/manticore"
)

// A relation is how the tables of one member stand to those of another.
type relation struct {
	Order    int      // of the first against the second
	OK       bool     // Order is proven
	Diverged bool     // each has what the other lacks
	Why      []string // what differs, table by table
	Fork     *fork    // the same transaction with other content
	Truncate string   // a table that one of them may have emptied
}

// A fork is where two members hold other content under the same number.
type fork struct {
	Table string // "" if the write sets differ
	At    uint64 // TID, or seqno
	To    uint64 // last number that both have
}

// relate compares two members. The transactions of a table are applied in one
// order everywhere, so that a node with the higher TID holds all that the other
// holds (src/binlog.cpp SingleBinlog_c::BinlogCommit counts local and
// replicated commits alike).
func (g *group) relate(a, b *member) relation {
	if r, ok := g.rows[[2]*member{a, b}]; ok {
		return r
	}
	r := compare(a, b)
	g.rows[[2]*member{a, b}] = r
	return r
}

func compare(a, b *member) relation {
	r := relation{}
	if a.UUID != b.UUID {
		r.Why = append(r.Why, "the state UUIDs differ")
		return r
	}
	if f := forkOf(a, b); f != nil {
		r.Diverged, r.Fork = true, f
		return r
	}
	up, down, unknown := false, false, false
	note := func(o int, format string, args ...any) {
		up, down = up || o > 0, down || o < 0
		r.Why = append(r.Why, fmt.Sprintf(format, args...))
	}
	epochs := a.Entry != nil && b.Entry != nil && a.Entry.Epoch > 0 && b.Entry.Epoch > 0 && a.Entry.Epoch != b.Entry.Epoch
	if epochs {
		note(sign(a.Entry.Epoch-b.Entry.Epoch), "cluster_epoch %d against %d", a.Entry.Epoch, b.Entry.Epoch)
	}
	for _, name := range union(a.Tables, b.Tables) {
		inA, inB := slices.Contains(a.Tables, name), slices.Contains(b.Tables, name)
		if inA != inB {
			// A later ALTER CLUSTER explains it, or one of them lost the table.
			if !epochs {
				note(sign(b2i(inA)-b2i(inB)), "table %s is replicated by one of them only", name)
			}
			continue
		}
		ta, okA := a.tid(name)
		tb, okB := b.tid(name)
		switch {
		case okA && okB && ta != tb:
			note(sign(ta-tb), "table %s at TID %d against %d", name, ta, tb)
		case okA && okB:
			if x, y := a.Host.Tables[name], b.Host.Tables[name]; x.truncated() && (y.Meta.Documents > 0 || y.Fresh) || y.truncated() && (x.Meta.Documents > 0 || x.Fresh) {
				r.Truncate = name
			}
		case a.Host.Tables[name] == nil != (b.Host.Tables[name] == nil):
			note(sign(b2i(a.Host.Tables[name] != nil)-b2i(b.Host.Tables[name] != nil)), "table %s is missing on one of them", name)
		default:
			unknown = true
		}
	}
	switch {
	case up && down:
		r.Diverged = true
	case up || down:
		r.Order, r.OK = b2order(up), true
		if o, ok := seqnoOrder(a, b, true); ok && o == -r.Order {
			// Two clean stops, and the seqnos say the opposite of the tables.
			r.Order, r.OK, r.Diverged = 0, false, true
			r.Why = append(r.Why, fmt.Sprintf("the seqnos %d and %d say the opposite", a.State.Seqno, b.State.Seqno))
		}
	default:
		g, ok := seqnoOrder(a, b, !unknown && r.Truncate == "")
		switch {
		case ok:
			r.Order, r.OK = g, true
			if g != 0 {
				r.Why = append(r.Why, "the seqno alone tells them apart")
				r.Truncate = ""
			}
		case r.Truncate != "":
			r.Order, r.OK = truncateOrder(a, b, r.Truncate)
		default:
			r.OK = !unknown
		}
	}
	return r
}

// seqnoOrder orders by positions that are exact. With cleanOnly those of
// shared memory, which can be ahead of the tables, do not count.
func seqnoOrder(a, b *member, cleanOnly bool) (int, bool) {
	x, okA := a.exact(cleanOnly)
	y, okB := b.exact(cleanOnly)
	return sign(x - y), okA && okB
}

// exact returns the position that the provider or the server wrote down.
func (p *part) exact(cleanOnly bool) (int64, bool) {
	switch {
	case p.clean():
		return p.State.Seqno, true
	case !cleanOnly && p.Memory != nil && p.Memory.UUID == p.uuid():
		return p.Memory.Seqno, true
	}
	return 0, false
}

// truncateOrder orders two members of which one has emptied a table: TRUNCATE
// is a write set, so the one that received more is the later one if it is
// also the empty one.
func truncateOrder(a, b *member, name string) (int, bool) {
	if a.Cache == nil || b.Cache == nil || a.Cache.Last == b.Cache.Last {
		return 0, false
	}
	o := sign(a.Cache.Last - b.Cache.Last)
	if o > 0 == a.Host.Tables[name].truncated() {
		return o, true
	}
	return 0, false
}

func sign[N int | int64](n N) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func b2order(up bool) int {
	if up {
		return 1
	}
	return -1
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// forkOf looks for transactions of the same number with other content, in the
// logs and in the write-set caches.
func forkOf(a, b *member) *fork {
	for _, name := range union(a.Tables, b.Tables) {
		if at, to, ok := forkAt(a.Host, b.Host, name); ok {
			return &fork{name, at, to}
		}
	}
	if a.Cache != nil && b.Cache != nil && a.Cache.UUID == b.Cache.UUID {
		if seqno, ok := a.Cache.Index.FirstDifference(&b.Cache.Index); ok {
			return &fork{"", uint64(seqno), uint64(min(a.Cache.Last, b.Cache.Last))}
		}
	}
	return nil
}

// forkAt compares the payloads of two logs of one table. A difference counts
// if it lasts: from a TID on to the last one that both have, nothing is equal
// any more, and rows are among it.
func forkAt(a, b *host, name string) (at, to uint64, ok bool) {
	c := compareLogs(a, b, name)
	return c.At, c.Last, c.Rows
}

// A contents says how the payloads of two logs of one table compare.
type contents struct {
	First, Last      uint64 // TIDs that both hold, 0 and 0 if there are none
	Equal, Different uint64
	At               uint64 // TID from which on nothing is equal, 0 if the last one is
	Rows             bool   // rows are among what differs from there on
}

func compareLogs(a, b *host, name string) contents {
	x, y := a.digests(name), b.digests(name)
	if len(x) > len(y) {
		x, y = y, x
	}
	var common []uint64
	for tid := range x {
		if _, ok := y[tid]; ok {
			common = append(common, tid)
		}
	}
	if len(common) == 0 {
		return contents{}
	}
	slices.Sort(common)
	c := contents{First: common[0], Last: common[len(common)-1]}
	for _, tid := range slices.Backward(common) {
		if x[tid] == y[tid] {
			c.Equal++
			continue
		}
		c.Different++
		if c.Equal == 0 {
			c.At, c.Rows = tid, c.Rows || x[tid].Data || y[tid].Data
		}
	}
	return c
}

// digests returns what the logs of a host hold of a table, by TID.
func (h *host) digests(name string) map[uint64]manticore.Digest {
	out := map[uint64]manticore.Digest{}
	for _, l := range h.Logs {
		if l.Missing || l.Version < 15 {
			continue
		}
		for i := range l.Tables {
			if l.Tables[i].Name == name {
				for tid, d := range l.Tables[i].Digests.All {
					out[tid] = d
				}
			}
		}
	}
	return out
}
