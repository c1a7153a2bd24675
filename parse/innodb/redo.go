package innodb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// A File is one file of a data directory.
type File struct {
	Name string // path relative to the data directory, slash separated
	At   io.ReaderAt
	Size int64 // bytes
}

// A Format says which servers write a redo log and how.
type Format string

// The formats of redo logs (MariaDB storage/innobase/include/log0log.h
// log_t::FORMAT_*, MySQL storage/innobase/include/log0types.h
// Log_format).
const (
	FormatNone      Format = ""                   // no log, or an empty one
	FormatUnknown   Format = "unknown"            // a number that no server is known to write
	Format3         Format = "before 10.2"        // MySQL before 5.7.9, MariaDB before 10.2.2
	FormatMySQL57   Format = "MySQL 5.7"          // also MariaDB 10.2.2 to 10.2
	FormatMariaDB3  Format = "MariaDB 10.3"       //
	FormatMariaDB4  Format = "MariaDB 10.4"       //
	FormatMySQL8    Format = "MySQL 8.0"          // 8.0.1 to 8.0.29: ib_logfile0, ib_logfile1
	FormatMySQL8030 Format = "MySQL 8.0.30"       // and later: #innodb_redo/#ib_redoN
	FormatPHYS      Format = "MariaDB 10.5"       // to 10.7: physical records in blocks of 512 bytes
	FormatPhys      Format = "MariaDB 10.8"       // and later: physical records without blocks
	FormatPhysEnc11 Format = "MariaDB 11 encrypt" // late 10.11 and later, with innodb_encrypt_log=ON
)

// Applied reports whether the records of the format can be carried out here.
func (f Format) Applied() bool { return f == FormatPhys || f == FormatPHYS }

// Numbers that the formats begin with; all are big-endian.
const (
	magicPhys    = 0x50687973
	magicPHYS    = 0x50485953
	magicEnc11   = 0xf09f979d
	flagEncPHYS  = 1 << 31
	physFirst    = 12288 // file offset of the first LSN
	physBlock1   = 4096
	physBlock2   = 8192
	blockFirst   = 2048 // the same for logs of blocks
	blockSize    = 512
	minPhysLog   = physFirst + 16
	headerFormat = 0
	headerPad    = 4
	headerLSN    = 8
	headerMaker  = 16
	headerMakerN = 48
	headerSum    = 508
)

// A Log is what the redo log says about itself and about its end.
type Log struct {
	File      string // the first file
	Files     int
	Size      int64 // bytes of all files
	Format    Format
	Number    uint32 // the format as it stands in the header
	Creator   string // such as "MariaDB 10.11.19"
	Encrypted bool

	First         uint64 // LSN of the first byte behind the headers
	Checkpoint    uint64 // LSN of the checkpoint that a start would use, 0: none
	CheckpointEnd uint64 // where the record of that checkpoint stands; equal to Checkpoint unless names of files stand between
	End           uint64 // "End of log at LSN=", 0 if the log was not read so far
	Confirmed     bool   // FILE_CHECKPOINT of the checkpoint is there
	Clean         bool   // nothing to apply: the server was shut down, or had nothing left to write

	Mtrs  int64 // mini-transactions behind the checkpoint
	Bytes int64 // that they take
	Stop  Stop
}

// A Stop says why a log ends where it ends.
type Stop string

// The ends of a log. The server does not tell them apart.
const (
	StopNone     Stop = ""            // the log was not read
	StopZero     Stop = "no record"   // a byte that begins no mini-transaction
	StopSequence Stop = "old records" // the sequence bit is that of another lap
	StopSum      Stop = "checksum"    // of a mini-transaction or block
	StopShape    Stop = "no end"      // records without an end
	StopLap      Stop = "full"        // the whole ring was read
	StopBlock    Stop = "last block"  // a block that is not full
)

// readLog reads the headers of a redo log. The log is the files in the order
// ib_logfile0, ib_logfile1, or the #ib_redo files.
func readLog(files []File) (l Log, geometry ring, problem *parse.Damage, message string, err error) {
	if len(files) == 0 {
		return l, geometry, nil, "InnoDB: File ./ib_logfile0 was not found", nil
	}
	f := files[0]
	l = Log{File: f.Name, Files: len(files)}
	for _, f := range files {
		l.Size += f.Size
	}
	if f.Size == 0 {
		return l, geometry, &parse.Damage{Span: parse.Span{File: f.Name, Field: "redo"}, Kind: parse.Truncated, Want: "a redo log", Got: "0 bytes"}, "", nil
	}
	head := make([]byte, min(f.Size, physFirst))
	if err := readFull(f, head, 0); err != nil {
		return l, geometry, nil, "", err
	}
	if len(head) >= blockSize {
		l.Number = binary.BigEndian.Uint32(head[headerFormat:])
		l.First = binary.BigEndian.Uint64(head[headerLSN:])
		l.Creator = text(head[headerMaker:headerMakerN])
		l.Format, l.Encrypted = formatOf(l.Number, head)
	}
	if f.Size < minPhysLog {
		message = fmt.Sprintf("InnoDB: File ./%s is too small", f.Name)
		if l.Format == FormatPhys || len(head) < blockFirst {
			return l, geometry, &parse.Damage{Span: parse.Span{File: f.Name, Length: f.Size, Field: "redo"}, Kind: parse.Truncated,
				Want: fmt.Sprintf("%d bytes", minPhysLog), Got: fmt.Sprintf("%d", f.Size)}, message, nil
		}
	}
	for _, g := range files[1:] {
		if g.Size != f.Size && l.Format != FormatMySQL8030 {
			message = fmt.Sprintf("InnoDB: Log file ./%s is of different size %d bytes than other log files %d bytes!", g.Name, g.Size, f.Size)
		}
	}
	problem, late := l.check(head)
	if message == "" {
		message = late
	}
	if problem != nil {
		return l, geometry, problem, message, nil
	}
	switch l.Format {
	case FormatPhys, FormatPhysEnc11:
		geometry, problem, late = l.physical(f, head)
	case FormatUnknown:
	case Format3:
		problem, late, err = l.oldBlocks(files, head)
	default:
		geometry, problem, late, err = l.blocks(files, head)
	}
	if message == "" {
		message = late
	}
	return l, geometry, problem, message, err
}

func formatOf(number uint32, head []byte) (f Format, encrypted bool) {
	switch number {
	case magicPhys:
		return FormatPhys, binary.BigEndian.Uint32(head[headerMakerN:]) != 0
	case magicEnc11:
		return FormatPhysEnc11, true
	}
	encrypted = number&flagEncPHYS != 0
	switch number &^ flagEncPHYS {
	case magicPHYS:
		return FormatPHYS, encrypted
	case 0:
		return Format3, false
	case 1:
		return FormatMySQL57, encrypted
	case 2, 3, 4, 5:
		return FormatMySQL8, encrypted
	case 6:
		return FormatMySQL8030, encrypted
	case 103:
		return FormatMariaDB3, encrypted
	case 104:
		return FormatMariaDB4, encrypted
	}
	return FormatUnknown, false
}

// check looks at the header block in the order in which
// recv_sys_t::find_checkpoint does (MariaDB storage/innobase/log/log0recv.cc).
func (l *Log) check(head []byte) (*parse.Damage, string) {
	if l.Format == Format3 {
		return nil, "" // had no checksum
	}
	want, got := crc(head[:headerSum]), binary.BigEndian.Uint32(head[headerSum:])
	if want != got {
		return &parse.Damage{Span: parse.Span{File: l.File, Offset: headerSum, Length: 4, Field: "redo.header.crc32c"}, Kind: parse.BadChecksum,
			Want: fmt.Sprintf("%08x", want), Got: fmt.Sprintf("%08x", got)}, "InnoDB: Invalid log header checksum"
	}
	switch l.Format {
	case FormatUnknown:
		return &parse.Damage{Span: parse.Span{File: l.File, Length: 4, Field: "redo.header.format"}, Kind: parse.BadVersion,
				Want: "a known format", Got: fmt.Sprintf("%#08x", l.Number)},
			fmt.Sprintf("InnoDB: Unsupported redo log format. The redo log was created with %s.", l.Creator)
	case FormatPhys, FormatPhysEnc11:
		if l.Files != 1 {
			return nil, "InnoDB: Expecting only ib_logfile0"
		}
		if pad := binary.BigEndian.Uint32(head[headerPad:]); pad != 0 || l.First < physFirst {
			return &parse.Damage{Span: parse.Span{File: l.File, Offset: headerPad, Length: 12, Field: "redo.header.first-lsn"}, Kind: parse.BadValue,
					Want: fmt.Sprintf("0 and at least %d", physFirst), Got: fmt.Sprintf("%d and %d", pad, l.First)},
				fmt.Sprintf("InnoDB: Invalid ib_logfile0 header block; the log was created with %s.", l.Creator)
		}
	case FormatPHYS:
		if l.Files != 1 {
			return nil, "InnoDB: Expecting only ib_logfile0"
		}
	}
	return nil, ""
}

// physical finds the checkpoint of a log of MariaDB 10.8 and later.
func (l *Log) physical(f File, head []byte) (ring, *parse.Damage, string) {
	found := false
	for _, at := range []int{physBlock1, physBlock2} {
		b := head[at : at+64]
		lsn, end := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		if lsn < l.First || end < lsn || !isZero(b[16:60]) || crc(b[:60]) != binary.BigEndian.Uint32(b[60:]) {
			continue
		}
		if lsn >= l.Checkpoint {
			l.Checkpoint, l.CheckpointEnd, found = lsn, end, true
		}
	}
	if !found {
		return ring{}, noCheckpoint(f.Name, physBlock1, physBlock2),
			fmt.Sprintf("InnoDB: No valid checkpoint was found; the log was created with %s.", l.Creator)
	}
	g := ring{file: f, start: physFirst, length: uint64(f.Size - physFirst), lsn: l.First}
	if l.CheckpointEnd-l.Checkpoint > g.length {
		return ring{}, &parse.Damage{Span: parse.Span{File: f.Name, Offset: physBlock1, Length: physBlock2 + 64 - physBlock1, Field: "redo.checkpoint.end-lsn"},
			Kind: parse.BadValue, Want: fmt.Sprintf("at most %d bytes behind %d", g.length, l.Checkpoint), Got: fmt.Sprint(l.CheckpointEnd)}, ""
	}
	return g, nil, ""
}

// A ring is the part of a log file that is written over and over.
type ring struct {
	file   File
	start  int64  // file offset of its first byte
	length uint64 // bytes
	lsn    uint64 // LSN of the byte at start, some lap ago
}

// offset returns where in the file an LSN stands.
func (g ring) offset(lsn uint64) int64 { return g.start + int64((lsn-g.lsn)%g.length) }

// bit returns the sequence bit of an LSN (include/log0log.h
// log_t::get_sequence_bit).
func (g ring) bit(lsn uint64) byte { return byte((lsn-g.lsn)/g.length&1) ^ 1 }

// readFull reads len(p) bytes at offset at. A file that is shorter than its
// announced size is read as zero bytes behind its end.
func readFull(f File, p []byte, at int64) error {
	n, err := f.At.ReadAt(p, at)
	if n < len(p) && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		clear(p[n:])
		return nil
	}
	if n == len(p) {
		return nil
	}
	return err
}

// text returns what stands before the first NUL byte.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
