package cowsql

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/lastwrite/lastwrite/parse"
)

const (
	// maxBatch is the highest entry count that the loader accepts: 8 MiB / 32
	// (cowsql/raft src/uv_segment.c uvLoadEntriesBatch).
	maxBatch = 8 << 20 / 32
	// maxKept is the size up to which the payload of a configuration entry is
	// kept; larger than anything the library can write.
	maxKept = 1 << 20
)

// headerSize is the size of a batch in front of its payloads: two checksums,
// the count, and 16 bytes for each of n entries.
func headerSize(n int) int64 { return 16 + 16*int64(n) }

// A batchEntry is an entry while its batch is being read.
type batchEntry struct {
	term    uint64
	kind    EntryType
	size    uint32 // payload bytes
	crc     uint32
	payload []byte // configurations
	head    commandHead
}

// A batchReader reads batches one after the other.
type batchReader struct {
	w        *window
	file     string
	entries  []batchEntry // of the current batch, used again for the next
	database string       // that the last frames command named
}

// A batchStop is where and why a sequence of batches ended.
type batchStop struct {
	why        Stop
	at         int64  // offset of the batch that does not hold
	count      uint64 // its entry count as it stands there
	left, want int64  // where a structure is cut
	known      int    // its number of entries if its header holds, else -1
	nonZero    int64  // offset of the first byte of its preamble that is not zero, or -1
	sum        checksum
	damage     *parse.Damage
}

// A checksum is one that does not hold.
type checksum struct {
	stored, computed uint32
	field            int64 // offset of the stored one
	from, n          int64 // what it covers
}

// A preamble is the fixed part of a batch.
type preamble struct {
	headerCRC, dataCRC uint32
	count              uint64
}

func (p preamble) nonZero() int64 {
	switch {
	case p.headerCRC != 0:
		return int64(bits.TrailingZeros32(p.headerCRC) / 8)
	case p.dataCRC != 0:
		return 4 + int64(bits.TrailingZeros32(p.dataCRC)/8)
	case p.count != 0:
		return 8 + int64(bits.TrailingZeros64(p.count)/8)
	}
	return -1
}

// read appends batches to run until the end of the file or the first batch
// that does not hold. Behind a batch whose header holds the window stands
// where the next one would begin, as far as the file goes, else at the batch.
// The checks and their order are those of cowsql/raft src/uv_segment.c
// uvLoadEntriesBatch.
func (b *batchReader) read(run *Run) (batchStop, error) {
	for number := 1; ; number++ {
		start := b.w.offset
		s := batchStop{at: start, known: -1, nonZero: -1}
		if start == b.w.size {
			return s, nil
		}
		err := b.one(&s)
		if err != nil {
			return s, err
		}
		if s.why != EndOfFile {
			s.damage.Field = fmt.Sprintf("batch[%d].%s", number, s.damage.Field)
			return s, nil
		}
		run.append(b.entries)
		run.End = b.w.offset
	}
}

func (b *batchReader) fail(s *batchStop, why Stop, at, n int64, field string, kind parse.Kind, want, got string) {
	s.why = why
	s.damage = &parse.Damage{Span: parse.Span{File: b.file, Offset: at, Length: n, Field: field}, Kind: kind, Want: want, Got: got}
}

func (b *batchReader) short(s *batchStop, why Stop, field string, left, want int64) {
	s.left, s.want = left, want
	b.fail(s, why, s.at, b.w.size-s.at, field, parse.Truncated, fmt.Sprintf("%d bytes", want), fmt.Sprintf("%d left", left))
}

func (b *batchReader) checksum(s *batchStop, why Stop, field string, c checksum) {
	s.sum = c
	b.fail(s, why, c.field, 4, field, parse.BadChecksum, fmt.Sprintf("%08x", c.stored), fmt.Sprintf("%08x computed", c.computed))
}

// one reads the batch that the window stands at.
func (b *batchReader) one(s *batchStop) error {
	w := b.w
	left := w.size - s.at
	if left < 16 {
		// The loader consumes the two checksums and the count one after the
		// other, which shows in the numbers of its message.
		if left >= 8 {
			left -= 8
		}
		b.short(s, ShortPreamble, "preamble", left, 8)
		return nil
	}
	head, err := w.peek(16)
	if err != nil {
		return err
	}
	p := preamble{binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint64(head[8:])}
	s.count = p.count
	if at := p.nonZero(); at >= 0 {
		s.nonZero = s.at + at
	}
	if p.count == 0 || p.count > maxBatch {
		why, got := CountZero, fmt.Sprint(p.count)
		if p.count > 0 {
			why = CountTooHigh
		}
		if text, ok := parse.ASCII(p.count); ok {
			got = fmt.Sprintf("text %q", text)
		}
		b.fail(s, why, s.at+8, 8, "count", parse.BadValue, "1 to 262144", got)
		return nil
	}
	n := int(p.count)
	if left < headerSize(n) {
		b.short(s, ShortHeader, "header", left-16, headerSize(n)-16)
		return nil
	}
	header, sum, err := w.peekHeader(n)
	if err != nil {
		return err
	}
	if sum != p.headerCRC {
		b.checksum(s, HeaderChecksum, "header-crc", checksum{p.headerCRC, sum, s.at, s.at + 8, headerSize(n) - 8})
		return nil
	}
	s.known = n
	total, bad := b.decode(header[16:], n)
	left -= headerSize(n)
	w.skip(int(headerSize(n)))
	if bad >= 0 {
		b.fail(s, BadType, s.at+24+16*int64(bad), 1, fmt.Sprintf("entry[%d].type", bad), parse.BadValue, "1, 2 or 3", fmt.Sprint(uint8(b.entries[bad].kind)))
		return w.discard(min(total, left))
	}
	if left < total {
		b.short(s, ShortData, "data", left, total)
		return w.discard(left)
	}
	sum, err = b.data()
	if err == nil && sum != p.dataCRC {
		b.checksum(s, DataChecksum, "data-crc", checksum{p.dataCRC, sum, s.at + 4, s.at + headerSize(n), total})
	}
	return err
}

// decode reads the headers of n entries. total is the size of their payloads,
// bad the first entry of an unknown type, or -1.
func (b *batchReader) decode(header []byte, n int) (total int64, bad int) {
	b.entries = b.entries[:0]
	bad = -1
	for i := range n {
		h := header[16*i : 16*i+16]
		e := batchEntry{term: binary.LittleEndian.Uint64(h), kind: EntryType(h[8]), size: binary.LittleEndian.Uint32(h[12:])}
		if bad < 0 && (e.kind < Command || e.kind > Change) {
			bad = i
		}
		total += int64(e.size)
		b.entries = append(b.entries, e)
	}
	return total, bad
}

// data reads the payloads of the current batch and returns the CRC of all of
// them.
func (b *batchReader) data() (uint32, error) {
	var all uint32
	for i := range b.entries {
		e := &b.entries[i]
		if e.kind == Command {
			head, err := b.w.peek(int(min(e.size, headOfCommand)))
			if err != nil {
				return 0, err
			}
			e.head = b.parseHead(head)
		}
		for left := int64(e.size); left > 0; {
			chunk, err := b.w.peekSome(left)
			if err != nil {
				return 0, err
			}
			e.crc = CRC(e.crc, chunk)
			if e.kind == Change && e.size <= maxKept {
				e.payload = append(e.payload, chunk...)
			}
			b.w.skip(len(chunk))
			left -= int64(len(chunk))
		}
		if i == 0 {
			all = e.crc
		} else {
			all = combine(all, e.crc, int64(e.size))
		}
	}
	return all, nil
}

// parseHead looks at the start of a command. Names of databases repeat, so
// that they cost memory once.
func (b *batchReader) parseHead(head []byte) commandHead {
	h, name := parseCommandHead(head)
	if h.frames {
		if string(name) != b.database {
			b.database = string(name)
		}
		h.database = b.database
	}
	return h
}
