package report_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/report"
)

type catalog map[string][3]string

func (c catalog) Lookup(id string) (title, severity, docs string, ok bool) {
	e, ok := c[id]
	return e[0], e[1], e[2], ok
}

var words = catalog{
	"LWC001": {"First", "info", "docs/findings/LWC001.md"},
	"LWC002": {"Second", "error", "docs/findings/LWC002.md"},
	"LWC003": {"Third", "warning", "docs/findings/LWC003.md"},
}

// nothing has nil wherever Go allows it.
func nothing() []analyze.Cluster {
	return []analyze.Cluster{{
		Histories: []analyze.History{{Ranking: [][]string{nil}}},
		Nodes: []*analyze.Node{{}, {Facts: struct {
			Segments []string           `json:"segments"`
			ByName   map[string][]int   `json:"by_name"`
			Inner    *struct{ L []int } `json:"inner"`
			When     time.Time          `json:"when"`
		}{Inner: &struct{ L []int }{}}}},
		Findings: []analyze.Finding{{}},
		Plans:    []analyze.Plan{{Steps: []analyze.Step{{}}}},
	}}
}

func TestNewHasNoNullList(t *testing.T) {
	for name, clusters := range map[string][]analyze.Cluster{"no cluster": nil, "empty cluster": make([]analyze.Cluster, 1), "empty parts": nothing()} {
		t.Run(name, func(t *testing.T) {
			d := report.New(report.Tool{}, nil, clusters, nil, words)
			text, err := json.Marshal(d)
			require.NoError(t, err)
			withoutDiscards := strings.ReplaceAll(string(text), `"discards":null`, "")
			assert.NotContains(t, withoutDiscards, "null")
		})
	}
}

func TestNewLeavesItsArgumentsAlone(t *testing.T) {
	clusters := nothing()
	clusters[0].Verdict.MostRecent = []string{"n2", "n1"}
	inputs := []report.Input{{Path: "b"}, {Path: "a"}}
	report.New(report.Tool{}, inputs, clusters, nil, words)
	want := nothing()
	want[0].Verdict.MostRecent = []string{"n2", "n1"}
	assert.Empty(t, cmp.Diff(want, clusters))
	assert.Equal(t, []report.Input{{Path: "b"}, {Path: "a"}}, inputs)
}

func TestNewSorts(t *testing.T) {
	node := func(name string) *analyze.Node { return &analyze.Node{Name: name} }
	clusters := []analyze.Cluster{
		{ID: "c2"},
		{
			ID: "c1",
			Verdict: analyze.Verdict{
				MostRecent: []string{"n10", "n2"}, MostRecentStartable: []string{"b", "a"}, Missing: []string{"y", "x"},
			},
			Histories: []analyze.History{
				{ID: "h2", Nodes: []string{"n3"}},
				{ID: "h1", Nodes: []string{"n10", "n2"}, Ranking: [][]string{{"n9", "n8"}, {"n7"}}},
			},
			Nodes: []*analyze.Node{node("n10"), node("n2"), node("n1")},
			Findings: []analyze.Finding{
				{ID: "LWC001", Node: "n1"},
				{ID: "LWC003", Node: "n1"},
				{ID: "LWC002", Node: "n10"},
				{ID: "LWC002", Node: "n2"},
				{ID: "LWC001", Node: "n1", Severity: analyze.Error},
				{ID: "LWC002"},
				{ID: "LWX999"},
			},
			Plans: []analyze.Plan{{ID: "z"}, {ID: "a"}},
		},
	}
	clusters[1].Nodes[0].Damage = []parse.Damage{{Span: parse.Span{File: "b"}}, {Span: parse.Span{File: "a"}}}
	clusters[1].Nodes[0].Picture = []analyze.Stretch{{Mark: "open", First: 5, Last: 9}, {Mark: "stored", First: 1, Last: 4}}
	notes := []report.Note{{Severity: "info", Path: "a"}, {Severity: "warning", Path: "z"}, {Severity: "warning", Path: "b"}}
	inputs := []report.Input{{Path: "n10", Changed: []string{"b", "a"}}, {Path: "n9"}}

	d := report.New(report.Tool{}, inputs, clusters, notes, words)

	assert.Equal(t, "n9", d.Inputs[0].Path)
	assert.Equal(t, []string{"a", "b"}, d.Inputs[1].Changed)
	assert.Equal(t, []report.Note{notes[2], notes[1], notes[0]}, d.Notes)
	c := d.Clusters[0]
	require.Equal(t, "c1", c.ID)
	assert.Equal(t, []string{"n2", "n10"}, c.Verdict.MostRecent)
	assert.Equal(t, []string{"a", "b"}, c.Verdict.MostRecentStartable)
	assert.Equal(t, []string{"x", "y"}, c.Verdict.Missing)
	assert.Equal(t, "h1", c.Histories[0].ID)
	assert.Equal(t, [][]string{{"n8", "n9"}, {"n7"}}, c.Histories[0].Ranking, "ranks keep their order, equals are sorted")
	assert.Equal(t, []string{"n1", "n2", "n10"}, names(c.Nodes))
	assert.Equal(t, "a", c.Nodes[2].Damage[0].File)
	assert.Equal(t, "stored", c.Nodes[2].Picture[0].Mark)
	assert.Equal(t, []string{
		"error LWC001 n1", "error LWC002 ", "error LWC002 n2", "error LWC002 n10",
		"warning LWC003 n1", "warning LWX999 ", "info LWC001 n1",
	}, findings(c.Findings))
	assert.Equal(t, "z", c.Plans[0].ID, "plans keep the order of the analysis")
}

func TestNewDoesNotDependOnTheOrderOfItsArguments(t *testing.T) {
	build := func(seed uint64) []byte {
		c := analyze.Cluster{ID: "c1"}
		for _, name := range []string{"n1", "n2", "n3", "n10"} {
			c.Nodes = append(c.Nodes, &analyze.Node{Name: name})
			c.Verdict.MostRecent = append(c.Verdict.MostRecent, name)
			for id := range words {
				c.Findings = append(c.Findings, analyze.Finding{ID: id, Node: name, Detail: "same"})
			}
		}
		clusters := []analyze.Cluster{c, {ID: "c2"}, {ID: "c10"}}
		r := rand.New(rand.NewPCG(seed, seed))
		r.Shuffle(len(clusters), func(i, j int) { clusters[i], clusters[j] = clusters[j], clusters[i] })
		r.Shuffle(len(c.Nodes), func(i, j int) { c.Nodes[i], c.Nodes[j] = c.Nodes[j], c.Nodes[i] })
		r.Shuffle(len(c.Findings), func(i, j int) { c.Findings[i], c.Findings[j] = c.Findings[j], c.Findings[i] })
		text, err := json.Marshal(report.New(report.Tool{}, nil, clusters, nil, words))
		require.NoError(t, err)
		return text
	}
	for seed := range uint64(20) {
		assert.Equal(t, string(build(0)), string(build(seed)))
	}
}

func TestNewNamesTheSourcesOfSteps(t *testing.T) {
	part := func(node, file string, offset, length int64, data string) analyze.Part {
		return analyze.Part{Node: node, File: file, Offset: offset, Length: length, Data: []byte(data)}
	}
	tests := []struct {
		step analyze.Step
		want []string
	}{
		{analyze.Step{Op: analyze.Copy, Parts: []analyze.Part{part("n2", "metadata1", 0, -1, "")}}, []string{"n2:metadata1"}},
		{analyze.Step{Op: analyze.Cut, Parts: []analyze.Part{part("n2", "open-1", 0, 4096, "")}}, []string{"n2:open-1@0+4096"}},
		{analyze.Step{Op: analyze.Assemble, Parts: []analyze.Part{part("n2", "x", 8, -1, ""), part("", "", 0, 0, "ab")}},
			[]string{"n2:x@8 to its end", "literal 2 bytes"}},
		{analyze.Step{Op: analyze.Write, Parts: []analyze.Part{part("", "", 0, 0, "a")}}, []string{"literal 1 byte"}},
		{analyze.Step{Op: analyze.Archive, Members: []analyze.Member{{File: "a/b", Name: "b"}, {Name: "c", Data: []byte("ab")}}},
			[]string{"a/b as b", "literal 2 bytes as c"}},
		{analyze.Step{Op: analyze.LeaveOut}, []string{}},
	}
	for _, test := range tests {
		t.Run(string(test.step.Op), func(t *testing.T) {
			d := report.New(report.Tool{}, nil, []analyze.Cluster{{Plans: []analyze.Plan{{Steps: []analyze.Step{test.step}}}}}, nil, words)
			assert.Equal(t, test.want, d.Clusters[0].Plans[0].Steps[0].From)
		})
	}
}

func TestNewMakesTextValid(t *testing.T) {
	clusters := []analyze.Cluster{{
		Nodes:    []*analyze.Node{{Name: "n\xff1", Facts: map[string]any{"a\xfe": []any{"\x80"}}}},
		Findings: []analyze.Finding{{ID: "LWC001", Detail: "caf\xe9"}},
	}}
	d := report.New(report.Tool{}, nil, clusters, nil, words)
	assert.Equal(t, `n\xff1`, d.Clusters[0].Nodes[0].Name)
	assert.Equal(t, `caf\xe9`, d.Clusters[0].Findings[0].Detail)
	assert.Equal(t, map[string]any{`a\xfe`: []any{`\x80`}}, d.Clusters[0].Nodes[0].Facts)
}

func TestNumber(t *testing.T) {
	for n, want := range map[report.Number]string{
		0: "0", 1 << 53: "9007199254740992", 1<<53 + 1: `"9007199254740993"`, math.MaxUint64: `"18446744073709551615"`,
	} {
		text, err := json.Marshal(n)
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
		var back report.Number
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, n, back)
	}
	var n report.Number
	for _, bad := range []string{`"x"`, `-1`, `1.5`, `{}`, `""`} {
		assert.Error(t, json.Unmarshal([]byte(bad), &n), bad)
	}
}

func names(nodes []report.Node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.Name)
	}
	return out
}

func findings(list []report.Finding) []string {
	out := slices.Collect(func(yield func(string) bool) {
		for _, f := range list {
			if !yield(f.Severity + " " + f.ID + " " + f.Node) {
				return
			}
		}
	})
	return out
}
