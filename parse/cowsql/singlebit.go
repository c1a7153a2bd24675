package cowsql

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// maxFlipped is the length of the longest block of which a single flipped bit
// is claimed. Among n bytes an accident passes for a flipped bit with a
// probability of 8n in 2^32: here, 1 in 128.
const maxFlipped = 4 << 20

func flipNote(at int64, bit uint) string {
	return fmt.Sprintf("one flipped bit explains it: bit %d of byte %d", bit, at)
}

// singleBit says so if one flipped bit explains a batch that does not hold.
func (s *batchStop) singleBit(at io.ReaderAt, size int64) (string, error) {
	switch s.why {
	case CountZero, CountTooHigh, ShortHeader:
		return s.flippedCount(at, size)
	case HeaderChecksum, DataChecksum:
		diff := s.sum.stored ^ s.sum.computed
		if diff&(diff-1) == 0 {
			bit := uint(bits.TrailingZeros32(diff))
			return flipNote(s.sum.field+int64(bit/8), bit%8) + ", in the stored checksum; what it covers is as it was written", nil
		}
		if offset, bit, ok := flippedBit(s.sum.stored, s.sum.computed, s.sum.n); ok {
			return flipNote(s.sum.from+offset, bit), nil
		}
		if s.why == HeaderChecksum {
			return s.flippedCount(at, size)
		}
	}
	return "", nil
}

// flippedCount tries the counts that differ from the stored one in one bit: a
// wrong count also changes how much its checksum covers.
func (s *batchStop) flippedCount(at io.ReaderAt, size int64) (string, error) {
	var counts []uint64
	for bit := range 64 {
		n := s.count ^ 1<<bit
		if n > 0 && n <= maxBatch && headerSize(int(n)) <= size-s.at {
			counts = append(counts, n)
		}
	}
	slices.Sort(counts)
	r := io.NewSectionReader(at, s.at, size-s.at)
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	want := binary.LittleEndian.Uint32(head[:])
	var crc uint32 // of the first entries
	entries := uint64(0)
	buf := make([]byte, 16<<10)
	for _, n := range counts {
		for entries < n {
			b := buf[:min(16*(n-entries), uint64(len(buf)))]
			if _, err := io.ReadFull(r, b); err != nil {
				return "", err
			}
			crc = CRC(crc, b)
			entries += uint64(len(b) / 16)
		}
		binary.LittleEndian.PutUint64(head[8:], n)
		if combine(CRC(0, head[8:]), crc, int64(16*n)) == want {
			bit := uint(bits.TrailingZeros64(s.count ^ n))
			return flipNote(s.at+8+int64(bit/8), bit%8), nil
		}
	}
	return "", nil
}

// flippedBit finds the single bit whose flip explains that a block of n bytes
// has CRC got instead of want. It returns the byte offset in the block and the
// bit (0 = least significant), or ok = false if no single bit does.
func flippedBit(want, got uint32, n int64) (offset int64, bit uint, ok bool) {
	diff := want ^ got
	if diff == 0 || n > maxFlipped {
		return 0, 0, false
	}
	// A single bit at distance k from the end, in transmission order, changes
	// the CRC by x^(k+32) mod P, so walk k until it matches.
	x := uint32(poly) // x^32
	for k := int64(0); k < n*8; k++ {
		if x == diff {
			return n - 1 - k/8, uint(k % 8), true
		}
		x = x<<1 ^ poly&-(x>>31)
	}
	return 0, 0, false
}
