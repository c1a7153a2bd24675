package hexdump

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// A File is what is dumped.
type File struct {
	At   io.ReaderAt
	Size int64
}

func (d *Writer) cursor(f File) *cursor { return &cursor{Writer: d, at: f.At, end: f.Size} }

// finish prints what lies behind the last field that was read.
func (c *cursor) finish() error {
	cut := errors.Is(c.err, errCut)
	if c.err != nil && !cut {
		return c.err
	}
	c.err = nil
	what := "content behind the end"
	if cut {
		what = "a structure that the file cuts short"
	}
	c.hide(c.end-c.offset, what)
	return c.Err()
}

// Metadata dumps metadata1 or metadata2.
func (d *Writer) Metadata(f File) error {
	c := d.cursor(f)
	c.u64("format")
	c.u64("version")
	c.u64("term")
	c.u64("voted for")
	return c.finish()
}

// SnapshotMeta dumps the .meta file of a snapshot. m is what was parsed of it.
func (d *Writer) SnapshotMeta(f File, m format.SnapshotMeta) error {
	c := d.cursor(f)
	c.u64("format")
	verdict := "ok"
	if m.Stop == format.MetaChecksum {
		verdict = "WRONG"
	} else if m.Stop != format.MetaGood && m.Stop != format.MetaConfiguration {
		verdict = "not checked"
	}
	c.u32("crc", func(n uint32) string { return fmt.Sprintf("%08x %s", n, verdict) })
	c.u32("crc, upper half", number)
	c.u64("configuration index")
	length := c.u64("configuration size")
	if m.Stop == format.MetaGood || m.Stop == format.MetaConfiguration {
		c.configuration(int64(length))
	} else {
		c.hide(int64(min(length, uint64(c.end))), "a configuration that is not proven")
	}
	return c.finish()
}

// configuration dumps an encoded configuration of n bytes.
func (c *cursor) configuration(n int64) {
	end := min(c.offset+n, c.end)
	outer := c.end
	c.end = end
	c.u8("encoding", number)
	servers := c.u64("servers")
	for i := uint64(0); i < servers && c.err == nil; i++ {
		c.u64(fmt.Sprintf("server %d id", i+1))
		c.text(fmt.Sprintf("server %d address", i+1))
		c.u8(fmt.Sprintf("server %d role", i+1), func(n uint8) string { return format.Role(n).String() })
	}
	if errors.Is(c.err, errCut) {
		c.err = nil
	}
	c.hide(end-c.offset, "padding")
	c.end = outer
}

// Segment dumps a segment. s is what was parsed of it, first the index of its
// first entry, 0 if that is not known. limit bounds the entries that are
// dumped, 0 is no bound.
func (d *Writer) Segment(f File, s *format.Segment, first uint64, limit int) error {
	c := d.cursor(f)
	if f.Size >= 8 && (s.Format == 1 || s.AllZero) {
		c.u64("format")
	} else {
		c.hide(min(8, f.Size), "a format word that is none")
	}
	left := limit
	more := c.run(&s.Run, first, &left, limit)
	for i := range s.Islands {
		if !more {
			break
		}
		island := &s.Islands[i]
		c.gap(island.Offset)
		d.Title("sound batches behind the damage")
		more = c.run(&island.Run, IndexOf(s, first, i), &left, limit)
	}
	if !more {
		c.hide(c.end-c.offset, "further batches (--limit)")
		return c.finish()
	}
	c.gap(c.end)
	return c.finish()
}

// IndexOf returns the index of the first entry of island i of a segment whose
// first entry has the index first; 0 if it is not known.
func IndexOf(s *format.Segment, first uint64, i int) uint64 {
	if first == 0 {
		return 0
	}
	index := first + uint64(s.Len())
	for n := range i + 1 {
		island := &s.Islands[n]
		if island.Skipped < 0 {
			return 0
		}
		index += uint64(island.Skipped)
		if n < i {
			index += uint64(island.Len())
		}
	}
	return index
}

// gap hides what lies before to: it is not proven to be structure.
func (c *cursor) gap(to int64) {
	if c.err != nil || c.offset >= to {
		return
	}
	empty, err := Zeros(c.at, c.offset, to)
	if err != nil {
		c.err = err
		return
	}
	what := "data that is not proven"
	if empty {
		what = "zeros"
	}
	c.hide(to-c.offset, what)
}

// Zeros reports whether all bytes from one offset up to another are zero.
func Zeros(at io.ReaderAt, from, to int64) (bool, error) {
	buf := make([]byte, 64<<10)
	for from < to {
		b := buf[:min(to-from, int64(len(buf)))]
		if n, err := at.ReadAt(b, from); n < len(b) {
			return false, err
		}
		for _, x := range b {
			if x != 0 {
				return false, nil
			}
		}
		from += int64(len(b))
	}
	return true, nil
}

// run dumps batches whose checksums hold, as long as *left, unless limit is 0,
// allows more entries. It returns whether it reached the end.
func (c *cursor) run(r *format.Run, first uint64, left *int, limit int) bool {
	index := func(pos int) string {
		if first == 0 {
			return fmt.Sprintf("entry %d of the run", pos+1)
		}
		return fmt.Sprintf("entry %d", first+uint64(pos))
	}
	pos := 0
	for i, b := range r.BatchList() {
		if limit > 0 && *left <= 0 {
			return false
		}
		c.offset = b.Offset
		c.Title("batch %d", i+1)
		c.u32("header crc", func(n uint32) string { return fmt.Sprintf("%08x ok", n) })
		c.u32("data crc", func(n uint32) string { return fmt.Sprintf("%08x ok", n) })
		c.u64("entries")
		type entry struct {
			kind format.EntryType
			size int64
		}
		var entries []entry
		for i := range b.N {
			name := index(pos + i)
			c.u64(name + " term")
			kind := c.u8("  type", func(n uint8) string { return format.EntryType(n).String() })
			c.hide(3, "unused space")
			size := c.u32("  size", number)
			entries = append(entries, entry{format.EntryType(kind), int64(size)})
			if c.err != nil {
				return false
			}
		}
		for i, e := range entries {
			end := c.offset + e.size
			c.Title("%s: %s", index(pos+i), e.kind)
			c.payload(e.kind, end)
			c.offset = end
			*left--
		}
		pos += b.N
	}
	return true
}

// payload dumps the structure of one entry that ends at end.
func (c *cursor) payload(kind format.EntryType, end int64) {
	outer := c.end
	c.end = end
	switch kind {
	case format.Command:
		c.command()
	case format.Change:
		c.configuration(end - c.offset)
	default:
		c.hide(end-c.offset, "a barrier, which means nothing")
	}
	if errors.Is(c.err, errCut) {
		c.err = nil
	}
	c.hide(end-c.offset, "content that is not understood")
	c.end = outer
}

// command dumps a command without its pages (cowsql src/command.h).
func (c *cursor) command() {
	head := c.bytes(8)
	if head == nil || head[0] != 1 || head[1] < byte(format.CommandOpen) || head[1] > byte(format.CommandCheckpoint) {
		return // not a command: nothing of it may be shown
	}
	c.u8("format", number)
	kind := format.CommandType(c.u8("command", func(n uint8) string { return format.CommandType(n).String() }))
	c.hide(6, "unused space")
	if kind == format.CommandUndo {
		c.u64("transaction")
		return
	}
	c.paddedText("database")
	if kind != format.CommandFrames {
		return
	}
	c.u64("transaction")
	c.u32("truncate", number)
	c.u8("commit", yes)
	c.hide(3, "unused space")
	pages := int64(c.u32("pages", number))
	size := int64(c.u16("page size"))
	c.hide(2, "unused space")
	if size == 1 {
		size = 65536
	}
	if c.err != nil || pages*(8+size) > c.end-c.offset {
		return
	}
	for i := int64(0); i < pages && c.err == nil; i++ {
		c.u64("page number")
	}
	c.hide(pages*size, "page content")
}

// Snapshot dumps the data file of a snapshot. s is what was parsed of it.
// limit bounds the WAL frames that are dumped of a database, 0 is no bound.
func (d *Writer) Snapshot(f File, s *format.Snapshot, limit int) error {
	c := d.cursor(f)
	if s.LZ4.Used {
		c.u32("lz4 magic", func(n uint32) string { return fmt.Sprintf("%08x", n) })
		c.field(2, "lz4 descriptor", func(b []byte) string { return fmt.Sprintf("flags %02x, block size %02x", b[0], b[1]) })
		if s.LZ4.HasSize {
			c.u64("content size")
		}
		c.u8("descriptor checksum", func(n uint8) string { return fmt.Sprintf("%02x", n) })
		c.hide(c.end-c.offset, "compressed content")
		return c.finish()
	}
	c.u64("format")
	if s.Format != 1 {
		c.hide(c.end-c.offset, "content that is not understood")
		return c.finish()
	}
	c.u64("databases")
	for i := range Proven(s) {
		c.database(&s.Databases[i], limit)
	}
	c.gap(c.end)
	return c.finish()
}

// Proven returns how many of the databases of a snapshot certainly begin where
// they are looked for. Nothing protects the sizes in a snapshot; behind a wrong
// one content would be taken for names.
func Proven(s *format.Snapshot) int {
	for i, d := range s.Databases {
		whole := d.MainSize == uint64(d.MainPages)*uint64(d.PageSize) && (d.WALSize == 0 || d.WAL.Complete(int64(d.WALSize)))
		if !whole {
			return i + 1
		}
	}
	return len(s.Databases)
}

func (c *cursor) database(d *format.DatabaseImage, limit int) {
	if c.err != nil || c.offset >= c.end {
		return
	}
	c.Title("database %q", d.Name)
	c.paddedText("name")
	c.u64("main size")
	c.u64("wal size")
	if d.MainSize > uint64(c.end) {
		return
	}
	c.hide(int64(d.MainSize), "page content")
	if d.WAL.Slots == 0 {
		c.hide(int64(min(d.WALSize, uint64(c.end))), "write-ahead log without a frame")
		return
	}
	end := min(c.offset+int64(d.WALSize), c.end)
	c.be32("wal magic", "%08x")
	c.be32("wal version", "%d")
	c.be32("page size", "%d")
	c.be32("checkpoint", "%d")
	c.be32("salt 1", "%08x")
	c.be32("salt 2", "%08x")
	c.field(8, "checksum", func(b []byte) string {
		return fmt.Sprintf("%08x %08x", binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]))
	})
	for i := uint64(0); i < d.WAL.Frames && c.err == nil && c.offset < end; i++ {
		if limit > 0 && i >= uint64(limit) {
			c.hide(end-c.offset, "further frames (--limit)")
			return
		}
		c.Title("frame %d", i+1)
		c.be32("page number", "%d")
		c.be32("pages after commit", "%d")
		c.be32("salt 1", "%08x")
		c.be32("salt 2", "%08x")
		c.field(8, "checksum", func(b []byte) string {
			return fmt.Sprintf("%08x %08x ok", binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]))
		})
		c.hide(int64(d.WAL.Header.PageSize), "page content")
	}
	if c.err == nil && c.offset < end {
		c.hide(end-c.offset, "frames that do not count")
	}
}
