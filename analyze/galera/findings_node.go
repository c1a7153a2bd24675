package galera

import (
	"fmt"
	"path"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
)

func (l *layout) system(name string) string {
	if l.System == "" || l.System == "." {
		return name
	}
	return l.System + "/" + name
}

// stateFindings are about grastate.dat and gvwstate.dat against InnoDB.
func (g *group) stateFindings(m *model) {
	var damage []parse.Damage
	if m.State != nil {
		damage = append(damage, m.State.Damage...)
	}
	if m.View != nil {
		damage = append(damage, m.View.Damage...)
	}
	if len(damage) > 0 {
		g.add("LWG013", m.name(), damageEvidence(m, damage), "The text does not say what the provider makes of it: %s.", damage[0])
	}
	if m.Condition == fresh || m.Condition == incomplete {
		return
	}
	_, seqno, ok := m.claims()
	switch {
	case m.contradicted():
		g.contradiction(m)
	case ok && m.View == nil && m.Engine.Clean:
		g.add("LWG002", m.name(), m.stateEvidence(), "The server was shut down at %s: grastate.dat holds the position, gvwstate.dat is gone, the redo log is clean.", m.reach())
	case ok && !m.clean():
		g.add("LWG012", m.name(), append(m.stateEvidence(), m.uncleanEvidence()...), "grastate.dat says %d although the server was killed (%s). A provider that is paused, as on the donor of a state transfer or under FLUSH TABLES WITH READ LOCK, writes its seqno and takes it back when it goes on. The file agrees with InnoDB.", seqno, m.unclean())
	case !ok && m.State != nil && !m.State.UUID.IsZero():
		g.add("LWG001", m.name(), append(m.stateEvidence(), m.positionEvidence()...), "grastate.dat says -1: the server was running or joining when it ended. %s The systemd unit hands this position to the server; a bare `mariadbd --wsrep-new-cluster`, as containers run it, does not: it makes a new group UUID, drops the write-set cache, and every other node needs a full state transfer.", engineSays(m))
	}
	if m.State != nil && m.State.Size > 0 && !m.State.SafeToBootstrap {
		g.add("LWG003", m.name(), m.at(m.State.SafeField.Span, "0"), "safe_to_bootstrap is 0, so a bootstrap ends with %q.", notSafe)
	}
}

// engineSays is what is known of the position instead.
func engineSays(m *model) string {
	switch {
	case m.Engine.Exact:
		return fmt.Sprintf("InnoDB says %s (from %s).", m.reach(), m.Engine.From)
	case m.Span.Because != "":
		return fmt.Sprintf("What is left of InnoDB says %s (from %s).", m.reach(), m.Span.Because)
	}
	return fmt.Sprintf("InnoDB cannot be asked; other files say %s.", m.reach())
}

// contradiction is a grastate.dat that states another position than InnoDB.
func (g *group) contradiction(m *model) {
	u, seqno, ok := m.claims()
	var text string
	switch {
	case !ok:
		text = fmt.Sprintf("grastate.dat names the history %s, InnoDB %s.", m.State.UUID, m.Engine.UUID)
	case m.Engine.Exact && u != m.Engine.UUID:
		text = fmt.Sprintf("grastate.dat says %s:%d, InnoDB %s:%d: these files do not belong together.", u, seqno, m.Engine.UUID, m.Engine.Seqno)
	default:
		text = fmt.Sprintf("grastate.dat says seqno %d, InnoDB %s.", seqno, m.reach())
	}
	if m.View != nil || !m.Engine.Clean {
		text += fmt.Sprintf(" The server did not stop cleanly (%s), so it cannot have written this number: somebody typed it, or the file comes from elsewhere.", m.unclean())
	}
	if ok {
		text += fmt.Sprintf(" A start believes the file: the cluster would go on at seqno %d", seqno+1)
		if m.Cache != nil && m.Cache.First > 0 && m.dropsCache() {
			text += " and the write-set cache would be thrown away"
		}
		text += "."
	}
	g.add("LWG011", m.name(), append(m.stateEvidence(), m.positionEvidence()...), "%s", text)
}

// unclean says what shows that the server was killed.
func (m *model) unclean() string {
	var signs []string
	if m.View != nil {
		signs = append(signs, path.Base(m.View.File)+" is there")
	}
	if !m.Engine.Clean {
		signs = append(signs, "the redo log is not clean")
	}
	for _, name := range []string{"tc.log", "ibtmp1", "ddl_recovery.log"} {
		if m.has(m.Layout.data(name)) {
			signs = append(signs, name+" is left")
		}
	}
	return list(signs)
}

func (m *model) uncleanEvidence() []analyze.Evidence {
	if m.View != nil {
		return m.at(m.View.ViewIDField.Span, m.View.ViewIDField.Raw)
	}
	return m.whole(m.Layout.data("ib_logfile0"), "not clean")
}

// conditionFindings say what the directory is worth.
func (g *group) conditionFindings(m *model) {
	switch m.Condition {
	case incomplete:
		if m.Engine.Missing {
			g.add("LWG046", m.name(), m.whole(m.Layout.system("ibdata1"), "no such file"), "ibdata1 is missing, and what is left cannot be opened as it was. The server refuses to start while ib_logfile0 or an undo tablespace is there; without them it makes a new and empty database, and says nothing.")
			return
		}
		evidence := m.stateEvidence()
		if m.SST != "" {
			evidence = m.whole(m.SST, "marker of an unfinished state transfer")
		}
		g.add("LWG005", m.name(), evidence, "%s. Never bootstrap it: the server does not look at the marker, starts, and offers what it has as the cluster's data. Empty the directory and let it receive a full state transfer.", sentence(m.Why))
	case fresh:
		g.add("LWG006", m.name(), append(m.stateEvidence(), m.positionEvidence()...), "%s: freshly installed, or initialised again. A bootstrap from here succeeds and makes a new, empty cluster.", sentence(m.Why))
	case inconsistent:
		g.expelledFinding(m)
	case schemaChange:
		g.add("LWG008", m.name(), append(m.stateEvidence(), m.positionEvidence()...), "%s. While it ran, the provider kept the zero UUID in grastate.dat. The data is complete up to %s; the statement itself%s may have taken effect here or not, and on other nodes otherwise (a DROP TABLE was seen to be done on one of two): neither the position nor an incremental transfer shows or levels that. Compare the table definitions of all nodes before applications write (SHOW CREATE TABLE, information_schema.COLUMNS), or give the others a full state transfer, and issue the statement again where it is missing. A bootstrap of the directory as it is makes a new group UUID, even with the right --wsrep-start-position, and every other node needs a full state transfer: write UUID and seqno back into a copy first.", sentence(m.Why), m.reach(), m.pending())
	case stateLost:
		if m.State == nil {
			g.add("LWG010", m.name(), append(m.stateEvidence(), m.positionEvidence()...), "grastate.dat is not there, and InnoDB holds %s of the history %s. The server takes a directory without this file for a new one: a bootstrap succeeds at once and makes a new group UUID, even with the right --wsrep-start-position. Make the file anew in a copy.", m.reach(), m.UUID)
		} else {
			g.add("LWG009", m.name(), append(m.stateEvidence(), m.positionEvidence()...), "grastate.dat names no history, but InnoDB holds %s of %s. This happens in a schema change, in a state transfer, and on a node that is found inconsistent; nothing here tells which it was. Compare its tables with those of another node before its data is used.", m.reach(), m.UUID)
		}
	}
}

// pending names the statement that was running, as far as the cache tells.
func (m *model) pending() string {
	if m.Cache == nil || m.Engine.Seqno < 0 {
		return ""
	}
	for e := range m.Cache.Index.Range(m.Engine.Seqno+1, maxSeqno) {
		if e.TOI() {
			return fmt.Sprintf(" (seqno %d, a write set of %d bytes)", e.Seqno, e.Size)
		}
	}
	return ""
}

func (g *group) expelledFinding(m *model) {
	evidence := m.stateEvidence()
	if s := m.Log.Inconsistent; s != nil {
		evidence = append(m.at(s.Span, s.Quote), evidence...)
	}
	for _, f := range m.Failed {
		evidence = append(evidence, m.whole(f.File, fmt.Sprintf("write set %d", f.Seqno))...)
	}
	for _, v := range m.Log.Votes {
		if m.Log.Inconsistent == nil || v.Seqno == m.Log.Inconsistent.Seqno {
			evidence = append(evidence, m.at(v.Span, v.Quote)...)
		}
	}
	if len(evidence) > 12 {
		evidence = evidence[:12]
	}
	g.add("LWG007", m.name(), evidence, "%s. InnoDB still states %s, and that includes a write set whose effect here differs from the other nodes. Do not bootstrap it and do not write its position back: with the zero UUID the provider asks for a full state transfer, which is what it needs.", sentence(m.Why), m.reach())
}

// leftoverFindings are about files of the past.
func (g *group) leftoverFindings(m *model) {
	if tables := m.alterTables(); len(tables) > 0 {
		g.add("LWG041", m.name(), m.whole(tables[0], ""), "%s of an interrupted schema change %s left: %s. The server does not use them; drop them once the cluster runs, and issue the statement again.", plural(len(tables), "file", "files"), isAre(len(tables)), list(tables[:min(len(tables), 4)]))
	}
	if len(m.Transfers) > 0 && m.Condition != incomplete {
		t := m.Transfers[len(m.Transfers)-1]
		g.add("LWG039", m.name(), m.whole(t.File, fmt.Sprintf("%s:%d", t.UUID, t.Seqno)), "%s holds the position at which the data was copied, %d. The node has moved on since: this is a lower bound, not its position.", path.Base(t.File), t.Seqno)
	}
	if len(m.Failed) > 0 && m.Condition != inconsistent {
		f := m.Failed[len(m.Failed)-1]
		g.add("LWG040", m.name(), m.whole(f.File, fmt.Sprintf("write set %d", f.Seqno)), "%s saved because applying %s failed here (the last one is seqno %d). They hold row data.", plural(len(m.Failed), "write set was", "write sets were"), themIt(len(m.Failed)), f.Seqno)
	}
	var pages []string
	for _, f := range m.Files {
		if strings.HasPrefix(path.Base(f.Path), "gcache.page.") {
			pages = append(pages, f.Path)
		}
	}
	if len(pages) > 0 {
		g.add("LWG038", m.name(), m.whole(pages[0], ""), "%s of the write-set cache %s left: the server was killed while its ring buffer was too small. The next start deletes %s unread, so nodes that are behind may need a full state transfer although the write sets lie here.", plural(len(pages), "overflow page", "overflow pages"), isAre(len(pages)), themIt(len(pages)))
	}
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func themIt(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// sentence begins a text with a capital letter.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if s[0] >= 'a' && s[0] <= 'z' && !strings.HasPrefix(s, "grastate") && !strings.HasPrefix(s, "sst_in") && !strings.HasPrefix(s, "gvwstate") && !strings.HasPrefix(s, "ibdata") {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}
