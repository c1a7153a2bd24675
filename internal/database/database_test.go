package database

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// build makes a database from statements and returns its path. It is the only
// file in its directory.
func build(t testing.TB, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a #1?.db")
	db, err := sql.Open("sqlite", filepath.Join(filepath.Dir(path), "x.db")+"?_pragma=synchronous(0)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		_, err := db.Exec(s)
		require.NoError(t, err, s)
	}
	require.NoError(t, db.Close())
	require.NoError(t, os.Rename(filepath.Join(filepath.Dir(path), "x.db"), path))
	return path
}

// patch replaces bytes in a file, everywhere and of the same length.
func patch(t testing.TB, path, old, new string) {
	t.Helper()
	require.Equal(t, len(old), len(new))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(b), old)
	require.NoError(t, os.WriteFile(path, bytes.ReplaceAll(b, []byte(old), []byte(new)), 0o600))
}

// untouched fails the test at its end if the file has changed or is no longer
// the only one in its directory.
func untouched(t testing.TB, path string) {
	t.Helper()
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	t.Cleanup(func() {
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(before, after), "the file has changed")
		files, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		assert.Len(t, files, 1, "files appeared beside the database")
	})
}

func TestCheckSound(t *testing.T) {
	path := build(t, "CREATE TABLE b (x)", "CREATE TABLE a (x PRIMARY KEY)", "INSERT INTO a VALUES (1), (2)", "CREATE VIEW v AS SELECT 1")
	untouched(t, path)
	r, err := Check(t.Context(), path)
	require.NoError(t, err)
	want := Result{OK: true, Pages: 4, PageSize: 4096, Encoding: "UTF-8", Tables: []TableCount{{Name: "a", Rows: 2}, {Name: "b"}}}
	assert.Empty(t, cmp.Diff(want, r))
}

func TestCheckDamaged(t *testing.T) {
	path := build(t, "CREATE TABLE t (k TEXT PRIMARY KEY, v)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT 'key-' || i, 1 FROM n")
	b, err := os.ReadFile(path)
	require.NoError(t, err)

	patch(t, path, "key-2", "kez-2") // table and index still agree, the order is wrong
	untouched(t, path)
	r, err := Check(t.Context(), path)
	require.NoError(t, err)
	assert.False(t, r.OK)
	assert.NotEmpty(t, r.Messages)
	assert.LessOrEqual(t, len(r.Messages), MaxMessages)
	assert.Equal(t, []TableCount{{Name: "t", Rows: 500}}, r.Tables)
	for _, m := range r.Messages {
		assert.NotContains(t, m, "kez-")
	}

	cut := filepath.Join(t.TempDir(), "cut.db")
	require.NoError(t, os.WriteFile(cut, b[:len(b)-4096], 0o600))
	r, err = Check(t.Context(), cut)
	require.NoError(t, err)
	assert.False(t, r.OK)
	assert.NotEmpty(t, r.Messages)

	require.NoError(t, os.WriteFile(cut, []byte(strings.Repeat("no database ", 100)), 0o600))
	r, err = Check(t.Context(), cut)
	require.NoError(t, err)
	assert.False(t, r.OK)
	require.Len(t, r.Messages, 1)
	assert.Contains(t, r.Messages[0], "not a database")
	_, err = Summary(t.Context(), cut)
	require.ErrorIs(t, err, ErrUnreadable)
	_, err = Diff(t.Context(), path, cut)
	require.ErrorIs(t, err, ErrUnreadable)
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := Check(t.Context(), dir)
	require.ErrorContains(t, err, "not a regular file")
	_, err = Check(t.Context(), filepath.Join(dir, "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Summary(t.Context(), filepath.Join(dir, "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := build(t, "CREATE TABLE t (x)")
	_, err = Check(ctx, path)
	require.ErrorIs(t, err, context.Canceled)
	_, err = Diff(ctx, path, path)
	require.ErrorIs(t, err, context.Canceled)
}

// TestWALMode opens a file that says WAL mode and has no WAL.
func TestWALMode(t *testing.T) {
	path := build(t, "PRAGMA journal_mode = wal", "CREATE TABLE t (x)", "INSERT INTO t VALUES (7)")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, []byte{2, 2}, b[18:20])
	untouched(t, path)
	r, err := Check(t.Context(), path)
	require.NoError(t, err)
	assert.True(t, r.OK)
	s, err := Summary(t.Context(), path)
	require.NoError(t, err)
	assert.Equal(t, int64(1), s[0].Rows)
}

func TestSummary(t *testing.T) {
	path := build(t,
		"CREATE TABLE v (id INTEGER PRIMARY KEY, x, born DATETIME, yes BOOLEAN, r REAL)",
		"INSERT INTO v VALUES (2, NULL, '2020-01-02 03:04:05', 1, 1), (1, x'00ff', 5, 0, 0.25), (10, 'a|b', NULL, NULL, 1e300), (3, '', NULL, -1, -0.0)",
		`INSERT INTO v(id, x) VALUES (4, x''), (5, 'a' || char(0) || 'b')`,
		"CREATE TABLE w (k TEXT PRIMARY KEY COLLATE NOCASE, v) WITHOUT ROWID", "INSERT INTO w VALUES ('b', 1), ('C', 2), ('a', 3)",
		"CREATE TABLE empty (x)",
	)
	untouched(t, path)
	got, err := Summary(t.Context(), path)
	require.NoError(t, err)
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	want := []TableSummary{
		{Name: "empty", SHA256: hash("")},
		{Name: "v", Rows: 6, SHA256: hash("1|\x00\xff|5|0|0.25\n2|NULL|2020-01-02 03:04:05|1|1\n3||NULL|-1|0\n4||NULL|NULL|NULL\n5|a\x00b|NULL|NULL|NULL\n10|a|b|NULL|NULL|1e+300\n")},
		{Name: "w", Rows: 3, SHA256: hash("C|2\na|3\nb|1\n")},
	}
	assert.Empty(t, cmp.Diff(want, got))
}

func TestSummaryOfDamagedTable(t *testing.T) {
	path := build(t, "CREATE TABLE good (x)", "INSERT INTO good VALUES (1)", "CREATE TABLE t (id INTEGER PRIMARY KEY, x)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, 'value ' || i FROM n")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	copy(b[len(b)-4096:], []byte{99, 99, 99, 99}) // the last leaf of t
	require.NoError(t, os.WriteFile(path, b, 0o600))
	got, err := Summary(t.Context(), path)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Empty(t, got[0].Problem)
	assert.Equal(t, "t", got[1].Name)
	assert.Contains(t, got[1].Problem, "malformed")
	assert.Empty(t, got[1].SHA256)
	assert.Greater(t, got[1].Rows, int64(100))
}

func TestCompare(t *testing.T) {
	utf8 := order{"UTF-8"}
	sorted := []any{nil, math.Inf(-1), int64(math.MinInt64), -1.5, int64(-1), 0.0, 0.5, int64(1), 1.5, int64(1<<53 + 1), float64(1<<53 + 2), int64(math.MaxInt64),
		float64(1 << 63), math.Inf(1), "", "A", "a", "ab", "é", "\uffff", "𝄞", []byte(nil), []byte{0}, []byte("A")}
	for i, a := range sorted {
		for j, b := range sorted {
			want := 0
			if i != j {
				want = 1
				if i < j {
					want = -1
				}
			}
			assert.Equal(t, want, utf8.compare(a, b), "%v and %v", a, b)
			assert.Equal(t, i == j, same(a, b), "%v and %v", a, b)
		}
	}
	assert.Equal(t, 0, utf8.compare(int64(1), 1.0))
	assert.False(t, same(int64(1), 1.0))
	assert.False(t, same("a", []byte("a")))
	assert.Negative(t, order{"UTF-16be"}.compare("𝄞", "\uffff"), "surrogates come first")
	assert.Positive(t, order{"UTF-16le"}.compare("b", "\u0161"), "the low byte comes first")
}

// TestOrderIsThatOfSQLite sorts keys in all encodings with SQLite and
// compares them with a copy: a different order would show as a problem.
func TestOrderIsThatOfSQLite(t *testing.T) {
	for _, encoding := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
		path := build(t, "PRAGMA encoding = '"+encoding+"'", "CREATE TABLE t (k PRIMARY KEY, v) WITHOUT ROWID",
			"INSERT INTO t(k) VALUES (1), (2.5), (-1e300), (9007199254740993), (9007199254740992.0), ('a'), ('š'), ('\U0001D11E'), ('\uffff'), ('z'), ('ä'), ('aa'), (''), (x''), (x'00'), (x'61')",
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT OR IGNORE INTO t(k) SELECT char(abs(i * 7919) % 50000 + 1, i) FROM n")
		d, err := Diff(t.Context(), path, path)
		require.NoError(t, err)
		require.Len(t, d.Tables, 1)
		assert.True(t, d.Tables[0].Equal(), "%s: %+v", encoding, d.Tables[0])
		assert.Greater(t, d.Tables[0].RowsA, int64(2900))
	}
}
