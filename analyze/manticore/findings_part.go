package manticore

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// partFindings speaks of the directory of the cluster on one host.
func (g *group) partFindings(m *member) {
	h := m.Host
	if m.Entry == nil {
		g.orphanFindings(m)
		return
	}
	if m.Dir == "" {
		why := "is not there"
		if m.Outside {
			why = "lies outside of the copy"
		}
		g.add("LWM004", h.Name, h.at(m.Entry.PathAt, m.Entry.Path), "The directory of cluster %s, %s, %s. searchd does not create it and leaves the cluster out.", m.Name, m.fullDir(), why)
		return
	}
	switch s := m.State; {
	case s == nil:
		g.add("LWM005", h.Name, h.file(m.statePath(), "not there"), "Without grastate.dat the provider takes the node for new: --new-cluster begins a new history with seqno 0, and --new-cluster-force fails because there is nothing to rename. The tables are not touched by it.")
	case len(s.Damage) > 0:
		g.add("LWM005", h.Name, h.damage(&s.Damage[0]), "The provider reads grastate.dat as %s, safe_to_bootstrap %d.", s, b2i(s.SafeToBootstrap))
	}
	if len(m.Left) > 0 {
		var evidence []analyze.Evidence
		for _, name := range m.Left {
			evidence = append(evidence, h.file(name, "left behind")...)
		}
		what := "Delete the leftover."
		if m.State == nil {
			what = "grastate.dat.old is the file as it was: give it its name back."
		}
		g.add("LWM006", h.Name, evidence, "--new-cluster-force was interrupted while it wrote safe_to_bootstrap. %s", what)
	}
	if m.zeroed() {
		g.add("LWM043", h.Name, m.state("uuid"), "The provider marks its data as unsafe while a schema change runs, and as inconsistent when a write set cannot be applied. The node takes a full state transfer at its next join, and its tables are not ranked here.")
	}
}

// orphanFindings speaks of a directory whose cluster manticore.json does not
// name.
func (g *group) orphanFindings(m *member) {
	h := m.Host
	evidence := append(h.file(path.Join(h.Data, "manticore.json"), fmt.Sprintf("no cluster %q", g.name)), m.state("seqno")...)
	switch {
	case m.Member == "no":
		how := "by EXIT CLUSTER or DELETE CLUSTER"
		if !g.newestServer().atLeast(keepsEntries) {
			how = "by EXIT CLUSTER, or its entry was dropped by a failed start, as releases before 28.3.1 do"
		}
		diverged := ""
		if len(g.maxima) > 0 {
			for _, name := range m.Tables {
				if at, to, ok := forkAt(h, g.maxima[0].Host, name); ok {
					t := h.Tables[name]
					diverged += fmt.Sprintf(" Its table %s has other content than the cluster from TID %d on: %s were written here after it left.", name, at, plural(max(t.Whole-int64(at)+1, int64(to-at+1)), "local transaction"))
				}
			}
		}
		g.add("LWM007", h.Name, append(evidence, m.tables()...), "The node left the cluster %s. Neither its seqno nor its TIDs are to be compared with those of members: its tables take local writes since then.%s", how, diverged)
	case !h.broken():
		g.add("LWM008", h.Name, evidence, "The directory holds the state of the cluster as a crash left it, and manticore.json has no entry of it. Releases before 28.3.1 drop the entry when a start fails and the file is saved afterwards; the tables then take local writes. Restore the entry from another node only if its tables are not ahead of theirs.")
	}
}

// seqnoFindings speaks of positions and what the tables hold of them.
func (g *group) seqnoFindings(m *member) {
	if !m.Counts {
		return
	}
	h := m.Host
	seqno, proven, writable := g.seqno(m)
	if n := m.ahead(g); n > 0 {
		source, recorded, evidence := "grastate.dat", int64(0), m.state("seqno")
		if m.Memory != nil && !m.clean() {
			source, recorded, evidence = "the shared memory copy", m.Memory.Seqno, h.at(m.Memory.Span, "seqno "+itoa(m.Memory.Seqno))
		} else if m.clean() {
			recorded = m.State.Seqno
		}
		do := "Let it rejoin by a full state transfer, and never bootstrap it."
		if m.Memory != nil {
			do = "Remove " + path.Join("/dev/shm", path.Base(m.Memory.Span.File)) + " before its next start so that it rejoins by a full state transfer, and never bootstrap it."
		}
		g.add("LWM019", h.Name, append(evidence, m.tables()...),
			"%s says seqno %d, the tables hold what belongs to %d: %s that the node had committed %s not on disk. The server believes the position, so that an incremental transfer would skip them. %s",
			upper(source), recorded, recorded-n, plural(n, "write set"), verbN(n, "is", "are"), do)
	}
	if n := m.lost(g) - m.ahead(g); n > 0 && m.ahead(g) == 0 && m.Cache != nil {
		how := "It was killed before it applied them, or it lost them with its log."
		if !m.crashed() {
			how = "They were lost with the log, or the tables are of another time."
		}
		g.add("LWM020", h.Name, append(h.at(m.Cache.place(m.Cache.Last), "seqno "+itoa(m.Cache.Last)), m.tables()...),
			"galera.cache reaches seqno %d, the tables hold what belongs to %d: %s. %s", m.Cache.Last, m.Cache.Last-n, plural(n, "write set is missing", "write sets are missing"), how)
	}
	if m.crashed() && proven && g.seqnos.OK {
		note := ""
		if !writable {
			note = " It is not written into a repaired grastate.dat: the tables need not hold every write set in front of it."
		}
		g.add("LWM039", h.Name, append(m.state("seqno"), m.tables()...),
			"grastate.dat says -1. The tables hold %s transactions, and seqno minus transactions is %d on %s: the position is %d.%s",
			itoa(seqno-g.seqnos.K), g.seqnos.K, list(g.seqnos.Voters), seqno, note)
	}
}

func verbN(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// startFindings speaks of what a start does to the cluster.
func (g *group) startFindings(m *member) {
	h := m.Host
	if m.Entry == nil || m.Dir == "" {
		return
	}
	v := h.Server.Version
	evidence := h.at(m.Entry.Span, fmt.Sprintf("%s in nodes", plural(len(m.Entry.Nodes), "address", "addresses")))
	if m.Entry.NodesAt.Length > 0 {
		evidence = h.at(m.Entry.NodesAt, list(m.Entry.Nodes))
	}
	evidence = append(evidence, m.state("safe_to_bootstrap")...)
	switch {
	case m.bootstraps(v) && m.safe() && g.verdict.Decided && !slices.Contains(g.maxima, m):
		g.add("LWM034", h.Name, evidence, "manticore.json names no other node and safe_to_bootstrap is 1, so that a plain start of this node begins the cluster with its old data; %s would then lose what only they hold. Do not start it before they are up.", list(names(g.maxima)))
	case m.bootstraps(v) && m.safe():
		uuid := "The state UUID is kept."
		if !m.clean() && m.Memory == nil {
			uuid = "It begins with a new state UUID, so that every other node takes a full state transfer."
		}
		g.add("LWM035", h.Name, evidence, "The cluster has no other member that could be asked: systemctl start manticore brings it up, no flag is needed. %s", uuid)
	case m.bootstraps(v) && m.clean() && len(m.Entry.Nodes) == 0:
		g.add("LWM033", h.Name, append(evidence, m.state("seqno")...), "A plain start or --new-cluster is refused by the provider, and the refusal overwrites the valid seqno %d with -1 for good. Set safe_to_bootstrap to 1 in a copy first, or leave the node for last.", m.State.Seqno)
	case m.bootstraps(v):
		g.add("LWM033", h.Name, evidence, "A plain start or --new-cluster is refused because safe_to_bootstrap is 0; the cluster stays closed.")
	}
}
