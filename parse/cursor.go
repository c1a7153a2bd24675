package parse

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// A Cursor reads fields one after the other from a buffer and remembers the
// first damage. After damage every read returns zero values, so that a caller
// can read a whole structure and ask once.
//
// The buffer is a part of a file that has been read already; Base is the file
// offset of its first byte, so that spans speak of the file.
type Cursor struct {
	file   string
	prefix string
	base   int64
	buf    []byte
	off    int
	damage *Damage
}

// NewCursor returns a cursor over buf, whose first byte stands at offset base
// of file. prefix is put in front of every field name.
func NewCursor(file, prefix string, base int64, buf []byte) *Cursor {
	return &Cursor{file: file, prefix: prefix, base: base, buf: buf}
}

// OK reports whether no damage was met so far.
func (c *Cursor) OK() bool { return c.damage == nil }

// Damage returns the first damage, or nil.
func (c *Cursor) Damage() *Damage { return c.damage }

// Left returns the number of bytes not read yet.
func (c *Cursor) Left() int64 { return int64(len(c.buf) - c.off) }

// Offset returns the file offset of the next byte.
func (c *Cursor) Offset() int64 { return c.base + int64(c.off) }

// Fail records damage at the next n bytes, unless there is damage already.
func (c *Cursor) Fail(field string, kind Kind, n int64, want, got string) {
	if c.damage != nil {
		return
	}
	c.damage = &Damage{Span: Span{c.file, c.Offset(), n, c.field(field)}, Kind: kind, Want: want, Got: got}
}

// FailAt records damage at n bytes from the absolute file offset at.
func (c *Cursor) FailAt(field string, kind Kind, at, n int64, want, got string) {
	if c.damage != nil {
		return
	}
	c.damage = &Damage{Span: Span{c.file, at, n, c.field(field)}, Kind: kind, Want: want, Got: got}
}

func (c *Cursor) field(name string) string {
	if c.prefix == "" {
		return name
	}
	return c.prefix + "." + name
}

// Bytes returns the next n bytes; n may come from the file itself. The slice
// shares the cursor's buffer.
func (c *Cursor) Bytes(field string, n int64) []byte {
	if !c.OK() {
		return nil
	}
	if n < 0 || n > c.Left() { // before anything is sliced
		c.Fail(field, Truncated, c.Left(), fmt.Sprintf("%d bytes", uint64(n)), fmt.Sprintf("%d left", c.Left()))
		return nil
	}
	out := c.buf[c.off : c.off+int(n) : c.off+int(n)]
	c.off += int(n)
	return out
}

// U8 reads one byte.
func (c *Cursor) U8(field string) uint8 {
	if b := c.Bytes(field, 1); b != nil {
		return b[0]
	}
	return 0
}

// U16 reads a little-endian 16-bit number.
func (c *Cursor) U16(field string) uint16 {
	if b := c.Bytes(field, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 reads a little-endian 32-bit number.
func (c *Cursor) U32(field string) uint32 {
	if b := c.Bytes(field, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// U64 reads a little-endian 64-bit number.
func (c *Cursor) U64(field string) uint64 {
	if b := c.Bytes(field, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Text reads bytes up to and including the next NUL and returns them without
// it.
func (c *Cursor) Text(field string) string {
	if !c.OK() {
		return ""
	}
	end := bytes.IndexByte(c.buf[c.off:], 0)
	if end < 0 {
		c.Fail(field, BadText, c.Left(), "text that ends with a NUL byte", fmt.Sprintf("none in %d bytes", c.Left()))
		return ""
	}
	out := string(c.buf[c.off : c.off+end])
	c.off += end + 1
	return out
}

// PaddedText reads a text as Text does and skips to the next multiple of 8
// bytes, counted from the start of the text.
func (c *Cursor) PaddedText(field string) string {
	start := c.off
	out := c.Text(field)
	if n := (c.off - start + 7) / 8 * 8; c.OK() {
		c.Bytes(field+".padding", int64(n-(c.off-start)))
	}
	return out
}
