package manticore

import (
	"path"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
)

// Facts are what the report says about a host in one cluster.
type Facts struct {
	Cluster      string         `json:"cluster"` // whose grastate, gvwstate, gcache and tables these are; "" for a host without one
	Clusters     []ClusterFacts `json:"clusters"`
	Grastate     *StateFacts    `json:"grastate"`
	Gvwstate     *ViewFacts     `json:"gvwstate"`
	Gcache       *CacheFacts    `json:"gcache"`
	SharedMemory *MemoryFacts   `json:"shared_memory"`
	Tables       []TableFacts   `json:"tables"`
	Binlog       BinlogFacts    `json:"binlog"`
	CleanStop    bool           `json:"clean_shutdown"`
	// Difference is seqno minus the sum of TIDs, for each source that has a
	// seqno. Equal numbers on several nodes prove each other.
	Difference map[string]int64 `json:"seqno_minus_tids"`
	Proven     *int64           `json:"proven_seqno"` // what the tables hold, null if it cannot be told
	Server     string           `json:"server"`
}

// ClusterFacts is one entry of manticore.json.
type ClusterFacts struct {
	Name          string   `json:"name"`
	Path          string   `json:"path"`
	Nodes         []string `json:"nodes"`
	Indexes       []string `json:"indexes"`
	Epoch         int64    `json:"cluster_epoch"`
	SelfBootstrap bool     `json:"self_bootstrap_on_startup"`
}

// StateFacts is grastate.dat.
type StateFacts struct {
	Version         string `json:"version"`
	UUID            string `json:"uuid"`
	Seqno           int64  `json:"seqno"`
	SafeToBootstrap int    `json:"safe_to_bootstrap"`
}

// ViewFacts is gvwstate.dat.
type ViewFacts struct {
	MyUUID    string   `json:"my_uuid"`
	ViewID    string   `json:"view_id"`
	Members   []string `json:"members"`
	Bootstrap bool     `json:"bootstrap"`
}

// CacheFacts is the gapless end of galera.cache: received, not all applied.
type CacheFacts struct {
	UUID  string `json:"uuid"`
	First int64  `json:"first"`
	Last  int64  `json:"last"`
}

// MemoryFacts is the cluster's entry in the shared memory copy.
type MemoryFacts struct {
	File  string `json:"file"`
	UUID  string `json:"uuid"`
	Seqno int64  `json:"seqno"`
}

// TableFacts is one table. TID is what the server counts after its next
// start.
type TableFacts struct {
	Name      string `json:"name"`
	TID       int64  `json:"tid"`
	MetaTID   int64  `json:"meta_tid"` // as the header has it, -1 without one
	OnDisk    int64  `json:"tid_on_disk"`
	Documents int64  `json:"documents"` // in the header, when it was saved
	Chunks    int    `json:"disk_chunks"`
	Served    bool   `json:"served"`
}

// BinlogFacts is the transaction log.
type BinlogFacts struct {
	Path    string     `json:"path"`
	Version uint32     `json:"version"`
	Files   []LogFacts `json:"files"`
}

// LogFacts is one file of it.
type LogFacts struct {
	File         string `json:"file"`
	Version      uint32 `json:"version"`
	Bytes        int64  `json:"bytes"`
	Transactions uint64 `json:"transactions"`
	ValidBytes   int64  `json:"valid_bytes"`
	Listed       bool   `json:"listed"`
	State        string `json:"state"` // good, missing, or why it ends
}

// node makes the member's node of a host's.
func (g *group) node(m *member) *analyze.Node {
	h := m.Host
	n := *h.Node
	n.Member = m.Member
	if n.Member == "" {
		n.Member = "unknown"
	}
	n.Identity = h.identity(m.View)
	n.Position = g.position(m)
	n.Start = h.start(m.part)
	n.Facts = g.facts(m)
	n.Names = h.names()
	n.Damage = slices.Clone(n.Damage)
	if m.State != nil {
		n.Damage = append(n.Damage, m.State.Damage...)
	}
	if m.View != nil {
		n.Damage = append(n.Damage, m.View.Damage...)
	}
	n.Picture = m.picture(n.Position)
	return &n
}

// node is the host as the run knows it; Judge makes nodes of clusters of it.
func (h *host) node(c analyze.Candidate) *analyze.Node {
	n := &analyze.Node{Name: h.Name, System: "manticore", Product: c.Product, Model: h}
	add := func(d *parse.Damage) {
		if d != nil {
			n.Damage = append(n.Damage, *d)
		}
	}
	for _, name := range sortedKeys(h.Configs) {
		n.Damage = append(n.Damage, h.Configs[name].Damage...)
	}
	if h.Meta != nil {
		add(h.Meta.Damage)
	}
	for _, l := range h.Logs {
		if !l.Missing {
			add(l.Damage)
		}
	}
	for _, name := range sortedKeys(h.evidence.Tables) {
		add(h.evidence.Tables[name].Damage)
	}
	for _, name := range sortedKeys(h.evidence.Memory) {
		add(h.evidence.Memory[name].Damage)
	}
	return n
}

func (h *host) identity(v viewFile) analyze.Identity {
	id := analyze.Identity{}
	if h.Conf != nil {
		id.ID, id.Source = h.Conf.ServerID.Value, h.Conf.File
	}
	if len(h.Addresses) > 0 {
		id.Address = h.Addresses[0]
	}
	if v != nil && !v.MyUUID.IsZero() {
		id.UUID = v.MyUUID.String()
	}
	return id
}

func (g *group) facts(m *member) *Facts {
	h := m.Host
	f := &Facts{Cluster: g.name, CleanStop: m.clean(), Server: h.Server.String(), Difference: map[string]int64{}}
	if h.Salvage != nil {
		for _, c := range h.Salvage.Clusters {
			f.Clusters = append(f.Clusters, ClusterFacts{c.Name, c.Path, c.Nodes, c.Tables, c.Epoch, c.SelfBootstrap})
		}
	}
	if s := m.State; s != nil {
		f.Grastate = &StateFacts{s.Version, s.UUID.String(), s.Seqno, b2i(s.SafeToBootstrap)}
	}
	if v := m.View; v != nil {
		f.Gvwstate = &ViewFacts{MyUUID: v.MyUUID.String(), ViewID: viewID(v), Bootstrap: v.Bootstrap}
		for _, x := range v.Members {
			f.Gvwstate.Members = append(f.Gvwstate.Members, x.UUID.String())
		}
	}
	if c := m.Cache; c != nil && c.Last > 0 {
		f.Gcache = &CacheFacts{c.UUID, c.First, c.Last}
	}
	if m.Memory != nil {
		f.SharedMemory = &MemoryFacts{m.Memory.Span.File, m.Memory.UUID, m.Memory.Seqno}
	}
	tables := m.Tables
	if len(tables) == 0 && m.Entry == nil {
		tables = sortedKeys(h.Tables)
	}
	for _, name := range tables {
		if t := h.Tables[name]; t != nil && t.Meta != nil {
			f.Tables = append(f.Tables, TableFacts{
				Name: name, TID: t.Start, MetaTID: t.Meta.TID, OnDisk: t.Whole, Documents: t.Meta.Documents,
				Chunks: len(t.Meta.Chunks), Served: t.Refused == "",
			})
		}
	}
	f.Binlog = h.binlogFacts()
	for _, v := range m.votes() {
		f.Difference[v.Source] = v.K
	}
	if seqno, proven, _ := g.seqno(m); proven {
		f.Proven = &seqno
	}
	return f
}

func (h *host) binlogFacts() BinlogFacts {
	out := BinlogFacts{Path: h.BinlogDir}
	if h.Meta != nil {
		out.Version = h.Meta.Version
	}
	for _, l := range h.Logs {
		x := LogFacts{File: l.Path, Listed: l.Listed, State: "good"}
		if l.Missing {
			x.State = "missing"
		} else {
			x.Version, x.Bytes, x.Transactions, x.ValidBytes = l.Version, l.Size, l.Transactions, l.End
			if l.Stop != "" {
				x.State = string(l.Stop)
			}
		}
		out.Files = append(out.Files, x)
	}
	return out
}

// picture draws the seqnos of a member: what its tables hold, and what it
// received beyond that.
func (m *member) picture(p analyze.Position) []analyze.Stretch {
	var out []analyze.Stretch
	first := uint64(1)
	if p.Bound != analyze.None && p.Index > 0 {
		out = append(out, analyze.Stretch{Mark: analyze.MarkStored, First: 1, Last: p.Index, Label: "tables"})
		first = p.Index + 1
	}
	if c := m.Cache; c != nil && c.Last > 0 && c.UUID == m.UUID && uint64(c.Last) >= first {
		out = append(out, analyze.Stretch{Mark: analyze.MarkCache, First: max(first, uint64(c.First)), Last: uint64(c.Last), Label: path.Base(c.File)})
	}
	return out
}
