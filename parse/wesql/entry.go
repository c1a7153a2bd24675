package wesql

import (
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// A Flag is the kind of an entry (plugin/raft_replication/consensus_log_manager.h).
type Flag uint32

// The flags.
const (
	FlagLarge     Flag = 4   // part of a large transaction, not the last
	FlagLargeEnd  Flag = 8   // last part of a large transaction
	FlagConfig    Flag = 16  // membership change
	FlagBlob      Flag = 32  // filler of a large event
	FlagBlobEnd   Flag = 64  // holds the large event
	FlagBlobStart Flag = 128 // first filler
	FlagRotate    Flag = 256 // first entry of a leader behind its mark
)

// String names the flags: "large+blob".
func (f Flag) String() string {
	if f == 0 {
		return "plain"
	}
	names := []struct {
		flag Flag
		name string
	}{{1, "gu1"}, {2, "gu2"}, {FlagLarge, "large"}, {FlagLargeEnd, "large-end"}, {FlagConfig, "config-change"}, {FlagBlob, "blob"}, {FlagBlobEnd, "blob-end"}, {FlagBlobStart, "blob-start"}, {FlagRotate, "rotate"}}
	var out []string
	for _, n := range names {
		if f&n.flag != 0 {
			out = append(out, n.name)
			f &^= n.flag
		}
	}
	if f != 0 {
		out = append(out, strconv.FormatUint(uint64(f), 16))
	}
	return strings.Join(out, "+")
}

// An Entry is one entry of the raft log.
type Entry struct {
	Index, Term uint64
	Flag        Flag
	Offset      int64  // of its Consensus_log event
	Start, End  int64  // of its payload events, as far as they were read
	Length      uint64 // bytes of payload that the entry announces
	Reserve     uint64 // CRC-32 of the payload, or 0
	Time        uint32 // of its first payload event, seconds since 1970
	Leader      uint32 // server id of its first payload event
	Events      int
	Digest      uint64 // of the content that all nodes share; see the package comment
	XID         uint64 // of its last XID event
	HasXID      bool
	XA          bool // holds an XA_prepare
	Empty       bool // holds nothing but an empty event: a no-op or a filler
	DDL         bool // holds a statement that is no BEGIN

	Complete bool  // the payload has the announced length
	Bad      int64 // offset of the first event whose checksum is wrong, 0: none
	Behind   bool  // found behind damage that ends the scan
	Change   *Change
}

// EndsTransaction reports whether the entry is the end of what it belongs to:
// neither inside of a large transaction nor a filler.
func (e *Entry) EndsTransaction() bool { return e.Flag&(FlagLarge|FlagBlob) == 0 }

// A TermRange is a run of entries of one term.
type TermRange struct{ Term, First, Last uint64 }

// A Scan is how far a log can be read.
type Scan struct {
	Index    uint64 // last entry that counts
	Term     uint64 // its term, 0 if no entry counts
	End      int64  // offset behind it: a start cuts the file here
	Complete uint64 // last entry that ends a transaction
	InLarge  bool   // the last entry that counts is inside of a large transaction
	Open     bool   // an entry was open at the end

	// Malformed is what ends the start of a server; From and To are the
	// offsets that it prints.
	Malformed string
	From, To  int64
}

// A Gap is a place where the index does not rise by one.
type Gap struct {
	parse.Span
	Want, Got uint64
}

// A Misfit is an entry whose payload has not the announced length.
type Misfit struct {
	parse.Span
	Index, Term uint64
	Want, Got   uint64 // bytes announced and found
}
