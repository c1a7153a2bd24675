package manticore

import (
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// A directory is the repaired data directory of one host.
type directory struct {
	host       *host
	begin      begin
	groups     []*group
	unproven   map[claim]bool // whose position the written files do not bear out
	steps      []analyze.Step
	promise    []analyze.Promise
	warnings   []string
	done       map[string]bool   // files that have their step
	configured *manticore.Config // manticore.json as it is written
	result     *host             // the directory, read again
}

// make fills the directory. It returns why none can be written, "" if one is.
func (d *directory) make() string {
	h := d.host
	d.done = map[string]bool{}
	if len(h.Parts) == 0 && !h.broken() {
		return "LWM007: it belongs to no cluster"
	}
	for _, l := range h.Logs {
		if l.Listed && !l.Missing && l.Size > 8 && l.Stop != manticore.NoHeader && h.wrongVersion(l) {
			return "LWM013: its log is of another version"
		}
	}
	if h.BinlogAway {
		return "LWM016: its transaction log is not in the copy"
	}
	if why := d.config(); why != "" {
		return why
	}
	d.logs()
	for _, g := range d.groups {
		for _, m := range g.members {
			if m.Host == h && (m.Entry != nil || m.Counts) {
				d.state(g, m)
			}
		}
	}
	for _, name := range h.Files {
		if d.done[name] || !below(name, h.Data) && !below(name, h.BinlogDir) && !(h.moved() && name == h.Conf.File) {
			continue
		}
		if why := leftOut(name); why != "" {
			d.leaveOut(name, why)
			continue
		}
		d.add(analyze.Step{Op: analyze.Copy, File: name, Parts: []analyze.Part{d.whole(name)}})
	}
	return ""
}

func (d *directory) add(s analyze.Step) {
	s.Node = d.host.Name
	d.done[s.File] = true
	d.steps = append(d.steps, s)
}

func (d *directory) whole(name string) analyze.Part {
	return analyze.Part{Node: d.host.Name, File: name, Length: -1}
}

func (d *directory) leaveOut(name, why string) {
	d.add(analyze.Step{Op: analyze.LeaveOut, File: name, Because: why})
}

// moved reports whether only the server's configuration tells where the log is.
func (h *host) moved() bool {
	return h.Conf != nil && (h.BinlogOff || h.BinlogDir != path.Join(h.Data, "binlog"))
}

// leftOut says why a file is not taken over, "" if it is.
func leftOut(name string) string {
	base := path.Base(name)
	switch {
	case base == "auth.json", strings.HasSuffix(base, ".log.auth"):
		return "holds password hashes: put it back from the original"
	case strings.HasSuffix(base, ".lock"), strings.HasSuffix(base, ".pid"), strings.HasSuffix(base, ".spl"):
		return "a lock of the process that died"
	case strings.HasSuffix(base, ".key"), strings.HasSuffix(base, ".pem"):
		return "may be a private key: put it back from the original"
	case strings.HasSuffix(base, ".meta.new"), strings.HasSuffix(base, ".ram.new"):
		return "LWM045"
	case strings.HasPrefix(base, "grastate.dat."):
		return "LWM006"
	case strings.HasPrefix(base, "manticore.json."):
		return "LWM002"
	case manticore.IsSharedMemory(base):
		return "belongs into /dev/shm, and says nothing about this directory"
	}
	return ""
}

// An edit replaces bytes of manticore.json.
type edit struct {
	at, length int64
	insert     string
}

// config writes manticore.json: of every cluster that this host begins without
// the key nodes, and with a list of nodes for all others.
func (d *directory) config() string {
	h := d.host
	name := path.Join(h.Data, "manticore.json")
	src, from, because := h.Salvage, h.Name, "the entry of the cluster that it begins, without nodes"
	if src == nil || !src.Whole {
		src, from = d.borrowed()
		if src == nil {
			return "LWM001: its manticore.json is broken and no other node has the same tables"
		}
		because = "LWM001: the file of " + from + ", which has the same clusters and tables"
	}
	written := *src
	written.File, written.Clusters = name, slices.Clone(src.Clusters)
	d.configured = &written
	var edits []edit
	for i := range src.Clusters {
		c, to := &src.Clusters[i], &written.Clusters[i]
		w, known := d.beginner(c.Name)
		switch {
		case !known:
		case w.Host == h && c.SelfBootstrap && len(c.Nodes) == 1 && h.Server.Version.atLeast(keepsEntries):
			// It begins the cluster by itself.
		case w.Host == h:
			to.Nodes = nil
			if c.NodesCut.Length > 0 {
				edits = append(edits, edit{c.NodesCut.Offset, c.NodesCut.Length, ""})
			}
		case len(c.Nodes) == 0 || c.SelfBootstrap && len(c.Nodes) == 1:
			// As it is, it would begin a second cluster.
			nodes := d.nodesFor(c.Name, w)
			if len(nodes) == 0 {
				return fmt.Sprintf("LWM034: its manticore.json names no other node of %s, and neither does another", c.Name)
			}
			if c.NodesCut.Length > 0 {
				edits = append(edits, edit{c.NodesCut.Offset, c.NodesCut.Length, ""})
			}
			to.Nodes = nodes
			edits = append(edits, edit{c.Span.Offset + 1, 0, nodesText(nodes, c)})
			because = "a list of nodes, so that it joins and does not begin a cluster of its own"
		}
	}
	if len(edits) == 0 && from == h.Name && src.File == name {
		d.add(analyze.Step{Op: analyze.Copy, File: name, Parts: []analyze.Part{d.whole(name)}})
		return ""
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return int(a.at - b.at) })
	s := analyze.Step{Op: analyze.Assemble, File: name, Because: because}
	var at int64
	for _, e := range edits {
		if e.at > at {
			s.Parts = append(s.Parts, analyze.Part{Node: from, File: src.File, Offset: at, Length: e.at - at})
		}
		if e.insert != "" {
			s.Parts = append(s.Parts, analyze.Part{Data: []byte(e.insert)})
		}
		at = max(at, e.at+e.length)
	}
	s.Parts = append(s.Parts, analyze.Part{Node: from, File: src.File, Offset: at, Length: -1})
	d.add(s)
	return ""
}

// beginner is the member that begins the cluster of that name on this host.
func (d *directory) beginner(cluster string) (*member, bool) {
	for _, g := range d.groups {
		if g.name == cluster && d.begin[g] != nil && slices.ContainsFunc(g.members, func(m *member) bool { return m.Host == d.host }) {
			return d.begin[g], true
		}
	}
	return nil, false
}

// borrowed is the manticore.json of another host with the same tables.
func (d *directory) borrowed() (*manticore.Config, string) {
	have := sortedKeys(d.host.Tables)
	for _, g := range d.groups {
		for _, m := range g.members {
			c := m.Host.Salvage
			if m.Host != d.host && c != nil && c.Whole && m.Entry != nil && slices.Equal(sortedKeys(m.Host.Tables), have) {
				return c, m.Host.Name
			}
		}
	}
	return nil, ""
}

// nodesFor is a list of addresses under which the beginner can be asked.
func (d *directory) nodesFor(cluster string, w *member) []string {
	var out []string
	for _, g := range d.groups {
		if g.name != cluster {
			continue
		}
		for _, m := range g.members {
			if m.Entry != nil && len(m.Entry.Nodes) > len(out) && m.Host != d.host {
				out = m.Entry.Nodes
			}
		}
	}
	for _, a := range w.Host.Addresses {
		if !slices.Contains(out, a) {
			out = append(slices.Clone(out), a)
		}
	}
	return out
}

// nodesText is the key nodes as it stands behind the opening bracket of a
// cluster's entry.
func nodesText(nodes []string, c *manticore.Cluster) string {
	var quoted []string
	for _, n := range nodes {
		quoted = append(quoted, strconv.Quote(n))
	}
	text := `"nodes":[` + strings.Join(quoted, ",") + `]`
	if len(c.Options)+len(c.Tables) > 0 || c.Path != "" || c.Epoch > 0 || c.User != "" || c.SelfBootstrap {
		text += ","
	}
	return text
}

// state writes the grastate.dat of one cluster. Who begins it may; all others
// may not, and have the position that their tables prove, or none.
func (d *directory) state(g *group, m *member) {
	w := d.begin[g]
	if m.Dir == "" || w == nil {
		return
	}
	name := m.statePath()
	id, ok := galera.ParseUUID(m.UUID)
	if !ok {
		return // the provider takes the node for new
	}
	s := galera.SavedState{Version: galera.StateVersion, UUID: id, Seqno: -1, SafeToBootstrap: m == w}
	seqno, _, writable := g.seqno(m)
	switch {
	case m.zeroed():
		s.UUID = galera.UUID{}
	case d.unproven[claim{g.name, d.host.Name}]:
		if m != w {
			d.warnings = append(d.warnings, fmt.Sprintf("%s takes a full state transfer in %s: what can be written of it is not what its seqno says.", d.host.Name, g.name))
		}
	case writable:
		s.Seqno = seqno
	case m.clean() && m.ahead(g) == 0:
		s.Seqno = m.State.Seqno
	}
	if s.Seqno >= 0 {
		d.promise = append(d.promise, analyze.Promise{Node: d.host.Name, Cluster: g.name, Index: uint64(s.Seqno)})
	}
	if m.State != nil && m.State.SavedState == s && len(m.State.Damage) == 0 {
		return // as it is
	}
	because := fmt.Sprintf("LWM039: seqno %d", s.Seqno)
	switch {
	case m == w && s.Seqno >= 0:
		because = fmt.Sprintf("begins %s at seqno %d", g.name, s.Seqno)
	case m == w:
		because = fmt.Sprintf("begins %s; its seqno is not proven", g.name)
	case s.Seqno < 0:
		because = "joins by a full state transfer: the tables of this directory prove no seqno"
	}
	d.add(analyze.Step{Op: analyze.Write, File: name, Because: because, Parts: []analyze.Part{{Data: s.Encode()}}})
}

// logs cuts damaged logs at their last valid record, and lists the files that
// a start has to replay.
func (d *directory) logs() {
	h := d.host
	var numbers []uint64
	changed := h.Meta != nil && h.Meta.Damage != nil
	version := uint32(manticore.LogVersion)
	digits := 4
	for _, l := range h.Logs {
		if !l.Missing && l.Version >= 15 {
			version = l.Version
		}
		gains := !l.Listed && l.Transactions > 0 && l.Version >= 15 && h.gains(l)
		switch {
		case l.Missing:
			changed = true
			d.warnings = append(d.warnings, fmt.Sprintf("%s of %s is gone, and with it what it held.", path.Base(l.Path), h.Name))
			continue
		case !l.Listed && !gains:
			d.leaveOut(l.Path, "no start replays it, and no table lacks what it holds")
			continue
		case gains:
			changed = true
		}
		numbers = append(numbers, l.Number)
		digits = len(path.Base(l.Path)) - len("binlog.")
		switch {
		case l.Damage == nil:
		case l.End >= 8:
			d.add(analyze.Step{Op: analyze.Cut, File: l.Path, Because: "cut at the last valid record", Parts: []analyze.Part{{Node: h.Name, File: l.Path, Length: l.End}}})
		default:
			d.add(analyze.Step{Op: analyze.Write, File: l.Path, Because: "an empty log: its header does not parse", Parts: []analyze.Part{{Data: logHeader(version)}}})
		}
	}
	if !changed || h.BinlogDir == "" {
		return
	}
	d.add(analyze.Step{
		Op: analyze.Write, File: path.Join(h.BinlogDir, "binlog.meta"), Because: "lists the logs that are there",
		Parts: []analyze.Part{{Data: binlogMeta(version, digits, numbers)}},
	})
}

// gains reports whether a log holds what a start would not see without it, or
// could not while it does not serve the table.
func (h *host) gains(l *logFile) bool {
	return slices.ContainsFunc(l.Tables, func(x manticore.LogTable) bool {
		t := h.Tables[x.Name]
		return t != nil && x.Transactions > 0 && (t.Meta == nil || int64(x.Last) > t.Listed)
	})
}

func logHeader(version uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte("SPBL"), version)
}

// binlogMeta is a binlog.meta of versions from 15 on.
func binlogMeta(version uint32, digits int, numbers []uint64) []byte {
	out := binary.LittleEndian.AppendUint32([]byte("SPLI"), version)
	out = append(out, byte(digits))
	out = appendVarint(out, uint64(len(numbers)))
	for _, n := range numbers {
		out = appendVarint(out, n)
	}
	return out
}

// appendVarint writes a number in groups of seven bits, the most significant
// first.
func appendVarint(out []byte, n uint64) []byte {
	for shift := 63; shift > 0; shift -= 7 {
		if n>>shift != 0 {
			out = append(out, byte(n>>shift)|0x80)
		}
	}
	return append(out, byte(n)&0x7f)
}
