package wesql

import (
	"fmt"
	"path"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/parse"
)

// add records a finding with the severity of the catalog.
func (g *group) add(id, node string, evidence []analyze.Evidence, format string, args ...any) {
	e, _ := catalog.Get(id)
	g.findings = append(g.findings, analyze.Finding{
		ID: id, Node: node, Severity: analyze.Severity(e.Severity), Detail: fmt.Sprintf(format, args...), Evidence: evidence,
	})
}

// at quotes a place in a file of the node.
func (m *model) at(span parse.Span, quote string) []analyze.Evidence {
	return []analyze.Evidence{{Span: span, Node: m.Name, Quote: quote}}
}

// span names a run of entries.
func span(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("entry %d", from)
	}
	return fmt.Sprintf("entries %d to %d", from, to)
}

// file quotes a file as such.
func (m *model) file(name, quote string) []analyze.Evidence {
	return m.at(parse.Span{File: name}, quote)
}

// damage quotes damage of a file.
func (m *model) damage(file string, kinds ...parse.Kind) []analyze.Evidence {
	var out []analyze.Evidence
	for _, d := range m.Node.Damage {
		if d.File == file && (len(kinds) == 0 || slices.Contains(kinds, d.Kind)) && len(out) < 8 {
			out = append(out, analyze.Evidence{Span: d.Span, Node: m.Name, Quote: fmt.Sprintf("%s: want %s, got %s", d.Kind, d.Want, d.Got)})
		}
	}
	return out
}

// end quotes the last file of a log.
func (m *model) end() []analyze.Evidence {
	if m.Layout == layoutStore {
		if m.Store.Current != nil {
			return m.file(m.Store.Current.File, fmt.Sprintf("last archived entry (%d, %d)", m.Store.Term, m.Store.Last))
		}
		return nil
	}
	l := m.log.LastFile
	if l == nil {
		return m.file(m.IndexPath, "no log file")
	}
	span := parse.Span{File: l.Path}
	if l.Ledger != nil && l.Ledger.Last.Index != 0 {
		e := l.Ledger.Last
		span.Offset, span.Length, span.Field = e.Offset, e.End-e.Offset, fmt.Sprintf("entry[%d]", e.Index)
	}
	return m.at(span, fmt.Sprintf("last entry: term %d, index %d", m.log.Term, m.log.Index))
}

// flag quotes the in-use flag of the last file.
func (m *model) flag() []analyze.Evidence {
	return m.at(parse.Span{File: m.log.LastFile.Path, Offset: 21, Length: 1, Field: "flags"}, "BINLOG_IN_USE is set")
}

// membersEvidence quotes the member string.
func (m *model) membersEvidence() []analyze.Evidence {
	x, file := m.members()
	if r := m.rows(); r != nil && r.Members == x.Text {
		return m.at(r.At, x.Text)
	}
	return m.file(file, x.Text)
}

// report collects what the rules have to say about a cluster.
func (g *group) report() {
	for _, m := range g.nodes {
		if m.Layout == layoutStore {
			g.storeFindings(m)
			continue
		}
		g.logFindings(m)
		g.rowFindings(m)
		g.engineFindings(m)
		g.optionFindings(m)
		if m.Store != nil {
			g.storeFindings(m)
		}
	}
	g.rankFindings()
	g.forkFindings()
	g.memberFindings()
	g.quorumFindings()
	g.archiveFindings()
}

// plainFindings are those of a directory that is not WeSQL's.
func (g *group) plainFindings(m *model) {
	g.add("LWW049", m.Name, m.file(m.in("mysql.ibd"), "no consensus log, no smartengine directory, no consensus tables"),
		"%s is the data directory of a MySQL 8.0 server. Nothing in it has a term or an index, so it is not compared with anything. To become a node of a cluster it has to be upgraded: mysqld --upgrade-wesql --raft-replication-force-change-meta=ON --raft-replication-cluster-info=ip:port@1.", m.Name)
	var found []analyze.Evidence
	lsn := map[string]uint64{}
	for _, name := range []string{"ibdata", "ibdata1"} {
		b, err := m.read(m.in(name), 64)
		if err != nil || len(b) < 34 {
			continue
		}
		for _, c := range b[26:34] {
			lsn[name] = lsn[name]<<8 | uint64(c)
		}
		found = append(found, analyze.Evidence{Span: parse.Span{File: m.in(name), Offset: 26, Length: 8, Field: "flush-lsn"}, Node: m.Name, Quote: fmt.Sprint(lsn[name])})
	}
	if len(found) > 1 {
		live := path.Base(m.Redo.System)
		g.add("LWW050", m.Name, found, "There are two system tablespaces, ibdata with flush LSN %d and ibdata1 with %d; the redo log's checkpoint is %d, so %s is the one in use and the other is a leftover. The server has to be started with --innodb_data_file_path=%s:10M:autoextend.", lsn["ibdata"], lsn["ibdata1"], m.Redo.Checkpoint, live, live)
	}
}
