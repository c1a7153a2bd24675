package cowsql

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// MetadataSize is the size of a metadata file in bytes.
const MetadataSize = 32

// A MetadataFile is the content of metadata1 or metadata2: four little-endian
// 64-bit numbers (cowsql/raft src/uv_metadata.c uvMetadataDecode). Nothing
// protects it: there is no checksum.
type MetadataFile struct {
	Format   uint64
	Version  uint64 // grows by one with every write; odd versions go to metadata1
	Term     uint64 // current term
	VotedFor uint64 // id of the server that got the vote in this term, 0 = none
}

// ParseMetadata decodes a metadata file. size is the size of the whole file,
// of which buf holds at least the first MetadataSize bytes if it is that long.
// All fields are read before any is judged.
func ParseMetadata(file string, buf []byte, size int64) (MetadataFile, *parse.Damage) {
	c := parse.NewCursor(file, "", 0, buf[:min(len(buf), MetadataSize)])
	m := MetadataFile{
		Format:   c.U64("format"),
		Version:  c.U64("version"),
		Term:     c.U64("term"),
		VotedFor: c.U64("voted_for"),
	}
	switch {
	case size > MetadataSize:
		c.FailAt("size", parse.Trailing, MetadataSize, size-MetadataSize, "32 bytes", fmt.Sprintf("%d bytes", size))
	case m.Format != 1:
		c.FailAt("format", parse.BadVersion, 0, 8, "1", fmt.Sprint(m.Format))
	case m.Version == 0:
		c.FailAt("version", parse.BadValue, 8, 8, "a version above 0", "0")
	}
	return m, c.Damage()
}

// Encode returns the 32 bytes of the file.
func (m MetadataFile) Encode() []byte {
	out := make([]byte, 0, MetadataSize)
	for _, v := range []uint64{m.Format, m.Version, m.Term, m.VotedFor} {
		out = binary.LittleEndian.AppendUint64(out, v)
	}
	return out
}
