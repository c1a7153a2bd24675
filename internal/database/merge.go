package database

import (
	"context"
	"database/sql"
)

// A merge walks through two tables in key order.
type merge struct {
	diff  *TableDiff
	emit  func(RowDiff) bool
	order order
	key   []int // places of the key in a row
	rowid int   // place of the rowid in a row, -1 if there is none
	sides [2]*side
}

// A side is one table of a merge.
type side struct {
	rows *sql.Rows
	scan *scanner
	row  []any // current row, nil behind the last
	last []any // key of the row before
}

func (m *merge) close() {
	for _, s := range m.sides {
		if s != nil {
			s.rows.Close()
		}
	}
}

// run merges until both sides end, or emit has enough.
func (m *merge) run(ctx context.Context) error {
	d := m.diff
	var a, b []any
	var err error
	if a, err = m.next(0, &d.RowsA); err != nil {
		return err
	}
	if b, err = m.next(1, &d.RowsB); err != nil {
		return err
	}
	for (a != nil || b != nil) && d.Problem == "" {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := 0
		switch {
		case b == nil:
			c = -1
		case a == nil:
			c = 1
		default:
			c = m.compare(m.keyOf(a), m.keyOf(b))
		}
		diff := RowDiff{Kind: Changed}
		if c <= 0 {
			diff.A = a[:len(d.Columns)]
		}
		if c >= 0 {
			diff.B = b[:len(d.Columns)]
		}
		differs := true
		switch {
		case c < 0:
			diff.Kind = OnlyA
			d.OnlyA++
		case c > 0:
			diff.Kind = OnlyB
			d.OnlyB++
		case equal(diff.A, diff.B):
			differs = false
		default:
			d.Changed++
		}
		if differs && !m.emit(diff) {
			return nil
		}
		if c <= 0 {
			if a, err = m.next(0, &d.RowsA); err != nil {
				return err
			}
		}
		if c >= 0 {
			if b, err = m.next(1, &d.RowsB); err != nil {
				return err
			}
		}
	}
	return nil
}

// next reads the next row of a side, nil behind the last. Rows that do not
// come in key order cannot be merged: that ends the comparison.
func (m *merge) next(i int, count *int64) ([]any, error) {
	s := m.sides[i]
	if s == nil {
		return nil, nil
	}
	if s.row != nil {
		s.last = m.keyOf(s.row)
	}
	if s.row = nil; !s.rows.Next() {
		return nil, s.rows.Err()
	}
	row, err := s.scan.row(s.rows)
	if err != nil {
		return nil, err
	}
	*count++
	if s.last != nil && m.compare(s.last, m.keyOf(row)) > 0 {
		m.diff.Problem = "rows do not come in the order of their key"
	}
	s.row = row
	return row, nil
}

// keyOf copies the key of a row, with the rowid at its end if there is one.
func (m *merge) keyOf(row []any) []any {
	key := make([]any, 0, len(m.key)+1)
	for _, i := range m.key {
		key = append(key, row[i])
	}
	if m.rowid >= 0 {
		key = append(key, row[m.rowid])
	}
	return key
}

// compare orders two keys. The rowid counts only among keys with a null.
func (m *merge) compare(a, b []any) int {
	null := false
	for i := range m.key {
		if c := m.order.compare(a[i], b[i]); c != 0 {
			return c
		}
		null = null || a[i] == nil
	}
	if null && m.rowid >= 0 {
		return m.order.compare(a[len(m.key)], b[len(m.key)])
	}
	return 0
}

func equal(a, b []any) bool {
	for i := range a {
		if !same(a[i], b[i]) {
			return false
		}
	}
	return true
}
