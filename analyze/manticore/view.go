package manticore

import (
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
)

// A seat is the place of a host in one cluster.
type seat struct {
	g *group
	m *member
}

// A View is a judged host for commands that compare hosts: diff.
type View struct{ h *host }

// ViewOf returns the view of a host of this family.
func ViewOf(n *analyze.Node) (View, bool) {
	h, ok := n.Model.(*host)
	return View{h}, ok
}

// Server names the release of the server that the files are from.
func (v View) Server() string { return v.h.Server.String() }

// A Comparison is how two hosts compare, cluster by cluster.
type Comparison struct {
	Shared       []Shared
	OnlyA, OnlyB []Lone
}

// A Lone is a cluster that one of two hosts is in.
type Lone struct {
	Name, UUID string
	Namesake   bool // the other host is in a cluster of this name too, and it is another one
}

// Shared is one cluster that both hosts are in, or were.
type Shared struct {
	Name     string
	A, B     Side
	Order    int      // of the first against the second, if Proven
	Proven   bool     // Order is
	Diverged bool     // each has what the other lacks
	Why      []string // what differs, item by item
	Fork     *Fork    // the same transaction with other content
	Emptied  string   // a table that one of them may have emptied by TRUNCATE
	Tables   []Table
	Cache    Caches
}

// A Side is what one host says of the cluster. Seqnos are nil where no file
// tells.
type Side struct {
	UUID      string // of the history
	Member    string // yes, no, or unknown
	Why       string // why its tables do not count, "" if they do
	Saved     *int64 // in grastate.dat, -1 after a crash
	Memory    *int64 // in the shared memory file
	Received  *Range // gapless end of galera.cache
	Proven    *int64 // what the tables hold, reconstructed
	Bootstrap bool   // safe_to_bootstrap, or a file that does not say no
}

// A Range is a run of TIDs or seqnos, both included.
type Range struct{ First, Last uint64 }

// A Fork is where two hosts hold other content under the same number.
type Fork struct {
	Table string // "" if the write sets differ
	At    uint64 // TID, or seqno
	To    uint64 // last number that both have
}

// A Table is one table that at least one of two hosts replicates.
type Table struct {
	Name             string
	A, B             Copy
	Order            int  // of the TIDs, if Comparable
	Comparable       bool // both TIDs mean something
	Common           Range
	Equal, Different uint64 // transactions of one TID in the logs of both, by content
	Sampled          bool   // not every transaction of a long log was compared
	Fork             *Fork
	OnlyA, OnlyB     *Transactions
}

// A Copy is one host's copy of a table.
type Copy struct {
	Replicated bool // the host's list of the cluster has it
	There      bool // the host has such a table
	Refused    string
	Known      bool   // the numbers below mean something
	TID        int64  // transactions that the files hold
	Start      int64  // behind the next start of the server
	Behind     *Range // TIDs behind damage in a log, which no start replays
}

// Transactions are TIDs that one side holds alone.
type Transactions struct {
	Range
	Logged uint64   // of these, found in the logs; the others are in the table's own files
	Exact  bool     // Logged was counted one by one
	Bytes  uint64   // of the payloads, if Exact
	Files  []string // logs that hold them
}

// Caches compares the write sets that two hosts received.
type Caches struct {
	Common           Range // seqnos that both hold
	Equal, Different uint64
	Unknown          uint64 // not held sound by one of them, or applied by nobody
	Difference       uint64 // first seqno with other content, 0 if there is none
}

// Compare compares two judged hosts.
func Compare(a, b View) Comparison {
	var c Comparison
	for _, s := range a.h.in {
		if i := slices.IndexFunc(b.h.in, func(o seat) bool { return o.g == s.g }); i >= 0 {
			c.Shared = append(c.Shared, s.g.share(s.m, b.h.in[i].m))
		} else {
			c.OnlyA = append(c.OnlyA, s.lone(b.h))
		}
	}
	for _, s := range b.h.in {
		if !slices.ContainsFunc(a.h.in, func(o seat) bool { return o.g == s.g }) {
			c.OnlyB = append(c.OnlyB, s.lone(a.h))
		}
	}
	return c
}

func (s seat) lone(other *host) Lone {
	return Lone{s.g.name, s.m.UUID, s.g.name != "" && slices.ContainsFunc(other.in, func(o seat) bool { return o.g.name == s.g.name })}
}

func (g *group) share(a, b *member) Shared {
	r := g.relate(a, b)
	out := Shared{Name: g.name, A: g.side(a), B: g.side(b), Order: r.Order, Proven: r.OK, Diverged: r.Diverged, Why: r.Why}
	if r.Fork != nil {
		out.Fork = &Fork{r.Fork.Table, r.Fork.At, r.Fork.To}
	}
	if !r.OK {
		out.Emptied = r.Truncate
	}
	for _, name := range union(a.Tables, b.Tables) {
		out.Tables = append(out.Tables, compareTable(a, b, name))
	}
	if x, y := a.Cache, b.Cache; x != nil && y != nil && x.UUID == y.UUID && x.Last > 0 && y.Last > 0 {
		first, last := max(x.First, y.First), min(x.Last, y.Last)
		if first <= last {
			c := &out.Cache
			c.Common = Range{uint64(first), uint64(last)}
			c.Equal, c.Different = x.Index.Compare(&y.Index, first, last)
			c.Unknown = uint64(last-first) + 1 - c.Equal - c.Different
		}
		if at, ok := x.Index.FirstDifference(&y.Index); ok {
			out.Cache.Difference = uint64(at)
		}
	}
	return out
}

func (g *group) side(m *member) Side {
	out := Side{UUID: m.UUID, Member: m.Node.Member, Why: m.Why, Bootstrap: m.safe()}
	if m.State != nil {
		out.Saved = &m.State.Seqno
	}
	if m.Memory != nil {
		out.Memory = &m.Memory.Seqno
	}
	if c := m.Cache; c != nil && c.Last > 0 {
		out.Received = &Range{uint64(c.First), uint64(c.Last)}
	}
	if seqno, proven, _ := g.seqno(m); proven {
		out.Proven = &seqno
	}
	return out
}

func compareTable(a, b *member, name string) Table {
	t := Table{Name: name, A: a.copyOf(name), B: b.copyOf(name)}
	x := compareLogs(a.Host, b.Host, name)
	t.Common, t.Equal, t.Different = Range{x.First, x.Last}, x.Equal, x.Different
	t.Sampled = a.Host.sampled(name) || b.Host.sampled(name)
	if x.Rows {
		t.Fork = &Fork{name, x.At, x.Last}
	}
	if t.Comparable = t.A.Known && t.B.Known; !t.Comparable {
		return t
	}
	t.Order = sign(t.A.TID - t.B.TID)
	fromA, fromB := t.B.TID+1, t.A.TID+1
	if t.Fork != nil {
		fromA, fromB = int64(t.Fork.At), int64(t.Fork.At)
	}
	t.OnlyA, t.OnlyB = a.Host.logged(name, fromA, t.A.TID), b.Host.logged(name, fromB, t.B.TID)
	return t
}

func (m *member) copyOf(name string) Copy {
	c := Copy{Replicated: m.Member != "no" && slices.Contains(m.Tables, name)}
	t := m.Host.Tables[name]
	if t == nil {
		return c
	}
	c.There, c.Refused = true, t.Refused
	if c.Known = t.Meta != nil && t.Known; c.Known {
		c.TID, c.Start = t.Whole, t.Start
	}
	for _, l := range m.Host.Logs {
		if l.Missing {
			continue
		}
		for _, x := range l.Behind {
			if x.Name == name && x.Transactions > 0 && int64(x.Last) > c.TID {
				c.Behind = &Range{max(x.First, uint64(max(c.TID, 0))+1), x.Last}
			}
		}
	}
	return c
}

// sampled reports whether a log of the host is too long for every digest.
func (h *host) sampled(name string) bool {
	return slices.ContainsFunc(h.Logs, func(l *logFile) bool {
		if l.Missing {
			return false
		}
		for i := range l.Tables {
			if l.Tables[i].Name == name && l.Tables[i].Digests.Step > 1 {
				return true
			}
		}
		return false
	})
}

// logged looks in the logs for the transactions of a table from one TID to
// another, nil if these are none.
func (h *host) logged(name string, first, last int64) *Transactions {
	if first > last || last < 1 {
		return nil
	}
	out := &Transactions{Range: Range{uint64(max(first, 1)), uint64(last)}, Exact: true}
	for _, l := range h.Logs {
		if l.Missing {
			continue
		}
		for i := range l.Tables {
			x := &l.Tables[i]
			from, to := max(x.First, out.First), min(x.Last, out.Last)
			if x.Name != name || x.Transactions == 0 || from > to {
				continue
			}
			out.Files = append(out.Files, l.Path)
			if x.Digests.Step != 1 {
				out.Exact = false
				out.Logged += to - from + 1
				continue
			}
			for tid, d := range x.Digests.All {
				if from <= tid && tid <= to {
					out.Logged, out.Bytes = out.Logged+1, out.Bytes+uint64(d.Size)
				}
			}
		}
	}
	if !out.Exact {
		out.Logged, out.Bytes = min(out.Logged, out.Last-out.First+1), 0
	}
	return out
}
