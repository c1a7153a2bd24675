package cowsql

import (
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

func newModel(d *directory, l *layout, o analyze.Options) *model {
	m := &model{directory: d, Layout: l, Quick: o.Quick}
	m.Default, m.Why = m.choose(o.Server)
	id, _ := l.identity()
	m.ID = id
	m.Load = simulate(d, m.Default, id)
	for _, im := range implementations {
		if im.Name != m.Default.Name && !o.Quick {
			m.Others = append(m.Others, simulate(d, im, id))
		}
	}
	m.Log = readHistory(d, m.newestSnapshot())
	m.Log.findArtificial(m.newestSnapshot())
	return m
}

// choose picks the implementation that the forecast is for, and says why.
func (m *model) choose(server string) (Implementation, string) {
	if im, ok := implementation(server); ok {
		return im, "chosen with --server"
	}
	dqlite, _ := implementation("dqlite")
	older, _ := implementation("dqlite-1.17")
	cow, _ := implementation("cowsql")
	why := ""
	for _, f := range m.Files {
		if f.Snapshot != nil && f.Snapshot.LZ4.Used {
			return dqlite, f.Name.File + " is an LZ4 frame, as dqlite writes it"
		}
	}
	switch {
	case m.file("dqlite-lock") != nil:
		why = "dqlite-lock is there"
	case slices.Contains([]string{"lxd", "microk8s", "k8s-dqlite", "k8sd", "microcluster", "microcloud", "microceph", "microovn", "juju", "dqlite"}, m.Layout.Name):
		why = m.Layout.Name + " is built on dqlite"
	case m.Layout.Name == "incus":
		return cow, "incus is built on cowsql"
	default:
		m.Assumed = true
		return cow, "nothing points to dqlite"
	}
	if s := m.newestSnapshot(); s != nil && s.Data.Snapshot != nil {
		return older, why + ", and " + s.Data.Name.File + " is stored plain, which newer versions neither write nor read"
	}
	return dqlite, why
}

// snapshots returns the pairs whose data file has content, oldest first.
func (m *model) snapshots() []*snapshot { return m.pairs }

// newestSnapshot returns the newest pair with a good .meta file, or nil.
func (m *model) newestSnapshot() *snapshot {
	list := m.snapshots()
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Meta.Meta.Stop == cowsql.MetaGood {
			return list[i]
		}
	}
	return nil
}

// node makes the shared view of the node.
func (m *model) node(name string, c analyze.Candidate) *analyze.Node {
	_, identity := m.Layout.identity()
	n := &analyze.Node{
		Name: name, Dir: c.Dir, System: "cowsql", Product: c.Product, Member: "unknown",
		Identity: identity, Model: m,
	}
	for _, f := range m.Files {
		n.Damage = append(n.Damage, inDirectory(f.Damage, c.Data)...)
	}
	n.Damage = append(n.Damage, m.Layout.Damage...)
	parse.SortDamage(n.Damage)
	n.Start = m.start()
	n.Facts = m.facts()
	n.Position = m.position()
	m.Node = n
	n.Names = m.names()
	return n
}

// inDirectory gives damage the path relative to the host root.
func inDirectory(list []parse.Damage, data string) []parse.Damage {
	out := make([]parse.Damage, len(list))
	for i, d := range list {
		d.File = path.Join(data, d.File)
		out[i] = d
	}
	return out
}

// position is how far the node's real content goes.
func (m *model) position() analyze.Position {
	h := m.Log
	p := analyze.Position{Term: h.EndTerm, Index: h.End, Bound: analyze.Exact}
	if s := m.newestSnapshot(); s != nil && (s.Index > p.Index || s.Index == p.Index && p.Term == 0) {
		p.Term, p.Index = s.Term, s.Index
	}
	switch {
	case m.Quick && p.Term == 0 && p.Index > 0, len(h.Unplaced) > 0 || h.Floating != "":
		p.Bound = analyze.AtLeast
	case p.Index == 0 && len(m.Files) == 0:
		p.Bound = analyze.None
	}
	return p
}

// start is the forecast for the report.
func (m *model) start() analyze.Start {
	l := m.Load
	out := analyze.Start{Outcome: l.Outcome, Server: l.Implementation.describe(), Why: m.Why, Error: l.err(), Changes: l.Changes}
	if lost := m.lost(l); lost != nil {
		out.Discards = lost
		if out.Outcome == analyze.Clean {
			out.Outcome = analyze.Discards
		}
	}
	for _, o := range m.Others {
		if o.Outcome != l.Outcome && !(o.starts() && l.starts()) || o.err() != l.err() {
			out.Others = append(out.Others, analyze.OtherStart{Server: o.Implementation.describe(), Outcome: o.Outcome, Error: o.err()})
		}
	}
	return out
}

// lost returns the entries that are on disk and not in what the loader holds.
func (m *model) lost(l *load) *analyze.Range {
	if !l.starts() {
		return nil
	}
	h := m.Log
	out := analyze.Range{}
	for _, s := range h.Stretches {
		if s.last() > l.LastIndex {
			from := max(s.First, l.LastIndex+1)
			if out.From == 0 {
				out.From = from
			}
			out.To = s.last()
			out.Entries += s.last() - from + 1
		}
	}
	for _, s := range h.Unplaced {
		if !loads(l, s.File) || strings.HasPrefix(s.File, "open-") {
			out.Entries += uint64(s.To - s.From)
		}
	}
	if out.Entries == 0 {
		return nil
	}
	return &out
}

func loads(l *load, file string) bool {
	for _, p := range l.Pieces {
		if p.File == file {
			return true
		}
	}
	return false
}
