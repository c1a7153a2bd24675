package galera

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/galera"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

func TestVerdict(t *testing.T) {
	three := members("n1", "n2", "n3")
	common := slices.Concat(three, writes("w", 20)) // seqnos 1 to 21
	tests := []struct {
		name        string
		nodes       []maker
		best        []string // none: not decided
		recommended string
		missing     []string
		why         string // part of the reason
	}{
		{
			"the highest seqno of a clean stop",
			[]maker{node(t, "n1", 1, common).in(3, 0, 3).crashed(18), node(t, "n2", 1, common).in(3, 1, 3).crashed(21), node(t, "n3", 1, common).in(3, 2, 3).crashed(20)},
			[]string{"n2"}, "n2", nil, "seqno 21",
		},
		{
			"a tie goes to the one that was the last to leave",
			[]maker{node(t, "n1", 1, common), node(t, "n2", 1, common).state(historyA, 21, true), node(t, "n3", 1, common)},
			[]string{"n1", "n2", "n3"}, "n2", nil, "n2 needs least",
		},
		{
			"then to the longest cache",
			[]maker{node(t, "n1", 5, common[4:]), node(t, "n2", 2, common[1:]), node(t, "n3", 1, common)},
			[]string{"n1", "n2", "n3"}, "n3", nil, "",
		},
		{
			"five nodes, two of them not given",
			[]maker{
				node(t, "n1", 1, members("n1", "n2", "n3", "n4", "n5"), writes("w", 9)).crashed(10).in(5, 0, 5),
				node(t, "n2", 1, members("n1", "n2", "n3", "n4", "n5"), writes("w", 9)).crashed(8).in(5, 1, 5),
				node(t, "n4", 1, members("n1", "n2", "n3", "n4", "n5"), writes("w", 9)).crashed(9).in(5, 3, 5),
			},
			[]string{"n1"}, "n1", []string{"n3", "n5"}, "as far as the given nodes tell",
		},
		{
			"a bound that ends below the best decides",
			[]maker{node(t, "n1", 1, common).crashed(21).in(3, 0, 3), node(t, "n2", 1, common[:19]).in(3, 1, 3).within(7), node(t, "n3", 1, common).crashed(20).in(3, 2, 3)},
			[]string{"n1"}, "n1", nil, "",
		},
		{
			"a bound that reaches further does not",
			[]maker{node(t, "n1", 1, common).crashed(20).in(3, 0, 3), node(t, "n2", 1, common).in(3, 1, 3).within(7), node(t, "n3", 1, common).crashed(19).in(3, 2, 3)},
			nil, "", nil, "within bounds only",
		},
		{
			"a split brain with equal numbers",
			[]maker{node(t, "n1", 1, common, writes("left", 3)), node(t, "n2", 1, common, writes("left", 3)), node(t, "n3", 1, common, writes("right", 9))},
			nil, "", nil, "from seqno 22 on",
		},
		{
			"view changes of its own do not put a node ahead",
			[]maker{node(t, "n1", 1, common, members("n1", "n2"), members("n1"), members("n1")), node(t, "n2", 1, common, writes("w2", 2)), node(t, "n3", 1, common)},
			[]string{"n2"}, "n2", nil, "seqno 23",
		},
		{
			"it is not known whether the other side committed",
			[]maker{node(t, "n1", 1, common, writes("left", 3)).within(15).in(3, 0, 3), node(t, "n2", 1, common, writes("right", 3)), node(t, "n3", 1, common)},
			nil, "", nil, "does not tell whether both committed",
		},
		{
			"what was received and never committed is no split brain",
			[]maker{node(t, "n1", 1, common, writes("left", 3)).crashed(21).in(3, 0, 3), node(t, "n2", 1, common, writes("right", 3)), node(t, "n3", 1, common)},
			[]string{"n2"}, "n2", nil, "seqno 24",
		},
		{
			"a node that was expelled does not count, however far it is",
			[]maker{node(t, "n1", 1, common).crashed(20).in(3, 0, 3), node(t, "n2", 1, common).crashed(19).in(3, 1, 3), node(t, "n3", 1, common).state(zero, -1, false)},
			[]string{"n1"}, "n1", nil, "",
		},
		{
			"a damaged redo log that still reaches furthest",
			[]maker{node(t, "n1", 1, common).crashed(20).in(3, 0, 3).with(beyond), node(t, "n2", 1, common).crashed(19).in(3, 1, 3), node(t, "n3", 1, common).crashed(19).in(3, 2, 3)},
			nil, "", nil, "cannot be trusted",
		},
		{
			"a damaged redo log that does not",
			[]maker{node(t, "n1", 1, common).crashed(10).in(3, 0, 3).with(beyond), node(t, "n2", 1, common).crashed(20).in(3, 1, 3), node(t, "n3", 1, common).crashed(19).in(3, 2, 3)},
			[]string{"n2"}, "n2", nil, "",
		},
		{
			"two that left last, and nothing to compare",
			[]maker{node(t, "n1", 1, common).state(historyA, 21, true), node(t, "n2", 100, writes("w", 9)).state(historyA, 108, true), node(t, "n3", 1, common)},
			nil, "", nil, "cannot be excluded",
		},
		{
			"two primary components without each other, and nothing to compare",
			[]maker{
				node(t, "n1", 50, members("n1"), writes("w", 3)).crashed(53).with(func(m *model) { m.View = view(t, 0, 0) }),
				node(t, "n2", 100, members("n1", "n2"), writes("w", 3)).crashed(103).with(func(m *model) { m.View = view(t, 1, 1) }),
			},
			nil, "", nil, "do not have each other",
		},
		{
			"InnoDB refuses: the newest data all the same, but others are preferred",
			[]maker{node(t, "n1", 1, common).crashed(21).in(3, 0, 3).with(refused), node(t, "n2", 2, common[1:]).crashed(21).in(3, 1, 3), node(t, "n3", 1, common).crashed(19).in(3, 2, 3)},
			[]string{"n1", "n2"}, "n2", nil, "",
		},
		{
			"killed in a schema change, all of them",
			[]maker{
				node(t, "n1", 1, common, schema("alter")).crashed(21).in(3, 0, 3).state(zero, -1, false),
				node(t, "n2", 1, common, schema("alter")).crashed(21).in(3, 1, 3).state(zero, -1, false),
				node(t, "n3", 1, common, schema("alter")).crashed(20).in(3, 2, 3).state(zero, -1, false),
			},
			[]string{"n1", "n2"}, "n1", nil, "",
		},
		{
			"the last view is in gvwstate.dat alone",
			[]maker{node(t, "n1", 100, writes("w", 9)).crashed(108).in(3, 0, 2)},
			[]string{"n1"}, "n1", []string{process(t, 1).String()}, "",
		},
		{
			"a joiner that died while it received the missing write sets",
			[]maker{
				node(t, "n1", 1, common, members("n1", "n2", "n3"), writes("w", 9)).crashed(31).in(4, 0, 3),
				node(t, "n2", 1, common, members("n1", "n2", "n3"), writes("w", 9)).crashed(31).in(4, 1, 3),
				node(t, "n3", 1, common[:9]).crashed(9).in(4, 2, 3),
			},
			[]string{"n1", "n2"}, "n1", nil, "the others end at 9",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			clusters := judged(t, analyze.Options{}, test.nodes...)
			require.Len(t, clusters, 1)
			v := clusters[0].Verdict
			assert.Equal(t, test.best, v.MostRecent)
			assert.Equal(t, len(test.best) > 0, v.Decided)
			assert.Equal(t, test.recommended, v.Recommended)
			assert.Equal(t, test.missing, v.Missing)
			assert.Equal(t, len(test.missing) > 0, v.Provisional)
			assert.Contains(t, v.Reason, test.why)
		})
	}
}

const zero = "00000000-0000-0000-0000-000000000000"

func beyond(m *model) {
	m.Engine.Exact, m.Engine.Beyond = false, &innodb.Beyond{First: 1000, Last: 5000, Mtrs: 40, Seqno: 21}
	m.Engine.Doubts = []doubt{{Text: string(innodb.LogDamaged)}}
}

func refused(m *model) { m.Engine.Refusal = "InnoDB: Invalid log header checksum" }

// view is a saved view that has the members first to last.
func view(t *testing.T, first, last int) *galera.ViewFile {
	v := galera.ViewFile{MyUUID: process(t, first), View: galera.View{Type: galera.ViewPrimary, Representative: process(t, first), Seq: 4}}
	for i := first; i <= last; i++ {
		v.Members = append(v.Members, galera.ViewMember{UUID: process(t, i)})
	}
	text := v.Encode()
	return galera.ParseView("gvwstate.dat", text, int64(len(text)))
}

func TestLostMembersAreNotMissing(t *testing.T) {
	n := node(t, "n1", 1, members("n1", "n2", "n3"), writes("w", 5)).crashed(6).in(3, 0, 3)
	v := judged(t, analyze.Options{Lost: []string{"n2", "127.0.0.3:3306"}}, n)[0].Verdict
	assert.False(t, v.Provisional)
	assert.Empty(t, v.Missing)
}

func TestArbitratorsAreNotMissing(t *testing.T) {
	n := node(t, "n1", 1, members("n1", "garb"), writes("w", 5)).crashed(6).in(3, 0, 2)
	n.Sightings[0].Members[1].Address = ""
	v := judged(t, analyze.Options{}, n)[0].Verdict
	assert.True(t, v.Decided)
	assert.False(t, v.Provisional)
}

func TestHistoriesOfDifferentUUIDsAreNeverCompared(t *testing.T) {
	old := node(t, "n1", 1, members("n1", "n2"), writes("w", 90))
	young := node(t, "n2", 1, members("n1", "n2")).with(func(m *model) {
		m.Engine.UUID, m.Engine.Seqno, m.Engine.Printed = uuid(t, historyB), 12, historyB+":12"
		m.Log.Histories = []galera.UUID{uuid(t, historyA), uuid(t, historyB)}
	}).cache(historyB, 1, slices.Concat(members("n2"), writes("x", 11))).state(historyB, 12, true)
	clusters := judged(t, analyze.Options{}, old, young)
	require.Len(t, clusters, 1)
	assert.False(t, clusters[0].Verdict.Decided)
	assert.Len(t, clusters[0].Histories, 2)
}

func TestUnrelatedDirectoriesAreTwoClusters(t *testing.T) {
	other := node(t, "x1", 1, writes("w", 9)).with(func(m *model) {
		m.Engine.UUID = uuid(t, historyB)
	}).cache(historyB, 1, writes("x", 11)).state(historyB, 9, true)
	clusters := judged(t, analyze.Options{}, node(t, "n1", 1, members("n1"), writes("w", 9)), node(t, "n2", 1, members("n1"), writes("w", 9)), other)
	require.Len(t, clusters, 2)
	assert.Equal(t, []string{"n1", "n2"}, clusters[0].Verdict.MostRecent)
	assert.Equal(t, []string{"x1"}, clusters[1].Verdict.MostRecent)
}

func TestJoins(t *testing.T) {
	donor := node(t, "n1", 5, writes("w", 20)) // 5 to 24
	tests := []struct {
		name string
		node maker
		want string
	}{
		{"the cache reaches back", node(t, "n2", 5, writes("w", 3)), ist},
		{"just so", node(t, "n2", 1, writes("v", 4)), ist},
		{"it does not", node(t, "n2", 1, writes("v", 3)), sst},
		{"equal", node(t, "n2", 5, writes("w", 20)), ist},
		{"ahead", node(t, "n2", 5, writes("w", 21)), sst},
		{"killed, position passed on", node(t, "n2", 5, writes("w", 9)).crashed(10), ist},
		{"no group UUID", node(t, "n2", 5, writes("w", 9)).crashed(10).state(zero, -1, false), sst},
		{"no file", node(t, "n2", 5, writes("w", 9)).with(func(m *model) { m.State = nil }), sst},
		{"an invented number", node(t, "n2", 5, writes("w", 9)).state(historyA, 99999, true), sst},
		{"position not known", node(t, "n2", 5, writes("w", 9)).within(-1), sst},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			donor.judge()
			test.node.judge()
			assert.Equal(t, test.want, test.node.joinAsIs(donor.model).How)
		})
	}
}

func TestStart(t *testing.T) {
	common := writes("w", 20)
	tests := []struct {
		name    string
		node    maker
		outcome analyze.Outcome
		error   string
		new     bool // the bootstrap makes a new group UUID
	}{
		{"the last to leave", node(t, "n", 1, common).state(historyA, 20, true), analyze.Clean, "", false},
		{"not the last", node(t, "n", 1, common), analyze.Refuses, notSafe, false},
		{"no flag counts as safe", node(t, "n", 1, common).with(noFlag), analyze.Clean, "", false},
		{"killed and alone", node(t, "n", 1, common).crashed(20).state(historyA, -1, true), analyze.Clean, "", false},
		{"no file", node(t, "n", 1, common).with(func(m *model) { m.State = nil }), analyze.Clean, "", true},
		{"no group UUID", node(t, "n", 1, common).state(zero, -1, true), analyze.Clean, "", true},
		{"InnoDB refuses", node(t, "n", 1, common).state(historyA, 20, true).with(refused), analyze.Refuses, "InnoDB: Invalid log header checksum", false},
		{"the provider refuses before InnoDB does", node(t, "n", 1, common).with(refused), analyze.Refuses, notSafe, false},
		{"no system tables", node(t, "n", 1, common).state(historyA, 20, true).with(func(m *model) { m.Dirs = map[string]bool{} }), analyze.Refuses, noPrivileges, false},
		{"damage in the redo log", node(t, "n", 1, common).crashed(10).state(historyA, -1, true).with(beyond), analyze.Discards, "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.node.judge()
			s := test.node.start()
			assert.Equal(t, test.outcome, s.Outcome)
			assert.Equal(t, test.error, s.Error)
			assert.Equal(t, test.new, test.node.newHistory())
		})
	}
}

func noFlag(m *model) {
	text := "# GALERA saved state\nversion: 2.1\nuuid:    " + historyA + "\nseqno:   20\n"
	m.State = galera.ParseState("grastate.dat", []byte(text), int64(len(text)))
}

func TestConditions(t *testing.T) {
	common := writes("w", 20)
	tests := []struct {
		name string
		node maker
		want condition
	}{
		{"clean", node(t, "n", 1, common), sound},
		{"crashed", node(t, "n", 1, common).crashed(20).in(3, 0, 3), sound},
		{"a transfer was running", node(t, "n", 1, common).with(func(m *model) { m.SST = "sst_in_progress" }), incomplete},
		{"killed in a schema change", node(t, "n", 1, common, schema("alter")).crashed(20).in(3, 0, 3).state(zero, -1, false), schemaChange},
		{"temporary tables of a schema change", node(t, "n", 1, common).crashed(20).in(3, 0, 3).state(zero, -1, false).with(alter), schemaChange},
		{"no group UUID, nobody knows why", node(t, "n", 1, common).crashed(20).in(3, 0, 3).state(zero, -1, false), stateLost},
		{"left the group with the zero UUID", node(t, "n", 1, common).state(zero, -1, false), inconsistent},
		{"a failed write set where the data ends", node(t, "n", 1, common).crashed(20).in(3, 0, 3).state(zero, -1, false).with(func(m *model) {
			m.Failed = []failedSet{{"GRA_2_20_v2.log", 20}}
		}), inconsistent},
		{"an old failed write set proves nothing", node(t, "n", 1, common, schema("alter")).crashed(20).in(3, 0, 3).state(zero, -1, false).with(func(m *model) {
			m.Failed = []failedSet{{"GRA_2_7_v2.log", 7}}
		}), schemaChange},
		{"the error log says so", node(t, "n", 1, common).crashed(20).in(3, 0, 3).state(zero, -1, false).with(func(m *model) {
			m.Log.Inconsistent = &statement{Seqno: 20}
		}), inconsistent},
		{"no grastate.dat", node(t, "n", 1, common).with(func(m *model) { m.State = nil }), stateLost},
		{"an empty grastate.dat", node(t, "n", 1, common).with(func(m *model) { m.State = galera.ParseState("grastate.dat", nil, 0) }), stateLost},
		{"never joined", node(t, "n", 1, common).with(empty), fresh},
		{"in a view without data", node(t, "n", 1, common).with(empty).in(3, 0, 2), incomplete},
		{"no ibdata1", node(t, "n", 1, common).with(empty).state(historyA, 20, false).with(func(m *model) { m.Engine.Missing = true }), incomplete},
		{"damage in the redo log", node(t, "n", 1, common).crashed(10).with(beyond), backwards},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.node.judge()
			assert.Equal(t, test.want, test.node.Condition, test.node.Why)
		})
	}
}

func alter(m *model) { m.Files = append(m.Files, file{"t/#sql-alter-6f-12.ibd", 1 << 20}) }

func empty(m *model) {
	m.Engine, m.State, m.Cache, m.Sightings = &engine{Seqno: -1, Printed: zero + ":-1", Exact: true, Clean: true}, nil, nil, nil
}
