package cowsql

import (
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
//
// The polynomial is the one of hash/crc32.IEEE with the bits of every byte
// the other way round. Turning the bytes costs less than a table walk, since
// hash/crc32 uses carry-less multiplication where the processor has it.
func CRC(crc uint32, p []byte) uint32 {
	var turned [4096]byte
	state := ^bits.Reverse32(crc)
	for len(p) > 0 {
		n := min(len(p), len(turned))
		reverseBits(turned[:n], p[:n])
		state = crc32.Update(state, crc32.IEEETable, turned[:n])
		p = p[n:]
	}
	return bits.Reverse32(^state)
}

const poly = 0x04C11DB7

// shift multiplies a CRC by x^(8n): the CRC of the same bytes followed by n
// zero bytes.
func shift(crc uint32, n int64) uint32 {
	if crc == 0 {
		return 0
	}
	power := uint32(0x100) // x^8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			crc = multiply(crc, power)
		}
		power = multiply(power, power)
	}
	return crc
}

// multiply returns a·b modulo the polynomial, highest degree in the highest bit.
func multiply(a, b uint32) uint32 {
	var out uint32
	for ; b != 0; b >>= 1 {
		if b&1 != 0 {
			out ^= a
		}
		if a&0x80000000 != 0 {
			a = a<<1 ^ poly
		} else {
			a <<= 1
		}
	}
	return out
}

// combine returns the CRC of two blocks from the CRC of each and the length of
// the second.
func combine(first, second uint32, n int64) uint32 { return shift(first, n) ^ second }

// flippedBit finds the single bit whose flip explains that a block of n bytes
// has CRC got instead of want. It returns the byte offset in the block and the
// bit (0 = least significant), or ok = false if no single bit does.
func flippedBit(want, got uint32, n int64) (offset int64, bit uint, ok bool) {
	diff := want ^ got
	if diff == 0 {
		return 0, 0, false
	}
	// A single bit at distance k from the end, in transmission order, changes
	// the CRC by x^(k+32) mod P, so walk k until it matches.
	x := uint32(poly) // x^32
	for k := int64(0); k < n*8; k++ {
		if x == diff {
			return n - 1 - k/8, uint(k % 8), true
		}
		if x&0x80000000 != 0 {
			x = x<<1 ^ poly
		} else {
			x <<= 1
		}
	}
	return 0, 0, false
}
