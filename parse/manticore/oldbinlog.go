package manticore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// Operations of a record before version 15. All but those of tables and of
// the closing record carry a transaction.
const (
	oldAddTable = 3
	oldCache    = 4
	oldLastOp   = 8
)

// headSize is enough for the integers in front of a payload, and for the name
// in a declaration.
const headSize = 4 << 10

// old walks a log of a version before 15. A transaction does not tell how
// long it is: its end is the next place at which the checksum of all bytes
// since its marker stands in front of a marker or at the end of the file.
func (l *Log) old(at io.ReaderAt) error {
	budget := 2*l.Size + 1<<20
	s := &oldScanner{at: &block{at: at}, size: l.Size}
	for l.End < l.Size {
		start := l.End
		next, err := s.next(start)
		if err != nil {
			return err
		}
		if next < 0 {
			l.oldStop(s, start)
			if l.BehindAt == 0 {
				l.oldBehind(s, &budget)
			}
			return s.err
		}
		if !l.oldRecord(s.head, start, next) {
			return nil
		}
		l.End = next
		l.Records++
	}
	return nil
}

// oldStop says what is wrong with the record at which the walk ends.
func (l *Log) oldStop(s *oldScanner, start int64) {
	l.Broken = Broken{Offset: start, Reached: AtCRC}
	switch {
	case len(s.head) < 4:
		l.Broken.Reached = AtMarker
		l.stop(TornRecord, parse.Truncated, start, l.Size-start, "marker", "the rest of the record", "the end of the file")
	case binary.LittleEndian.Uint32(s.head) != recordMagic:
		l.Broken.Reached = AtMarker
		l.stop(BadMarker, parse.BadMagic, start, 4, "marker", fmt.Sprintf("%#08x", recordMagic), fmt.Sprintf("%#08x", binary.LittleEndian.Uint32(s.head)))
	default:
		h := oldHead(s.head)
		l.Broken.Op, l.Broken.TID = uint8(min(h.op, 255)), h.tid
		if h.op != oldAddTable && h.id < uint64(len(l.Tables)) {
			l.Broken.Table = l.Tables[h.id].Name
		}
		l.stop(BadCRC, parse.BadChecksum, start, l.Size-start, "record", "a checksum that ends the record", "none up to the end of the file")
	}
}

// oldBehind looks for records behind the damage.
func (l *Log) oldBehind(s *oldScanner, budget *int64) {
	behind := &Log{Tables: make([]LogTable, len(l.Tables))}
	for i := range l.Tables {
		behind.Tables[i].Name = l.Tables[i].Name
	}
	from := l.Broken.Offset + 1
	for *budget > 0 {
		found, err := findMarker(s.at, from, l.Size)
		if err != nil || found < 0 {
			s.err = err
			break
		}
		next, err := s.next(found)
		if err != nil {
			s.err = err
			break
		}
		if next < 0 {
			*budget -= s.read
			from = found + 1
			continue
		}
		if l.BehindAt == 0 {
			l.BehindAt = found
		}
		behind.oldRecord(s.head, found, next)
		l.BehindCount++
		from = next
	}
	for _, t := range behind.Tables {
		if t.Transactions > 0 {
			l.Behind = append(l.Behind, t)
		}
	}
}

// oldHeader is the integers in front of a payload.
type oldHeader struct {
	op, id, tid uint64
	time        int64
	name        string
	end         int64
}

func oldHead(head []byte) oldHeader {
	c := parse.NewCursor("", "", 0, head)
	c.U32("marker")
	h := oldHeader{op: varint(c, "operation")}
	if h.op == oldCache {
		return h
	}
	h.id = varint(c, "table.id")
	if h.op == oldAddTable {
		h.name = string(c.Bytes("table.name", int64(c.U32("table.name-length"))))
		varint(c, "generation")
	}
	h.tid = varint(c, "tid")
	h.time = int64(varint(c, "time"))
	h.end = c.Offset()
	return h
}

// oldRecord notes a record whose checksum is right. It reports whether the
// replay goes on.
func (l *Log) oldRecord(head []byte, start, next int64) bool {
	h := oldHead(head)
	l.Broken = Broken{Offset: start, Op: uint8(min(h.op, 255)), TID: h.tid}
	switch {
	case h.op == 0 || h.op > oldLastOp:
		l.stop(BadOperation, parse.BadValue, start+4, 1, "operation", "1 to 8", fmt.Sprint(h.op))
	case h.op == oldCache:
		l.Closed = true
	case h.op == oldAddTable && (h.id != uint64(len(l.Tables)) || h.id >= maxTables):
		l.stop(BadTable, parse.BadValue, start, next-start, "table.id", fmt.Sprint(len(l.Tables)), fmt.Sprint(h.id))
	case h.op == oldAddTable:
		l.Tables = append(l.Tables, LogTable{Name: h.name})
	case h.id >= uint64(len(l.Tables)):
		l.stop(UnknownTable, parse.BadValue, start, next-start, "table.id", fmt.Sprintf("below %d", len(l.Tables)), fmt.Sprint(h.id))
	default:
		t := &l.Tables[h.id]
		l.Transactions++
		t.LastTime = h.time
		// The clock in a record differs between nodes; the rest has no length.
		t.add(h.tid, Digest{})
	}
	if l.Stop == EndOfFile {
		l.Broken = Broken{}
	}
	return l.Stop == EndOfFile
}

// A block reads a file at random and keeps the part that it read last.
type block struct {
	at   io.ReaderAt
	from int64
	data []byte
}

// ReadAt implements io.ReaderAt.
func (b *block) ReadAt(p []byte, off int64) (int, error) {
	if i := off - b.from; i >= 0 && i+int64(len(p)) <= int64(len(b.data)) {
		return copy(p, b.data[i:]), nil
	}
	if len(p) >= blockSize {
		return b.at.ReadAt(p, off)
	}
	if cap(b.data) == 0 {
		b.data = make([]byte, blockSize)
	}
	n, err := b.at.ReadAt(b.data[:blockSize], off)
	if err != nil && err != io.EOF {
		b.data = b.data[:0]
		return 0, err
	}
	b.from, b.data = off, b.data[:n]
	if n < len(p) {
		return copy(p, b.data), io.EOF
	}
	return copy(p, b.data), nil
}

const blockSize = 256 << 10

// An oldScanner finds the end of records.
type oldScanner struct {
	at   io.ReaderAt
	size int64
	head []byte // beginning of the last record
	read int64  // bytes that the last search looked at
	err  error
}

// next returns the offset behind the record at start, -1 if no checksum fits.
func (s *oldScanner) next(start int64) (int64, error) {
	in := io.NewSectionReader(s.at, start, s.size-start)
	s.head = make([]byte, min(headSize, s.size-start))
	if _, err := io.ReadFull(in, s.head); err != nil {
		return -1, err
	}
	s.read = int64(len(s.head))
	if len(s.head) < 8 || binary.LittleEndian.Uint32(s.head) != recordMagic {
		return -1, nil
	}
	// sum is the checksum of the bytes from start+4 to p-4: those four may be
	// the stored checksum.
	var sum uint32
	p, summed := start+8, start+4
	buf := make([]byte, 1<<10)
	var window []byte // bytes from summed on
	base := summed
	for {
		n, err := s.at.ReadAt(buf[:min(int64(len(buf)), s.size-base-int64(len(window)))], base+int64(len(window)))
		if err != nil && err != io.EOF {
			return -1, err
		}
		s.read += int64(n)
		window = append(window, buf[:n]...)
		last := base+int64(len(window)) >= s.size
		for {
			i := bytes.Index(window[p-base:], []byte("TXN!"))
			end := base + int64(len(window))
			if i >= 0 {
				end = p + int64(i)
			} else if !last {
				break
			}
			if end-4 >= summed {
				sum = crc32.Update(sum, crc32.IEEETable, window[summed-base:end-4-base])
				summed = end - 4
				if binary.LittleEndian.Uint32(window[end-4-base:]) == sum {
					return end, nil
				}
			}
			if i < 0 {
				return -1, nil
			}
			p = end + 1
		}
		// Keep what is not summed yet, and enough for a marker across windows.
		keep := max(summed, base+int64(len(window))-8)
		if keep > summed {
			sum = crc32.Update(sum, crc32.IEEETable, window[summed-base:keep-base])
			summed = keep
		}
		p = max(p, base+int64(len(window))-3)
		window = append([]byte(nil), window[summed-base:]...)
		base = summed
		if n == 0 && !last {
			return -1, nil
		}
		if len(buf) < 64<<10 { // records are short as a rule
			buf = make([]byte, 2*len(buf))
		}
	}
}
