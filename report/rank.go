package report

import (
	"cmp"
	"slices"
)

// Ranks returns the rank of the nodes of c by name, counted from 1; equals
// share a rank. A node that is not there has no rank: the evidence does not
// decide, or its history is not the one that the verdict is about, or it is
// no member.
func (c *Cluster) Ranks() map[string]int {
	ranks := map[string]int{}
	history := c.ruling()
	if history == nil {
		return ranks
	}
	outsiders := map[string]bool{}
	for _, n := range c.Nodes {
		outsiders[n.Name] = n.Member == "no"
	}
	rank := 0
	for _, equals := range history.Ranking {
		equals = slices.DeleteFunc(slices.Clone(equals), func(name string) bool { return outsiders[name] })
		if len(equals) == 0 {
			continue
		}
		rank++
		for _, name := range equals {
			ranks[name] = rank
		}
	}
	return ranks
}

// ruling returns the history that the verdict is about, nil if there is none.
func (c *Cluster) ruling() *History {
	if !c.Verdict.Decided {
		return nil
	}
	for i := range c.Histories {
		h := &c.Histories[i]
		if slices.ContainsFunc(c.Verdict.MostRecent, func(name string) bool { return slices.Contains(h.Nodes, name) }) {
			return h
		}
	}
	return nil
}

// Ranked returns the nodes of c as a ranking lists them: best first, then
// those without a rank, history by history.
func (c *Cluster) Ranked() []Node {
	place := map[string]int{}
	for name, rank := range c.Ranks() {
		place[name] = rank
	}
	next := len(c.Nodes) + 1 // behind all ranks
	for _, h := range c.Histories {
		for _, equals := range h.Ranking {
			for _, name := range equals {
				if place[name] == 0 {
					place[name] = next
				}
			}
			next++
		}
	}
	nodes := slices.Clone(c.Nodes)
	slices.SortStableFunc(nodes, func(a, b Node) int {
		x, y := cmp.Or(place[a.Name], next), cmp.Or(place[b.Name], next)
		return cmp.Compare(x, y)
	})
	return nodes
}
