package innodb

import "encoding/binary"

// The TRX_SYS page is trxSysPage of the system tablespace (MariaDB
// storage/innobase/include/trx0sys.h).
const (
	trxSysSlots  = offData + 18 // 128 slots of 8 bytes: u32 space id, u32 page number
	rsegCount    = 128
	noPage       = 0xffffffff
	wsrepMagic   = 0x77737265
	trxSysXIDEnd = 4 + xidEnd
)

// rsegPages returns the rollback segments that a TRX_SYS page names; a slot
// that is not in use has the page number noPage.
func rsegPages(page []byte) (out [rsegCount]pageID) {
	for i := range out {
		b := page[trxSysSlots+8*i:]
		out[i] = pageID{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
	}
	return out
}

// trxSysXID reads the XID that MySQL, and MariaDB before 10.3, keep in the
// TRX_SYS page. Its place is relative to the end of the page; with small pages
// the two servers differ (MariaDB 10.2 storage/innobase/include/trx0sys.h
// TRX_SYS_WSREP_XID_INFO, percona/percona-xtradb-cluster the same file).
func trxSysXID(page []byte) (p Position, offset int, ok bool) {
	for _, at := range []int{offData + len(page) - 3500, offData + max(len(page)-3500, 1596)} {
		if b := page[at:]; len(b) >= trxSysXIDEnd && binary.BigEndian.Uint32(b) == wsrepMagic {
			if p, ok := parseXID(b[4:]); ok {
				return p, at, true
			}
		}
	}
	return undefined(), 0, false
}

// A rollback segment header page (MariaDB
// storage/innobase/include/trx0rseg.h).
const (
	rsegFormat = offData      // u32; 0 since 10.3.5, before that the maximum size
	rsegSlots  = offData + 34 // a u32 for each undo log: its first page
)

// rsegXID returns the offset of the XID in a rollback segment header page:
// behind the slots, the greatest transaction number, and offset and name of
// the binary log.
func rsegXID(pageSize int) int { return rsegSlots + 4*(pageSize/16) + 8 + 8 + 512 }

// undoPages returns the first pages of the undo logs of a rollback segment.
func undoPages(page []byte) (out []uint32) {
	for i := range len(page) / 16 {
		if n := binary.BigEndian.Uint32(page[rsegSlots+4*i:]); n != noPage {
			out = append(out, n)
		}
	}
	return out
}

// The header of an undo segment and that of an undo log (trx0undo.h).
const (
	undoState     = undoSegHead     // u16
	undoLast      = undoSegHead + 2 // u16, offset of the header of the last undo log
	undoPrepared  = 5
	undoTrxID     = 0  // u64
	undoXIDExists = 20 // u8
	undoXID       = 46
	undoXIDEnd    = undoXID + xidEnd
)

// undoIsPrepared reports whether the last undo log of the segment belongs to a
// prepared transaction.
func undoIsPrepared(page []byte) bool {
	return binary.BigEndian.Uint16(page[undoState:]) == undoPrepared
}

// preparedXID reads the transaction id and the wsrep XID of a prepared
// transaction from the first page of its undo segment. It returns the offset
// of the XID; ok is false if the transaction has no wsrep XID.
func preparedXID(page []byte) (p Position, trx uint64, offset int, ok bool) {
	h := int(binary.BigEndian.Uint16(page[undoLast:]))
	if h < undoSegEnd || h+undoXIDEnd > len(page)-trailerSize {
		return undefined(), 0, h, false
	}
	trx = binary.BigEndian.Uint64(page[h+undoTrxID:])
	if page[h+undoXIDExists] == 0 {
		return undefined(), trx, h, false
	}
	p, ok = parseXID(page[h+undoXID : h+undoXIDEnd])
	return p, trx, h + undoXID, ok
}
