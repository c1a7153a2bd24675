package manticore

import (
	"io"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// A cache is galera.cache: the write sets that a node received, applied or
// not.
type cache struct {
	*galera.Cache
	UUID        string // of the history, "" if the file does not tell
	First, Last int64  // usable gapless range that ends with the highest seqno received; 0, 0 without one
}

// readCache reads a galera.cache. The file is walked in the order of its ring,
// not from its first byte to its last.
func readCache(_ io.Reader, at io.ReaderAt, name string, size int64) (*cache, error) {
	c := &cache{}
	var err error
	c.Cache, err = galera.ReadCache(at, name, size, nil)
	if id := c.Preamble.GID; !id.IsZero() {
		c.UUID = id.String()
	}
	// With Galera 3 the provider drops the cache after a crash: what counts
	// here is what was received, not what it would recover.
	x := &c.Index
	for i := x.Len() - 1; i >= 0; i-- {
		e := x.At(i)
		switch {
		case e.Damaged() || e.Seqno <= 0:
			if c.Last > 0 {
				return c, err
			}
		case c.Last == 0:
			c.First, c.Last = e.Seqno, e.Seqno
		case e.Seqno == c.First-1:
			c.First = e.Seqno
		default:
			return c, err
		}
	}
	return c, err
}

// place quotes the write set of a seqno.
func (c *cache) place(seqno int64) parse.Span {
	span := parse.Span{File: c.File, Field: "seqno"}
	if e, ok := c.Index.Find(seqno); ok {
		span.Offset, span.Length = e.Offset(), 8
	}
	return span
}
