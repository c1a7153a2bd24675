package cowsql

import (
	"fmt"
	"slices"
)

// A fence keeps old directories from passing for equals of the repaired ones.
// Raft compares terms, not content: a log that holds other data at the same
// index and term is taken as it is, and stays different for ever. So from the
// first such entry on, the repaired log gets a term that no old log has; then
// the old one has to drop its own entries and take these.
type fence struct {
	Term uint64
	From uint64   // first index with the new term; 0 if no known log needs that
	Open []string // members whose other data nothing in a log shows or can show
}

// fenceFor finds where the log of w, over a snapshot at index base and up to
// end, has to be told from the original directories of the other members.
func (g *group) fenceFor(w *member, base, end, term uint64) fence {
	out := fence{Term: term}
	for _, m := range g.members {
		if m == w || m.Node.Member == "no" {
			continue
		}
		at := uint64(0)
		walkBoth(w.Log, m.Log, 1, end, func(index uint64, x, y digest) {
			if at == 0 && x.Term == y.Term && !x.sameContent(y) {
				at = index
			}
		})
		switch {
		case at > base:
			if out.From == 0 || at < out.From {
				out.From = at
			}
		case at > 0, m.Wrong != "" && m.Load.starts():
			out.Open = append(out.Open, m.name())
		}
	}
	slices.Sort(out.Open)
	return out
}

// because is what the steps say that write entries anew.
func (f fence) because() string {
	return fmt.Sprintf("entries from %d on in term %d, as another directory has other data at the same index and term", f.From, f.Term)
}

// covers reports whether an entry gets the new term.
func (f fence) covers(index uint64) bool { return f.From > 0 && index >= f.From }
