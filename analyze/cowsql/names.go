package cowsql

import (
	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// names are the addresses and names of members, and the names of databases,
// that the report may show.
func (m *model) names() []analyze.Name {
	var out []analyze.Name
	host := func(text string) { out = append(out, analyze.Name{Kind: analyze.HostName, Text: text}) }
	members := func(c cowsql.Configuration) {
		for _, s := range c.Servers {
			host(s.Address)
		}
	}
	for _, n := range m.Layout.nodes() {
		host(n.Address.V)
		host(n.Name.V)
	}
	for _, s := range m.pairs {
		members(s.Meta.Meta.Configuration)
	}
	for _, c := range m.Log.configurations() {
		members(c.Configuration)
	}
	for _, d := range m.Node.Facts.(*Facts).Databases {
		out = append(out, analyze.Name{Kind: analyze.DatabaseName, Text: d.Name})
	}
	return out
}

// nodes are all records of members in the application's files.
func (l *layout) nodes() []hostlayout.Node {
	var out []hostlayout.Node
	for _, n := range []*hostlayout.Node{l.Info, l.ServerInfo, l.Daemon} {
		if n != nil {
			out = append(out, *n)
		}
	}
	for _, list := range []*hostlayout.Members{l.Cluster, l.NodeStore, l.LocalNode, l.Recovery, l.RaftNodes} {
		if list != nil {
			out = append(out, list.Nodes...)
		}
	}
	out = append(out, l.TrustStore...)
	if l.LocalDB != nil {
		out = append(out, l.LocalDB.Nodes...)
		out = append(out, hostlayout.Node{Address: l.LocalDB.ClusterAddress}, hostlayout.Node{Address: l.LocalDB.CoreAddress})
	}
	if l.Init != nil {
		out = append(out, hostlayout.Node{Address: l.Init.Address})
		for _, a := range l.Init.Cluster {
			out = append(out, hostlayout.Node{Address: a})
		}
	}
	if l.Update != nil {
		out = append(out, hostlayout.Node{Address: *l.Update})
	}
	return out
}
