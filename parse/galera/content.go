package galera

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/lastwrite/lastwrite/parse"
)

// content reads the payload of an ordered buffer.
func (s *scanner) content(b *Buffer) {
	at, n := b.Offset+s.layout.header(), b.Size-s.layout.header()
	d := digest{table: s.table}
	switch {
	case at+n > s.size:
		s.fail(b, parse.Truncated, b.Offset, b.Size, "", fmt.Sprintf("%d bytes", b.Size), fmt.Sprintf("%d left", max(s.size-b.Offset, 0)))
		s.stream(at, max(s.size-at, 0), d.add)
	case b.Type == ConfigurationEvent:
		s.change(b, at, n, &d)
	case b.Skipped && n < writeSetHeader:
		s.stream(at, n, d.add)
	case b.Type == WriteSetAction:
		s.writeSet(b, at, n, &d)
	default:
		s.fail(b, parse.BadValue, b.Offset+23, 1, "type", "0 or 3", fmt.Sprint(int8(b.Type)))
		s.stream(at, n, d.add)
	}
	b.Digest = d.sum()
}

// fail marks a buffer as damaged.
func (s *scanner) fail(b *Buffer, kind parse.Kind, at, n int64, field, want, got string) {
	b.Damaged = true
	name := fmt.Sprintf("buffer[%d]", b.Seqno)
	if field != "" {
		name += "." + field
	}
	s.cache.damageAt(kind, at, n, name, want, got)
}

// stream hands n bytes from at on to add.
func (s *scanner) stream(at, n int64, add func([]byte)) {
	for n > 0 && s.err == nil {
		b := s.read(at, int(min(n, windowSize)))
		add(b)
		at, n = at+int64(len(b)), n-int64(len(b))
	}
}

func (s *scanner) change(b *Buffer, at, n int64, d *digest) {
	if n > maxChange {
		s.fail(b, parse.BadValue, b.Offset, s.layout.header(), "size", fmt.Sprintf("at most %d bytes", maxChange), fmt.Sprint(n))
		s.stream(at, n, d.add)
		return
	}
	payload := s.read(at, int(n))
	d.add(payload)
	ch, damage := parseChange(s.cache.File, fmt.Sprintf("buffer[%d].change", b.Seqno), at, payload)
	if damage != nil {
		b.Damaged = true
		s.cache.damage(*damage)
	} else if ch.Seqno != b.Seqno {
		s.fail(b, parse.Mismatch, b.Offset, 8, "seqno", fmt.Sprint(ch.Seqno), fmt.Sprint(b.Seqno))
	}
	b.Change = ch
	changes := &s.cache.Changes
	if len(*changes) == 2*maxChanges {
		*changes = append((*changes)[:0], (*changes)[maxChanges:]...)
	}
	*changes = append(*changes, *ch)
}

func (s *scanner) writeSet(b *Buffer, at, n int64, d *digest) {
	head := s.read(at, int(min(n, writeSetHeader)))
	ws, field, want, got := parseWriteSet(head)
	if field != "" {
		s.fail(b, writeSetDamage(field), at, int64(len(head)), "write-set."+field, want, got)
	}
	if field != "" && field != "checksum" {
		s.stream(at, n, d.add)
		return
	}
	s.ws = ws
	b.WriteSet = &s.ws
	d.add(head[16:56])
	if ws.Valid && ws.Certified() && ws.Seqno != b.Seqno {
		s.fail(b, parse.Mismatch, b.Offset, 8, "seqno", fmt.Sprint(ws.Seqno), fmt.Sprint(b.Seqno))
	}
	at, n = at+writeSetHeader, n-writeSetHeader
	for _, set := range [...]struct {
		name          string
		there, common bool
	}{
		{"keys", ws.KeySet != 0, false},
		{"data", ws.DataSet != 0, true},
		{"unordered", ws.DataSet != 0 && ws.Unordered, false},
		{"annotation", ws.DataSet != 0 && ws.Annotated, true},
	} {
		if !set.there {
			continue
		}
		used, ok := s.recordSet(b, set.name, at, n, set.common, d)
		at, n = at+used, n-used
		if !ok {
			break
		}
	}
	if n >= 8 { // less is the padding of the buffer, with anything in it
		if !b.Damaged {
			s.fail(b, parse.Trailing, at, n, "write-set", "less than 8 bytes of padding", fmt.Sprintf("%d bytes", n))
		}
		s.stream(at, n, d.add)
	}
}

// recordSet checks one set of a write set and returns its size; ok is false if
// the size cannot be believed.
func (s *scanner) recordSet(b *Buffer, name string, at, n int64, common bool, d *digest) (used int64, ok bool) {
	head := s.head[:copy(s.head[:], s.read(at, int(min(n, maxSetHeader))))] // the window moves
	set, kind, problem := parseRecordSet(head, n)
	if problem != "" {
		s.fail(b, kind, at, int64(len(head)), "write-set."+name, "the header of a record set", problem)
		return 0, false
	}
	if common {
		d.add(head[:set.begin])
	}
	m := newMMH()
	s.stream(at+set.begin, set.size-set.begin, func(part []byte) {
		m.append(part)
		if common {
			d.add(part)
		}
	})
	m.append(set.header)
	h1, h2 := m.sum()
	binary.LittleEndian.PutUint64(s.sum[:], h1)
	binary.LittleEndian.PutUint64(s.sum[8:], h2)
	if computed := s.sum[:len(set.stored)]; string(computed) != string(set.stored) {
		s.fail(b, parse.BadChecksum, at, set.size, "write-set."+name, fmt.Sprintf("%x", computed), fmt.Sprintf("%x", set.stored))
	}
	return set.size, true
}

// A digest is two checksums in one number, which processors compute at the
// speed of memory.
type digest struct {
	table     *crc32.Table
	high, low uint32
}

func (d *digest) add(b []byte) {
	d.high = crc32.Update(d.high, d.table, b)
	d.low = crc32.Update(d.low, crc32.IEEETable, b)
}

func (d *digest) sum() uint64 { return uint64(d.high)<<32 | uint64(d.low) }
