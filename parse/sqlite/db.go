package sqlite

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// ErrNoTable says that a database has no ordinary table of that name.
var ErrNoTable = errors.New("no such table")

// A DB is an open database. It reads small ones, such as the local.db of LXD
// and Incus, which lists the members of a cluster; it is not made for large
// tables, which it refuses to read to the end.
type DB struct {
	Header Header
	Pages  uint32 // size in pages, with what the WAL adds
	WAL    WAL    // what was found beside the database; zero if there was nothing

	name    string
	main    io.ReaderAt
	size    int64
	wal     io.ReaderAt
	overlay map[uint32]int64 // page number to offset in the WAL
	tables  []Table
}

// OpenDB opens a database of size bytes, named name in damage, and its WAL, of
// walSize bytes and named name + "-wal"; a nil wal means that there is none.
// Committed frames of the WAL are part of the database, as for SQLite. A
// rollback journal is not looked at.
//
// The DB is never nil; one that could not be read has no tables. The error is
// that of main or wal.
func OpenDB(name string, main io.ReaderAt, size int64, wal io.ReaderAt, walSize int64) (*DB, []parse.Damage, error) {
	d := &DB{name: name, main: main, size: size, wal: wal}
	var damage []parse.Damage
	if wal != nil && walSize > 0 {
		if err := d.readWAL(walSize); err != nil {
			return d, damage, err
		}
		damage = append(damage, d.WAL.Damage...)
	}

	head := make([]byte, HeaderSize)
	from := pageSource{main, name, 0, size}
	if at, ok := d.overlay[1]; ok {
		from = pageSource{wal, d.walName(), at, HeaderSize}
	}
	n, err := from.read(head)
	if err != nil {
		return d, damage, err
	}
	header, found := ReadHeader(head[:n], from.file, from.offset)
	d.Header, damage = header, append(damage, found...)
	if d.Header.PageSize == 0 || d.Header.Usable() < minUsable {
		return d, damage, nil
	}
	if len(d.overlay) > 0 && d.WAL.Header.PageSize != d.Header.PageSize {
		damage = append(damage, parse.Damage{
			Span: parse.Span{File: d.walName(), Offset: 8, Length: 4, Field: "wal.page-size"},
			Kind: parse.Mismatch, Want: fmt.Sprintf("%d as in %s", d.Header.PageSize, from.file), Got: fmt.Sprint(d.WAL.Header.PageSize),
		})
		d.overlay = nil
	}
	damage = append(damage, d.countPages()...)
	found, err = d.readSchema()
	return d, append(damage, found...), err
}

func (d *DB) walName() string { return d.name + "-wal" }

// readWAL collects the newest committed frame of each page.
func (d *DB) readWAL(size int64) error {
	d.overlay = map[uint32]int64{}
	pending := map[uint32]int64{}
	var err error
	d.WAL, err = ReadWAL(io.NewSectionReader(d.wal, 0, size), d.walName(), 0, size, func(f Frame, _ []byte) error {
		pending[f.Page] = f.Offset
		if f.Commit != 0 {
			for page, at := range pending {
				d.overlay[page] = at
			}
			clear(pending)
		}
		return nil
	})
	return err
}

// countPages finds the size of the database.
func (d *DB) countPages() []parse.Damage {
	size := int64(d.Header.PageSize)
	whole := d.size / size
	switch {
	case len(d.overlay) > 0:
		d.Pages = d.WAL.Pages
		return nil
	case d.Header.PagesValid():
		d.Pages = d.Header.Pages
	default:
		d.Pages = uint32(min(whole, 1<<32-2))
	}
	want := int64(d.Pages) * size
	switch {
	case d.size < want:
		return []parse.Damage{{
			Span: parse.Span{File: d.name, Offset: d.size, Field: "database.size"},
			Kind: parse.Truncated, Want: fmt.Sprintf("%d bytes", want), Got: fmt.Sprint(d.size),
		}}
	case d.size > want:
		return []parse.Damage{{
			Span: parse.Span{File: d.name, Offset: want, Length: d.size - want, Field: "database.size"},
			Kind: parse.Trailing, Want: fmt.Sprintf("%d bytes", want), Got: fmt.Sprint(d.size),
		}}
	}
	return nil
}

// readSchema reads the schema table, whose root is page 1.
func (d *DB) readSchema() ([]parse.Damage, error) {
	schema := Table{Name: "sqlite_schema", root: 1, alias: -1, Columns: []Column{
		{Name: "type"}, {Name: "name"}, {Name: "tbl_name"}, {Name: "rootpage"}, {Name: "sql"},
	}}
	rows, damage, err := d.read(&schema)
	for _, row := range rows {
		kind, _ := row[0].(string)
		name, _ := row[1].(string)
		root, _ := row[3].(int64)
		sql, _ := row[4].(string)
		if kind != "table" || root < 2 || root > int64(d.Pages) {
			continue // virtual tables have root 0
		}
		t, ok := parseCreate(sql)
		if !ok {
			damage = append(damage, parse.Damage{
				Span: parse.Span{File: d.name, Field: fmt.Sprintf("schema[%s].sql", name)},
				Kind: parse.BadText, Want: "CREATE TABLE with columns", Got: "something else",
			})
			continue
		}
		t.Name, t.root = name, uint32(root)
		d.tables = append(d.tables, t)
	}
	return damage, err
}

// Tables returns the ordinary tables in the order of the schema. Views and
// virtual tables are left out.
func (d *DB) Tables() []Table { return d.tables }

// Rows returns the rows of a table in the order of its key: nil, int64,
// float64, string or []byte a value. Virtual columns are left out. Rows that
// are damaged are missing; a table that is too large ends early, with damage
// that says so. The error is ErrNoTable, or that of the files.
func (d *DB) Rows(table string) (columns []string, rows [][]any, damage []parse.Damage, err error) {
	for i := range d.tables {
		t := &d.tables[i]
		if !strings.EqualFold(t.Name, table) {
			continue
		}
		rows, damage, err = d.read(t)
		for _, c := range t.Columns {
			if !c.Virtual {
				columns = append(columns, c.Name)
			}
		}
		return columns, rows, damage, err
	}
	return nil, nil, nil, fmt.Errorf("%w: %q", ErrNoTable, table)
}

// A pageSource is where a page stands.
type pageSource struct {
	r      io.ReaderAt
	file   string
	offset int64
	left   int64 // bytes from offset to the end that is known
}

// read fills b as far as the file goes.
func (s pageSource) read(b []byte) (int, error) {
	if int64(len(b)) > s.left {
		b = b[:max(0, s.left)]
	}
	n, err := s.r.ReadAt(b, s.offset)
	if n == len(b) || errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// source returns where the newest version of a page stands.
func (d *DB) source(page uint32) pageSource {
	size := int64(d.Header.PageSize)
	if at, ok := d.overlay[page]; ok {
		return pageSource{d.wal, d.walName(), at, size}
	}
	at := int64(page-1) * size
	return pageSource{d.main, d.name, at, d.size - at}
}
