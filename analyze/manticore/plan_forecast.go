package manticore

import (
	"bytes"
	"fmt"
	"path"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/manticore"
)

// forecast is the host that the directory's steps make: what is known of the
// files that are copied, and what the parsers say of those that are written.
func (d *directory) forecast() *host {
	h := d.host
	files := newEvidence()
	out := &host{Name: h.Name, FS: h.FS, Data: h.Data, evidence: &files, sizes: map[string]int64{}, dirs: map[string]bool{".": true}}
	for _, s := range d.steps {
		if s.Op == analyze.LeaveOut {
			continue
		}
		out.Files = append(out.Files, s.File)
		out.sizes[s.File] = h.sizes[s.File]
		for dir := path.Dir(s.File); !out.dirs[dir]; dir = path.Dir(dir) {
			out.dirs[dir] = true
		}
		switch s.Op {
		case analyze.Copy:
			files.share(h.evidence, s.File)
		case analyze.Cut:
			files.Logs[s.File] = upTo(h.evidence.Logs[s.File])
		case analyze.Write:
			b := s.Parts[0].Data
			if store, err := consume(manticore.KindOf(s.File), s.File, bytes.NewReader(b), bytes.NewReader(b), int64(len(b))); err == nil {
				store(&files)
			}
		}
	}
	files.Configs[d.configured.File] = d.configured
	out.settle(d.groups[0].options)
	out.Node = out.node(analyze.Candidate{Product: h.Node.Product, Data: h.Data})
	return out
}

// upTo is a log that was cut behind its last valid record.
func upTo(l *manticore.Log) *manticore.Log {
	c := *l
	c.Size, c.Stop, c.Damage, c.Broken = l.End, manticore.EndOfFile, nil, manticore.Broken{}
	c.Behind, c.BehindAt, c.BehindCount = nil, 0, 0
	return &c
}

// A claim is one host in one cluster.
type claim struct{ cluster, node string }

// write makes the directories of the hosts. A position that a directory, read
// again, does not have is taken back: that node joins by a full state transfer.
// refused says of the others why there is none.
func (b begin) write(hosts []*host, groups []*group) (dirs []*directory, refused map[*host]string) {
	unproven := map[claim]bool{}
	for {
		dirs, refused = nil, map[*host]string{}
		for _, h := range hosts {
			d := &directory{host: h, begin: b, groups: groups, unproven: unproven}
			if why := d.make(); why != "" {
				refused[h] = why
				continue
			}
			d.result = d.forecast()
			if why := d.unfit(); why != "" {
				refused[h] = why
				continue
			}
			dirs = append(dirs, d)
		}
		kept := true
		gs := results(dirs, groups[0].options)
		for _, d := range dirs {
			for _, p := range d.promise {
				c := claim{p.Cluster, p.Node}
				if !unproven[c] && (!keeps(gs, p) || len(d.short(promisee(groups, p))) > 0) {
					unproven[c], kept = true, false
				}
			}
		}
		if kept {
			return dirs, refused
		}
	}
}

// results judges the written directories that have a position, as repair does
// before it keeps them.
func results(dirs []*directory, o analyze.Options) []*group {
	var hosts []*host
	for _, d := range dirs {
		if len(d.promise) > 0 {
			hosts = append(hosts, d.result)
		}
	}
	gs, _ := groups(hosts, o)
	for _, g := range gs {
		g.judge()
	}
	return gs
}

// keeps reports whether a written directory is what is promised of it: it
// starts, serves the tables of the cluster, and holds what its grastate.dat
// says.
func keeps(gs []*group, p analyze.Promise) bool {
	for _, g := range gs {
		if m := g.member(p.Node); g.name == p.Cluster && m != nil {
			return m.Node.Start.Outcome == analyze.Clean && p.Kept(m.Node.Position) && len(m.Host.unserved(m.Tables)) == 0
		}
	}
	return false
}

// promisee is whom a promise is about, before the repair.
func promisee(groups []*group, p analyze.Promise) *member {
	for _, g := range groups {
		if m := g.member(p.Node); g.name == p.Cluster && m != nil {
			return m
		}
	}
	return nil
}

// unfit says why the directory is of no use, "" if it is: a start of it fails,
// or begins a cluster that another node begins, or not the one that it should.
func (d *directory) unfit() string {
	r := d.result
	if r.Replay.Outcome != analyze.Clean {
		return "it would not start: " + r.Replay.Error
	}
	for _, g := range d.groups {
		i := slices.IndexFunc(r.Parts, func(p *part) bool { return p.Name == g.name })
		switch w := d.begin[g]; {
		case w == nil:
		case w.Host == d.host && i < 0:
			return fmt.Sprintf("its manticore.json would not name cluster %s", g.name)
		case w.Host == d.host:
			if text := r.clusterStart(r.Parts[i], r.Server.Version); text != "" {
				return fmt.Sprintf("it would not begin cluster %s: %s", g.name, text)
			}
		case i >= 0 && r.Parts[i].bootstraps(r.Server.Version):
			return fmt.Sprintf("it would begin cluster %s a second time", g.name)
		}
	}
	return ""
}

// unserved lists those of the tables that a start leaves out.
func (h *host) unserved(tables []string) []string {
	return slices.DeleteFunc(slices.Clone(tables), func(name string) bool {
		t := h.Tables[name]
		return t == nil || t.Refused == ""
	})
}

// short lists what the directory of a member does not give, although the
// member's own files hold it.
func (d *directory) short(w *member) (out []analyze.Loss) {
	for _, name := range w.Tables {
		have, ok := w.tid(name)
		t := d.result.Tables[name]
		switch {
		case t == nil, !ok && t.Refused == "":
		case !ok:
			out = append(out, analyze.Loss{Node: w.name(), Text: fmt.Sprintf("table %s: %s, so that no start serves it, and how much it held is not known", name, t.Refused)})
		case t.Refused != "":
			out = append(out, analyze.Loss{Node: w.name(), Entries: uint64(have), Text: fmt.Sprintf("table %s, transactions 1 to %d: %s, so that no start serves it", name, have, t.Refused)})
		case t.Start < have:
			out = append(out, analyze.Loss{Node: w.name(), Entries: uint64(have - t.Start), Text: fmt.Sprintf("transactions %d to %d of table %s, which no log that is replayed holds", t.Start+1, have, name)})
		}
	}
	return out
}
