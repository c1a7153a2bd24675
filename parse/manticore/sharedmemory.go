package manticore

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// SharedMemoryMaxSize is how much of a shared memory file is read. It has
// 1024 bytes and grows with the number of clusters.
const SharedMemoryMaxSize = 1 << 20

// A SharedMemory is a copy of /dev/shm/mcrpl_…: the last committed position
// of each cluster of a node (src/replication/cluster_binlog.cpp). The server
// removes it when it stops cleanly.
type SharedMemory struct {
	File     string
	Version  uint32
	Clusters []Committed
	Damage   *parse.Damage // any damage makes the server ignore and remove the file
}

// Committed is the position of one cluster.
type Committed struct {
	Name  string
	UUID  string // zero if the entry was invalidated, so that the node takes a full state transfer
	Seqno int64
	Span  parse.Span // of the seqno, which is patched in place
}

// SharedMemoryName returns the name that a node with that data_dir gives its
// file. dataDir is the text of the configuration, with or without a slash at
// its end (cluster_binlog.cpp GetFileName).
func SharedMemoryName(dataDir string) string {
	sum := sha1.Sum([]byte(dataDir))
	return "mcrpl_" + hex.EncodeToString(sum[:])[:20]
}

// IsSharedMemory reports whether a file name is that of a cluster position.
func IsSharedMemory(name string) bool {
	digits, ok := strings.CutPrefix(name, "mcrpl_")
	return ok && len(digits) == 20 && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

// ParseSharedMemory parses a copy of the shared memory.
func ParseSharedMemory(file string, buf []byte) *SharedMemory {
	s := &SharedMemory{File: file}
	c := parse.NewCursor(file, "", 0, buf)
	magic := c.U32("magic")
	if c.OK() && magic != LogMagic {
		c.FailAt("magic", parse.BadMagic, 0, 4, fmt.Sprintf("%#08x", LogMagic), fmt.Sprintf("%#08x", magic))
	}
	s.Version = c.U32("version")
	if c.OK() && s.Version != 1 {
		c.FailAt("version", parse.BadVersion, 4, 4, "1", fmt.Sprint(s.Version))
	}
	n := leb128(c, "clusters")
	for i := uint64(0); c.OK() && i < n; i++ {
		field := fmt.Sprintf("cluster[%d]", i)
		name := c.Bytes(field+".name", int64(c.U32(field+".name-length")))
		uuid := c.Bytes(field+".uuid", 16)
		at := c.Offset()
		seqno := c.U64(field + ".seqno")
		if c.OK() {
			s.Clusters = append(s.Clusters, Committed{
				Name: string(name), UUID: uuidText(uuid), Seqno: int64(seqno),
				Span: parse.Span{File: file, Offset: at, Length: 8, Field: field + ".seqno"},
			})
		}
	}
	s.Damage = c.Damage()
	return s
}

// leb128 reads a number in groups of seven bits, the least significant first.
func leb128(c *parse.Cursor, field string) uint64 {
	at := c.Offset()
	var buf []byte
	for range binary.MaxVarintLen64 {
		b := c.U8(field)
		if buf = append(buf, b); b < 0x80 {
			v, _ := binary.Uvarint(buf)
			return v
		}
	}
	c.FailAt(field, parse.BadValue, at, c.Offset()-at, "at most ten bytes", "more")
	return 0
}

// uuidText writes 16 bytes in the order of the text.
func uuidText(b []byte) string {
	if len(b) != 16 {
		return ""
	}
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
