package galera

import (
	"io"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// A cache is galera.cache: the write sets that the provider finds in it.
type cache struct {
	File        string
	UUID        galera.UUID
	First, Last uint64 // usable gapless range; 0, 0 if there is none
	Index       *galera.Index
	Changes     []galera.Change
	Damage      []parse.Damage
	Outcome     galera.Outcome
}

// readCache reads a galera.cache. It is read in the order in which the
// provider scans it, which is not that of the file.
func readCache(at io.ReaderAt, name string, size int64) (*cache, error) {
	c, err := galera.ReadCache(at, name, size, nil)
	if c == nil {
		return nil, err
	}
	out := &cache{File: name, UUID: c.Preamble.GID, Index: &c.Index, Changes: c.Changes, Damage: c.Damage, Outcome: c.Outcome}
	if c.Outcome == galera.Recovered && c.First > 0 {
		out.First, out.Last = uint64(c.First), uint64(c.Last)
	}
	return out, err
}

// at returns the buffer of a seqno.
func (c *cache) at(seqno uint64) (galera.Entry, bool) {
	if c == nil || seqno > maxSeqno {
		return galera.Entry{}, false
	}
	return c.Index.Find(int64(seqno))
}

// maxSeqno is the highest seqno that a history can have.
const maxSeqno = 1<<63 - 1

// A tally itemises a run of the write-set cache.
type tally struct {
	First, Last  uint64
	Transactions uint64 // write sets with data
	Schema       uint64 // schema changes
	Views        uint64 // changes of the configuration
	Skipped      uint64 // write sets that failed certification
	Unknown      uint64 // seqnos that the cache does not hold
	Bytes        uint64
}

// data reports whether a run changed anything.
func (t tally) data() uint64 { return t.Transactions + t.Schema }

// tally itemises the seqnos from first to last.
func (c *cache) tally(first, last uint64) tally {
	t := tally{First: first, Last: last}
	if first > last || last > maxSeqno {
		return t
	}
	t.Unknown = last - first + 1
	if c == nil {
		return t
	}
	for e := range c.Index.Range(int64(first), int64(last)) {
		t.Unknown--
		switch {
		case e.Type() != galera.WriteSetAction:
			t.Views++
		case e.Skipped():
			t.Skipped++
		case e.TOI():
			t.Schema++
		default:
			t.Transactions++
		}
	}
	t.Bytes = uint64(c.Index.Bytes(int64(first), int64(last)))
	return t
}

// received is the highest seqno in the cache, usable or not.
func (c *cache) received() uint64 {
	if n := c.Index.Len(); n > 0 {
		return uint64(max(0, c.Index.At(n-1).Seqno))
	}
	return 0
}
