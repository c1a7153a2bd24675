package picture_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/picture"
)

type stretches = []report.Stretch

func nodes(pictures ...stretches) []report.Node {
	out := make([]report.Node, len(pictures))
	for i, p := range pictures {
		out[i] = report.Node{Name: string(rune('a' + i)), Picture: p}
	}
	return out
}

// drawing returns a chart without its legend.
func drawing(c picture.Chart) string {
	lines := []string{c.Labels, c.Ticks}
	for _, row := range c.Rows {
		lines = append(lines, row.Cells)
	}
	return "\n" + strings.Join(lines, "\n") + "\n"
}

func TestDraw(t *testing.T) {
	tests := []struct {
		name    string
		nodes   []report.Node
		width   int
		want    string
		toScale bool
	}{
		{
			"a cell an entry", nodes(stretches{{Mark: "stored", First: 1, Last: 20}}, stretches{{Mark: "open", First: 1, Last: 12}}), 40, `
1          12     20
|----------|-------|
====================
~~~~~~~~~~~~
`, true,
		},
		{
			"one entry more shows beside a million", nodes(stretches{{Mark: "stored", First: 1, Last: 1_000_001}}, stretches{{Mark: "stored", First: 1, Last: 1_000_000}}), 30, `
1                      1000001
|----------------------------|
==============================
=============================
`, false,
		},
		{
			"what is wrong is drawn over what is there", nodes(stretches{
				{Mark: "damage", First: 8, Last: 8},
				{Mark: "gap", First: 3, Last: 4},
				{Mark: "stored", First: 1, Last: 10},
				{Mark: "uncommitted", First: 10, Last: 10},
			}), 40, `
1  4    10
|--|-----|
==__===x=?
`, true,
		},
		{
			"the end of a snapshot shows among the entries", nodes(stretches{{Mark: "snapshot", First: 1, Last: 6}, {Mark: "stored", First: 4, Last: 9}}), 40, `
1    6  9
|----|--|
...==S===
`, true,
		},
		{
			"an empty node", nodes(stretches{{Mark: "stored", First: 5, Last: 9}}, nil), 40, `
5   9
|---|
=====

`, true,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, ok := picture.Draw(test.nodes, test.width)
			require.True(t, ok)
			assert.Equal(t, test.want, drawing(c))
			assert.Equal(t, test.toScale, c.ToScale)
		})
	}
}

func TestDrawNothing(t *testing.T) {
	for name, n := range map[string][]report.Node{
		"no node": nil, "no stretch": nodes(nil), "unknown mark": nodes(stretches{{Mark: "new", First: 1, Last: 2}}),
		"ends before it begins": nodes(stretches{{Mark: "stored", First: 3, Last: 2}}),
	} {
		t.Run(name, func(t *testing.T) {
			_, ok := picture.Draw(n, 40)
			assert.False(t, ok)
		})
	}
}

func TestLegendHasWhatOccurs(t *testing.T) {
	c, ok := picture.Draw(nodes(stretches{{Mark: "damage", First: 2, Last: 2}, {Mark: "stored", First: 1, Last: 3}}), 40)
	require.True(t, ok)
	require.Len(t, c.Legend, 2)
	assert.Equal(t, byte('='), c.Legend[0].Sign)
	assert.Equal(t, byte('x'), c.Legend[1].Sign)
}

func TestMoreChangesThanCells(t *testing.T) {
	var p stretches
	for i := report.Number(1); i < 1000; i += 2 {
		p = append(p, report.Stretch{Mark: "stored", First: i, Last: i})
	}
	c, ok := picture.Draw(nodes(p), 40)
	require.True(t, ok)
	assert.Len(t, c.Rows[0].Cells, 40)
}

func FuzzDraw(f *testing.F) {
	f.Add(uint64(1), uint64(149), uint64(100), uint64(100), uint64(33), uint64(200), 40)
	f.Add(uint64(0), uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(0), uint64(0), 1)
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g uint64, width int) {
		width = 1 + int(uint(width)%300)
		n := nodes(
			stretches{{Mark: "stored", First: report.Number(a), Last: report.Number(b)}, {Mark: "damage", First: report.Number(c), Last: report.Number(d)}},
			stretches{{Mark: "snapshot", First: report.Number(e), Last: report.Number(g)}, {Mark: "gap", First: report.Number(d), Last: report.Number(e)}},
		)
		chart, ok := picture.Draw(n, width)
		if !ok {
			return
		}
		for i, row := range chart.Rows {
			if len(row.Cells) > width {
				t.Errorf("row of %d cells, %d are there", len(row.Cells), width)
			}
			if i == 0 && c <= d && !strings.ContainsAny(row.Cells, "x") {
				t.Errorf("damage is not to be seen: %q", row.Cells)
			}
		}
		if len(chart.Ticks) > width || len(chart.Labels) > max(width, 20) {
			t.Errorf("axis too long: %q %q", chart.Ticks, chart.Labels)
		}
	})
}
