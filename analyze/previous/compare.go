package previous

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// Compare adds to each cluster what has changed since the report. inputs are
// those of now, as Node.Input counts them; lost are the members that are
// declared to be gone. Without any cluster there is nothing to add to.
func (r *Report) Compare(clusters []analyze.Cluster, inputs []Input, lost []string) {
	matched := make([]*analyze.Cluster, len(r.Clusters))
	for i := range r.Clusters {
		matched[i] = r.Clusters[i].match(clusters)
	}
	for i := range r.Clusters {
		if c := matched[i]; c != nil {
			r.Clusters[i].compare(c, clusters, lost)
		}
	}
	for i := range clusters {
		c := &clusters[i]
		r.changedDirectories(c, inputs)
		analyze.SortFindings(c.Findings)
	}
}

// match returns the cluster of now that shares most nodes with an earlier one;
// if none does, the largest of its family, so that what vanished is told.
func (c *Cluster) match(clusters []analyze.Cluster) *analyze.Cluster {
	var best *analyze.Cluster
	most := -1
	for i := range clusters {
		now := &clusters[i]
		if now.System != c.System {
			continue
		}
		shared := 0
		for _, n := range c.Nodes {
			if n.in(now) != nil {
				shared += 2
			}
		}
		if shared > 0 && c.Name == now.Name {
			shared++ // a host can be in several clusters
		}
		if shared > most {
			best, most = now, shared
		}
	}
	if best == nil && len(clusters) > 0 {
		return &clusters[0]
	}
	return best
}

// in returns the node of that name in a cluster of now, nil if there is none
// or if its identity says that it is another one.
func (n *Node) in(c *analyze.Cluster) *analyze.Node {
	i := slices.IndexFunc(c.Nodes, func(x *analyze.Node) bool { return x.Name == n.Name })
	if i < 0 {
		return nil
	}
	now := c.Nodes[i]
	if n.Identity.ID != "" && now.Identity.ID != "" && n.Identity.ID != now.Identity.ID {
		return nil
	}
	return now
}

func (c *Cluster) compare(now *analyze.Cluster, all []analyze.Cluster, lost []string) {
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if x := n.in(now); x != nil {
			n.backwards(now, x)
			continue
		}
		elsewhere := slices.ContainsFunc(all, func(o analyze.Cluster) bool { return o.System == c.System && n.in(&o) != nil })
		if !elsewhere && !slices.Contains(lost, n.Name) && (n.Identity.Address == "" || !slices.Contains(lost, n.Identity.Address)) {
			add(now, "LWX003", "", fmt.Sprintf("%s was there, at %s. What it had is not looked at now; give its directory too, or declare it with --lost.", n.Name, n.Position))
		}
	}
	c.changedVerdict(now)
}

// backwards finds a node that reaches less far than before in the same
// history. A lower bound that is lower than an earlier position proves nothing.
func (n *Node) backwards(c *analyze.Cluster, now *analyze.Node) {
	before, p := n.Position, now.Position
	known := before.Bound != analyze.None && before.Bound != "" && p.Bound != analyze.None && p.Bound != ""
	if !known || before.History != p.History || p.Bound == analyze.AtLeast && before.Bound == analyze.Exact {
		return
	}
	if cmp.Or(cmp.Compare(p.Term, uint64(before.Term)), cmp.Compare(p.Index, uint64(before.Index))) < 0 {
		is := Position{p.History, number(p.Term), number(p.Index), p.Bound}
		add(c, "LWX001", now.Name, fmt.Sprintf("It was at %s and is at %s: files were lost, replaced by an older copy, or a start dropped entries.", before, is))
	}
}

// String writes a position for a sentence.
func (p Position) String() string {
	least := ""
	if p.Bound == analyze.AtLeast {
		least = " or more"
	}
	switch {
	case p.Bound == analyze.None || p.Bound == "":
		return "no known position"
	case p.Term > 0:
		return fmt.Sprintf("%d^%d%s", p.Term, p.Index, least)
	}
	return fmt.Sprintf("%d%s", p.Index, least)
}

func (c *Cluster) changedVerdict(now *analyze.Cluster) {
	before, after := c.Verdict, now.Verdict
	same := func(a, b []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
	}
	if before.Decided == after.Decided && same(before.MostRecent, after.MostRecent) && before.Recommended == after.Recommended {
		return
	}
	is := answer(Verdict{after.Decided, after.MostRecent, after.Recommended})
	add(now, "LWX004", "", fmt.Sprintf("Before: %s. Now: %s.", answer(before), is))
}

// answer is a verdict in words.
func answer(v Verdict) string {
	if !v.Decided {
		return "not decided"
	}
	return fmt.Sprintf("most recent %s, continue from %s", strings.Join(v.MostRecent, ", "), v.Recommended)
}

// changedDirectories finds nodes whose files are not those of the report.
func (r *Report) changedDirectories(c *analyze.Cluster, inputs []Input) {
	for _, n := range c.Nodes {
		if n.Input >= len(inputs) {
			continue
		}
		in := inputs[n.Input]
		i := slices.IndexFunc(r.Inputs, func(x Input) bool { return x.Path == in.Path && x.Kind == in.Kind })
		if i < 0 || in.ManifestSHA256 == "" || r.Inputs[i].ManifestSHA256 == "" || in.ManifestSHA256 == r.Inputs[i].ManifestSHA256 {
			continue
		}
		add(c, "LWX002", n.Name, fmt.Sprintf("The digest over all files of %s was %s and is %s.", in.Path, r.Inputs[i].ManifestSHA256, in.ManifestSHA256))
	}
}

func add(c *analyze.Cluster, id, node, detail string) {
	c.Findings = append(c.Findings, analyze.Finding{ID: id, Node: node, Severity: analyze.Warning, Detail: detail})
}
