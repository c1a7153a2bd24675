package manticore

import (
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// Magic numbers of the transaction log (src/binlog.cpp, BINLOG_…_MAGIC).
const (
	LogMagic     = 0x4c425053 // "SPBL", also of the shared memory of clusters
	LogMetaMagic = 0x494c5053 // "SPLI"
	recordMagic  = 0x214e5854 // "TXN!"
)

// LogVersion is the newest version of the transaction log that is known here:
// 16 since 27.1.1, 15 since 7.0.0, 14 with 6.2, 12 with 5.0.
const LogVersion = 16

// BinlogMetaMaxSize is how much of a binlog.meta is read.
const BinlogMetaMaxSize = 1 << 20

// A BinlogMeta is the list of active log files (src/binlog.cpp
// Binlog_c::LoadMeta, DoSaveMeta). A file that is not listed is not replayed.
type BinlogMeta struct {
	Version uint32
	Digits  uint8    // width of the number in a log's name; 1 in versions before 15
	Files   []uint64 // numbers of the active logs, in the order of their replay
	End     int64
	Damage  *parse.Damage
}

// ParseBinlogMeta parses a binlog.meta of size bytes, of which buf holds the
// first BinlogMetaMaxSize.
func ParseBinlogMeta(file string, buf []byte, size int64) *BinlogMeta {
	m := &BinlogMeta{}
	c := parse.NewCursor(file, "", 0, buf)
	magic := c.U32("magic")
	if c.OK() && magic != LogMetaMagic {
		c.FailAt("magic", parse.BadMagic, 0, 4, fmt.Sprintf("%#08x", LogMetaMagic), fmt.Sprintf("%#08x", magic))
	}
	m.Version = c.U32("version")
	if c.OK() && (m.Version < 2 || m.Version > LogVersion) {
		c.FailAt("version", parse.BadVersion, 4, 4, fmt.Sprintf("2 to %d", LogVersion), fmt.Sprint(m.Version))
	}
	m.Digits = c.U8("digits")
	n := varint(c, "count")
	for i := uint64(0); c.OK() && i < n; i++ {
		number := varint(c, fmt.Sprintf("file[%d]", i))
		if c.OK() {
			m.Files = append(m.Files, number)
		}
	}
	m.End = c.Offset()
	if c.OK() && size > m.End {
		c.Fail("end", parse.Trailing, size-m.End, "the end of the file", fmt.Sprintf("%d more bytes", size-m.End))
	}
	m.Damage = c.Damage()
	return m
}

// varint reads a number in groups of seven bits, the most significant first
// (src/std/zip_impl.h ZipValueBE).
func varint(c *parse.Cursor, field string) uint64 {
	at := c.Offset()
	var v uint64
	for range 10 {
		b := c.U8(field)
		v = v<<7 | uint64(b&0x7f)
		if b < 0x80 {
			return v
		}
	}
	c.FailAt(field, parse.BadValue, at, c.Offset()-at, "at most ten bytes", "more")
	return 0
}
