package manticore_test

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/manticore"
	"github.com/lastwrite/lastwrite/fixtures"
)

// truth is what the real server said about one case. Only what is compared is
// here.
type truth struct {
	MostRecent map[string][]string `json:"most_recent_by_cluster"`
	Nodes      map[string]struct {
		Starts bool                           `json:"starts"`
		Tables map[string]struct{ TID int64 } `json:"tables_after_real_start"`
		Memory map[string]struct {
			UUID  string
			Seqno int64
		} `json:"shared_memory_copy"`
		LastValid map[string]int64 `json:"log_last_valid_byte"`
		Clusters  map[string]struct {
			Member   bool
			Grastate *struct {
				UUID, Seqno string
				Safe        string `json:"safe_to_bootstrap"`
			} `json:"grastate_file"`
			Plain *struct {
				Status *string `json:"cluster_status"`
				Error  *string
			} `json:"start_plain"`
			Forced *struct {
				Last *int64 `json:"last_committed"`
			} `json:"start_new_cluster_force_nodes_removed_with_shm"`
		}
	}
}

// TestTruth holds the analysis of every case against what the real server said
// about it.
func TestTruth(t *testing.T) {
	cases := fixtures.Cases("manticore")
	if len(cases) == 0 {
		t.Skip("no manticore cases: neither in fixtures nor in ../shared/corpus")
	}
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "manticore", name)
			var want truth
			require.NoError(t, json.Unmarshal(c.JSON, &want))
			var sources []analyze.Source
			for _, n := range c.Nodes {
				sources = append(sources, source{n.Name, os.DirFS(n.Path)})
			}
			result, err := analyze.Run(t.Context(), sources, []analyze.System{manticore.System{}}, analyze.Options{})
			require.NoError(t, err)
			require.Empty(t, result.Problems)
			require.Len(t, result.Clusters, len(want.MostRecent))
			for _, got := range result.Clusters {
				assert.True(t, got.Verdict.Decided, got.Verdict.Reason)
				assert.ElementsMatch(t, want.MostRecent[got.Name], got.Verdict.MostRecent, got.Verdict.Reason)
				assert.False(t, got.Verdict.Provisional)
				assert.NotEmpty(t, got.Plans)
				for _, n := range got.Nodes {
					assertNode(t, got.Name, n, want)
				}
			}
		})
	}
}

func assertNode(t *testing.T, cluster string, n *analyze.Node, want truth) {
	t.Helper()
	truth := want.Nodes[n.Name]
	facts := n.Facts.(*manticore.Facts)
	assert.Equal(t, truth.Starts, n.Start.Outcome == analyze.Clean, "%s: %s", n.Name, n.Start.Outcome)
	for _, x := range facts.Tables {
		if w, ok := truth.Tables[x.Name]; ok {
			assert.Equal(t, w.TID, x.TID, "%s %s", n.Name, x.Name)
		}
	}
	for _, l := range facts.Binlog.Files {
		for file, end := range truth.LastValid {
			if l.File == data+"/binlog/"+file {
				assert.Equal(t, end, l.ValidBytes)
			}
		}
	}
	in := truth.Clusters[cluster]
	assert.Equal(t, in.Member, n.Member == "yes", "%s: %s", n.Name, n.Member)
	if in.Grastate != nil {
		assert.Equal(t, in.Grastate.UUID, facts.Grastate.UUID)
		assert.Equal(t, in.Grastate.Seqno, strconv.FormatInt(facts.Grastate.Seqno, 10))
		assert.Equal(t, in.Grastate.Safe, strconv.Itoa(facts.Grastate.SafeToBootstrap))
	}
	if m, ok := truth.Memory[cluster]; ok {
		assert.Equal(t, m.Seqno, facts.SharedMemory.Seqno)
		assert.Equal(t, m.UUID, facts.SharedMemory.UUID)
	}
	if in.Plain != nil && in.Plain.Status != nil {
		assert.Equal(t, *in.Plain.Status == "primary", n.Start.Error == "", "%s in %s: %s", n.Name, cluster, n.Start.Error)
		if e := in.Plain.Error; e != nil && len(facts.Clusters) == 1 {
			assert.Equal(t, *e, n.Start.Error)
		}
	}
	// What the server takes over from shared memory is what the tables prove,
	// unless it is ahead of them.
	if in.Forced != nil && in.Forced.Last != nil && facts.Difference["shared memory"] == facts.Difference["galera.cache"] {
		assert.EqualValues(t, *in.Forced.Last, *facts.Proven, n.Name)
	}
}
