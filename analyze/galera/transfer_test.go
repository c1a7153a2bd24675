package galera

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
)

// TestSchemaChangePlans: nodes that were killed in a schema change may differ
// at the same seqno, so the plan says how to compare, and a second one copies
// everything.
func TestSchemaChangePlans(t *testing.T) {
	common := slices.Concat(members("n1", "n2"), writes("w", 20), schema("drop"))
	killed := func(name string, i int) maker {
		return node(t, name, 1, common).crashed(21).in(3, i, 2).state(zero, -1, false)
	}
	warned := func(p analyze.Plan, text string) bool {
		return slices.ContainsFunc(p.Warnings, func(w string) bool { return strings.Contains(w, text) })
	}
	compares := func(p analyze.Plan) []string {
		var out []string
		for _, c := range p.Commands {
			if strings.HasPrefix(c.Run, "mysqldump") {
				out = append(out, c.Node)
			}
		}
		return out
	}
	c := judged(t, analyze.Options{}, killed("n1", 0), killed("n2", 1))[0]
	require.Len(t, c.Plans, 2)
	first, alike := c.Plans[0], c.Plans[1]
	assert.Equal(t, "continue-from-n1", first.ID)
	assert.Empty(t, leftOut(first))
	assert.True(t, warned(first, "A schema change was running on n1 and n2."), first.Warnings)
	assert.True(t, warned(first, alike.ID))
	assert.Equal(t, []string{"n1, n2"}, compares(first))
	assert.Equal(t, "continue-from-n1-others-empty", alike.ID)
	assert.Equal(t, []string{"n2"}, leftOut(alike))
	assert.True(t, warned(alike, "the files do not tell whether it took effect there"), alike.Warnings)
	assert.Empty(t, compares(alike))

	c = judged(t, analyze.Options{}, killed("n1", 0), node(t, "n2", 1, common[:21]).crashed(21).in(3, 1, 2))[0]
	require.Len(t, c.Plans, 2, "one node is enough")
	assert.Equal(t, "n2", c.Plans[0].Base)

	c = judged(t, analyze.Options{}, killed("n1", 0))[0]
	require.Len(t, c.Plans, 1, "nobody to differ from")
	assert.True(t, warned(c.Plans[0], "the files do not tell whether it took effect there"))

	c = judged(t, analyze.Options{}, node(t, "n1", 1, common).crashed(22).in(3, 0, 2), node(t, "n2", 1, common).crashed(22).in(3, 1, 2))[0]
	for _, p := range c.Plans {
		assert.False(t, warned(p, "schema change was running"))
	}
}

// TestTransfersBeginWithNothing: what gets a full state transfer keeps no file
// of its old life, wherever options put it.
func TestTransfersBeginWithNothing(t *testing.T) {
	common := slices.Concat(members("n1", "n2", "n3"), writes("w", 20))
	lost := node(t, "n3", 1, common).crashed(9).state(zero, -1, false).with(func(m *model) {
		m.Data, m.Layout.Data, m.Layout.States = "var/lib/mysql", "var/lib/mysql", "var/lib/mysql"
		m.Layout.System, m.Layout.Redo, m.Layout.Undo, m.Layout.Binlog = "var/lib/mysql", "var/lib/mysql", "var/lib/mysql", "var/lib/mysql"
		m.Layout.Cache = "srv/gcache/galera.cache"
	})
	n1, n2 := node(t, "n1", 1, common).crashed(21).in(3, 0, 2), node(t, "n2", 1, common).crashed(21).in(3, 1, 2)
	c := judged(t, analyze.Options{}, n1, n2, lost)[0]
	require.Len(t, c.Plans, 2)
	assert.Equal(t, "restore-primary-component", c.Plans[1].ID)
	want := "mv /var/lib/mysql /var/lib/mysql.before-recovery && install -d -o mysql -g mysql -m 0700 /var/lib/mysql && " +
		"mv /srv/gcache /srv/gcache.before-recovery && install -d -o mysql -g mysql -m 0700 /srv/gcache"
	for _, p := range c.Plans {
		var runs []string
		for _, c := range p.Commands {
			if strings.Contains(c.Node, "n3") {
				runs = append(runs, c.Run)
			}
		}
		emptied, started := slices.Index(runs, want), slices.Index(runs, "systemctl start mariadb")
		assert.GreaterOrEqual(t, emptied, 0, "%s: %q", p.ID, runs)
		assert.Greater(t, started, emptied, "%s: %q", p.ID, runs)
		for _, s := range p.Steps {
			assert.False(t, s.Node == "n3" && s.Op != analyze.LeaveOut, "%s: %s", p.ID, s.File)
		}
	}
}
