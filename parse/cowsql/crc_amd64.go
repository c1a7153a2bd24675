package cowsql

import "golang.org/x/sys/cpu"

// foldCRC returns the CRC of p, whose length is a multiple of 16 and not 0,
// by carry-less multiplication: four registers of 128 bits each are moved on
// by 64 bytes at a time, put together and reduced. It needs PCLMULQDQ and SSSE3.
//
//go:noescape
func foldCRC(crc uint32, p []byte) uint32

// blockCRC consumes as many whole blocks from the start of p as the processor
// helps with.
func blockCRC(crc uint32, p []byte) (uint32, []byte) {
	if n := len(p) &^ 15; n > 0 && cpu.X86.HasPCLMULQDQ && cpu.X86.HasSSSE3 {
		return foldCRC(crc, p[:n]), p[n:]
	}
	return crc, p
}
