package wesql

import (
	"io"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/binlog"
)

// Limits of what a Log keeps of a file that lies.
const (
	maxDamage  = 100
	maxTerms   = 1 << 16
	maxChanges = 1024
	maxServers = 64
	maxTries   = 64 // searches behind damage
)

// typeCount is how many event types the format description of a WeSQL log has.
const typeCount = 104

// A Log is what one file of the consensus log says.
type Log struct {
	File     string
	Size     int64 // bytes
	Magic    bool  // the file begins with fe 62 69 6e
	Format   bool  // a format description follows
	Version  string
	Created  uint32 // seconds since 1970; 0 after a rotation
	ServerID uint32 // of the format description
	Types    int    // event types that the format description knows
	Checksum binlog.Checksum
	InUse    bool // the node led, and did not close the file

	HasFirst bool   // there is a Previous_consensus_index event in its place
	First    uint64 // index of the first entry of the file, as that event has it

	Entries     int64 // whole ones, in front of what ends the scan
	FirstIndex  uint64
	LastIndex   uint64
	Terms       []TermRange
	Events      int64
	Servers     []uint32 // server ids of the 101 events, in the order in which they came
	Changes     []*Change
	Gaps        []Gap
	Misfits     []Misfit
	Decreases   []Gap // a term that falls
	NextFile    string
	Stopped     bool // the last event says that the server stopped
	BadEvents   int64
	Server      Scan // what a start with default options makes of the file, were it the last one
	Strict      Scan // the same with source_verify_checksum=ON
	BehindFirst uint64
	BehindLast  uint64 // entries found behind the end of the scan, 0 if none
	Behind      int64
	Damage      []parse.Damage
}

// Consensus reports whether the file belongs to a consensus log, as far as its
// beginning tells.
func (l *Log) Consensus() bool { return l.HasFirst || l.Format && l.Types >= typeCount }

// Options say what to read of a log.
type Options struct {
	// Offset is that of the first byte of a slice of the archive in its log;
	// 0: the magic and a format description are there.
	Offset int64
	// Visit sees every entry, in the order of the file; it is valid during the
	// call.
	Visit func(*Entry)
}

// ReadLog reads one file of size bytes, or a slice of one. at may be nil; with
// it entries behind damage are found. The error is about reading, never about
// content.
func ReadLog(r io.Reader, at io.ReaderAt, file string, size int64, o Options) (*Log, error) {
	w := &walk{
		log:    &Log{File: file, Size: size, Checksum: binlog.CRC32},
		win:    newWindow(r, o.Offset, size+o.Offset),
		size:   size + o.Offset,
		visit:  o.Visit,
		bare:   o.Offset > 0,
		offset: o.Offset,
	}
	w.log.Server.End = o.Offset
	if o.Offset > 0 || w.begin() {
		w.run()
	}
	w.close()
	if err := w.win.failed(); err != nil || at == nil || !w.log.Magic && !w.bare {
		return w.log, err
	}
	return w.log, w.islands(at)
}

// islands looks for entries behind the place at which the walk ended.
func (w *walk) islands(at io.ReaderAt) error {
	w.behind = true
	shifted := at
	if w.offset > 0 {
		shifted = shift{at, w.offset}
	}
	from := w.win.off + 1
	for range maxTries {
		if from >= w.size {
			return nil
		}
		found, ok, err := binlog.Resync(shifted, from, w.size, w.log.Checksum)
		if err != nil || !ok {
			return err
		}
		w.win = newWindow(io.NewSectionReader(shifted, found, w.size-found), found, w.size)
		w.entry, w.open, w.last = Entry{}, false, 0
		w.run()
		w.finishEntry()
		if err := w.win.failed(); err != nil {
			return err
		}
		from = max(w.win.off, found) + 1
	}
	return nil
}

// A shift reads a slice with the offsets of its log.
type shift struct {
	at io.ReaderAt
	by int64
}

// ReadAt implements io.ReaderAt.
func (s shift) ReadAt(p []byte, off int64) (int, error) { return s.at.ReadAt(p, off-s.by) }
