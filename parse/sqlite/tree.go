package sqlite

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// What one read of a table may visit and keep, so that no number in a file
// decides about time and memory. A page is visited once, which bounds both by
// the size of the file too.
const (
	maxPages  = 1 << 16  // including overflow pages
	maxBytes  = 64 << 20 // payload
	maxValues = 4 << 20
	maxDamage = 100
	maxDepth  = 20 // sqlite/sqlite src/btreeInt.h BTCURSOR_MAX_DEPTH
)

// A tableReader is the state of one walk through the b-tree of a table.
type tableReader struct {
	db     *DB
	table  *Table
	stored []int  // column of each value of a record
	real   []bool // columns whose whole numbers are stored as integers
	seen   map[uint32]bool
	bytes  int
	values int
	rows   [][]any
	damage []parse.Damage
	full   bool // a limit was met
}

// read walks through the b-tree of t.
func (d *DB) read(t *Table) ([][]any, []parse.Damage, error) {
	r := &tableReader{db: d, table: t, stored: t.stored(), seen: map[uint32]bool{}}
	for _, c := range t.Columns {
		r.real = append(r.real, affinity(c.Type) == realAffinity)
	}
	err := r.walk(t.root, 0, d.source(t.root))
	return r.rows, r.damage, err
}

func (r *tableReader) fail(kind parse.Kind, from pageSource, at, n int, field, want, got string) {
	if len(r.damage) >= maxDamage {
		r.full = true
		return
	}
	r.damage = append(r.damage, parse.Damage{
		Span: parse.Span{File: from.file, Offset: from.offset + int64(at), Length: int64(n), Field: fmt.Sprintf("table[%s].%s", r.table.Name, field)},
		Kind: kind, Want: want, Got: got,
	})
}

// limit stops the walk because a limit was met.
func (r *tableReader) limit(from pageSource, want string) {
	r.fail(parse.BadValue, from, 0, 0, "size", want, "more")
	r.full = true
}

// page reads a page that was not visited yet; link is the place of its number.
// It returns nil if there is nothing to go on with.
func (r *tableReader) page(number uint32, link pageSource) ([]byte, pageSource, error) {
	switch {
	case number == 0 || number > r.db.Pages:
		r.fail(parse.BadValue, link, 0, 4, "page", fmt.Sprintf("1 to %d", r.db.Pages), fmt.Sprint(number))
		return nil, link, nil
	case r.seen[number]:
		r.fail(parse.BadValue, link, 0, 4, "page", "a page that is used once", fmt.Sprintf("%d again", number))
		return nil, link, nil
	case len(r.seen) >= maxPages:
		r.limit(link, fmt.Sprintf("at most %d pages", maxPages))
		return nil, link, nil
	}
	r.seen[number] = true
	from := r.db.source(number)
	buf := make([]byte, r.db.Header.PageSize)
	n, err := from.read(buf)
	if err != nil {
		return nil, from, err
	}
	if n < len(buf) {
		r.fail(parse.Truncated, from, 0, n, fmt.Sprintf("page[%d]", number), fmt.Sprintf("%d bytes", len(buf)), fmt.Sprint(n))
		return nil, from, nil
	}
	return buf[:r.db.Header.Usable()], from, nil
}

// walk visits the page and what is below it, in key order.
func (r *tableReader) walk(number uint32, depth int, link pageSource) error {
	if depth >= maxDepth {
		r.fail(parse.BadValue, link, 0, 4, "depth", fmt.Sprintf("at most %d", maxDepth), "more")
		return nil
	}
	page, from, err := r.page(number, link)
	if page == nil || err != nil {
		return err
	}
	at := 0
	if number == 1 {
		at = HeaderSize
	}
	check := pageCheck{page: page, pages: r.db.Pages, usable: len(page)}
	n, bad := check.readNode(at)
	if bad == nil && n.table() == r.table.WithoutRowid {
		want := "5 or 13"
		if r.table.WithoutRowid {
			want = "2 or 10"
		}
		bad = check.fail(parse.BadValue, at, 1, "page.type", want, fmt.Sprint(n.kind))
	}
	if bad != nil {
		r.fail(bad.Kind, from, int(bad.Offset), int(bad.Length), bad.Field, bad.Want, bad.Got)
		return nil
	}
	for i := range n.cells {
		if r.full {
			return nil
		}
		id := cellID{number, i}
		start := n.cell(page, i)
		if lowest := n.pointers() + 2*n.cells; start < lowest || start > len(page)-4 {
			r.fail(parse.BadValue, from, n.pointers()+2*i, 2, id.field(".pointer"), fmt.Sprintf("%d to %d", lowest, len(page)-4), fmt.Sprint(start))
			continue
		}
		c, ok := readCell(page, &n, start)
		if !ok {
			r.fail(parse.Truncated, from, start, len(page)-start, id.field(""), "a cell that ends within the page", "one that does not")
			continue
		}
		if !n.leaf() {
			if err := r.walk(c.child, depth+1, at4(from, start)); err != nil {
				return err
			}
		}
		if n.kind != tableInterior && !r.full {
			if err := r.cell(page, from, &c, id); err != nil {
				return err
			}
		}
	}
	if n.leaf() || r.full {
		return nil
	}
	return r.walk(n.right, depth+1, at4(from, at+8))
}

// A cellID names a cell in damage.
type cellID struct {
	page uint32
	cell int
}

func (c cellID) field(part string) string {
	return fmt.Sprintf("page[%d].cell[%d]%s", c.page, c.cell, part)
}

// at4 is the place of a page number within a page.
func at4(from pageSource, at int) pageSource {
	from.offset += int64(at)
	return from
}

// cell turns a cell into a row.
func (r *tableReader) cell(page []byte, from pageSource, c *cell, id cellID) error {
	payload, err := r.payload(page, from, c, id)
	if payload == nil || err != nil {
		return err
	}
	values, ok := readRecord(payload, len(r.stored), r.db.Header.Encoding)
	if !ok {
		r.fail(parse.BadValue, from, c.start, c.local, id.field(".record"), "a record that fits its payload", "one that does not")
		return nil
	}
	t := r.table
	r.values += len(t.Columns)
	if r.values > maxValues {
		r.limit(from, fmt.Sprintf("at most %d values", maxValues))
		return nil
	}
	row := make([]any, len(t.Columns))
	for i, column := range r.stored {
		v := t.Columns[column].Default
		if i < len(values) {
			v = values[i]
		}
		if n, ok := v.(int64); ok && r.real[column] {
			v = float64(n)
		}
		row[column] = v
	}
	if t.alias >= 0 {
		row[t.alias] = c.rowid
	}
	out := row[:0]
	for i, v := range row {
		if !t.Columns[i].Virtual {
			out = append(out, v)
		}
	}
	r.rows = append(r.rows, out)
	return nil
}

// payload collects the payload of a cell, which grows as pages are read. It
// returns nil if it is not complete.
func (r *tableReader) payload(page []byte, from pageSource, c *cell, id cellID) ([]byte, error) {
	out := page[c.start : c.start+c.local : c.start+c.local]
	r.bytes += len(out)
	next, link := uint32(0), at4(from, c.overflow)
	if c.overflow != 0 {
		next = binary.BigEndian.Uint32(page[c.overflow:])
	}
	for uint64(len(out)) < c.payload {
		if next == 0 {
			r.fail(parse.Truncated, link, 0, 4, id.field(".overflow"), fmt.Sprintf("%d bytes of payload", c.payload), fmt.Sprint(len(out)))
			return nil, nil
		}
		more, source, err := r.page(next, link)
		if more == nil || err != nil {
			return nil, err
		}
		next, link = binary.BigEndian.Uint32(more), source
		more = more[4:]
		more = more[:min(uint64(len(more)), c.payload-uint64(len(out)))]
		out = append(out, more...)
		r.bytes += len(more)
		if r.bytes > maxBytes {
			r.limit(from, fmt.Sprintf("at most %d bytes", maxBytes))
			return nil, nil
		}
	}
	return out, nil
}
