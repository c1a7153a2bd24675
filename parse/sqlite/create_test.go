package sqlite

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCreate(t *testing.T) {
	tests := []struct {
		name    string
		sql     string
		columns []Column
		alias   int
		key     []int
		rowless bool
	}{
		{"alias", `CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, a TEXT)`,
			[]Column{{Name: "id", Type: "INTEGER"}, {Name: "a", Type: "TEXT"}}, 0, []int{0}, false},
		{"descending is no alias", `CREATE TABLE t (id INTEGER PRIMARY KEY DESC)`,
			[]Column{{Name: "id", Type: "INTEGER"}}, -1, []int{0}, false},
		{"int is no alias", `CREATE TABLE t (id INT PRIMARY KEY)`,
			[]Column{{Name: "id", Type: "INT"}}, -1, []int{0}, false},
		{"table constraint", `CREATE TABLE t (a, "b c" integer, CONSTRAINT x CHECK (a IN (1, 2)) PRIMARY KEY ("B C" DESC))`,
			[]Column{{Name: "a"}, {Name: "b c", Type: "integer"}}, 1, []int{1}, false},
		{"without rowid", `CREATE TABLE t (a INTEGER, b TEXT, PRIMARY KEY (b COLLATE NOCASE, a)) STRICT, WITHOUT ROWID`,
			[]Column{{Name: "a", Type: "INTEGER"}, {Name: "b", Type: "TEXT"}}, -1, []int{1, 0}, true},
		{"comments and commas", "CREATE TABLE t ( -- (\n a /* , */ DECIMAL(10, 2), b CHECK (b <> ',') DEFAULT ',')",
			[]Column{{Name: "a", Type: "DECIMAL ( 10 , 2 )"}, {Name: "b", Default: ","}}, -1, nil, false},
		{"defaults", `CREATE TABLE t (a DEFAULT -1, b DEFAULT +1.5e-3, c DEFAULT x'00ff', d DEFAULT TRUE, e DEFAULT (CURRENT_DATE), f TEXT DEFAULT 7, g REAL DEFAULT 7, h DEFAULT NULL, i INT DEFAULT '8', j DEFAULT 0x10, k INT DEFAULT 'x')`,
			[]Column{
				{Name: "a", Default: int64(-1)}, {Name: "b", Default: 1.5e-3}, {Name: "c", Default: []byte{0, 0xff}},
				{Name: "d", Default: int64(1)}, {Name: "e"}, {Name: "f", Type: "TEXT", Default: "7"},
				{Name: "g", Type: "REAL", Default: 7.0}, {Name: "h"}, {Name: "i", Type: "INT", Default: int64(8)}, {Name: "j", Default: int64(16)},
				{Name: "k", Type: "INT", Default: "x"},
			}, -1, nil, false},
		{"generated", `CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * 2) VIRTUAL, c AS (a) STORED, d AS (a))`,
			[]Column{{Name: "a", Type: "INT"}, {Name: "b", Type: "INT", Virtual: true}, {Name: "c"}, {Name: "d", Virtual: true}}, -1, nil, false},
		{"quoted words", "CREATE TABLE t ([primary] 'unsigned int', `a``b`, \"c\"\"d\" TEXT)",
			[]Column{{Name: "primary", Type: "unsigned int"}, {Name: "a`b"}, {Name: `c"d`, Type: "TEXT"}}, -1, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseCreate(tt.sql)
			require.True(t, ok)
			assert.Empty(t, cmp.Diff(tt.columns, got.Columns))
			assert.Equal(t, tt.alias, got.alias)
			assert.Equal(t, tt.key, got.key)
			assert.Equal(t, tt.rowless, got.WithoutRowid)
		})
	}
	for _, sql := range []string{"", "CREATE", "CREATE VIRTUAL", "CREATE INDEX i ON t (a)", "CREATE TABLE t", "CREATE TABLE t ()",
		"CREATE TABLE t (" + strings.Repeat("a, ", maxColumns) + "a)", "CREATE TABLE t (a)" + strings.Repeat(" ", maxSQL)} {
		_, ok := parseCreate(sql)
		assert.False(t, ok, "%.30s", sql)
	}
}

func FuzzParseCreate(f *testing.F) {
	f.Add(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x''y', b AS (a) STORED, [c] -- z
		, PRIMARY KEY (a, b)) WITHOUT ROWID`)
	f.Add("CREATE TABLE t (a x'00', `b` 1e-5 /* */)")
	f.Fuzz(func(t *testing.T, sql string) {
		if table, ok := parseCreate(sql); ok {
			require.NotEmpty(t, table.Columns)
			require.LessOrEqual(t, len(table.stored()), len(table.Columns))
			require.Less(t, table.alias, len(table.Columns))
		}
	})
}
