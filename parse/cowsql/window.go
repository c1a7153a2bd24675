package cowsql

import (
	"encoding/binary"
	"fmt"
	"io"
)

// windowSize is the normal size of a window.
const windowSize = 64 << 10

// A window reads a stream of known size through a buffer that can be looked
// at before it is consumed. The buffer grows only as far as bytes really
// arrive, up to four times the largest batch header (4 MiB).
type window struct {
	r       io.Reader
	buf     []byte
	lo, hi  int
	offset  int64 // of buf[lo] in the file
	size    int64 // of the file
	checked int64 // bytes of batch headers whose checksum was computed
}

// newWindow returns a window over r, which stands at offset of a file of size
// bytes.
func newWindow(r io.Reader, offset, size int64) *window {
	return &window{r: r, buf: make([]byte, min(windowSize, max(size-offset, 16))), offset: offset, size: size}
}

// peek returns the next n bytes without consuming them. The caller has made
// sure that the file is long enough; a file that ends before its size is a
// reading error.
func (w *window) peek(n int) ([]byte, error) {
	for w.hi-w.lo < n {
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
	return w.buf[w.lo : w.lo+n], nil
}

// peekSome returns between 1 and n of the next bytes.
func (w *window) peekSome(n int64) ([]byte, error) {
	if w.lo == w.hi {
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
	return w.buf[w.lo : w.lo+int(min(n, int64(w.hi-w.lo)))], nil
}

// peekHeader returns the header of a batch of n entries and the CRC of what
// its checksum covers.
func (w *window) peekHeader(n int) (header []byte, crc uint32, err error) {
	if header, err = w.peek(int(headerSize(n))); err != nil {
		return nil, 0, err
	}
	w.checked += int64(len(header))
	return header, CRC(0, header[8:]), nil
}

// fill reads at least one byte. It makes room so that each byte is moved only
// a few times, however the window is used.
func (w *window) fill() error {
	held := w.buf[w.lo:w.hi]
	switch {
	case w.hi == len(w.buf) && len(held) > len(w.buf)/2:
		bigger := make([]byte, 2*len(w.buf))
		w.lo, w.hi, w.buf = 0, copy(bigger, held), bigger
	case w.hi == len(w.buf) || w.lo > len(w.buf)/2 || len(held) == 0:
		w.lo, w.hi = 0, copy(w.buf, held)
	}
	for range 100 { // as bufio does: an empty read is no error, an endless row of them is
		n, err := w.r.Read(w.buf[w.hi:])
		w.hi += n
		switch {
		case n > 0:
			return nil
		case err == io.EOF:
			return fmt.Errorf("file ends at byte %d of %d: %w", w.offset+int64(w.hi-w.lo), w.size, io.ErrUnexpectedEOF)
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

func (w *window) skip(n int) {
	w.lo += n
	w.offset += int64(n)
}

// discard consumes n bytes.
func (w *window) discard(n int64) error {
	for n > 0 {
		chunk, err := w.peekSome(n)
		if err != nil {
			return err
		}
		w.skip(len(chunk))
		n -= int64(len(chunk))
	}
	return nil
}

// firstNonZero consumes the stream up to the first byte that is not zero and
// returns its offset, or -1 if there is none.
func (w *window) firstNonZero() (int64, error) {
	for w.offset < w.size {
		chunk, err := w.peekSome(w.size - w.offset)
		if err != nil {
			return -1, err
		}
		n := zeros(chunk)
		w.skip(n)
		if n < len(chunk) {
			return w.offset, nil
		}
	}
	return -1, nil
}

// zeros returns the number of zero bytes at the start of p.
func zeros(p []byte) int {
	n := 0
	for ; n+8 <= len(p) && binary.LittleEndian.Uint64(p[n:]) == 0; n += 8 {
	}
	for n < len(p) && p[n] == 0 {
		n++
	}
	return n
}
