package galera

import (
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// A Buffer is one buffer of a cache, as it is handed to a visitor.
type Buffer struct {
	Offset  int64 // of its header in the file
	Seqno   int64 // above 0 if it is ordered, 0 not ordered, -1 discarded
	Depends int64 // Galera 3: seqno up to which others must be applied before, -1 for what is skipped
	Size    int64 // in bytes, header included
	Flags   BufferFlags
	Type    ActionType

	// Of ordered buffers:

	// Digest is a checksum over what all nodes have in common: of a write set
	// bytes 16 to 55 of the header, the data and the annotation; without the
	// keys and the unordered data, which are not always transferred; the whole
	// payload of everything else. It is a CRC-32C in the high half and a
	// CRC-32 (IEEE) in the low one.
	Digest   uint64
	WriteSet *WriteSet // nil if it has no header of a write set; overwritten by the next buffer
	Change   *Change   // of configuration changes, as far as it could be read
	Damaged  bool      // a checksum does not hold, or the file ends before the buffer
	Skipped  bool      // nobody applies it
}

// An Outcome says what the provider does with a cache when it starts with
// gcache.recover=yes, which is the default of Galera 4. With "no", the default
// of Galera 3, it drops the cache.
type Outcome uint8

// The outcomes.
const (
	Recovered  Outcome = iota // "found gapless sequence First-Last"
	Reset                     // "Recovery failed, need to do full reset."
	NoHistory                 // "Skipped GCache ring buffer recovery: could not determine history UUID."
	Unreadable                // the GID does not parse: the provider does not load
)

// String returns what the provider prints, without the numbers.
func (o Outcome) String() string {
	switch o {
	case Recovered:
		return "found gapless sequence"
	case Reset:
		return "Recovery failed, need to do full reset."
	case NoHistory:
		return "Skipped GCache ring buffer recovery: could not determine history UUID."
	}
	return "the history UUID cannot be read"
}

// A Segment is a chain of buffers that was walked.
type Segment struct {
	Start, End int64 // offsets of the first buffer and of what stands behind the last
	Buffers    int
}

// A Cache is what galera.cache holds (galera gcache/src/gcache_rb_store.cpp
// RingBuffer).
type Cache struct {
	File     string
	Size     int64 // of the file in bytes
	Preamble Preamble
	Layout   Layout

	// Outcome is what becomes of the cache, with the first and the last seqno
	// that the provider can give to others if it is Recovered. The start
	// position cuts it further, or drops it (GCache_seqno.cpp seqno_reset).
	Outcome     Outcome
	First, Last int64

	Index     Index    // the ordered buffers, whether they can be used or not
	Changes   []Change // configuration changes as they were met, of very many at least the last 1024
	Segments  []Segment
	Buffers   int     // all buffers that were walked
	Ordered   int     // those with a seqno, duplicates too
	Duplicate []int64 // seqnos that are there twice, at most maxDuplicates
	Extended  int64   // size to which the provider has to extend a file that was cut, so that its last buffer fits; 0 if it was not cut

	Damage      []parse.Damage // at most maxDamage
	DamageTotal int            // all damage, the part that is not listed too
}

// Limits of what is kept of a cache, whatever is in it.
const (
	maxChanges    = 1024
	maxDuplicates = 1024
	maxDamage     = 256
)

func (c *Cache) damage(d parse.Damage) {
	c.DamageTotal++
	if len(c.Damage) < maxDamage {
		c.Damage = append(c.Damage, d)
	}
}

func (c *Cache) damageAt(kind parse.Kind, at, n int64, field, want, got string) {
	at = min(at, c.Size)
	c.damage(parse.Damage{Span: parse.Span{File: c.File, Offset: at, Length: min(n, c.Size-at), Field: field}, Kind: kind, Want: want, Got: got})
}

// ReadCache reads a galera.cache of size bytes in one pass, in the order in
// which the provider scans it, which is that of the file but for the turn of
// the ring. Memory stays at some MiB and 32 bytes for each ordered buffer.
//
// visit, if it is not nil, gets every buffer in that order; the Buffer is
// reused. An error of visit ends the reading and is returned.
func ReadCache(r io.ReaderAt, file string, size int64, visit func(*Buffer) error) (*Cache, error) {
	c := &Cache{File: file, Size: size}
	s := newScanner(c, r, inRing, visit)
	head := s.peek(0, int(min(size, preambleSize)))
	if s.err != nil {
		return c, s.err
	}
	var damage []parse.Damage
	c.Preamble, damage = parsePreamble(file, head, size)
	for _, d := range damage {
		c.damage(d)
	}
	if size < ringStart {
		if size >= preambleSize {
			c.damageAt(parse.Truncated, 0, size, "size", fmt.Sprintf("at least %d bytes", ringStart), fmt.Sprintf("%d bytes", size))
		}
		s.judge()
		return c, nil
	}
	s.scanRing()
	s.judge()
	c.Index = s.index.Index
	parse.SortDamage(c.Damage)
	if s.stopped != nil {
		return c, s.stopped
	}
	return c, s.err
}
