package cowsql

import (
	"encoding/binary"
	"io"
)

// scanBudget bounds how many bytes of supposed batch headers a search
// verifies, in multiples of the file size, so that hostile content cannot
// make it quadratic.
const scanBudget = 4

// findIslands looks for valid batches behind the damaged one at offset from.
// known is the number of entries of the damaged batch if its header holds (so
// that the next batch can be found by arithmetic), else -1.
func findIslands(at io.ReaderAt, file string, from, size, known int64) ([]Island, error) {
	var out []Island
	budget := scanBudget*size + 1<<20
	for from < size {
		next := from + 8
		if known >= 0 {
			header := make([]byte, 16+16*known)
			if _, err := at.ReadAt(header, from); err != nil {
				return out, err
			}
			_, total := decodeHeader(header[16:], int(known))
			next = from + int64(len(header)) + total
		} else {
			found, err := scanForHeader(at, next, size, &budget)
			if err != nil || found < 0 {
				return out, err
			}
			next = found
		}
		if next >= size {
			return out, nil
		}
		w := newWindow(io.NewSectionReader(at, next, size-next), size-next)
		w.offset, w.size = next, size
		scratch := &Segment{File: file, Size: size}
		island := Island{Run: Run{Offset: next, End: next}, Skipped: int(known)}
		k, err := island.readBatches(w, scratch, file)
		if err != nil {
			return out, err
		}
		if island.Len() > 0 {
			out = append(out, island)
		}
		if scratch.Stop == EndOfFile {
			return out, nil
		}
		from, known = scratch.StopAt, k
		if scratch.Stop == ShortData {
			known = -1 // nothing can follow behind the end of the file
		}
	}
	return out, nil
}

// scanForHeader returns the offset, a multiple of 8 at or behind from, of the
// next batch header whose checksum holds, or -1.
func scanForHeader(at io.ReaderAt, from, size int64, budget *int64) (int64, error) {
	from = (from + 7) / 8 * 8
	buf := make([]byte, 256<<10)
	for from+32 <= size {
		n, err := at.ReadAt(buf[:min(int64(len(buf)), size-from)], from)
		if err != nil && err != io.EOF {
			return -1, err
		}
		b := buf[:n]
		for i := 0; i+32 <= len(b); i += 8 {
			if i+64 <= len(b) { // skip zero areas fast
				if z := zeros(b[i:]); z >= 64 {
					i += z/8*8 - 32
				}
				if i+32 > len(b) {
					break
				}
			}
			count := binary.LittleEndian.Uint64(b[i+8:])
			o := from + int64(i)
			if count == 0 || count > maxBatch || int64(count) > (size-o-16)/16 {
				continue
			}
			if t := binary.LittleEndian.Uint32(b[i+24:]); t < uint32(Command) || t > uint32(Change) {
				continue
			}
			if b[i+28]&7 != 0 { // payload lengths are multiples of 8
				continue
			}
			length := 8 + 16*int64(count)
			if *budget -= length; *budget < 0 {
				return -1, nil
			}
			crc, err := crcOf(io.NewSectionReader(at, o+8, length))
			if err != nil {
				return -1, err
			}
			if crc == binary.LittleEndian.Uint32(b[i:]) {
				return o, nil
			}
		}
		if n < 64 {
			break
		}
		from += int64(n-32) / 8 * 8
		if int64(n) < int64(len(buf)) {
			break
		}
	}
	return -1, nil
}
