package serverlog

import (
	"bytes"
	"io"
)

// maxLine is how much of a line is looked at. The longest real lines are the
// provider's configuration with some KiB.
const maxLine = 32 << 10

// lines cuts a stream into lines.
type lines struct {
	r     io.Reader
	buf   []byte
	start int   // of what is not consumed yet
	end   int   // of what was read
	off   int64 // of buf[start] in the file
	err   error
	nuls  func(off int64, b []byte) // told about everything read that has NUL bytes
}

func newLines(r io.Reader, nuls func(int64, []byte)) *lines {
	return &lines{r: r, buf: make([]byte, 4*maxLine), nuls: nuls}
}

// fill reads more behind what is there. It returns false at the end.
func (l *lines) fill() bool {
	if l.err != nil {
		return false
	}
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	for range 100 { // a reader that gives nothing for ever is broken
		n, err := l.r.Read(l.buf[l.end:])
		got := l.buf[l.end : l.end+n]
		if bytes.IndexByte(got, 0) >= 0 {
			l.nuls(l.off+int64(l.end), got)
		}
		l.end += n
		l.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	l.err = io.ErrNoProgress
	return false
}

// next returns the next line without its line feed, valid until the next
// call, its offset, and its whole size with the line feed. A line longer than
// maxLine is cut.
func (l *lines) next() (text []byte, off, size int64, ok bool) {
	searched := l.start
	for {
		if at := bytes.IndexByte(l.buf[searched:l.end], '\n'); at >= 0 {
			at += searched
			text, off, size = l.buf[l.start:at], l.off, int64(at-l.start+1)
			l.start, l.off = at+1, l.off+size
			return text, off, size, true
		}
		if l.end-l.start >= maxLine {
			return l.long()
		}
		searched = l.end - l.start
		if !l.fill() {
			break
		}
	}
	if l.start == l.end {
		return nil, l.off, 0, false
	}
	text, off, size = l.buf[l.start:l.end], l.off, int64(l.end-l.start)
	l.start, l.off = l.end, l.off+size
	return text, off, size, true
}

// long returns the beginning of a line and skips the rest.
func (l *lines) long() (text []byte, off, size int64, ok bool) {
	text, off = bytes.Clone(l.buf[l.start:l.start+maxLine]), l.off
	for {
		at := bytes.IndexByte(l.buf[l.start:l.end], '\n')
		if at >= 0 {
			l.start, l.off = l.start+at+1, l.off+int64(at+1)
			break
		}
		l.off += int64(l.end - l.start)
		l.start, l.end = 0, 0
		if !l.fill() {
			break
		}
	}
	return text, off, l.off - off, true
}
