package innodb

import (
	"context"
	"encoding/binary"
	"hash/crc32"
)

// An mtr is a mini-transaction: changes that are in the log altogether or not
// at all.
type mtr struct {
	start, end uint64 // LSN of the first byte, and of the one behind the last
	records    []byte // shares the window
}

// A scanner goes through a log, one mini-transaction after the other.
type scanner interface {
	// next returns the next mini-transaction, which is valid until the next
	// call. It returns false at the end of the log; stop tells why.
	next() (mtr, bool, error)
	// stop tells where the log ends and why.
	stop() (lsn uint64, why Stop)
	// cut reports whether the records at the end run over the end of the file.
	// A ring that was cut short ends so, and hardly any other.
	cut() bool
	// beyond looks for mini-transactions behind the end, which only damage can
	// have separated from it, and goes on with them. It reports whether there
	// are any.
	beyond(ctx context.Context) (bool, error)
}

// A physScanner reads a log of MariaDB 10.8 and later: mini-transactions
// without anything between them, each with a byte that tells the lap and a
// CRC-32C (storage/innobase/log/log0recv.cc log_parse_start).
type physScanner struct {
	*window
	nonce int // 8 bytes with encryption
	why   Stop
	flip  uint64 // LSN at which the sequence bit is another
	bit   byte
}

func newPhysScanner(g ring, lsn uint64, encrypted bool, buf []byte) *physScanner {
	s := &physScanner{window: newWindow(g, lsn, buf)}
	if encrypted {
		s.nonce = 8
	}
	return s
}

func (s *physScanner) stop() (uint64, Stop) { return s.lsn, s.why }

func (s *physScanner) next() (m mtr, ok bool, err error) {
	for {
		b := s.bytes()
		end, more := mtrEnd(b)
		tail := end + 1 + s.nonce + 4
		if !more && end >= 0 && tail > len(b) {
			more = true
		}
		if more {
			grown, err := s.more()
			if err != nil {
				return m, false, err
			}
			if grown {
				continue
			}
			s.why = StopLap
			if len(s.bytes()) > 0 {
				s.why = StopShape
			}
			return m, false, nil
		}
		if s.why = s.judge(b, end); s.why != StopNone {
			return m, false, nil
		}
		m = mtr{start: s.lsn, end: s.lsn + uint64(tail), records: b[:end]}
		s.skip(tail)
		return m, true, nil
	}
}

func (s *physScanner) cut() bool {
	b := s.bytes()
	left := uint64(s.start) + s.length - uint64(s.offset(s.lsn))
	if uint64(len(b)) <= left {
		return false // nothing was read behind the end of the file
	}
	end, more := mtrEnd(b[:left])
	return more || end >= 0 && end+1+s.nonce+4 > int(left)
}

// judge says what keeps the bytes from being a mini-transaction that ends at
// end.
func (s *physScanner) judge(b []byte, end int) Stop {
	switch {
	case end < 0 && len(b) > 0 && b[0] <= 1:
		return StopZero
	case end < 0:
		return StopShape
	case b[end] != s.sequence(s.lsn+uint64(end)):
		return StopSequence
	case !s.sumHolds(b, end):
		return StopSum
	}
	return StopNone
}

// sequence is ring.bit without a division for each mini-transaction.
func (s *physScanner) sequence(lsn uint64) byte {
	if lsn >= s.flip || s.flip-lsn > s.length {
		s.bit = s.ring.bit(lsn)
		s.flip = s.ring.lsn + ((lsn-s.ring.lsn)/s.length+1)*s.length
	}
	return s.bit
}

// sumHolds checks the CRC-32C of everything before the end byte and of the
// nonce behind it.
func (s *physScanner) sumHolds(b []byte, end int) bool {
	sum := crc(b[:end])
	at := end + 1 + s.nonce
	if s.nonce > 0 {
		sum = crc32.Update(sum, castagnoli, b[end+1:at])
	}
	return sum == binary.BigEndian.Uint32(b[at:])
}
