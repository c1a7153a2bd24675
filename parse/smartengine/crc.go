package smartengine

import "hash/crc32"

// castagnoli is the table of CRC-32C.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// mask turns a CRC-32C into the form that is stored (util/crc32c.h Mask).
func mask(c uint32) uint32 { return (c>>15 | c<<17) + 0xa282ead8 }

// Checksum returns the masked CRC-32C of b, as blocks have it in their handles.
func Checksum(b []byte) uint32 { return mask(crc32.Checksum(b, castagnoli)) }

// RecordChecksum returns the checksum of a log record, which every one of its
// fragments repeats. The first 6 bytes of a record longer than 8 are not in it
// (db/log_writer.h calculate_crc).
func RecordChecksum(b []byte) uint32 {
	if len(b) > 8 {
		b = b[6:]
	}
	return Checksum(b)
}
