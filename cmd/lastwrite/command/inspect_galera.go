package command

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/internal/hexdump"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/serverlog"
)

func decodeState(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	s := galera.ParseState(f.name.File, text, f.size)
	d := &decoded{kind: "Galera state", damage: s.Damage}
	d.sum = []string{s.String(), safe(s.SafeToBootstrap)}
	if f.size == 0 {
		d.sum = append(d.sum, "empty: the node never finished a state transfer")
	}
	d.show = func(p *printer, _ int) {
		p.line("  what the provider reads")
		p.line("    version %s, which it does not use", s.Version)
		p.line("    history (state UUID) %s%s", s.UUID, born(s.UUID))
		p.line("    seqno %d%s", s.Seqno, unknownSeqno(s.Seqno))
		p.line("    %s", safe(s.SafeToBootstrap))
		p.line("  what stands there")
		for _, field := range []struct {
			name  string
			field galera.Field
		}{
			{"version", s.VersionField}, {"uuid", s.UUIDField}, {"seqno", s.SeqnoField},
			{"safe_to_bootstrap", s.SafeField}, {"cert_index", s.CertIndexField},
		} {
			switch {
			case field.field.Present:
				p.line("    %s: %s (byte %d)", field.name, cmp.Or(field.field.Raw, "nothing"), field.field.Offset)
			case field.name != "cert_index":
				p.line("    %s: no such line; the default counts", field.name)
			}
		}
	}
	return d, nil
}

func safe(yes bool) string {
	if yes {
		return "safe_to_bootstrap 1"
	}
	return "safe_to_bootstrap 0"
}

func unknownSeqno(seqno int64) string {
	if seqno < 0 {
		return ": not known; the server was running or crashed"
	}
	return ""
}

// born is the time at which a UUID was made, if it tells.
func born(u galera.UUID) string {
	t, ok := u.Time()
	if !ok || u.IsZero() {
		return ""
	}
	return ", made " + t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func decodeView(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	v := galera.ParseView(f.name.File, text, f.size)
	d := &decoded{kind: "last primary view", damage: v.Damage}
	d.sum = []string{fmt.Sprintf("view %d", v.Seq), counted(int64(len(v.Members)), "member", "members")}
	d.show = func(p *printer, limit int) {
		p.line("  this process %s%s", v.MyUUID, born(v.MyUUID))
		p.line("  view %s %s %d", v.Type, v.Representative, v.Seq)
		if v.Bootstrap {
			p.line("  made primary by pc.bootstrap")
		}
		for i, m := range v.Members {
			if limit > 0 && i == limit {
				p.line("  and %s (--limit)", counted(int64(len(v.Members)-i), "more member", "more members"))
				break
			}
			p.line("  member %s, segment %d%s", m.UUID, m.Segment, born(m.UUID))
		}
		if !v.Complete {
			p.line("  the file is not complete")
		}
	}
	return d, nil
}

func decodeTransfer(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	t := galera.ParseTransferInfo(f.name.File, text, f.size)
	d := &decoded{kind: "position of a backup or state transfer", damage: t.Damage}
	d.sum = []string{fmt.Sprintf("%s:%d", t.UUID, t.Seqno)}
	d.show = func(p *printer, _ int) {
		p.line("  position %s:%d: the data are as new as this, or newer", t.UUID, t.Seqno)
		if t.GTID != "" {
			p.line("  server GTID %s", t.GTID)
		}
		if t.Bypass {
			p.line("  only the position was sent; an incremental transfer followed")
		}
	}
	return d, nil
}

func decodeBackup(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	b := galera.ParseBackupInfo(f.name.File, text, f.size)
	d := &decoded{kind: "record of a backup tool", damage: b.Damage}
	d.sum = []string{counted(int64(len(b.Fields)), "line", "lines")}
	d.show = func(p *printer, limit int) {
		for i, field := range b.Fields {
			if limit > 0 && i == limit {
				p.line("  and %s (--limit)", counted(int64(len(b.Fields)-i), "more line", "more lines"))
				break
			}
			p.line("  %s = %s", field.Field, cmp.Or(field.Raw, "not shown"))
		}
	}
	return d, nil
}

func decodeCache(f *inspected, _ bool) (*decoded, error) {
	c, err := galera.ReadCache(f.at, f.name.File, f.size, nil)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "write-set cache", damage: c.Damage}
	usable := c.Outcome.String()
	if c.Outcome == galera.Recovered {
		usable = fmt.Sprintf("usable %d to %d", c.First, c.Last)
	}
	d.sum = []string{"history " + c.Preamble.GID.String(), usable, counted(int64(c.Buffers), "buffer", "buffers")}
	d.show = func(p *printer, limit int) {
		p.line("  version %d, history %s, layout of %s", c.Preamble.Version, c.Preamble.GID, c.Layout)
		if c.Preamble.Synced {
			p.line("  closed cleanly")
		} else {
			p.line("  not closed: the process was killed or crashed")
		}
		p.line("  the provider says: %s", c.Outcome)
		if c.Outcome == galera.Recovered {
			p.line("  usable for incremental transfers: seqnos %d to %d, %s", c.First, c.Last, humanize.IBytes(uint64(max(c.Index.Bytes(c.First, c.Last), 0))))
		}
		for _, s := range c.Segments {
			p.line("  %s at bytes %d to %d", counted(int64(s.Buffers), "buffer", "buffers"), s.Start, s.End)
		}
		showEntries(p, &c.Index, limit)
		showChanges(p, c.Changes, limit)
	}
	d.hex = func(w *hexdump.Writer, limit int) error {
		w.Hidden(0, cachePreamble, "preamble, which is text")
		return hexBuffers(w, f, c.Layout, limit, func(visit func(*galera.Buffer) error) error {
			_, err := galera.ReadCache(f.at, f.name.File, f.size, visit)
			return err
		})
	}
	return d, nil
}

const cachePreamble = 1024

func decodePage(f *inspected, _ bool) (*decoded, error) {
	g, err := galera.ReadPage(f.at, f.name.File, f.size, nil)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "overflow page of the write-set cache", damage: g.Damage}
	d.sum = []string{counted(int64(g.Buffers), "buffer", "buffers"), fmt.Sprintf("seqnos %d to %d", g.First, g.Last), "no server reads it at a start"}
	d.show = func(p *printer, limit int) {
		p.line("  no server reads it at a start; it is left by a process that did not end cleanly")
		showEntries(p, &g.Index, limit)
	}
	d.hex = func(w *hexdump.Writer, limit int) error {
		return hexBuffers(w, f, g.Layout, limit, func(visit func(*galera.Buffer) error) error {
			_, err := galera.ReadPage(f.at, f.name.File, f.size, visit)
			return err
		})
	}
	return d, nil
}

// showEntries prints the ordered buffers, the newest first.
func showEntries(p *printer, x *galera.Index, limit int) {
	n := x.Len()
	if n == 0 {
		return
	}
	p.line("  write sets and views, newest first")
	for i := n - 1; i >= 0; i-- {
		if limit > 0 && n-1-i == limit {
			p.line("    and %s (--limit)", humanize.Comma(int64(i+1))+" more")
			return
		}
		e := x.At(i)
		what := e.Type().String()
		if e.TOI() {
			what = "schema change"
		}
		if u, ok := x.Source(e); ok {
			what += " of " + u.String()
		}
		if e.Skipped() {
			what += ", applied by nobody"
		}
		if e.Damaged() {
			what += ", DAMAGED"
		}
		p.line("    %d at byte %d: %s, %s bytes, digest %016x", e.Seqno, e.Offset(), what, humanize.Comma(int64(e.Size)), e.Digest)
	}
}

func showChanges(p *printer, changes []galera.Change, limit int) {
	if len(changes) == 0 {
		return
	}
	p.line("  views, newest first")
	for i := len(changes) - 1; i >= 0; i-- {
		if limit > 0 && len(changes)-1-i == limit {
			p.line("    and %s (--limit)", humanize.Comma(int64(i+1))+" more")
			return
		}
		c := changes[i]
		var members []string
		for _, m := range c.Members {
			name := m.Name
			if m.Incoming != "" {
				name += " (" + m.Incoming + ")"
			}
			members = append(members, name+" "+m.State.String())
		}
		p.line("    %s:%d, configuration %d: %s", c.Group, c.Seqno, c.ConfID, strings.Join(members, ", "))
	}
}

// enough ends a walk over buffers.
type enough struct{}

func (enough) Error() string { return "enough" }

// hexBuffers prints the headers of buffers; what they carry is row data.
func hexBuffers(w *hexdump.Writer, f *inspected, l galera.Layout, limit int, walk func(visit func(*galera.Buffer) error) error) error {
	shown := 0
	err := walk(func(b *galera.Buffer) error {
		if limit > 0 && shown == limit {
			return enough{}
		}
		shown++
		return hexBuffer(w, f, l, b)
	})
	if errors.As(err, &enough{}) {
		w.Title("more buffers follow (--limit)")
		return nil
	}
	return err
}

func hexBuffer(w *hexdump.Writer, f *inspected, l galera.Layout, b *galera.Buffer) error {
	length := int64(24)
	if l == galera.Galera3 {
		length = 40
	}
	head := make([]byte, length)
	if b.Offset+length > f.size {
		return nil
	}
	if _, err := f.at.ReadAt(head, b.Offset); err != nil {
		return err
	}
	field := func(from, to int64, name, meaning string) { w.Field(b.Offset+from, head[from:to], name, meaning) }
	if l == galera.Galera3 {
		w.Title("buffer of seqno %d", b.Seqno)
		field(0, 8, "seqno_g", fmt.Sprint(b.Seqno))
		field(8, 16, "seqno_d", fmt.Sprint(b.Depends))
		field(16, 24, "size", fmt.Sprint(b.Size))
		w.Hidden(b.Offset+24, 8, "an address in the process")
		field(32, 36, "flags", fmt.Sprintf("%#x", uint32(b.Flags)))
		field(36, 40, "store", "")
	} else {
		w.Title("buffer of seqno %d, %s", b.Seqno, b.Type)
		field(0, 8, "seqno_g", fmt.Sprint(b.Seqno))
		w.Hidden(b.Offset+8, 8, "an address in the process")
		field(16, 20, "size", fmt.Sprint(b.Size))
		field(20, 22, "flags", fmt.Sprintf("%#x", uint16(b.Flags)))
		field(22, 23, "store", "")
		field(23, 24, "type", b.Type.String())
	}
	w.Hidden(b.Offset+length, b.Size-length, "content")
	return nil
}

func decodeServerLog(f *inspected, _ bool) (*decoded, error) {
	l, err := serverlog.Read(f.reader(), f.name.File, 0)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "server log", damage: l.Damage}
	d.sum = []string{counted(l.Lines, "line", "lines"), counted(l.Matched, "known event", "known events")}
	d.show = func(p *printer, limit int) {
		p.line("  %s, %s that tell something about the cluster", counted(l.Lines, "line", "lines"), counted(l.Matched, "event", "events"))
		all := l.All()
		if limit > 0 && len(all) > limit {
			p.line("  the last %d of them (--limit)", limit)
			all = all[len(all)-limit:]
		}
		for _, e := range all {
			p.line("  %s", logEvent(&e))
		}
	}
	return d, nil
}

// logEvent prints an event without the line that it was read from.
func logEvent(e *serverlog.Event) string {
	out := fmt.Sprintf("line %d: %s", e.Line, e.Kind)
	if !e.Time.IsZero() {
		out = e.Time.Format("2006-01-02 15:04:05 ") + out
	}
	if e.Position.Set {
		out += fmt.Sprintf(" %s:%d", e.Position.UUID, e.Position.Seqno)
	}
	if e.From != "" || e.To != "" {
		out += " " + e.From + " to " + e.To
	}
	for _, text := range []string{e.Name, e.Code, e.Text} {
		if text != "" {
			out += " " + text
		}
	}
	return out
}
