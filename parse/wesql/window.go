package wesql

import (
	"errors"
	"io"
)

// windowSize is how many bytes of a log are held: less than second level caches
// have, so that checksum and digest do not wait for memory.
const windowSize = 256 << 10

// A window is the part of a file that is looked at.
type window struct {
	r          io.Reader
	buf        []byte
	start, end int
	off        int64 // of buf[start] in the file
	err        error
}

func newWindow(r io.Reader, off, size int64) *window {
	return &window{r: r, buf: make([]byte, min(windowSize, max(size-off, 0)+64)), off: off}
}

// peek makes n bytes available, n up to the size of the buffer, and returns
// what there is.
func (w *window) peek(n int) []byte {
	if w.end-w.start < n {
		w.fill(n)
	}
	return w.buf[w.start:min(w.end, w.start+n)]
}

func (w *window) fill(n int) {
	w.end = copy(w.buf, w.buf[w.start:w.end])
	w.start = 0
	n = min(n, len(w.buf))
	for idle := 0; w.end < n && w.err == nil; {
		var got int
		got, w.err = w.r.Read(w.buf[w.end:])
		if w.end += got; got > 0 {
			idle = 0
		} else if idle++; idle == 100 && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
}

func (w *window) skip(n int) {
	w.start += n
	w.off += int64(n)
}

// failed returns the error of the reader, if any.
func (w *window) failed() error {
	if errors.Is(w.err, io.EOF) {
		return nil
	}
	return w.err
}
