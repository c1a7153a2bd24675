package serverlog

import (
	"cmp"
	"slices"
	"time"

	"github.com/lastwrite/lastwrite/parse"
)

// A Kind names what an event tells. The fields that are set are named behind
// each kind.
type Kind string

// Kinds of the server's life.
const (
	Start             Kind = "start"              // Text: version
	Version           Kind = "version"            // Text: version
	Ready             Kind = "ready"              // ready for connections; Text: version, if in the line
	ShutdownBegin     Kind = "shutdown-begin"     // a shutdown was asked for
	ShutdownComplete  Kind = "shutdown-complete"  // the process ends in order
	Aborting          Kind = "aborting"           // the start failed
	Signal            Kind = "signal"             // First: number of the signal
	Assertion         Kind = "assertion"          // Text: file and line
	PrivilegeTables   Kind = "privilege-tables"   // mysql.* tables are missing
	UnknownEngine     Kind = "unknown-engine"     // Text: engine that is not there
	PreparedFound     Kind = "prepared-found"     // First: number of prepared transactions, Text: engine
	CrashRecoveryLog  Kind = "crash-recovery-log" // recovery with the binary log or tc.log; Text: file
	CrashRecoveryDone Kind = "crash-recovery-done"
)

// Kinds of InnoDB.
const (
	CrashRecovery Kind = "innodb-crash-recovery" // First: LSN of the checkpoint, if in the line
	EndOfLog      Kind = "innodb-end-of-log"     // First: LSN
	LogSequence   Kind = "innodb-lsn"            // First: LSN, Last: transaction id (at start or after a shutdown)
	InnoDBError   Kind = "innodb-error"          // Code: which one; First, Last: numbers in the text; Name: file
	InnoDBOther   Kind = "innodb-other-error"    // an error that is not known here
)

// Kinds of positions and saved state.
const (
	RecoveredPosition   Kind = "recovered-position" // Position of InnoDB
	SavedState          Kind = "saved-state"        // Position in grastate.dat, Flag: safe_to_bootstrap
	StateFileUnreadable Kind = "state-file-unreadable"
	StartPosition       Kind = "start-position"       // Position given to the provider
	GCSPosition         Kind = "gcs-position"         // Position given to the group communication
	CertPosition        Kind = "cert-position"        // Position at which certification starts
	ProviderLoaded      Kind = "provider-loaded"      // Text: version of the provider
	ProviderConfig      Kind = "provider-config"      // Options
	GCachePreamble      Kind = "gcache-preamble"      // Position.UUID, First and Last: seqnos, Flag: synced
	GCacheRecovered     Kind = "gcache-recovered"     // First, Last: seqnos
	GCacheUnrecovered   Kind = "gcache-unrecovered"   // the write sets in the cache cannot be used
	GCacheReset         Kind = "gcache-reset"         // Position -> Other
	ArbitratorConfig    Kind = "arbitrator-config"    // Options: name, address, group, options …
	ServerStatus        Kind = "server-status"        // From -> To
	NewGroup            Kind = "new-group"            // Position.UUID: history begun here
	Bootstrapping       Kind = "bootstrapping"        // Name: cluster
	BootstrapOption     Kind = "bootstrap-option"     // Flag
	BootstrapRefused    Kind = "bootstrap-refused"    // safe_to_bootstrap is 0
	ConnectFailed       Kind = "connect-failed"       // First: error number, Name: cluster or address
	NoPrimary           Kind = "no-primary"           // no primary component was reached
	PCRestored          Kind = "pc-restored"          // gvwstate.dat was used
	PCNotRestored       Kind = "pc-not-restored"      //
	PCPromoted          Kind = "pc-promoted"          // every member of the saved view is there
	PCSaved             Kind = "pc-saved"             // gvwstate.dat was written
	BootstrapByOperator Kind = "bootstrap-by-command" // pc.bootstrap was set
)

// Kinds of the cluster's life.
const (
	Component          Kind = "component"           // Flag: primary, Bootstrap, First: my index, Last: number of members
	View               Kind = "view"                // View
	Quorum             Kind = "quorum"              // Quorum; Position: group UUID and act_id
	ClusterView        Kind = "cluster-view"        // Position, To: status, Members, First: own index
	Connected          Kind = "connected"           // Name: node, Position, Other.UUID: its id
	MemberSynced       Kind = "member-synced"       // Member
	Synced             Kind = "synced"              // this node is synced and takes connections
	NonPrimary         Kind = "non-primary"         //
	Desync             Kind = "desync"              // Member, Flag: desyncs (else resyncs)
	Shift              Kind = "shift"               // From -> To, First: seqno
	SelfLeave          Kind = "self-leave"          // the node leaves the group
	Suspected          Kind = "suspected"           // Name: short UUID of a member
	TransferRequested  Kind = "transfer-requested"  // Member, Donor, From: asked for, To: state of the donor
	TransferImpossible Kind = "transfer-impossible" // Member
	TransferDone       Kind = "transfer-done"       // Donor, Member, Flag: success
	TransferRequired   Kind = "transfer-required"   // Position: local, Other: group
	ISTReceiving       Kind = "ist-receiving"       // First, Last: seqnos
	ISTReceived        Kind = "ist-received"        // Position
	ISTNotFound        Kind = "ist-not-found"       // First: seqno that the donor's cache does not hold
	ISTSending         Kind = "ist-sending"         // First, Last: seqnos
	ISTFailed          Kind = "ist-failed"          //
	SSTReceived        Kind = "sst-received"        // Position
	SSTSent            Kind = "sst-sent"            // Position
	SSTInstalled       Kind = "sst-installed"       // Position
	SSTFailed          Kind = "sst-failed"          // Code
	SSTScript          Kind = "sst-script"          // Text: method, From: role
	ProviderPaused     Kind = "provider-paused"     // Position: grastate.dat holds it until the provider goes on
	ProviderResumed    Kind = "provider-resumed"    // First: local number
	VoteInitiated      Kind = "vote-initiated"      // Member, Position, Code, First: number of the error, Text: the same in words
	VoteResponded      Kind = "vote-responded"      // Member, Position, Code
	VoteTally          Kind = "vote-tally"          // Position, Votes, Code: the winner
	Inconsistent       Kind = "inconsistent"        // Position: this node is out, by vote
	VotedConsistent    Kind = "voted-consistent"    // Position: this node stays
	InconsistencyOther Kind = "inconsistency"       // this node is out for another reason
	ApplyFailed        Kind = "apply-failed"        // Position of the write set, Other.UUID: source node
	EventApplyFailed   Kind = "event-apply-failed"  // First: seqno, Text: type of the event
	WsrepOther         Kind = "wsrep-other-error"   // an error that is not known here
	MarkedCorrupt      Kind = "marked-corrupt"      // the state was declared unusable
	HistoryAhead       Kind = "history-ahead"       // this node is ahead of the group
)

// A Level is the severity that a line has.
type Level uint8

// The levels.
const (
	NoLevel Level = iota
	Note
	Warning
	Error
	Fatal
)

// A Position is a place in a cluster's history.
type Position struct {
	Set   bool
	UUID  string // lower-case state UUID
	Seqno int64  // -1: not known
}

// A Member is a node as log lines name it.
type Member struct {
	Index   int64
	Segment int64
	Name    string
	UUID    string // of this incarnation; in view blocks the short form
}

// A ViewBlock is a view of the group communication.
type ViewBlock struct {
	Type        string // "PRIM", "NON_PRIM", "REG", "TRANS", "" for the empty one
	UUID        string // short UUID of the representative
	Seq         int64
	Members     []Member
	Joined      []Member
	Left        []Member // gracefully
	Partitioned []Member // lost
}

// A QuorumBlock holds "Quorum results".
type QuorumBlock struct {
	Component     string // "PRIMARY" or "NON-PRIMARY"
	ConfID        int64
	Joined, Total int64
	ActID         int64 // the group's seqno at this view
	LastApplied   int64
	Protocols     string
	Version       int64
}

// A Vote is one line of a tally.
type Vote struct {
	Code         string // 16 hex digits; zeros: success
	Count, Total int64
}

// An Option is one key of a configuration that was logged.
type Option struct{ Key, Value string }

// An Event is one line, or one block of lines, that matches a pattern. Its
// Kind says which fields are set.
type Event struct {
	parse.Span           // Field is the kind
	Line       int64     // counted from 1
	Kind       Kind      //
	Level      Level     //
	Time       time.Time // zero if the line has none
	Zoned      bool      // Time is UTC; else it is what the clock on the wall showed
	Incomplete bool      // the block ends before it is complete

	Position, Other Position
	Member, Donor   Member
	Members         []Member
	First, Last     int64
	From, To        string
	Name            string
	Code            string
	Text            string
	Flag, Bootstrap bool
	View            *ViewBlock
	Quorum          *QuorumBlock
	Votes           []Vote
	Options         []Option
}

// Events are the events of one kind: all of them, or the first and the last
// ones.
type Events struct {
	Count int64
	First []Event
	Last  []Event // those not in First, in order
}

// A Log is what a log tells.
type Log struct {
	File    string
	Size    int64 // bytes read
	Lines   int64
	Matched int64           // lines that begin an event
	Long    int64           // lines longer than the limit; only their beginning was looked at
	NULs    int64           // NUL bytes, as a file system leaves them where data was not written before a crash
	Damage  []parse.Damage  // runs of NUL bytes
	Kinds   map[Kind]Events // only kinds that occur
}

// Of returns the kept events of some kinds in the order of the file.
func (l *Log) Of(kinds ...Kind) []Event {
	var out []Event
	for _, k := range kinds {
		e := l.Kinds[k]
		out = append(append(out, e.First...), e.Last...)
	}
	return inOrder(out)
}

// All returns every kept event in the order of the file.
func (l *Log) All() []Event {
	var out []Event
	for _, e := range l.Kinds {
		out = append(append(out, e.First...), e.Last...)
	}
	return inOrder(out)
}

// LastOf returns the last event of some kinds.
func (l *Log) LastOf(kinds ...Kind) (Event, bool) {
	all := l.Of(kinds...)
	if len(all) == 0 {
		return Event{}, false
	}
	return all[len(all)-1], true
}

// Count returns how many events of a kind the log has, kept or not.
func (l *Log) Count(kind Kind) int64 { return l.Kinds[kind].Count }

func inOrder(events []Event) []Event {
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.Offset, b.Offset) })
	return events
}
