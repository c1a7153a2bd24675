package database

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A table is an ordinary table as SQLite understands it.
type table struct {
	name    string
	columns []string // stored columns
	key     []string // primary key columns in key order
	rowid   string   // a name for the rowid that no column has, "" if there is none
}

// virtualColumn marks a generated column that is not stored in PRAGMA
// table_xinfo (sqlite/sqlite src/pragma.c).
const virtualColumn = 2

// table describes the ordinary table o.
func (f *file) table(ctx context.Context, o object) (table, error) {
	t := table{name: o.name}
	// The statement, not the function pragma_table_xinfo: the schema could
	// define a view of that name.
	rows, err := f.db.QueryContext(ctx, "PRAGMA table_xinfo("+quote(o.name)+")")
	if err != nil {
		return t, err
	}
	defer rows.Close()
	taken := map[string]bool{}
	type keyed struct {
		name  string
		place int64
	}
	var key []keyed
	for rows.Next() {
		var name string
		var pk, hidden int64
		var ignored any
		if err := rows.Scan(&ignored, &name, &ignored, &ignored, &ignored, &pk, &hidden); err != nil {
			return t, err
		}
		taken[strings.ToLower(name)] = true
		if hidden == virtualColumn {
			continue
		}
		t.columns = append(t.columns, name)
		if pk > 0 {
			key = append(key, keyed{name, pk})
		}
	}
	if err := rows.Err(); err != nil {
		return t, err
	}
	rows.Close()
	slices.SortFunc(key, func(a, b keyed) int { return int(a.place - b.place) })
	for _, k := range key {
		t.key = append(t.key, k.name)
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if taken[name] {
			continue
		}
		// WITHOUT ROWID tables do not know the name.
		probe, err := f.db.QueryContext(ctx, "SELECT "+name+" FROM "+quote(t.name)+" NOT INDEXED LIMIT 0")
		if err == nil {
			probe.Close()
			t.rowid = name
		} else if ctx.Err() != nil {
			return t, err
		}
		break
	}
	return t, nil
}

// count counts the rows of an ordinary table, not the entries of an index.
func (f *file) count(ctx context.Context, table string) (rows int64, err error) {
	err = f.db.QueryRowContext(ctx, "SELECT count(*) FROM "+quote(table)+" NOT INDEXED").Scan(&rows)
	return rows, err
}

// query selects columns of t in the given order. Text compares as bytes
// whatever collation the schema names, and only the table itself is read, as
// an index may disagree with it. The unary plus keeps the driver from turning
// values into what the declared type sounds like.
func (t *table) query(columns, order []string) string {
	var q strings.Builder
	q.WriteString("SELECT ")
	for i, c := range columns {
		if i > 0 {
			q.WriteString(", ")
		}
		fmt.Fprintf(&q, "+%s", t.expr(c))
	}
	fmt.Fprintf(&q, " FROM %s NOT INDEXED", quote(t.name))
	for i, c := range order {
		if i == 0 {
			q.WriteString(" ORDER BY ")
		} else {
			q.WriteString(", ")
		}
		q.WriteString(t.expr(c))
		if c != t.rowid {
			q.WriteString(" COLLATE BINARY")
		}
	}
	return q.String()
}

// expr names a column in SQL. The name of the rowid is not quoted: quoted, it
// could turn into a text.
func (t *table) expr(column string) string {
	if column == t.rowid {
		return column
	}
	return quote(column)
}
