package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/report"
)

func TestRanks(t *testing.T) {
	members := func(names ...string) (out []report.Node) {
		for _, name := range names {
			out = append(out, report.Node{Name: name, Member: "yes"})
		}
		return out
	}
	one := []report.History{{ID: "a", Nodes: []string{"n1", "n2", "n3"}, Ranking: [][]string{{"n2", "n3"}, {"n1"}}}}
	tests := []struct {
		name    string
		cluster report.Cluster
		ranks   map[string]int
		order   []string
	}{
		{
			"equals share a rank",
			report.Cluster{Verdict: report.Verdict{Decided: true, MostRecent: []string{"n2", "n3"}}, Histories: one, Nodes: members("n1", "n2", "n3")},
			map[string]int{"n2": 1, "n3": 1, "n1": 2},
			[]string{"n2", "n3", "n1"},
		},
		{
			"not decided",
			report.Cluster{Histories: one, Nodes: members("n1", "n2", "n3")},
			map[string]int{},
			[]string{"n2", "n3", "n1"},
		},
		{
			"another history",
			report.Cluster{
				Verdict:   report.Verdict{Decided: true, MostRecent: []string{"n2"}},
				Histories: []report.History{{Nodes: []string{"n1"}, Ranking: [][]string{{"n1"}}}, {Nodes: []string{"n2"}, Ranking: [][]string{{"n2"}}}},
				Nodes:     members("n1", "n2"),
			},
			map[string]int{"n2": 1},
			[]string{"n2", "n1"},
		},
		{
			"a removed node leaves no hole",
			report.Cluster{
				Verdict:   report.Verdict{Decided: true, MostRecent: []string{"n2"}},
				Histories: []report.History{{Nodes: []string{"n1", "n2"}, Ranking: [][]string{{"n1"}, {"n2"}}}},
				Nodes:     append(members("n2"), report.Node{Name: "n1", Member: "no"}),
			},
			map[string]int{"n2": 1},
			[]string{"n2", "n1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.ranks, test.cluster.Ranks())
			assert.Equal(t, test.order, names(test.cluster.Ranked()))
		})
	}
}
