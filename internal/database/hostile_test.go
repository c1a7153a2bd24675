package database

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// everything runs all calls on a file, against itself.
func everything(t testing.TB, path string) (Result, []TableSummary, Difference) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := Check(ctx, path)
	require.NoError(t, err)
	s, err := Summary(ctx, path)
	if err != nil {
		require.ErrorIs(t, err, ErrUnreadable)
		return r, nil, Difference{}
	}
	d, err := Diff(ctx, path, path)
	require.NoError(t, err)
	assert.Empty(t, d.Schema)
	for _, table := range d.Tables {
		assert.Zero(t, table.OnlyA+table.OnlyB+table.Changed, table.Name)
	}
	return r, s, d
}

// TestHostileSchemas holds every call to reading ordinary tables only.
func TestHostileSchemas(t *testing.T) {
	t.Run("virtual tables", func(t *testing.T) {
		path := build(t, "CREATE VIRTUAL TABLE f USING fts5(body)", "INSERT INTO f VALUES ('words')", "CREATE TABLE t (x)")
		untouched(t, path)
		r, s, _ := everything(t, path)
		assert.True(t, r.OK, r.Messages)
		assert.Equal(t, []string{"f"}, r.Skipped)
		var names []string
		for _, table := range s {
			names = append(names, table.Name)
		}
		assert.Equal(t, []string{"f_config", "f_content", "f_data", "f_docsize", "f_idx", "t"}, names, "the tables behind it are ordinary")
	})
	t.Run("unknown module", func(t *testing.T) {
		path := build(t, "CREATE VIRTUAL TABLE f USING fts5(body)", "CREATE TABLE t (x)")
		patch(t, path, "USING fts5", "USING none")
		r, _, _ := everything(t, path)
		assert.True(t, r.OK, r.Messages)
	})
	t.Run("names", func(t *testing.T) {
		names := []string{`a"b`, `x"; DROP TABLE t; --`, "sel\nect", "\x1b[31m", "t'", "[]", "", "日本", "sqliteX"}
		var statements []string
		for _, n := range names {
			statements = append(statements, fmt.Sprintf("CREATE TABLE %s (%s PRIMARY KEY, rowid, [order])", quote(n), quote(n)), fmt.Sprintf("INSERT INTO %s VALUES (1, 2, 3)", quote(n)))
		}
		path := build(t, statements...)
		untouched(t, path)
		r, s, _ := everything(t, path)
		assert.True(t, r.OK, r.Messages)
		require.Len(t, s, len(names))
		for _, table := range s {
			assert.Empty(t, table.Problem)
			assert.Equal(t, int64(1), table.Rows, table.Name)
		}
	})
	t.Run("collation that is not there", func(t *testing.T) {
		path := build(t, "CREATE TABLE t (k TEXT PRIMARY KEY COLLATE NOCASE, v TEXT COLLATE RTRIM)", "CREATE INDEX i ON t (v)",
			"INSERT INTO t VALUES ('b', 1), ('a', 2)")
		patch(t, path, "NOCASE", "NOSUCH")
		patch(t, path, "RTRIM", "RTRAM")
		r, s, d := everything(t, path)
		assert.False(t, r.OK)
		require.NotEmpty(t, r.Messages)
		assert.Contains(t, strings.Join(r.Messages, "\n"), "no such collation sequence")
		assert.Equal(t, int64(2), s[0].Rows)
		assert.NotEmpty(t, s[0].SHA256, s[0].Problem)
		assert.True(t, d.Tables[0].Equal(), d.Tables[0].Problem)
	})
	t.Run("view in the place of a table of SQLite", func(t *testing.T) {
		path := build(t, "CREATE VIEW sqlitX_schema AS SELECT 1 type, 'boo' name")
		patch(t, path, "sqlitX_schema", "sqlite_schema")
		r, _, _ := everything(t, path)
		assert.False(t, r.OK, "SQLite refuses it")
	})
	t.Run("views and triggers that never end", func(t *testing.T) {
		path := build(t, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)",
			"CREATE VIEW pragma_table_xinfo(cid, name, type, a, b, pk, hidden) AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i, i, i, i, i, i, i FROM n",
			"CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
			"CREATE TRIGGER g BEFORE DELETE ON t BEGIN SELECT count(*) FROM endless; END")
		untouched(t, path)
		r, s, _ := everything(t, path)
		assert.True(t, r.OK, r.Messages)
		if assert.Len(t, s, 1) {
			assert.Equal(t, int64(1), s[0].Rows)
		}
	})
	t.Run("generated columns and checks", func(t *testing.T) {
		path := build(t, "CREATE TABLE t (a INTEGER PRIMARY KEY, b AS (printf('%.*c', 1, a)), c AS (a * 2) STORED, CHECK (length(printf('%.*c', 1, a)) > 0))",
			"INSERT INTO t(a) VALUES (1), (2), (3), (4), (5), (6), (7), (8)")
		patch(t, path, "'%.*c', 1, a", "'%.*c',9e8,a") // would take long, and gigabytes
		began := time.Now()
		_, s, d := everything(t, path)
		assert.Less(t, time.Since(began), 30*time.Second)
		assert.Equal(t, int64(8), s[0].Rows)
		assert.Equal(t, []string{"a", "c"}, d.Tables[0].Columns)
	})
	t.Run("schema that does not parse", func(t *testing.T) {
		path := build(t, "CREATE TABLE t (x)")
		patch(t, path, "CREATE TABLE t (x)", "CREATE TABLE t (((")
		r, _, _ := everything(t, path)
		assert.False(t, r.OK)
		require.Len(t, r.Messages, 1)
		assert.Contains(t, r.Messages[0], "malformed database schema")
	})
	t.Run("empty file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "empty.db")
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		untouched(t, path)
		r, s, _ := everything(t, path)
		assert.True(t, r.OK)
		assert.Empty(t, s)
	})
}

// TestCancelledWhileItRuns ends a check that takes minutes.
func TestCancelledWhileItRuns(t *testing.T) {
	path := build(t, "CREATE TABLE t (a)", "CREATE INDEX i ON t (length(printf('%.*c', 1000001, a)))",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i FROM n")
	patch(t, path, "1000001", "9000001")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := Check(ctx, path)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestDamagedFiles flips bytes in real databases: everything must come back.
func TestDamagedFiles(t *testing.T) {
	path := build(t, "PRAGMA page_size = 512", "CREATE TABLE t (k TEXT PRIMARY KEY, v)", "CREATE TABLE w (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO t SELECT 'key-' || i, zeroblob(i * 5) FROM n",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO w SELECT i, i FROM n")
	sound, err := os.ReadFile(path)
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		b := bytes.Clone(sound)
		for range 1 + random.IntN(4) {
			at := random.IntN(len(b))
			if random.IntN(2) == 0 {
				at = at / 512 * 512 // page headers break more
				at += random.IntN(12)
			}
			b[at] = byte(random.Uint32())
		}
		if random.IntN(10) == 0 {
			b = b[:random.IntN(len(b))]
		}
		require.NoError(t, os.WriteFile(path, b, 0o600))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := Check(ctx, path)
		assert.NoError(t, err)
		if _, err = Summary(ctx, path); err != nil {
			assert.ErrorIs(t, err, ErrUnreadable)
		}
		if _, err = Diff(ctx, path, path); err != nil {
			assert.ErrorIs(t, err, ErrUnreadable)
		}
		cancel()
	}
}

// TestParserAgainstSQLite compares package parse/sqlite with the library on
// databases of all page sizes and encodings: the same rows, and no page that
// the page check finds fault with.
func TestParserAgainstSQLite(t *testing.T) {
	for _, size := range []int{512, 1024, 4096, 65536} {
		for _, setup := range []string{"PRAGMA encoding = 'UTF-8'", "PRAGMA encoding = 'UTF-16le'", "PRAGMA encoding = 'UTF-16be'", "PRAGMA auto_vacuum = FULL", "PRAGMA auto_vacuum = INCREMENTAL"} {
			t.Run(fmt.Sprintf("%d %s", size, setup), func(t *testing.T) {
				random := rand.New(rand.NewPCG(uint64(size), uint64(len(setup))))
				statements := []string{
					fmt.Sprintf("PRAGMA page_size = %d", size), setup,
					"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB, c REAL, d)", "CREATE INDEX ta ON t (a)", "CREATE INDEX td ON t (d, c)",
					"CREATE TABLE w (k TEXT, n, v, PRIMARY KEY (n, k)) WITHOUT ROWID",
				}
				for range 300 {
					id, n := random.IntN(200), random.IntN(3*size)
					if random.IntN(3) > 0 {
						n = random.IntN(60)
					}
					switch random.IntN(6) {
					case 0:
						statements = append(statements, fmt.Sprintf("DELETE FROM t WHERE id BETWEEN %d AND %d", id, id+random.IntN(20)))
					case 1:
						statements = append(statements, fmt.Sprintf("DELETE FROM w WHERE n = %d", id))
					case 2:
						statements = append(statements, fmt.Sprintf("REPLACE INTO w VALUES (hex(randomblob(%d)), %d, %d)", n/2%(size/2), id, random.Int64()))
					default:
						statements = append(statements, fmt.Sprintf("REPLACE INTO t VALUES (%d, hex(randomblob(%d)) || 'ü', randomblob(%d), %d / 4.0, %d)", id, n/2, n, id, random.Int64()>>random.IntN(64)))
					}
				}
				statements = append(statements, "ALTER TABLE t ADD COLUMN e TEXT DEFAULT 'later'", "INSERT INTO t VALUES (1000, 1, 2, 3, 4, 5)")
				path := build(t, statements...)
				b, err := os.ReadFile(path)
				require.NoError(t, err)

				db, damage, err := sqlite.OpenDB("x.db", bytes.NewReader(b), int64(len(b)), nil, 0)
				require.NoError(t, err)
				require.Empty(t, damage)
				for i := uint32(0); int(i)*size < len(b); i++ {
					page := b[int(i)*size:][:size]
					if d := sqlite.CheckPage(page, i+1, db.Pages, db.Header.Usable()); d != nil {
						t.Errorf("page %d: %s", i+1, d)
					}
				}
				for _, table := range []string{"t", "w"} {
					columns, got, damage, err := db.Rows(table)
					require.NoError(t, err)
					require.Empty(t, damage)
					assert.Equal(t, library(t, path, table, len(columns)), got)
				}
			})
		}
	}
}

// library reads a table with SQLite.
func library(t testing.TB, path, table string, width int) (out [][]any) {
	t.Helper()
	name, err := dsn(path)
	require.NoError(t, err)
	db, err := sql.Open("sqlite", name)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.Query("SELECT * FROM " + table + " NOT INDEXED")
	require.NoError(t, err)
	defer rows.Close()
	scan := newScanner(width)
	for rows.Next() {
		row, err := scan.row(rows)
		require.NoError(t, err)
		for i, v := range row {
			if b, ok := v.([]byte); ok && b == nil {
				row[i] = []byte{}
			}
		}
		out = append(out, append([]any{}, row...))
	}
	require.NoError(t, rows.Err())
	return out
}
