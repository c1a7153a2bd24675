package cowsql

import (
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A mending is a raft directory made of the good parts of a node's own files
// and, where those have holes, of other nodes' entries. Paths in the steps are
// relative to the raft directory, and Node is not set yet.
type mending struct {
	Steps   []analyze.Step
	First   uint64 // first index of the log, 0 if it is empty
	End     uint64 // last index, of the snapshot if the log is empty
	EndTerm uint64
	Lost    uint64 // readable entries of the node that are not in it
	LostAt  span
	Donors  []string
	Changed bool // it is not just a copy of what a start would make of the files
	Meta    bool // metadata had to be written anew
	Base    *snapshot
	Config  *cowsql.Configuration
	Version bool // a snapshot is there
	Fence   fence
}

// mend makes a whole raft directory out of m. With donors, other members fill
// the holes. ok is false if nothing usable comes of it.
func (g *group) mend(m *member, donors bool) (*mending, bool) {
	return g.mendInTerm(m, donors, 0)
}

// mendInTerm does the same for a cluster that goes on in a new term, unless
// that is 0: entries that other members' logs contradict get that term.
func (g *group) mendInTerm(m *member, donors bool, term uint64) (*mending, bool) {
	w := &mending{}
	log := m.Log
	if log.Floating != "" {
		log = log.closedOnly(m.newestSnapshot())
	}
	if !g.mendSnapshots(m, log, donors, w) {
		return nil, false
	}
	base := uint64(0)
	if w.Base != nil {
		base = w.Base.Index
	}
	pieces, end := g.cover(m, log, base, donors)
	w.End, w.EndTerm = end, 0
	if end <= base && w.Base != nil {
		w.End, w.EndTerm = w.Base.Index, w.Base.Term
		pieces = nil
	}
	if len(pieces) > 0 {
		w.First = pieces[0].First
		d, _, _ := pieces[len(pieces)-1].from.Log.at(end)
		w.EndTerm = d.Term
	}
	if w.End == 0 || slices.ContainsFunc(pieces, func(c chunk) bool { return c.malformed(w.Base) }) {
		return nil, false
	}
	if term > 0 {
		w.Fence = g.fenceFor(m, base, w.End, term)
	}
	if w.Fence.covers(w.End) {
		w.EndTerm = term
	}
	w.writeSegments(m, pieces)
	w.countLosses(m)
	w.leaveOut(m)
	return w, true
}

// closedOnly is the history without what open segments hold.
func (h *history) closedOnly(newest *snapshot) *history {
	out := &history{Holes: h.Holes}
	for _, s := range h.Stretches {
		if !strings.HasPrefix(s.File, "open-") {
			out.Stretches = append(out.Stretches, s)
		}
	}
	out.finish()
	out.findArtificial(newest)
	return out
}

// mendSnapshots copies the sound snapshots and rebuilds a lost .meta if no
// sound snapshot leads up to the log. It returns false if there is no base.
func (g *group) mendSnapshots(m *member, log *history, donors bool, w *mending) bool {
	var kept []*snapshot
	list := m.snapshots()
	for _, s := range list {
		if s.Meta.Meta.Stop == cowsql.MetaGood && s.sound() && s.Data.Snapshot != nil {
			kept = append(kept, s)
		}
	}
	reaches := func(index uint64) bool {
		return log.contiguousFrom(index+1) >= min(log.End, m.Node.Position.Index) || donors && g.fillsFrom(m, log, index)
	}
	for i := len(kept) - 1; i >= 0; i-- {
		if w.Base == nil && reaches(kept[i].Index) {
			w.Base = kept[i]
		}
	}
	if n := len(kept); w.Base == nil && n > 0 {
		w.Base = kept[n-1] // the log does not lead on from any of them
	}
	if (w.Base == nil || !reaches(w.Base.Index)) && log.First != 1 {
		if s, step, ok := g.rebuildMeta(m, log, reaches); ok {
			w.Base = s
			w.Steps = append(w.Steps, step)
			w.copyWhole(m, s.Data.Name.File, "LWC030")
			w.Changed = true
		}
	}
	if w.Base != nil {
		w.Config = &w.Base.Meta.Meta.Configuration
		w.Version = true
	}
	for _, s := range kept {
		if w.Base != nil && (s.Term < w.Base.Term || s.Index < w.Base.Index) || s == w.Base {
			w.copyWhole(m, s.Data.Name.File, "")
			w.copyWhole(m, s.Meta.Name.File, "")
		}
	}
	return w.Base != nil || log.First == 1 || donors && len(list) == 0 && g.fillsFrom(m, log, 0)
}

// fillsFrom reports whether own and donors' entries lead from index+1 to the
// end of the node's log.
func (g *group) fillsFrom(m *member, log *history, index uint64) bool {
	_, end := g.cover(m, log, index, true)
	return end >= m.Node.Position.Index
}

// rebuildMeta makes the .meta file of a sound snapshot that has none.
func (g *group) rebuildMeta(m *member, log *history, reaches func(uint64) bool) (*snapshot, analyze.Step, bool) {
	for i := len(m.Files) - 1; i >= 0; i-- {
		f := m.Files[i]
		if f.Name.Kind != cowsql.KindSnapshotData || f.Snapshot == nil || len(f.Damage) > 0 || f.Size == 0 || !reaches(f.Name.Index) {
			continue
		}
		name := cowsql.SnapshotName(f.Name.Term, f.Name.Index, f.Name.Timestamp)
		if meta := m.file(name + ".meta"); meta != nil && meta.Meta.Stop == cowsql.MetaGood {
			continue
		}
		index, c, ok := g.configurationAt(m, f.Name.Index)
		if !ok {
			continue
		}
		meta := &cowsql.SnapshotMeta{ConfigurationIndex: index, Configuration: c}
		step := analyze.Step{Op: analyze.Write, File: name + ".meta", Because: "LWC030", Parts: []analyze.Part{{Data: meta.Encode()}}}
		return &snapshot{Term: f.Name.Term, Index: f.Name.Index, Timestamp: f.Name.Timestamp, Meta: &file{Name: cowsql.ParseName(name + ".meta"), Meta: meta}, Data: f}, step, true
	}
	return nil, analyze.Step{}, false
}

// configurationAt returns the configuration in force at an index, from any
// member's log or .meta file.
func (g *group) configurationAt(m *member, index uint64) (at uint64, c cowsql.Configuration, ok bool) {
	for _, o := range g.members {
		if o != m && (o.Wrong != "" || o.Branch != m.Branch) {
			continue
		}
		for _, s := range o.snapshots() {
			if x := s.Meta.Meta; x.Stop == cowsql.MetaGood && x.ConfigurationIndex <= index && x.ConfigurationIndex > at {
				at, c, ok = x.ConfigurationIndex, x.Configuration, true
			}
		}
		for _, x := range o.Log.configurations() {
			if x.Damage == nil && x.Index <= index && x.Index > at {
				at, c, ok = x.Index, x.Configuration, true
			}
		}
	}
	return at, c, ok
}

// A chunk is a run of entries of one stretch that goes into the new log.
type chunk struct {
	First uint64
	From  stretch // First is the stretch's own
	Last  uint64
	from  *member
	group string // chunks of one group go into one file
}

// malformed reports whether a chunk has a configuration that does not decode,
// behind the one of the snapshot: no server starts with it (checkEntries).
func (c chunk) malformed(base *snapshot) bool {
	known := uint64(0)
	if base != nil {
		known = base.Meta.Meta.ConfigurationIndex
	}
	for _, special := range c.From.Run.Specials {
		index := c.From.First + uint64(special.Pos-c.From.From)
		if special.Type != cowsql.Change || special.Pos < c.From.From || index < c.First || index > c.Last || index <= known || special.Payload == nil {
			continue
		}
		if _, damage := cowsql.ParseConfiguration(c.From.File, "", 0, special.Payload); damage != nil {
			return true
		}
	}
	return false
}

// cover finds entries for every index from base+1 on, and before it as far as
// the node's own entries reach back without a hole.
func (g *group) cover(m *member, log *history, base uint64, donors bool) (out []chunk, end uint64) {
	limit := min(log.End, max(m.Node.Position.Index, base))
	first := base + 1
	for i := len(log.Stretches) - 1; i >= 0; i-- {
		if s := log.Stretches[i]; s.First <= first && s.last()+1 >= first {
			first = s.First
		}
	}
	if base == 0 && first > 1 {
		first = 1
	}
	end = base
	for index := first; index <= limit; {
		if _, s, ok := log.at(index); ok {
			last := min(s.last(), limit)
			out = append(out, chunk{index, s, last, m, s.File})
			index, end = last+1, max(end, last)
			continue
		}
		if !donors {
			break
		}
		d, ok := g.donor(m, index)
		if !ok {
			break
		}
		_, s, _ := d.Log.at(index)
		last := min(s.last(), limit, nextOwn(log, index)-1)
		for last > index {
			if _, ok := g.donor(m, last); ok {
				break
			}
			last--
		}
		group := fmt.Sprintf("gap %d", index)
		if h, ok := log.holeAt(index); ok && h.File != "" && !strings.HasPrefix(h.File, "open-") {
			group = h.File
		}
		out = append(out, chunk{index, s, last, d, group})
		index, end = last+1, max(end, last)
	}
	// A donor may have nothing but the entry of a recovery there.
	for n := len(out); n > 0 && out[n-1].from.Log.madeBy(out[n-1].Last) && end > base; n = len(out) {
		if out[n-1].Last--; out[n-1].Last < out[n-1].First {
			out = out[:n-1]
		}
		end--
	}
	if len(out) > 0 && out[len(out)-1].Last < base {
		return nil, base
	}
	return out, end
}

// madeBy reports whether the entry at an index is certainly a recovery's.
func (h *history) madeBy(index uint64) bool {
	return slices.ContainsFunc(h.Artificial, func(a artificial) bool { return a.Index == index && a.Sure })
}

// nextOwn returns the first index at or behind index that the log has itself,
// or the largest number.
func nextOwn(log *history, index uint64) uint64 {
	for _, s := range log.Stretches {
		if s.last() >= index {
			return max(s.First, index)
		}
	}
	return ^uint64(0)
}

// writeSegments turns the chunks into files.
func (w *mending) writeSegments(m *member, chunks []chunk) {
	for i := 0; i < len(chunks); {
		j := i + 1
		for j < len(chunks) && chunks[j].group == chunks[i].group && chunks[j].group != "" {
			j++
		}
		w.writeSegment(m, chunks[i:j])
		i = j
	}
}

func (w *mending) writeSegment(m *member, chunks []chunk) {
	first, last := chunks[0].First, chunks[len(chunks)-1].Last
	name := cowsql.ClosedName(first, last)
	for _, c := range chunks {
		if c.from != m && !slices.Contains(w.Donors, c.from.name()) {
			w.Donors = append(w.Donors, c.from.name())
		}
	}
	c := chunks[0]
	f := c.from.file(c.From.File)
	wholeRun := !w.Fence.covers(last) && len(chunks) == 1 && f.Segment.Format == 1 && c.First == c.From.First && c.From.From == 0 && c.From.Run.Offset == 8 && c.Last == c.From.last() && c.From.To == c.From.Run.Len()
	part := analyze.Part{Node: c.from.name(), File: c.from.path(c.From.File), Length: -1}
	switch {
	case wholeRun && c.from == m && f.Name.Kind == cowsql.KindClosed && f.Segment.Stop == cowsql.EndOfFile && f.Name.First == first && f.Name.Last == last:
		w.Steps = append(w.Steps, analyze.Step{Op: analyze.Copy, File: c.From.File, Parts: []analyze.Part{part}})
		return
	case wholeRun:
		part.Length = c.From.Run.End
		because := "an open segment holds the end of the log: closed as a start would close it"
		if f.Name.Kind == cowsql.KindClosed {
			because = "LWC013"
			w.Changed = true
		}
		if f.Segment.Stop.Cut() {
			because = "LWC023"
			w.Changed = true
		}
		if c.from != m {
			because = "LWC010"
			w.Changed = true
		}
		w.Steps = append(w.Steps, analyze.Step{Op: analyze.Cut, File: name, Because: because, Parts: []analyze.Part{part}})
		return
	}
	w.Changed = true
	step := analyze.Step{Op: analyze.Assemble, File: name, Because: "LWC012", Parts: []analyze.Part{{Data: formatWord()}}}
	if w.Fence.covers(last) {
		step.Because = w.Fence.because()
	}
	for _, c := range chunks {
		step.Parts = append(step.Parts, c.parts(w.Fence)...)
	}
	w.Steps = append(w.Steps, step)
}

func formatWord() []byte { return binary.LittleEndian.AppendUint64(nil, 1) }

// parts returns the batches of a chunk: whole batches as they stand in the
// file, and entries of batches that are needed in part, or with another term,
// as batches of one.
func (c chunk) parts(f fence) []analyze.Part {
	var out []analyze.Part
	from := c.From.From + int(c.First-c.From.First)
	to := c.From.From + int(c.Last-c.From.First) + 1
	add := func(offset, length int64) {
		if n := len(out); n > 0 && out[n-1].Data == nil && out[n-1].Offset+out[n-1].Length == offset {
			out[n-1].Length += length
			return
		}
		out = append(out, analyze.Part{Node: c.from.name(), File: c.from.path(c.From.File), Offset: offset, Length: length})
	}
	batches := c.From.Run.BatchList()
	b := 0
	for pos, e := range c.From.Run.All() {
		for b < len(batches) && batches[b].Pos+batches[b].N <= pos {
			b++
		}
		if pos < from || pos >= to {
			continue
		}
		x := batches[b]
		index := c.First + uint64(pos-from)
		if x.Pos >= from && x.Pos+x.N <= to && !f.covers(index+uint64(x.Pos+x.N-1-pos)) {
			if pos == x.Pos {
				add(x.Offset, x.End-x.Offset)
			}
			continue
		}
		if f.covers(index) {
			e.Term = f.Term
		}
		out = append(out, analyze.Part{Data: cowsql.BatchHeader(e)})
		add(e.Offset, int64(e.Size))
	}
	return out
}

// copyWhole adds the copy of a file of the raft directory.
func (w *mending) copyWhole(m *member, name, because string) {
	w.Steps = append(w.Steps, analyze.Step{Op: analyze.Copy, File: name, Because: because, Parts: []analyze.Part{{Node: m.name(), File: m.path(name), Length: -1}}})
}

// countLosses counts the node's readable entries that are not in the result.
func (w *mending) countLosses(m *member) {
	for _, s := range m.Log.Stretches {
		if last := min(s.last(), m.Log.End); last > w.End {
			from := max(s.First, w.End+1)
			w.Lost += last - from + 1
			if w.LostAt.First == 0 {
				w.LostAt.First = from
			}
			w.LostAt.Last = last
		}
	}
	for _, s := range m.Log.Unplaced {
		w.Lost += uint64(s.To - s.From)
	}
}

// leaveOut names the files that are not taken over, and why.
func (w *mending) leaveOut(m *member) {
	made := map[string]bool{}
	used := map[string]bool{}
	for _, s := range w.Steps {
		made[s.File] = true
		for _, p := range s.Parts {
			used[path.Base(p.File)] = true
		}
	}
	for _, f := range m.Files {
		name := f.Name.File
		if made[name] || used[name] {
			continue
		}
		because := ""
		switch f.Name.Kind {
		case cowsql.KindClosed:
			because = "its entries are in other files, or nothing leads up to them"
			switch {
			case f.Name.Last < f.Name.First:
				because = "LWC017"
			case slices.ContainsFunc(m.Log.Overlaps, func(o overlap) bool { return o.Left == name }):
				because = "LWC016"
			case slices.ContainsFunc(m.Log.Artificial, func(a artificial) bool { return a.File == name && a.Sure }):
				because = "LWC040"
			}
			w.Changed = true
		case cowsql.KindOpen:
			because = "no entry in it is needed"
		case cowsql.KindSnapshotData, cowsql.KindSnapshotMeta:
			because = "damaged, or half of a pair"
			w.Changed = true
		case cowsql.KindTemporary:
			because = "LWC028"
		case cowsql.KindCorrupt:
			because = "LWC027"
		default:
			continue
		}
		w.Steps = append(w.Steps, analyze.Step{Op: analyze.LeaveOut, File: name, Because: because})
	}
}

// metadata adds a metadata file: the node's own where they may be kept, else a
// fresh one.
func (w *mending) metadata(m *member, term uint64, fresh bool) {
	own := !fresh && m.Load.Stage != "raft_init" && m.Load.Stage != "raft_bootstrap" && m.Load.Metadata != "" && m.Load.Term >= w.EndTerm && m.Load.Term < mostTerms && !m.metadataDoubtful()
	for _, name := range []string{"metadata1", "metadata2"} {
		f := m.file(name)
		switch {
		case f == nil:
		case own && f.Size == cowsql.MetadataSize && f.Metadata.Version > 0:
			w.copyWhole(m, name, "")
		default:
			w.Steps = append(w.Steps, analyze.Step{Op: analyze.LeaveOut, File: name, Because: "replaced by a fresh metadata1"})
		}
	}
	if !own {
		w.Meta = true
		w.Steps = slices.DeleteFunc(w.Steps, func(s analyze.Step) bool { return s.Op == analyze.LeaveOut && s.File == "metadata1" })
		w.Steps = append(w.Steps, freshMetadata(term))
	}
}

func freshMetadata(term uint64) analyze.Step {
	m := cowsql.MetadataFile{Format: 1, Version: 1, Term: term}
	return analyze.Step{Op: analyze.Write, File: "metadata1", Because: fmt.Sprintf("version 1, term %d, no vote", term), Parts: []analyze.Part{{Data: m.Encode()}}}
}

// metadataDoubtful reports whether the file that is authoritative now may not
// be the newest that the node wrote.
func (m *model) metadataDoubtful() bool {
	other := "metadata1"
	if m.Load.Metadata == "metadata1" {
		other = "metadata2"
	}
	f := m.file(other)
	return m.file(m.Load.Metadata).Metadata.Version >= 2 && (f == nil || f.Size != cowsql.MetadataSize)
}

// mostTerms is more elections than any cluster has held. A higher term is
// damage, and none could be put above the highest of all.
const mostTerms = 1 << 62

// highestTerm returns the highest term that any file of any member names.
func (g *group) highestTerm() uint64 {
	var out uint64
	highest := func(terms ...uint64) {
		for _, t := range terms {
			if t < mostTerms {
				out = max(out, t)
			}
		}
	}
	for _, m := range g.members {
		highest(m.Log.LastTerm, m.Log.EndTerm)
		for _, f := range m.Files {
			if f.Name.Kind == cowsql.KindMetadata && f.Size == cowsql.MetadataSize && f.Metadata.Format == 1 {
				highest(f.Metadata.Term)
			}
			if f.Name.Kind == cowsql.KindSnapshotData {
				highest(f.Name.Term)
			}
		}
	}
	return out
}
