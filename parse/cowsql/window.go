package cowsql

import (
	"encoding/binary"
	"fmt"
	"io"
)

// windowSize is the normal size of a window; it grows only as far as bytes
// really arrive, up to the largest batch header (4 MiB).
const windowSize = 64 << 10

// A window reads a stream of known size through a buffer that can be looked
// at before it is consumed.
type window struct {
	r      io.Reader
	buf    []byte
	lo, hi int
	offset int64 // of buf[lo] in the file
	size   int64
}

func newWindow(r io.Reader, size int64) *window {
	return &window{r: r, buf: make([]byte, min(windowSize, max(size, 16))), size: size}
}

// peek returns the next n bytes without consuming them. The caller has made
// sure that the file is long enough; a file that ends before its size is a
// reading error.
func (w *window) peek(n int) ([]byte, error) {
	for w.hi-w.lo < n {
		if err := w.fill(n); err != nil {
			return nil, err
		}
	}
	return w.buf[w.lo : w.lo+n], nil
}

// peekSome returns between 1 and n of the next bytes.
func (w *window) peekSome(n int64) ([]byte, error) {
	if w.lo == w.hi {
		if err := w.fill(1); err != nil {
			return nil, err
		}
	}
	return w.buf[w.lo:min(w.hi, w.lo+int(min(n, windowSize)))], nil
}

func (w *window) fill(need int) error {
	if w.lo > 0 {
		w.hi = copy(w.buf, w.buf[w.lo:w.hi])
		w.lo = 0
	}
	if need > len(w.buf) {
		w.buf = append(w.buf, make([]byte, len(w.buf))...) // doubled, as bytes arrive
	}
	n, err := w.r.Read(w.buf[w.hi:])
	w.hi += n
	if n > 0 {
		return nil
	}
	if err == io.EOF {
		return fmt.Errorf("file ends at byte %d of %d: %w", w.offset+int64(w.hi-w.lo), w.size, io.ErrUnexpectedEOF)
	}
	return err
}

func (w *window) skip(n int) {
	w.lo += n
	w.offset += int64(n)
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
