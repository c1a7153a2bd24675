package wesql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// source returns the store that a rebuild takes the tables from: the one that
// reaches furthest.
func (g *group) source() (holder *model) {
	for _, m := range g.nodes {
		if m.Store == nil {
			continue
		}
		if _, ok, _ := m.Store.usable(); ok && (holder == nil || m.Store.Listed > holder.Store.Listed) {
			holder = m
		}
	}
	return holder
}

// rebuild is the plan for data nodes that are lost: new machines take their
// tables from the object store and the rest from the logs that are left.
func (g *group) rebuild() (analyze.Plan, bool) {
	var p analyze.Plan
	holder := g.source()
	data := slices.ContainsFunc(g.servers(), func(m *model) bool { return m.Node.Role == roleData && !m.losesCommits() })
	var gone []string
	for _, a := range g.addr {
		if !slices.ContainsFunc(g.servers(), func(m *model) bool { return m.own() == a }) {
			gone = append(gone, a)
		}
	}
	ahead := holder != nil && g.verdict.Recommended == holder.Name && holder.Layout == layoutStore
	if holder == nil || data && len(gone) == 0 && !ahead {
		return p, false
	}
	leader := "LEADER"
	var top *model
	for _, m := range g.servers() {
		if m.log.HasEntries && m.sound() && (top == nil || order(m, top) > 0) {
			top = m
		}
	}
	if top != nil {
		leader = top.Name
	}
	address := "IP:PORT"
	if len(gone) > 0 {
		address = gone[0]
	}
	p = analyze.Plan{ID: "rebuild-data-node", Title: "Rebuild the data node " + address + " from the object store", Base: holder.Name, Warnings: []string{}, Loses: []analyze.Loss{}}
	p.Warnings = append(p.Warnings, "The directory of the new node must be empty: a start replaces what is in it.")
	s := holder.Store
	if top != nil && top.log.Index > s.Listed {
		if top.log.First > s.Listed+1 {
			p.Warnings = append(p.Warnings, fmt.Sprintf("The archive ends with entry %d and the logs begin with %d: the new node cannot catch up. Take a newer copy of the store.", s.Listed, top.log.First))
		} else {
			p.Warnings = append(p.Warnings, fmt.Sprintf("Entries %d to %d are not in the archive: keep the logs until the new node has them.", s.Listed+1, top.log.Index))
		}
	}
	if s.Last > s.Listed {
		p.Warnings = append(p.Warnings, "Slices that the archive's index does not name are not fetched.")
	}
	alive := len(g.servers())
	name := "rebuilt-data-node"
	p.Steps = []analyze.Step{{Op: analyze.Write, Node: name, File: "my.cnf", Because: "the values that have to agree with the old node", Mode: 0o600, Parts: []analyze.Part{{Data: []byte(g.optionText(holder, address))}}}}
	need := len(g.addr)/2 + 1
	if ahead || len(g.addr) > 1 && alive < need || alive == 0 {
		if ahead {
			p.Warnings = append(p.Warnings, "The archive holds committed entries that no log has: the rebuilt node is made the only member, and the others are added again as new nodes.")
		} else {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%d of %d members are left, which is no majority: the rebuilt node is made the only member, and the others are added again. Entries that are only in the logs of these are lost then.", alive, len(g.addr)))
		}
		if top != nil && top.log.Index > s.Listed {
			p.Loses = append(p.Loses, analyze.Loss{Node: top.Name, Entries: top.log.Index - s.Listed, From: s.Listed + 1, To: top.log.Index, Text: fmt.Sprintf("entries %d to %d, which are in its log only", s.Listed+1, top.log.Index)})
		}
		p.Commands = []analyze.Command{
			{Node: name, Run: "mysqld --defaults-file=my.cnf --raft-replication-force-single-mode=ON" + g.forceChange(address+"@1"), Why: "takes the newest snapshot and the archived log, and leads alone"},
			{Node: name, Run: "mysqld --defaults-file=my.cnf", Why: "restart without the force options"},
		}
		return p, true
	}
	for _, m := range g.servers() {
		p.Commands = append(p.Commands, analyze.Command{Node: m.Name, Run: m.mysqld(), Why: "if it does not run; a majority has to"})
	}
	p.Commands = append(p.Commands, g.rebuildCommands(leader, name, address, nil)...)
	return p, true
}

// rebuildCommands is the checklist for one node of a cluster that is alive.
func (g *group) rebuildCommands(leader, name, address string, m *model) []analyze.Command {
	option := "my.cnf"
	if m != nil {
		option = m.optionFile()
	}
	out := []analyze.Command{
		{Node: leader, Run: "mysql -e \"SELECT CURRENT_LEADER FROM INFORMATION_SCHEMA.WESQL_CLUSTER_LOCAL\"", Why: "the next commands go to the node that this names"},
		{Node: leader, Run: fmt.Sprintf("mysql -e \"CALL dbms_consensus.downgrade_follower('%s')\"", address), Why: "on the leader; error 10: it is a learner already"},
		{Node: leader, Run: fmt.Sprintf("mysql -e \"CALL dbms_consensus.drop_learner('%s')\"", address), Why: "only if the new node gets another address"},
		{Node: name, Run: "mysqld --defaults-file=" + word(option) + g.forceChange(address), Why: "with an empty data directory; takes snapshot and log from the object store and starts as a learner: no @ behind the address"},
		{Node: leader, Run: fmt.Sprintf("mysql -e \"CALL dbms_consensus.add_learner('%s')\"", address), Why: "error 4: it is known already, go on"},
		{Node: leader, Run: fmt.Sprintf("mysql -e \"CALL dbms_consensus.upgrade_learner('%s')\"", address), Why: "when it has caught up to within 10000 entries; else error 6"},
		{Node: name, Run: "mysqld --defaults-file=" + word(option), Why: "from now on without the force options"},
	}
	return out
}

// optionText is the option file of a rebuilt data node: the values that must be
// the same as before, from the evidence; credentials and paths as placeholders.
func (g *group) optionText(holder *model, address string) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%s=%s\n", name, value) }
	one := func(s string) string { // of a configuration value, one line
		return strings.Map(func(c rune) rune {
			if c < ' ' || c == 0x7f {
				return -1
			}
			return c
		}, s)
	}
	var conf *model
	for _, m := range g.servers() {
		if m.HasConf && (conf == nil || m.Node.Role == roleData) {
			conf = m
		}
	}
	pick := func(get func(*model) (string, bool), otherwise string) string {
		for _, m := range append([]*model{conf}, g.servers()...) {
			if m == nil {
				continue
			}
			if v, ok := get(m); ok && v != "" {
				return one(v)
			}
		}
		return otherwise
	}
	s := holder.Store
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return one(v)
	}
	b.WriteString("[mysqld]\n")
	line("datadir", "DATADIR")
	line("server_id", "SERVER_ID")
	_, port, _ := strings.Cut(address, ":")
	fmt.Fprintf(&b, "# the raft port is %s, behind the colon of %s\n", or(port, "PORT"), one(address))
	line("log_bin", pick(func(m *model) (string, bool) { return m.Base, m.Base != "" }, "binlog"))
	line("raft_replication_cluster_id", one(g.rawClusterID()))
	line("serverless", "ON")
	line("table_on_objectstore", "ON")
	line("objectstore_provider", pick(func(m *model) (string, bool) { v := m.Conf.WeSQL.StoreProvider; return v.V, v.Set }, "PROVIDER"))
	line("objectstore_region", pick(func(m *model) (string, bool) { v := m.Conf.WeSQL.StoreRegion; return v.V, v.Set }, or(s.Region, "REGION")))
	if e := pick(func(m *model) (string, bool) { v := m.Conf.WeSQL.StoreEndpoint; return v.V, v.Set }, ""); e != "" {
		line("objectstore_endpoint", e)
	}
	line("objectstore_bucket", pick(func(m *model) (string, bool) { v := m.Conf.WeSQL.StoreBucket; return v.V, v.Set }, or(s.Bucket, "BUCKET")))
	line("repo_objectstore_id", or(s.Repository, "REPOSITORY"))
	line("branch_objectstore_id", or(s.Branch, "BRANCH"))
	for _, name := range sortedKeys(s.Clusters) {
		if s.Clusters[name].Members.Own() == address {
			line("server_id_on_objectstore", one(name))
		}
	}
	b.WriteString("# credentials of the object store come from the environment: AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET\n")
	return b.String()
}
