package cowsql

import "encoding/binary"

// BatchHeader returns the 32 bytes in front of the payload of a batch that
// holds one entry: both checksums, the count, and the entry's term, type and
// size. The payload's checksum is that of the entry.
func BatchHeader(e Entry) []byte {
	out := make([]byte, 8, 32)
	out = binary.LittleEndian.AppendUint64(out, 1)
	out = binary.LittleEndian.AppendUint64(out, e.Term)
	out = append(out, byte(e.Type), 0, 0, 0)
	out = binary.LittleEndian.AppendUint32(out, e.Size)
	binary.LittleEndian.PutUint32(out, CRC(0, out[8:]))
	binary.LittleEndian.PutUint32(out[4:], e.CRC)
	return out
}

// EncodeSegment returns a segment with one entry in one batch.
func EncodeSegment(term uint64, t EntryType, payload []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, 1)
	out = append(out, BatchHeader(Entry{Term: term, Type: t, Size: uint32(len(payload)), CRC: CRC(0, payload)})...)
	return append(out, payload...)
}
