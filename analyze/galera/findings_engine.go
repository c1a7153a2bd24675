package galera

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// readOnlyRecovery is the innodb_force_recovery from which InnoDB takes no
// writes (mariadb 10.11 storage/innobase/srv/srv0start.cc srv_start).
const readOnlyRecovery = 5

// engineFindings are about InnoDB.
func (g *group) engineFindings(m *model) {
	e := m.Engine
	if e.Refusal != "" {
		text := fmt.Sprintf("The server ends with %q, in position recovery, in a bootstrap and when it joins.", e.Refusal)
		switch {
		case m.Condition.usable() && m.Span.Known:
			text += fmt.Sprintf(" Its data reaches %s all the same, as far as the files tell.", m.reach())
		case m.Condition.usable() && m.Span.Bounded:
			text += fmt.Sprintf(" Its data ends at seqno %d at the latest, as far as the files tell.", m.Span.Upper)
		}
		if strings.Contains(e.Refusal, "is of a different size") {
			text += " It says the same of a whole file if innodb_data_file_path is not what it was: look at the option file first."
		}
		evidence := damageEvidence(m, e.Damage)
		if len(evidence) == 0 {
			evidence = m.whole(m.refused(), e.Refusal)
		}
		g.add("LWG025", m.name(), evidence, "%s", text)
	}
	if b := e.Beyond; b != nil {
		text := fmt.Sprintf("At LSN %d the redo log does not check, and %s stand behind that place up to LSN %d. The server takes the damage for the end of the log and starts without a word", b.First, plural(uint64(b.Mtrs), "valid mini-transaction", "valid mini-transactions"), b.Last)
		if m.Engine.Seqno >= 0 {
			text += fmt.Sprintf(" at seqno %d", m.Engine.Seqno)
		}
		if m.Span.Bounded && m.Span.Upper > uint64(max(m.Engine.Seqno, 0)) {
			text += fmt.Sprintf(", although the node has received write sets up to %d", m.Span.Upper)
		}
		text += ". Pages that were written later are newer than that state, so tables and indexes may contradict each other. Do not continue from this directory."
		at := parse.Span{File: m.redo(), Field: "redo"}
		for _, d := range e.Doubts {
			if d.At.File != "" {
				at = d.At
			}
		}
		g.add("LWG026", m.name(), m.at(at, fmt.Sprintf("valid again from LSN %d to %d", b.First, b.Last)), "%s", text)
	}
	if m.Condition.usable() && !m.Span.Exact() {
		var why []string
		for _, d := range e.Doubts {
			why = append(why, d.Text)
		}
		evidence := m.positionEvidence()
		if len(e.Doubts) > 0 && e.Doubts[0].At.File != "" {
			evidence = append(m.at(e.Doubts[0].At, e.Doubts[0].Text), evidence...)
		}
		g.add("LWG027", m.name(), evidence, "The position is %s. The server's own recovery cannot be followed here: %s. %s", m.reach(), cmp.Or(strings.Join(why, ", "), "no reason known"), m.boundSources())
	}
	if n := len(e.Prepared); n > 0 {
		committed := 0
		for _, p := range e.Prepared {
			committed += b2i(p.Committed)
		}
		if e.Exact {
			g.add("LWG028", m.name(), m.at(e.Prepared[0].At, fmt.Sprintf("seqno %d prepared", e.Prepared[0].Seqno)), "InnoDB holds %s. A start commits %d of them, which the binary log that was in use contains, and rolls the rest back; the position is %s. It needs that log: without log_bin in the option file the server ends with a message that offers --tc-heuristic-recover, which decides for all of them alike, and wrongly for some.", plural(n, "prepared transaction", "prepared transactions"), committed, m.reach())
		}
	}
	if e.Mended > 0 {
		g.add("LWG029", m.name(), m.whole(m.Layout.system("ibdata1"), "doublewrite area"), "%s that the position depends on %s half written when the server died. The doublewrite area holds whole copies, which a start puts back.", plural(e.Mended, "page", "pages"), wasWere(e.Mended))
	}
	if e.Broken {
		g.add("LWG048", m.name(), damageEvidence(m, e.Damage), "Pages that hold the position are damaged, and neither the doublewrite area nor the redo log makes them good.")
	}
}

// boundSources says where the bounds of a position come from.
func (m *model) boundSources() string {
	var parts []string
	if m.Span.Known && m.Span.Because != "" {
		parts = append(parts, "The lower bound comes from "+m.Span.Because+".")
	} else {
		parts = append(parts, "No lower bound is known.")
	}
	if m.Span.Bounded {
		parts = append(parts, "The upper bound is the newest write set that the node received.")
	}
	return strings.Join(parts, " ")
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// refused is the file that the server's refusal is about.
func (m *model) refused() string {
	if strings.Contains(m.Engine.Refusal, "ib_logfile0") {
		return m.redo()
	}
	if name := undoName.FindString(m.Engine.Refusal); name != "" {
		return path.Join(m.Layout.Undo, name)
	}
	return m.Layout.system("ibdata1")
}

var undoName = regexp.MustCompile(`undo_?\d{3}`)

func (m *model) redo() string {
	if m.Layout.Redo == "." {
		return "ib_logfile0"
	}
	return m.Layout.Redo + "/ib_logfile0"
}

// cacheFindings are about galera.cache.
func (g *group) cacheFindings(m *model) {
	c := m.Cache
	switch {
	case !m.Condition.usable():
	case c == nil:
		g.add("LWG037", m.name(), m.whole(m.Layout.Cache, "no such file"), "galera.cache is missing: %s cannot serve other nodes incrementally, and its write sets cannot be compared with theirs.", m.name())
	case c.First == 0:
		g.add("LWG037", m.name(), append(damageEvidence(m, c.Damage), m.whole(c.File, "no usable write set")...), "galera.cache holds no usable run of write sets: nodes that join need a full state transfer, and its write sets cannot be compared with theirs.")
	case c.UUID != m.UUID:
		g.add("LWG037", m.name(), m.whole(c.File, c.UUID.String()), "galera.cache belongs to the history %s, the data to %s: it cannot be used.", c.UUID, m.UUID)
	case m.Span.Exact() && c.Last < m.Span.Lower:
		g.add("LWG037", m.name(), m.whole(c.File, fmt.Sprintf("write sets %d to %d", c.First, c.Last)), "galera.cache ends at %d, before the position %d: a start throws it away, and nodes that join need a full state transfer.", c.Last, m.Span.Lower)
	}
}

// optionFindings are about settings that change what a start does.
func (g *group) optionFindings(m *model) {
	s := m.Layout.Server
	if a := s.ClusterAddress; a.Set && a.V.Scheme == "gcomm" && len(a.V.Members) == 0 {
		g.add("LWG044", m.name(), m.at(a.At, "wsrep_cluster_address = gcomm://"), "wsrep_cluster_address names no other node: every start of this node, also an automatic one after a power failure, tries to make a cluster of its own. Name all nodes there, and bootstrap by command only.")
	}
	if s.WsrepNewCluster.V {
		g.add("LWG044", m.name(), m.at(s.WsrepNewCluster.At, "wsrep_new_cluster"), "wsrep_new_cluster stands in the option file: every start bootstraps. Take it out.")
	}
	way := func(at parse.Span, quote, text string) {
		g.add("LWG045", m.name(), m.at(at, quote), "%s", text)
	}
	if s.WsrepStartPosition.Set {
		way(s.WsrepStartPosition.At, "wsrep_start_position", "wsrep_start_position stands in the option file: it overrides the recovered position with an old one at every start.")
	}
	if s.WsrepRecover.V {
		way(s.WsrepRecover.At, "wsrep_recover", "wsrep_recover stands in the option file: the server prints its position and ends.")
	}
	if p := s.Provider.PCRecovery; p.Set && !p.V {
		way(p.At, "pc.recovery", "pc.recovery is off: the cluster does not restore itself after a power failure, even if all members come back.")
	}
	if p := s.Provider.GCacheRecover; p.Set && !p.V {
		way(p.At, "gcache.recover", "gcache.recover is off: a start throws the write-set cache away, so nodes that join the first one need a full state transfer.")
	}
	if s.ForceRecovery.V > 0 {
		text := "innodb_force_recovery is set: InnoDB skips parts of its recovery, and still takes writes, on data that it did not make consistent."
		if s.ForceRecovery.V >= readOnlyRecovery {
			text = "innodb_force_recovery is set: InnoDB skips most of its recovery, and takes no writes."
		}
		way(s.ForceRecovery.At, fmt.Sprintf("innodb_force_recovery = %d", s.ForceRecovery.V), text)
	}
	if s.WsrepOn.Set && !s.WsrepOn.V {
		way(s.WsrepOn.At, "wsrep_on = OFF", "wsrep_on is off: the server would start alone, and its writes would not be replicated.")
	}
}
