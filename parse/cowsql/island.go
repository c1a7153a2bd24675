package cowsql

import (
	"encoding/binary"
	"io"
)

const (
	// scanBudget bounds how many bytes of supposed batch headers a search
	// verifies, in multiples of the file size, so that hostile content cannot
	// make it quadratic. A search over real content needs a small part of it.
	scanBudget = 4
	// maxIslands bounds how many islands are kept.
	maxIslands = 4096
)

// findIslands looks for valid batches from offset from on. skipped is the
// number of entries lost before it if batch headers tell that; a batch is
// expected right there then. Else it is -1.
func findIslands(at io.ReaderAt, file string, from, size int64, skipped int) ([]Island, error) {
	var out []Island
	w := newWindow(io.NewSectionReader(at, from, size-from), from, size)
	b := batchReader{w: w, file: file}
	for expected := skipped >= 0; len(out) < maxIslands && w.checked <= scanBudget*size+1<<20; {
		if !expected {
			if found, err := w.findHeader(size); !found || err != nil {
				return out, err
			}
		}
		island := Island{Run: Run{Offset: w.offset, End: w.offset}, Skipped: skipped}
		stop, err := b.read(&island.Run)
		if err != nil {
			return out, err
		}
		if island.Len() > 0 {
			out = append(out, island)
			skipped = 0
		}
		if stop.why == EndOfFile {
			return out, nil
		}
		expected = stop.known >= 0
		if !expected {
			skipped = -1
			if err := w.discard(min(8, size-w.offset)); err != nil {
				return out, err
			}
		} else if skipped >= 0 {
			skipped += stop.known
		}
	}
	return out, nil
}

// findHeader moves the window to the next batch header whose checksum holds.
// Batches begin at multiples of 8 bytes.
func (w *window) findHeader(size int64) (found bool, err error) {
	if err := w.discard(min(-w.offset&7, size-w.offset)); err != nil {
		return false, err
	}
	for size-w.offset >= 32 {
		if _, err := w.peek(32); err != nil {
			return false, err
		}
		if w.skipToHeader(); w.hi-w.lo < 32 {
			continue
		}
		if w.checked > scanBudget*size+1<<20 {
			return false, nil
		}
		stored := binary.LittleEndian.Uint32(w.buf[w.lo:])
		n := int(binary.LittleEndian.Uint64(w.buf[w.lo+8:]))
		_, crc, err := w.peekHeader(n)
		if err != nil {
			return false, err
		}
		if crc == stored {
			return true, nil
		}
		w.skip(8)
	}
	return false, nil
}

// skipToHeader moves on, as far as bytes are held, to what may be a batch
// header: a possible count that fits into the file, and a first entry of a
// known type whose size is a multiple of 8.
func (w *window) skipToHeader() {
	held := w.buf[w.lo:w.hi]
	i := 0
	for ; i+32 <= len(held); i += 8 {
		count := binary.LittleEndian.Uint64(held[i+8:])
		if count-1 < maxBatch && headerSize(int(count)) <= w.size-w.offset-int64(i) &&
			held[i+24]-1 < byte(Change) && held[i+28]&7 == 0 {
			break
		}
	}
	w.skip(i)
}
