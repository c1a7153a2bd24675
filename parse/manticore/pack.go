package manticore

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// errPacked says that bytes are not what Digests.MarshalJSON writes.
var errPacked = errors.New("packed digests are damaged")

// packedDigests is the JSON form of Digests.
type packedDigests struct {
	Step uint64
	// Base64 has for each digest, in the order of the transactions: the
	// transaction, size and checksum, little endian, and one byte for Data.
	Base64 []byte
}

// packedDigest is the size of one digest in bytes.
const packedDigest = 8 + 4 + 4 + 1

// MarshalJSON implements json.Marshaler.
func (d Digests) MarshalJSON() ([]byte, error) {
	p := packedDigests{d.Step, make([]byte, 0, packedDigest*len(d.byID))}
	for _, tid := range slices.Sorted(maps.Keys(d.byID)) {
		x := d.byID[tid]
		p.Base64 = binary.LittleEndian.AppendUint64(p.Base64, tid)
		p.Base64 = binary.LittleEndian.AppendUint32(p.Base64, x.Size)
		p.Base64 = binary.LittleEndian.AppendUint32(p.Base64, x.CRC)
		data := byte(0)
		if x.Data {
			data = 1
		}
		p.Base64 = append(p.Base64, data)
	}
	return json.Marshal(p)
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Digests) UnmarshalJSON(data []byte) error {
	var p packedDigests
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	n := len(p.Base64) / packedDigest
	if len(p.Base64)%packedDigest != 0 || n > maxDigests || n > 0 && p.Step&(p.Step-1) != 0 || n > 0 && p.Step == 0 {
		return errPacked
	}
	*d = Digests{Step: p.Step}
	if n > 0 {
		d.byID = make(map[uint64]Digest, n)
	}
	for b := p.Base64; len(b) > 0; b = b[packedDigest:] {
		d.byID[binary.LittleEndian.Uint64(b)] = Digest{Size: binary.LittleEndian.Uint32(b[8:]), CRC: binary.LittleEndian.Uint32(b[12:]), Data: b[16] != 0}
	}
	return nil
}
