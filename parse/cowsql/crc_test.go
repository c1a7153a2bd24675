package cowsql

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// slowCRC is the definition, bit by bit.
func slowCRC(crc uint32, p []byte) uint32 {
	for _, b := range p {
		crc ^= uint32(b) << 24
		for range 8 {
			if crc&0x80000000 != 0 {
				crc = crc<<1 ^ poly
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

func TestCRC(t *testing.T) {
	require.Equal(t, uint32(0x89A1897F), CRC(0, []byte("123456789")))
	require.Zero(t, CRC(0, make([]byte, 5000)))
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		p := make([]byte, n*n/7)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		start := r.Uint32()
		want := slowCRC(start, p)
		require.Equal(t, want, CRC(start, p), "%d bytes", len(p))
		cut := len(p) / 3
		require.Equal(t, slowCRC(0, p), combine(CRC(0, p[:cut]), CRC(0, p[cut:]), int64(len(p)-cut)))
	}
}

func TestFlippedBit(t *testing.T) {
	p := []byte("The quick brown fox jumps over the lazy dog.")
	good := CRC(0, p)
	for i := range p {
		for bit := range uint(8) {
			p[i] ^= 1 << bit
			offset, b, ok := flippedBit(good, CRC(0, p), int64(len(p)))
			require.True(t, ok)
			require.Equal(t, int64(i), offset)
			require.Equal(t, bit, b)
			p[i] ^= 1 << bit
		}
	}
	_, _, ok := flippedBit(good, good, int64(len(p)))
	require.False(t, ok)
	_, _, ok = flippedBit(good, good^0x80000001, 16)
	require.False(t, ok)
}

func BenchmarkCRC(b *testing.B) {
	p := make([]byte, 1<<20)
	for i := range p {
		p[i] = byte(i * 7)
	}
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		CRC(0, p)
	}
}
