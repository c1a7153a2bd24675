package wesql

import (
	"path"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// Facts are the facts of a node in the report.
type Facts struct {
	ServerUUID  string       `json:"server_uuid"`
	Role        string       `json:"role"`
	Version     string       `json:"version"`
	Log         *LogFacts    `json:"log"`
	Meta        *MetaFacts   `json:"meta"`
	Engine      *EngineFacts `json:"engine"`
	InnoDB      *InnoDBFacts `json:"innodb"`
	ObjectStore *StoreFacts  `json:"objectstore"`
}

// LogFacts are about the consensus log.
type LogFacts struct {
	FirstIndex              uint64       `json:"first_index"`
	LastIndex               uint64       `json:"last_index"`
	LastTerm                uint64       `json:"last_term"`
	Strict                  StrictFacts  `json:"strict"`
	LastCompleteTransaction uint64       `json:"last_complete_transaction"`
	InUse                   bool         `json:"in_use"`
	TermRanges              []TermFacts  `json:"term_ranges"`
	Files                   []FileFacts  `json:"files"`
	Gaps                    []GapFacts   `json:"gaps"`
	DamagedEntries          []EntryFacts `json:"damaged_entries"`
}

// StrictFacts are the position with every checksum verified.
type StrictFacts struct {
	LastIndex uint64 `json:"last_index"`
	LastTerm  uint64 `json:"last_term"`
}

// TermFacts are a run of entries of one term.
type TermFacts struct {
	Term  uint64 `json:"term"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// FileFacts are one file of the log.
type FileFacts struct {
	File       string `json:"file"`
	Bytes      int64  `json:"bytes"`
	Listed     bool   `json:"listed"`
	Missing    bool   `json:"missing"`
	FirstIndex uint64 `json:"first_index"`
	LastIndex  uint64 `json:"last_index"`
	Entries    int64  `json:"entries"`
	InUse      bool   `json:"in_use"`
	ValidEnd   int64  `json:"valid_end"`
	BadEvents  int64  `json:"bad_events"`
	Checksum   string `json:"checksum"`
}

// GapFacts are entries that the log lacks.
type GapFacts struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	File  string `json:"file"`
}

// EntryFacts are an entry with a wrong checksum.
type EntryFacts struct {
	Index  uint64 `json:"index"`
	Term   uint64 `json:"term"`
	File   string `json:"file"`
	Offset int64  `json:"offset"`
}

// MetaFacts are the row of mysql.consensus_info.
type MetaFacts struct {
	CurrentTerm     uint64   `json:"current_term"`
	VotedFor        uint64   `json:"voted_for"`
	ClusterID       string   `json:"cluster_id"`
	Members         []string `json:"members"`
	Position        int      `json:"position"`
	Learners        string   `json:"learners"`
	RecoverStatus   uint64   `json:"recover_status"`
	LastLeaderTerm  uint64   `json:"last_leader_term"`
	StartApplyIndex uint64   `json:"start_apply_index"`
	Source          string   `json:"source"`
	File            string   `json:"file"`
}

// EngineFacts are about applying and about smartengine.
type EngineFacts struct {
	AppliedIndex *uint64  `json:"applied_index"`
	AppliedExact bool     `json:"applied_exact"`
	Opens        *bool    `json:"opens"`
	Error        string   `json:"error"`
	LastSequence uint64   `json:"last_sequence"`
	Tables       int      `json:"tables"`
	Prepared     []uint64 `json:"prepared_entries"`
}

// InnoDBFacts are about the redo log.
type InnoDBFacts struct {
	Clean      bool   `json:"clean_shutdown"`
	Checkpoint uint64 `json:"checkpoint_lsn,string"`
	End        uint64 `json:"redo_end_lsn,string"`
	System     string `json:"system_tablespace"`
}

// StoreFacts are about the object store.
type StoreFacts struct {
	Directory         string       `json:"directory"`
	Bucket            string       `json:"bucket"`
	Repository        string       `json:"repository"`
	Branch            string       `json:"branch"`
	ArchivedFirst     uint64       `json:"archived_first_index"`
	ArchivedLast      uint64       `json:"archived_last_index"`
	ArchivedTerm      uint64       `json:"archived_last_term"`
	IndexTerm         uint64       `json:"archived_index_term"`
	Slices            int          `json:"slices"`
	MissingSlices     []string     `json:"missing_slices"`
	Snapshots         []SnapFacts  `json:"snapshots"`
	RebuildsTo        *uint64      `json:"rebuilds_to"`
	RebuildProblem    string       `json:"rebuild_problem"`
	Clusters          []StoreEntry `json:"cluster_info"`
	LeaseExpires      string       `json:"lease_expires"`
	DataLock          bool         `json:"data_lock"`
	UnlistedLastIndex uint64       `json:"unlisted_last_index"`
}

// SnapFacts are one snapshot.
type SnapFacts struct {
	Time  string `json:"time"`
	Index uint64 `json:"index"`
}

// StoreEntry is one cluster_info object.
type StoreEntry struct {
	Server  string `json:"server"`
	Index   uint64 `json:"index"`
	Members string `json:"members"`
}

// facts collects what the report shows of a node.
func (m *model) facts() *Facts {
	f := &Facts{ServerUUID: m.Auto.UUID, Role: m.role()}
	if m.Layout == layoutServer {
		f.Log = m.logFacts()
		for _, l := range m.Chain {
			if l.Log != nil && l.Log.Version != "" {
				f.Version = l.Log.Version
			}
		}
	}
	if r := m.rows(); r != nil {
		members, _ := wesql.ParseMembers(r.Members)
		f.Meta = &MetaFacts{
			CurrentTerm: r.Term, VotedFor: r.VotedFor, ClusterID: r.ClusterID, Members: slot(members), Position: members.Position, Learners: r.Learners,
			RecoverStatus: r.RecoverStatus, LastLeaderTerm: r.LastLeaderTerm, StartApplyIndex: r.StartApplyIndex, Source: r.From, File: r.At.File,
		}
	}
	f.Engine = m.engineFacts()
	if r := m.Redo; r.Known {
		f.InnoDB = &InnoDBFacts{Clean: r.Clean, Checkpoint: r.Checkpoint, End: r.End, System: r.System}
	}
	if m.Store != nil {
		f.ObjectStore = m.Store.facts()
	}
	return f
}

// slot lists members as their string has them, an empty slot as "0".
func slot(m wesql.Members) []string {
	out := []string{}
	for _, x := range m.List {
		if x.Address == "" {
			x.Address = "0"
		}
		out = append(out, x.Address)
	}
	return out
}

func (m *model) logFacts() *LogFacts {
	v := &m.log
	f := &LogFacts{
		FirstIndex: v.First, LastIndex: v.Index, LastTerm: v.Term, Strict: StrictFacts{v.StrictIndex, v.StrictTerm}, LastCompleteTransaction: v.Complete, InUse: v.InUse,
		TermRanges: []TermFacts{}, Files: []FileFacts{}, Gaps: []GapFacts{}, DamagedEntries: []EntryFacts{},
	}
	for i := range m.runs {
		r := &m.runs[i]
		if n := len(f.TermRanges) - 1; n >= 0 && f.TermRanges[n].Term == r.Term && f.TermRanges[n].Last+1 == r.First {
			f.TermRanges[n].Last = r.last()
		} else if n < 1000 {
			f.TermRanges = append(f.TermRanges, TermFacts{r.Term, r.First, r.last()})
		}
	}
	for _, l := range m.Chain {
		x := FileFacts{File: l.Path, Bytes: l.Size, Listed: l.Listed && m.HasIndex, Missing: l.Missing}
		if l.Log != nil {
			x.FirstIndex, x.LastIndex, x.Entries, x.InUse = l.Log.First, l.Log.LastIndex, l.Log.Entries, l.Log.InUse
			x.ValidEnd, x.BadEvents, x.Checksum = l.Log.Server.End, l.Log.BadEvents, l.Log.Checksum.String()
		}
		f.Files = append(f.Files, x)
	}
	for _, h := range v.Holes {
		f.Gaps = append(f.Gaps, GapFacts{h.First, h.Last, h.File})
	}
	for _, b := range m.bad {
		f.DamagedEntries = append(f.DamagedEntries, EntryFacts{b.Index, b.Term, b.File, b.Offset})
	}
	return f
}

func (m *model) engineFacts() *EngineFacts {
	index, _, ok, exact := m.applied()
	if !ok && m.Engine == nil {
		return nil
	}
	f := &EngineFacts{AppliedExact: exact, Prepared: []uint64{}}
	if ok {
		f.AppliedIndex = &index
	}
	if e := m.Engine; e != nil {
		f.Opens, f.Error, f.LastSequence, f.Tables = &e.Opens, e.Error, e.Sequence, e.Tables
		for _, x := range e.Prepared {
			if i, ok := m.xids[x]; ok {
				f.Prepared = append(f.Prepared, i)
			}
		}
		slices.Sort(f.Prepared)
	}
	return f
}

func (s *store) facts() *StoreFacts {
	f := &StoreFacts{
		Directory: s.Dir, Bucket: s.Bucket, Repository: s.Repository, Branch: s.Branch, ArchivedFirst: s.First, ArchivedLast: s.Last, ArchivedTerm: s.Term,
		Slices: len(s.Slices), MissingSlices: []string{}, Snapshots: []SnapFacts{}, Clusters: []StoreEntry{}, DataLock: s.Lock, UnlistedLastIndex: s.UnlistedLast,
	}
	if s.Current != nil {
		f.IndexTerm = s.Current.Term
	}
	for _, x := range s.Missing {
		f.MissingSlices = append(f.MissingSlices, x.Name)
	}
	for _, x := range s.Snapshots {
		f.Snapshots = append(f.Snapshots, SnapFacts{x.Time.Format("2006-01-02T15:04:05Z"), x.Index})
	}
	if index, ok, why := s.usable(); ok {
		f.RebuildsTo = &index
	} else {
		f.RebuildProblem = why
	}
	for _, name := range sortedKeys(s.Clusters) {
		f.Clusters = append(f.Clusters, StoreEntry{name, s.Clusters[name].Index, s.Clusters[name].Members.Text})
	}
	if !s.Expiry.IsZero() {
		f.LeaseExpires = s.Expiry.Format("2006-01-02T15:04:05Z")
	}
	return f
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// node makes the node of the report.
func (m *model) node() {
	n := &analyze.Node{Name: m.Name, System: "wesql", Product: "wesql", Role: m.role(), Member: "unknown", Damage: m.Damage, Model: m}
	m.Node = n
	switch m.Layout {
	case layoutPlain:
		n.Product, n.Member = "mysql", "no"
		n.Start = analyze.Start{Outcome: analyze.Unknown, Server: "WeSQL 8.0.35", Why: "the directory has no raft parts"}
		n.Position = analyze.Position{Bound: analyze.None}
	case layoutStore:
		n.Member = "no"
		n.Start = analyze.Start{Outcome: analyze.Unknown, Why: "an object store is not started"}
		n.Position = analyze.Position{Term: m.Store.Term, Index: m.Store.Last, Bound: analyze.Exact}
		if m.Store.Last == 0 {
			n.Position.Bound = analyze.None
		}
		n.Damage = append(n.Damage, m.Store.Damage...)
	default:
		n.Position = analyze.Position{Term: m.log.Term, Index: m.log.Index, Bound: analyze.Exact}
		if !m.log.HasEntries && m.log.Index == 0 {
			n.Position.Bound = analyze.None
		} else if l := m.log.LastFile; l != nil && (l.Missing || l.Log == nil || !l.Log.HasFirst) {
			n.Position.Bound = analyze.AtLeast
		}
		n.Start = m.start()
		if m.Store != nil {
			n.Damage = append(n.Damage, m.Store.Damage...)
		}
		m.identity()
	}
	m.picture()
	n.Facts = m.facts()
}

// identity says who the node is.
func (m *model) identity() {
	members, source := m.members()
	id := analyze.Identity{UUID: m.Auto.UUID, Address: members.Own(), Source: source}
	if m.HasConf && m.Conf.WeSQL.ServerIDOnStore.Set {
		id.Name = m.Conf.WeSQL.ServerIDOnStore.V
	}
	if members.Position > 0 {
		id.ID = itoa(uint64(members.Position))
	}
	if id.Source == "" && m.HasAuto {
		id.Source = m.in("auto.cnf")
	}
	m.Node.Identity = id
	m.Node.Names = m.names()
}

// picture draws the log.
func (m *model) picture() {
	n := m.Node
	add := func(mark analyze.Mark, first, last uint64, label string) {
		if first > 0 && last >= first && len(n.Picture) < 500 {
			n.Picture = append(n.Picture, analyze.Stretch{Mark: mark, First: first, Last: last, Label: label})
		}
	}
	if m.Store != nil {
		if s := m.Store.snapshot(); s != nil && m.Layout == layoutStore {
			add(analyze.MarkSnapshot, 1, s.Index, "snapshot of "+s.Time.Format("2006-01-02 15:04:05"))
		}
	}
	if m.Layout == layoutStore {
		for i := range m.runs {
			add(analyze.MarkStored, m.runs[i].First, m.runs[i].last(), "archive")
		}
		return
	}
	for _, l := range m.Chain {
		if l.Log == nil || l.Log.Entries == 0 {
			continue
		}
		mark := analyze.MarkStored
		if l == m.log.LastFile {
			mark = analyze.MarkOpen
		}
		add(mark, l.Log.FirstIndex, l.Log.LastIndex, path.Base(l.Path))
		if l.Log.Behind > 0 {
			add(analyze.MarkDiscarded, l.Log.BehindFirst, l.Log.BehindLast, "behind damage")
		}
	}
	for _, h := range m.log.Holes {
		add(analyze.MarkGap, h.First, h.Last, path.Base(h.File))
	}
	for _, b := range m.bad {
		add(analyze.MarkDamage, b.Index, b.Index, "wrong checksum")
	}
}
