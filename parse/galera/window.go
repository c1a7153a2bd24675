package galera

import (
	"errors"
	"io"
)

// windowSize is how much of a cache is in memory at a time.
const windowSize = 1 << 20

// maxHeader is how far behind the end of a file something is read: the header
// that follows the last buffer.
const maxHeader = 64

// A window reads a file mostly from front to back. Behind the end of the file
// it reads zeros, as the provider does after it has extended the file.
type window struct {
	r    io.ReaderAt
	size int64 // of the file
	at   int64 // file offset of buf
	buf  []byte
	far  []byte // what peek read outside of buf
	jump int    // how often it did
	err  error
}

func newWindow(r io.ReaderAt, size int64) *window { return &window{r: r, size: size} }

// read returns n bytes at offset at, n not above windowSize nor what is left of the
// file and maxHeader. The slice is good
// until the next read.
func (w *window) read(at int64, n int) []byte {
	if !w.has(at, n) {
		if w.buf == nil {
			w.buf = make([]byte, min(windowSize, w.size+maxHeader))
		}
		w.at = at
		w.fill(w.buf, at)
	}
	return w.buf[at-w.at:][:n]
}

// peek returns n bytes at offset at without moving the window.
func (w *window) peek(at int64, n int) []byte {
	if w.has(at, n) {
		return w.buf[at-w.at:][:n]
	}
	w.jump++
	if cap(w.far) < n {
		w.far = make([]byte, n)
	}
	w.far = w.far[:n]
	w.fill(w.far, at)
	return w.far
}

func (w *window) has(at int64, n int) bool {
	return at >= w.at && at-w.at <= int64(len(w.buf)-n) && w.buf != nil
}

func (w *window) fill(b []byte, at int64) {
	n := 0
	if at < w.size && w.err == nil {
		var err error
		n, err = w.r.ReadAt(b[:min(int64(len(b)), w.size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			w.err = err
		}
	}
	clear(b[n:])
}
