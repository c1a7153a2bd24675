package innodb

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// A log of blocks: MySQL, and MariaDB before 10.8. A block has 512 bytes
// (MariaDB 10.5 storage/innobase/include/log0log.h).
const (
	blockNumber   = 0   // u32, LSN/512 + 1 modulo 2^30; the first bit is a flag
	blockLength   = 4   // u16, bytes in use with the header; a full block has 512
	blockFirstMtr = 6   // u16, offset of the first mini-transaction that begins here, 0: none
	blockHeader   = 12  // behind it the payload
	blockSum      = 508 // u32 CRC-32C
	blockPayload  = blockSum - blockHeader

	checkpointLSN    = 8
	checkpointOffset = 16
)

// blocks finds the checkpoint of a log of blocks and looks whether the block
// there is the last one, and has nothing behind the checkpoint (MariaDB
// storage/innobase/log/log0recv.cc recv_log_recover_10_5; MySQL
// storage/innobase/log/log0recv.cc recv_log_recover_pre_8_0_4 looks at the same
// number).
func (l *Log) blocks(files []File, head []byte) (g ring, d *parse.Damage, message string, err error) {
	if l.Format == FormatMySQL8030 {
		return l.numberedFiles(files)
	}
	size := uint64(files[0].Size)
	area := uint64(len(files)) * (size - blockFirst)
	var best, offset uint64
	found := false
	for _, at := range []int{blockSize, 3 * blockSize} {
		b := head[at : at+blockSize]
		no, where := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[checkpointOffset:])
		if !blockHolds(b) || found && no < best || where < blockFirst+blockHeader || where >= size*uint64(len(files)) {
			continue
		}
		best, offset, found = no, where, true
		l.Checkpoint = binary.BigEndian.Uint64(b[checkpointLSN:])
	}
	if !found {
		return g, noCheckpoint(l.File, blockSize, 3*blockSize), fmt.Sprintf("InnoDB: No valid checkpoint was found; the log was created with %s.", l.Creator), nil
	}
	l.CheckpointEnd = l.Checkpoint
	before := blockFirst * (1 + offset/size) // headers of files
	if offset < before || offset-before >= area || l.Checkpoint < offset-before || (l.Checkpoint^offset)%blockSize != 0 {
		return g, &parse.Damage{Span: parse.Span{File: l.File, Offset: blockSize, Length: 2 * blockSize, Field: "redo.checkpoint.offset"}, Kind: parse.BadValue,
			Want: fmt.Sprintf("the place of LSN %d", l.Checkpoint), Got: fmt.Sprint(offset)}, "", nil
	}
	f := files[offset/size]
	g = ring{file: f, start: blockFirst, length: size - blockFirst, lsn: l.Checkpoint - (offset - before)}
	err = l.emptyBehind(f, int64(offset%size))
	return g, nil, "", err
}

func noCheckpoint(file string, first, second int64) *parse.Damage {
	return &parse.Damage{Span: parse.Span{File: file, Offset: first, Length: second - first + 64, Field: "redo.checkpoint"},
		Kind: parse.BadValue, Want: "a checkpoint with a good checksum", Got: "none"}
}

// numberedFiles reads the log of MySQL 8.0.30 and later: files that each begin
// at the LSN in their header (storage/innobase/log/log0files_io.cc). Every file
// has checkpoints; the greatest LSN counts.
func (l *Log) numberedFiles(files []File) (g ring, d *parse.Damage, message string, err error) {
	for _, f := range files {
		if f.Size < blockFirst {
			continue
		}
		head := make([]byte, blockFirst)
		if err := readFull(f, head, 0); err != nil {
			return g, nil, "", err
		}
		for _, at := range []int{blockSize, 3 * blockSize} {
			if b := head[at : at+blockSize]; blockHolds(b) {
				l.Checkpoint = max(l.Checkpoint, binary.BigEndian.Uint64(b[checkpointLSN:]))
			}
		}
	}
	l.CheckpointEnd = l.Checkpoint
	if l.Checkpoint == 0 {
		return g, noCheckpoint(l.File, blockSize, 3*blockSize), "", nil
	}
	for _, f := range files {
		if f.Size <= blockFirst {
			continue
		}
		head := make([]byte, blockSize)
		if err := readFull(f, head, 0); err != nil {
			return g, nil, "", err
		}
		first := binary.BigEndian.Uint64(head[headerLSN:])
		if at := l.Checkpoint - first; blockHolds(head) && l.Checkpoint >= first && at < uint64(f.Size)-blockFirst {
			g = ring{file: f, start: blockFirst, length: uint64(f.Size) - blockFirst, lsn: first}
			return g, nil, "", l.emptyBehind(f, blockFirst+int64(at))
		}
	}
	return g, &parse.Damage{Span: parse.Span{File: l.File, Field: "redo.checkpoint"}, Kind: parse.Truncated,
		Want: fmt.Sprintf("a file with LSN %d", l.Checkpoint), Got: "none"}, "", nil
}

// emptyBehind sets Clean if the log has nothing behind its checkpoint, which
// stands at offset at of f.
func (l *Log) emptyBehind(f File, at int64) error {
	b := make([]byte, blockSize)
	if err := readFull(f, b, at-at%blockSize); err != nil {
		return err
	}
	used := binary.BigEndian.Uint16(b[blockLength:]) &^ 0x8000 // MySQL 8.0 marks encrypted blocks
	l.Clean = blockHolds(b) && int64(used) == at%blockSize && binary.BigEndian.Uint32(b)&^flagEncPHYS == numberOf(l.Checkpoint)
	return nil
}

func blockHolds(b []byte) bool { return crc(b[:blockSum]) == binary.BigEndian.Uint32(b[blockSum:]) }

// numberOf is log_block_convert_lsn_to_no.
func numberOf(lsn uint64) uint32 { return uint32(lsn/blockSize)&0x3fffffff + 1 }

// behind returns the LSN of the byte n bytes of payload behind lsn
// (log0recv.cc recv_calc_lsn_on_data_add).
func behind(lsn uint64, n int) uint64 {
	used := lsn%blockSize - blockHeader
	return lsn + uint64(n) + (uint64(n)+used)/blockPayload*(blockSize-blockPayload)
}

// A blockScanner reads a log of MariaDB 10.5 to 10.7: blocks whose payload is
// mini-transactions, each with a zero byte behind it.
type blockScanner struct {
	raw    *window // in front of the next block
	buf    []byte  // payload that is not used yet
	at     int
	lsn    uint64 // of buf[at]
	read   uint64 // LSN up to which blocks are read
	ended  bool   // no further block
	why    Stop
	resync bool // the next block has to tell where a mini-transaction begins
}

func newBlockScanner(g ring, checkpoint uint64, buf []byte) *blockScanner {
	aligned := checkpoint - checkpoint%blockSize
	s := &blockScanner{raw: newWindow(g, aligned, buf), lsn: checkpoint, read: aligned}
	if checkpoint%blockSize < blockHeader {
		s.lsn = aligned + blockHeader
	}
	return s
}

func (s *blockScanner) stop() (uint64, Stop) { return s.lsn, s.why }

// cut: a file that was cut short ends with a block of another lap behind it,
// as any other does.
func (s *blockScanner) cut() bool { return false }

func (s *blockScanner) next() (m mtr, ok bool, err error) {
	for {
		b := s.buf[s.at:]
		end := blockMtrEnd(b)
		if end >= 0 {
			if m.end = behind(s.lsn, end+1); m.end <= s.read {
				m.start, m.records = s.lsn, b[:end]
				s.at += end + 1
				s.lsn = m.end
				return m, true, nil
			}
		}
		if end < -1 || len(b) > 2*maxMtr {
			s.why = StopShape
			return m, false, nil
		}
		if s.ended {
			return m, false, nil
		}
		if err := s.fill(); err != nil {
			return m, false, err
		}
	}
}

// fill appends the payload of the next blocks.
func (s *blockScanner) fill() error {
	s.buf = append(s.buf[:0], s.buf[s.at:]...)
	s.at = 0
	for range 2048 {
		b, err := s.block()
		if err != nil || s.ended {
			return err
		}
		used := int(binary.BigEndian.Uint16(b[blockLength:]))
		from := blockHeader
		if s.read < s.lsn {
			from = int(s.lsn % blockSize)
		}
		if s.resync {
			first := int(binary.BigEndian.Uint16(b[blockFirstMtr:]))
			if first < blockHeader || first >= blockSum {
				s.read += blockSize
				s.lsn = s.read + blockHeader
				s.raw.skip(blockSize)
				continue
			}
			from, s.resync = first, false
			s.lsn = s.read + uint64(first)
		}
		if to := min(used, blockSum); from < to {
			s.buf = append(s.buf, b[from:to]...)
		}
		s.read += uint64(used)
		s.raw.skip(blockSize)
		if used < blockSize {
			s.ended, s.why = true, StopBlock
			return nil
		}
	}
	return nil
}

// block returns the next block, or ends the log.
func (s *blockScanner) block() ([]byte, error) {
	for len(s.raw.bytes()) < blockSize {
		if grown, err := s.raw.more(); err != nil {
			return nil, err
		} else if !grown {
			s.ended, s.why = true, StopLap
			return nil, nil
		}
	}
	b := s.raw.bytes()[:blockSize]
	used := binary.BigEndian.Uint16(b[blockLength:])
	switch {
	case binary.BigEndian.Uint32(b[blockNumber:])&^flagEncPHYS != numberOf(s.raw.lsn):
		s.ended, s.why = true, StopSequence
	case !blockHolds(b):
		s.ended, s.why = true, StopSum
	case used < blockHeader || used != blockSize && used > blockSum:
		s.ended, s.why = true, StopShape
	}
	return b, nil
}

// blockMtrEnd returns the offset of the zero byte that ends the
// mini-transaction that b begins with, -1 if b is too short, and less if none
// begins there.
func blockMtrEnd(b []byte) int {
	for i := 0; i < len(b); {
		switch b[i] {
		case 0:
			return i
		case 1:
			return -2
		}
		size, _ := recordSize(b[i:min(i+6, len(b))])
		if size == 0 {
			if len(b)-i < 6 {
				return -1
			}
			return -2
		}
		i += size
	}
	return -1
}

// beyond looks for blocks of this lap behind the end.
func (s *blockScanner) beyond(ctx context.Context) (bool, error) {
	if s.why == StopBlock || s.why == StopShape {
		return false, nil
	}
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if len(s.raw.bytes()) < blockSize {
			if grown, err := s.raw.more(); err != nil || !grown {
				return false, err
			}
			continue
		}
		s.raw.skip(blockSize)
		if len(s.raw.bytes()) < blockSize {
			continue
		}
		s.ended = false
		if _, err := s.block(); err != nil {
			return false, err
		}
		if !s.ended {
			s.buf, s.at, s.resync = s.buf[:0], 0, true
			s.read, s.lsn = s.raw.lsn, s.raw.lsn+blockHeader
			return true, nil
		}
	}
}
