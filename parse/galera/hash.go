package galera

import (
	"encoding/binary"
	"math/bits"
)

// The checksums of the provider: MurmurHash3 and, for what has 512 bytes and
// more, SpookyHash V1, both with seeds of its own (galera
// galerautils/src/gu_mmh3.c, gu_spooky.h, gu_hash.h gu_fast_hash128).

const (
	mmhC1 = 0x87c37b91114253d5
	mmhC2 = 0x4cf5ad432745937f

	mmhSeed1 = 0x6C62272E07BB0142
	mmhSeed2 = 0x62B821756295C58D
	mmhSeed3 = 2166136261 // of the 32-bit hash

	longHash = 512 // from this length on it is SpookyHash

	spookyConst = 0xDEADBEEFDEADBEEF
)

// fastHash returns the first 64 bits of gu_fast_hash128.
func fastHash(b []byte) uint64 {
	if len(b) >= longHash {
		return spooky(b)
	}
	m := newMMH()
	m.append(b)
	h, _ := m.sum()
	return h
}

// An mmh is a MurmurHash3 of 128 bits over parts (gu_mmh128_ctx_t).
type mmh struct {
	h1, h2 uint64
	length uint64
	tail   [16]byte // length%16 bytes of it
}

func newMMH() mmh { return mmh{h1: mmhSeed1, h2: mmhSeed2} }

func (m *mmh) append(b []byte) {
	have := int(m.length & 15)
	m.length += uint64(len(b))
	if have > 0 {
		n := copy(m.tail[have:], b)
		if have+n < 16 {
			return
		}
		m.blocks(m.tail[:])
		b = b[n:]
	}
	whole := len(b) &^ 15
	m.blocks(b[:whole])
	copy(m.tail[:], b[whole:])
}

func (m *mmh) blocks(b []byte) {
	h1, h2 := m.h1, m.h2
	for len(b) >= 16 {
		k1, k2 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		h1 ^= bits.RotateLeft64(k1*mmhC1, 31) * mmhC2
		h1 = (bits.RotateLeft64(h1, 27)+h2)*5 + 0x52dce729
		h2 ^= bits.RotateLeft64(k2*mmhC2, 33) * mmhC1
		h2 = (bits.RotateLeft64(h2, 31)+h1)*5 + 0x38495ab5
		b = b[16:]
	}
	m.h1, m.h2 = h1, h2
}

// sum returns the hash so far; the first number is that of the first 8 bytes
// on disk.
func (m *mmh) sum() (uint64, uint64) {
	h1, h2 := m.h1, m.h2
	if n := m.length & 15; n > 0 {
		var last [16]byte
		copy(last[:], m.tail[:n])
		h2 ^= bits.RotateLeft64(binary.LittleEndian.Uint64(last[8:])*mmhC2, 33) * mmhC1
		h1 ^= bits.RotateLeft64(binary.LittleEndian.Uint64(last[:])*mmhC1, 31) * mmhC2
	}
	h1 ^= m.length
	h2 ^= m.length
	h1 += h2
	h2 += h1
	h1, h2 = mmhFinal(h1), mmhFinal(h2)
	h1 += h2
	h2 += h1
	return h1, h2
}

func mmhFinal(k uint64) uint64 {
	k ^= k >> 33
	k *= 0xff51afd7ed558ccd
	k ^= k >> 33
	k *= 0xc4ceb9fe1a85ec53
	return k ^ k>>33
}

// mmh32 is MurmurHash3 of 32 bits, which protects the headers of record sets
// (gu_mmh32).
func mmh32(b []byte) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	h, n := uint32(mmhSeed3), uint32(len(b))
	for len(b) >= 4 {
		h ^= bits.RotateLeft32(binary.LittleEndian.Uint32(b)*c1, 15) * c2
		h = bits.RotateLeft32(h, 13)*5 + 0xe6546b64
		b = b[4:]
	}
	if len(b) > 0 {
		var last [4]byte
		copy(last[:], b)
		h ^= bits.RotateLeft32(binary.LittleEndian.Uint32(last[:])*c1, 15) * c2
	}
	h ^= n
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// spooky returns the first 64 bits of the long SpookyHash (gu_spooky.h
// gu_spooky_inline).
func spooky(b []byte) uint64 {
	var s [12]uint64
	for i := 2; i < 12; i += 3 {
		s[i] = spookyConst
	}
	for len(b) >= 96 {
		spookyMix(&s, b)
		b = b[96:]
	}
	var last [96]byte
	copy(last[:], b)
	last[95] = byte(len(b))
	spookyMix(&s, last[:])
	for range 3 {
		spookyEnd(&s)
	}
	return s[0]
}

func spookyMix(s *[12]uint64, b []byte) {
	for i, turn := range [12]int{11, 32, 43, 31, 17, 28, 39, 57, 55, 54, 22, 46} {
		s[i] += binary.LittleEndian.Uint64(b[8*i:])
		s[(i+2)%12] ^= s[(i+10)%12]
		s[(i+11)%12] ^= s[i]
		s[i] = bits.RotateLeft64(s[i], turn)
		s[(i+11)%12] += s[(i+1)%12]
	}
}

func spookyEnd(s *[12]uint64) {
	for i, turn := range [12]int{44, 15, 34, 21, 38, 33, 10, 13, 38, 53, 42, 54} {
		s[(i+11)%12] += s[(i+1)%12]
		s[(i+2)%12] ^= s[(i+11)%12]
		s[(i+1)%12] = bits.RotateLeft64(s[(i+1)%12], turn)
	}
}
