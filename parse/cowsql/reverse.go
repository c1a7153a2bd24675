package cowsql

import "encoding/binary"

// reverseBits writes the bytes of src to dst with the bits of each byte in
// reverse order. The slices have the same length and do not overlap.
func reverseBits(dst, src []byte) {
	dst = dst[:len(src)]
	for len(src) >= 8 {
		x := binary.LittleEndian.Uint64(src)
		x = x>>4&0x0f0f0f0f0f0f0f0f | x&0x0f0f0f0f0f0f0f0f<<4
		x = x>>2&0x3333333333333333 | x&0x3333333333333333<<2
		x = x>>1&0x5555555555555555 | x&0x5555555555555555<<1
		binary.LittleEndian.PutUint64(dst, x)
		src, dst = src[8:], dst[8:]
	}
	for i, b := range src {
		b = b>>4 | b<<4
		b = b>>2&0x33 | b&0x33<<2
		dst[i] = b>>1&0x55 | b&0x55<<1
	}
}
