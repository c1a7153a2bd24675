package cowsql

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// CRC is the checksum of everything in a raft directory that has one:
// polynomial 0x04C11DB7, most significant bit first, initial value 0, no final
// exclusive or (cowsql/raft src/byte.c byteCrc32). The result of one block is
// the initial value of the next. CRC(0, "123456789") is 0x89A1897F.
//
// Because the initial value is 0, leading zero bytes do not change it and the
// checksum of zeros is 0.
func CRC(crc uint32, p []byte) uint32 {
	crc, p = blockCRC(crc, p)
	if len(p) >= 64 {
		return portableCRC(crc, p)
	}
	for _, b := range p {
		crc = crc<<8 ^ table[byte(crc>>24)^b]
	}
	return crc
}

const poly = 0x04C11DB7

// table[b] is the CRC of the byte b.
var table = func() (out [256]uint32) {
	for b := range out {
		out[b] = multiply(uint32(b), poly)
	}
	return out
}()

// portableCRC uses that the polynomial is the one of hash/crc32.IEEE with the
// bits of every byte the other way round. Where a processor has instructions
// for that one, turning the bytes costs less than a table walk.
func portableCRC(crc uint32, p []byte) uint32 {
	var turned [4096]byte // on the heap: hash/crc32 calls through a variable
	state := ^bits.Reverse32(crc)
	for len(p) > 0 {
		n := min(len(p), len(turned))
		reverseBits(turned[:n], p[:n])
		state = crc32.Update(state, crc32.IEEETable, turned[:n])
		p = p[n:]
	}
	return bits.Reverse32(^state)
}

// reverseBits writes the bytes of src to dst with the bits of each byte in
// reverse order. The slices have the same length and do not overlap.
func reverseBits(dst, src []byte) {
	dst = dst[:len(src)]
	for len(src) >= 8 {
		x := binary.LittleEndian.Uint64(src)
		binary.LittleEndian.PutUint64(dst, bits.ReverseBytes64(bits.Reverse64(x)))
		src, dst = src[8:], dst[8:]
	}
	for i, b := range src {
		dst[i] = bits.Reverse8(b)
	}
}

// powers[k] is x^(8·2^k) modulo the polynomial.
var powers = func() (out [63]uint32) {
	out[0] = 1 << 8
	for i := range out[1:] {
		out[i+1] = multiply(out[i], out[i])
	}
	return out
}()

// shift multiplies a CRC by x^(8n): the CRC of the same bytes followed by n
// zero bytes.
func shift(crc uint32, n int64) uint32 {
	for k := 0; n > 0; n, k = n>>1, k+1 {
		if n&1 != 0 {
			crc = multiply(crc, powers[k])
		}
	}
	return crc
}

// multiply returns a·b modulo the polynomial, highest degree in the highest bit.
func multiply(a, b uint32) uint32 {
	var out uint32
	for ; b != 0; b >>= 1 {
		out ^= a & -(b & 1)
		a = a<<1 ^ poly&-(a>>31)
	}
	return out
}

// combine returns the CRC of two blocks from the CRC of each and the length of
// the second.
func combine(first, second uint32, n int64) uint32 { return shift(first, n) ^ second }
