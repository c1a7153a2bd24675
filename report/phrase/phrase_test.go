package phrase_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/phrase"
)

// cluster returns a cowsql cluster whose nodes end at term 1 and the indexes.
func cluster(v report.Verdict, indexes ...report.Number) *report.Cluster {
	c := &report.Cluster{ID: "c1", System: "cowsql", Verdict: v}
	for i, index := range indexes {
		c.Nodes = append(c.Nodes, report.Node{
			Name: "n" + string(rune('1'+i)), System: "cowsql", Start: report.Start{Outcome: "clean"},
			Position: report.Position{Term: 1, Index: index, Bound: "exact"},
		})
	}
	return c
}

func TestVerdict(t *testing.T) {
	decided := func(recommended string, names ...string) report.Verdict {
		return report.Verdict{Decided: true, MostRecent: names, Recommended: recommended}
	}
	refusing := cluster(decided("n1", "n1"), 9)
	refusing.Nodes[0].Start.Outcome = "refuses"
	refusing.Plans = []report.Plan{{ID: "mend"}}
	hopeless := cluster(decided("n1", "n1"), 9, 8)
	hopeless.Nodes[0].Start.Outcome = "refuses"
	tests := []struct {
		name     string
		cluster  *report.Cluster
		headline string
		advice   string
	}{
		{"one", cluster(decided("n1", "n1"), 9, 8), "n1 is most recent, at 1^9.", "Continue from n1."},
		{"two", cluster(decided("n2", "n1", "n2"), 9, 9, 8), "n1 and n2 are most recent, both at 1^9.", "Continue from n2."},
		{"three", cluster(decided("n1", "n1", "n2", "n3"), 9, 9, 9), "n1, n2 and n3 are most recent, all at 1^9.", "Continue from n1."},
		{"all of many", cluster(decided("n1", "n1", "n2", "n3", "n4"), 9, 9, 9, 9), "All 4 nodes are most recent, at 1^9.", "Continue from n1."},
		{"positions differ", cluster(decided("n1", "n1", "n2"), 9, 8), "n1 and n2 are most recent.", "Continue from n1."},
		{"no way out", hopeless, "n1 is most recent, at 1^9.", "Continue from n1; as it is, it refuses to start, and no plan is offered."},
		{"after a repair", refusing, "n1 is most recent, at 1^9.", "Continue from n1, after a repair: as it is, it refuses to start."},
		{"nothing to go on from", cluster(decided("", "n1"), 9), "n1 is most recent, at 1^9.", "There is no node to continue from."},
		{"no data", cluster(decided(""), 9), "No node holds usable data.", "There is no node to continue from."},
		{"not decided", cluster(report.Verdict{}, 9), "Not decided who is most recent.", ""},
		{"not decided, but", cluster(report.Verdict{Recommended: "n1"}, 9), "Not decided who is most recent.", "If there is no way to find out, continue from n1."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.headline, phrase.Verdict(test.cluster))
			assert.Equal(t, test.advice, phrase.Recommendation(test.cluster))
		})
	}
}

func TestCaveats(t *testing.T) {
	assert.Empty(t, phrase.Caveats(cluster(report.Verdict{Decided: true, MostRecent: []string{"n1", "n2"}, MostRecentStartable: []string{"n1"}})))
	assert.Equal(t,
		[]string{"Started as they are, the servers would take n2 and n3 for most recent."},
		phrase.Caveats(cluster(report.Verdict{Decided: true, MostRecent: []string{"n1"}, MostRecentStartable: []string{"n2", "n3"}})))
	assert.Equal(t,
		[]string{"Provisional: n4 is a member too, and may be more recent. Add its directory, or declare it gone for good with --lost."},
		phrase.Caveats(cluster(report.Verdict{Provisional: true, Missing: []string{"n4"}})))
}

func TestPosition(t *testing.T) {
	node := func(system, bound string, p report.Position) *report.Node {
		p.Bound = bound
		return &report.Node{System: system, Position: p}
	}
	tests := []struct {
		node        *report.Node
		short, full string
	}{
		{node("cowsql", "exact", report.Position{History: "h1", Term: 3, Index: 188}), "3^188", "3^188"},
		{node("wesql", "exact", report.Position{}), "0^0", "0^0"},
		{node("galera", "at_least", report.Position{History: "uuid", Index: 8812}), "8812", "uuid:8812"},
		{node("manticore", "exact", report.Position{Index: 7}), "7", "7"},
		{node("galera", "none", report.Position{History: "uuid"}), "-", "-"},
		{node("cowsql", "", report.Position{}), "-", "-"},
	}
	for _, test := range tests {
		assert.Equal(t, test.short, phrase.Position(test.node))
		assert.Equal(t, test.full, phrase.FullPosition(test.node))
	}
}

func TestCluster(t *testing.T) {
	for want, c := range map[string]report.Cluster{
		"cowsql cluster, 0 nodes":            {System: "cowsql"},
		"incus (cowsql) cluster, 1 node":     {System: "cowsql", Product: "incus", Nodes: make([]report.Node, 1)},
		`manticore cluster "posts", 0 nodes`: {System: "manticore", Product: "manticore", Name: "posts"},
		"cowsql or dqlite cluster, 0 nodes":  {System: "cowsql", Product: "cowsql or dqlite"},
	} {
		assert.Equal(t, want, phrase.Cluster(&c, false))
		c.ID = "c7"
		assert.Equal(t, "c7: "+want, phrase.Cluster(&c, true))
	}
}

func TestOutcome(t *testing.T) {
	discards := report.Start{Outcome: "discards", Discards: &report.Discards{Entries: 36, FromIndex: 114, ToIndex: 149}}
	assert.Equal(t, "starts, but silently drops 36 entries (114 to 149)", phrase.Outcome(&discards))
	assert.Equal(t, "starts, drops 36 entries", phrase.ShortOutcome(&discards))
	assert.Equal(t, "starts, but silently drops entries", phrase.Outcome(&report.Start{Outcome: "discards"}))
	assert.Equal(t, "does something that is not known", phrase.Outcome(&report.Start{Outcome: "unknown"}))
	assert.Equal(t, "not known", phrase.ShortOutcome(&report.Start{Outcome: "unknown"}))
}

func TestRange(t *testing.T) {
	assert.Equal(t, "1 entry (7)", phrase.Range(1, 7, 7))
	assert.Equal(t, "3 entries", phrase.Range(3, 0, 0))
	assert.Equal(t, "entries (3 to 9)", phrase.Range(0, 3, 9))
}

func TestChanges(t *testing.T) {
	changes := []report.Change{
		{Op: "truncate", File: "open-7"},
		{Op: "rename", File: "open-7", To: "0000000000000001-0000000000000009"},
		{Op: "remove", File: "open-8"}, {Op: "remove", File: "open-9"},
		{Op: "rename", File: "a/open-10", To: "corrupt-a/open-10"}, {Op: "rename", File: "a/open-11", To: "corrupt-a/open-11"}, {Op: "rename", File: "a/open-12", To: "corrupt-a/open-12"},
		{Op: "create", File: "x"}, {Op: "create", File: "y"}, {Op: "create", File: "z"},
		{Op: "remove", File: "tmp-1"}, {Op: "remove", File: "snapshot-1-2-3"}, {Op: "truncate", File: "0000000000000001-0000000000000009"},
	}
	assert.Equal(t, []string{
		"cuts and renames open-7 to 0000000000000001-0000000000000009",
		"removes 2 open segments: open-8, open-9",
		"renames 3 open segments to corrupt-...: a/open-10 ... a/open-12",
		"creates 3 files: x ... z",
		"removes tmp-1",
		"removes snapshot-1-2-3",
		"cuts 0000000000000001-0000000000000009",
	}, phrase.Changes(changes, false))
	assert.Contains(t, phrase.Changes(changes, true), "creates 3 files: x, y, z")
	assert.Equal(t, "cuts and renames 1 open segment, removes 2 open segments", phrase.ChangeSum(changes[:4]))
	assert.Empty(t, phrase.ChangeSum(nil))
}

func TestTopics(t *testing.T) {
	quote := func(q string) []report.Evidence { return []report.Evidence{{Quote: q}} }
	topics := phrase.Topics([]report.Finding{
		{ID: "A", Severity: "error", Node: "n1", Title: "t", Detail: "same", Evidence: quote("1")},
		{ID: "A", Severity: "error", Node: "n2", Title: "t", Detail: "same", Evidence: quote("2")},
		{ID: "A", Severity: "error", Node: "n3", Title: "t", Detail: "other"},
		{ID: "A", Severity: "info", Node: "n1", Title: "t", Detail: "same"},
		{ID: "B", Severity: "info", Title: "u", Detail: "cluster"},
	})
	assert.Equal(t, []phrase.Topic{
		{ID: "A", Severity: "error", Title: "t", Points: []phrase.Point{
			{Nodes: []string{"n1", "n2"}, Detail: "same", Evidence: append(quote("1"), quote("2")...)},
			{Nodes: []string{"n3"}, Detail: "other"},
		}},
		{ID: "A", Severity: "info", Title: "t", Points: []phrase.Point{{Nodes: []string{"n1"}, Detail: "same"}}},
		{ID: "B", Severity: "info", Title: "u", Points: []phrase.Point{{Detail: "cluster"}}},
	}, topics)
	assert.Equal(t, []string{"n1", "n2", "n3"}, topics[0].Nodes())
}

func TestTally(t *testing.T) {
	f := func(s string) report.Finding { return report.Finding{Severity: s} }
	assert.Equal(t, "2 errors, 1 warning and 1 note", phrase.Tally([]report.Finding{f("error"), f("error"), f("warning"), f("info")}))
	assert.Equal(t, "1 note", phrase.Tally([]report.Finding{f("info")}))
}

func TestLossAndSteps(t *testing.T) {
	assert.Equal(t, "6 entries (68 to 73): on 4 pages", phrase.Loss(&report.Loss{Entries: 6, FromIndex: 68, ToIndex: 73, Text: "on 4 pages"}))
	assert.Equal(t, "some pages", phrase.Loss(&report.Loss{Text: "some pages"}))
	assert.Equal(t, "nothing", phrase.Loss(&report.Loss{}))
	assert.Equal(t, []phrase.Work{{"n2", "2 files copied, 1 left out"}, {"n1", "1 file packed"}}, phrase.Steps([]report.Step{
		{Op: "copy", Node: "n2"}, {Op: "leave-out", Node: "n2"}, {Op: "archive", Node: "n1"}, {Op: "copy", Node: "n2"},
	}))
}
