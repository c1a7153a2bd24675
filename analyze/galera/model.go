package galera

import (
	"io/fs"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// A model is the evidence of one directory. The first part is what stands in
// the files, the second what follows from it alone.
type model struct {
	Node       *analyze.Node
	FS         fs.FS  // rooted at the host root of the node
	Data       string // data directory below it
	Layout     layout
	Arbitrator bool
	Files      []file // regular files of the whole tree below FS, by path
	Dirs       map[string]bool
	paths      map[string]bool // of Files, for has

	State     *galera.StateFile // nil: there is no grastate.dat
	View      *galera.ViewFile  // nil: there is no gvwstate.dat
	Cache     *cache            // nil: there is no galera.cache
	Engine    *engine           // nil for arbitrators
	Pages     []tablespace      // that a deep run has checked, by path
	Log       journal
	Transfers []transfer
	Failed    []failedSet // GRA_*.log
	SST       string      // marker of an unfinished state transfer, "" if there is none
	Damage    []parse.Damage

	Sightings []sighting // every configuration that its cache and its log show, by seqno
	Condition condition
	Why       string      // one sentence on the condition
	UUID      galera.UUID // of the history that the data belongs to, zero if none
	Span      bounds
}

// A file is one regular file below the node's root.
type file struct {
	Path string
	Size int64
}

// A change is a change of the configuration: who is a member from here on.
type change struct {
	Primary bool
	Members []peer
}

// A peer is a member as a configuration change names it.
type peer struct {
	UUID    galera.UUID // of its process
	Name    string      // wsrep_node_name
	Address string      // where clients connect; empty for an arbitrator
}

// A sighting is a configuration in force from a seqno on.
type sighting struct {
	change
	UUID   galera.UUID // of the history
	Seqno  uint64
	Source parse.Span
}

// An engine is what InnoDB says of its position.
type engine struct {
	UUID    galera.UUID // zero: no position is stored
	Seqno   int64       // -1 if none
	Printed string      // as the server's position recovery prints it, "" if it cannot
	From    string      // what the position rests on
	At      parse.Span  // the XID
	Exact   bool        // computed as the server does: redo, prepared transactions, binary log
	Clean   bool        // the redo log ends with a clean shutdown
	Missing bool        // there is no system tablespace
	Refusal string      // the server's own words when it does not open the directory
	Doubts  []doubt     // why the position is not exact
	Beyond  *innodb.Beyond
	Broken  bool // pages that nothing makes good

	Prepared []innodb.Prepared
	Settled  int64    // the position without them, -1 if none
	Holes    []uint64 // seqnos between the two that a start loses without a word
	Mended   int      // torn pages that were replaced by copies

	Checkpoint, End uint64          // LSNs of the redo log, 0 if not known
	Made            map[pageID]bool // pages that were found damaged and that the log makes anew

	Version string
	Damage  []parse.Damage
}

// A doubt is one reason why a position is a bound only.
type doubt struct {
	Text string
	At   parse.Span
}

// A transfer is the position that a state transfer or a backup left behind.
type transfer struct {
	File  string
	UUID  galera.UUID
	Seqno int64
}

// A failedSet is a write set that failed to apply and was saved.
type failedSet struct {
	File  string
	Seqno uint64
}

// A journal is what the error log says of the last run, and which histories
// it has seen.
type journal struct {
	File         string
	Version      string // of the server
	ClusterName  string
	Name         string // wsrep_node_name
	UUID         galera.UUID
	Histories    []galera.UUID // every group UUID, in the order of their first appearance
	Bounds       []statement   // positions that the server stated
	Views        []sighting    // configurations that it printed
	Inconsistent *statement    // it left as inconsistent in its last run
	Votes        []statement   // lines of votes on that seqno
	LostQuorum   *statement    // the last component was not primary
	Bootstrapped *statement    // made primary by hand in its last run
	Ended        *statement    // the last run ended with a shutdown
}

// A statement is one line of the error log.
type statement struct {
	parse.Span
	Quote string
	UUID  galera.UUID
	Seqno int64
}

// bounds are the seqnos between which a directory's data ends.
type bounds struct {
	Lower, Upper uint64
	Known        bool // Lower is proven
	Bounded      bool // Upper is
	Because      string
}

// Exact reports whether the position is known to the number.
func (b bounds) Exact() bool { return b.Known && b.Bounded && b.Lower == b.Upper }

// A condition says what a data directory is worth.
type condition uint8

const (
	sound        condition = iota // a complete database with a position
	schemaChange                  // sound, but grastate.dat lost its UUID in a schema change
	stateLost                     // sound, but grastate.dat has no UUID or is not there
	backwards                     // the redo log is damaged in the middle: the server starts in the past
	inconsistent                  // the cluster expelled it
	incomplete                    // a state transfer did not finish
	fresh                         // it never joined
	arbitrator                    // a vote, no data
)

// usable reports whether the data may be continued from.
func (c condition) usable() bool { return c == sound || c == schemaChange || c == stateLost }

func (m *model) name() string { return m.Node.Name }

// clean reports whether the server was shut down: InnoDB and the provider.
func (m *model) clean() bool { return m.Engine != nil && m.Engine.Clean && m.View == nil }

// claims returns the position that grastate.dat states.
func (m *model) claims() (u galera.UUID, seqno int64, ok bool) {
	if m.State == nil || m.State.UUID.IsZero() || m.State.Seqno < 0 {
		return galera.UUID{}, -1, false
	}
	return m.State.UUID, m.State.Seqno, true
}

// safe reports whether the provider would allow a bootstrap.
func (m *model) safe() bool { return m.State == nil || m.State.SafeToBootstrap }
