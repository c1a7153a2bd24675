package cowsql

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// Facts are what the report says about a node of this family. FirstIndex to
// Entries tell what the loader holds after a start, or would hold if only the
// damage were gone; the position in the report tells the real content.
type Facts struct {
	Metadata          *MetadataFacts  `json:"metadata"`
	Snapshot          *SnapshotFacts  `json:"snapshot"`
	FirstIndex        uint64          `json:"first_index"`
	LastIndex         uint64          `json:"last_index"`
	LastTerm          uint64          `json:"last_term"`
	Entries           uint64          `json:"entries"`
	TermRanges        []TermRange     `json:"term_ranges"`
	Configuration     *ConfigFacts    `json:"configuration"`
	Segments          []SegmentFacts  `json:"segments"`
	Snapshots         []SnapshotFacts `json:"snapshots"`
	Databases         []DatabaseFacts `json:"databases"`
	ArtificialEntries []EntryFacts    `json:"artificial_entries"`
	LatestSegmentID   string          `json:"latest_segment_id"` // what "incus admin cluster show" prints: closed segments only
	OtherFiles        []string        `json:"other_files"`       // strangers that the loader ignores
}

// MetadataFacts is the authoritative metadata file.
type MetadataFacts struct {
	Term     uint64 `json:"term"`
	VotedFor string `json:"voted_for"` // id, "0" for nobody
	Version  uint64 `json:"version"`
	File     string `json:"file"`
}

// SnapshotFacts is one snapshot.
type SnapshotFacts struct {
	File      string `json:"file"`
	Term      uint64 `json:"term"`
	Index     uint64 `json:"index"`
	Timestamp uint64 `json:"timestamp"` // milliseconds since the writer's boot
	Bytes     int64  `json:"bytes"`
	LZ4       bool   `json:"lz4"`
	State     string `json:"state"` // good, damaged, cut, no-meta, no-data, bad-meta, empty, not-read
}

// TermRange is a run of entries with one term.
type TermRange struct {
	Term  uint64 `json:"term"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// ConfigFacts is the configuration in force after a start.
type ConfigFacts struct {
	Index   uint64        `json:"index"`
	Servers []ServerFacts `json:"servers"`
}

// ServerFacts is one member of a configuration.
type ServerFacts struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	Role    string `json:"role"`
}

// SegmentFacts is one segment file.
type SegmentFacts struct {
	File  string `json:"file"`
	Kind  string `json:"kind"` // closed, open, set-aside, ignored
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Bytes int64  `json:"bytes"`
	State string `json:"state"` // good, empty, zero, damaged, cut, wrong-count, not-read
}

// DatabaseFacts is one replicated database as the newest good snapshot and
// the log know it.
type DatabaseFacts struct {
	Name  string `json:"name"`
	Pages uint32 `json:"pages"` // in the newest readable snapshot; 0 if there is none
}

// EntryFacts is an entry that a recovery wrote.
type EntryFacts struct {
	Index uint64 `json:"index"`
	Term  uint64 `json:"term"`
	File  string `json:"file"`
	Sure  bool   `json:"sure"`
	Why   string `json:"why"`
}

func (m *model) facts() *Facts {
	l := m.Load
	f := &Facts{
		TermRanges: []TermRange{}, Segments: []SegmentFacts{}, Snapshots: []SnapshotFacts{}, Databases: []DatabaseFacts{},
		ArtificialEntries: []EntryFacts{}, OtherFiles: []string{},
		LastIndex: l.LastIndex, LastTerm: l.LastTerm,
	}
	if l.Metadata != "" {
		meta := m.file(l.Metadata).Metadata
		f.Metadata = &MetadataFacts{meta.Term, strconv.FormatUint(meta.VotedFor, 10), meta.Version, l.Metadata}
	}
	if !l.starts() {
		f.LastIndex, f.LastTerm = m.Log.Last, m.Log.LastTerm
		if s := m.newestSnapshot(); s != nil && s.Index > f.LastIndex {
			f.LastIndex, f.LastTerm = s.Index, s.Term
		}
	}
	f.addLog(m)
	f.addConfiguration(m)
	f.addSegments(m)
	f.addSnapshots(m)
	f.addDatabases(m)
	for _, a := range m.Log.Artificial {
		f.ArtificialEntries = append(f.ArtificialEntries, EntryFacts{a.Index, a.Term, a.File, a.Sure, a.Why})
	}
	f.LatestSegmentID = "none"
	for _, x := range m.Files {
		switch x.Name.Kind {
		case cowsql.KindClosed: // sorted by name, as CowqlLatestSegment looks at them
			f.LatestSegmentID = strconv.FormatUint(x.Name.Last, 10)
		case cowsql.KindOther:
			f.OtherFiles = append(f.OtherFiles, x.Name.File)
		}
	}
	return f
}

// addLog describes the log as the loader holds it, or as it is on disk if the
// node does not start.
func (f *Facts) addLog(m *model) {
	add := func(first uint64, run *cowsql.Run, from, to int) {
		f.Entries += uint64(to - from)
		for i, t := range run.Terms {
			end := to
			if i+1 < len(run.Terms) {
				end = min(end, run.Terms[i+1].Pos)
			}
			start := max(from, t.Pos)
			if start >= end {
				continue
			}
			r := TermRange{t.Term, first + uint64(start-from), first + uint64(end-from) - 1}
			if n := len(f.TermRanges); n > 0 && f.TermRanges[n-1].Term == r.Term && f.TermRanges[n-1].Last+1 == r.First {
				f.TermRanges[n-1].Last = r.Last
			} else {
				f.TermRanges = append(f.TermRanges, r)
			}
		}
	}
	if m.Load.starts() {
		f.FirstIndex = m.Load.Start
		for _, p := range m.Load.Pieces {
			if p.Run != nil {
				add(p.First, p.Run, 0, p.Run.Len())
			} else {
				f.Entries += p.N
			}
		}
		return
	}
	f.FirstIndex = m.Log.First
	for _, s := range m.Log.Stretches {
		add(s.First, s.Run, s.From, s.To)
	}
}

func (f *Facts) addConfiguration(m *model) {
	index, c := m.configuration()
	if c == nil {
		return
	}
	f.Configuration = &ConfigFacts{Index: index, Servers: []ServerFacts{}}
	for _, s := range c.Servers {
		f.Configuration.Servers = append(f.Configuration.Servers, ServerFacts{strconv.FormatUint(s.ID, 10), s.Address, s.Role.String()})
	}
}

// configuration returns the newest configuration: the last entry of the log
// that carries one, if it is newer than the snapshot's.
func (m *model) configuration() (uint64, *cowsql.Configuration) {
	var index uint64
	var out *cowsql.Configuration
	if s := m.newestSnapshot(); s != nil {
		index, out = s.Meta.Meta.ConfigurationIndex, &s.Meta.Meta.Configuration
	}
	if s := m.Load.Snapshot; s != nil && m.Load.starts() {
		index, out = s.Meta.Meta.ConfigurationIndex, &s.Meta.Meta.Configuration
	}
	for _, c := range m.Log.configurations() {
		if c.Damage == nil && c.Index > index && (!m.Load.starts() || c.Index <= m.Load.LastIndex) {
			index, out = c.Index, &c.Configuration
		}
	}
	return index, out
}

func (f *Facts) addSegments(m *model) {
	for _, x := range m.Files {
		if m.Quick && x.Segment == nil {
			continue // known by name only
		}
		s := SegmentFacts{File: x.Name.File, First: x.Name.First, Last: x.Name.Last, Bytes: max(x.Size, 0), State: "not-read"}
		switch x.Name.Kind {
		case cowsql.KindClosed:
			s.Kind = "closed"
		case cowsql.KindOpen:
			s.Kind = "open"
			for _, p := range m.Log.Stretches {
				if p.File == x.Name.File {
					if s.First == 0 {
						s.First = p.First
					}
					s.Last = p.last()
				}
			}
		case cowsql.KindCorrupt:
			s.Kind = "set-aside"
		case cowsql.KindIgnored:
			s.Kind = "ignored"
		default:
			continue
		}
		if x.Segment != nil {
			s.State = segmentState(x)
		}
		f.Segments = append(f.Segments, s)
	}
}

func segmentState(x *file) string {
	seg := x.Segment
	switch {
	case seg.Stop == cowsql.EmptyFile:
		return "empty"
	case seg.AllZero:
		return "zero"
	case seg.Stop.Cut():
		return "cut"
	case x.Name.Kind == cowsql.KindOpen && seg.Stop != cowsql.EndOfFile && seg.NonZero < 0:
		return "good"
	case seg.Stop != cowsql.EndOfFile:
		return "damaged"
	case x.Name.Kind == cowsql.KindClosed && uint64(seg.Len()) != x.Name.Last-x.Name.First+1:
		return "wrong-count"
	}
	return "good"
}

func (f *Facts) addSnapshots(m *model) {
	for _, x := range m.Files {
		n := x.Name
		if n.Kind != cowsql.KindSnapshotData && n.Kind != cowsql.KindSnapshotMeta {
			continue
		}
		name := cowsql.SnapshotName(n.Term, n.Index, n.Timestamp)
		s := SnapshotFacts{File: name, Term: n.Term, Index: n.Index, Timestamp: n.Timestamp}
		meta, data := m.file(name+".meta"), m.file(name)
		if n.Kind == cowsql.KindSnapshotMeta && data != nil {
			continue // listed with its data file
		}
		if data != nil {
			s.Bytes = max(data.Size, 0)
			s.LZ4 = data.Snapshot != nil && data.Snapshot.LZ4.Used
		}
		s.State = snapshotState(meta, data)
		f.Snapshots = append(f.Snapshots, s)
	}
	slices.SortFunc(f.Snapshots, func(a, b SnapshotFacts) int {
		return cmp.Or(cmp.Compare(a.Term, b.Term), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Timestamp, b.Timestamp))
	})
	if s := m.Load.Snapshot; s != nil {
		for i := range f.Snapshots {
			if f.Snapshots[i].File == s.Data.Name.File {
				f.Snapshot = &f.Snapshots[i]
			}
		}
	}
}

func snapshotState(meta, data *file) string {
	switch {
	case data == nil:
		return "no-data"
	case data.Size == 0:
		return "empty"
	case meta == nil:
		return "no-meta"
	case meta.Meta.Stop != cowsql.MetaGood:
		return "bad-meta"
	case data.Snapshot == nil:
		return "not-read"
	case data.Snapshot.Missing > 0 || data.Snapshot.LZ4.Cut:
		return "cut"
	case len(data.Damage) > 0:
		return "damaged"
	}
	return "good"
}

func (f *Facts) addDatabases(m *model) {
	pages := map[string]uint32{}
	for _, s := range m.Log.Stretches {
		for name := range s.Run.Commands {
			pages[name] += 0
		}
	}
	if s := m.newestSnapshot(); s != nil && s.Data.Snapshot != nil {
		for _, d := range s.Data.Snapshot.Databases {
			pages[d.Name] = d.Pages
		}
	}
	for name, n := range pages {
		f.Databases = append(f.Databases, DatabaseFacts{name, n})
	}
	slices.SortFunc(f.Databases, func(a, b DatabaseFacts) int { return cmp.Compare(a.Name, b.Name) })
}
