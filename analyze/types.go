// Package analyze holds what all database families share: the node, its
// position, what its start would do, findings, verdicts and plans, and Run,
// which leads a set of inputs through the families. A family lives in a
// package of its own below this one and implements System.
//
// Nothing in this package or below it opens files: a node is read through the
// fs.FS that the caller hands over.
package analyze

import (
	"cmp"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// Evidence is a quotation: the bytes that a conclusion rests on.
type Evidence struct {
	parse.Span
	Node  string // name of the node that the file belongs to
	Quote string // what stands there, or what was computed from it
}

// A Bound says how much a Position proves.
type Bound string

// The bounds, weakest first.
const (
	None    Bound = "none"     // no position could be read
	AtLeast Bound = "at_least" // the history reaches this far, perhaps further
	Exact   Bound = "exact"    // the history ends here
)

// A Position is how far one node's history goes.
type Position struct {
	History string // Galera: state UUID; raft: ID of the History, "" before it is known
	Term    uint64 // raft term of the last entry; 0 for Galera
	Index   uint64 // raft index of the last entry, or Galera seqno
	Bound   Bound
}

// Compare orders p and q. ok is false if the evidence does not decide: the
// histories differ, there is no position, or a lower bound stands against a
// larger number.
func (p Position) Compare(q Position) (order int, ok bool) {
	order = cmp.Or(cmp.Compare(p.Term, q.Term), cmp.Compare(p.Index, q.Index))
	known := p.Bound != None && p.Bound != "" && q.Bound != None && q.Bound != ""
	return order, p.History == q.History && known &&
		(p.Bound == Exact || order > 0) && (q.Bound == Exact || order < 0)
}

// An Outcome is what a start of the server on a directory comes to.
type Outcome string

// The outcomes of a start.
const (
	Clean    Outcome = "clean"    // starts with all that the directory holds
	Discards Outcome = "discards" // starts, and drops entries without a word
	Refuses  Outcome = "refuses"  // ends with an error message
	Crashes  Outcome = "crashes"  // ends by a signal or an assertion
	Hangs    Outcome = "hangs"    // neither starts nor ends
	Unknown  Outcome = "unknown"  // the evidence does not tell
)

// A Start is the forecast of one server version on one directory as it is.
type Start struct {
	Outcome  Outcome
	Server   string // the implementation and version that the forecast is for
	Why      string // what points to it
	Error    string // the server's own words, "" if it prints none
	Joins    bool   // whatever the outcome, it can join members that run already
	Discards *Range // entries that the start would silently drop
	Changes  []Change
	Others   []OtherStart // the same directory under other implementations, where they differ
}

// An OtherStart is the forecast for another implementation.
type OtherStart struct {
	Server  string
	Outcome Outcome
	Error   string
}

// A Range is a run of log entries. From and To are 0 when the entries cannot
// be numbered.
type Range struct {
	Entries  uint64
	From, To uint64 // first and last index, both inclusive
}

// A Change is one thing that a start does to the directory.
type Change struct {
	Op   string // remove, rename, truncate, create
	File string
	To   string // new name of a renamed file
}

// An Identity is what the files say about who a node is.
type Identity struct {
	ID      string
	Address string
	UUID    string
	Name    string
	Source  string // file that tells
}

// A Mark classifies a stretch of a node's history in the picture.
type Mark string

// The marks of a picture, in the order in which a later one is drawn over an
// earlier one.
const (
	MarkSnapshot    Mark = "snapshot"    // state as of the last index
	MarkStored      Mark = "stored"      // entries in closed files
	MarkOpen        Mark = "open"        // entries in files still being written
	MarkCommitted   Mark = "committed"   // in the tables
	MarkCache       Mark = "cache"       // replication cache (gcache)
	MarkReceived    Mark = "received"    // in the cache, not in the tables
	MarkUncommitted Mark = "uncommitted" // certainly never committed
	MarkDiscarded   Mark = "discarded"   // a start would drop them
	MarkGap         Mark = "gap"
	MarkDamage      Mark = "damage"
	MarkForked      Mark = "forked"     // content differs from the other histories
	MarkArtificial  Mark = "artificial" // written by a recovery tool, no data
)

// A Stretch is one marked run of a node's index or seqno axis.
type Stretch struct {
	Mark        Mark
	First, Last uint64
	Label       string // file name or reason
}

// A Node is one copied data directory and what it proves.
type Node struct {
	Name     string // unique in a run
	Path     string // where it was found, as the user would write it
	Input    int    // number of the input that holds it
	Dir      string // directory within the input, slash separated, "." for its root
	System   string
	Product  string
	Role     string // as its own system says: voter, standby, spare, …; "" if unknown
	Member   string // yes, no (removed or foreign), or unknown
	Identity Identity
	Position Position
	Start    Start
	Facts    any // per system, see the contract
	Damage   []parse.Damage
	Picture  []Stretch
	Checked  []FileCheck // with Options.Deep, in the order of the paths
	Names    []Name      // what a strict redaction has to hide, beside node, cluster and addresses
	Model    any         // what the System read; nobody else looks inside
}

// A NameKind says what a Name is the name of.
type NameKind string

// The kinds of names.
const (
	HostName     NameKind = "host" // a host name or an address, with or without a port
	ClusterName  NameKind = "cluster"
	DatabaseName NameKind = "database"
	TableName    NameKind = "table"
)

// A Name is a word in the report that tells a stranger something about the
// site.
type Name struct {
	Kind NameKind
	Text string
}

// A FileCheck is what Options.Deep says about one file.
type FileCheck struct {
	File    string
	Pages   uint64
	Kinds   []PageCount // sorted by kind
	Damaged uint64      // pages with damage; what is wrong with them is in Node.Damage
	Mended  uint64      // of these, pages that a start mends from a copy
}

// A PageCount is the number of pages of one kind, in the family's own word.
type PageCount struct {
	Kind  string
	Pages uint64
}

// A Severity orders findings.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // stops a start, or loses or corrupts data
	Warning Severity = "warning" // a person should look before acting
	Info    Severity = "info"    // good to know
)

// A Finding is one conclusion. Its ID has a catalog entry and a page under
// docs/findings; Title and Severity come from the catalog unless set here.
type Finding struct {
	ID       string
	Node     string // "" means the cluster
	Severity Severity
	Detail   string
	Evidence []Evidence
}

// A History is one line of writes that nodes share. Two histories in a
// cluster mean that it diverged, or that a directory is foreign.
type History struct {
	ID      string
	Nodes   []string
	Ranking [][]string // ranks of equals, best first
}

// A Verdict is the answer for one cluster.
type Verdict struct {
	Decided             bool
	MostRecent          []string
	MostRecentStartable []string
	Recommended         string
	Provisional         bool
	Missing             []string
	Reason              string
}

// A Cluster is all that report and repair ever see of one cluster.
type Cluster struct {
	ID        string
	System    string
	Product   string
	Name      string
	Verdict   Verdict
	Histories []History
	Nodes     []*Node
	Peers     []Peer // everyone that the files name, for Options.Lost
	Findings  []Finding
	Plans     []Plan
}

// A Peer is a member that the files of a cluster name, given or not, under
// every name that Options.Lost takes for it, the clearest first.
type Peer []string

// AddPeer adds a member, or further names of one that is there: the first that
// is not "" tells.
func (c *Cluster) AddPeer(names ...string) {
	names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
	if len(names) == 0 {
		return
	}
	i := slices.IndexFunc(c.Peers, func(p Peer) bool { return p[0] == names[0] })
	if i < 0 {
		i = len(c.Peers)
		c.Peers = append(c.Peers, nil)
	}
	for _, n := range names {
		if !slices.Contains(c.Peers[i], n) {
			c.Peers[i] = append(c.Peers[i], n)
		}
	}
}

// A Plan is a way out, as data: report prints it, repair executes it.
type Plan struct {
	ID    string `json:"id"` // stable within a report: "continue-from-n2"
	Title string `json:"title"`
	Base  string `json:"base"` // the node whose data is kept
	// Server is the implementation that the written directories have to start
	// with, as Options has it; "" where they tell it themselves. What pointed to
	// it in the input need not be in the output.
	Server   string    `json:"server,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	Loses    []Loss    `json:"loses,omitempty"`
	Steps    []Step    `json:"steps,omitempty"`
	Commands []Command `json:"commands,omitempty"` // what the operator runs afterwards, in order
	Promise  []Promise `json:"promise,omitempty"`  // what the written directories must satisfy
}

// A Loss is what a plan gives up on one node.
type Loss struct {
	Node    string `json:"node"`
	Entries uint64 `json:"entries,omitempty"`
	From    uint64 `json:"from,omitempty"` // first lost index or seqno, 0 if not numbered
	To      uint64 `json:"to,omitempty"`
	Text    string `json:"text,omitempty"` // transactions, pages, databases, and how sure that is
}

// A Promise is checked by analysing a repaired directory: it reaches Term and
// Index, or Upper if an entry that is no data (a new configuration) follows
// and is counted.
type Promise struct {
	Node string `json:"node"`
	// Cluster is the name of the cluster that the promise is about, where a node
	// may be in several; "" for the only one.
	Cluster string `json:"cluster,omitempty"`

	Term  uint64 `json:"term,omitempty"`
	Index uint64 `json:"index,omitempty"`
	Upper *Bar   `json:"upper,omitempty"`
	Error string `json:"error,omitempty"` // what a start says that is to be refused: the node joins others; "" if it starts
}

// A Bar is a position in the same history.
type Bar struct {
	Term  uint64 `json:"term"`
	Index uint64 `json:"index"`
}

// Kept reports whether a position is what was promised.
func (p Promise) Kept(q Position) bool {
	return q.Term == p.Term && q.Index == p.Index || p.Upper != nil && q.Term == p.Upper.Term && q.Index == p.Upper.Index
}

// A Command is one command line for the operator.
type Command struct {
	Node string `json:"node"` // where to run it, "" for any host
	Run  string `json:"run,omitempty"`
	Why  string `json:"why,omitempty"`
}

// A StepOp says what a Step does.
type StepOp string

// The operations of a plan. All but LeaveOut and the two last create one file
// of an output directory as the concatenation of the step's parts.
const (
	Copy     StepOp = "copy"      // one part: a whole file of the input
	Cut      StepOp = "cut"       // one part: the beginning of a file of the input
	Assemble StepOp = "assemble"  // ranges of input files and literal bytes
	Write    StepOp = "write"     // literal bytes only
	LeaveOut StepOp = "leave-out" // a file of the input that is not taken over
	SQL      StepOp = "sql"       // statements on a SQLite file that an earlier step made
	Archive  StepOp = "archive"   // a tar.gz of files that earlier steps made
)

// A Step makes one file of a repaired directory.
type Step struct {
	Op      StepOp   `json:"op"`
	Node    string   `json:"node"`              // output directory
	File    string   `json:"file"`              // path below it, slash separated
	Because string   `json:"because,omitempty"` // finding ID or one sentence
	Mode    uint32   `json:"mode,omitempty"`    // permission bits, 0 for 0600
	Parts   []Part   `json:"parts,omitempty"`
	SQL     []string `json:"sql,omitempty"`
	Members []Member `json:"members,omitempty"` // for Archive
}

// A Part is a piece of a file: literal data, or a range of an input file.
type Part struct {
	Node   string `json:"node"` // input node; "" for literal data
	File   string `json:"file"`
	Offset int64  `json:"offset,omitempty"`
	Length int64  `json:"length,omitempty"` // -1: to the end of the file
	Data   []byte `json:"data,omitempty"`
}

// A Member is one file of an archive that a plan writes.
type Member struct {
	Node string `json:"node"`           // output directory, "" when Data is set
	File string `json:"file"`           // path below it
	Name string `json:"name,omitempty"` // name inside the archive
	Data []byte `json:"data,omitempty"`
}
