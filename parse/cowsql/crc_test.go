package cowsql

import (
	"fmt"
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

func TestCRCKnownAnswers(t *testing.T) {
	for _, f := range []func(uint32, []byte) uint32{CRC, portableCRC, slowCRC} {
		require.Equal(t, uint32(0x89A1897F), f(0, []byte("123456789")))
		require.Equal(t, uint32(0), f(0, nil))
		require.Equal(t, uint32(0x12345678), f(0x12345678, nil))
		require.Equal(t, uint32(poly), f(0, []byte{1}))
		require.Zero(t, f(0, make([]byte, 5000)), "the checksum of zeros")
		require.Equal(t, f(0, []byte("log")), f(0, []byte("\x00\x00\x00log")), "leading zeros")
	}
}

// TestCRCAgainstDefinition goes through every length around the sizes at which
// the code changes its way, and every alignment, from random starts.
func TestCRCAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	buf := make([]byte, 20000)
	for i := range buf {
		buf[i] = byte(r.Uint32())
	}
	check := func(from, n int) {
		start := r.Uint32()
		p := buf[from : from+n]
		want := slowCRC(start, p)
		require.Equal(t, want, CRC(start, p), "%d bytes at %d", n, from)
		require.Equal(t, want, portableCRC(start, p), "%d bytes at %d", n, from)
		cut := r.IntN(n + 1)
		require.Equal(t, want, CRC(CRC(start, p[:cut]), p[cut:]), "%d and %d bytes", cut, n-cut)
		require.Equal(t, slowCRC(0, p), combine(CRC(0, p[:cut]), CRC(0, p[cut:]), int64(n-cut)))
	}
	for n := range 400 {
		check(n%16, n)
	}
	for range 500 {
		n := r.IntN(9000)
		check(r.IntN(len(buf)-n), n)
	}
}

func TestShiftLong(t *testing.T) {
	const n = 1<<20 + 3
	require.Equal(t, CRC(0x1234, make([]byte, n)), shift(0x1234, n))
	require.Equal(t, shift(shift(7, 1<<40), 5), shift(7, 1<<40+5))
}

func BenchmarkCRC(b *testing.B) {
	for _, n := range []int{24, 4136, 12344, 1 << 20} {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(i * 7)
		}
		for _, f := range []struct {
			name string
			crc  func(uint32, []byte) uint32
		}{{"fold", CRC}, {"portable", portableCRC}} {
			b.Run(fmt.Sprintf("%s/%d", f.name, n), func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				for b.Loop() {
					f.crc(0, p)
				}
			})
		}
	}
}
