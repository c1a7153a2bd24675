package database

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDiff(t *testing.T) {
	schema := []string{
		"CREATE TABLE id (id INTEGER PRIMARY KEY, v)",
		"CREATE TABLE text (k TEXT, n INTEGER, v, PRIMARY KEY (n, k))",
		"CREATE TABLE plain (v)",
		"CREATE TABLE rowless (a TEXT, b, v, PRIMARY KEY (b, a)) WITHOUT ROWID",
		`CREATE TABLE "weird "" table" ("a "" b" PRIMARY KEY, rowid, "select")`,
		"CREATE TABLE hidden (rowid, _rowid_, oid)",
		"CREATE TABLE nocase (k TEXT PRIMARY KEY COLLATE NOCASE, v) WITHOUT ROWID",
		"CREATE TABLE nulls (k TEXT PRIMARY KEY, v)",
		"CREATE TABLE same (x)", "INSERT INTO same VALUES (1), (NULL)",
	}
	a := build(t, append(schema,
		"INSERT INTO id VALUES (1, 'a'), (2, 'b'), (3, 'c'), (5, 1)",
		"INSERT INTO text VALUES ('a', 1, 1), ('b', 1, 1), ('a', 2, 1)",
		"INSERT INTO plain(rowid, v) VALUES (1, 1), (2, 2), (9, 9)",
		"INSERT INTO rowless VALUES ('a', 1, 1), ('a', 2, 1), ('b', 1, 1)",
		`INSERT INTO "weird "" table" VALUES (1, 1, 1), (2, 2, 2)`,
		"INSERT INTO hidden VALUES (1, 1, 1), (1, 1, 1), (2, 2, 2)",
		"INSERT INTO nocase VALUES ('a', 1), ('B', 1), ('c', 1)",
		"INSERT INTO nulls(rowid, k, v) VALUES (1, NULL, 1), (2, NULL, 2), (3, 'x', 3)",
		"CREATE TABLE gone (x)", "INSERT INTO gone VALUES (1), (2)",
	)...)
	b := build(t, append(schema,
		"INSERT INTO id VALUES (2, 'B'), (3, 'c'), (4, 'd'), (5, 1.0), (6, 'f')",
		"INSERT INTO text VALUES ('a', 2, 1), ('b', 1, 2), ('a', 1, 1)",
		"INSERT INTO plain(rowid, v) VALUES (1, 1), (2, 3)",
		"INSERT INTO rowless VALUES ('a', 1, 2), ('b', 2, 1), ('b', 1, 1)",
		`INSERT INTO "weird "" table" VALUES (1, 1, 1), (2, 2, 3)`,
		"INSERT INTO hidden VALUES (1, 1, 1), (2, 2, 2)",
		"INSERT INTO nocase VALUES ('A', 1), ('B', 2), ('c', 1)",
		"INSERT INTO nulls(rowid, k, v) VALUES (1, NULL, 1), (2, NULL, 5), (4, 'x', 3)",
		"CREATE TABLE fresh (x)",
	)...)
	untouched(t, a)
	untouched(t, b)
	d, err := Diff(t.Context(), a, b)
	require.NoError(t, err)
	both := func(d TableDiff) TableDiff {
		d.InA, d.InB = true, true
		return d
	}
	want := []TableDiff{
		{Name: "fresh", InB: true, Key: []string{"rowid"}, Columns: []string{"x"}},
		{Name: "gone", InA: true, Key: []string{"rowid"}, Columns: []string{"x"}, RowsA: 2, OnlyA: 2},
		both(TableDiff{Name: "hidden", Key: []string{"rowid", "_rowid_", "oid"}, Columns: []string{"rowid", "_rowid_", "oid"}, RowsA: 3, RowsB: 2, OnlyA: 1}),
		both(TableDiff{Name: "id", Key: []string{"id"}, Columns: []string{"id", "v"}, RowsA: 4, RowsB: 5, OnlyA: 1, OnlyB: 2, Changed: 2}),
		both(TableDiff{Name: "nocase", Key: []string{"k"}, Columns: []string{"k", "v"}, RowsA: 3, RowsB: 3, OnlyA: 1, OnlyB: 1, Changed: 1}),
		both(TableDiff{Name: "nulls", Key: []string{"k"}, Columns: []string{"k", "v"}, RowsA: 3, RowsB: 3, Changed: 1}),
		both(TableDiff{Name: "plain", Key: []string{"rowid"}, Columns: []string{"v"}, RowsA: 3, RowsB: 2, OnlyA: 1, Changed: 1}),
		both(TableDiff{Name: "rowless", Key: []string{"b", "a"}, Columns: []string{"a", "b", "v"}, RowsA: 3, RowsB: 3, OnlyA: 1, OnlyB: 1, Changed: 1}),
		both(TableDiff{Name: "same", Key: []string{"rowid"}, Columns: []string{"x"}, RowsA: 2, RowsB: 2}),
		both(TableDiff{Name: "text", Key: []string{"n", "k"}, Columns: []string{"k", "n", "v"}, RowsA: 3, RowsB: 3, Changed: 1}),
		both(TableDiff{Name: `weird " table`, Key: []string{`a " b`}, Columns: []string{`a " b`, "rowid", "select"}, RowsA: 2, RowsB: 2, Changed: 1}),
	}
	assert.Empty(t, cmp.Diff(want, d.Tables))
	assert.Empty(t, cmp.Diff([]SchemaDiff{
		{Kind: "table", Name: "fresh", Table: "fresh", InB: true, SQLB: "CREATE TABLE fresh (x)"},
		{Kind: "table", Name: "gone", Table: "gone", InA: true, SQLA: "CREATE TABLE gone (x)"},
	}, d.Schema))

	rows, err := DiffRows(t.Context(), a, b, "id", 10)
	require.NoError(t, err)
	assert.False(t, rows.More)
	assert.Empty(t, cmp.Diff(want[3], rows.TableDiff))
	assert.Empty(t, cmp.Diff([]RowDiff{
		{Kind: OnlyA, A: []any{int64(1), "a"}},
		{Kind: Changed, A: []any{int64(2), "b"}, B: []any{int64(2), "B"}},
		{Kind: OnlyB, B: []any{int64(4), "d"}},
		{Kind: Changed, A: []any{int64(5), int64(1)}, B: []any{int64(5), 1.0}},
		{Kind: OnlyB, B: []any{int64(6), "f"}},
	}, rows.Rows))

	rows, err = DiffRows(t.Context(), a, b, "id", 2)
	require.NoError(t, err)
	assert.True(t, rows.More)
	assert.Len(t, rows.Rows, 2)

	rows, err = DiffRows(t.Context(), a, b, "gone", 10)
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff([]RowDiff{{Kind: OnlyA, A: []any{int64(1)}}, {Kind: OnlyA, A: []any{int64(2)}}}, rows.Rows))

	_, err = DiffRows(t.Context(), a, b, "absent", 10)
	require.ErrorIs(t, err, ErrNoTable)
}

func TestDiffOfSchemas(t *testing.T) {
	a := build(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)", "INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)",
		"CREATE TABLE k (a PRIMARY KEY, b)", "INSERT INTO k VALUES (1, 1)",
		"CREATE TABLE w (a PRIMARY KEY) WITHOUT ROWID", "CREATE TABLE n (a)",
		"CREATE INDEX i ON t (a)", "CREATE VIEW v AS SELECT 1", "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END")
	b := build(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, c, a)", "INSERT INTO t VALUES (1, 9, 1), (2, 9, 3)",
		"CREATE TABLE k (a, b PRIMARY KEY)", "INSERT INTO k VALUES (1, 1), (2, 2)",
		"CREATE TABLE w (a PRIMARY KEY)", "CREATE TABLE n (b)",
		"CREATE INDEX i ON t (a, c)", "CREATE VIEW v AS SELECT 1")
	d, err := Diff(t.Context(), a, b)
	require.NoError(t, err)
	var names []string
	for _, s := range d.Schema {
		names = append(names, s.Kind+" "+s.Name)
	}
	assert.Equal(t, []string{"index i", "table k", "table n", "table t", "table w", "trigger g"}, names)
	want := []TableDiff{
		{Name: "k", InA: true, InB: true, Key: []string{"a"}, Columns: []string{"a", "b"}, RowsA: 1, RowsB: 2, Problem: `primary keys differ: ["a"] and ["b"]`},
		{Name: "n", InA: true, InB: true, Columns: []string{}, Problem: "no column is on both sides"},
		{Name: "t", InA: true, InB: true, Key: []string{"id"}, Columns: []string{"id", "a"}, RowsA: 2, RowsB: 2, Changed: 1},
		{Name: "w", InA: true, InB: true, Key: []string{"a"}, Columns: []string{"a"}, Problem: "one side has rowids, the other has none"},
	}
	assert.Empty(t, cmp.Diff(want, d.Tables))

	c := build(t, "PRAGMA encoding = 'UTF-16le'", "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
	d, err = Diff(t.Context(), a, c)
	require.NoError(t, err)
	i := 2
	require.Equal(t, "t", d.Tables[i].Name)
	assert.Equal(t, "text encodings differ: UTF-8 and UTF-16le", d.Tables[i].Problem)
}

// TestDiffReadsInKeyOrder holds the plans to what keeps memory flat: no
// sorting where the table itself has the order.
func TestDiffReadsInKeyOrder(t *testing.T) {
	path := build(t, "CREATE TABLE id (id INTEGER PRIMARY KEY, v)", "CREATE INDEX iv ON id (v, id)",
		"CREATE TABLE plain (v)", "CREATE TABLE rowless (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID")
	f, err := open(t.Context(), path)
	require.NoError(t, err)
	defer f.close()
	for _, order := range []struct {
		table string
		by    []string
	}{{"id", []string{"id", "rowid"}}, {"id", []string{"id", "v"}}, {"plain", []string{"rowid"}}, {"rowless", []string{"b", "a"}}} {
		at := slices.IndexFunc(f.objects, func(o object) bool { return o.name == order.table })
		table, err := f.table(t.Context(), f.objects[at])
		require.NoError(t, err)
		q := table.query(table.columns, order.by)
		rows, err := f.db.Query("EXPLAIN QUERY PLAN " + q)
		require.NoError(t, err)
		for rows.Next() {
			var a, b, c any
			var plan string
			require.NoError(t, rows.Scan(&a, &b, &c, &plan))
			assert.NotContains(t, plan, "TEMP B-TREE", q)
		}
		require.NoError(t, rows.Close())
	}
}

func TestDiffOfUnsortedTable(t *testing.T) {
	schema := "CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID"
	rows := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT 'key-' || i, 1 FROM n"
	a, b := build(t, schema, rows), build(t, schema, rows)
	patch(t, b, "key-2", "kez-2")
	d, err := Diff(t.Context(), a, b)
	require.NoError(t, err)
	assert.Equal(t, "rows do not come in the order of their key", d.Tables[0].Problem)
	assert.False(t, d.Tables[0].Equal())
}
