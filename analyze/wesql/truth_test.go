package wesql_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/wesql"
	"github.com/lastwrite/lastwrite/fixtures"
)

// truth is what the real server said about one case. Only what is compared is
// here.
type truth struct {
	MostRecent []string `json:"most_recent"`
	Nodes      map[string]struct {
		Starts     *bool
		StartError string   `json:"start_error"`
		StartLog   []string `json:"start_error_log"`
		UUID       string   `json:"server_uuid"`
		InUse      *bool    `json:"last_file_in_use_flag"`
		Server     *struct {
			Index   uint64 `json:"last_log_index"`
			Term    uint64 `json:"last_log_term"`
			Current uint64 `json:"current_term"`
			Voted   uint64 `json:"voted_for"`
		} `json:"server_reports"`
		Info *struct {
			Members string `json:"cluster_info"`
		} `json:"consensus_info"`
		Default *struct {
			Index uint64 `json:"last_log_index"`
			Term  uint64 `json:"last_log_term"`
		} `json:"server_default_no_crc_check"`
		Strict *struct {
			Index uint64 `json:"last_log_index"`
			Term  uint64 `json:"last_log_term"`
		}
		Log *struct {
			First uint64 `json:"first_index"`
			Files []struct {
				File  string
				Bytes int64
				First uint64 `json:"first_index"`
				Last  uint64 `json:"last_index"`
			}
		} `json:"consensus_log"`
		Expected string  `json:"cluster_info_expected"`
		Prepared *uint64 `json:"prepared_entry_index"`
		Engine   *struct {
			Opens    *bool
			Sequence *uint64 `json:"latest_sequence"`
		}
	}
}

// TestTruth holds the analysis of every case against what the real server said
// about it, and looks for the findings that the case stands for.
func TestTruth(t *testing.T) {
	for _, family := range []string{"wesql", "wesql-synthetic"} {
		cases := fixtures.Cases(family)
		if len(cases) == 0 {
			t.Skipf("no %s cases: neither in fixtures nor in ../shared/corpus", family)
		}
		for _, name := range cases {
			t.Run(family+"/"+name, func(t *testing.T) {
				c := fixtures.Open(t, family, name)
				var want truth
				require.NoError(t, json.Unmarshal(c.JSON, &want))
				nodes := map[string]fs.FS{}
				for _, n := range c.Nodes {
					nodes[n.Name] = os.DirFS(n.Path)
				}
				clusters := run(t, nodes, analyze.Options{})
				require.Len(t, clusters, 1)
				for _, s := range corpusSightings()[family+"/"+name] {
					assertSighting(t, clusters[0].Findings, s)
				}
				v := clusters[0].Verdict
				assert.Equal(t, len(want.MostRecent) > 0, v.Decided, v.Reason)
				assert.ElementsMatch(t, want.MostRecent, v.MostRecent, v.Reason)
				if v.Decided {
					assert.Contains(t, want.MostRecent, v.Recommended)
				}
				assert.NotContains(t, v.Recommended, "objectstore")
				for _, n := range clusters[0].Nodes {
					if n.Role != "objectstore" {
						assertNode(t, n, want)
					}
				}
			})
		}
	}
}

func assertNode(t *testing.T, n *analyze.Node, all truth) {
	t.Helper()
	want, facts := all.Nodes[n.Name], n.Facts.(*wesql.Facts)
	if want.UUID != "" {
		assert.Equal(t, want.UUID, facts.ServerUUID)
	}
	if facts.Log == nil {
		return // a plain directory
	}
	if s := want.Server; s != nil {
		assert.Equal(t, [2]uint64{s.Term, s.Index}, [2]uint64{facts.Log.LastTerm, facts.Log.LastIndex}, n.Name)
		assert.Equal(t, analyze.Clean, n.Start.Outcome, n.Name)
		if facts.Meta != nil && facts.Meta.CurrentTerm >= facts.Log.LastTerm { // else an old row of a killed node
			assert.Equal(t, s.Current, facts.Meta.CurrentTerm, n.Name)
			assert.Equal(t, s.Voted, facts.Meta.VotedFor, n.Name)
			if want.Info != nil {
				members := want.Info.Members[:strings.LastIndex(want.Info.Members, "@")]
				assert.Equal(t, strings.Count(members, ";")+1, len(facts.Meta.Members), n.Name)
			}
		}
	}
	if want.Default != nil {
		assert.Equal(t, want.Default.Index, facts.Log.LastIndex, n.Name)
		assert.Equal(t, want.Default.Term, facts.Log.LastTerm, n.Name)
	}
	if want.Strict != nil {
		assert.Equal(t, want.Strict.Index, facts.Log.Strict.LastIndex, n.Name)
		assert.Equal(t, want.Strict.Term, facts.Log.Strict.LastTerm, n.Name)
	}
	if want.InUse != nil {
		assert.Equal(t, *want.InUse, facts.Log.InUse, n.Name)
	}
	if want.Starts != nil && !*want.Starts {
		assert.Contains(t, []analyze.Outcome{analyze.Refuses, analyze.Crashes}, n.Start.Outcome)
		require.NotEmpty(t, n.Start.Error)
		assert.True(t, slices.ContainsFunc(append(want.StartLog, want.StartError), func(line string) bool { return strings.Contains(line, n.Start.Error) }), "%s: %s", n.Name, n.Start.Error)
	}
	if want.Log != nil {
		for _, f := range want.Log.Files {
			i := slices.IndexFunc(facts.Log.Files, func(x wesql.FileFacts) bool { return x.File == f.File })
			require.GreaterOrEqual(t, i, 0, f.File)
			got := facts.Log.Files[i]
			assert.Equal(t, []any{f.Bytes, f.First, f.Last}, []any{got.Bytes, got.FirstIndex, got.LastIndex}, f.File)
		}
	}
	if want.Prepared != nil {
		assert.Equal(t, []uint64{*want.Prepared}, facts.Engine.Prepared, n.Name)
	}
	if e := want.Engine; e != nil && e.Opens != nil {
		assert.Equal(t, *e.Opens, *facts.Engine.Opens, n.Name)
		if e.Sequence != nil {
			assert.Equal(t, *e.Sequence, facts.Engine.LastSequence, n.Name)
		}
	}
}
