package smartengine

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

const (
	blockSize       = 32 << 10 // of a log
	headerSize      = 7
	recycledSize    = 11
	typeFull        = 1
	typeFirst       = 2
	typeMiddle      = 3
	typeLast        = 4
	typeRecycled    = 4 // is added for files that were used before
	maxRecycledType = 8
)

// fieldLogNumber is the field of damage that is the end for the engine, and
// nothing to complain about.
const fieldLogNumber = "log-number"

// A logReader reads the records of a log, WAL or manifest, in the manner of
// db/log_reader.cc: at the first damage the record and all behind it are lost,
// and a caller that wants to know what stands there goes on with seek.
type logReader struct {
	file   string
	number uint64
	in     io.Reader
	size   int64

	buf  [blockSize]byte
	n    int   // bytes in buf
	lo   int   // next byte to read
	base int64 // file offset of buf[0]
	eof  bool  // a block was shorter than a full one

	recycled bool // the file was used before
	old      bool // what follows is of a log that the file held before
	holes    []parse.Damage
	skips    int64 // bytes that checksums were computed of while seeking

	// The record that is being read.
	at      int64 // of its first fragment
	data    []byte
	last    bool
	stored  uint32 // checksum in the fragment read last
	sum     uint32
	head    [8]byte
	read    int64 // bytes of the record
	damage  *parse.Damage
	skipped *parse.Damage // met in front of the record
	pending *fragment     // met where the record could not go on
}

// A fragment is one physical record.
type fragment struct {
	at       int64
	kind     byte // 1 to 4
	checksum uint32
	data     []byte
}

func newLogReader(file string, number uint64, in io.Reader, size int64) *logReader {
	return &logReader{file: file, number: number, in: in, size: size}
}

// fill reads the next block. A log that is a multiple of a block long ends with
// a block of no bytes.
func (l *logReader) fill() error {
	l.base += int64(l.n)
	l.lo, l.n = 0, int(min(blockSize, l.size-l.base))
	if _, err := io.ReadFull(l.in, l.buf[:l.n]); err != nil {
		return err
	}
	l.eof = l.n < blockSize
	return nil
}

func (l *logReader) offset() int64 { return l.base + int64(l.lo) }

// fail notes the first damage of the record.
func (l *logReader) fail(field string, kind parse.Kind, at, n int64, want, got string) {
	if l.damage == nil {
		l.damage = &parse.Damage{Span: parse.Span{File: l.file, Offset: at, Length: n, Field: field}, Kind: kind, Want: want, Got: got}
	}
}

// next returns the next fragment, nil at the end of the log. Damage is noted;
// what it makes unreadable is skipped as the engine does.
func (l *logReader) next() (*fragment, error) {
	if f := l.pending; f != nil {
		l.pending = nil
		return f, nil
	}
	for {
		rest := l.buf[l.lo:l.n]
		if len(rest) < headerSize {
			if l.old {
				return nil, nil
			}
			if l.eof {
				if len(rest) > 0 {
					l.fail("header", parse.Truncated, l.offset(), int64(len(rest)), "7 bytes", fmt.Sprint(len(rest)))
					l.lo = l.n
				}
				return nil, nil
			}
			if err := l.fill(); err != nil {
				return nil, err
			}
			continue
		}
		f := &fragment{at: l.offset(), kind: rest[6], checksum: binary.LittleEndian.Uint32(rest)}
		size, header := int(binary.LittleEndian.Uint16(rest[4:])), headerSize
		if f.kind > typeRecycled && f.kind <= maxRecycledType {
			if header = recycledSize; len(rest) < header {
				l.lo = l.n
				continue
			}
			l.recycled = l.recycled || f.at == 0
			if n := binary.LittleEndian.Uint32(rest[headerSize:]); n != uint32(l.number) {
				if !l.recycled || headerSize+size <= len(rest) && RecordChecksum(rest[headerSize:headerSize+size]) == f.checksum {
					l.fail(fieldLogNumber, parse.Mismatch, f.at, recycledSize, fmt.Sprint(uint32(l.number)), fmt.Sprint(n))
				}
				l.lo, l.old = l.n, true
				return nil, nil
			}
			f.kind -= typeRecycled
		}
		if header+size > len(rest) {
			l.lo = l.n
			l.fail("length", parse.Truncated, f.at, int64(len(rest)), fmt.Sprintf("%d bytes", header+size), fmt.Sprint(len(rest)))
			if l.eof {
				return nil, nil
			}
			continue
		}
		if f.kind == 0 && size == 0 { // space that was allocated and never written
			l.hole(rest)
			l.lo = l.n
			if l.read > 0 && !l.last {
				l.fail("type", parse.BadValue, f.at, int64(len(rest)), "the next fragment", "zeros")
			}
			continue
		}
		l.lo += header + size
		f.data = rest[header : header+size]
		if f.kind < typeFull || f.kind > typeLast {
			l.fail("type", parse.BadValue, f.at+6, 1, "1 to 8", fmt.Sprint(f.kind))
			continue
		}
		return f, nil
	}
}

// hole notes what stands behind a header of zeros, which makes the engine step
// over the rest of the block without a word.
func (l *logReader) hole(rest []byte) {
	const most = 64
	if i := slices.IndexFunc(rest, func(b byte) bool { return b != 0 }); i >= 0 && len(l.holes) < most {
		l.holes = append(l.holes, parse.Damage{
			Span: parse.Span{File: l.file, Offset: l.offset(), Length: int64(len(rest)), Field: "header"}, Kind: parse.BadValue,
			Want: "zeros up to the end of the block", Got: fmt.Sprintf("%02x at byte %d", rest[i], l.offset()+int64(i)),
		})
	}
}

// open begins the next record, whose bytes are read with Read. It reports
// whether there is one. Damage in front of it stands in skipped.
func (l *logReader) open() (bool, error) {
	l.read, l.last, l.sum, l.damage = 0, true, 0, nil
	ok, err := l.first()
	l.skipped, l.damage = l.damage, nil
	return ok, err
}

// first finds the first fragment of a record.
func (l *logReader) first() (bool, error) {
	for {
		f, err := l.next()
		if err != nil || f == nil {
			l.at = l.offset()
			return false, err
		}
		if f.kind == typeFull || f.kind == typeFirst {
			l.at, l.last = f.at, f.kind == typeFull
			l.take(f)
			return true, nil
		}
		l.fail("type", parse.BadValue, f.at, int64(headerSize+len(f.data)), "the first fragment of a record", fmt.Sprintf("type %d", f.kind))
	}
}

// take makes a fragment the current part of the record.
func (l *logReader) take(f *fragment) {
	l.data, l.stored = f.data, f.checksum
	b := f.data
	if l.read < 8 {
		copy(l.head[l.read:], b)
	}
	if skip := 6 - l.read; skip > 0 {
		b = b[min(int64(len(b)), skip):]
	}
	l.sum = crc32.Update(l.sum, castagnoli, b)
	l.read += int64(len(f.data))
}

// Read implements io.Reader for the record. io.EOF is its end, and the end of what can be
// read of a broken one.
func (l *logReader) Read(p []byte) (int, error) {
	for len(l.data) == 0 {
		if l.last || l.damage != nil {
			return 0, io.EOF
		}
		f, err := l.next()
		switch {
		case err != nil:
			return 0, err
		case f == nil:
			l.fail("record", parse.Truncated, l.at, l.offset()-l.at, "the last fragment of the record", "the end of the log")
		case f.kind == typeFull || f.kind == typeFirst:
			l.fail("record", parse.BadValue, l.at, f.at-l.at, "the last fragment of the record", "the first of another")
			l.pending = f
		case l.damage == nil:
			l.last = f.kind == typeLast
			l.take(f)
		}
	}
	n := copy(p, l.data)
	l.data = l.data[n:]
	return n, nil
}

// close reads the rest of the record and checks it.
func (l *logReader) close() error {
	for l.damage == nil {
		l.data = nil
		if _, err := l.Read(nil); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if l.damage != nil {
		return nil
	}
	sum := l.sum
	if l.read <= 8 {
		sum = crc32.Checksum(l.head[:l.read], castagnoli)
	}
	if sum = mask(sum); sum != l.stored {
		l.fail("checksum", parse.BadChecksum, l.at, l.offset()-l.at, fmt.Sprintf("%08x", sum), fmt.Sprintf("%08x", l.stored))
	}
	return nil
}

// seek looks behind damage for the next record that checks, from offset from,
// which is not behind the current block. It finds whole records and the first
// fragments of longer ones.
func (l *logReader) seek(from int64) error {
	l.pending, l.old = nil, false
	l.lo = int(max(from-l.base, 0))
	for {
		for ; l.lo+headerSize+12 <= l.n; l.lo++ {
			rest := l.buf[l.lo:l.n]
			size := headerSize + int(binary.LittleEndian.Uint16(rest[4:]))
			if size < headerSize+12 || size > len(rest) {
				continue
			}
			switch rest[6] {
			case typeFirst:
				if size == len(rest) && l.lo+size == blockSize {
					return nil
				}
			case typeFull:
				if l.skips > 4*l.size+1<<20 {
					continue
				}
				l.skips += int64(size)
				if RecordChecksum(rest[headerSize:size]) == binary.LittleEndian.Uint32(rest) {
					return nil
				}
			}
		}
		l.lo = l.n
		if l.eof {
			return nil
		}
		if err := l.fill(); err != nil {
			return err
		}
		if l.n == 0 || l.buf[6] >= typeFull && l.buf[6] <= typeLast { // blocks begin with a fragment
			return nil
		}
	}
}
