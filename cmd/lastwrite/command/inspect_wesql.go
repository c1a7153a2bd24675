package command

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/internal/hexdump"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// wesqlDecoder returns what reads a file of WeSQL, nil if nothing does. Its
// consensus log begins as a binary log of MySQL does, its parts in an archive
// as nothing at all.
func wesqlDecoder(name string, head []byte) decoder {
	if s, ok := wesql.ParseSliceName(name); ok {
		return func(f *inspected, _ bool) (*decoded, error) { return decodeConsensusLog(f, max(0, s.End-f.size)) }
	}
	if _, ok := wesql.ParseIndexName(name); ok {
		return decodeArchiveIndex
	}
	switch name {
	case "auto.cnf":
		return decodeAutoConf
	case "snapshot.index":
		return decodeSnapshotIndex
	case "cluster_info":
		return decodeClusterInfo
	}
	if bytes.HasPrefix(head, []byte("\xfebin")) {
		l, err := wesql.ReadLog(bytes.NewReader(head), nil, name, int64(len(head)), wesql.Options{})
		if err == nil && l.Consensus() {
			return func(f *inspected, _ bool) (*decoded, error) { return decodeConsensusLog(f, 0) }
		}
	}
	return smartengineDecoder(name)
}

// decodeConsensusLog reads a file of the log, or a slice of one that begins at
// byte offset of it.
func decodeConsensusLog(f *inspected, offset int64) (*decoded, error) {
	var entries []wesql.Entry
	l, err := wesql.ReadLog(f.reader(), f.at, f.name.File, f.size, wesql.Options{Offset: offset, Visit: func(e *wesql.Entry) {
		if len(entries) < maxEvents {
			entries = append(entries, *e)
		}
	}})
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "consensus log", binary: true, damage: l.Damage}
	d.sum = []string{"no entry"}
	if l.Entries > 0 {
		d.sum[0] = fmt.Sprintf("entries %d to %d", l.FirstIndex, l.LastIndex)
	}
	for _, t := range l.Terms {
		d.sum = append(d.sum, fmt.Sprintf("term %d", t.Term))
	}
	d.show = func(p *printer, limit int) {
		showConsensusLog(p, l, limit)
		p.line("  entries")
		for i := range entries {
			if limit > 0 && i == limit {
				p.line("    and %s (--limit)", counted(l.Entries+l.Behind-int64(i), "more entry", "more entries"))
				break
			}
			p.line("    %s", consensusEntry(&entries[i]))
		}
	}
	d.hex = func(w *hexdump.Writer, limit int) error { return hexConsensus(w, f, offset, entries, limit) }
	return d, nil
}

func showConsensusLog(p *printer, l *wesql.Log, limit int) {
	if l.Format {
		p.line("  written by %s, server %d, checksums: %s", l.Version, l.ServerID, l.Checksum)
	}
	if l.HasFirst {
		p.line("  its first entry has index %d", l.First)
	}
	for i, t := range l.Terms {
		if limit > 0 && i == limit {
			break
		}
		p.line("  term %d: entries %d to %d", t.Term, t.First, t.Last)
	}
	if l.InUse {
		p.line("  in use: the node led, and did not close the file")
	}
	if l.Stopped {
		p.line("  ends with a clean stop")
	}
	if l.NextFile != "" {
		p.line("  goes on in %s", l.NextFile)
	}
	p.line("  a start keeps it up to entry %d of term %d, byte %d", l.Server.Index, l.Server.Term, l.Server.End)
	if l.Strict.Index != l.Server.Index {
		p.line("  with source_verify_checksum=ON up to entry %d of term %d, byte %d", l.Strict.Index, l.Strict.Term, l.Strict.End)
	}
	if l.Server.Malformed != "" {
		p.line("  a server does not start on it: %s", l.Server.Malformed)
	}
	for _, g := range l.Gaps {
		p.line("  a gap at byte %d: entry %d where %d is expected", g.Offset, g.Got, g.Want)
	}
	if l.Behind > 0 {
		p.line("  behind the end: entries %d to %d, which a start drops", l.BehindFirst, l.BehindLast)
	}
}

// consensusEntry is an entry without what it carries.
func consensusEntry(e *wesql.Entry) string {
	out := fmt.Sprintf("byte %d: %d^%d, %s bytes", e.Offset, e.Term, e.Index, humanize.Comma(int64(e.Length)))
	if e.Flag != 0 {
		out += ", " + e.Flag.String()
	}
	switch {
	case e.Change != nil:
		out += ", " + e.Change.String()
	case e.HasXID:
		out += fmt.Sprintf(", transaction %d", e.XID)
	case e.Empty:
		out += ", no content"
	case e.DDL:
		out += ", a statement"
	}
	if !e.Complete {
		out += ", not complete"
	}
	if e.Bad > 0 {
		out += fmt.Sprintf(", wrong checksum at byte %d", e.Bad)
	}
	if e.Behind {
		out += ", behind damage"
	}
	return out
}

// hexConsensus prints what opens each entry; the events behind it may be rows.
func hexConsensus(w *hexdump.Writer, f *inspected, offset int64, entries []wesql.Entry, limit int) error {
	if offset == 0 {
		magic, err := f.head(4)
		if err != nil {
			return err
		}
		w.Field(0, magic, "magic", "")
	}
	for i := range entries {
		e := &entries[i]
		if limit > 0 && i == limit {
			w.Title("more entries follow (--limit)")
			return nil
		}
		head, at := make([]byte, 47), e.Offset-offset
		if at+int64(len(head)) > f.size {
			return nil
		}
		if _, err := f.at.ReadAt(head, at); err != nil {
			return err
		}
		field := func(from, to int64, name, meaning string) { w.Field(at+from, head[from:to], name, meaning) }
		w.Title("entry %d of term %d", e.Index, e.Term)
		field(0, 4, "time", fmt.Sprint(binary.LittleEndian.Uint32(head)))
		field(4, 5, "type", "Consensus_log")
		field(5, 9, "server id", fmt.Sprint(binary.LittleEndian.Uint32(head[5:])))
		field(9, 19, "length, next, flags", "")
		field(19, 23, "entry flags", e.Flag.String())
		field(23, 31, "term", fmt.Sprint(e.Term))
		field(31, 39, "index", fmt.Sprint(e.Index))
		field(39, 47, "payload", humanize.Comma(int64(e.Length)))
		w.Hidden(at+47, e.Start-offset-at-47, "CRC-32 of the payload and checksum")
		w.Hidden(e.Start-offset, e.End-e.Start, "events")
	}
	return nil
}

func decodeArchiveIndex(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	x := wesql.ParseArchiveIndex(f.name.File, text)
	d := &decoded{kind: "index of archived logs", damage: x.Damage, sum: []string{counted(int64(len(x.Slices)), "slice", "slices")}}
	if n := len(x.Slices); n > 0 {
		d.sum = append(d.sum, fmt.Sprintf("up to entry %d", x.Slices[n-1].Last))
	}
	d.show = func(p *printer, limit int) {
		from := 0
		if limit > 0 && len(x.Slices) > limit {
			from = len(x.Slices) - limit
			p.line("  the last %d of them (--limit)", limit)
		}
		for _, s := range x.Slices[from:] {
			p.line("  %s up to byte %d, written in term %d: entries up to %d", s.Log, s.End, s.Term, s.Last)
		}
	}
	return d, nil
}

func decodeSnapshotIndex(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	list, damage := wesql.ParseSnapshotIndex(f.name.File, text)
	d := &decoded{kind: "index of snapshots", damage: damage, sum: []string{counted(int64(len(list)), "snapshot", "snapshots")}}
	d.show = func(p *printer, _ int) {
		for _, s := range list {
			p.line("  %s: entry %d, %s at byte %d", s.Time.UTC().Format("2006-01-02 15:04:05 UTC"), s.Index, s.Log, s.Position)
		}
	}
	return d, nil
}

func decodeClusterInfo(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	c := wesql.ParseClusterInfo(f.name.File, text)
	d := &decoded{kind: "members in the object store", damage: c.Damage, sum: []string{counted(int64(len(c.Members.Addresses())), "member", "members")}}
	d.show = func(p *printer, _ int) {
		p.line("  as of entry %d", c.Index)
		for _, m := range c.Members.List {
			if m.Address != "" {
				p.line("  member %s, weight %d", m.Address, m.Weight)
			}
		}
		if own := c.Members.Own(); own != "" {
			p.line("  written by %s", own)
		}
	}
	return d, nil
}

func decodeAutoConf(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	c := wesql.ParseAutoConf(f.name.File, text)
	d := &decoded{kind: "identity of a server", damage: c.Damage, sum: []string{"server UUID " + cmp.Or(c.UUID, "missing")}}
	d.show = func(p *printer, _ int) { p.line("  server UUID %s", cmp.Or(c.UUID, "missing")) }
	return d, nil
}

// raftRows returns the lines about the raft tables that a WeSQL server with
// serverless=OFF keeps in mysql.ibd; none for any other server.
func raftRows(f *inspected) ([]string, error) {
	rows, err := wesql.ReadRows(f.reader(), f.name.File, f.size)
	if err != nil || rows.Meta == nil {
		return nil, err
	}
	m := rows.Meta
	out := []string{fmt.Sprintf("raft: current term %d, voted for %d, cluster %s, members %s", m.Term, m.VotedFor, cmp.Or(m.ClusterID, "not named"), cmp.Or(m.Members, "none"))}
	if m.Learners != "" {
		out = append(out, "raft: learners "+m.Learners)
	}
	if rows.HasApplied {
		out = append(out, fmt.Sprintf("raft: applied up to entry %d, a start applies from %d", rows.Applied, m.StartApplyIndex))
	}
	return append(out, "raft: newer rows may stand in the redo log"), nil
}
