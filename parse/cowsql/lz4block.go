package cowsql

import (
	"encoding/binary"
	"math/bits"
)

// decodeLZ4Block decompresses a block behind dst[:start], the content before
// it, into at most the rest of dst. It returns the end of the content and
// whether liblz4 would have taken the block: beyond what keeps reads and writes
// within bounds that is where a block may end (lz4/lz4 lib/lz4.c
// LZ4_decompress_generic).
func decodeLZ4Block(dst []byte, start int, src []byte) (end int, ok bool) {
	const lastLiterals, minMatch, copyLimit, fastLimit = 5, 4, 12, 64
	room := len(dst)
	// The fast loop checks less; it is left for good near the end of src or
	// of the room in dst.
	fast := room-start >= fastLimit
	i, o := 0, start
	for {
		token := int(src[i])
		i++
		literals := token >> 4
		if literals == 15 {
			if i >= len(src)-15 {
				return o, false
			}
			if literals, i, ok = lz4Length(literals, src, i, len(src)-15); !ok {
				return o, false
			}
			fast = fast && o+literals <= room-32 && i+literals <= len(src)-32
		} else {
			fast = fast && i <= len(src)-17
		}
		if !fast && (o+literals > room-copyLimit || i+literals > len(src)-(2+1+lastLiterals)) {
			if i+literals != len(src) || o+literals > room {
				return o, false
			}
			return o + copy(dst[o:], src[i:]), true
		}
		o += copy(dst[o:], src[i:i+literals])
		i += literals

		offset := int(binary.LittleEndian.Uint16(src[i:]))
		i += 2
		length := token & 15
		if length == 15 {
			if length, i, ok = lz4Length(length, src, i, len(src)-lastLiterals+1); !ok {
				return o, false
			}
		}
		length += minMatch
		fast = fast && o+length < room-fastLimit
		if offset > o || o+length > room-lastLiterals {
			return o, false
		}
		switch {
		case offset >= length:
			copy(dst[o:o+length], dst[o-offset:])
		case offset > 0: // the match runs into what it writes
			for n := 0; n < length; {
				n += copy(dst[o+n:o+length], dst[o-offset:o+n])
			}
		}
		o += length
	}
}

// lz4Length adds the bytes that continue a length of 15. ok is false if they
// reach behind limit.
func lz4Length(n int, src []byte, i, limit int) (length, next int, ok bool) {
	for {
		b := src[i]
		i++
		n += int(b)
		if i > limit {
			return n, i, false
		}
		if b != 255 {
			return n, i, true
		}
	}
}

// xxh32 is the checksum of LZ4 frames, with seed 0 (Cyan4973/xxHash
// doc/xxhash_spec.md).
type xxh32 struct {
	lanes [4]uint32
	total uint64
	rest  [16]byte
	n     int // bytes in rest
}

const (
	xxh1 uint32 = 0x9e3779b1
	xxh2 uint32 = 0x85ebca77
	xxh3 uint32 = 0xc2b2ae3d
	xxh4 uint32 = 0x27d4eb2f
	xxh5 uint32 = 0x165667b1
)

func checksumXXH32(b []byte) uint32 {
	var h xxh32
	h.reset()
	h.write(b)
	return h.sum()
}

func (h *xxh32) reset() {
	first := xxh1 // a variable wraps around where a constant does not compile
	*h = xxh32{lanes: [4]uint32{first + xxh2, xxh2, 0, -first}}
}

func (h *xxh32) write(b []byte) {
	h.total += uint64(len(b))
	if h.n > 0 {
		n := copy(h.rest[h.n:], b)
		h.n, b = h.n+n, b[n:]
		if h.n < len(h.rest) {
			return
		}
		h.stripes(h.rest[:])
		h.n = 0
	}
	whole := len(b) &^ 15
	h.stripes(b[:whole])
	h.n = copy(h.rest[:], b[whole:])
}

func (h *xxh32) stripes(b []byte) {
	lane := func(v uint32, b []byte) uint32 {
		return bits.RotateLeft32(v+binary.LittleEndian.Uint32(b)*xxh2, 13) * xxh1
	}
	v0, v1, v2, v3 := h.lanes[0], h.lanes[1], h.lanes[2], h.lanes[3]
	for ; len(b) >= 16; b = b[16:] {
		v0, v1, v2, v3 = lane(v0, b), lane(v1, b[4:]), lane(v2, b[8:]), lane(v3, b[12:])
	}
	h.lanes = [4]uint32{v0, v1, v2, v3}
}

func (h *xxh32) sum() uint32 {
	var x uint32
	if v := h.lanes; h.total >= 16 {
		x = bits.RotateLeft32(v[0], 1) + bits.RotateLeft32(v[1], 7) + bits.RotateLeft32(v[2], 12) + bits.RotateLeft32(v[3], 18)
	} else {
		x = v[2] + xxh5
	}
	x += uint32(h.total)
	b := h.rest[:h.n]
	for ; len(b) >= 4; b = b[4:] {
		x = bits.RotateLeft32(x+binary.LittleEndian.Uint32(b)*xxh3, 17) * xxh4
	}
	for _, c := range b {
		x = bits.RotateLeft32(x+uint32(c)*xxh5, 11) * xxh1
	}
	x = (x ^ x>>15) * xxh2
	x = (x ^ x>>13) * xxh3
	return x ^ x>>16
}
