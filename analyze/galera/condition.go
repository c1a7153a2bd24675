package galera

import (
	"fmt"
	"path"
	"strings"

	"github.com/lastwrite/lastwrite/parse/galera"
)

// judge derives what follows from one directory alone.
func (m *model) judge() {
	if m.Arbitrator {
		m.Condition, m.Why = arbitrator, "an arbitrator holds no data"
		return
	}
	m.UUID = m.history()
	m.Condition, m.Why = m.condition()
	m.Span = m.bounds()
}

// history returns the UUID of the history that the data belongs to. InnoDB
// decides; where its log could not be read, the pages may still show the
// history before the last one, so grastate.dat counts more.
func (m *model) history() galera.UUID {
	if m.Engine.Exact && !m.Engine.UUID.IsZero() {
		return m.Engine.UUID
	}
	if m.State != nil && !m.State.UUID.IsZero() {
		return m.State.UUID
	}
	if !m.Engine.UUID.IsZero() {
		return m.Engine.UUID
	}
	for _, t := range m.Transfers {
		if !t.UUID.IsZero() && !m.Engine.Exact {
			return t.UUID
		}
	}
	if m.Cache != nil && !m.Engine.Exact {
		return m.Cache.UUID
	}
	return galera.UUID{}
}

// condition follows galera/src/replicator_smm.cpp and replicator_str.cpp, which
// say when the provider writes the zero UUID: in a state transfer, in a
// statement under total order isolation, and for good when it is inconsistent.
func (m *model) condition() (condition, string) {
	e := m.Engine
	switch {
	case m.SST != "":
		return incomplete, path.Base(m.SST) + " is there: the state transfer to this node did not finish, so the files are an incomplete copy"
	case e.Missing && (m.State != nil && !m.State.UUID.IsZero() || m.View != nil || m.Cache != nil):
		return incomplete, "the system tablespace is missing"
	case e.Exact && e.UUID.IsZero() && m.View != nil:
		return incomplete, "the node was in a view, but InnoDB holds no position: the state transfer did not get far"
	case e.Exact && e.UUID.IsZero() && m.State != nil && !m.State.UUID.IsZero():
		return incomplete, fmt.Sprintf("grastate.dat names the history %s, but InnoDB holds no position: these are not the files of that node, or only a part of them", m.State.UUID)
	case m.UUID.IsZero():
		return fresh, "neither InnoDB nor the state files hold a group UUID"
	}
	if lost, why := m.expelled(); lost {
		return inconsistent, why
	}
	if e.Beyond != nil {
		return backwards, fmt.Sprintf("the redo log is damaged and goes on behind the damage with %s; a server takes the damage for the end of the log", plural(uint64(e.Beyond.Mtrs), "mini-transaction", "mini-transactions"))
	}
	switch {
	case m.State == nil:
		return stateLost, "grastate.dat is missing"
	case m.State.UUID.IsZero() && m.schemaChange():
		return schemaChange, "a statement in total order isolation was running when the server died"
	case m.State.UUID.IsZero():
		return stateLost, "grastate.dat holds no group UUID"
	}
	return sound, ""
}

// expelled reports whether the provider marked the state corrupt: the zero
// UUID, and either the error log says so, or the node left the group in good
// order, which a node that died in a schema change did not.
func (m *model) expelled() (bool, string) {
	if m.State == nil || m.State.Size == 0 || !m.State.UUID.IsZero() {
		return false, ""
	}
	if s := m.Log.Inconsistent; s != nil {
		return true, fmt.Sprintf("its error log says that it left as inconsistent at seqno %d", s.Seqno)
	}
	for _, f := range m.Failed {
		if d := m.Engine.Seqno - int64(f.Seqno); m.Engine.Exact && d >= -1 && d <= 1 {
			return true, fmt.Sprintf("%s holds the write set %d that failed to apply where the data ends", f.File, f.Seqno)
		}
	}
	if m.View == nil && m.State.UUIDField.Present {
		return true, "grastate.dat holds the zero UUID and gvwstate.dat is gone: the provider marked the state as corrupt and left the group"
	}
	return false, ""
}

// schemaChange reports whether the write sets behind the position begin with a
// schema change, or an unfinished one left its tables behind.
func (m *model) schemaChange() bool {
	if len(m.alterTables()) > 0 {
		return true
	}
	if m.Cache == nil || m.Engine.Seqno < 0 {
		return false
	}
	for e := range m.Cache.Index.Range(m.Engine.Seqno+1, maxSeqno) {
		if e.TOI() {
			return true
		}
	}
	return false
}

// alterTables lists the tables of an ALTER that did not end. Those that begin
// with #sql-ib belong to a purge and are no sign of anything.
func (m *model) alterTables() []string {
	var out []string
	for _, f := range m.Files {
		base := path.Base(f.Path)
		if strings.HasPrefix(base, "#sql-") && !strings.HasPrefix(base, "#sql-ib") && m.inData(f.Path) {
			out = append(out, f.Path)
		}
	}
	return out
}

// inData reports whether a path below the node's root lies in the data
// directory.
func (m *model) inData(p string) bool {
	return m.Data == "." || strings.HasPrefix(p, m.Data+"/")
}
