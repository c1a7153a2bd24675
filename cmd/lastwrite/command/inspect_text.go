package command

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/internal/hexdump"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// summary is the file in one line.
func (f *inspected) summary() string {
	var parts []string
	if f.other != nil {
		parts = f.other.sum
	}
	switch f.kind {
	case kindClosed, kindOpen:
		parts = f.segmentSummary()
	case kindMetadata:
		parts = append(parts, fmt.Sprintf("term %d, voted for %s, version %d", f.metadata.Term, vote(f.metadata.VotedFor), f.metadata.Version))
	case kindMeta:
		parts = append(parts, fmt.Sprintf("configuration of index %d, %s", f.meta.ConfigurationIndex,
			counted(int64(len(f.meta.Configuration.Servers)), "server", "servers")))
	case kindData:
		var pages, frames int64
		for _, d := range f.snapshot.Databases {
			pages, frames = pages+int64(d.MainPages), frames+int64(d.WAL.Committed)
		}
		parts = append(parts, counted(int64(len(f.snapshot.Databases)), "database", "databases"),
			counted(pages, "page", "pages"), counted(frames, "WAL frame", "WAL frames"))
		if f.snapshot.LZ4.Used {
			parts = append(parts, "LZ4")
		}
	case kindInfo:
		parts = append(parts, member(f.nodes[0]))
	case kindCluster:
		parts = append(parts, counted(int64(len(f.nodes)), "member", "members"))
	}
	out := f.title() + ": " + strings.Join(parts, ", ")
	if len(f.damage) > 0 {
		out += "; DAMAGED: " + f.damage[0].String()
	}
	return out
}

func (f *inspected) segmentSummary() (parts []string) {
	s := f.segment
	if s.AllZero || s.Stop == format.EmptyFile {
		return []string{fmt.Sprintf("no entry, %s bytes of zeros", humanize.Comma(f.size))}
	}
	if f.kind == kindClosed && f.first() > 0 {
		parts = append(parts, fmt.Sprintf("entries %d to %d", f.inner.First, f.inner.Last))
	}
	parts = append(parts, f.contents(&s.Run))
	if expected, wrong := f.wrongNumber(); wrong {
		parts = append(parts, fmt.Sprintf("WRONG NUMBER: the name says %d", expected))
	}
	for i := range s.Islands {
		parts = append(parts, "behind the damage "+f.contents(&s.Islands[i].Run))
	}
	return parts
}

// contents counts what a run of batches holds.
func (f *inspected) contents(r *format.Run) string {
	out := fmt.Sprintf("%s in %s", counted(int64(r.Len()), "entry", "entries"), counted(int64(r.Batches), "batch", "batches"))
	if n := len(r.Terms); n == 1 {
		out += fmt.Sprintf(" of term %d", r.Terms[0].Term)
	} else if n > 1 {
		out += fmt.Sprintf(" of terms %d to %d", r.Terms[0].Term, r.Terms[n-1].Term)
	}
	return out
}

// describe prints the whole file, at most limit entries or frames; 0 is no
// limit.
func (f *inspected) describe(p *printer, limit int) error {
	p.line("%s: %s, %s bytes", f.name.File, f.title(), humanize.Comma(f.size))
	if f.other != nil {
		f.other.show(p, limit)
	}
	switch f.kind {
	case kindClosed, kindOpen:
		if err := f.describeSegment(p, limit); err != nil {
			return &exit{ExitIncomplete, err}
		}
	case kindMetadata:
		f.describeMetadata(p)
	case kindMeta:
		f.describeMeta(p)
	case kindData:
		f.describeSnapshot(p, limit)
	case kindInfo, kindCluster:
		for _, n := range f.nodes {
			p.line("  %s", member(n))
		}
	case kindSQLite:
		p.line("  %s pages of %s bytes, %s, schema format %d, %s", humanize.Comma(int64(f.header.Pages)), humanize.Comma(int64(f.header.PageSize)),
			f.header.Encoding, f.header.SchemaFormat, journal(f.header))
	}
	for _, d := range f.damage {
		p.line("  DAMAGE: %s", d)
	}
	return p.err
}

func journal(h sqlite.Header) string {
	if h.WAL() {
		return "in WAL mode"
	}
	return "not in WAL mode"
}

func vote(id uint64) string {
	if id == 0 {
		return "nobody"
	}
	return fmt.Sprint(id)
}

// member prints a record of a YAML file.
func member(n hostlayout.Node) string {
	text := func(set bool, v any) string {
		if !set {
			return "missing"
		}
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("id %s, address %s, role %s", text(n.ID.Set, n.ID.V), text(n.Address.Set, n.Address.V), text(n.Role.Set, n.Role.V))
}

func (f *inspected) describeMetadata(p *printer) {
	m := f.metadata
	p.line("  format %d, version %d", m.Format, m.Version)
	p.line("  current term %d, voted for %s", m.Term, vote(m.VotedFor))
	if f.inner.Kind == format.KindMetadata && m.Version > 0 && m.Version%2 != f.inner.Counter%2 {
		p.line("  a server writes an %s version to metadata%d; it reads it from either", [...]string{"even", "odd"}[m.Version%2], 2-m.Version%2)
	}
}

func (f *inspected) describeMeta(p *printer) {
	m := f.meta
	if f.inner.Kind == format.KindSnapshotMeta {
		p.line("  snapshot of index %d, term %d, by its name", f.inner.Index, f.inner.Term)
	}
	p.line("  format %d, configuration of index %d, %s bytes", m.Format, m.ConfigurationIndex, humanize.Comma(int64(m.Length)))
	if m.Stop == format.MetaGood {
		p.line("  CRC %08x ok", uint32(m.CRC))
	}
	describeServers(p, "  ", m.Configuration)
}

func describeServers(p *printer, indent string, c format.Configuration) {
	for _, s := range c.Servers {
		p.line("%sserver %d, %s, %s", indent, s.ID, s.Address, s.Role)
	}
}

func (f *inspected) describeSegment(p *printer, limit int) error {
	s := f.segment
	if f.first() > 0 {
		p.line("  entries %d to %d, by its name", f.inner.First, f.inner.Last)
	}
	if s.AllZero || s.Stop == format.EmptyFile {
		p.line("  prepared and never written: all bytes are zero")
		return nil
	}
	p.line("  format %d, %s", s.Format, f.contents(&s.Run))
	left := limit
	if err := f.describeRun(p, &s.Run, f.first(), limit, &left); err != nil {
		return err
	}
	if expected, wrong := f.wrongNumber(); wrong {
		p.line("  WRONG NUMBER of entries: %d, and the name says %d", s.Len(), expected)
	}
	if s.Stop != format.EndOfFile {
		p.line("  sound data ends at byte %d", s.StopAt)
	}
	end := s.End
	for i := range s.Islands {
		island := &s.Islands[i]
		end = island.End
		p.line("  behind the damage, from byte %d: %s", island.Offset, f.contents(&island.Run))
		if err := f.describeRun(p, &island.Run, hexdump.IndexOf(s, f.first(), i), limit, &left); err != nil {
			return err
		}
	}
	if end < f.size {
		zeros, err := hexdump.Zeros(f.at, end, f.size)
		if err != nil {
			return err
		}
		what := "no sound batch"
		if zeros {
			what = "zeros"
		}
		p.line("  %s bytes from byte %d to the end: %s", humanize.Comma(f.size-end), end, what)
	}
	return nil
}

// describeRun prints batches and their entries.
func (f *inspected) describeRun(p *printer, r *format.Run, first uint64, limit int, left *int) error {
	batch, special := -1, 0
	batches := r.BatchList()
	for pos, e := range r.All() {
		if limit > 0 && *left <= 0 {
			p.line("  and %s (--limit)", counted(int64(r.Len()-pos), "more entry", "more entries"))
			return nil
		}
		*left--
		if e.Batch != batch {
			batch = e.Batch
			b := batches[batch]
			p.line("  batch %d at byte %d: %s, CRCs ok", batch+1, b.Offset, counted(int64(b.N), "entry", "entries"))
		}
		index := fmt.Sprintf("#%d", pos+1) // the file does not tell
		if first > 0 {
			index = fmt.Sprint(first + uint64(pos))
		}
		text := fmt.Sprintf("term %d, %s, %s bytes at %d", e.Term, e.Type, humanize.Comma(int64(e.Size)), e.Offset)
		if e.Type == format.Command {
			command, err := f.command(e)
			if err != nil {
				return err
			}
			text += ": " + command
		}
		p.line("    %s: %s", index, text)
		if e.Type == format.Change {
			for special < len(r.Specials) && r.Specials[special].Pos < pos {
				special++
			}
			if special < len(r.Specials) && r.Specials[special].Pos == pos {
				c, damage := format.ParseConfiguration(f.name.File, "configuration", e.Offset, r.Specials[special].Payload)
				describeServers(p, "       ", c)
				if damage != nil {
					p.line("       DAMAGE: %s", damage)
				}
			}
		}
	}
	return nil
}

// command describes a command without its pages.
func (f *inspected) command(e format.Entry) (string, error) {
	h, damage, err := rebuild.ReadHead(f.fsys, cowsql.EntryView{File: f.path, Offset: e.Offset, Size: e.Size})
	switch {
	case err != nil:
		return "", err
	case damage != "":
		return "cannot be read, " + damage, nil
	case h.Type != format.CommandFrames:
		return strings.TrimSpace(fmt.Sprintf("%s %s", h.Type, h.Database)), nil
	}
	out := fmt.Sprintf("database %s, %s", h.Database, pageList(firstPages(h.Pages), len(h.Pages)))
	if !h.Commit {
		out += ", without commit"
	}
	return out, nil
}

func (f *inspected) describeSnapshot(p *printer, limit int) {
	s := f.snapshot
	if f.inner.Kind == format.KindSnapshotData {
		p.line("  state at index %d, term %d, by its name", f.inner.Index, f.inner.Term)
	}
	if s.LZ4.Used {
		p.line("  LZ4 frame, %s bytes of content", humanize.Comma(s.LZ4.Read))
	}
	p.line("  format %d, %s", s.Format, counted(int64(s.Count), "database", "databases"))
	proven := hexdump.Proven(s)
	for i, d := range s.Databases[:proven] {
		if limit > 0 && i == limit {
			p.line("  and %s (--limit)", counted(int64(proven-i), "more database", "more databases"))
			return
		}
		p.line("  database %s", d.Name)
		p.line("    main: %s of %s bytes at byte %d", counted(int64(d.MainPages), "page", "pages"), humanize.Comma(int64(d.PageSize)), d.MainOffset)
		if d.WALSize == 0 {
			p.line("    no WAL")
			continue
		}
		p.line("    WAL: %s bytes at byte %d, %s in %s, %s of %s committed", humanize.Comma(int64(d.WALSize)), d.WALAt,
			counted(int64(d.WAL.Frames), "sound frame", "sound frames"), counted(int64(d.WAL.Commits), "transaction", "transactions"),
			humanize.Comma(int64(d.WAL.Committed)), humanize.Comma(int64(d.WAL.Slots)))
		p.line("    %s after it", counted(int64(d.Pages), "page", "pages"))
		if d.WAL.Later > 0 {
			p.line("    %s behind the first bad frame, which do not count", counted(int64(d.WAL.Later), "sound frame", "sound frames"))
		}
	}
	if n := len(s.Databases) - proven; n > 0 {
		p.line("  what follows is not proven to be %s", counted(int64(n), "more database", "more databases"))
	}
}
