package manticore

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
)

type viewFile = *galera.ViewFile

// viewID writes the name of a view.
func viewID(v viewFile) string {
	return fmt.Sprintf("%d %s %d", v.Type, v.Representative, v.Seq)
}

// unsafe is what the provider says to a bootstrap of a node that was not the
// last one (galera galera/src/replicator_smm.cpp connect).
const unsafe = "It may not be safe to bootstrap the cluster from this node. It was not the last one to leave the cluster and may not contain all the updates. To force cluster bootstrap with this node, edit the grastate.dat file manually and set safe_to_bootstrap to 1 ."

// start forecasts a plain start of searchd on the directory as it is, with all
// other nodes down. Outcome is that of the server; Error without an outcome to
// match is what it prints while it leaves the cluster closed.
func (h *host) start(p *part) analyze.Start {
	s := analyze.Start{Outcome: h.Replay.Outcome, Error: h.Replay.Error, Server: h.Server.String(), Why: h.Server.Why}
	if s.Outcome == analyze.Refuses {
		return s
	}
	if s.Outcome == analyze.Discards {
		s.Discards = &analyze.Range{}
		for _, t := range h.Tables {
			if t.Refused == "" && t.Whole > t.Start {
				s.Discards.Entries += uint64(t.Whole - t.Start)
			}
		}
	}
	s.Error = h.clusterStart(p, h.Server.Version)
	if !h.Server.Exact && !h.Server.Version.atLeast(checksPeers) {
		if other := h.clusterStart(p, checksPeers); other != s.Error {
			s.Others = append(s.Others, analyze.OtherStart{Server: "searchd 27.0.0 or newer", Outcome: s.Outcome, Error: other})
		}
	}
	return s
}

// peers are the nodes of the entry that are not this one.
func (p *part) peers() []string {
	return slices.DeleteFunc(slices.Clone(p.Entry.Nodes), func(a string) bool { return slices.Contains(p.Host.Addresses, a) })
}

// bootstraps reports whether a plain start begins the cluster, or tries to
// (src/searchdreplication.cpp PrepareClusterStartupMode, PrepareNodesAndInitCluster).
func (p *part) bootstraps(v version) bool {
	if p.Entry == nil || p.Entry.Skipped != "" {
		return false
	}
	return len(p.Entry.Nodes) == 0 || p.selfBootstraps(v)
}

func (p *part) selfBootstraps(v version) bool {
	return p.Entry.SelfBootstrap && len(p.Entry.Nodes) == 1 && v.atLeast(keepsEntries)
}

// fullDir is the directory of the cluster as the server prints it.
func (p *part) fullDir() string {
	if p.Entry == nil || p.Entry.Path == "" {
		return p.Host.DataDir
	}
	return p.Host.DataDir + "/" + p.Entry.Path
}

// clusterStart is what the server prints when it does not bring the cluster
// up, "" if it does.
func (h *host) clusterStart(p *part, v version) string {
	switch {
	case p.Entry == nil:
		return ""
	case p.Dir == "":
		return fmt.Sprintf("Cluster %s: cluster '%s', cannot access directory %s, cannot access %s, skipped", p.Name, p.Name, p.fullDir(), p.fullDir())
	case len(p.Entry.Nodes) == 0 && p.safe():
		return ""
	case len(p.Entry.Nodes) == 0:
		return unsafe
	case p.selfBootstraps(v) && p.safe():
		return ""
	case p.selfBootstraps(v):
		return fmt.Sprintf("self-bootstrap startup rejected: can not start cluster without 'safe_to_bootstrap: 1' at the '%s/grastate.dat', got '0', use '--new-cluster-force' to bootstrap this node and bypassing cluster restart protection", p.fullDir())
	}
	peers := p.peers()
	if len(p.Host.Addresses) == 0 && len(p.Entry.Nodes) == 1 {
		peers = nil // a list of one node has its own address
	}
	switch {
	case len(peers) == 0:
		return fmt.Sprintf("cluster '%s', no nodes available(%s), error: %s invalid node", p.Name, strings.Join(p.Entry.Nodes, ","), p.Entry.Nodes[0])
	case v.atLeast(checksPeers):
		return fmt.Sprintf("remote version check failed: cluster '%s', failed to fetch donor user from any node", p.Name)
	}
	return fmt.Sprintf("cluster '%s', no nodes available(%s), error:", p.Name, strings.Join(p.Entry.Nodes, ","))
}

// statePath is the grastate.dat of the part below the host root.
func (p *part) statePath() string { return path.Join(p.Dir, "grastate.dat") }
