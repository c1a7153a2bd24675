package galera

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// holeWindow is how many seqnos below the last prepared one are looked at.
// InnoDB writes its log at least once a second or so.
const holeWindow = 1 << 14

// holes returns the seqnos that a start leaves out: they lie behind the
// position of InnoDB without prepared transactions, so they had not ended
// there, and below the one that it is at when it has committed those. Either
// the binary log shows that the node had committed them, or they are prepared
// and not in the binary log. With innodb_flush_log_at_trx_commit=0 or 2, the
// one transaction may be in the redo log and the one before it not.
func (r *resolver) holes(found *innodb.Recovery) []uint64 {
	from, to := found.Settled, found.Position
	if found.Bound != innodb.Exact || from.UUID != to.UUID || from.Seqno < 0 || to.Seqno <= from.Seqno {
		return nil
	}
	var out, committed []uint64
	for _, p := range found.Prepared {
		switch s := uint64(max(p.Seqno, 0)); {
		case p.Committed:
			committed = append(committed, s)
		case p.UUID == to.UUID && p.Seqno > from.Seqno && p.Seqno < to.Seqno:
			out = append(out, s)
		}
	}
	for _, x := range r.logged.Ranges() {
		for s := max(x.First, uint64(from.Seqno)+1); s <= min(x.Last, uint64(to.Seqno)); s++ {
			if !slices.Contains(committed, s) && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	slices.Sort(out)
	return out
}

// holes are the transactions that are missing below the position. What the
// write-set cache knows not to be a transaction is none: sessions with wsrep
// off write numbers of their own to the binary log.
func (m *model) holes() []uint64 {
	if m.Engine == nil || len(m.Engine.Holes) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.Engine.Holes), func(s uint64) bool {
		if m.Cache == nil || m.Cache.UUID != m.UUID {
			return false
		}
		e, ok := m.Cache.at(s)
		return ok && (e.Type() != galera.WriteSetAction || e.Skipped() || e.TOI())
	})
}

// holed reports whether transactions are missing below the position.
func (m *model) holed() bool { return len(m.holes()) > 0 }

// holeFindings say what is missing, and who has it.
func (g *group) holeFindings(m *model) {
	holes := m.holes()
	if len(holes) == 0 || !m.Condition.usable() {
		return
	}
	evidence := m.at(m.Engine.At, fmt.Sprintf("seqno %d", m.Engine.Seqno))
	for _, p := range m.Engine.Prepared[:min(len(m.Engine.Prepared), 8)] {
		evidence = append(evidence, m.at(p.At, fmt.Sprintf("seqno %d prepared", p.Seqno))...)
	}
	if index := m.binlogIndex(); index != "" {
		evidence = append(evidence, m.whole(index, "the binary log that was in use")...)
	}
	g.add("LWG053", m.name(), evidence, "%s is at seqno %d after a start, but without %s: InnoDB ends at %d, commits what is prepared and stands in the binary log, and lost the rest (innodb_flush_log_at_trx_commit is not 1). The server says nothing, and an incremental transfer begins at %d, so %s would differ from the other nodes for good. %s", m.name(), m.Span.Lower, seqnoList(holes), m.Engine.Settled, m.Span.Lower+1, m.name(), g.heldBy(m))
}

// heldBy says which nodes have what is missing on m.
func (g *group) heldBy(m *model) string {
	var whole []string
	for _, o := range g.holders(m) {
		whole = append(whole, o.name())
	}
	if len(whole) > 0 {
		return fmt.Sprintf("%s: it needs a full state transfer from there.", haveThem(whole, len(m.holes())))
	}
	return "No given node has committed all of it. The rows may stand in the binary log (mysqlbinlog)."
}

func haveThem(nodes []string, n int) string {
	verb := "have"
	if len(nodes) == 1 {
		verb = "has"
	}
	return fmt.Sprintf("%s %s %s", list(nodes), verb, themIt(n))
}

// holders returns the nodes that have committed everything that is missing
// below the position of m.
func (g *group) holders(m *model) []*model {
	holes := m.holes()
	return slices.DeleteFunc(g.usable(), func(o *model) bool {
		return o == m || o.UUID != m.UUID || g.conflict(o, m) || !o.Span.Known || len(holes) == 0 || o.Span.Lower < holes[len(holes)-1] ||
			slices.ContainsFunc(o.holes(), func(s uint64) bool { return slices.Contains(holes, s) })
	})
}

// holeLoss is what a cluster that goes on from w gives up below its position.
func (g *group) holeLoss(w *model) analyze.Loss {
	holes := w.holes()
	first, last := holes[0], holes[len(holes)-1]
	return analyze.Loss{Node: w.name(), Entries: uint64(len(holes)), From: first, To: last,
		Text: fmt.Sprintf("%s below its position that it has lost: %s", plural(len(holes), "transaction", "transactions"), seqnoList(holes))}
}

// holeWarnings are for a base that is not whole.
func (g *group) holeWarnings(w *model) []string {
	if !w.holed() {
		return nil
	}
	text := fmt.Sprintf("%s lacks %s below its position (LWG053), and no start and no incremental transfer brings that back. So that all nodes are the same, the others start empty.", w.name(), seqnoList(w.holes()))
	if from := names(g.holders(w)); len(from) > 0 {
		text += fmt.Sprintf(" %s: read the rows there before that directory is given up, or continue from there.", haveThem(from, len(w.holes())))
	}
	return []string{text + " The write sets may still stand in binary logs: write what is missing by hand once the cluster runs."}
}

// maxListed is how many runs of seqnos a sentence lists.
const maxListed = 8

// seqnoList writes seqnos in order, runs of them as ranges.
func seqnoList(sorted []uint64) string {
	var runs []string
	for i := 0; i < len(sorted); {
		j := i
		for j+1 < len(sorted) && sorted[j+1] == sorted[j]+1 {
			j++
		}
		run := fmt.Sprint(sorted[i])
		if j > i {
			run = fmt.Sprintf("%d to %d", sorted[i], sorted[j])
		}
		runs = append(runs, run)
		i = j + 1
	}
	if len(runs) > maxListed {
		runs = append(runs[:maxListed], fmt.Sprintf("and more (%d in all)", len(sorted)))
	}
	if len(sorted) == 1 {
		return "seqno " + runs[0]
	}
	return "seqnos " + strings.Join(runs, ", ")
}
