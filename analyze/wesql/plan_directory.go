package wesql

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/binlog"
)

// A directory is the repaired copy of one node.
type directory struct {
	group    *group
	model    *model
	base     *model
	steps    []analyze.Step
	promise  []analyze.Promise
	warnings []string
	done     map[string]bool
	mended   map[string]bool // log files whose damaged entries are replaced
	list     []byte          // the index of the log
}

// make fills the directory. It returns why none can be written, "" if one is.
func (d *directory) make() string {
	m := d.model
	d.done, d.mended = map[string]bool{}, map[string]bool{}
	switch {
	case m.rebuildsItself():
		return "LWW045: its mysql directory is missing"
	case m != d.base && d.forked():
		return "LWW020: it holds another history"
	case len(m.Chain) == 0:
		return "it has no log"
	}
	if m.Engine != nil {
		if why := m.Engine.beyondRepair(); why != "" {
			return why
		}
	}
	if why := d.log(); why != "" {
		return why
	}
	result := d.result()
	switch s := result.start(); {
	case s.Outcome == analyze.Clean:
	case s.Error != "":
		return "a mended copy does not start either: " + s.Error
	default:
		return "a mended copy would not start with all it holds"
	}
	d.engine()
	d.options()
	var names []string
	for name := range m.sizes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case d.done[name], m.Data != "." && !strings.HasPrefix(name, m.Data+"/") && path.Dir(name) != m.LogDir && name != m.ConfFile:
		case leftOut(name) != "":
			d.leaveOut(name, leftOut(name))
		default:
			d.add(analyze.Step{Op: analyze.Copy, File: name, Parts: []analyze.Part{d.whole(name)}})
		}
	}
	d.promise = append(d.promise, analyze.Promise{Node: m.Name, Term: result.log.Term, Index: result.log.Index})
	return ""
}

// mendedEngine is the node with its engine as a plan writes it.
func (m *model) mendedEngine() *model {
	x := *m
	if x.Engine != nil {
		x.Engine = x.Engine.mended()
	}
	return &x
}

// result is the node as the directory has it: what is written is forecast, and
// not what it is made from.
func (d *directory) result() *model {
	r := d.model.mendedEngine()
	r.HasIndex, r.IndexRaw, r.Index = true, d.list, binlog.ParseIndex(r.IndexPath, d.list)
	r.Logs = maps.Clone(r.Logs)
	for name := range d.mended {
		l := *r.Logs[name]
		l.BadEvents, l.Strict = 0, l.Server
		r.Logs[name] = &l
	}
	r.Chain, r.log, r.runs, r.bad = nil, verdict{}, nil, nil
	r.assemble()
	r.log.Cut = nil
	return r
}

// forked reports whether the node's history is another one than the base's,
// and not only a tail that following the base removes.
func (d *directory) forked() bool {
	f := d.group.fork(d.model, d.base)
	return f != nil && (f.SameTerm != 0 || order(d.model, d.base) > 0 || d.model.forced())
}

func (d *directory) add(s analyze.Step) {
	s.Node = d.model.Name
	if s.Mode == 0 {
		s.Mode = uint32(d.model.modes[s.File].Perm())
	}
	d.done[s.File] = true
	d.steps = append(d.steps, s)
}

func (d *directory) leaveOut(name, why string) {
	d.done[name] = true
	d.steps = append(d.steps, analyze.Step{Op: analyze.LeaveOut, Node: d.model.Name, File: name, Because: why})
}

func (d *directory) whole(name string) analyze.Part { return d.piece(name, 0, -1) }

func (d *directory) piece(name string, from, length int64) analyze.Part {
	return analyze.Part{Node: d.model.Name, File: name, Offset: from, Length: length}
}

// leftOut says why a file is not taken over, "" if it is.
func leftOut(name string) string {
	base := path.Base(name)
	switch {
	case strings.HasSuffix(base, ".pem"), strings.HasSuffix(base, ".key"):
		return "may be a private key: put it back from the original"
	case strings.HasSuffix(base, ".pid"), strings.HasSuffix(base, ".sock"), strings.HasSuffix(base, ".sock.lock"):
		return "belongs to the process that died"
	case strings.Contains(name, "smartengine/hotbackup_tmp/"):
		return "LWW044"
	}
	return ""
}

// log writes the log files and their index.
func (d *directory) log() string {
	m := d.model
	keep := m.kept()
	if len(keep) == 0 {
		return "no file of its log can be kept"
	}
	if first := keep[0]; first.Log.First > m.log.First && m.log.First > 0 {
		x := m.mendedEngine()
		applied, _, ok, _ := x.applied()
		r := x.rows()
		if !ok || r == nil || r.RecoverStatus == 1 || applied+1 < first.Log.First {
			return fmt.Sprintf("LWW007: entries up to %d are missing, and the tables do not prove that they were applied", first.Log.First-1)
		}
		d.warnings = append(d.warnings, fmt.Sprintf("The log of %s begins with entry %d: what is in front of the hole is applied already (entry %d), and left out.", m.Name, first.Log.First, applied))
	}
	if m.log.LastFile != nil && m.log.LastFile.Log != nil && m.log.LastFile.Log.Server.Malformed != "" {
		return "LWW004: the index of its log goes back"
	}
	if to, ok := m.mendedEngine().beyond(); ok {
		return fmt.Sprintf("LWW035: its tables are ahead of its log, which lacks entries up to %d", to)
	}
	for _, l := range m.Chain {
		switch {
		case l.Missing:
		case !slices.Contains(keep, l):
			d.leaveOut(l.Path, "not a part of the log that goes on")
		default:
			if why := d.logFile(l); why != "" {
				return why
			}
		}
	}
	return d.index(keep)
}

// kept are the files of the log that a repaired copy has: those behind the
// last hole.
func (m *model) kept() []*link {
	var out []*link
	accident := m.newLogOnly()
	for _, l := range m.Chain {
		good := !l.Missing && l.Log != nil && l.Log.HasFirst
		switch {
		case accident:
			if !l.Listed && good {
				out = append(out, l)
			}
		case !l.Listed:
		case !good:
			if m.hasListedBehind(l) {
				out = nil
			}
		case len(out) > 0 && l.Log.First != out[len(out)-1].Log.LastIndex+1 && out[len(out)-1].Log.Entries > 0:
			if b := m.bridge(out[len(out)-1].Log.LastIndex+1, l.Log.First-1); b != nil {
				out = append(out, b, l)
			} else {
				out = []*link{l}
			}
		default:
			out = append(out, l)
		}
	}
	return out
}

func (m *model) hasListedBehind(x *link) bool {
	i := slices.Index(m.Chain, x)
	return slices.ContainsFunc(m.Chain[i+1:], func(l *link) bool { return l.Listed && !l.Missing && l.Log != nil && l.Log.HasFirst })
}

// logFile writes one file: cut to its last whole entry, with damaged entries
// replaced by those of a neighbour.
func (d *directory) logFile(l *link) string {
	m := d.model
	end := l.Size
	if c := m.log.Cut; c != nil && c.File == l.Path {
		end = c.From
		d.add(analyze.Step{Op: analyze.Assemble, File: l.Path + ".tail.saved", Because: "LWW001: the bytes that are cut, for later study", Mode: 0o600, Parts: []analyze.Part{d.piece(l.Path, c.From, c.To-c.From)}})
	}
	if l.Log.Behind > 0 {
		return "LWW003: whole entries stand behind damage in " + path.Base(l.Path)
	}
	if l.Ledger == nil || len(l.Ledger.Bad) == 0 {
		if end == l.Size {
			d.add(analyze.Step{Op: analyze.Copy, File: l.Path, Parts: []analyze.Part{d.whole(l.Path)}})
		} else {
			d.add(analyze.Step{Op: analyze.Cut, File: l.Path, Because: "LWW001: cut to the last whole entry", Parts: []analyze.Part{d.piece(l.Path, 0, end)}})
		}
		return ""
	}
	if l.Log.BadEvents > int64(len(l.Ledger.Bad)) && l.Log.BadEvents > int64(2*len(l.Ledger.Bad)) {
		return "LWW002: events outside of entries are damaged in " + path.Base(l.Path)
	}
	var parts []analyze.Part
	at := int64(0)
	var who []string
	for _, b := range l.Ledger.Bad {
		donor, mended := d.group.mend(m, b)
		if donor == nil && slices.ContainsFunc(d.group.nodes, func(o *model) bool { return o != m && o.stored != nil }) {
			return fmt.Sprintf("LWW002, and it is not in bundle whether another log holds entry %d whole", b.Index)
		}
		if donor == nil {
			return fmt.Sprintf("LWW002: no other log holds entry %d whole", b.Index)
		}
		parts = append(parts, d.piece(l.Path, at, b.Offset-at))
		parts = append(parts, mended...)
		at = b.End
		who = append(who, fmt.Sprintf("entry %d from %s", b.Index, donor.Name))
	}
	parts = append(parts, d.piece(l.Path, at, end-at))
	d.mended[l.Path] = true
	d.add(analyze.Step{Op: analyze.Assemble, File: l.Path, Because: "LWW002: " + strings.Join(who, ", "), Parts: parts})
	if l.Log.Server.Index > 0 {
		d.warnings = append(d.warnings, fmt.Sprintf("The tables of %s may have been made with the damaged entry, if it was damaged before it was applied: compare them with another node's.", m.Name))
	}
	return ""
}

// index writes the list of the files.
func (d *directory) index(keep []*link) string {
	m := d.model
	var b bytes.Buffer
	for _, l := range keep {
		line := m.linePrefix() + path.Base(l.Path)
		if l.Listed && m.HasIndex && l.Line != "" && !m.elsewhere(l.Line) {
			line = l.Line
		}
		b.WriteString(line + "\n")
	}
	d.list = b.Bytes()
	if m.HasIndex && bytes.Equal(b.Bytes(), m.IndexRaw) {
		d.add(analyze.Step{Op: analyze.Copy, File: m.IndexPath, Parts: []analyze.Part{d.whole(m.IndexPath)}})
		return ""
	}
	because := "LWW007: names the files that are there"
	switch {
	case !m.HasIndex || len(m.Index.Entries) == 0 || m.newLogOnly():
		because = "LWW009: names the files of the log"
	case slices.ContainsFunc(keep, func(l *link) bool { return l.Bridge }):
		because = "LWW010: names the file that fits between two others"
	case slices.ContainsFunc(m.Index.Entries, func(e entry) bool { return m.elsewhere(e.Path) }):
		because = "LWW011: relative paths"
	}
	d.add(analyze.Step{Op: analyze.Write, File: m.IndexPath, Because: because, Mode: 0o640, Parts: []analyze.Part{{Data: b.Bytes()}}})
	return ""
}

// engine writes what is mended of the smartengine directory.
func (d *directory) engine() {
	e := d.model.Engine
	if e == nil {
		return
	}
	for _, f := range e.allRepairs(d.model.Name) {
		d.add(analyze.Step{Op: f.Op, File: path.Join(e.Dir, f.Name), Because: f.Because, Mode: f.Mode, Parts: f.Parts})
	}
}

// options writes the option file without force options.
func (d *directory) options() {
	m := d.model
	w := m.Conf.WeSQL
	var cuts [][2]int64
	b, err := m.read(m.ConfFile, 1<<20)
	if !m.HasConf || err != nil {
		return
	}
	add := func(set bool, at int64, file string) {
		if !set || file != m.ConfFile || at >= int64(len(b)) {
			return
		}
		from := int64(bytes.LastIndexByte(b[:at], '\n') + 1)
		to := int64(len(b))
		if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
			to = at + int64(n) + 1
		}
		cuts = append(cuts, [2]int64{from, to})
	}
	add(w.ForceChangeMeta.Set, w.ForceChangeMeta.At.Offset, w.ForceChangeMeta.At.File)
	add(w.ForceResetMeta.Set, w.ForceResetMeta.At.Offset, w.ForceResetMeta.At.File)
	add(w.ForceSingleMode.Set, w.ForceSingleMode.At.Offset, w.ForceSingleMode.At.File)
	add(w.ForceRecoverIndex.Set, w.ForceRecoverIndex.At.Offset, w.ForceRecoverIndex.At.File)
	add(w.CurrentTerm.Set, w.CurrentTerm.At.Offset, w.CurrentTerm.At.File)
	add(w.RecoverBackup.Set, w.RecoverBackup.At.Offset, w.RecoverBackup.At.File)
	add(w.ArchiveRecovery.Set, w.ArchiveRecovery.At.Offset, w.ArchiveRecovery.At.File)
	if len(cuts) == 0 {
		return
	}
	slices.SortFunc(cuts, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	var parts []analyze.Part
	at := int64(0)
	for _, c := range cuts {
		if c[0] > at {
			parts = append(parts, d.piece(m.ConfFile, at, c[0]-at))
		}
		at = max(at, c[1])
	}
	if at < int64(len(b)) {
		parts = append(parts, d.piece(m.ConfFile, at, -1))
	}
	d.add(analyze.Step{Op: analyze.Assemble, File: m.ConfFile, Because: "LWW047: without the force options", Parts: parts})
}

// copyOf makes the directory a copy of the base's, without its identity. The
// log of the base gives it the base's history.
func (d *directory) copyOf(base *model, why string) {
	b := &directory{group: d.group, model: base, base: base}
	b.make()
	d.steps, d.done, d.warnings = nil, map[string]bool{}, nil
	for _, s := range b.steps {
		s.Node = d.model.Name
		if s.File == base.in("auto.cnf") {
			s = analyze.Step{Op: analyze.LeaveOut, Node: d.model.Name, File: s.File, Because: "the copy needs a server_uuid of its own, which the server makes"}
		}
		if s.File == base.ConfFile && s.Op != analyze.LeaveOut {
			continue
		}
		d.steps = append(d.steps, s)
	}
	d.promise = []analyze.Promise{{Node: d.model.Name, Term: base.log.Term, Index: base.log.Index}}
	d.warnings = []string{fmt.Sprintf("%s is replaced by a copy of %s (%s).", d.model.Name, base.Name, why)}
}
