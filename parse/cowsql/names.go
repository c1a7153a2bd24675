package cowsql

import (
	"fmt"
	"math"
	"regexp"
	"strings"
)

// A FileKind says what the name of a file in a raft directory means to the
// loader (cowsql/raft src/uv_list.c UvList, src/uv_segment.c
// uvSegmentInfoMatch, src/uv_snapshot.c uvSnapshotParseFilename).
type FileKind uint8

// The kinds of files.
const (
	KindOther        FileKind = iota // ignored by the loader
	KindMetadata                     // metadata1, metadata2
	KindClosed                       // closed segment
	KindOpen                         // open segment
	KindSnapshotMeta                 // snapshot-T-I-TS.meta
	KindSnapshotData                 // snapshot-T-I-TS
	KindTemporary                    // tmp-*: deleted at init
	KindCorrupt                      // corrupt-NS-NAME: set aside by automatic recovery
	KindIgnored                      // looks like a segment, but the loader does not read it
)

// maxName is the length from which the loader ignores a name
// (UV__FILENAME_LEN in cowsql/raft src/uv_os.h).
const maxName = 128

// A Name is a parsed file name of a raft directory.
type Name struct {
	File        string
	Kind        FileKind
	First, Last uint64 // Closed: index range, both inclusive; Last < First is possible
	Counter     uint64 // Open; 1 or 2 for Metadata
	Term, Index uint64 // snapshots
	Timestamp   uint64 // snapshots: milliseconds of the writer's monotonic clock
	Short       bool   // Closed: fewer than 16 digits, as old generations wrote them
	Of          string // Temporary, Corrupt: the name behind the prefix
}

var (
	corruptName = regexp.MustCompile(`^corrupt-(-?[0-9]+)-(.+)$`)
	longSegment = regexp.MustCompile(`^[0-9]+-[0-9]+$`)
)

// ParseName classifies a file name.
func ParseName(file string) Name {
	n := Name{File: file}
	if len(file) >= maxName {
		return n
	}
	switch {
	case file == "metadata1":
		n.Kind, n.Counter = KindMetadata, 1
	case file == "metadata2":
		n.Kind, n.Counter = KindMetadata, 2
	case file != "" && file[0] >= '0' && file[0] <= '9':
		n.parseClosed()
	case strings.HasPrefix(file, "open-"):
		if v, ok := number(file[len("open-"):], 0); ok {
			n.Kind, n.Counter = KindOpen, v
		}
	case strings.HasPrefix(file, "snapshot-"):
		n.parseSnapshot()
	case strings.HasPrefix(file, "tmp-"):
		n.Kind, n.Of = KindTemporary, file[len("tmp-"):]
	case strings.HasPrefix(file, "corrupt-"):
		if m := corruptName.FindStringSubmatch(file); m != nil {
			n.Kind, n.Of = KindCorrupt, m[2]
		}
	}
	return n
}

func (n *Name) parseClosed() {
	first, last, ok := strings.Cut(n.File, "-")
	if !ok {
		return
	}
	a, ok1 := number(first, 16)
	b, ok2 := number(last, 16)
	if ok1 && ok2 {
		n.Kind, n.First, n.Last = KindClosed, a, b
		n.Short = len(first) != 16 || len(last) != 16
		return
	}
	if longSegment.MatchString(n.File) {
		n.Kind = KindIgnored
	}
}

func (n *Name) parseSnapshot() {
	rest, meta := strings.CutSuffix(n.File[len("snapshot-"):], ".meta")
	parts := strings.Split(rest, "-")
	if len(parts) != 3 {
		return
	}
	var ok [3]bool
	n.Term, ok[0] = number(parts[0], 0)
	n.Index, ok[1] = number(parts[1], 0)
	n.Timestamp, ok[2] = number(parts[2], 0)
	if !ok[0] || !ok[1] || !ok[2] {
		n.Term, n.Index, n.Timestamp = 0, 0, 0
		return
	}
	n.Kind = KindSnapshotData
	if meta {
		n.Kind = KindSnapshotMeta
	}
}

// number parses decimal digits only, at most width of them if width is not 0.
// A number that does not fit saturates, as in sscanf.
func number(s string, width int) (v uint64, ok bool) {
	if s == "" || width > 0 && len(s) > width {
		return 0, false
	}
	for i := range len(s) {
		c := s[i] - '0'
		switch {
		case c > 9:
			return 0, false
		case v > (math.MaxUint64-uint64(c))/10:
			v = math.MaxUint64
			continue
		}
		v = v*10 + uint64(c)
	}
	return v, true
}

// ClosedName returns the name of the closed segment with entries first..last.
func ClosedName(first, last uint64) string { return fmt.Sprintf("%016d-%016d", first, last) }

// SnapshotName returns the name of a snapshot's data file.
func SnapshotName(term, index, timestamp uint64) string {
	return fmt.Sprintf("snapshot-%d-%d-%d", term, index, timestamp)
}
