package hostlayout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// maxLocalDB is the largest local.db that is read, in bytes; real ones have
// some 50 KB.
const maxLocalDB = 64 << 20

// A LocalDB is what the local.db of an Incus or LXD member says about the
// cluster. Other tables and other configuration keys are not read out.
type LocalDB struct {
	File           string
	Nodes          []Node        // raft_nodes, in the order of ids
	ClusterAddress Value[string] // configuration key cluster.https_address; not set when stand-alone
	CoreAddress    Value[string] // configuration key core.https_address
	WALMode        bool          // the database is in WAL mode
	WAL            bool          // local.db-wal lies beside it and was read
	Journal        bool          // local.db-journal lies beside it: a transaction was cut off and is still to be rolled back
}

// Own returns the member's own record as the daemon determines it: the row of
// raft_nodes with the cluster address; id 1 with address "1" when stand-alone
// or before the member has joined (Incus internal/server/node/raft.go
// DetermineRaftNode). ok is false for a member without a database role.
func (l *LocalDB) Own() (n Node, ok bool) {
	if !l.ClusterAddress.Set || l.ClusterAddress.V == "" || len(l.Nodes) == 0 {
		at := parse.Span{File: l.File}
		return Node{ID: set(uint64(1), at), Address: set("1", at), Role: set(Voter, at), At: at}, true
	}
	for _, n := range l.Nodes {
		if n.Address.V == l.ClusterAddress.V {
			return n, true
		}
	}
	return Node{}, false
}

func (r *reader) localDB(p string) {
	l := &LocalDB{File: p}
	r.app.LocalDB = l
	main := r.database(p)
	if main == nil {
		return
	}
	var wal io.ReaderAt
	var walSize int64
	if b := r.database(p + "-wal"); b != nil {
		wal, walSize, l.WAL = b, b.Size(), true
	}
	if info, err := fs.Stat(r.fsys, p+"-journal"); err == nil {
		l.Journal = info.Mode().IsRegular() && info.Size() > 0
	}
	db, damage, err := sqlite.OpenDB(p, main, main.Size(), wal, walSize)
	r.damage(damage)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	l.WALMode = db.Header.WAL()
	r.rows(db, "raft_nodes", func(row map[string]any, at parse.Span) { l.Nodes = append(l.Nodes, r.raftNode(row, at)) })
	r.rows(db, "config", func(row map[string]any, at parse.Span) {
		value, isText := row["value"].(string)
		switch row["key"] {
		case "cluster.https_address":
			l.ClusterAddress = Value[string]{value, isText, at}
		case "core.https_address":
			l.CoreAddress = Value[string]{value, isText, at}
		}
	})
}

// database reads a file into memory, nil if it is not there. Databases are
// small, and not every file system gives random access.
func (r *reader) database(p string) *bytes.Reader {
	data, err := readFile(r.fsys, p, maxLocalDB)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		r.errs = append(r.errs, err)
		return nil
	case len(data) > maxLocalDB:
		r.damage([]parse.Damage{tooLarge(p, maxLocalDB)})
		return nil
	}
	return bytes.NewReader(data)
}

// rows calls f with each row of a table by column name.
func (r *reader) rows(db *sqlite.DB, table string, f func(row map[string]any, at parse.Span)) {
	file := r.app.LocalDB.File
	columns, rows, damage, err := db.Rows(table)
	r.damage(damage)
	if errors.Is(err, sqlite.ErrNoTable) {
		r.damage([]parse.Damage{{Span: parse.Span{File: file, Field: table}, Kind: parse.BadValue, Want: "the table", Got: "none"}})
		return
	}
	if err != nil {
		r.errs = append(r.errs, err)
	}
	for i, row := range rows {
		byName := map[string]any{}
		for j, v := range row {
			if j < len(columns) {
				byName[columns[j]] = v
			}
		}
		f(byName, parse.Span{File: file, Field: fmt.Sprintf("%s[%d]", table, i)})
	}
}

func (r *reader) raftNode(row map[string]any, at parse.Span) Node {
	n := Node{At: at}
	if id, ok := row["id"].(int64); ok && id > 0 {
		n.ID = set(uint64(id), at)
	}
	if address, ok := row["address"].(string); ok {
		n.Address = set(address, at)
	}
	if name, ok := row["name"].(string); ok {
		n.Name = set(name, at)
	}
	if code, ok := row["role"].(int64); ok {
		role, ok := roleFromNumber(uint64(code))
		if !ok {
			r.damage([]parse.Damage{{Span: at, Kind: parse.BadValue, Want: "role 0, 1 or 2", Got: fmt.Sprint(code)}})
			role = 0
		}
		n.Role = Value[Role]{role, ok, at}
	}
	return n
}
