package command

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/internal/hexdump"
	"github.com/lastwrite/lastwrite/parse/binlog"
	"github.com/lastwrite/lastwrite/parse/optionfile"
)

func decodeBinlog(f *inspected, _ bool) (*decoded, error) {
	var events []string
	l, err := binlog.Read(f.reader(), f.at, f.name.File, f.size, binlog.Settings{Visit: func(e *binlog.Event, good bool) {
		if len(events) < maxEvents {
			events = append(events, eventLine(e, good))
		}
	}})
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "binary log"}
	if l.Damage != nil {
		d.damage = append(d.damage, *l.Damage)
	}
	d.sum = []string{counted(l.Events, "event", "events")}
	if l.Format != nil {
		d.sum = append(d.sum, l.Format.ServerVersion)
	}
	if l.InUse() {
		d.sum = append(d.sum, "not closed")
	}
	d.show = func(p *printer, limit int) {
		if l.Format != nil {
			p.line("  written by %s, checksums: %s", l.Format.ServerVersion, l.Format.Checksum)
		}
		if l.Encrypted {
			p.line("  encrypted: what it holds cannot be read without the key")
		}
		if l.InUse() {
			p.line("  not closed: the server was running or crashed, and recovers with it")
		}
		for _, t := range slices.Sorted(maps.Keys(l.Types)) {
			p.line("  %s: %s", t, humanize.Comma(l.Types[t]))
		}
		if l.XIDCount > 0 {
			p.line("  transactions committed: %s, the last has the number %d (the seqno, on a Galera node)", humanize.Comma(l.XIDCount), l.LastXID)
		}
		if l.Open >= 0 && l.Open < l.End {
			p.line("  a transaction that begins at byte %d does not end; whole transactions end at byte %d", l.Open, l.SafeEnd)
		}
		p.line("  events")
		for i, e := range events {
			if limit > 0 && i == limit {
				break
			}
			p.line("    %s", e)
		}
		shown := int64(len(events))
		if limit > 0 {
			shown = min(shown, int64(limit))
		}
		if rest := l.Events - shown; rest > 0 {
			p.line("    and %s (--limit)", counted(rest, "more event", "more events"))
		}
		for _, island := range l.Islands {
			p.line("  behind the damage, from byte %d: %s", island.Offset, counted(island.Events, "event", "events"))
		}
	}
	d.hex = func(w *hexdump.Writer, limit int) error { return hexEvents(w, f, limit) }
	return d, nil
}

// maxEvents bounds how many events are listed.
const maxEvents = 1 << 16

// eventLine is an event without what it carries.
func eventLine(e *binlog.Event, good bool) string {
	out := fmt.Sprintf("byte %d: %s, server %d, %s bytes", e.Offset, e.Type, e.ServerID, humanize.Comma(e.Length))
	if xid, ok := binlog.ParseXID(e); ok {
		out += fmt.Sprintf(", number %d", xid)
	}
	if g, _, ok := binlog.ParseGTID(e); ok {
		out += ", GTID " + g.String()
	}
	if g, ok := binlog.ParseSourceGTID(e); ok {
		out += ", GTID " + g.String()
	}
	if q, ok := binlog.ParseQuery(e); ok {
		out += fmt.Sprintf(", %s in %s", q.Class, cmp.Or(q.Database, "no database"))
	}
	if m, ok := binlog.ParseTableMap(e); ok {
		out += ", table " + m.Database + "." + m.Table
	}
	if name, _, ok := binlog.ParseRotate(e); ok {
		out += ", to " + name
	}
	if name, ok := binlog.ParseBinlogCheckpoint(e); ok {
		out += ", " + name
	}
	if !good {
		out += ", behind damage"
	}
	return out
}

// hexEvents prints the headers of events; what they carry may be rows.
func hexEvents(w *hexdump.Writer, f *inspected, limit int) error {
	magic, err := f.head(4)
	if err != nil {
		return err
	}
	w.Field(0, magic, "magic", "")
	r := binlog.NewReader(f.reader(), f.name.File, f.size, binlog.Options{})
	for n := 0; r.Next(); n++ {
		if limit > 0 && n == limit {
			w.Title("more events follow (--limit)")
			return nil
		}
		e := r.Event()
		head := make([]byte, 19)
		if _, err := f.at.ReadAt(head, e.Offset); err != nil {
			return err
		}
		w.Title("%s", e.Type)
		w.Field(e.Offset, head[:4], "time", fmt.Sprint(e.Time))
		w.Field(e.Offset+4, head[4:5], "type", e.Type.String())
		w.Field(e.Offset+5, head[5:9], "server id", fmt.Sprint(e.ServerID))
		w.Field(e.Offset+9, head[9:13], "length", fmt.Sprint(e.Length))
		w.Field(e.Offset+13, head[13:17], "next event at", fmt.Sprint(e.NextPos))
		w.Field(e.Offset+17, head[17:19], "flags", fmt.Sprintf("%#x", e.Flags))
		w.Hidden(e.Offset+19, e.Length-19, "content")
	}
	return r.Err()
}

func decodeBinlogIndex(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	x := binlog.ParseIndex(f.name.File, text)
	d := &decoded{kind: "list of binary logs", damage: x.Damage}
	d.sum = []string{counted(int64(len(x.Entries)), "log", "logs")}
	d.show = func(p *printer, limit int) {
		from := 0
		if limit > 0 && len(x.Entries) > limit {
			from = len(x.Entries) - limit
			p.line("  the last %d of them (--limit)", limit)
		}
		for _, e := range x.Entries[from:] {
			p.line("  %s", e.Base())
		}
	}
	return d, nil
}

func decodeCoordinatorLog(f *inspected, _ bool) (*decoded, error) {
	t, err := binlog.ReadTCLog(f.reader(), f.name.File, f.size)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "log of the transaction coordinator", binary: true, damage: t.Damage}
	state := "not in use"
	switch {
	case t.Closed:
		state = "closed"
	case t.InUse:
		state = "the server was running or crashed"
	}
	d.sum = []string{state}
	d.show = func(p *printer, limit int) {
		p.line("  %s, %s with two phases", state, counted(int64(t.Engines), "engine", "engines"))
		for i, r := range t.XIDs.Ranges() {
			if limit > 0 && i == limit {
				break
			}
			p.line("  transactions %d to %d", r.First, r.Last)
		}
	}
	return d, nil
}

// decodeOptions shows an option file without its secrets.
func decodeOptions(f *inspected, _ bool) (*decoded, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	c := optionfile.Parse(f.name.File, text)
	d := &decoded{kind: "option file", damage: c.Damage}
	d.sum = []string{counted(int64(len(c.Settings)), "option", "options")}
	d.show = func(p *printer, limit int) {
		group := ""
		for i, s := range c.Settings {
			if limit > 0 && i == limit {
				p.line("  and %s (--limit)", counted(int64(len(c.Settings)-i), "more option", "more options"))
				break
			}
			if s.Group != group {
				group = s.Group
				p.line("  [%s]", group)
			}
			p.line("    %s", settingLine(s))
		}
		for _, include := range c.Skipped {
			p.line("  includes %s, which is not read here", include.Path)
		}
	}
	return d, nil
}

func settingLine(s optionfile.Setting) string {
	switch {
	case s.Redacted:
		return s.Name + " = [not shown]"
	case !s.HasValue:
		return s.Name
	case len(s.Options) == 0:
		return s.Name + " = " + s.Value
	}
	var parts []string
	for _, o := range s.Options {
		value := o.Value
		if o.Redacted {
			value = "[not shown]"
		}
		parts = append(parts, o.Key+"="+value)
	}
	return s.Name + " = " + strings.Join(parts, "; ")
}
