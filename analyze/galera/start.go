package galera

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// The words of the server.
const (
	// galera/src/replicator_smm.cpp ReplicatorSMM::connect
	notSafe = "WSREP: It may not be safe to bootstrap the cluster from this node. It was not the last one to leave the cluster and may not contain all the updates. " +
		"To force cluster bootstrap with this node, edit the grastate.dat file manually and set safe_to_bootstrap to 1 ."
	// sql/sql_acl.cc acl_init
	noPrivileges = "Fatal error: Can't open and lock privilege tables: Table 'mysql.db' doesn't exist"
)

// start forecasts a bootstrap of the directory as it is, with the position
// that the systemd unit recovers passed on. The provider connects before
// InnoDB is opened, so it refuses first (sql/mysqld.cc init_server_components).
func (m *model) start() analyze.Start {
	if m.Arbitrator {
		return analyze.Start{Outcome: analyze.Unknown, Server: "garbd", Joins: true, Why: "an arbitrator joins a cluster, it never forms one"}
	}
	s := analyze.Start{Outcome: analyze.Clean, Server: m.server(), Why: m.serverWhy()}
	refusal := m.Engine.Refusal
	if refusal == "" && !m.hasPrivileges() {
		refusal = noPrivileges
	}
	s.Joins = refusal == ""
	switch {
	case !m.safe():
		s.Outcome, s.Error = analyze.Refuses, notSafe
		if refusal != "" {
			s.Others = []analyze.OtherStart{{Server: "safe_to_bootstrap 1, and when it joins", Outcome: analyze.Refuses, Error: refusal}}
		}
		return s
	case refusal != "":
		s.Outcome, s.Error = analyze.Refuses, refusal
		return s
	case m.Condition == backwards:
		s.Outcome = analyze.Discards
		s.Discards = &analyze.Range{}
		if m.Span.Bounded && m.Span.Known && m.Span.Upper > m.Span.Lower {
			s.Discards = &analyze.Range{Entries: m.Span.Upper - m.Span.Lower, From: m.Span.Lower + 1, To: m.Span.Upper}
		}
	}
	s.Changes = m.changes()
	return s
}

// changes are what a bootstrap does to files that tell about the past.
func (m *model) changes() []analyze.Change {
	var out []analyze.Change
	if m.State == nil {
		out = append(out, analyze.Change{Op: "create", File: m.Layout.state("grastate.dat")})
	}
	if m.Cache != nil && m.Cache.First > 0 && m.dropsCache() {
		out = append(out, analyze.Change{Op: "truncate", File: m.Cache.File})
	}
	if m.View == nil {
		out = append(out, analyze.Change{Op: "create", File: m.Layout.state("gvwstate.dat")})
	}
	for _, f := range m.Files {
		if m.inData(f.Path) && strings.Contains(f.Path, "gcache.page.") {
			out = append(out, analyze.Change{Op: "remove", File: f.Path})
		}
	}
	return out
}

// newHistory reports whether a bootstrap gives the group a new UUID although
// the position is passed on (galera/src/replicator_smm.cpp: it is used only if
// grastate.dat names the same UUID and no seqno of its own).
func (m *model) newHistory() bool {
	return m.State == nil || m.State.UUID.IsZero() || m.State.Seqno < 0 && m.State.UUID != m.UUID
}

// startSeqno is the position that a bootstrap continues from.
func (m *model) startSeqno() int64 {
	switch _, seqno, ok := m.claims(); {
	case m.newHistory():
		return 0
	case ok:
		return seqno
	}
	return m.Engine.Seqno
}

// dropsCache reports whether a bootstrap throws the write-set cache away.
func (m *model) dropsCache() bool {
	return m.newHistory() || m.startSeqno() < 0 || m.Cache.UUID != m.State.UUID || m.Cache.Last < uint64(m.startSeqno())
}

// hasPrivileges reports whether the system tables are there that the server
// opens before it serves anybody.
func (m *model) hasPrivileges() bool {
	dir := m.Layout.data("mysql")
	if !m.Dirs[dir] {
		return false
	}
	for _, name := range []string{"global_priv.frm", "user.frm", "db.frm", "db.MAD", "user.MYD", "db.MYD", "db.ibd", "user.ibd"} {
		if m.has(dir + "/" + name) {
			return true
		}
	}
	return m.has(m.Layout.data("mysql.ibd"))
}

// has reports whether a file is there.
func (m *model) has(name string) bool {
	if m.paths == nil {
		m.paths = make(map[string]bool, len(m.Files))
		for _, f := range m.Files {
			m.paths[f.Path] = true
		}
	}
	return m.paths[name]
}

// server names the implementation that the forecast is for.
func (m *model) server() string {
	product := "MariaDB"
	if m.Node.Product == "percona-xtradb-cluster" {
		product = "Percona XtraDB Cluster"
	}
	return strings.TrimSpace(product + " " + m.version())
}

// version is the server's version where a file tells it.
func (m *model) version() string {
	v := cmp.Or(m.Log.Version, strings.TrimPrefix(m.Engine.Version, "MariaDB "))
	v, _, _ = strings.Cut(v, "-")
	return v
}

func (m *model) serverWhy() string {
	switch {
	case m.Log.Version != "":
		return fmt.Sprintf("its error log says so (%s)", m.Log.File)
	case m.Engine.Version != "":
		return "the redo log was made by " + m.Engine.Version
	}
	return ""
}
