// Package database asks the SQLite library about SQLite files that lastwrite
// has written itself: are they sound, what do they hold, how do two of them
// differ. Originals are never opened with it; package parse/sqlite reads those.
//
// The content of the files is hostile all the same, it comes from evidence. A
// file is opened read-only and immutable, so that neither -wal nor -shm files
// appear beside it and a -wal that is there is ignored. Functions in the
// schema are not trusted, only ordinary tables and only stored columns are
// read, and views, virtual tables and triggers never run. Every call ends with
// its context.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// ErrUnreadable says that SQLite does not accept a file as a database, or not
// its schema. The text behind it is SQLite's.
var ErrUnreadable = errors.New("database cannot be read")

// A file is an open database.
type file struct {
	db       *sql.DB
	objects  []object
	encoding string
}

// An object is one entry of the schema.
type object struct {
	kind, name, table, sql string
	root                   int64
}

// open opens the regular file at path and reads its schema.
func open(ctx context.Context, path string) (*file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	dsn, err := dsn(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	f := &file{db: db}
	if err := f.readSchema(ctx); err != nil {
		db.Close()
		if isContent(err) {
			err = fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// dsn returns the data source name that opens path and changes nothing.
func dsn(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // a drive letter
	}
	query := url.Values{
		"mode":       {"ro"},
		"immutable":  {"1"},
		"_defensive": {"1"},
		"_pragma": {
			"trusted_schema(0)",
			"query_only(1)",
			"cell_size_check(1)",
			"ignore_check_constraints(1)", // they are expressions of the schema
			"mmap_size(0)",
		},
	}
	return (&url.URL{Scheme: "file", Path: abs}).String() + "?" + query.Encode(), nil
}

func (f *file) close() error { return f.db.Close() }

func (f *file) readSchema(ctx context.Context) error {
	if err := f.db.QueryRowContext(ctx, "PRAGMA encoding").Scan(&f.encoding); err != nil {
		return err
	}
	// By its oldest name: the schema could define a view called sqlite_schema.
	rows, err := f.db.QueryContext(ctx, "SELECT +type, +name, +tbl_name, +sql, +rootpage FROM sqlite_master")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var kind, name, table, text sql.NullString
		var root sql.NullInt64
		if err := rows.Scan(&kind, &name, &table, &text, &root); err != nil {
			return err
		}
		f.objects = append(f.objects, object{kind.String, name.String, table.String, text.String, root.Int64})
	}
	return rows.Err()
}

// ordinary reports whether o is a table that holds rows of its own and does
// not belong to SQLite. SQLite itself stores exactly this beginning.
func (o *object) ordinary() bool {
	return o.kind == "table" && o.root > 1 && hasPrefixFold(o.sql, "CREATE TABLE") && !o.internal()
}

// internal reports whether o belongs to SQLite.
func (o *object) internal() bool { return hasPrefixFold(o.name, "sqlite_") }

// virtual reports whether o is, or may be, a virtual table.
func (o *object) virtual() bool {
	return o.kind == "table" && !o.internal() && !o.ordinary()
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// isContent reports whether err is SQLite's judgement on the content of a
// file, as opposed to a failed read or a cancelled context.
func isContent(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB, sqlitelib.SQLITE_ERROR, sqlitelib.SQLITE_TOOBIG,
		sqlitelib.SQLITE_FORMAT, sqlitelib.SQLITE_AUTH:
		return true
	}
	return false
}

// reason is SQLite's own text in err.
func reason(err error) string {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	return err.Error()
}

// quote makes an identifier of s.
func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
