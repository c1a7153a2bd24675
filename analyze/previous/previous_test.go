package previous

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
)

const earlier = `{
	"schema": "lastwrite.report/1", "new_key": {},
	"inputs": [{"path": "n1", "kind": "directory", "manifest_sha256": "aa"}, {"path": "n2", "kind": "directory", "manifest_sha256": "bb"}],
	"clusters": [{
		"system": "cowsql", "name": "",
		"verdict": {"decided": true, "most_recent": ["n1"], "recommended": "n1"},
		"nodes": [
			{"name": "n1", "identity": {"id": "1"}, "position": {"history": "h1", "term": 3, "index": "18446744073709551615", "bound": "exact"}},
			{"name": "n2", "identity": {"id": "2", "address": "10.0.0.2:9000"}, "position": {"history": "h1", "term": 3, "index": 90, "bound": "exact"}}
		]
	}]
}`

func node(name, id string, term, index uint64, bound analyze.Bound, input int) *analyze.Node {
	return &analyze.Node{
		Name: name, Input: input, Identity: analyze.Identity{ID: id},
		Position: analyze.Position{History: "h1", Term: term, Index: index, Bound: bound},
	}
}

func TestCompare(t *testing.T) {
	n1 := Verdict{true, []string{"n1"}, "n1"}
	same := []Input{{"n1", "directory", "aa"}, {"n2", "directory", "bb"}}
	for name, tt := range map[string]struct {
		nodes   []*analyze.Node
		verdict Verdict
		inputs  []Input
		lost    []string
		want    []string
	}{
		"nothing": {nodes: []*analyze.Node{node("n1", "1", 3, 1<<64-1, analyze.Exact, 0), node("n2", "2", 3, 91, analyze.Exact, 1)}, verdict: n1, inputs: same},
		"backwards in the term": {
			nodes: []*analyze.Node{node("n1", "1", 2, 1<<64-1, analyze.Exact, 0), node("n2", "2", 3, 90, analyze.Exact, 1)}, verdict: n1, inputs: same,
			want: []string{"LWX001 n1 It was at 3^18446744073709551615 and is at 2^18446744073709551615"},
		},
		"a lower bound proves nothing": {
			nodes: []*analyze.Node{node("n1", "1", 3, 1<<64-1, analyze.Exact, 0), node("n2", "2", 3, 10, analyze.AtLeast, 1)}, verdict: n1, inputs: same,
		},
		"another directory": {
			nodes: []*analyze.Node{node("n1", "1", 3, 1<<64-1, analyze.Exact, 0), node("n2", "2", 3, 90, analyze.Exact, 1)}, verdict: n1,
			inputs: []Input{{"n1", "directory", "aa"}, {"n2", "directory", "cc"}}, want: []string{"LWX002 n2 The digest over all files of n2 was bb and is cc."},
		},
		"gone": {
			nodes: []*analyze.Node{node("n1", "1", 3, 1<<64-1, analyze.Exact, 0)}, verdict: n1, inputs: same,
			want: []string{"LWX003  n2 was there, at 3^90."},
		},
		"declared lost": {nodes: []*analyze.Node{node("n1", "1", 3, 1<<64-1, analyze.Exact, 0)}, verdict: n1, inputs: same, lost: []string{"10.0.0.2:9000"}},
		"another node of that name": {
			nodes: []*analyze.Node{node("n1", "1", 3, 1<<64-1, analyze.Exact, 0), node("n2", "7", 3, 10, analyze.Exact, 1)}, verdict: n1, inputs: same,
			want: []string{"LWX003  n2 was there"},
		},
		"another answer": {
			nodes: []*analyze.Node{node("n1", "1", 3, 1<<64-1, analyze.Exact, 0), node("n2", "2", 3, 90, analyze.Exact, 1)}, inputs: same,
			want: []string{"LWX004  Before: most recent n1, continue from n1. Now: not decided."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Read(strings.NewReader(earlier))
			require.NoError(t, err)
			clusters := []analyze.Cluster{{System: "cowsql", Nodes: tt.nodes, Verdict: analyze.Verdict{
				Decided: tt.verdict.Decided, MostRecent: tt.verdict.MostRecent, Recommended: tt.verdict.Recommended,
			}}}
			r.Compare(clusters, tt.inputs, tt.lost)
			require.Len(t, clusters[0].Findings, len(tt.want), "%v", clusters[0].Findings)
			for i, f := range clusters[0].Findings {
				assert.Contains(t, f.ID+" "+f.Node+" "+f.Detail, tt.want[i])
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "is no JSON",
		"\x28\xb5\x2f\xfd":     "is no JSON",
		"[]":                   "is JSON, and no report of lastwrite",
		`{"schema": 1}`:        "is JSON, and no report of lastwrite",
		`{"clusters": []}`:     "it has no schema",
		`{"schema": "spdx/2"}`: `has the schema "spdx/2"`,
		`{"schema": "lastwrite.report/1", "clusters": {}}`:                                                                   "does not hold what a report holds",
		`{"schema": "lastwrite.report/1", "clusters": [{"nodes": [{"position": {"index": -1}}]}]}`:                           "-1 is no whole number",
		`{"schema": "lastwrite.report/1", "clusters": [{"nodes": [{"position": {"index": "99999999999999999999999999"}}]}]}`: "is no whole number",
	} {
		_, err := Read(strings.NewReader(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(earlier))
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(strings.NewReader(string(data)))
		if err != nil {
			return
		}
		clusters := []analyze.Cluster{{System: "cowsql", Nodes: []*analyze.Node{node("n1", "1", 1, 1, analyze.Exact, 0)}}}
		r.Compare(clusters, []Input{{"n1", "directory", "aa"}}, nil)
	})
}
