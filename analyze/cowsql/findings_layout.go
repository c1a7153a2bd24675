package cowsql

import (
	"fmt"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// place quotes a place in a file of the host root.
func (m *member) place(s parse.Span, quote string) []analyze.Evidence {
	return []analyze.Evidence{{Span: s, Node: m.name(), Quote: quote}}
}

func (g *group) layoutFindings(m *member) {
	l := m.Layout
	g.memberLists(m)
	if l.Join {
		g.add("LWC055", m.name(), m.whole("join", ""), "The flag file \"join\" says that this node never finished joining the cluster. Its log may be a part only.")
	}
	for _, e := range l.AppErrors("") {
		id, text := "LWC054", fmt.Sprintf("Before the raft library is even asked, the application stops with: %s", e.Message)
		if strings.Contains(e.Message, "Unsupported upgrade path") {
			id = "LWC068"
		}
		if !e.Exact {
			text += " …"
		}
		g.add(id, m.name(), m.place(parse.Span{File: e.File}, ""), "%s", text)
	}
	for _, p := range l.Patches {
		var to []string
		for _, a := range p.Addresses {
			to = append(to, a.Address)
		}
		text := fmt.Sprintf("%s waits to be run at the next start: a repair was prepared and the daemon has not started since.", plural(p.Statements, "statement", "statements"))
		if len(to) > 0 {
			text += " It gives members the addresses " + list(to) + "."
		}
		g.add("LWC057", m.name(), m.place(parse.Span{File: p.File}, ""), "%s", text)
	}
	for _, t := range l.Tarballs {
		if t.Kind == hostlayout.LXDRecovery || t.Kind == hostlayout.MicroclusterRecovery {
			g.add("LWC058", m.name(), m.place(parse.Span{File: t.File}, plural(len(t.Members), "file", "files")), "At its next start the daemon deletes this node's database and unpacks the archive in its place. If the directory is newer than the archive, everything in between is lost. Move it away unless that is what you want.")
		}
	}
	if l.LocalDB != nil && (l.LocalDB.Journal || l.LocalDB.WALMode && !l.LocalDB.WAL) {
		g.add("LWC074", m.name(), m.place(parse.Span{File: l.LocalDB.File}, ""), "A journal or write-ahead log belongs to local.db, and it is not complete in this copy: raft_nodes may be older than what the daemon last wrote.")
	}
}

// memberLists compares the lists of members that the application keeps with
// the configuration in the log.
func (g *group) memberLists(m *member) {
	_, c := m.configuration()
	if c == nil {
		return
	}
	byID := map[uint64]string{}
	role := map[uint64]string{}
	for _, s := range c.Servers {
		byID[s.ID], role[s.ID] = s.Address, s.Role.String()
	}
	compare := func(id, file string, nodes []hostlayout.Node, counts string) {
		var evidence []analyze.Evidence
		seen := map[uint64]bool{}
		for _, n := range nodes {
			seen[n.ID.V] = true
			address, ok := byID[n.ID.V]
			switch {
			case !ok:
				evidence = append(evidence, m.place(n.At, fmt.Sprintf("id %d (%s) is not in the log's configuration", n.ID.V, n.Address.V))...)
			case address != n.Address.V:
				evidence = append(evidence, m.place(n.Address.At, fmt.Sprintf("id %d: %s, in the log %s", n.ID.V, n.Address.V, address))...)
			case n.Role.Set && n.Role.V.String() != role[n.ID.V]:
				evidence = append(evidence, m.place(n.Role.At, fmt.Sprintf("id %d: %s, in the log %s", n.ID.V, n.Role.V, role[n.ID.V]))...)
			}
		}
		missing := 0
		for _, s := range c.Servers {
			if !seen[s.ID] {
				missing++
			}
		}
		if missing > 0 {
			evidence = append(evidence, m.place(parse.Span{File: file}, fmt.Sprintf("%s of the log's configuration not listed", plural(missing, "server", "servers")))...)
		}
		if len(evidence) > 0 {
			g.add(id, m.name(), evidence, "%s The log alone decides who is a member and who votes.", counts)
		}
	}
	if l := m.Layout.Cluster; l != nil {
		compare("LWC052", l.File, l.Nodes, "cluster.yaml is a cache that the application keeps for finding its peers, and it differs from the log: it was not refreshed, or edited.")
	}
	if l := m.Layout.LocalDB; l != nil && len(l.Nodes) > 0 {
		compare("LWC056", l.File, l.Nodes, "The daemon's own list differs from the log. A recovery command may have changed one of them only.")
	}
	if i := m.Layout.Info; i != nil && i.ID.Set {
		address, ok := byID[i.ID.V]
		switch {
		case !ok:
			g.add("LWC053", m.name(), m.place(i.ID.At, fmt.Sprintf("id %d", i.ID.V)), "The id in info.yaml is not in the log's configuration: the file comes from another node, or this node was removed.")
		case address != i.Address.V:
			g.add("LWC053", m.name(), m.place(i.Address.At, i.Address.V), "info.yaml says %s, the log says %s for this id. A node that is started with another address than info.yaml has stops with an error, and its peers look for it at the address in the log.", i.Address.V, address)
		}
	}
}
