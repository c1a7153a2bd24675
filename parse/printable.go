package parse

import "encoding/binary"

// ASCII returns the eight bytes of a little-endian number as text if all of
// them are printable ASCII: a count that really is text shows that foreign
// content was written over the file (canonical/microk8s issue 2997).
func ASCII(n uint64) (string, bool) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	for _, c := range b {
		if c != '\n' && c != '\t' && (c < 0x20 || c > 0x7e) {
			return "", false
		}
	}
	return string(b[:]), true
}
