package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/internal/realserver"
	"github.com/lastwrite/lastwrite/report"
)

// A galeraReport is what the program says about one cluster.
type galeraReport struct {
	cluster report.Cluster
}

// A galeraNode is what it says about a node.
type galeraNode struct {
	report.Node
	facts galeraFacts
}

// galeraFacts are the facts that are compared with the server.
type galeraFacts struct {
	RecoveredPosition string `json:"recovered_position"`
	GCache            *struct {
		First report.Number `json:"first"`
		Last  report.Number `json:"last"`
	} `json:"gcache"`
	JoinsBy map[string]string `json:"joins_by"` // by donor: ist or sst
}

// cache is the usable range of the write-set cache, zero if there is none.
func (f galeraFacts) cache() realserver.Range {
	if f.GCache == nil {
		return realserver.Range{}
	}
	return realserver.Range{First: int64(f.GCache.First), Last: int64(f.GCache.Last)}
}

// readGalera analyses the directories of one cluster.
func readGalera(t *testing.T, paths ...string) galeraReport {
	t.Helper()
	var doc report.Document
	require.NoError(t, json.Unmarshal(commandOutput(t, append([]string{"analyze", "-o", "json"}, paths...)...), &doc))
	for _, input := range doc.Inputs {
		require.True(t, input.Unchanged, "%s changed", input.Path)
	}
	require.Len(t, doc.Clusters, 1)
	require.Equal(t, "galera", doc.Clusters[0].System)
	return galeraReport{cluster: doc.Clusters[0]}
}

// node is the report on one node.
func (r galeraReport) node(t *testing.T, name string) galeraNode {
	t.Helper()
	i := slices.IndexFunc(r.cluster.Nodes, func(n report.Node) bool { return n.Name == name })
	require.GreaterOrEqual(t, i, 0, "no node %s in the report", name)
	n := galeraNode{Node: r.cluster.Nodes[i]}
	facts, err := json.Marshal(n.Facts)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(facts, &n.facts))
	return n
}

// commandOutput runs a command line that has to succeed.
func commandOutput(t *testing.T, args ...string) []byte {
	t.Helper()
	status, stdout, stderr := runCommand(t, args...)
	require.Contains(t, []int{command.ExitOK, command.ExitFindings}, status, "lastwrite %s\n%s", strings.Join(args, " "), stderr)
	return stdout
}
