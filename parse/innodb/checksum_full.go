package innodb

import (
	"encoding/binary"
	"hash/crc32"
)

func castagnoli(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }

func (s Space) check(page []byte, h Header, number uint32) Verdict {
	end := len(page) - 4
	if want, got := castagnoli(page[:end]), binary.BigEndian.Uint32(page[end:]); want != got {
		return Verdict{Header: h, Kind: Bad, Problem: BadSum, Want: want, Got: got}
	}
	if h.Number != number {
		return Verdict{Header: h, Kind: FullCRC32, Problem: Misplaced, Want: number, Got: h.Number}
	}
	return Verdict{Header: h, Kind: FullCRC32}
}
