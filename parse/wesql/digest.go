package wesql

import (
	"encoding/binary"
	"math/bits"
)

// Multipliers of the digest: odd, without structure.
const (
	mulA = 0x9e3779b97f4a7c15
	mulB = 0xd1b54a32d192ed03
	mulC = 0xabc98388fb8fac03
)

// mix folds the product of a and b.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// digestChunk is the piece in which bodies are digested, so that the digest of
// an event does not depend on how it was read.
const digestChunk = 64 << 10

// digest folds a piece of at most digestChunk bytes into h.
func digest(h uint64, b []byte) uint64 {
	n := uint64(len(b))
	g := h ^ mulC
	for len(b) >= 32 {
		h = mix(binary.LittleEndian.Uint64(b)^mulA, binary.LittleEndian.Uint64(b[8:])^h)
		g = mix(binary.LittleEndian.Uint64(b[16:])^mulB, binary.LittleEndian.Uint64(b[24:])^g)
		b = b[32:]
	}
	if len(b) >= 16 {
		h = mix(binary.LittleEndian.Uint64(b)^mulA, binary.LittleEndian.Uint64(b[8:])^h)
		b = b[16:]
	}
	var tail [16]byte
	copy(tail[:], b)
	h = mix(binary.LittleEndian.Uint64(tail[:])^mulB, binary.LittleEndian.Uint64(tail[8:])^h)
	return mix(h^mulA, g^n)
}
