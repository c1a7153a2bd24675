package innodb

import (
	"cmp"
	"context"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// Files are the files of a data directory that hold its position.
type Files struct {
	System []File // ibdata1 and so on, in the order of innodb_data_file_path
	Undo   []File // undo001 and so on
	Log    []File // ib_logfile0 and so on, or #innodb_redo/#ib_redoN by number
}

// Options say what the files themselves do not.
type Options struct {
	// PageSize is innodb_page_size in bytes, for a system tablespace whose page
	// 0 does not tell; 0 means 16384.
	PageSize int
	// DataFiles is innodb_data_file_path; nil if it is not known.
	DataFiles []DataFile
	// Exists tells whether there is a file of a tablespace that the log is
	// about. name is as in the log, such as "./mysql/gtid_slave_pos.ibd". Nil:
	// nobody can tell.
	Exists func(name string, space uint32) bool
	// Resolve tells which prepared transactions a start would commit, which
	// the binary log decides. known is false if nobody can tell. It is called
	// if there are any.
	Resolve func(p []Prepared) (committed []bool, known bool)
	// Made, if not nil, is told of every page that the log makes anew or frees:
	// what a file holds there does not matter to a start.
	Made func(space, number uint32)
}

// A DataFile is one file of innodb_data_file_path.
type DataFile struct {
	Name       string
	Bytes      int64 // its size when it is created
	AutoExtend bool
}

// A Bound says how a position relates to the last write of the server.
type Bound uint8

// The bounds of a position, weakest first.
const (
	None    Bound = iota // there is no position
	AtLeast              // the server has been there, and maybe further
	Exact                // the server has been there and not further
)

// String names the bound.
func (b Bound) String() string {
	switch b {
	case AtLeast:
		return "at least"
	case Exact:
		return "exact"
	}
	return "none"
}

// A Cause is why a position is not exact.
type Cause string

// The causes that keep a position from being exact.
const (
	LogMissing       Cause = "log missing"
	LogUnreadable    Cause = "log unreadable"  // header or checkpoint is damaged
	LogNotApplied    Cause = "log not applied" // a format whose records are not carried out here
	LogEncrypted     Cause = "log encrypted"
	LogIncomplete    Cause = "log incomplete"     // it ends before the state at the checkpoint
	LogDamaged       Cause = "log damaged"        // it goes on behind the damage
	LogCut           Cause = "log cut short"      // its records run over the end of the file
	LogForeign       Cause = "log of other files" // pages have changes of its time that it does not have
	LogMalformed     Cause = "log malformed"      // a record that no server writes
	PageAhead        Cause = "page ahead of log"  // written later than the log ends
	PageUnreadable   Cause = "page unreadable"    // damaged, and no copy of it is good
	PageEncrypted    Cause = "page encrypted"
	SpaceMissing     Cause = "tablespace missing" // an undo tablespace
	SystemMissing    Cause = "system tablespace missing"
	PreparedUnknown  Cause = "prepared transactions"
	TooManyUndoPages Cause = "too many undo logs"
)

// A Reason is one Cause with the place that shows it.
type Reason struct {
	Cause Cause
	At    parse.Span
	LSN   uint64 // where in the history, 0 if it has no place there
	Count int    // how many such places, at least 1
}

// A Prepared is a transaction that was prepared and not committed. Its seqno
// is ordered in the group.
type Prepared struct {
	Position
	Trx       uint64 // InnoDB transaction id
	At        parse.Span
	Committed bool // by Options.Resolve
}

// A Beyond is what stands in the log behind its end: the log is damaged there,
// and a server starts in front of the damage without a word.
type Beyond struct {
	First, Last uint64 // LSN of the first byte and of the one behind the last
	Mtrs        int64
	// Seqno is the greatest seqno that these mini-transactions write in full, -1
	// if none: the server had come that far at least.
	Seqno int64
}

// A Recovery is the position of a data directory.
type Recovery struct {
	// Position is what mariadbd --wsrep-recover prints, or would print if
	// StartError did not keep it from starting. It is undefined if Bound is
	// None.
	Position Position
	Bound    Bound
	Reasons  []Reason // why Bound is not Exact, sorted by cause

	// LogSeqno is the greatest seqno that the log writes in full to rollback
	// segments whose pages cannot be read, -1 if there is none. Their history may
	// be unknown.
	LogSeqno int64

	// Settled is Position before prepared transactions are committed: every
	// transaction up to it has ended, and none behind it.
	Settled Position

	From Origin     // what Position rests on
	At   parse.Span // the XID: in the file that has the page, or would have after a start

	Space    Space // the system tablespace
	Log      Log
	Beyond   *Beyond // nil unless the log is damaged
	Segments int     // rollback segments that were read
	Undo     int     // undo logs that were looked at
	Mended   int     // torn pages that were replaced by copies of the doublewrite area
	Applied  int     // pages of those that matter which the log changes
	Prepared []Prepared
	OnDisk   []Position // what the data files hold without the log, one for each UUID, greatest seqno first

	// StartError is the first [ERROR] line that a server prints which refuses to
	// open these files, without time and "[ERROR] "; "" if nothing was found
	// that would stop it.
	StartError string
	Damage     []parse.Damage
}

func (r *Recovery) reason(c Cause, at parse.Span, lsn uint64) {
	for i := range r.Reasons {
		if r.Reasons[i].Cause == c {
			r.Reasons[i].Count++
			return
		}
	}
	r.Reasons = append(r.Reasons, Reason{c, at, lsn, 1})
}

func (r *Recovery) refuse(message string) {
	if r.StartError == "" {
		r.StartError = message
	}
}

// Recover computes the position that a server would find in files if it were
// started on them. It reads the redo log once, and the pages that matter. The
// error is about reading or about ctx, never about content.
func Recover(ctx context.Context, files Files, o Options) (*Recovery, error) {
	r := &Recovery{Position: undefined(), Settled: undefined(), LogSeqno: -1}
	run := &recovery{Recovery: r, files: files, options: o}
	if err := run.run(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(r.Reasons, func(a, b Reason) int { return cmp.Compare(a.Cause, b.Cause) })
	parse.SortDamage(r.Damage)
	return r, nil
}
