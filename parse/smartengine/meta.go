package smartengine

import (
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// ExtentSize is the size of an extent in bytes.
const ExtentSize = 2 << 20

// objectBit in the file number of an extent says that it is an object.
const objectBit = 1 << 31

// An ExtentID says where an extent is.
type ExtentID struct {
	File   uint32 // number of the data file; with the highest bit an object of table space File&0x7fffffff
	Number uint32 // in units of ExtentSize from the start of the file
}

// Object reports whether the extent is an object in the object store.
func (x ExtentID) Object() bool { return x.File&objectBit != 0 }

// ObjectID is the number at the end of the key of an object.
func (x ExtentID) ObjectID() uint64 { return uint64(x.Number)<<32 | uint64(x.File&^objectBit) }

// String renders x as "file/extent", or as the number of the object.
func (x ExtentID) String() string {
	if x.Object() {
		return fmt.Sprintf("object %d", x.ObjectID())
	}
	return fmt.Sprintf("%d.sst extent %d", x.File, x.Number)
}

// A RecoveryPoint says up to where the rows of a subtable are in extents
// (db/recovery_point.cc).
type RecoveryPoint struct {
	WAL      uint64 // number of the first WAL with rows that are not
	Sequence uint64 // of the last row that is
}

// A Subtable is an index of a table (schema/table_schema.cc, storage/storage_meta_struct.cc).
type Subtable struct {
	ID       uint32 // index id
	Primary  uint32 // id of the table's primary index
	Database string // schema name; of the engine's own tables a name with underscores
	Space    uint64 // table space id
	Point    RecoveryPoint
	Extents  int // live ones
	Rows     uint64
}

// A Block is where a block lies in an extent and how it is stored
// (table/block_struct.cc BlockHandle).
type Block struct {
	Offset      uint32 // in the extent
	Size        uint32 // stored bytes
	RawSize     uint32 // bytes after decompression
	Checksum    uint32 // masked CRC-32C of the stored bytes
	Compression uint8  // 0 none, 1 Snappy, 2 zlib, 4 LZ4, 7 ZSTD
}

// An Extent is what the engine notes of one (storage/storage_meta_struct.cc ExtentMeta).
type Extent struct {
	ID       ExtentID
	Subtable uint32
	First    uint64 // sequences of the oldest and the newest row
	Last     uint64
	Blocks   uint64 // data blocks
	Rows     uint64 // entries, deletes included
	Deletes  uint64
	Space    uint64 // table space id
	Index    Block
	Prefix   string // of the object's key
}

// Key is the key of the object that holds the extent.
func (x Extent) Key() string { return fmt.Sprintf("%s%d", x.Prefix, x.ID.ObjectID()) }

// schema reads a TableSchema. What follows the ids is stepped over.
func (d decoder) schema() (id, primary uint32, database string) {
	s := d.versioned("schema")
	database = string(s.text("database"))
	p, i := s.varint("primary-index-id"), s.varint("index-id")
	if s.OK() && (p > 1<<32-1 || i > 1<<32-1) {
		s.Fail("index-id", parse.BadValue, 0, "32 bits", fmt.Sprint(p, " ", i))
	}
	d.join(s)
	return uint32(i), uint32(p), database
}

// point reads a RecoveryPoint.
func (d decoder) point() RecoveryPoint {
	s := d.versioned("recovery-point")
	out := RecoveryPoint{s.varint("wal"), s.varint("sequence")}
	d.join(s)
	return out
}

// block reads a BlockHandle.
func (d decoder) block(field string) Block {
	d.be32(field + ".header-size")
	if v := d.be32(field + ".version"); d.OK() && v != 1 {
		d.FailAt(field+".version", parse.BadVersion, d.Offset()-4, 4, "1", fmt.Sprint(v))
	}
	out := Block{
		Offset: d.be32(field + ".offset"),
		Size:   uint32(d.varint(field + ".size")), RawSize: uint32(d.varint(field + ".raw-size")),
		Checksum: uint32(d.varint(field + ".checksum")), Compression: d.U8(field + ".compression"),
	}
	if d.OK() && uint64(out.Offset)+uint64(out.Size) > ExtentSize {
		d.FailAt(field, parse.BadValue, d.Offset(), 0, "a block inside of its extent", fmt.Sprintf("%d+%d", out.Offset, out.Size))
	}
	return out
}

// extent reads an ExtentMeta.
func (d decoder) extent() Extent {
	s := d.versioned("extent")
	s.U8("attr")
	s.text("smallest-key")
	s.text("largest-key")
	var out Extent
	out.ID = s.extentID()
	out.First, out.Last = s.varint("smallest-sequence"), s.varint("largest-sequence")
	s.varint("raw-data-size")
	s.varint("data-size")
	out.Blocks = s.varint("data-blocks")
	out.Rows, out.Deletes = s.varint("entries"), s.varint("deletes")
	out.Space = s.varint("table-space-id")
	s.varint("extent-space-type")
	out.Index = s.block("index")
	out.Subtable, _, _ = s.schema()
	out.Prefix = string(s.text("prefix"))
	d.join(s)
	return out
}

// extentID reads an ExtentId: two varints.
func (d decoder) extentID() ExtentID {
	file, number := d.varint("file-number"), d.varint("extent-number")
	if d.OK() && (file > 1<<32-1 || number > 1<<31-1) {
		d.Fail("extent-id", parse.BadValue, 0, "32 and 31 bits", fmt.Sprint(file, " ", number))
	}
	return ExtentID{uint32(file), uint32(number)}
}
