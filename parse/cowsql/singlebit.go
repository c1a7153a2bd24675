package cowsql

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
