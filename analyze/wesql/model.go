package wesql

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/binlog"
	"github.com/lastwrite/lastwrite/parse/optionfile"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// The roles of nodes.
const (
	roleData    = "data"
	roleLogger  = "logger"
	roleLearner = "learner"
	roleStore   = "objectstore"
	rolePlain   = "plain"
)

// A model is all that is known of one node.
type model struct {
	Name   string
	Node   *analyze.Node
	group  *group // of Judge; nil in front of it, and for a plain directory
	FS     fs.FS
	Data   string // data directory below the root of FS
	Layout string
	sizes  map[string]int64
	dirs   map[string]bool
	modes  map[string]fs.FileMode

	LogDir    string // directory of the log files
	Base      string // "master-bin"
	IndexPath string
	HasIndex  bool
	Index     binlog.Index
	IndexRaw  []byte

	Logs    map[string]*wesql.Log
	ledgers map[string]*ledger

	Chain []*link
	log   verdict

	Auto     wesql.AutoConf
	HasAuto  bool
	ConfFile string
	Conf     optionfile.Server
	HasConf  bool
	Rows     *wesql.Rows
	Redo     redoState
	Store    *store  // inside of the data directory, or the node itself
	Engine   *engine // nil if there is no smartengine directory
	Damage   []parse.Damage

	runs  []run
	bad   []badEntry
	large map[uint64]bool
	xids  map[uint64]uint64

	where  string            // directory within the input
	stored map[string][]byte // of a bundle, whose files have no content: the first bytes of some; nil for others
}

// A link is one file of the log.
type link struct {
	Path    string // below the root of the node
	Line    string // as the index has it; "" if it is not listed
	At      parse.Span
	Listed  bool
	Missing bool
	Bridge  bool // not listed, and fits between two that are
	Size    int64
	Number  int64
	Log     *wesql.Log // nil if it was not read
	Ledger  *ledger
}

// A verdict is how far the log of a node goes.
type verdict struct {
	First        uint64 // first index of the first file
	Index, Term  uint64 // what a start with default options keeps
	StrictIndex  uint64
	StrictTerm   uint64
	Complete     uint64 // last index that ends a transaction
	Cut          *cut   // what a start cuts off
	Holes        []hole
	InUse        bool // flag of the last file
	HasEntries   bool
	LastFile     *link
	BehindLast   uint64
	BehindFirst  uint64
	BehindCount  int64
	UnlistedLast uint64 // an entry of a file that is not listed and would continue the log
}

// A cut is the tail of the last file that a start removes.
type cut struct {
	File     string
	From, To int64
	Open     bool
}

// A hole is a place where the log lacks entries.
type hole struct {
	First, Last uint64 // the entries that are missing; 0 if that is not known
	File        string // file that is missing or begins too late
	At          parse.Span
	Seen        bool // a start notices it
	Bridged     bool // a file that is there and not listed holds the entries
}

// in returns a path below the data directory.
func (m *model) in(name string) string { return path.Join(m.Data, name) }

func (m *model) hasDir(name string) bool { return m.dirs[m.in(name)] }

func (m *model) hasFile(name string) bool { _, ok := m.sizes[m.in(name)]; return ok }

// below lists the files below a directory, sorted.
func (m *model) below(dir string) []string {
	var out []string
	for name := range m.sizes {
		if strings.HasPrefix(name, dir+"/") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// serverless reports whether the raft rows are in smartengine: the option, else
// what the directory looks like.
func (m *model) serverless() bool {
	if v := m.Conf.WeSQL.Serverless; v.Set {
		return v.V
	}
	if m.Rows != nil && m.Rows.Meta != nil {
		return false
	}
	return m.Engine != nil && (m.Engine.HasRows || m.Engine.Tables > 1) || m.Store != nil || m.hasGlob("mysql/consensus_info_")
}

// hasGlob reports whether a file below the data directory begins so.
func (m *model) hasGlob(prefix string) bool {
	for name := range m.sizes {
		if strings.HasPrefix(name, m.in(prefix)) {
			return true
		}
	}
	return false
}

// logger reports whether the node keeps the log only.
func (m *model) logger() bool {
	if v := m.Conf.WeSQL.Logger; v.Set {
		return v.V
	}
	if e := m.Engine; e != nil && e.HasApplied {
		return e.Workers == 0 && e.Applied == 0 && !e.userTables()
	}
	if x := m.Rows; x != nil && x.HasApplied {
		return x.Workers == 0 && x.Applied == 0 && m.Redo.Clean
	}
	return false
}

// The raft rows, from InnoDB or smartengine.
type raftRows struct {
	At              parse.Span
	Term            uint64
	VotedFor        uint64
	RecoverStatus   uint64
	LastLeaderTerm  uint64
	StartApplyIndex uint64
	ClusterID       string
	Members         string
	Learners        string
	FromRedo        bool
	From            string // innodb, smartengine
}

// rows returns the row of consensus_info, nil if none was found.
func (m *model) rows() *raftRows {
	if m.Engine != nil && m.Engine.Info != nil {
		return m.Engine.Info
	}
	if m.Rows == nil {
		return nil
	}
	x := m.Rows.Meta
	if r := m.Redo.Meta; r != nil && (x == nil || r.Term >= x.Term) {
		x = r
	}
	if x == nil {
		return nil
	}
	return &raftRows{x.Span, x.Term, x.VotedFor, x.RecoverStatus, x.LastLeaderTerm, x.StartApplyIndex, x.ClusterID, x.Members, x.Learners, x.FromRedo, "innodb"}
}

// applied returns the applied index as the tables have it. exact is false when
// a crash left newer values in the redo log.
func (m *model) applied() (index uint64, at parse.Span, ok, exact bool) {
	if m.Engine != nil && m.Engine.HasApplied {
		return m.Engine.Applied, m.Engine.AppliedAt, true, true
	}
	if m.Rows == nil || !m.Rows.HasApplied {
		return 0, parse.Span{}, false, false
	}
	return max(m.Rows.Applied, m.Rows.Highest), m.Rows.AppliedAt, true, m.Redo.Clean
}

// members returns the member string that a start goes by: that of the object
// store where there is one, else the row, else the option file.
func (m *model) members() (wesql.Members, string) {
	if r := m.rows(); r != nil && r.Members != "" {
		x, _ := wesql.ParseMembers(r.Members)
		return x, r.At.File
	}
	if c := m.storeInfo(); c != nil {
		return c.Members, c.File
	}
	if v := m.Conf.WeSQL.ClusterInfo; v.Set {
		x, _ := wesql.ParseMembers(v.V)
		return x, m.ConfFile
	}
	return wesql.Members{}, ""
}

// storeInfo is the membership that the node's own store keeps of it.
func (m *model) storeInfo() *wesql.ClusterInfo {
	id := m.Conf.WeSQL.ServerIDOnStore
	if m.Store == nil || !id.Set {
		return nil
	}
	if c, ok := m.Store.Clusters[id.V]; ok {
		return &c
	}
	return nil
}

// role tells what the node is for.
func (m *model) role() string {
	switch m.Layout {
	case layoutStore:
		return roleStore
	case layoutPlain:
		return rolePlain
	}
	members, _ := m.members()
	switch {
	case m.logger():
		return roleLogger
	case members.Position == 0 && len(members.List) == 1:
		return roleLearner
	}
	return roleData
}
