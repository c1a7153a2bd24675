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
		case at > 0, m.Load.starts() && (m.Wrong != "" || m.Load.Snapshot != nil && !m.Load.Snapshot.sound()):
			out.Open = append(out.Open, m.name())
		}
	}
	slices.Sort(out.Open)
	return out
}

// warning says what the fence keeps out and what it cannot.
func (f fence) warning() string {
	out := fmt.Sprintf("Never start an original directory beside these. The new configuration has term %d, which no old directory has, so that a forgotten one cannot win an election.", f.Term)
	if f.From > 0 {
		out += fmt.Sprintf(" The entries from index %d on have that term too, as another directory has other data there at the same index and term: it would have to drop it.", f.From)
	}
	if len(f.Open) > 0 {
		return out + fmt.Sprintf(" What is wrong in %s lies in or before the snapshot or in no entry: raft would not notice, and it would stay wrong.", list(f.Open))
	}
	return out + " A directory that is not among the given ones and differs at an equal index and term would stay different, and raft does not notice."
}

// because is what the steps say that write entries anew.
func (f fence) because() string {
	return fmt.Sprintf("entries from %d on in term %d, as another directory has other data at the same index and term", f.From, f.Term)
}

// covers reports whether an entry gets the new term.
func (f fence) covers(index uint64) bool { return f.From > 0 && index >= f.From }
