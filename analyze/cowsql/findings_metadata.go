package cowsql

import (
	"fmt"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

func (g *group) metadataFindings(m *member) {
	files := [2]*file{m.file("metadata1"), m.file("metadata2")}
	usable := 0
	for _, f := range files {
		if f == nil || f.Size < 0 {
			continue
		}
		name := f.Name.File
		switch {
		case f.Size > cowsql.MetadataSize:
			g.add("LWC001", m.name(), m.at(name, cowsql.MetadataSize, f.Size-cowsql.MetadataSize, "size", fmt.Sprintf("%d bytes", f.Size)),
				"%s has %d bytes instead of 32. The loader refuses this even if the other file is fine. The log is not touched by it: a fresh metadata file mends it.", name, f.Size)
		case f.Size < cowsql.MetadataSize:
			g.add("LWC006", m.name(), m.at(name, 0, f.Size, "size", fmt.Sprintf("%d bytes", f.Size)),
				"%s has %d of 32 bytes. The loader takes it for never written and deletes it; the node then goes on with the other file, or with no term and no vote at all.", name, f.Size)
		case f.Metadata.Format != 1 || f.Metadata.Version == 0:
			g.add("LWC002", m.name(), m.at(name, 0, 16, "format, version", fmt.Sprintf("format %d, version %d", f.Metadata.Format, f.Metadata.Version)),
				"%s is zeroed or foreign. One bad file stops the start even if the other one is fine. The log is not touched by it.", name)
		default:
			usable++
		}
	}
	g.metadataVersions(m, files, usable)
	g.metadataTerm(m)
	if m.Load.Bootstraps {
		outcome := "and then starts with itself as the only voter, beside the real log"
		if m.Load.Stage == "raft_bootstrap" {
			outcome = "the first attempt fails with raft_bootstrap() and nothing behind it, after it has written metadata1; the second one passes, with term 1 and no vote"
		}
		g.add("LWC005", m.name(), m.itself(fmt.Sprintf("no metadata; id %d", m.ID)),
			"Id %d bootstraps whenever its metadata is missing: it writes term 1 and its own first configuration; %s. Write a metadata file before any start.", m.ID, outcome)
	}
}

func (g *group) metadataVersions(m *member, files [2]*file, usable int) {
	hasLog := m.Node.Position.Index > 0
	if usable == 0 && files[0] == nil && files[1] == nil {
		if hasLog {
			g.add("LWC004", m.name(), m.itself("metadata1 and metadata2 are not there"),
				"Term and vote are forgotten, the log is not. The node could vote twice in a term. The lowest safe term is %d, that of the last entry.", m.Node.Position.Term)
		}
		return
	}
	if usable == 2 {
		a, b := files[0].Metadata, files[1].Metadata
		switch {
		case a.Version == b.Version:
			g.add("LWC003", m.name(), append(m.at("metadata1", 8, 8, "version", fmt.Sprint(a.Version)), m.at("metadata2", 8, 8, "version", fmt.Sprint(b.Version))...),
				"Both files are at version %d: one was copied over the other. The loader refuses to choose. The log is not touched by it.", a.Version)
		case a.Version%2 == 0 && b.Version%2 == 1:
			g.add("LWC009", m.name(), append(m.at("metadata1", 8, 8, "version", fmt.Sprint(a.Version)), m.at("metadata2", 8, 8, "version", fmt.Sprint(b.Version))...),
				"Odd versions belong into metadata1, even ones into metadata2. The loader does not look at that and takes the higher version.")
		}
		return
	}
	for i, f := range files {
		other := files[1-i]
		if f == nil || other != nil || f.Size != cowsql.MetadataSize || f.Metadata.Version < 2 {
			continue
		}
		// The versions alternate between the files, so the other one existed.
		g.add("LWC007", m.name(), m.at(f.Name.File, 8, 8, "version", fmt.Sprint(f.Metadata.Version)),
			"%s is at version %d, so metadata%d was written once and is not here. It may have been the newer one: term %d and the vote in it may be out of date.", f.Name.File, f.Metadata.Version, 2-i, f.Metadata.Term)
	}
}

func (g *group) metadataTerm(m *member) {
	if m.Load.Metadata == "" || m.Log.EndTerm <= m.Load.Term {
		return
	}
	g.add("LWC008", m.name(), m.at(m.Load.Metadata, 16, 8, "term", fmt.Sprint(m.Load.Term)),
		"The current term %d is lower than the term %d of entry %d. A healthy node never looks like this: the file is old or damaged, and there is no checksum over it. Release builds start all the same, and the node may vote in a term in which it voted before.",
		m.Load.Term, m.Log.EndTerm, m.Log.End)
}

func (g *group) strangerFindings(m *member) {
	var tmp []analyze.Evidence
	for _, f := range m.Files {
		switch f.Name.Kind {
		case cowsql.KindTemporary:
			tmp = append(tmp, m.whole(f.Name.File, "")...)
		case cowsql.KindIgnored:
			n := 0
			if f.Segment != nil {
				n = f.Segment.Len()
			}
			g.add("LWC019", m.name(), m.whole(f.Name.File, plural(n, "valid entry", "valid entries")),
				"The name has more than 16 digits in a number, so the loader passes over the file as if it were not there. The entries in it are missing from the log.")
		case cowsql.KindCorrupt:
			n := 0
			if f.Segment != nil {
				n = f.Segment.Len()
				for _, i := range f.Segment.Islands {
					n += i.Len()
				}
			}
			g.add("LWC027", m.name(), m.whole(f.Name.File, plural(n, "readable entry", "readable entries")),
				"Automatic recovery of an earlier start renamed %s because of damage. The loader never looks at it again; %s in it can still be read.", f.Name.Of, plural(n, "entry", "entries"))
		}
	}
	if len(tmp) > 0 {
		g.add("LWC028", m.name(), tmp, "%s left behind by a crash. Every start deletes them first; nothing in them was ever part of the log.", plural(len(tmp), "unfinished file was", "unfinished files were"))
	}
	for _, d := range m.Dirs {
		if d == "database" && m.Data != "database" {
			g.add("LWC076", m.name(), m.whole(d, "directory"), "dqlite once had an experimental disk mode that kept the database pages in real files. If this node used it, the database is not in the snapshots.")
		}
	}
}
