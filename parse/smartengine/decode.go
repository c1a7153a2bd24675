package smartengine

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// A decoder reads the engine's serialized structures (util/serialization.h):
// numbers are LEB128 varints or big-endian, texts have a varint length.
type decoder struct {
	*parse.Cursor
	file string
}

func newDecoder(file, prefix string, base int64, buf []byte) decoder {
	return decoder{parse.NewCursor(file, prefix, base, buf), file}
}

// varint reads a LEB128 number of up to 64 bits.
func (d decoder) varint(field string) uint64 {
	var n uint64
	at := d.Offset()
	for shift := 0; shift < 70; shift += 7 {
		b := d.Bytes(field, 1)
		if b == nil {
			return 0
		}
		if shift == 63 && b[0] > 1 {
			break
		}
		n |= uint64(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			return n
		}
	}
	d.FailAt(field, parse.BadValue, at, d.Offset()-at, "a varint of at most 64 bits", "a longer one")
	return 0
}

// be32 reads a big-endian 32-bit number.
func (d decoder) be32(field string) uint32 {
	if b := d.Bytes(field, 4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// text reads a byte string with a varint length. It shares the buffer.
func (d decoder) text(field string) []byte {
	n := d.varint(field)
	if n > uint64(max(d.Left(), 0)) {
		d.Fail(field, parse.Truncated, d.Left(), fmt.Sprintf("%d bytes", n), fmt.Sprintf("%d left", d.Left()))
		return nil
	}
	return d.Bytes(field, int64(n))
}

// count reads the number of elements of a list whose elements have at least
// least bytes each.
func (d decoder) count(field string, least int64) uint64 {
	n := d.varint(field)
	if d.OK() && n > uint64(d.Left()/least) {
		d.Fail(field, parse.BadValue, 0, fmt.Sprintf("at most %d elements", d.Left()/least), fmt.Sprint(n))
		return 0
	}
	return n
}

// versioned enters a structure that begins with its version and length
// (DEFINE_COMPACTIPLE_SERIALIZATION), and steps over it. The engine takes one
// version only, which is 1 for nearly all structures.
func (d decoder) versioned(field string) decoder { return d.versionedAs(field, 1) }

func (d decoder) versionedAs(field string, want uint64) decoder {
	at := d.Offset()
	version := d.varint(field + ".version")
	if d.OK() && version != want {
		d.FailAt(field+".version", parse.BadVersion, at, d.Offset()-at, fmt.Sprint(want), fmt.Sprint(version))
	}
	body := d.text(field)
	return newDecoder(d.file, field, d.Offset()-int64(len(body)), body)
}

// join passes the damage of a structure on to the one around it.
func (d decoder) join(inner decoder) {
	if x := inner.Damage(); x != nil {
		d.FailAt(x.Field, x.Kind, x.Offset, x.Length, x.Want, x.Got)
	}
}
