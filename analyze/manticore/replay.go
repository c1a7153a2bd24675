package manticore

import (
	"fmt"
	"path"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// A replay is what the next start makes of manticore.json and the transaction
// logs of a host.
type replay struct {
	Outcome analyze.Outcome
	Error   string   // the server's words if it ends
	File    *logFile // at which it ends or passes over the rest, nil if it does neither
	Silent  []*logFile
	Ignored []*logFile // with transactions, and no start replays them
}

// replay walks the steps of a start (src/binlog.cpp LoadMeta,
// PreflightReplayVersion, Replay, ReplayBinlog) and notes for every table the
// TID behind it, and the TID that a repair keeps.
func (h *host) replay() {
	h.Replay = replay{Outcome: analyze.Clean}
	for _, t := range h.Tables {
		if t.Meta != nil && t.Meta.HasTID {
			t.Start, t.Listed, t.Whole, t.Known = t.Meta.TID, t.Meta.TID, t.Meta.TID, t.Meta.TID >= 0
		}
	}
	h.configStart()
	h.metaStart()
	for _, l := range h.Logs {
		h.replayLog(l)
	}
	if h.Replay.Outcome == analyze.Refuses {
		// What the tables hold is what a start gives once it is let through.
		for _, t := range h.Tables {
			t.Start = t.Whole
		}
		return
	}
	for _, t := range h.Tables {
		if t.Refused == "" && t.Start < t.Whole {
			h.Replay.Outcome = analyze.Discards
		}
	}
}

// refuse notes the first reason for which the server ends.
func (r *replay) refuse(l *logFile, format string, args ...any) {
	if r.Outcome != analyze.Refuses {
		r.Outcome, r.Error, r.File = analyze.Refuses, fmt.Sprintf(format, args...), l
	}
}

// configStart is ConfigRead (src/searchdconfig.cpp). Of what the JSON parser
// prints only the beginning is known.
func (h *host) configStart() {
	if c := h.Config; c != nil && len(c.Damage) > 0 {
		h.Replay.refuse(nil, "failed to use JSON config %s:", path.Join(h.DataDir, "manticore.json"))
	}
}

// binlogPath is the path of a log as the server prints it.
func (h *host) binlogPath(file string) string {
	return path.Join(h.binlogHome(), path.Base(file))
}

// binlogHome is the directory of the logs on the host.
func (h *host) binlogHome() string {
	if h.Conf != nil && h.Conf.BinlogPath.Value != "" {
		return path.Clean(h.Conf.BinlogPath.Value)
	}
	return path.Join(h.DataDir, "binlog")
}

func (h *host) metaStart() {
	m := h.Meta
	if m == nil || m.Damage == nil {
		return
	}
	name := h.binlogPath("binlog.meta")
	switch m.Damage.Kind {
	case parse.BadMagic:
		h.Replay.refuse(nil, "invalid meta file %s", name)
	case parse.BadVersion:
		h.Replay.refuse(nil, "binlog meta file %s is v.%d, binary is v.%d; recovery requires previous binary version", name, m.Version, manticore.LogVersion)
	}
}

// replayLog is ReplayBinlog.
func (h *host) replayLog(l *logFile) {
	name := h.binlogPath(l.Path)
	switch {
	case l.Missing:
		h.Replay.refuse(l, "binlog: log open error: failed to open %s: No such file or directory", name)
		return
	case l.Listed && l.Size > 8 && l.Stop != manticore.NoHeader && h.wrongVersion(l):
		h.Replay.refuse(l, "binlog: log %s is v.%d, binary is v.%d; recovery requires previous binary version", name, l.Version, h.Server.binlogVersion())
	}
	if !l.Listed && l.Transactions > 0 {
		h.Replay.Ignored = append(h.Replay.Ignored, l)
	}
	// Not the server's clock but the server's count: a table may have more in
	// its header than in the log.
	for _, x := range l.Tables {
		t := h.Tables[x.Name]
		if t == nil || t.Meta == nil || !t.Known || x.Transactions == 0 {
			continue
		}
		if int64(x.Last) > t.Whole {
			t.Whole, t.Fresh = int64(x.Last), true
		}
		if l.Listed && t.Refused == "" {
			t.Start = max(t.Start, int64(x.Last))
			t.Listed = t.Start
		}
	}
	if !l.Listed || l.Stop == manticore.EndOfFile {
		return
	}
	if text, dies := h.stopText(l, name); dies {
		h.Replay.refuse(l, "%s", text)
	} else {
		h.Replay.Silent = append(h.Replay.Silent, l)
	}
}

// wrongVersion reports whether the server that is forecast refuses the log.
func (h *host) wrongVersion(l *logFile) bool {
	want := h.Server.binlogVersion()
	if want == 0 || l.Transactions == 0 && l.Stop == manticore.EndOfFile {
		return false
	}
	return l.Version != want
}

// stopText is what the server prints where the replay of a log ends, and
// whether it dies of it. It passes over a bad record without a word as long as
// it takes it for one that the table has already.
func (h *host) stopText(l *logFile, name string) (text string, dies bool) {
	b := l.Broken
	pos := b.Offset + 5 // behind marker and operation
	switch l.Stop {
	case manticore.NoHeader:
		if l.Size == 0 || l.Damage.Kind == parse.Truncated && l.Size >= 4 {
			return "", false
		}
		return fmt.Sprintf("binlog: log %s missing magic header (corrupted?)", name), true
	case manticore.BadMarker:
		return fmt.Sprintf("binlog: log missing txn marker at pos=%d (corrupted?)", b.Offset), true
	case manticore.BadOperation:
		return fmt.Sprintf("binlog: unexpected entry (blop=%d, pos=%d)", b.Op, b.Offset), true
	case manticore.SecondCache:
		return "binlog: internal error, second BLOP_ADD_CACHE detected (corruption?)", true
	case manticore.BadTable:
		return "binlog: indexadd: unexpected table id (id=", true
	case manticore.UnknownTable:
		return "binlog: unexpected table id (id=", true
	case manticore.WrongVersion:
		return "", true
	}
	switch {
	case b.Reached == manticore.AtMarker:
		return fmt.Sprintf("binlog: log missing txn marker at pos=%d (corrupted?)", b.Offset), true
	case b.Reached == manticore.AtOperation:
		return fmt.Sprintf("binlog: unexpected entry (blop=0, pos=%d)", b.Offset), true
	case l.Version >= 15 && b.Op != 2, b.Reached == manticore.AtTable, b.Reached == manticore.AtTID:
		return "", false
	case b.Table == "":
		return "binlog: unexpected table id (id=", true
	}
	t := h.Tables[b.Table]
	if t == nil || t.Refused != "" || !t.Known || int64(b.TID) <= t.Start {
		return "", false
	}
	lasttid := uint64(0)
	for _, x := range l.Tables {
		if x.Name == b.Table {
			lasttid = x.Last
		}
	}
	text = fmt.Sprintf("binlog: %s (table=%s, lasttid=%d, logtid=%d, pos=%d, error=", operation(b.Kind), b.Table, lasttid, b.TID, pos)
	if l.Stop == manticore.TornRecord {
		return text + fmt.Sprintf("pread error in %s:", name), true
	}
	return text + "(null))", true
}

// operation is the name of a transaction by the first byte of its payload
// (src/binlog.cpp SzTxnName).
func operation(kind byte) string {
	switch kind {
	case 0:
		return "update"
	case 2:
		return "pq_add_delete"
	}
	return "commit"
}
