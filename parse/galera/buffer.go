package galera

import (
	"encoding/binary"
	"fmt"
)

// A Layout is the layout of the buffer headers in galera.cache and in
// gcache.page files. The files do not tell; headers of one layout never look
// like headers of the other.
type Layout uint8

// The layouts.
const (
	LayoutUnknown Layout = 0 // no buffer was found
	Galera3       Layout = 3 // 40 bytes: Galera 2 and 3 (25.x)
	Galera4       Layout = 4 // 24 bytes: Galera 4 (26.x)
)

// String returns "Galera 3" or "Galera 4".
func (l Layout) String() string {
	if l == LayoutUnknown {
		return "unknown"
	}
	return fmt.Sprintf("Galera %d", uint8(l))
}

// header is the size of a buffer header in bytes.
func (l Layout) header() int64 {
	if l == Galera3 {
		return 40
	}
	return 24
}

// BufferFlags are the flags of a buffer header (gcache/src/gcache_bh.hpp).
type BufferFlags uint32

// The buffer flags.
const (
	Released BufferFlags = 1 // no longer needed by the process
	Skipped  BufferFlags = 2 // Galera 4: failed certification or rolled back, not applied by anybody
)

// An ActionType says what a buffer of Galera 4 holds (gcs/src/gcs.hpp
// gcs_act_type). Galera 3 does not say; only write sets have seqnos there.
type ActionType int8

// The action types that have seqnos.
const (
	WriteSetAction     ActionType = 0
	ConfigurationEvent ActionType = 3
)

// String returns a word for the type.
func (t ActionType) String() string {
	switch t {
	case WriteSetAction:
		return "write set"
	case ConfigurationEvent:
		return "configuration change"
	}
	return fmt.Sprintf("action type %d", int8(t))
}

// Where a buffer lies (gcache_bh.hpp StorageType).
const (
	inRing = 1
	inPage = 2
)

// Seqnos that are none (gcache/src/gcache_seqno.hpp).
const (
	unordered = 0
	discarded = -1
)

// A header is a buffer header.
type header struct {
	seqno   int64
	depends int64 // Galera 3
	size    int64 // with the header
	flags   BufferFlags
	store   int32
	typ     ActionType
	clear   bool // all bytes are zero: the end of a segment
}

func (l Layout) parse(b []byte) header {
	b = b[:l.header()]
	h := header{seqno: int64(binary.LittleEndian.Uint64(b)), clear: isZero(b)}
	if l == Galera3 {
		h.depends = int64(binary.LittleEndian.Uint64(b[8:]))
		h.size = int64(binary.LittleEndian.Uint64(b[16:]))
		h.flags = BufferFlags(binary.LittleEndian.Uint32(b[32:]))
		h.store = int32(binary.LittleEndian.Uint32(b[36:]))
		return h
	}
	h.size = int64(binary.LittleEndian.Uint32(b[16:]))
	h.flags = BufferFlags(binary.LittleEndian.Uint16(b[20:]))
	h.store, h.typ = int32(int8(b[22])), ActionType(b[23])
	return h
}

// plausible reports what the provider tests before it takes bytes for a header
// (gcache/src/gcache_bh.hpp BH_test).
func (h header) plausible(l Layout, store int32) bool {
	switch {
	case h.clear:
		return true
	case h.seqno < discarded || h.size < l.header() || h.store != store:
		return false
	case l == Galera3:
		return h.flags <= Released && h.depends >= -1 && (h.depends < h.seqno || h.seqno == discarded)
	}
	return h.flags <= Released|Skipped
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
