package cowsql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// A Snapshot is what a snapshot's data file holds: the state of the
// replicated databases (cowsql src/fsm.c fsm__snapshot). The real loader
// checks none of it.
type Snapshot struct {
	LZ4       LZ4
	Size      int64  // of the payload, decompressed
	Format    uint64 // FSM format word
	Count     uint64 // number of databases as stated
	Databases []DatabaseImage
	End       int64 // offset behind the last database, as far as it could be walked
	Damage    []parse.Damage
	// Missing is the number of bytes that the stated sizes need and the file
	// does not have. Reading past the end is what the real restore does then.
	Missing int64
	// PaddingCut: the file ends between the NUL byte of a database's name and
	// the end of its 8-byte word.
	PaddingCut bool
}

// A DatabaseImage is one database of a snapshot.
type DatabaseImage struct {
	Name              string
	MainOffset, WALAt int64 // in the (decompressed) payload
	MainSize, WALSize uint64
	PageSize          uint32
	Pages             uint32 // after the WAL, as page 1 or the last commit states
	MainPages         uint32 // as page 1 of the main part states
	// Header is what the bytes behind the sizes say as a database header,
	// whether the stated main part is long enough for one or not: a restore
	// reads it before it looks at the sizes. Bytes behind the end are 0.
	Header             sqlite.Header
	HeaderDamage       []parse.Damage // of page 1; also in the snapshot's Damage
	WAL                sqlite.WAL
	PageCRC            []uint32 // of page n at position n-1, with the committed WAL frames laid over
	StructuralProblems []parse.Damage
}

// ReadSnapshot reads a snapshot's data file from its first byte to the end of
// r. The error is about reading, never about content. One page is held in
// memory, and four bytes for every page of the databases.
func ReadSnapshot(r io.Reader, file string, size int64) (*Snapshot, error) {
	s := &Snapshot{Size: size}
	head := make([]byte, 15)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return s, err
	}
	head = head[:n]
	src := &source{r: io.MultiReader(bytes.NewReader(head), r)}
	if n >= 4 && binary.LittleEndian.Uint32(head) == lz4Magic {
		s.LZ4.Used = true
		if n >= 14 && head[4]&lz4HasContentSize != 0 {
			s.LZ4.HasSize, s.LZ4.Size = true, binary.LittleEndian.Uint64(head[6:])
		}
		return s, s.readCompressed(src, file)
	}
	p := &payload{r: src, file: file, snapshot: s, size: size}
	if err := p.read(); err != nil {
		return s, err
	}
	return s, src.err
}
