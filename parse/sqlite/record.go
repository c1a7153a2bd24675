package sqlite

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// readRecord decodes at most limit values of a record: nil, int64, float64,
// string or []byte. Values behind the first that does not fit are missing, and
// ok is false (sqlite/sqlite src/vdbeaux.c sqlite3VdbeSerialGet).
func readRecord(b []byte, limit int, e Encoding) (values []any, ok bool) {
	size, n := varint(b)
	if n == 0 || size < uint64(n) || size > uint64(len(b)) {
		return nil, false
	}
	types, body := b[n:size], b[size:]
	for len(types) > 0 && len(values) < limit {
		serial, n := varint(types)
		if n == 0 {
			return values, false
		}
		types = types[n:]
		length := serialSize(serial)
		if length > uint64(len(body)) {
			return values, false
		}
		v, ok := serialValue(serial, body[:length], e)
		if !ok {
			return values, false
		}
		values, body = append(values, v), body[length:]
	}
	return values, true
}

// serialSize returns the bytes that a value of a serial type takes.
func serialSize(serial uint64) uint64 {
	switch {
	case serial >= 12:
		return (serial - 12) / 2
	case serial >= 8:
		return 0
	case serial == 7:
		return 8
	case serial == 6:
		return 8
	case serial == 5:
		return 6
	}
	return serial
}

// serialValue decodes a value; ok is false for the reserved types 10 and 11.
func serialValue(serial uint64, b []byte, e Encoding) (v any, ok bool) {
	switch serial {
	case 0:
		return nil, true
	case 1, 2, 3, 4, 5, 6:
		n := int64(int8(b[0]))
		for _, c := range b[1:] {
			n = n<<8 | int64(c)
		}
		return n, true
	case 7:
		f := math.Float64frombits(binary.BigEndian.Uint64(b))
		if math.IsNaN(f) {
			return nil, true // as SQLite reads it
		}
		return f, true
	case 8:
		return int64(0), true
	case 9:
		return int64(1), true
	case 10, 11:
		return nil, false
	}
	if serial%2 == 0 {
		return append([]byte{}, b...), true
	}
	return decodeText(b, e), true
}

// decodeText turns text of a database into UTF-8. An odd last byte of UTF-16
// is dropped, as SQLite does.
func decodeText(b []byte, e Encoding) string {
	var order binary.ByteOrder = binary.LittleEndian
	switch e {
	case UTF16LE:
	case UTF16BE:
		order = binary.BigEndian
	default:
		return string(b)
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
