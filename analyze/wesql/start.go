package wesql

import (
	"fmt"
	"path"
	"strconv"

	"github.com/lastwrite/lastwrite/analyze"
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// The server's words (share/messages_to_error_log.txt as WeSQL extends it, and
// MySQL's own).
const (
	saysCannotOpen   = "Could not open log file."
	saysEmptyFile    = "I/O error reading the header from the binary log."
	saysBadMagic     = "Binlog has bad magic number;  It's not a binary log file that can be used by this version of MySQL."
	saysNoFirst      = "Consensus log file do not contain prev_consensus_log_ev, file: '%s'"
	saysOutOfOrder   = "Found invalid event sequence while recovering from binary log file '%s', between positions %d and %d: %s. The recovery process was stopped early and no transaction was recovered."
	saysNoNext       = "Failed to find next transaction index. index: %d"
	saysNoMeta       = "Failed to read consensus meta 'consensus_info'"
	saysNoDictionary = "Failed to initialize DD Storage Engine"
	saysNoLock       = "Failed to verify the ID of data directory in the object store with the specified repo_objectstore_id"
	saysMalformed    = "Found malformed cluster info on objectsotre"
)

// server is what the forecasts are for.
const server = "WeSQL 8.0.35"

// start forecasts a plain start of the server on the directory as it is, with
// all other nodes down, in the order in which the server goes
// (sql/mysqld.cc, sql/consensus_binlog.cc, plugin/raft_replication).
func (m *model) start() analyze.Start {
	s := analyze.Start{Outcome: analyze.Clean, Server: server, Why: "the log files are WeSQL's"}
	if m.rebuildsItself() {
		return m.rebuildStart(s)
	}
	if x := m.Store; x != nil && x.InData && !x.Lock && m.serverless() {
		s.Outcome, s.Error = analyze.Refuses, saysNoLock
		return s
	}
	if e := m.Engine; e != nil && !e.Opens {
		s.Outcome, s.Error = analyze.Refuses, e.Error
		return s
	}
	if text := m.indexError(); text != "" {
		s.Outcome, s.Error = analyze.Refuses, text
		return s
	}
	if len(m.Index.Entries) == 0 {
		return m.emptyIndex(s)
	}
	last := m.log.LastFile
	if last == nil || last.Log == nil { // it could not be read, and the report says so
		s.Outcome = analyze.Unknown
		return s
	}
	if scan := last.Log.Server; scan.Malformed != "" {
		s.Outcome = analyze.Refuses
		s.Error = fmt.Sprintf(saysOutOfOrder, last.Line, scan.From, scan.To, scan.Malformed)
		return s
	}
	m.tail(&s)
	if m.withoutTables() {
		s.Outcome, s.Error = analyze.Crashes, saysNoMeta
		return s
	}
	if at, ok := m.beyond(); ok {
		s.Outcome, s.Error = analyze.Crashes, fmt.Sprintf(saysNoNext, at)
		return s
	}
	if c := m.storeInfo(); c != nil && len(c.Damage) > 0 {
		s.Outcome, s.Error = analyze.Refuses, saysMalformed
	}
	return s
}

// indexError is what the server says while it reads the beginning of every
// listed file, "" if nothing stops it.
func (m *model) indexError() string {
	if len(m.Index.Entries) == 0 {
		return ""
	}
	for _, l := range m.Chain {
		switch {
		case !l.Listed:
		case l.Missing, m.elsewhere(l.Line):
			return saysCannotOpen
		case l.Size == 0:
			return saysEmptyFile
		case l.Log == nil:
			return ""
		case !l.Log.Magic && l.Size >= 4:
			return saysBadMagic
		case !l.Log.Magic:
			return saysEmptyFile
		case !l.Log.HasFirst:
			return fmt.Sprintf(saysNoFirst, l.Line)
		}
	}
	return ""
}

// tail says what the start does with the end of the last file.
func (m *model) tail(s *analyze.Start) {
	last := m.log.LastFile
	if v := m.Conf.WeSQL.SourceVerifyChecksum; v.Set && v.V && last.Log.BadEvents > 0 && last.Log.Strict.Index < last.Log.Server.Index {
		s.Changes = append(s.Changes, analyze.Change{Op: "truncate", File: last.Path})
		s.Outcome = analyze.Discards
		s.Discards = &analyze.Range{Entries: last.Log.Server.Index - last.Log.Strict.Index, From: last.Log.Strict.Index + 1, To: last.Log.Server.Index}
		return
	}
	if c := m.log.Cut; c != nil {
		s.Changes = append(s.Changes, analyze.Change{Op: "truncate", File: last.Path})
		if n := last.Log.Behind; n > 0 {
			s.Outcome = analyze.Discards
			s.Discards = &analyze.Range{Entries: uint64(n), From: last.Log.BehindFirst, To: last.Log.BehindLast}
		} else if last.Log.LastIndex > last.Log.Server.Index {
			s.Outcome = analyze.Discards
			s.Discards = &analyze.Range{Entries: last.Log.LastIndex - last.Log.Server.Index, From: last.Log.Server.Index + 1, To: last.Log.LastIndex}
		}
	}
}

// withoutTables reports whether the server misses the raft tables when it reads
// them.
func (m *model) withoutTables() bool {
	return m.Engine != nil && m.Engine.lostTables() && m.serverless()
}

// beyond reports whether the position from which applying resumes lies behind
// the end of the log; at is what the server prints.
func (m *model) beyond() (at uint64, ok bool) {
	r := m.rows()
	applied, _, has, _ := m.applied()
	switch {
	case r != nil && r.RecoverStatus == 1:
		return r.StartApplyIndex, r.StartApplyIndex > m.log.Index
	case has && !m.logger():
		return applied, applied > m.log.Index
	}
	return 0, false
}

// emptyIndex is a start without a list of the log files: the server begins a
// new log and finds that it lacks what was applied.
func (m *model) emptyIndex(s analyze.Start) analyze.Start {
	next := int64(1)
	for _, l := range m.Chain {
		next = max(next, l.Number+1)
	}
	s.Changes = append(s.Changes, analyze.Change{Op: "create", File: path.Join(m.LogDir, fmt.Sprintf("%s.%06d", m.Base, next))}, analyze.Change{Op: "create", File: m.IndexPath})
	applied, _, ok, _ := m.applied()
	if r := m.rows(); r != nil && r.RecoverStatus == 1 {
		applied, ok = r.StartApplyIndex, true
	}
	switch {
	case m.withoutTables():
		s.Outcome, s.Error = analyze.Crashes, saysNoMeta
	case m.log.Index == 0:
	case ok && applied > 0:
		s.Outcome, s.Error = analyze.Crashes, fmt.Sprintf(saysNoNext, applied)
	default:
		s.Outcome = analyze.Discards
		s.Discards = &analyze.Range{Entries: m.log.Index + 1 - max(m.log.First, 1), From: m.log.First, To: m.log.Index}
	}
	return s
}

// rebuildsItself reports whether a start would replace the directory by what
// is in the object store.
func (m *model) rebuildsItself() bool {
	if m.hasDir("mysql") || !m.hasFile("mysql.ibd") && !m.hasFile("ibdata1") {
		return false // a directory of log files alone is a part of a copy
	}
	if v := m.Conf.WeSQL.RecoverFromStore; v.Set && !v.V {
		return false
	}
	return m.serverless()
}

// rebuildStart is the start of a serverless directory that lacks its mysql
// directory: the log is replaced by the archived one, and then the data
// dictionary fails to open.
func (m *model) rebuildStart(s analyze.Start) analyze.Start {
	s.Outcome, s.Error = analyze.Refuses, saysNoDictionary
	for _, l := range m.Chain {
		if !l.Missing {
			s.Changes = append(s.Changes, analyze.Change{Op: "truncate", File: l.Path})
		}
	}
	if m.Store != nil && m.Store.Listed < m.log.Index {
		s.Discards = &analyze.Range{Entries: m.log.Index - m.Store.Listed, From: m.Store.Listed + 1, To: m.log.Index}
	}
	return s
}
