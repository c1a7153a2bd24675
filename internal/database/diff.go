package database

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrNoTable says that neither file has an ordinary table of that name.
var ErrNoTable = errors.New("no such table")

// A Difference is what tells two databases, A and B, apart.
type Difference struct {
	Schema []SchemaDiff // sorted by kind and name
	Tables []TableDiff  // every ordinary table of either side, sorted by name
}

// A SchemaDiff is an entry of the schema that the sides do not share.
type SchemaDiff struct {
	Kind  string // table, index, view or trigger
	Name  string
	Table string // that the entry belongs to
	InA   bool
	InB   bool   // InA and InB: the statements differ
	SQLA  string // the statement that made it, "" if it is not there
	SQLB  string
}

// A TableDiff counts how the rows of one table differ.
type TableDiff struct {
	Name         string
	InA, InB     bool
	Key          []string // columns that tell which rows belong together; "rowid" without a primary key
	Columns      []string // columns that were compared: those of both sides
	RowsA, RowsB int64    // rows that were read
	OnlyA, OnlyB int64    // rows whose key is on one side only
	Changed      int64    // rows with equal keys and different values
	Problem      string   // why the comparison did not reach the end, or was not made
}

// Equal reports whether the table is on both sides and no row differs.
func (d *TableDiff) Equal() bool {
	return d.InA && d.InB && d.Problem == "" && d.OnlyA == 0 && d.OnlyB == 0 && d.Changed == 0
}

// A RowKind says how a row differs.
type RowKind string

// The ways in which a row differs.
const (
	OnlyA   RowKind = "only-in-a"
	OnlyB   RowKind = "only-in-b"
	Changed RowKind = "changed"
)

// A RowDiff is one row that differs. Values are nil, int64, float64, string or
// []byte. They are evidence: hostile, and perhaps secret.
type RowDiff struct {
	Kind RowKind
	A, B []any // in the order of RowDiffs.Columns; nil if the side has no such row
}

// RowDiffs are the rows of one table that differ, in the order of the key.
type RowDiffs struct {
	TableDiff
	Rows []RowDiff
	More bool // the limit was met: the counts are of what was read until then
}

// Diff compares the databases in two files that lastwrite has written. Rows
// are matched by primary key, or by rowid where there is none; text compares
// byte by byte. Rows stream by in key order, and are not kept. Only stored
// columns of ordinary tables are compared, and of those the ones that both
// sides have. The error is ErrUnreadable if SQLite refuses a file.
func Diff(ctx context.Context, pathA, pathB string) (Difference, error) {
	var d Difference
	p, err := openPair(ctx, pathA, pathB)
	if err != nil {
		return d, err
	}
	defer p.close()
	d.Schema = p.schema()
	for _, name := range p.tables() {
		t, err := p.diffTable(ctx, name, func(RowDiff) bool { return true })
		if err != nil {
			return d, err
		}
		d.Tables = append(d.Tables, t)
	}
	return d, nil
}

// DiffRows returns up to limit rows of a table that differ. It is apart from
// Diff because rows are content, which only the operator may ask for. The
// error is ErrNoTable if the table is on neither side.
func DiffRows(ctx context.Context, pathA, pathB, table string, limit int) (RowDiffs, error) {
	var d RowDiffs
	p, err := openPair(ctx, pathA, pathB)
	if err != nil {
		return d, err
	}
	defer p.close()
	if !slices.Contains(p.tables(), table) {
		return d, fmt.Errorf("%w: %q", ErrNoTable, table)
	}
	d.TableDiff, err = p.diffTable(ctx, table, func(row RowDiff) bool {
		if len(d.Rows) >= limit {
			d.More = true
			return false
		}
		row.A, row.B = slices.Clone(row.A), slices.Clone(row.B)
		d.Rows = append(d.Rows, row)
		return true
	})
	return d, err
}

// A pair is two open databases.
type pair struct{ a, b *file }

func openPair(ctx context.Context, pathA, pathB string) (*pair, error) {
	a, err := open(ctx, pathA)
	if err != nil {
		return nil, err
	}
	b, err := open(ctx, pathB)
	if err != nil {
		a.close()
		return nil, err
	}
	return &pair{a, b}, nil
}

func (p *pair) close() {
	p.a.close()
	p.b.close()
}

// schema compares the schemas. Entries of SQLite itself are left out.
func (p *pair) schema() []SchemaDiff {
	type id struct{ kind, name string }
	all := map[id]*SchemaDiff{}
	for _, side := range []*file{p.a, p.b} {
		for _, o := range side.objects {
			if o.internal() {
				continue
			}
			k := id{o.kind, o.name}
			if all[k] == nil {
				all[k] = &SchemaDiff{Kind: o.kind, Name: o.name, Table: o.table}
			}
			if side == p.a {
				all[k].InA, all[k].SQLA = true, o.sql
			} else {
				all[k].InB, all[k].SQLB = true, o.sql
			}
		}
	}
	var out []SchemaDiff
	for _, d := range all {
		if d.InA != d.InB || d.SQLA != d.SQLB {
			out = append(out, *d)
		}
	}
	slices.SortFunc(out, func(x, y SchemaDiff) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	return out
}

// tables returns the names of the ordinary tables of both sides, sorted.
func (p *pair) tables() []string {
	names := map[string]bool{}
	for _, side := range []*file{p.a, p.b} {
		for _, o := range side.objects {
			if o.ordinary() {
				names[o.name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// diffTable compares one table and hands over each row that differs, until
// emit returns false. The slices in a row are valid during the call.
func (p *pair) diffTable(ctx context.Context, name string, emit func(RowDiff) bool) (TableDiff, error) {
	d := TableDiff{Name: name}
	m := merge{diff: &d, emit: emit, order: order{p.a.encoding}}
	err := p.prepare(ctx, &m)
	if err == nil && d.Problem == "" {
		err = m.run(ctx)
	}
	m.close()
	if isContent(err) {
		d.Problem, err = cmp.Or(d.Problem, reason(err)), nil
	}
	if err != nil {
		return d, fmt.Errorf("table %q: %w", name, err)
	}
	return d, nil
}

// prepare finds out what to compare and starts the queries.
func (p *pair) prepare(ctx context.Context, m *merge) error {
	d := m.diff
	var tables [2]*table
	for i, f := range []*file{p.a, p.b} {
		at := slices.IndexFunc(f.objects, func(o object) bool { return o.name == d.Name && o.ordinary() })
		if at < 0 {
			continue
		}
		t, err := f.table(ctx, f.objects[at])
		if err != nil {
			return err
		}
		tables[i] = &t
	}
	a, b := tables[0], tables[1]
	d.InA, d.InB = a != nil, b != nil
	one := cmp.Or(a, b)
	d.Columns, d.Key = slices.Clone(one.columns), slices.Clone(one.key)
	if a != nil && b != nil {
		d.Columns = slices.DeleteFunc(d.Columns, func(c string) bool { return !slices.Contains(b.columns, c) })
		switch {
		case p.a.encoding != p.b.encoding:
			d.Problem = fmt.Sprintf("text encodings differ: %s and %s", p.a.encoding, p.b.encoding)
		case !slices.Equal(a.key, b.key):
			d.Problem = fmt.Sprintf("primary keys differ: %q and %q", a.key, b.key)
		case (a.rowid == "") != (b.rowid == ""):
			d.Problem = "one side has rowids, the other has none"
		case len(d.Columns) == 0:
			d.Problem = "no column is on both sides"
		}
		if d.Problem != "" {
			var err error
			if d.RowsA, err = p.a.count(ctx, d.Name); err == nil {
				d.RowsB, err = p.b.count(ctx, d.Name)
			}
			return err
		}
	}

	// A primary key of a table with rowids may hold nulls, which never match;
	// there the rowid decides.
	hasRowid := one.rowid != ""
	m.rowid = -1
	switch {
	case len(d.Key) == 0 && hasRowid:
		d.Key = []string{"rowid"}
		m.key = []int{len(d.Columns)}
		m.rowid = len(d.Columns)
	case len(d.Key) == 0:
		d.Key = slices.Clone(d.Columns)
	case hasRowid:
		m.rowid = len(d.Columns)
	}
	if m.key == nil {
		for _, k := range d.Key {
			m.key = append(m.key, slices.Index(d.Columns, k))
		}
	}
	for i, f := range []*file{p.a, p.b} {
		t := tables[i]
		if t == nil {
			continue
		}
		columns, sort := d.Columns, slices.Clone(d.Key)
		if hasRowid {
			columns = append(slices.Clone(columns), t.rowid)
			if len(one.key) == 0 {
				sort = nil
			}
			sort = append(sort, t.rowid)
		}
		rows, err := f.db.QueryContext(ctx, t.query(columns, sort))
		if err != nil {
			return err
		}
		m.sides[i] = &side{rows: rows, scan: newScanner(len(columns))}
	}
	return nil
}
