package cowsql

import (
	"fmt"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

func (g *group) snapshotFindings(m *member) {
	for _, f := range m.Files {
		n := f.Name
		if n.Kind != cowsql.KindSnapshotMeta && n.Kind != cowsql.KindSnapshotData {
			continue
		}
		name := cowsql.SnapshotName(n.Term, n.Index, n.Timestamp)
		switch n.Kind {
		case cowsql.KindSnapshotMeta:
			if m.file(name) == nil {
				g.add("LWC031", m.name(), m.whole(n.File, "data file not there"), "A crash between the two files of a snapshot leaves this behind. Every start deletes it; nothing is lost by that.")
			} else if f.Size >= 0 && f.Meta.Stop != cowsql.MetaGood {
				g.badMeta(m, f)
			}
		case cowsql.KindSnapshotData:
			meta := m.file(name + ".meta")
			if f.Size == 0 {
				g.add("LWC035", m.name(), m.whole(n.File, "0 bytes"), "The loader passes over an empty snapshot and takes the next older one. The state up to index %d must come from there and from the log.", n.Index)
				continue
			}
			if meta == nil {
				g.lostMeta(m, f)
			}
			if f.Snapshot != nil {
				g.snapshotContent(m, f)
			}
		}
	}
	s := m.newestSnapshot()
	if s == nil || s.Data.Snapshot == nil || s.Data.Snapshot.LZ4.Used {
		return
	}
	f := g.add("LWC037", m.name(), m.at(s.Data.Name.File, 0, 4, "", "no LZ4 frame"), "%s is stored plain. dqlite since 1.18.3 reads LZ4 frames only and stops with \"LZ4F_getFrameInfo ERROR_frameType_unknown\". Keep to the library that wrote the directory.", s.Data.Name.File)
	if m.Default.LZ4Only {
		f.Severity = analyze.Error
	}
}

func (g *group) badMeta(m *member, f *file) {
	effect := "cowsql takes the next older snapshot and replays more of the log; dqlite and the old raft library look at the newest only and refuse."
	if !m.Load.starts() {
		effect = "No other snapshot can be used, so the node refuses to start."
	}
	var d *parse.Damage
	if len(f.Damage) > 0 {
		d = &f.Damage[0]
	}
	g.add("LWC032", m.name(), m.damage(d), "The snapshot data beside it is not touched by this. %s The file can be rebuilt: term and index stand in its name, the configuration stands in the log or in another node's .meta.", effect)
}

func (g *group) lostMeta(m *member, f *file) {
	n := f.Name
	effect := "The older snapshot and the log behind it hold the same data."
	severity := ""
	if base, ok := m.base(); !ok || m.Log.contiguousFrom(base+1) < n.Index {
		effect = "Nothing else in this directory holds the state up to that index: the start destroys the only copy here."
		severity = "error"
	}
	finding := g.add("LWC030", m.name(), m.whole(n.File, n.File+".meta is not there"),
		"Every start, and every tool that opens the directory with the library, deletes a snapshot without its .meta before it does anything else: the state at index %d. %s The .meta can be rebuilt: term and index stand in the name, the configuration stands in the log or in another node's .meta.", n.Index, effect)
	if severity != "" {
		finding.Severity = "error"
	}
}

func (g *group) snapshotContent(m *member, f *file) {
	s, n := f.Snapshot, f.Name
	used := m.Load.Snapshot != nil && m.Load.Snapshot.Data == f
	back := "No older snapshot of this node leads up to the log."
	if base, ok := m.base(); ok && base < n.Index && m.Log.contiguousFrom(base+1) >= m.Log.End {
		back = fmt.Sprintf("The older state at index %d and the log behind it give the same data: leaving this snapshot out loses nothing.", base)
	}
	var d *parse.Damage
	if len(f.Damage) > 0 {
		d = &f.Damage[0]
	}
	switch {
	case s.LZ4.Err != "":
		effect := "The loader stops with an LZ4 error."
		if s.LZ4.Cut {
			effect = "The file is cut short: cowsql and the old raft library loop for ever at 100 % CPU, dqlite since 1.18.3 stops with \"short read\"."
		}
		g.add("LWC036", m.name(), m.damage(d), "%s %s", effect, back)
	case s.Missing > 0:
		effect := "cowsql has no length to check and reads past the end of its buffer: it crashes, or starts with garbage or fewer rows, depending on memory."
		if !used {
			effect = "The loader does not get to this one now."
		}
		g.add("LWC033", m.name(), m.damage(d), "By its own sizes the snapshot lacks %d bytes. %s %s", s.Missing, effect, back)
	case s.Format != 1:
		g.add("LWC039", m.name(), m.damage(d), "The restore stops with raft_start() and nothing behind it. %s", back)
	case len(f.Damage) > 0:
		g.damagedContent(m, f, used, back)
	case f.Suspect != "":
		g.add("LWC038", m.name(), m.whole(n.File, f.Suspect), "%s. One of them is wrong, and the entries have checksums where a plain snapshot has none. %s", f.Suspect, back)
	}
}

func (g *group) damagedContent(m *member, f *file, used bool, back string) {
	detail := "Pages or sizes in it are not what SQLite writes."
	for _, d := range f.Snapshot.Databases {
		if len(d.WAL.Damage) > 0 {
			detail = fmt.Sprintf("In database %q frame %d of %d of the WAL part is bad; SQLite ignores it and all %d frames behind it, so committed rows vanish while integrity_check says ok.",
				d.Name, d.WAL.Frames+1, d.WAL.Slots, d.WAL.Slots-min(d.WAL.Slots, d.WAL.Frames+1))
		}
	}
	effect := "The loader checks nothing of this and starts."
	if !used {
		effect = "The loader does not get to this snapshot now."
	}
	g.add("LWC034", m.name(), m.damage(&f.Damage[0]), "%s %s %s", detail, effect, back)
}
