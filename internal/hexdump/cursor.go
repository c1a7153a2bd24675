package hexdump

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A cursor reads fields of a file one after the other and prints them. After
// the first error it does nothing.
type cursor struct {
	*Writer
	at     io.ReaderAt
	offset int64
	end    int64 // no field reaches behind it
	err    error // of reading
}

// errCut says that the file ends inside a field.
var errCut = errors.New("file ends here")

func (c *cursor) bytes(n int64) []byte {
	if c.err != nil {
		return nil
	}
	if n > c.end-c.offset {
		c.err = errCut
		return nil
	}
	b := make([]byte, n)
	if _, err := c.at.ReadAt(b, c.offset); err != nil {
		c.err = err
		return nil
	}
	return b
}

// field reads and prints n bytes; meaning turns them into text.
func (c *cursor) field(n int64, name string, meaning func([]byte) string) []byte {
	b := c.bytes(n)
	if b != nil {
		c.Field(c.offset, b, name, meaning(b))
		c.offset += n
	}
	return b
}

func (c *cursor) u8(name string, meaning func(uint8) string) uint8 {
	if b := c.field(1, name, func(b []byte) string { return meaning(b[0]) }); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16(name string) uint16 {
	b := c.field(2, name, func(b []byte) string { return fmt.Sprint(binary.LittleEndian.Uint16(b)) })
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint16(b)
}

func (c *cursor) u32(name string, meaning func(uint32) string) uint32 {
	b := c.field(4, name, func(b []byte) string { return meaning(binary.LittleEndian.Uint32(b)) })
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

func (c *cursor) u64(name string) uint64 {
	b := c.field(8, name, func(b []byte) string { return fmt.Sprint(binary.LittleEndian.Uint64(b)) })
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (c *cursor) be32(name string, format string) uint32 {
	b := c.field(4, name, func(b []byte) string { return fmt.Sprintf(format, binary.BigEndian.Uint32(b)) })
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// hide steps over n bytes.
func (c *cursor) hide(n int64, what string) {
	if c.err != nil || n <= 0 {
		return
	}
	n = min(n, c.end-c.offset)
	c.Hidden(c.offset, n, what)
	c.offset += n
}

// maxText is the longest text that is looked for, in bytes.
const maxText = 1 << 10

// text reads a text up to and with its NUL byte.
func (c *cursor) text(name string) {
	b := c.bytes(min(maxText, c.end-c.offset))
	n := bytes.IndexByte(b, 0)
	if c.err == nil && n < 0 {
		c.err = errCut
	}
	c.field(int64(n)+1, name, func(b []byte) string { return fmt.Sprintf("%q", b[:n]) })
}

// paddedText reads a text and steps over the padding to a multiple of 8.
func (c *cursor) paddedText(name string) {
	start := c.offset
	c.text(name)
	c.hide((8-(c.offset-start)%8)%8, "padding")
}

func number[T uint8 | uint32](n T) string { return fmt.Sprint(n) }

func yes(n uint8) string {
	if n != 0 {
		return "yes"
	}
	return "no"
}
