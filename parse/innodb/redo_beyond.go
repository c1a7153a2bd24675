package innodb

import "context"

const (
	// writtenBlock is the size in which a server writes its log. What stands
	// behind the end in the same block may be left from before.
	writtenBlock = 4096
	// enoughOld is how much of an older lap has to follow the end for a proof
	// that nothing newer does.
	enoughOld = 8 << 20
	// maxAttempts is how many bytes are tried that are neither zero nor part of
	// an older lap.
	maxAttempts = 256 << 20
)

// beyond looks behind the end of the log for records that belong to this lap.
func (s *physScanner) beyond(ctx context.Context) (bool, error) {
	block := (uint64(s.offset(s.lsn))/writtenBlock + 1) * writtenBlock
	border := s.lsn + block - uint64(s.offset(s.lsn))
	old, attempts := 0, 0
	for old < enoughOld && attempts < maxAttempts {
		b := s.bytes()
		if len(b) < maxMtr && s.lsn+uint64(len(b)) < s.limit {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			if _, err := s.more(); err != nil {
				return false, err
			}
			b = s.bytes()
		}
		if len(b) == 0 {
			return false, nil
		}
		if b[0] <= 1 {
			s.skip(leading(b))
			continue
		}
		attempts++
		end := s.plausible(b)
		if end < 0 || !s.sumHolds(b, end) {
			s.skip(1)
			continue
		}
		size := end + 1 + s.nonce + 4
		switch {
		case b[end] != s.ring.bit(s.lsn+uint64(end)):
			old += size
		case s.lsn+uint64(size) > border:
			return true, nil
		}
		s.skip(size)
	}
	return false, nil
}

// leading counts the bytes that no record begins with.
func leading(b []byte) int {
	for i, c := range b {
		if c > 1 {
			return i
		}
	}
	return len(b)
}

// plausible is mtrEnd for bytes that may be anything: it looks at the records
// as well.
func (s *physScanner) plausible(b []byte) int {
	paged := false
	for i := 0; i < len(b); {
		c := b[i]
		if c <= 1 {
			if i == 0 || i+1+s.nonce+4 > len(b) {
				return -1
			}
			return i
		}
		size, head := recordSize(b[i:min(i+6, len(b))])
		if size == 0 || size > MaxPageSize+32 || i+size > len(b) || i > maxMtr {
			return -1
		}
		switch {
		case c&recSame != 0 && paged:
			if c&recType <= recInit || c&recType == recReserved {
				return -1
			}
		case c&recSame != 0:
			switch c &^ recLength {
			case fileCreate, fileDelete, fileRename, fileModify, fileCheckpoint:
			default:
				return -1
			}
		default:
			if c&recType == recReserved {
				return -1
			}
			_, n := varint(b[i+head : i+size])
			if n == 0 {
				return -1
			}
			if _, m := varint(b[i+head+n : i+size]); m == 0 {
				return -1
			}
			paged = true
		}
		i += size
	}
	return -1
}
