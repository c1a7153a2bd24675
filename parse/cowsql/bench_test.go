package cowsql

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// commandSegment is a segment of frames commands of 4 KiB to 12 KiB, one a
// batch, as a leader writes it.
func commandSegment(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := binary.LittleEndian.AppendUint64(nil, 1)
	for {
		pages := 1 + r.IntN(3)
		payload := []byte{1, 2, 0, 0, 0, 0, 0, 0, 'd', 'e', 'm', 'o', 0, 0, 0, 0}
		payload = binary.LittleEndian.AppendUint64(payload, 0)
		payload = append(payload, 0, 0, 0, 0, 1, 0, 0, 0)
		payload = binary.LittleEndian.AppendUint32(payload, uint32(pages))
		payload = append(payload, 0, 0x10, 0, 0)
		for i := range pages {
			payload = binary.LittleEndian.AppendUint64(payload, uint64(i+1))
		}
		for range pages * 4096 / 8 {
			payload = binary.LittleEndian.AppendUint64(payload, r.Uint64())
		}
		if len(out)+32+len(payload) > size {
			return out
		}
		header := binary.LittleEndian.AppendUint64(nil, 1)
		header = binary.LittleEndian.AppendUint64(header, 3)
		header = append(header, byte(Command), 0, 0, 0)
		header = binary.LittleEndian.AppendUint32(header, uint32(len(payload)))
		out = binary.LittleEndian.AppendUint32(out, slowCRC(0, header))
		out = binary.LittleEndian.AppendUint32(out, slowCRC(0, payload))
		out = append(append(out, header...), payload...)
	}
}

func BenchmarkReadSegment(b *testing.B) {
	segment := commandSegment(8 << 20)
	b.SetBytes(int64(len(segment)))
	b.ReportAllocs()
	for b.Loop() {
		r := bytes.NewReader(segment)
		s, err := ReadSegment(r, r, "segment", int64(len(segment)))
		if err != nil || s.Damage != nil || s.Commands["demo"] != s.Len() {
			b.Fatal(err, s.Damage, s.Commands)
		}
	}
}
