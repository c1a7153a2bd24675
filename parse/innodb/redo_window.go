package innodb

import "fmt"

// windowSize is how much of a log is in memory; it holds the longest
// mini-transaction several times.
const windowSize = 4 << 20

// A window shows a ring in the order of LSNs, so that nobody else sees where
// it wraps.
type window struct {
	ring
	buf   []byte
	at    int    // of the byte of lsn in buf
	end   int    // of what is read
	lsn   uint64 // of buf[at]
	limit uint64 // LSN at which nothing more may be read: a lap behind the start
}

// newWindow returns a window in front of lsn. buf is its memory, of
// windowLength bytes.
func newWindow(g ring, lsn uint64, buf []byte) *window {
	return &window{ring: g, buf: buf, lsn: lsn, limit: lsn + g.length}
}

func windowLength(g ring) uint64 { return min(windowSize, g.length) }

// bytes returns what is in memory from lsn on.
func (w *window) bytes() []byte { return w.buf[w.at:w.end] }

// more reads on. It reports false at the limit, and when the window is full.
func (w *window) more() (bool, error) {
	copy(w.buf, w.buf[w.at:w.end])
	w.end -= w.at
	w.at = 0
	next := w.lsn + uint64(w.end)
	n := min(uint64(len(w.buf)-w.end), w.limit-next)
	if n == 0 {
		return false, nil
	}
	for n > 0 {
		off := w.offset(next)
		part := min(n, uint64(w.start)+w.length-uint64(off))
		if err := readFull(w.file, w.buf[w.end:w.end+int(part)], off); err != nil {
			return false, fmt.Errorf("read %s: %w", w.file.Name, err)
		}
		w.end += int(part)
		next += part
		n -= part
	}
	return true, nil
}

// skip goes on to the byte n behind lsn.
func (w *window) skip(n int) {
	w.at += n
	w.lsn += uint64(n)
}
