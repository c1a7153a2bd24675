package sqlite

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// Types of b-tree pages, the first byte of the b-tree header.
const (
	indexInterior = 2
	tableInterior = 5
	indexLeaf     = 10
	tableLeaf     = 13
)

// A node is the b-tree header of a page. Offsets are within the page.
type node struct {
	kind  byte
	at    int // of the header: 100 on page 1, else 0
	cells int
	right uint32 // right-most child of an interior page
}

func (n *node) leaf() bool  { return n.kind == tableLeaf || n.kind == indexLeaf }
func (n *node) table() bool { return n.kind == tableLeaf || n.kind == tableInterior }

// pointers returns the offset of the cell pointer array.
func (n *node) pointers() int {
	if n.leaf() {
		return n.at + 8
	}
	return n.at + 12
}

// cell returns the offset of cell i as the cell pointer array says.
func (n *node) cell(page []byte, i int) int {
	return int(binary.BigEndian.Uint16(page[n.pointers()+2*i:]))
}

// CheckPage checks the structure of one page of a database with nPages pages
// (0 if that is not known), of which usable bytes a page hold content: type,
// cell pointers, cell sizes, free blocks, and the page numbers of children
// and overflow chains. It does not look at content, nor at other pages.
//
// Free, overflow and pointer-map pages have no mark of their own, so any page
// that may be one of those passes. The offset in the damage is counted from
// the start of the page, and the file is empty: the caller knows both.
func CheckPage(page []byte, pageNo, nPages uint32, usable int) *parse.Damage {
	c := pageCheck{page: page, pages: nPages, usable: usable}
	if usable < minUsable || usable > len(page) || len(page) > maxPageSize {
		return c.fail(parse.Truncated, 0, len(page), "page", fmt.Sprintf("at least %d usable bytes", max(usable, minUsable)),
			fmt.Sprint(min(usable, len(page))))
	}
	if nPages != 0 && pageNo > nPages {
		return nil // behind the end: not part of the database
	}
	at := 0
	if pageNo == 1 {
		at = HeaderSize
		if string(page[:16]) != magic {
			return c.fail(parse.BadMagic, 0, 16, "page.magic", fmt.Sprintf("%q", magic), "something else")
		}
	}
	switch kind := page[at]; {
	case kind == indexInterior || kind == tableInterior || kind == indexLeaf || kind == tableLeaf:
	case pageNo == 1:
		return c.fail(parse.BadValue, at, 1, "page.type", "5 or 13", fmt.Sprint(kind))
	default:
		return nil
	}
	d := c.tree(at)
	if d == nil || pageNo == 1 {
		return d
	}
	if next := binary.BigEndian.Uint32(page); next <= nPages {
		return nil // may be an overflow or trunk page whose next page is this large number
	}
	if isPointerMap(pageNo, usable) && pointerMap(page, pageNo, nPages, usable) {
		return nil
	}
	return d
}

type pageCheck struct {
	page   []byte
	pages  uint32
	usable int
}

func (c *pageCheck) fail(kind parse.Kind, at, n int, field, want, got string) *parse.Damage {
	return &parse.Damage{
		Span: parse.Span{Offset: int64(at), Length: int64(n), Field: field},
		Kind: kind, Want: want, Got: got,
	}
}

func (c *pageCheck) u16(at int) int    { return int(binary.BigEndian.Uint16(c.page[at:])) }
func (c *pageCheck) u32(at int) uint32 { return binary.BigEndian.Uint32(c.page[at:]) }

// link checks a page number that must lead to another page.
func (c *pageCheck) link(at int, field string) *parse.Damage {
	n := c.u32(at)
	if n < 2 || c.pages != 0 && n > c.pages {
		want := "at least 2"
		if c.pages != 0 {
			want = fmt.Sprintf("2 to %d", c.pages)
		}
		return c.fail(parse.BadValue, at, 4, field, want, fmt.Sprint(n))
	}
	return nil
}

// readNode reads the b-tree header at offset at and checks that the cell
// pointer array fits.
func (c *pageCheck) readNode(at int) (node, *parse.Damage) {
	n := node{kind: c.page[at], at: at, cells: c.u16(at + 3)}
	switch n.kind {
	case indexInterior, tableInterior:
		n.right = c.u32(at + 8)
	case indexLeaf, tableLeaf:
	default:
		return n, c.fail(parse.BadValue, at, 1, "page.type", "2, 5, 10 or 13", fmt.Sprint(n.kind))
	}
	if room := (c.usable - n.pointers()) / 2; n.cells > room {
		return n, c.fail(parse.BadValue, at+3, 2, "page.cells", fmt.Sprintf("at most %d", room), fmt.Sprint(n.cells))
	}
	return n, nil
}

// tree checks a b-tree page whose header stands at offset at.
func (c *pageCheck) tree(at int) *parse.Damage {
	n, d := c.readNode(at)
	if d != nil {
		return d
	}
	end := n.pointers() + 2*n.cells
	content := c.u16(at + 5)
	if content == 0 {
		content = maxPageSize
	}
	if content < end || content > c.usable {
		return c.fail(parse.BadValue, at+5, 2, "page.content-start", fmt.Sprintf("%d to %d", end, c.usable), fmt.Sprint(content))
	}
	if d := c.freeBlocks(at, content); d != nil {
		return d
	}
	if !n.leaf() {
		if d := c.link(at+8, "page.right-child"); d != nil {
			return d
		}
	}
	for i := range n.cells {
		if d := c.cell(&n, i, content); d != nil {
			return d
		}
	}
	return nil
}

// freeBlocks follows the chain of free blocks, which must rise.
func (c *pageCheck) freeBlocks(at, content int) *parse.Damage {
	from, lowest := at+1, content
	for next := c.u16(from); next != 0; next = c.u16(from) {
		if next < lowest || next > c.usable-4 {
			return c.fail(parse.BadValue, from, 2, "page.free-block", fmt.Sprintf("0, or %d to %d", lowest, c.usable-4), fmt.Sprint(next))
		}
		size := c.u16(next + 2)
		if size < 4 || size > c.usable-next {
			return c.fail(parse.BadValue, next+2, 2, "page.free-block-size", fmt.Sprintf("4 to %d", c.usable-next), fmt.Sprint(size))
		}
		from, lowest = next, next+size
	}
	return nil
}

// cell checks the pointer and the extent of cell i.
func (c *pageCheck) cell(n *node, i, content int) *parse.Damage {
	at := n.pointers() + 2*i
	start := c.u16(at)
	if start < content || start > c.usable-4 {
		return c.fail(parse.BadValue, at, 2, fmt.Sprintf("page.cell[%d].pointer", i),
			fmt.Sprintf("%d to %d", content, c.usable-4), fmt.Sprint(start))
	}
	if !n.leaf() {
		if d := c.link(start, fmt.Sprintf("page.cell[%d].child", i)); d != nil {
			return d
		}
	}
	cell, ok := readCell(c.page[:c.usable], n, start)
	if !ok {
		return c.fail(parse.Truncated, start, c.usable-start, fmt.Sprintf("page.cell[%d]", i),
			"a cell that ends within the page", "one that does not")
	}
	if cell.overflow != 0 {
		return c.link(cell.overflow, fmt.Sprintf("page.cell[%d].overflow", i))
	}
	return nil
}

// A cell is one entry of a b-tree page. Offsets are within the page.
type cell struct {
	child    uint32 // left child on interior pages
	rowid    int64  // table pages only
	payload  uint64 // bytes of payload including overflow pages; 0 on table interior pages
	start    int    // of the payload
	local    int    // bytes of payload on this page
	overflow int    // of the page number of the first overflow page, 0 if there is none
}

// readCell reads the cell at offset at of a page that was cut to its usable
// bytes (sqlite/sqlite src/btree.c btreeParseCellAdjustSizeForOverflow). ok is
// false if the cell does not end within the page.
func readCell(page []byte, n *node, at int) (c cell, ok bool) {
	pos := at
	if !n.leaf() {
		if pos+4 > len(page) {
			return c, false
		}
		c.child = binary.BigEndian.Uint32(page[pos:])
		pos += 4
	}
	if n.kind != tableInterior {
		v, k := varint(page[pos:])
		if k == 0 {
			return c, false
		}
		c.payload, pos = v, pos+k
	}
	if n.table() {
		v, k := varint(page[pos:])
		if k == 0 {
			return c, false
		}
		c.rowid, pos = int64(v), pos+k
	}
	if n.kind == tableInterior {
		return c, true
	}
	c.start = pos
	usable := uint64(len(page))
	largest := (usable-12)*64/255 - 23
	if n.kind == tableLeaf {
		largest = usable - 35
	}
	c.local = int(min(c.payload, largest))
	if c.payload > largest {
		least := (usable-12)*32/255 - 23
		c.local = int(least)
		if k := least + (c.payload-least)%(usable-4); k <= largest {
			c.local = int(k)
		}
		c.overflow = pos + c.local
		pos += 4
	}
	return c, pos+c.local <= len(page)
}

// varint reads a variable-length number of 1 to 9 bytes. n is 0 if b ends
// before.
func varint(b []byte) (v uint64, n int) {
	for i := range min(len(b), 8) {
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	if len(b) < 9 {
		return 0, 0
	}
	return v<<8 | uint64(b[8]), 9
}

// isPointerMap reports whether pageNo would be a pointer-map page if the
// database were an auto-vacuum one (sqlite/sqlite src/btree.c ptrmapPageno).
// The map moves on by one page if it would lie at the lock page; that page
// holds nothing, so both positions are accepted.
func isPointerMap(pageNo uint32, usable int) bool {
	if pageNo < 2 {
		return false
	}
	group := uint32(usable/5) + 1
	return (pageNo-2)%group <= 1
}

// pointerMap reports whether page can be a pointer map: a type from 1 to 5 and
// a page number for each page that follows. Entries of pages behind the end
// are left over and say nothing.
func pointerMap(page []byte, pageNo, nPages uint32, usable int) bool {
	for at := 0; at+5 <= usable; at += 5 {
		if nPages != 0 && uint32(at/5) >= nPages-pageNo {
			return true
		}
		if kind := page[at]; kind > 5 || nPages != 0 && binary.BigEndian.Uint32(page[at+1:]) > nPages {
			return false
		}
	}
	return true
}
