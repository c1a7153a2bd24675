package innodb

import "encoding/binary"

// learn keeps what the pages to come need: the descriptors of their extents,
// and the place of the doublewrite area.
func (v *Verifier) learn(page []byte, number uint32, verdict Verdict) {
	s := v.result.Space
	if number%uint32(s.Physical) == 0 {
		v.extents = v.extents[:0]
		if verdict.Good() && (verdict.Header.Type == TypeFSPHeader || verdict.Header.Type == TypeXDES) {
			v.extents = append(v.extents, page...)
		}
	}
	if number == trxSysPage && s.ID == 0 {
		v.areas = readDoublewrite(page, s, verdict.Good())
	}
}

// free tells whether the descriptor of a page's extent says that the page is
// not in use. The descriptor may be older than the page; but then the redo log
// has the mini-transaction that took the page and wrote it anew, and nobody
// reads the page before (MariaDB storage/innobase/include/fsp0fsp.h
// XDES_FREE_BIT, extra/innochecksum.cc is_page_free).
func (v *Verifier) free(number uint32) bool {
	s := v.result.Space
	extent := extentPages(s.Logical)
	bit := int(number % extent * 2)
	at := xdesStart + xdesSize(extent)*int(number%uint32(s.Physical)/extent) + xdesBitmap + bit/8
	return at < len(v.extents) && v.extents[at]>>(bit%8)&1 != 0
}

// trxSysPage is the page of the transaction system, in the system tablespace.
const trxSysPage = 5

// doublewrite is where the two halves of the doublewrite area begin, and how
// long each is, in pages.
type doublewrite struct{ first, second, length uint32 }

// readDoublewrite reads the place of the doublewrite area from the transaction
// system page. If that page is damaged, the area is taken to be where every
// server puts it (MariaDB storage/innobase/include/trx0sys.h
// TRX_SYS_DOUBLEWRITE). MySQL 8.0.20 and later have none.
func readDoublewrite(page []byte, s Space, good bool) *doublewrite {
	const (
		fromEnd = 200
		magic   = 536853855
	)
	extent := extentPages(s.Logical)
	if !good {
		return &doublewrite{extent, 2 * extent, extent}
	}
	at := page[len(page)-fromEnd:]
	if binary.BigEndian.Uint32(at[10:]) != magic {
		return nil
	}
	return &doublewrite{binary.BigEndian.Uint32(at[14:]), binary.BigEndian.Uint32(at[18:]), extent}
}

func (d *doublewrite) has(number uint32) bool {
	return d != nil && number > trxSysPage && (number-d.first < d.length || number-d.second < d.length)
}

// copied notes a page of the doublewrite area. Its tablespace may have another
// format than this one.
func (v *Verifier) copied(page []byte, offset int64) {
	h, ok := ParseHeader(page)
	if !ok || isZero(page) {
		return
	}
	good := false
	for _, s := range formats(len(page)) {
		s.ID = h.SpaceID
		verdict := s.Check(page[:s.Physical], h.Number)
		good = good || verdict.Good() && verdict.Kind != NoSum
	}
	v.result.Copies = append(v.result.Copies, PageCopy{h.SpaceID, h.Number, h.LSN, offset, good})
}
