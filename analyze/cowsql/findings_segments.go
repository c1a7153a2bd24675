package cowsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// lastClosed returns the last closed segment in the loader's order.
func (m *model) lastClosed() *file {
	if len(m.sorted) == 0 {
		return nil
	}
	return m.sorted[len(m.sorted)-1]
}

func (g *group) closedFindings(m *member) {
	closed := m.closed
	last := m.lastClosed()
	var short []analyze.Evidence
	for _, f := range closed {
		if f.Name.Short {
			short = append(short, m.whole(f.Name.File, "")...)
		}
		if f.Name.Last < f.Name.First {
			g.add("LWC017", m.name(), m.whole(f.Name.File, fmt.Sprintf("%d entries", entriesIn(f))),
				"The range %d to %d is inverted: old library versions left such files, with no entry in them. cowsql sets it aside when it is the last segment and starts; dqlite since 1.17 aborts on it. It can be left out without loss.", f.Name.First, f.Name.Last)
			continue
		}
		if f.Segment != nil {
			g.closedDamage(m, f, f == last)
		}
	}
	if len(short) > 0 {
		g.add("LWC018", m.name(), short, "%s with fewer than 16 digits. Old generations of the library wrote such names; the loader accepts them.", plural(len(short), "segment is named", "segments are named"))
	}
	for _, o := range m.Log.Overlaps {
		g.overlapFinding(m, o)
	}
	g.gapFindings(m)
}

func entriesIn(f *file) int {
	if f.Segment == nil {
		return 0
	}
	return f.Segment.Len()
}

func (g *group) overlapFinding(m *member, o overlap) {
	what := "The common entries differ"
	if o.Agree {
		what = "The common entries are the same"
	}
	if o.Tail > 0 && o.Agree {
		g.add("LWC016", m.name(), append(m.whole(o.Kept, "kept"), m.whole(o.Left, plural(o.Tail, "entry more", "entries more"))...),
			"%s and %s start at the same index. %s, and %s has %s more: the picture of a crash while the node cut its log back at its leader's request. The shorter file is the newer state; the surplus conflicts with a newer term and was never committed.", o.Kept, o.Left, what, o.Left, plural(o.Tail, "entry", "entries"))
		return
	}
	g.add("LWC016", m.name(), append(m.whole(o.Kept, "kept"), m.whole(o.Left, "")...),
		"%s and %s hold the same indexes. %s. The loader has no rule for this and takes them in an order that depends on their names.", o.Kept, o.Left, what)
}

// islands sums up the valid batches behind damage.
func islands(seg *cowsql.Segment) (batches, entries int) {
	for _, i := range seg.Islands {
		batches += i.Batches
		entries += i.Len()
	}
	return batches, entries
}

func (g *group) closedDamage(m *member, f *file, last bool) {
	seg, n := f.Segment, f.Name
	if seg.Stop == cowsql.EndOfFile {
		if want := n.Last - n.First + 1; uint64(seg.Len()) != want {
			g.add("LWC015", m.name(), m.whole(n.File, fmt.Sprintf("%d entries", seg.Len())),
				"The name promises %d entries and the file holds %d, all with good checksums: it was cut exactly between two batches, or renamed.%s", want, seg.Len(), asideNote(last))
		}
		return
	}
	g.textFinding(m, seg)
	batches, entries := islands(seg)
	behind := ""
	if entries > 0 {
		behind = fmt.Sprintf(" Behind it %s with %s can be read.", plural(batches, "valid batch", "valid batches"), plural(entries, "entry", "entries"))
	}
	before := fmt.Sprintf("The %s before it are intact.", plural(seg.Len(), "entry", "entries"))
	if seg.Len() == 0 {
		before = "No batch can be read before it."
	}
	missing := ""
	for _, h := range m.Log.Holes {
		if h.File == n.File {
			missing += fmt.Sprintf(" Lost here: %s; %s.", indexes(h.First, h.Last), g.elsewhere(m, h.First, h.Last))
		}
	}
	where := fmt.Sprintf("Batch %d at byte %d", seg.Batches+1, seg.StopAt)
	if seg.Stop == cowsql.EmptyFile || seg.Stop == cowsql.ShortFile || seg.Stop == cowsql.BadFormat {
		where = "The beginning of the file"
	}
	switch {
	case seg.Stop == cowsql.BadType:
		g.add("LWC064", m.name(), m.damage(seg.Damage), "%s has an entry of a type that does not exist, under good checksums. The loader refuses it, and its message ends in \"starting at byte %d: \" with nothing behind.%s%s", where, seg.StopAt, behind, missing)
	case seg.Stop.Cut():
		g.add("LWC014", m.name(), m.damage(seg.Damage), "The file ends inside a batch: an incomplete copy, or a full disk. %s The loader treats this as an I/O error and refuses; automatic recovery does not step in.%s", before, missing)
	case last:
		g.add("LWC013", m.name(), m.damage(seg.Damage), "%s is damaged. A start renames the whole file and all open segments to corrupt-* and goes on without them, with no message: the log falls back to index %d. %s%s%s", where, n.First-1, before, behind, missing)
	default:
		g.add("LWC012", m.name(), m.damage(seg.Damage), "%s is damaged and the segment is not the last one, so the node refuses to start. %s%s%s", where, before, behind, missing)
	}
}

func asideNote(last bool) string {
	if last {
		return " A start renames the whole file and all open segments to corrupt-* and goes on without them."
	}
	return ""
}

// textFinding says so if a number is really foreign text.
func (g *group) textFinding(m *member, seg *cowsql.Segment) {
	if seg.Damage != nil && strings.HasPrefix(seg.Damage.Got, "text ") {
		g.add("LWC070", m.name(), m.at(seg.File, seg.Damage.Offset, 8, seg.Damage.Field, "eight printable characters"),
			"The bytes that should be a number are printable text: another program wrote into this file, or the file system mixed up blocks. Look for more damage on the same disk.")
	}
}

func (g *group) gapFindings(m *member) {
	message := m.Load.Message
	past := strings.Contains(message, "is past last snapshot")
	for _, h := range m.Log.Holes {
		if h.File != "" {
			continue // told with the damaged file
		}
		id, note := "LWC010", "The loader wants a run without gaps and refuses to start."
		switch {
		case m.Load.starts():
			continue // before the newest snapshot, so nobody needs it
		case past:
			id, note = "LWC011", "The loader says \"past last snapshot\" and refuses."
		}
		g.add(id, m.name(), m.whole(cowsql.ClosedName(h.First, h.Last), "not there"),
			"%s %s missing: no segment holds %s. %s The entries behind the gap are intact and cannot be applied without it. Of what is missing: %s.", upper(indexes(h.First, h.Last)), isAre(h.First, h.Last), them(int(min(h.Last-h.First+1, 2))), note, g.elsewhere(m, h.First, h.Last))
	}
	if newest := m.newestSnapshot(); past && newest != nil && len(m.Log.Holes) == 0 && len(m.Log.Stretches) > 0 {
		g.add("LWC011", m.name(), m.whole(m.Log.Stretches[0].File, message),
			"The newest snapshot that can be read ends at index %d and the log begins at %d: %s %s missing. The copy was taken from a running node, or a snapshot or segment was lost. Of what is missing: %s.",
			newest.Index, m.Log.First, indexes(newest.Index+1, m.Log.First-1), isAre(newest.Index+1, m.Log.First-1), g.elsewhere(m, newest.Index+1, m.Log.First-1))
	}
	if newest := m.newestSnapshot(); newest == nil && m.Log.First > 1 && !m.Load.starts() {
		g.add("LWC010", m.name(), m.whole(cowsql.ClosedName(m.Log.First, m.Log.First), "first segment"),
			"The log begins at index %d and no usable snapshot leads up to it, so the loader asks for index 1 and refuses. Of entries 1 to %d: %s.", m.Log.First, m.Log.First-1, g.elsewhere(m, 1, m.Log.First-1))
	}
}

func (g *group) openFindings(m *member) {
	open := m.open
	for i, f := range open {
		if f.Segment != nil {
			g.openDamage(m, f, open[i+1:])
		}
	}
	if m.Log.Floating != "" {
		id := "LWC024"
		if strings.HasPrefix(m.Log.Floating, closedBehind) {
			id = "LWC029"
		}
		if m.Log.First == 1 && m.newestSnapshot() == nil && m.lastClosed() == nil {
			id = "LWC026"
		}
		var evidence []analyze.Evidence
		for _, f := range open {
			if f.Segment != nil && f.Segment.Len() > 0 {
				evidence = append(evidence, m.at(f.Name.File, 8, f.Segment.End-8, "", plural(f.Segment.Len(), "entry", "entries"))...)
			}
		}
		text := "Open segments do not hold the index of their first entry, so the loader goes on counting and puts every entry at a wrong index, with no message. Pages are then applied to the wrong state: rows vanish and the database can be corrupt. Do not start this copy; look for the missing file."
		g.add(id, m.name(), evidence, "The indexes are not proven: %s. %s", m.Log.Floating, text)
	}
}

func (g *group) openDamage(m *member, f *file, later []*file) {
	seg, name := f.Segment, f.Name.File
	batches, entries := islands(seg)
	switch {
	case seg.Stop == cowsql.EndOfFile, seg.Stop == cowsql.EmptyFile:
		return
	case seg.AllZero:
		g.zeroFinding(m, f, later)
		return
	case seg.Stop == cowsql.ShortFile || seg.Stop.Cut():
		crash := "and refuses to start with an I/O error."
		if seg.Len() > 0 {
			crash = "and, because complete batches come before the cut, cowsql and dqlite crash with SIGSEGV instead of printing a message."
		}
		g.add("LWC023", m.name(), m.damage(seg.Damage), "The file ends inside batch %d, at byte %d: the copy stopped early. The loader does not cut it back %s All %s before the cut are good, up to index %d: cutting the file to %d bytes is enough.",
			seg.Batches+1, seg.Size, crash, plural(seg.Len(), "entry", "entries"), m.endOf(name), seg.End)
		return
	case seg.Stop == cowsql.BadFormat:
		also := ""
		if len(later) > 0 {
			also = " and every open segment behind it"
		}
		g.add("LWC025", m.name(), m.damage(seg.Damage), "The format word is overwritten and there is data behind it. A start renames this file%s to corrupt-* and goes on without the entries in it, with no message. %s with %s can still be read.",
			also, plural(batches, "valid batch", "valid batches"), plural(entries, "entry", "entries"))
		return
	}
	if seg.Stop == cowsql.BadType {
		g.add("LWC064", m.name(), m.damage(seg.Damage), "Batch %d at byte %d has an entry of a type that does not exist, under good checksums. The loader does not cut the file there: it refuses, or crashes if batches come before it. %s before it %s good.",
			seg.Batches+1, seg.StopAt, plural(seg.Len(), "entry", "entries"), isAre(1, uint64(seg.Len())))
		return
	}
	g.textFinding(m, seg)
	if seg.NonZero < 0 {
		return // the normal end of an open segment
	}
	if entries == 0 {
		g.add("LWC021", m.name(), m.damage(seg.Damage), "Behind the last good batch, at byte %d, stands an unfinished one: a write that the crash interrupted. A start cuts it off. It was never acknowledged by this node.", seg.StopAt)
		return
	}
	missing := ""
	for _, h := range m.Log.Holes {
		if h.File == name {
			missing = fmt.Sprintf(" Lost here: %s; %s.", indexes(h.First, h.Last), g.elsewhere(m, h.First, h.Last))
		}
	}
	g.add("LWC020", m.name(), m.damage(seg.Damage), "Batch %d at byte %d is damaged, and %s with %s behind it are valid. A start cuts the file at the damage without a word and throws them away: the log ends at index %d.%s",
		seg.Batches+1, seg.StopAt, plural(batches, "batch", "batches"), plural(entries, "entry", "entries"), m.endOf(name), missing)
}

// endOf returns the last index in front of the first damage in a file.
func (m *model) endOf(name string) uint64 {
	i := slices.IndexFunc(m.Log.Stretches, func(s stretch) bool { return s.File == name })
	if i < 0 {
		return m.Load.LastIndex
	}
	return m.Log.Stretches[i].last()
}

// zeroFinding speaks of a zeroed open segment only if the node may have lost
// something: prepared segments are zero by nature.
func (g *group) zeroFinding(m *member, f *file, later []*file) {
	if f.Name.Counter != 1 || slices.ContainsFunc(later, func(l *file) bool { return l.Segment != nil && !l.Segment.AllZero }) {
		return
	}
	var ahead []string
	for _, o := range g.members {
		if o != m && o.compare(m) > 0 && o.Wrong == "" {
			ahead = append(ahead, fmt.Sprintf("%s by %d", o.name(), o.Node.Position.Index-min(o.Node.Position.Index, m.Node.Position.Index)))
		}
	}
	if len(ahead) == 0 {
		return
	}
	g.add("LWC022", m.name(), m.at(f.Name.File, 0, f.Size, "", "zero bytes only"),
		"The segment that this node would have written since its last start holds only zeros, and other nodes are ahead (%s entries). Either nothing was written, or a power failure or a bad copy emptied the file. A start deletes it and the node goes on from index %d, free to vote.", strings.Join(ahead, ", "), m.Load.LastIndex)
}

func (g *group) entryFindings(m *member) {
	var term uint64
	partial := map[string]int{}
	for _, s := range m.Log.Stretches {
		if s.Run.Partial > 0 {
			partial[s.File] = s.Run.Partial
		}
		for _, t := range s.Run.Terms {
			if t.Pos >= s.To || t.Pos < s.From {
				continue
			}
			index := s.First + uint64(t.Pos-s.From)
			known := slices.ContainsFunc(m.Log.Artificial, func(a artificial) bool { return a.Index == index || a.Index+1 == index })
			if t.Term < term && !known {
				g.add("LWC063", m.name(), m.whole(s.File, fmt.Sprintf("term %d at index %d", t.Term, index)),
					"Entry %d has term %d and the one before it term %d. A leader never writes this; a recovery or a mixture of files from two nodes does.", index, t.Term, term)
			}
			term = t.Term
		}
	}
	for _, name := range sortedKeys(partial) {
		g.add("LWC066", m.name(), m.whole(name, plural(partial[name], "entry", "entries")),
			"The file has %s of transactions that are spread over several entries, as leaders of dqlite 1.0 wrote them. cowsql still applies them; dqlite since 1.18 starts and fails when it gets to them.", plural(partial[name], "entry", "entries"))
	}
	for _, c := range m.Log.configurations() {
		if c.Damage == nil {
			continue
		}
		g.add("LWC065", m.name(), []analyze.Evidence{{Span: parse.Span{File: m.path(c.File), Field: c.Damage.Field}, Node: m.name(), Quote: c.Damage.String()}},
			"The configuration at index %d is malformed under a good checksum. The node stops when it gets to it.", c.Index)
	}
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
