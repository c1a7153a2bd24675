package binlog

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// A budget bounds how many bytes the search behind damage may verify, so that
// a file full of headers that lie takes no longer than one full of events.
type budget struct{ left int64 }

func newBudget(size int64) *budget { return &budget{64<<20 + 2*size} }

func (b *budget) take(n int64) bool {
	b.left -= n
	return b.left >= 0
}

func (b *budget) spent() bool { return b.left < 0 }

// chain is how many events without checksum have to follow each other.
const chain = 3

// Resync looks for the next place from which events can be read again: behind
// damage at from-1, in a log of size bytes with the given checksums. A place
// counts if the event that begins there says where it ends, and its checksum
// is right; without checksums if several such events follow each other, or
// they end with the file.
func Resync(r io.ReaderAt, from, size int64, checksum Checksum) (offset int64, ok bool, err error) {
	return resync(r, from, size, checksum, newBudget(size))
}

func resync(r io.ReaderAt, from, size int64, checksum Checksum, b *budget) (int64, bool, error) {
	step := min(256<<10, max(size-from, HeaderSize))
	buf := make([]byte, step+HeaderSize)
	for base := from; base+HeaderSize <= size; base += step {
		n, err := readSome(r, buf, base, size)
		if err != nil {
			return 0, false, err
		}
		for i := range n - HeaderSize + 1 {
			if int64(i) == step {
				break
			}
			if !plausible(buf[i:], base+int64(i), size, checksum) {
				continue
			}
			ok, err := confirm(r, base+int64(i), size, checksum, b)
			if err != nil || ok {
				return base + int64(i), ok, err
			}
			if b.spent() {
				return 0, false, nil
			}
		}
	}
	return 0, false, nil
}

// readSome fills buf from offset as far as the file goes.
func readSome(r io.ReaderAt, buf []byte, off, size int64) (int, error) {
	n, err := r.ReadAt(buf[:min(int64(len(buf)), size-off)], off)
	if int64(n) == min(int64(len(buf)), size-off) || err == io.EOF {
		err = nil
	}
	return n, err
}

// plausible looks at a header. It is called for every byte of what is searched.
func plausible(b []byte, off, size int64, checksum Checksum) bool {
	next, length := binary.LittleEndian.Uint32(b[13:]), binary.LittleEndian.Uint32(b[9:])
	if next != uint32(off)+length {
		return false
	}
	least := uint32(HeaderSize)
	if checksum == CRC32 {
		least += checksumSize
	}
	return length >= least && int64(length) <= size-off && Type(b[4]).Known()
}

// confirm verifies a place that looks like an event.
func confirm(r io.ReaderAt, off, size int64, checksum Checksum, b *budget) (bool, error) {
	var head [HeaderSize]byte
	for range chain {
		n, err := readSome(r, head[:], off, size)
		if n < HeaderSize || err != nil {
			return false, err
		}
		if !plausible(head[:], off, size, checksum) {
			return false, nil
		}
		var h Header
		h.decode(head[:], off)
		if checksum == CRC32 || h.Type == FormatDescriptionType {
			return verify(r, h, b)
		}
		if off = h.End(); off == size {
			return true, nil
		}
		if !b.take(HeaderSize) {
			return false, nil
		}
	}
	return true, nil
}

// verify computes the checksum of an event.
func verify(r io.ReaderAt, h Header, b *budget) (bool, error) {
	if !b.take(h.Length) || h.Length < HeaderSize+checksumSize {
		return false, nil
	}
	var crc uint32
	buf := make([]byte, min(h.Length, 64<<10))
	for off, end := h.Offset, h.End()-checksumSize; off < end; {
		n, err := readSome(r, buf[:min(int64(len(buf)), end-off)], off, end)
		if err != nil || n == 0 {
			return false, err
		}
		if off == h.Offset && n > 17 && h.Type == FormatDescriptionType {
			buf[17] &^= byte(FlagInUse)
		}
		crc = crc32.Update(crc, crc32.IEEETable, buf[:n])
		off += int64(n)
	}
	var stored [checksumSize]byte
	n, err := readSome(r, stored[:], h.End()-checksumSize, h.End())
	return n == checksumSize && binary.LittleEndian.Uint32(stored[:]) == crc, err
}
