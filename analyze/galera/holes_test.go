package galera

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// lacking makes InnoDB lose what is prepared after settled, all but the last.
func lacking(settled int64, holes ...uint64) func(*model) {
	return func(m *model) {
		e := m.Engine
		e.Settled, e.Holes = settled, holes
		e.Prepared = []innodb.Prepared{{Position: innodb.Position{UUID: innodb.UUID(e.UUID), Seqno: e.Seqno}, Committed: true}}
	}
}

func TestHoles(t *testing.T) {
	position := func(seqno int64) innodb.Position { return innodb.Position{UUID: innodb.UUID{1}, Seqno: seqno} }
	prepared := func(seqno int64, committed bool) innodb.Prepared {
		return innodb.Prepared{Position: position(seqno), Committed: committed}
	}
	for name, tt := range map[string]struct {
		found  innodb.Recovery
		logged []uint64
		want   []uint64
	}{
		"one before the prepared one": {innodb.Recovery{Settled: position(197), Position: position(199), Prepared: []innodb.Prepared{prepared(199, true)}}, []uint64{196, 197, 198, 199}, []uint64{198}},
		"none":                        {innodb.Recovery{Settled: position(197), Position: position(199), Prepared: []innodb.Prepared{prepared(198, true), prepared(199, true)}}, []uint64{197, 198, 199}, nil},
		"a view change between":       {innodb.Recovery{Settled: position(197), Position: position(199), Prepared: []innodb.Prepared{prepared(199, true)}}, []uint64{197, 199}, nil},
		"prepared and rolled back":    {innodb.Recovery{Settled: position(197), Position: position(199), Prepared: []innodb.Prepared{prepared(198, false), prepared(199, true)}}, []uint64{199}, []uint64{198}},
		"rolled back at the end":      {innodb.Recovery{Settled: position(197), Position: position(198), Prepared: []innodb.Prepared{prepared(198, true), prepared(199, false)}}, []uint64{198}, nil},
		"lost at the end":             {innodb.Recovery{Settled: position(197), Position: position(197)}, []uint64{197, 198, 199}, nil},
		"another history":             {innodb.Recovery{Settled: innodb.Position{UUID: innodb.UUID{2}, Seqno: 5}, Position: position(199), Prepared: []innodb.Prepared{prepared(199, true)}}, []uint64{198, 199}, nil},
		"no position before":          {innodb.Recovery{Settled: innodb.Position{Seqno: -1}, Position: position(199), Prepared: []innodb.Prepared{prepared(199, true)}}, []uint64{198, 199}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var r resolver
			for _, s := range tt.logged {
				r.logged.Add(s)
			}
			tt.found.Bound = innodb.Exact
			assert.Equal(t, tt.want, r.holes(&tt.found))
			tt.found.Bound = innodb.AtLeast
			assert.Empty(t, r.holes(&tt.found))
		})
	}
}

func TestSeqnoList(t *testing.T) {
	assert.Equal(t, "seqno 7", seqnoList([]uint64{7}))
	assert.Equal(t, "seqnos 7 to 9", seqnoList([]uint64{7, 8, 9}))
	assert.Equal(t, "seqnos 1, 3 to 4, 9", seqnoList([]uint64{1, 3, 4, 9}))
	assert.Equal(t, "seqnos 1, 3, 5, 7, 9, 11, 13, 15, and more (9 in all)", seqnoList([]uint64{1, 3, 5, 7, 9, 11, 13, 15, 17}))
}

// TestLostBelowThePosition: a node that lost a transaction below its position
// counts for nothing beside one that has it, and joins from nothing.
func TestLostBelowThePosition(t *testing.T) {
	common := slices.Concat(members("n1", "n2", "n3"), writes("w", 20)) // seqnos 1 to 21
	holed := node(t, "n1", 1, common).crashed(21).in(3, 0, 3).with(lacking(19, 20))

	c := judged(t, analyze.Options{}, holed, node(t, "n2", 1, common).crashed(21).in(3, 1, 3), node(t, "n3", 1, common).crashed(18).in(3, 2, 3))[0]
	assert.Equal(t, []string{"n2"}, c.Verdict.MostRecent)
	assert.Equal(t, "n2", c.Verdict.Recommended)
	assert.Contains(t, c.Verdict.Reason, "the others end at 18 at the latest; n1 lacks seqno 20 below its position")
	require.Len(t, c.Plans, 1)
	assert.Equal(t, "continue-from-n2", c.Plans[0].ID)
	assert.Equal(t, []string{"n1"}, leftOut(c.Plans[0]))
	i := slices.IndexFunc(c.Findings, func(f analyze.Finding) bool { return f.ID == "LWG053" })
	require.GreaterOrEqual(t, i, 0)
	assert.Equal(t, "n1", c.Findings[i].Node)
	assert.Contains(t, c.Findings[i].Detail, "n1 is at seqno 21 after a start, but without seqno 20: InnoDB ends at 19")
	assert.Contains(t, c.Findings[i].Detail, "n2 has it")

	c = judged(t, analyze.Options{}, holed, node(t, "n2", 1, common).crashed(20).in(3, 1, 3), node(t, "n3", 1, common).crashed(18).in(3, 2, 3))[0]
	assert.Equal(t, []string{"n1"}, c.Verdict.MostRecent)
	require.Len(t, c.Plans, 2, "the second one gives up the end")
	first, second := c.Plans[0], c.Plans[1]
	assert.Equal(t, "n1", first.Base)
	assert.Equal(t, []string{"n2", "n3"}, leftOut(first))
	assert.Contains(t, first.Warnings[0], "n1 lacks seqno 20 below its position (LWG053)")
	assert.Contains(t, first.Loses, analyze.Loss{Node: "n1", Entries: 1, From: 20, To: 20, Text: "1 transaction below its position that it has lost: seqno 20"})
	assert.Equal(t, "n2", second.Base)
	assert.Equal(t, []string{"n1"}, leftOut(second))
	assert.Equal(t, uint64(21), second.Loses[0].From)

	view := slices.Concat(common[:19], members("n1", "n2", "n3"), common[20:])
	c = judged(t, analyze.Options{}, node(t, "n1", 1, view).crashed(21).in(3, 0, 3).with(lacking(19, 20)))[0]
	assert.False(t, slices.ContainsFunc(c.Findings, func(f analyze.Finding) bool { return f.ID == "LWG053" }), "no transaction has that number")
}

// leftOut lists the nodes that a plan lets join from nothing.
func leftOut(p analyze.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		if s.Op == analyze.LeaveOut && s.File == "." {
			out = append(out, s.Node)
		}
	}
	return out
}
