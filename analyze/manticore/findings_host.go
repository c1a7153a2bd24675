package manticore

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// hostFindings speaks of the files that all clusters of a host share.
func (g *group) hostFindings(m *member) {
	g.configFindings(m)
	g.logFindings(m)
	g.tableFindings(m)
	g.memoryFindings(m)
	g.authFinding(m)
}

func (g *group) configFindings(m *member) {
	h := m.Host
	name := path.Join(h.Data, "manticore.json")
	other := ""
	if h.Salvage != nil && h.Salvage != h.Config {
		other = fmt.Sprintf(" %s is whole and was read in its place.", h.Salvage.File)
	}
	var left []analyze.Evidence
	for _, suffix := range []string{".new", ".old"} {
		if _, ok := h.sizes[name+suffix]; ok {
			left = append(left, h.file(name+suffix, "left behind")...)
		}
	}
	switch c := h.Config; {
	case c != nil && len(c.Damage) > 0:
		g.add("LWM001", h.Name, append(h.damage(&c.Damage[0]), left...),
			"searchd ends at once and says so on the console only, not in its log. The tables are not touched by it.%s", other)
	case c == nil:
		g.add("LWM002", h.Name, append(h.file(name, "not there"), left...),
			"Without the file searchd starts with no table and no cluster, and no message.%s Put it back before any start.", other)
	case c.Empty:
		g.add("LWM002", h.Name, append(h.file(name, "0 bytes"), left...),
			"searchd takes an empty file for a node without tables and clusters, starts, and says nothing.%s", other)
	case len(left) > 0:
		g.add("LWM002", h.Name, left, "The server was interrupted while it saved manticore.json. The file itself is whole; what the interrupted save would have changed may be in the other.")
	}
	for _, c := range h.SkippedDups {
		g.add("LWM003", h.Name, h.at(c.Span, c.Skipped),
			"searchd takes the first of the two and leaves cluster %s out of every start. A cluster needs a path of its own: only one per node can do without.", c.Name)
	}
}

func (g *group) logFindings(m *member) {
	h := m.Host
	if h.BinlogAway {
		g.add("LWM016", h.Name, h.at(h.Conf.BinlogPath.Span, "binlog_path = "+h.Conf.BinlogPath.Value),
			"The log is not among the files that were copied. What the tables show is less than the node may hold: copy %s too.", h.Conf.BinlogPath.Value)
		return
	}
	for _, l := range h.Logs {
		g.oneLog(m, l)
	}
	if d := h.Meta; d != nil && d.Damage != nil {
		g.add("LWM013", h.Name, h.damage(d.Damage), "searchd ends when it reads binlog.meta, unless its own version is newer than the file's.")
	}
	if g.logGone(m) {
		g.add("LWM015", h.Name, append(h.file(path.Join(h.BinlogDir, "binlog.meta"), "not there"), m.tables()...),
			"The node crashed and has no transaction log. It starts without a word, with its tables as of their last flush: %s. Everything later is gone from this copy, or was not copied.", g.holdings(m))
	}
	if len(h.Replay.Ignored) > 0 {
		var evidence []analyze.Evidence
		var lost []string
		for _, l := range h.Replay.Ignored {
			evidence = append(evidence, h.file(l.Path, plural(l.Transactions, "transaction"))...)
		}
		for _, name := range sortedKeys(h.Tables) {
			if t := h.Tables[name]; t.Refused == "" && t.Whole > t.Listed {
				lost = append(lost, fmt.Sprintf("table %s would be at TID %d instead of %d", name, t.Listed, t.Whole))
			}
		}
		why := "binlog.meta does not list them"
		if h.Meta == nil {
			why = "binlog.meta is missing"
		}
		what := "The tables have all of it already."
		switch left := h.unserved(m.Tables); {
		case len(lost) > 0 && h.Replay.Outcome == analyze.Refuses:
			what = "Without them " + strings.Join(lost, "; ") + ". A binlog.meta that lists the files brings it back."
		case len(left) > 0 && len(lost) == 0:
			what = "A start does not serve table " + list(left) + ", so that the files may be all there is of it: keep them."
		case len(lost) > 0:
			what = "A start loses it without a word: " + strings.Join(lost, "; ") + ". A binlog.meta that lists the files brings it back."
		}
		g.add("LWM014", h.Name, evidence, "Only the files that binlog.meta lists are replayed, and %s. %s", why, what)
	}
}

// logGone reports whether a crashed node has lost its log.
func (g *group) logGone(m *member) bool {
	h := m.Host
	return h.Meta == nil && !h.BinlogOff && !h.BinlogAway && len(h.Logs) == 0 && m.crashed() && len(m.Tables) > 0
}

// oneLog speaks of one binlog.NNNN.
func (g *group) oneLog(m *member, l *logFile) {
	h := m.Host
	if l.Missing {
		g.add("LWM012", h.Name, h.file(l.Path, "not there"),
			"binlog.meta lists %s. searchd ends, unless it is started with --replay-flags=ignore-open-errors; what the file held is not in this copy.", path.Base(l.Path))
		return
	}
	if l.Listed && l.Size > 8 && l.Stop != manticore.NoHeader && h.wrongVersion(l) {
		g.add("LWM013", h.Name, h.at(parse.Span{File: l.Path, Offset: 4, Length: 4, Field: "version"}, fmt.Sprintf("version %d", l.Version)),
			"The log has transactions in format %d, and %s (%s) replays format %d only. Start once with a release that writes format %d and stop it cleanly.", l.Version, h.Server, h.Server.Why, h.Server.binlogVersion(), l.Version)
	}
	if l.Stop == manticore.EndOfFile {
		return
	}
	evidence := h.damage(l.Damage)
	kept := fmt.Sprintf("The last valid record ends at byte %d", l.End)
	for _, x := range l.Tables {
		if x.Transactions > 0 {
			kept += fmt.Sprintf(", with table %s at TID %d", x.Name, x.Last)
		}
	}
	does := "searchd ends with a fatal error. " + fmt.Sprintf("Cut the file to %d bytes in a copy, or start with --replay-flags=ignore-trx-errors, or let the node rejoin by a full state transfer.", max(l.End, 8))
	if slices.Contains(h.Replay.Silent, l) {
		does = "searchd takes the record for one that the table has already, warns, and passes over the rest of the file."
	} else if !l.Listed {
		does = "No start replays this file."
	}
	if l.BehindCount == 0 {
		lost := "the record"
		if l.Broken.TID > 0 && l.Broken.Table != "" {
			lost = fmt.Sprintf("transaction %d of table %s", l.Broken.TID, l.Broken.Table)
		}
		g.add("LWM010", h.Name, evidence, "%s; %s behind it is not whole. %s", kept, lost, does)
		return
	}
	behind := plural(l.BehindCount, "valid record follows", "valid records follow")
	for _, x := range l.Behind {
		behind += fmt.Sprintf(", table %s up to TID %d", x.Name, x.Last)
	}
	g.add("LWM011", h.Name, evidence, "%s. Behind the damage %s, and no server replays them. %s", kept, behind, does)
}

func (g *group) tableFindings(m *member) {
	h := m.Host
	for _, name := range m.Tables {
		t := h.Tables[name]
		switch {
		case t == nil:
			if m.Entry != nil && len(m.Host.Salvage.Damage) == 0 {
				g.add("LWM017", h.Name, h.at(m.Entry.TablesAt, name), "The cluster lists table %s and manticore.json does not know it. searchd starts, and the table silently leaves the cluster on this node.", name)
			}
		case t.Refused != "":
			evidence := h.file(t.Base+".meta", t.Refused)
			if t.Meta != nil && t.Meta.Damage != nil {
				evidence = h.damage(t.Meta.Damage)
			}
			g.add("LWM017", h.Name, evidence, "Table %s: %s. searchd starts without it, and the table silently leaves the cluster on this node.", name, t.Refused)
		case !t.Known || h.BinlogOff:
			g.add("LWM018", h.Name, h.at(t.Meta.TIDAt, fmt.Sprintf("tid: %d", t.Meta.TID)), "Table %s has no transaction log on this node, so its TID does not count commits and says nothing about how far it is.", name)
		}
	}
	var left []analyze.Evidence
	for _, name := range h.Files {
		if below(name, h.Data) && (strings.HasSuffix(name, ".meta.new") || strings.HasSuffix(name, ".ram.new")) && path.Dir(name) != h.BinlogDir {
			left = append(left, h.file(name, "left behind")...)
		}
	}
	if len(left) > 0 {
		g.add("LWM045", h.Name, left, "The server was interrupted while it saved a table. It ignores the unfinished files; the transactions are in the log as before.")
	}
}

func (g *group) memoryFindings(m *member) {
	h := m.Host
	for _, x := range h.Strangers {
		g.add("LWM021", h.Name, h.file(x.File, "not of data_dir "+h.DataDir), "The name is %s for this data_dir. The file belongs to another server or to a data_dir that is written in another way, and this one never reads it.", manticore.SharedMemoryName(h.DataDir))
	}
	if h.Memory != nil && h.Memory.Damage != nil {
		g.add("LWM021", h.Name, h.damage(h.Memory.Damage), "searchd logs an error, ignores the file and removes it.")
	}
	if p := m.Memory; p != nil && m.State != nil && !m.State.UUID.IsZero() && p.UUID != m.State.UUID.String() {
		g.add("LWM021", h.Name, h.at(p.Span, p.UUID+":"+itoa(p.Seqno)), "The entry of cluster %s names another state UUID than grastate.dat. The provider does not take a position from it.", m.Name)
	}
}

// authFinding speaks of the file with the password hashes: only its mode is
// looked at.
func (g *group) authFinding(m *member) {
	h := m.Host
	name := path.Join(h.Data, "auth.json")
	if _, ok := h.sizes[name]; !ok || !h.Server.Version.atLeast(checksPeers) {
		return
	}
	info, err := fs.Stat(h.FS, name)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		g.add("LWM042", h.Name, h.file(name, fmt.Sprintf("mode %04o", info.Mode().Perm())), "searchd 27.0.0 or newer ends when others can read this file. A copy often has a wider mode than the original: set 0600.")
	}
}
