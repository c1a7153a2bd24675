package smartengine

import (
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

const (
	checkpointBlock   = ExtentSize // 2 MiB, blocks for long entries are multiples
	maxCheckpointRead = 64 << 20   // longest block that is read
)

// A Checkpoint is one N.checkpoint: tables and extents at the time when the
// manifest with the next number was begun (storage/storage_logger.h
// CheckpointHeader). It has no checksum.
type Checkpoint struct {
	File      string
	Size      int64  // bytes
	LogID     uint64 // of the first manifest record behind it
	Extents   uint64 // counts of the header
	Subtables uint64 // the default subtable 0 included, which is not written
	Snapshots uint64 // backup snapshots
	Damage    []parse.Damage

	tables  []checkpointTable
	extents []Extent
}

// A checkpointTable is a subtable with its extents.
type checkpointTable struct {
	Subtable
	extents []ExtentID
}

// ReadCheckpoint reads a checkpoint file.
func ReadCheckpoint(file string, at io.ReaderAt, size int64) (*Checkpoint, error) {
	c := &Checkpoint{File: file, Size: size}
	var b [64]byte
	n, err := readAt(at, b[:], 0, size)
	if err != nil {
		return nil, err
	}
	d := newDecoder(file, "header", 0, b[:n])
	c.LogID, c.Extents, c.Subtables = d.U64("start-log-id"), d.U64("extent-count"), d.U64("subtable-count")
	extentBlocks, tableBlocks := d.U64("extent-block-count"), d.U64("subtable-block-count")
	extentsAt, tablesAt := d.U64("extent-block-offset"), d.U64("subtable-block-offset")
	c.Snapshots = d.U64("snapshot-count")
	if x := d.Damage(); x != nil {
		c.note(x)
		return c, nil
	}
	if err := c.blocks(at, "extents", extentsAt, extentBlocks, c.extentBlock); err != nil {
		return nil, err
	}
	if err := c.blocks(at, "subtables", tablesAt, tableBlocks, c.tableBlock); err != nil {
		return nil, err
	}
	if have := uint64(len(c.extents)); len(c.Damage) == 0 && have != c.Extents {
		c.note(&parse.Damage{Span: parse.Span{File: file, Offset: 8, Length: 8, Field: "header.extent-count"}, Kind: parse.Mismatch, Want: fmt.Sprint(have), Got: fmt.Sprint(c.Extents)})
	}
	return c, nil
}

func (c *Checkpoint) note(d *parse.Damage) {
	if d != nil {
		c.Damage = append(c.Damage, *d)
	}
}

// blocks reads count blocks that begin at offset.
func (c *Checkpoint) blocks(at io.ReaderAt, field string, offset, count uint64, entry func(decoder)) error {
	var buf []byte
	for i := uint64(0); i < count; i++ {
		if offset > uint64(c.Size) || c.Size-int64(offset) < 56 {
			c.note(&parse.Damage{Span: parse.Span{File: c.File, Offset: min(int64(offset&^(1<<63)), c.Size), Field: field}, Kind: parse.Truncated, Want: fmt.Sprintf("block %d of %d", i+1, count), Got: "the end of the file"})
			return nil
		}
		var head [56]byte
		if _, err := readAt(at, head[:], int64(offset), c.Size); err != nil {
			return err
		}
		h := newDecoder(c.File, field, int64(offset), head[:])
		h.U64("type")
		size, entries, data, used := h.U64("block-size"), h.U64("entry-count"), h.U64("data-offset"), h.U64("data-size")
		if size == 0 || size%checkpointBlock != 0 || size > maxCheckpointRead || data < 56 || data > size {
			h.FailAt("block-size", parse.BadValue, int64(offset)+8, 24, "a multiple of 2 MiB, at most 64 MiB, with data at 56", fmt.Sprint(size, " ", data))
			c.note(h.Damage())
			return nil
		}
		n := min(size, data+min(used, size), uint64(c.Size)-offset)
		if uint64(cap(buf)) < n {
			buf = make([]byte, n)
		}
		if _, err := readAt(at, buf[:n], int64(offset), c.Size); err != nil {
			return err
		}
		data = min(data, n)
		d := newDecoder(c.File, field, int64(offset)+int64(data), buf[data:n])
		for ; entries > 0 && d.OK(); entries-- {
			entry(d)
		}
		if x := d.Damage(); x != nil {
			c.note(x)
			return nil
		}
		offset += size
	}
	return nil
}

func (c *Checkpoint) extentBlock(d decoder) {
	if x := d.extent(); d.OK() {
		c.extents = append(c.extents, x)
	}
}

// tableBlock reads one subtable (db/column_family.cc deserialize,
// storage/storage_manager.cc, multi_version_extent_meta_layer.cc): sizes and
// versions of the structures are fixed i64.
func (c *Checkpoint) tableBlock(d decoder) {
	var t checkpointTable
	d.sized("subtable")
	s := d.versioned("meta")
	t.ID, t.Primary, t.Database = s.schema()
	t.Space, t.Point = s.varint("table-space-id"), s.point()
	d.join(s)
	d.sized("levels")
	for levels := d.count("level-count", 19); levels > 0 && d.OK(); levels-- {
		d.sized("level")
		d.varint("number")
		t.extents = d.layers(t.extents)
		t.extents = d.layers(t.extents) // the layer of dumped memory tables
	}
	d.sized("large-objects")
	t.extents = d.ids(t.extents)
	if d.OK() {
		c.tables = append(c.tables, t)
	}
}

func (d decoder) layers(out []ExtentID) []ExtentID {
	for n := d.count("layer-count", 19); n > 0 && d.OK(); n-- {
		d.sized("layer")
		d.varint("sequence")
		out = d.ids(out)
		out = d.ids(out)
	}
	return out
}

func (d decoder) ids(out []ExtentID) []ExtentID {
	for n := d.count("extent-ids", 2); n > 0 && d.OK(); n-- {
		out = append(out, d.extentID())
	}
	return out
}

// sized reads size and version in front of a structure of a checkpoint.
func (d decoder) sized(field string) {
	d.U64(field + ".size")
	if v := d.U64(field + ".version"); d.OK() && v != 1 {
		d.FailAt(field+".version", parse.BadVersion, d.Offset()-8, 8, "1", fmt.Sprint(v))
	}
}

// readAt fills b from offset, as far as the file of size bytes goes.
func readAt(at io.ReaderAt, b []byte, offset, size int64) (int, error) {
	n := int(max(min(int64(len(b)), size-offset), 0))
	m, err := at.ReadAt(b[:n], offset)
	if m == n {
		return n, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return m, err
}
