package galera

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
)

// errPacked says that bytes are not what Index.MarshalJSON writes.
var errPacked = errors.New("packed write sets are damaged")

// A packedIndex is the JSON form of an Index.
type packedIndex struct {
	Sources []UUID
	// Base64 has for each entry, as unsigned varints if nothing else is said:
	// the distance of its seqno from the one before (the first of all is a
	// signed varint), 8 bytes of digest, little endian, the signed distance of
	// its place from the one before, its size, its flags and its source.
	Base64 []byte
}

// MarshalJSON implements json.Marshaler. An entry takes some 12 bytes, most of
// them for the digest.
func (x Index) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 20*len(x.entries))
	var seqno int64
	var place uint64
	for i, e := range x.entries {
		if i == 0 {
			out = binary.AppendVarint(out, e.Seqno)
		} else {
			out = binary.AppendUvarint(out, uint64(e.Seqno-seqno))
		}
		out = binary.LittleEndian.AppendUint64(out, e.Digest)
		out = binary.AppendVarint(out, int64(e.place-place))
		out = binary.AppendUvarint(out, uint64(e.Size))
		out = binary.AppendUvarint(out, uint64(e.Flags))
		out = binary.AppendUvarint(out, uint64(e.source))
		seqno, place = e.Seqno, e.place
	}
	return json.Marshal(packedIndex{x.sources, out})
}

// UnmarshalJSON implements json.Unmarshaler. The seqnos must ascend.
func (x *Index) UnmarshalJSON(data []byte) error {
	var p packedIndex
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	if len(p.Sources) > noSource {
		return errPacked
	}
	const least = 13 // bytes of an entry
	if len(p.Base64) < least && len(p.Base64) > 0 {
		return errPacked
	}
	in := indexer{}
	in.sources = p.Sources
	in.entries = make([]Entry, 0, len(p.Base64)/least)
	u := unpacker{rest: p.Base64}
	var before Entry
	for len(u.rest) > 0 && !u.bad {
		e := Entry{Seqno: before.Seqno}
		if len(in.entries) == 0 {
			e.Seqno = u.signed()
		} else {
			step := u.number(math.MaxInt64)
			if e.Seqno += int64(step); step == 0 || e.Seqno < before.Seqno {
				return errPacked
			}
		}
		e.Digest = u.digest()
		e.place = before.place + uint64(u.signed())
		e.Size = uint32(u.number(math.MaxUint32))
		e.Flags = WriteSetFlags(u.number(math.MaxUint16))
		e.source = uint16(u.number(math.MaxUint16))
		in.entries = append(in.entries, e)
		before = e
	}
	if u.bad {
		return errPacked
	}
	in.finish()
	*x = in.Index
	return nil
}

// Newest returns an index of the n entries with the highest seqnos, x itself
// if it has no more.
func (x *Index) Newest(n int) *Index {
	if len(x.entries) <= n {
		return x
	}
	in := indexer{}
	in.sources, in.entries = x.sources, x.entries[len(x.entries)-n:]
	in.finish()
	return &in.Index
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

func (p *unpacker) signed() int64 {
	v, n := binary.Varint(p.rest)
	if n <= 0 {
		p.bad, p.rest = true, nil
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

func (p *unpacker) digest() uint64 {
	if len(p.rest) < 8 {
		p.bad, p.rest = true, nil
		return 0
	}
	v := binary.LittleEndian.Uint64(p.rest)
	p.rest = p.rest[8:]
	return v
}
