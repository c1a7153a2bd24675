package innodb

import "hash/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func crc(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// classicCRC is buf_calc_page_crc32 of MariaDB storage/innobase/buf/buf0checksum.cc:
// everything but the checksums and bytes 26 to 37, in two runs that are
// combined by exclusive or.
func classicCRC(page []byte) uint32 {
	return crc(page[offNumber:offKeyVersion]) ^ crc(page[offData:len(page)-trailerSize])
}

// zipCRC is page_zip_calc_checksum of MariaDB storage/innobase/page/page0zip.cc:
// everything but the checksum, the LSN and bytes 26 to 33.
func zipCRC(page []byte) uint32 {
	return crc(page[offNumber:offLSN]) ^ crc(page[offType:offKeyVersion]) ^ crc(page[offSpaceID:])
}

// zipAdler is the same function with Adler-32, which starts at 0 here and not
// at 1, as hash/adler32 does.
func zipAdler(page []byte) uint32 {
	var a, b uint32
	for _, run := range [][]byte{page[offNumber:offLSN], page[offType:offKeyVersion], page[offSpaceID:]} {
		for len(run) > 0 {
			n := min(len(run), 4096) // no overflow of 32 bits within
			for _, x := range run[:n] {
				a += uint32(x)
				b += a
			}
			a, b, run = a%65521, b%65521, run[n:]
		}
	}
	return b<<16 | a
}

// foldNew is buf_calc_page_new_checksum, the checksum at offset 0 with
// innodb_checksum_algorithm=innodb.
func foldNew(page []byte) uint32 {
	return fold(page[offNumber:offKeyVersion]) + fold(page[offData:len(page)-trailerSize])
}

// foldOld is buf_calc_page_old_checksum, the one in the trailer. It covers the
// other one, and little else.
func foldOld(page []byte) uint32 { return fold(page[:offKeyVersion]) }

// fold is ut_fold_binary of MariaDB storage/innobase/include/ut0rnd.h. Nothing
// moves down from the upper half of its 64 bits, so that 32 are enough.
func fold(p []byte) (f uint32) {
	const mask, mask2 = 1463735687, 1653893711
	for _, b := range p {
		n := uint32(b)
		f = ((f^n^mask2)<<8 + f) ^ mask + n
	}
	return f
}
