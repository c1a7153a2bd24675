package smartengine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// Value types in internal keys (db/dbformat.h ValueType).
const (
	keyDelete       = 0
	keySingleDelete = 7
)

// An extentReader checks extents block by block and collects the rows of the
// raft tables (table/extent_reader.cc, row_block_iterator.cc).
type extentReader struct {
	decompressor
	rows   rows // nil: none are wanted
	stored []byte
	index  []byte
	damage []parse.Damage

	x    Extent
	file string
	at   io.ReaderAt
	base int64 // of the extent in the file
	size int64 // of the file
}

// read checks all blocks of an extent that begins at base of a file or object.
func (r *extentReader) read(x Extent, file string, at io.ReaderAt, base, size int64) error {
	r.x, r.file, r.at, r.base, r.size = x, file, at, base, size
	content, ok, err := r.block("index", x.Index)
	if err != nil || !ok {
		return err
	}
	r.index = append(r.index[:0], content...) // data blocks use the same buffers
	var infos uint64
	var broken error
	r.entries("index", x.Index, r.index, func(at int64, key, value []byte) bool {
		infos++
		broken = r.data(at, key, value)
		return broken == nil
	})
	if broken == nil && infos != x.Blocks && len(r.damage) == 0 {
		r.fail("index", parse.Mismatch, int64(x.Index.Offset), int64(x.Index.Size), fmt.Sprintf("%d data blocks", x.Blocks), fmt.Sprint(infos))
	}
	return broken
}

func (r *extentReader) fail(field string, kind parse.Kind, offset, n int64, want, got string) {
	const most = 16 // places of one extent say enough
	if len(r.damage) < most {
		r.damage = append(r.damage, parse.Damage{
			Span: parse.Span{File: r.file, Offset: r.base + offset, Length: n, Field: fmt.Sprintf("extent[%d].%s", r.x.ID.Number, field)},
			Kind: kind, Want: want, Got: got,
		})
	}
}

// block reads a block and checks its checksum. ok is false if it is damaged.
func (r *extentReader) block(field string, b Block) (content []byte, ok bool, err error) {
	end := r.base + int64(b.Offset) + int64(b.Size)
	if end > r.size {
		at := min(int64(b.Offset), max(r.size-r.base, 0))
		r.fail(field, parse.Truncated, at, max(r.size-r.base-at, 0), fmt.Sprintf("%d bytes", b.Size), fmt.Sprintf("the file ends at %d", r.size))
		return nil, false, nil
	}
	if uint32(cap(r.stored)) < b.Size { // as long as the file, and an extent at most
		r.stored = make([]byte, b.Size)
	}
	content = r.stored[:b.Size]
	if _, err := readAt(r.at, content, r.base+int64(b.Offset), r.size); err != nil {
		return nil, false, err
	}
	if sum := Checksum(content); sum != b.Checksum {
		r.fail(field, parse.BadChecksum, int64(b.Offset), int64(b.Size), fmt.Sprintf("%08x", b.Checksum), fmt.Sprintf("%08x", sum))
		return nil, false, nil
	}
	content, bad := r.expand(content, b)
	if bad != nil {
		r.fail(field+".compression", parse.BadValue, int64(b.Offset), int64(b.Size), "a block that can be decompressed", bad.Error())
		return nil, false, nil
	}
	return content, true, nil
}

// entries goes through the entries of a block in row format: varints shared,
// own and value length, the rest of the key, the value; then the offsets of the
// restarts, u32 each, and their number.
func (r *extentReader) entries(field string, b Block, content []byte, each func(at int64, key, value []byte) bool) {
	bad := func(at int, want, got string) {
		r.fail(field, parse.BadValue, int64(b.Offset), int64(b.Size), want, fmt.Sprintf("%s at byte %d of the content", got, at))
	}
	if len(content) < 4 {
		bad(0, "the number of restarts", fmt.Sprintf("%d bytes", len(content)))
		return
	}
	restarts := binary.LittleEndian.Uint32(content[len(content)-4:])
	if uint64(restarts) > uint64(len(content)-4)/4 {
		bad(len(content)-4, "restarts inside of the block", fmt.Sprint(restarts))
		return
	}
	end := len(content) - 4 - 4*int(restarts)
	var key []byte
	for pos := 0; pos < end; {
		d := newDecoder(r.file, field, 0, content[pos:end])
		shared, own, length := d.varint("shared"), d.varint("own"), d.varint("length")
		if !d.OK() || shared > uint64(len(key)) || own > uint64(d.Left()) || length > uint64(d.Left())-own {
			bad(pos, "an entry inside of the block", "another")
			return
		}
		last := key
		key = append(bytes.Clone(key[:shared]), d.Bytes("key", int64(own))...)
		value := d.Bytes("value", int64(length))
		if compareKeys(last, key) > 0 {
			bad(pos, "keys in ascending order", "a lower one")
			return
		}
		if !each(int64(pos), key, value) {
			return
		}
		pos += int(d.Offset())
	}
}

// compareKeys compares internal keys: by user key, and of the same by sequence,
// newest first.
func compareKeys(a, b []byte) int {
	if len(a) < 8 || len(b) < 8 {
		return len(a) - len(b)
	}
	i, j := len(a)-8, len(b)-8
	if c := bytes.Compare(a[:i], b[:j]); c != 0 {
		return c
	}
	x, y := binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[j:])
	switch {
	case x > y:
		return -1
	case x < y:
		return 1
	}
	return 0
}

// data checks a data block by its entry in the index.
func (r *extentReader) data(at int64, key, value []byte) error {
	d := newDecoder(r.file, "", 0, value)
	d.be32("size")
	d.be32("version")
	b := d.block("handle")
	d.text("first-key")
	count := d.varint("rows")
	d.varint("deletes")
	d.varint("single-deletes")
	d.varint("smallest-sequence")
	d.varint("largest-sequence")
	columns := d.U8("attr")&1 != 0
	if x := d.Damage(); x != nil {
		r.fail("index."+x.Field, x.Kind, int64(r.x.Index.Offset), int64(r.x.Index.Size), x.Want, x.Got)
		return nil
	}
	content, ok, err := r.block("data", b)
	if err != nil || !ok || columns {
		return err
	}
	var n uint64
	var last []byte
	r.entries("data", b, content, func(_ int64, key, value []byte) bool {
		n++
		last = key
		r.row(b, key, value)
		return true
	})
	if n != count || !bytes.Equal(last, key) {
		r.fail("data", parse.Mismatch, int64(b.Offset), int64(b.Size), fmt.Sprintf("%d rows up to the key of the index", count), fmt.Sprint(n))
	}
	return nil
}

// row keeps a row that may be one of the raft tables'.
func (r *extentReader) row(b Block, key, value []byte) {
	if r.rows == nil || len(key) < 8 {
		return
	}
	k, ok := parseRowKey(key[:len(key)-8])
	tail := binary.LittleEndian.Uint64(key[len(key)-8:])
	v := version{sequence: tail >> 8, span: parse.Span{File: r.file, Offset: r.base + int64(b.Offset), Length: int64(b.Size)}}
	switch kind := tail & 0xff; {
	case !ok:
	case kind == keyDelete || kind == keySingleDelete:
		v.deleted = true
		r.rows.put(k, v)
	case k.looksRight(int64(len(value))):
		v.value = bytes.Clone(value)
		r.rows.put(k, v)
	}
}
