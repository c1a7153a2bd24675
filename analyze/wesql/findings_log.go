package wesql

import (
	"fmt"
	"path"

	"github.com/lastwrite/lastwrite/parse"
)

// logFindings are about the files of a node's log.
func (g *group) logFindings(m *model) {
	g.indexFindings(m)
	for _, l := range m.Chain {
		if l.Log != nil {
			g.fileFindings(m, l)
		}
	}
	g.holeFindings(m)
	v := &m.log
	if c := v.Cut; c != nil {
		what := "the last entry there is not whole"
		if !c.Open {
			what = "no whole event stands there"
		}
		g.add("LWW001", m.Name, append(m.at(parse.Span{File: c.File, Offset: c.From, Length: c.To - c.From}, fmt.Sprintf("%d bytes", c.To-c.From)), m.damage(c.File)...),
			"A start cuts %s from %d to %d bytes: %s. The log then ends with entry %d of term %d.", path.Base(c.File), c.To, c.From, what, v.Index, v.Term)
	}
	if d := m.Node.Start.Discards; d != nil && v.BehindCount > 0 {
		g.add("LWW003", m.Name, m.damage(v.LastFile.Path), "%d whole entries, %d to %d, stand behind damage in %s. A start cuts them off without a word.", d.Entries, d.From, d.To, path.Base(v.LastFile.Path))
	}
	if v.Complete < v.Index && v.HasEntries && v.LastFile.Log != nil && v.LastFile.Log.Server.InLarge {
		g.add("LWW012", m.Name, m.end(), "The log ends inside a large transaction: entries %d to %d are its parts, the one that ends it is not there. The last whole transaction ends with entry %d.", v.Complete+1, v.Index, v.Complete)
	}
	if v.InUse && m.logSome() {
		g.add("LWW014", m.Name, m.flag(), "The last file of the log was not closed: %s led when it died, or it was copied while it ran. A start looks for transactions that are prepared in the engines and decides them by the log.", m.Name)
	}
	if l := v.LastFile; l != nil && l.Log != nil && len(l.Log.Servers) > 2 {
		g.add("LWW016", m.Name, m.file(l.Path, fmt.Sprintf("server ids %v", l.Log.Servers)), "The entries of %s carry the server ids of several nodes: the file was put together from the archive when the node was rebuilt.", path.Base(l.Path))
	}
}

func (m *model) logSome() bool { return m.log.LastFile != nil && m.log.HasEntries }

// indexFindings are about the list of the files.
func (g *group) indexFindings(m *model) {
	switch {
	case !m.HasIndex && len(m.Chain) > 0:
		g.add("LWW009", m.Name, m.file(m.IndexPath, "not there"), "The index of the log is missing beside %d log files. A start begins a new, empty log and lists only that.", len(m.Chain))
	case m.HasIndex && len(m.Index.Entries) == 0 && len(m.Chain) > 0:
		g.add("LWW009", m.Name, m.file(m.IndexPath, fmt.Sprintf("%d bytes", len(m.IndexRaw))), "The index of the log names no file, beside %d log files. A start begins a new, empty log and lists only that.", len(m.Chain))
	}
	for _, e := range m.Index.Entries {
		if m.elsewhere(e.Path) {
			g.add("LWW011", m.Name, m.at(e.Span, e.Path), "The index names %s with its whole path. A start looks for the file there, and not beside the index.", e.Path)
			break
		}
	}
	if len(m.Index.Damage) > 0 {
		g.add("LWW011", m.Name, m.damage(m.IndexPath), "A line of the index is damaged.")
	}
	if !m.HasIndex || len(m.Index.Entries) == 0 {
		return
	}
	accident := m.newLogOnly()
	for _, l := range m.Chain {
		switch {
		case !l.Listed && accident:
			g.add("LWW009", m.Name, m.file(l.Path, "not listed"), "%s and the files before it are not listed; the only listed one is new and empty. The index was lost once, and a start made a new log. The old files are whole and can be listed again.", path.Base(l.Path))
			return
		case !l.Listed:
			detail := ""
			if m.log.UnlistedLast > 0 && l.Log != nil && l.Log.Server.Index == m.log.UnlistedLast {
				detail = fmt.Sprintf(" Its entries %d to %d continue the log.", l.Log.FirstIndex, l.Log.LastIndex)
			}
			if l.Bridge {
				detail = fmt.Sprintf(" Its entries %d to %d fit between two files that are listed, where the log otherwise has a gap that a start does not notice.", l.Log.FirstIndex, l.Log.LastIndex)
			}
			g.add("LWW010", m.Name, m.file(l.Path, fmt.Sprintf("%d bytes", l.Size)), "%s is not in the index, and no start reads it.%s", path.Base(l.Path), detail)
		}
	}
}

// newLogOnly reports whether the only listed file is an empty log that begins
// with entry 1, beside older ones.
func (m *model) newLogOnly() bool {
	var listed *link
	n := 0
	for _, l := range m.Chain {
		if l.Listed {
			listed, n = l, n+1
		}
	}
	return n == 1 && len(m.Chain) > 1 && listed.Log != nil && listed.Log.First == 1 && listed.Log.Entries == 0
}

// fileFindings are about one file.
func (g *group) fileFindings(m *model, l *link) {
	name, log := path.Base(l.Path), l.Log
	if log.BadEvents > 0 {
		first := "an event that is in no entry"
		if l.Ledger != nil && len(l.Ledger.Bad) > 0 {
			b := l.Ledger.Bad[0]
			first = fmt.Sprintf("entry %d of term %d", b.Index, b.Term)
		}
		g.add("LWW002", m.Name, m.damage(l.Path, parse.BadChecksum), "%d events of %s have a wrong checksum, the first in %s. A server does not look at checksums when it starts: it hands the damaged entry to others and applies it. With source_verify_checksum=ON it cuts the log in front of it instead.", log.BadEvents, name, first)
	}
	if s := log.Server; s.Malformed != "" {
		g.add("LWW004", m.Name, m.at(parse.Span{File: l.Path, Offset: s.From, Length: s.To - s.From, Field: "index"}, s.Malformed), "The index goes back in %s at byte %d, behind entry %d. If this is the last file, the server refuses to start.", name, s.From, s.Index)
	}
	for _, x := range log.Misfits {
		if c := m.log.Cut; c != nil && l.Path == c.File && x.Offset >= c.From {
			continue
		}
		g.add("LWW006", m.Name, m.at(x.Span, fmt.Sprintf("%d bytes announced, %d found", x.Want, x.Got)), "Entry %d of term %d in %s announces %d bytes and has %d. A start does not notice it; whoever reads the entry does.", x.Index, x.Term, name, x.Want, x.Got)
	}
	for _, x := range log.Decreases {
		g.add("LWW013", m.Name, m.at(x.Span, fmt.Sprintf("term %d behind term %d", x.Got, x.Want)), "The term falls from %d to %d in %s. No leader writes that.", x.Want, x.Got, name)
	}
}

// holeFindings are about entries that the log lacks.
func (g *group) holeFindings(m *model) {
	for _, h := range m.log.Holes {
		name := path.Base(h.File)
		missing := ""
		if h.Last != 0 {
			missing = fmt.Sprintf(" Entries %d to %d are missing.", h.First, h.Last)
		}
		if h.Bridged {
			continue // LWW010 says where they are
		}
		if !h.Seen {
			g.add("LWW005", m.Name, m.at(h.At, fmt.Sprintf("entry %d follows %d", h.Last+1, h.First-1)), "Entries %d to %d are missing in front of what stands in %s. A start does not notice that; reading across the gap fails later.", h.First, h.Last, name)
			continue
		}
		l := m.linkOf(h.File)
		if l == nil || l.Missing {
			g.add("LWW007", m.Name, m.at(h.At, "./"+name), "The index names %s, which is not there.%s The server refuses to start.", name, missing)
			continue
		}
		evidence := m.damage(h.File)
		if len(evidence) == 0 {
			evidence = m.at(parse.Span{File: h.File}, fmt.Sprintf("%d bytes", l.Size))
		}
		g.add("LWW008", m.Name, evidence, "%s has no beginning that says which entry comes first: %d bytes.%s The server refuses to start.", name, l.Size, missing)
	}
}

func (m *model) linkOf(file string) *link {
	for _, l := range m.Chain {
		if l.Path == file {
			return l
		}
	}
	return nil
}

// rowFindings are about the raft rows and the applied index.
func (g *group) rowFindings(m *model) {
	r := m.rows()
	applied, at, has, exact := m.applied()
	if to, ok := m.beyond(); ok && m.logSome() {
		quote := m.at(at, fmt.Sprintf("applied %d", applied))
		if r != nil && r.RecoverStatus == 1 {
			quote = m.at(r.At, fmt.Sprintf("start_apply_index %d", to))
		}
		g.add("LWW035", m.Name, append(quote, m.end()...), "The tables hold everything up to entry %d, and the log ends with %d: the log was cut, or belongs to another copy. The server aborts. Entries %d to %d of the log are gone here.", to, m.log.Index, m.log.Index+1, to)
	}
	if has && exact && !m.logger() && (r == nil || r.RecoverStatus == 0) && applied > 0 && m.log.First > applied+1 {
		g.add("LWW036", m.Name, append(m.at(at, fmt.Sprintf("applied %d", applied)), m.end()...), "The tables hold everything up to entry %d, and the log begins with %d. A start skips entries %d to %d without a word.", applied, m.log.First, applied+1, m.log.First-1)
	}
	if r == nil {
		return
	}
	if m.log.Term > 1 && r.Term <= 1 && r.VotedFor == 0 && r.Members == "" {
		g.add("LWW037", m.Name, append(m.at(r.At, fmt.Sprintf("term %d, vote 0, no members", r.Term)), m.end()...), "The raft row is as a new node has it, beside a log of term %d. The node would forget what it voted for and start as a learner.", m.log.Term)
	} else if r.Term < m.log.Term && m.logSome() {
		how := "the redo log holds a newer one"
		if r.From != "innodb" {
			how = "a write-ahead log is missing, or the row belongs to another copy"
		}
		g.add("LWW038", m.Name, append(m.at(r.At, fmt.Sprintf("current_term %d", r.Term)), m.end()...), "The raft row says term %d, the log ends in term %d: the row is old, and %s. Members and votes in it may be old too.", r.Term, m.log.Term, how)
	}
}

// optionFindings are about my.cnf and crash markers.
func (g *group) optionFindings(m *model) {
	w := m.Conf.WeSQL
	forced := func(set bool, at parse.Span, option, does string) {
		if set {
			g.add("LWW047", m.Name, m.at(at, option), "%s is still in the option file. The next start %s again.", option, does)
		}
	}
	forced(w.ForceChangeMeta.Set && w.ForceChangeMeta.V, w.ForceChangeMeta.At, "raft_replication_force_change_meta", "replaces the member list")
	forced(w.ForceResetMeta.Set && w.ForceResetMeta.V, w.ForceResetMeta.At, "raft_replication_force_reset_meta", "resets term and apply position")
	forced(w.ForceSingleMode.Set && w.ForceSingleMode.V, w.ForceSingleMode.At, "raft_replication_force_single_mode", "makes the node the only member")
	forced(w.ForceRecoverIndex.Set && w.ForceRecoverIndex.V > 0, w.ForceRecoverIndex.At, "raft_replication_force_recover_index", "moves the apply position")
	forced(w.CurrentTerm.Set && w.CurrentTerm.V > 0, w.CurrentTerm.At, "raft_replication_current_term", "sets the term")
	forced(w.RecoverBackup.Set && w.RecoverBackup.V, w.RecoverBackup.At, "raft_replication_recover_backup", "cuts the log at the applied index")
	forced(w.ArchiveRecovery.Set && w.ArchiveRecovery.V, w.ArchiveRecovery.At, "raft_replication_archive_recovery", "continues the log from archived files")
	if v := w.SourceVerifyChecksum; v.Set && v.V && len(m.bad) > 0 {
		g.add("LWW048", m.Name, append(m.at(v.At, "source_verify_checksum"), m.damage(m.bad[0].File, parse.BadChecksum)...), "source_verify_checksum is on, and entry %d has a wrong checksum: a start would cut the log in front of it.", m.bad[0].Index)
	}
	if m.rebuildsItself() {
		evidence := m.file(m.in("mysql"), "not there")
		lost := ""
		if d := m.Node.Start.Discards; d != nil {
			lost = fmt.Sprintf(" Entries %d to %d, which are not in the archive, would be gone.", d.From, d.To)
		}
		g.add("LWW045", m.Name, evidence, "The directory mysql is missing. A start takes that for a new machine: it replaces the log by the archived one and then fails.%s", lost)
	}
	if name := m.in("#status_snapshot_recovery"); m.sizes[name] > 0 {
		b, err := m.read(name, 64)
		if err == nil && len(b) > 0 && b[0] == '1' {
			g.add("LWW046", m.Name, m.file(name, "stage 1"), "A rebuild from the object store was interrupted; a start begins it anew and replaces what is in the directory.")
		}
	}
	for _, name := range m.below(m.in("recovery_tmp/binlog")) {
		if path.Ext(name) == ".slice" {
			g.add("LWW046", m.Name, m.file(name, "left over"), "A rebuild from the object store was interrupted while it fetched the archived log.")
			break
		}
	}
	if dir := m.in("smartengine/hotbackup_tmp"); m.dirs[dir] {
		g.add("LWW044", m.Name, m.file(dir, "left over"), "A snapshot was interrupted: its links to the engine's files are still there. They hold nothing that the engine does not hold.")
	}
}
