package cowsql

import (
	"encoding/binary"
	"errors"
	"math"
)

// errPacked says that bytes are not what Run.Pack writes.
var errPacked = errors.New("packed entries are damaged")

// Pack returns what the exported fields of r do not tell: checksum and size of
// every entry, and the batches that hold several. It takes four bytes an entry
// and a few bits for sizes that repeat, once compressed. Unpack takes it back.
//
// The layout is ours, numbers are little endian or unsigned varints: the number
// of entries; their checksums, four bytes each; their sizes; the number of
// batches with several entries; for each of them the distance of its first
// entry from that of the one before, and its length.
func (r *Run) Pack() []byte {
	out := binary.AppendUvarint(make([]byte, 0, 6*len(r.crcs)+16), uint64(len(r.crcs)))
	for _, c := range r.crcs {
		out = binary.LittleEndian.AppendUint32(out, c)
	}
	for _, n := range r.sizes {
		out = binary.AppendUvarint(out, uint64(n))
	}
	out = binary.AppendUvarint(out, uint64(len(r.multi)))
	before := 0
	for _, m := range r.multi {
		out = binary.AppendUvarint(out, uint64(m.pos-before))
		out = binary.AppendUvarint(out, uint64(m.n))
		before = m.pos
	}
	return out
}

// Unpack sets what Pack returned. The exported fields must be those of the
// packed run. The error says that both do not belong together; r is useless
// then.
func (r *Run) Unpack(packed []byte) error {
	p := unpacker{rest: packed}
	n := p.count(5) // a checksum and at least one byte of size
	if n > 0 {
		r.crcs, r.sizes = make([]uint32, n), make([]uint32, n)
	}
	for i := range r.crcs {
		r.crcs[i] = binary.LittleEndian.Uint32(p.rest[4*i:])
	}
	p.rest = p.rest[4*n:]
	for i := range r.sizes {
		r.sizes[i] = uint32(p.number(math.MaxUint32))
	}
	pos, end, batched := 0, 0, 0
	for range p.count(2) {
		pos += int(p.number(uint64(n)))
		m := multi{pos, int(p.number(uint64(n)))}
		if pos < end || m.n < 2 || m.n > n-pos {
			return errPacked
		}
		end, batched = pos+m.n, batched+m.n-1
		r.multi = append(r.multi, m)
	}
	if p.bad || len(p.rest) > 0 || r.Batches != n-batched || !r.ordered(n) {
		return errPacked
	}
	return nil
}

// ordered reports whether terms and specials are those of n entries.
func (r *Run) ordered(n int) bool {
	if n > 0 && (len(r.Terms) == 0 || r.Terms[0].Pos != 0) || n == 0 && len(r.Terms) > 0 {
		return false
	}
	for i, t := range r.Terms {
		if t.Pos >= n || i > 0 && t.Pos <= r.Terms[i-1].Pos {
			return false
		}
	}
	for i, s := range r.Specials {
		if s.Pos < 0 || s.Pos >= n || i > 0 && s.Pos <= r.Specials[i-1].Pos {
			return false
		}
	}
	return true
}

// An unpacker takes numbers from the front of rest. After the first that is
// not there or too high, all are zero.
type unpacker struct {
	rest []byte
	bad  bool
}

func (p *unpacker) number(most uint64) uint64 {
	v, n := binary.Uvarint(p.rest)
	if n <= 0 || v > most {
		p.bad, p.rest = true, nil
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

// count takes the number of elements of which each has at least so many bytes.
func (p *unpacker) count(least int) int {
	n := p.number(uint64(len(p.rest) / least))
	if n > uint64(len(p.rest)/least) {
		p.bad, p.rest = true, nil
		return 0
	}
	return int(n)
}
