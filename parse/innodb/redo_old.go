package innodb

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// oldBlocks finds the checkpoint of a log from before MySQL 5.7.9 and MariaDB
// 10.2.2, and looks whether anything stands behind it (MariaDB
// storage/innobase/log/log0recv.cc recv_log_recover_pre_10_2).
func (l *Log) oldBlocks(files []File, head []byte) (*parse.Damage, string, error) {
	const (
		firstSum   = 288 // of what stands before it
		secondSum  = 292 // of the LSN and what follows
		offsetLow  = 16
		offsetHigh = 304
	)
	size := uint64(files[0].Size)
	var best, offset uint64
	found := false
	for _, at := range []int{blockSize, 3 * blockSize} {
		b := head[at : at+blockSize]
		if fold(b[:firstSum]) != binary.BigEndian.Uint32(b[firstSum:]) ||
			fold(b[checkpointLSN:secondSum]) != binary.BigEndian.Uint32(b[secondSum:]) {
			continue
		}
		no := binary.BigEndian.Uint64(b)
		where := uint64(binary.BigEndian.Uint32(b[offsetHigh:]))<<32 | uint64(binary.BigEndian.Uint32(b[offsetLow:]))
		if found && no < best || where < blockFirst+blockHeader || where >= size*uint64(len(files)) {
			continue
		}
		best, offset, found = no, where, true
		l.Checkpoint = binary.BigEndian.Uint64(b[checkpointLSN:])
	}
	l.CheckpointEnd = l.Checkpoint
	if l.Checkpoint == 0 {
		return noCheckpoint(l.File, blockSize, 3*blockSize), "InnoDB: Upgrade after a crash is not supported. This redo log was created before MariaDB 10.2.2," +
			" and we did not find a valid checkpoint. Please follow the instructions at" +
			" https://mariadb.com/docs/server/server-management/install-and-upgrade-mariadb/upgrading", nil
	}
	f := files[offset/size]
	at := int64(offset % size)
	b := make([]byte, blockSize)
	if err := readFull(f, b, at-at%blockSize); err != nil {
		return nil, "", fmt.Errorf("read %s: %w", f.Name, err)
	}
	l.Clean = oldBlockSum(b) == binary.BigEndian.Uint32(b[blockSum:]) && int64(binary.BigEndian.Uint16(b[blockLength:])) == at%blockSize
	return nil, "", nil
}

// oldBlockSum is log_block_calc_checksum_format_0.
func oldBlockSum(b []byte) uint32 {
	sum, shift := uint32(1), 0
	for _, c := range b[:blockSum] {
		sum &= 0x7fffffff
		sum += uint32(c) << shift
		sum += uint32(c)
		if shift++; shift > 24 {
			shift = 0
		}
	}
	return sum
}
