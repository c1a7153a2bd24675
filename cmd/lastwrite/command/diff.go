package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/internal/rebuild/logdiff"
	"github.com/lastwrite/lastwrite/report"
)

type diffOptions struct {
	inputOptions
	outputOptions
	Nodes []string
	Rows  bool
	Limit int
}

func newDiff(env Env) *cobra.Command {
	o := &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff [NAME=]A [NAME=]B",
		Short: "Show where the histories of two nodes part, and what only one has",
		Long: `diff says where the histories of two nodes of one cluster agree, where they
part, and what only one of them holds.

Of two cowsql or dqlite nodes it compares the logs entry by entry: which indexes
both hold, the first entry that differs, what only one side has. Then it
rebuilds the databases of both sides in a temporary directory, at the highest
index that their histories share and at the end of each, and counts the rows
that differ.

Of two Galera nodes it compares histories (state UUIDs), positions, and the
write-set caches seqno by seqno: the first write set that differs, what only one
side committed, and how each would join the other, by IST or by SST.

Of two Manticore hosts it compares every replication cluster that both are in:
state UUIDs, seqnos, the transactions of each table in the binary logs by TID
and content, and the write-set caches. It says which clusters only one is in.

Of two WeSQL nodes, or a node and an object store, it compares the consensus
logs entry by entry: where they part, what only one side holds, and what each
would delete if the other led.

Nodes without a common history are not compared any further. A and B are
directories or archives that hold one node each. One path with several nodes
will do, if --node names two of them. Of an evidence bundle the histories are
compared, and not the databases.

Rows may hold secrets; they are shown with --rows only, and of cowsql and dqlite
only. The exit status is 1 if anything differs.`,
		Example: `  lastwrite diff n1 n2
  lastwrite diff backup.tar.zst --node n1 --node n3 -o json
  lastwrite diff old=/backup/n1 new=/srv/n1 --rows --limit 5
  lastwrite diff node1 objectstore          # WeSQL: what is not archived`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.outputOptions.validate(args); err != nil {
				return err
			}
			for _, out := range o.parsed {
				if out.format != "text" && out.format != "json" {
					return usage("--output %s: diff prints text or json", out.format)
				}
			}
			if o.Limit < 0 {
				return usage("--limit %d: not a number of entries", o.Limit)
			}
			if len(o.Nodes) != 0 && len(o.Nodes) != 2 || len(args) == 1 && len(o.Nodes) != 2 {
				return usage("diff compares two nodes: give two paths, or name two nodes with --node\nusage: %s", cmd.UseLine())
			}
			return diff(cmd.Context(), env, args, o)
		},
	}
	o.inputOptions.addFlags(cmd.Flags())
	unlisted(cmd, "lost", "server")
	cmd.Flags().StringArrayVarP(&o.Outputs, "output", "o", nil, "print `FORMAT[=FILE]`: text or json (repeatable; default text)")
	cmd.Flags().StringArrayVar(&o.Nodes, "node", nil, "compare the node of this `NAME`, if a path holds several (give it twice)")
	cmd.Flags().BoolVar(&o.Rows, "rows", false, "show the rows that differ, which may hold secrets")
	cmd.Flags().IntVar(&o.Limit, "limit", 20, "show at most `N` entries, rows and tables in each list; 0 for all")
	o.Color = "never"
	return cmd
}

func diff(ctx context.Context, env Env, args []string, o *diffOptions) error {
	a, done, err := analyse(ctx, env, args, &o.inputOptions)
	if err != nil {
		return err
	}
	defer done()
	if o.Rows {
		if err := a.wantFiles("diff --rows"); err != nil {
			return err
		}
	}
	sides, err := a.diffSides(args, o.Nodes)
	if err != nil {
		return err
	}
	d, err := a.compare(ctx, env, sides, o)
	if err != nil {
		return err
	}
	for _, in := range a.inputs {
		described, err := in.check(ctx)
		if err == nil && !described.Unchanged {
			err = fmt.Errorf("%s changed while it was read: %s", described.Path, strings.Join(described.Changed, ", "))
		}
		if err != nil {
			return &exit{ExitIncomplete, err}
		}
	}
	if err := o.writeDiff(env, d); err != nil {
		return err
	}
	switch {
	case a.incomplete:
		a.complain(env.Stderr, o.Quiet)
		return &exit{ExitIncomplete, nil}
	case !d.identical():
		return &exit{ExitFindings, nil}
	}
	return nil
}

// A comparison is what diff prints.
type comparison interface {
	text(w io.Writer) error
	json(w io.Writer) error
	identical() bool
}

// compare compares two nodes in the manner of their family.
func (a *analysis) compare(ctx context.Context, env Env, nodes [2]*analyze.Node, o *diffOptions) (comparison, error) {
	if x, y := nodes[0].System, nodes[1].System; x != y {
		return nil, usage("%s is of the family %s and %s of %s: they have nothing to compare", nodes[0].Name, x, nodes[1].Name, y)
	}
	if product, other := map[string]string{"galera": "Galera", "manticore": "Manticore", "wesql": "WeSQL"}[nodes[0].System]; other && o.Rows {
		return nil, usage("--rows: rows are compared of cowsql and dqlite only; these are nodes of %s", product)
	}
	switch nodes[0].System {
	case "cowsql":
		return a.compareRaft(ctx, env, nodes, o)
	case "galera":
		return newGaleraDiff(nodes, o.Limit)
	case "manticore":
		return newManticoreDiff(nodes, o.Limit)
	case "wesql":
		return newWesqlDiff(ctx, nodes, o.Limit)
	}
	return nil, usage("diff does not compare nodes of the family %s", nodes[0].System)
}

// compareRaft compares logs and databases of cowsql and dqlite nodes.
func (a *analysis) compareRaft(ctx context.Context, env Env, nodes [2]*analyze.Node, o *diffOptions) (*diffDocument, error) {
	var sides [2]*raftNode
	for i, n := range nodes {
		var err error
		if sides[i], err = a.raftNode(n.Name); err != nil {
			return nil, err
		}
	}
	d, err := newDiffDocument(ctx, sides, o.Limit)
	switch {
	case err != nil || d.History == "none":
	case a.bundled() != nil:
		d.Databases = append(d.Databases, diffPoint{
			Problem:   "not in bundle; to compare them give the directories: " + shellWords(a.directories()),
			Databases: []diffDatabase{},
		})
	default:
		err = d.compareDatabases(ctx, env, sides, o)
	}
	if err != nil {
		return nil, &exit{ExitIncomplete, err}
	}
	d.conclude()
	return d, nil
}

// diffSides returns the two nodes to compare: those of the names, or the one
// of each input.
func (a *analysis) diffSides(args, names []string) (sides [2]*analyze.Node, err error) {
	var all []string
	for _, n := range a.nodes() {
		all = append(all, n.Name)
	}
	if len(all) == 0 {
		return sides, a.nothing()
	}
	for i, name := range names {
		if sides[i] = a.node(name); sides[i] == nil {
			return sides, usage("--node %s: the nodes here are %s", name, strings.Join(all, ", "))
		}
	}
	if len(names) == 2 {
		return sides, nil
	}
	for i := range sides {
		_, where := splitName(args[i])
		var here []string
		for _, n := range a.nodes() {
			if a.inputs[n.Input].argument == i {
				here = append(here, n.Name)
				sides[i] = n
			}
		}
		switch len(here) {
		case 0:
			return sides, &exit{ExitIncomplete, fmt.Errorf("%s: no node was recognised here", where)}
		case 1:
		default:
			return sides, usage("%s holds several nodes; choose one for each side with --node: %s", where, strings.Join(here, ", "))
		}
	}
	return sides, nil
}

// nodes returns every node once, by name: one host may be in several clusters.
func (a *analysis) nodes() []*analyze.Node {
	var out []*analyze.Node
	for _, c := range a.result.Clusters {
		for _, n := range c.Nodes {
			if !slices.ContainsFunc(out, func(o *analyze.Node) bool { return o.Name == n.Name }) {
				out = append(out, n)
			}
		}
	}
	slices.SortFunc(out, func(x, y *analyze.Node) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// newDiffDocument compares the logs.
func newDiffDocument(ctx context.Context, sides [2]*raftNode, limit int) (*diffDocument, error) {
	d := &diffDocument{
		Schema: "lastwrite.diff/1", Tool: reportTool(), System: "cowsql",
		A: newDiffNode(sides[0]), B: newDiffNode(sides[1]),
		Ranges: []diffSpan{}, Differences: []diffPair{}, OnlyA: []diffOnly{}, OnlyB: []diffOnly{}, Databases: []diffPoint{},
	}
	r, err := logdiff.Compare(ctx, sides[0].data.View, sides[1].data.View, limit)
	if err != nil {
		return nil, err
	}
	d.classify(r, sides)
	if d.History == "none" {
		return d, nil
	}
	if r.Common.First > 0 {
		d.Common = new(newDiffSpan(r.Common.First, r.Common.Last))
	}
	d.Equal, d.Different = r.Equal, r.Different
	for _, s := range r.Runs {
		d.Ranges = append(d.Ranges, newDiffSpan(s.First, s.Last))
	}
	if len(r.Runs) > 0 {
		d.FirstDifference = report.Number(r.Runs[0].First)
	}
	for _, p := range r.Pairs {
		x, err := logdiff.Describe(sides[0].data, p.A)
		if err != nil {
			return nil, err
		}
		y, err := logdiff.Describe(sides[1].data, p.B)
		if err != nil {
			return nil, err
		}
		d.Differences = append(d.Differences, diffPair{report.Number(p.A.Index), newDiffEntry(x), newDiffEntry(y)})
	}
	d.OnlyA, d.OnlyB = newDiffOnly(r.OnlyA), newDiffOnly(r.OnlyB)
	return d, d.readTails(ctx, r, sides, limit)
}

// classify says what the logs prove about a common history.
func (d *diffDocument) classify(r *logdiff.Result, sides [2]*raftNode) {
	at, forked := r.Forked()
	switch {
	case sides[0].cluster != sides[1].cluster:
		d.History, d.Reason = "none", fmt.Sprintf("%s and %s belong to different clusters", d.A.Name, d.B.Name)
	case r.Equal == 0 && r.Different > 0:
		d.History, d.Reason = "none", fmt.Sprintf("at none of the %s do they hold the same entry, although their configurations belong to one cluster; "+
			"where a file is missing in front of open segments all their entries stand at wrong indexes, see lastwrite analyze",
			counted(int64(r.Different), "common index", "common indexes"))
	case r.Equal == 0:
		d.History, d.Reason = "unknown", "the logs share no index"
	case forked:
		d.History, d.ForkPoint = "forked", report.Number(at)
		d.Reason = fmt.Sprintf("the histories part behind index %d and do not meet again", at)
	case r.Different > 0:
		d.History, d.Reason = "diverged", "equal entries follow the ones that differ, so term and index do not show it"
	default:
		d.History, d.Reason = "same", "all common entries are equal"
	}
}

// readTails describes what each side has behind the common history.
func (d *diffDocument) readTails(ctx context.Context, r *logdiff.Result, sides [2]*raftNode, limit int) error {
	if r.Common.First == 0 {
		return nil
	}
	d.After = &diffAfter{Index: report.Number(r.Common.Last)}
	if d.History == "forked" {
		d.After.Index = d.ForkPoint
	}
	for i, to := range []*diffTail{&d.After.A, &d.After.B} {
		t, err := logdiff.ReadTail(ctx, sides[i].data, uint64(d.After.Index)+1, r.Common.Last+1, limit)
		if err != nil {
			return err
		}
		*to = newDiffTail(t)
	}
	return nil
}

// conclude sets Identical.
func (d *diffDocument) conclude() {
	d.Identical = d.History == "same" || d.History == "unknown"
	for _, list := range [][]diffOnly{d.OnlyA, d.OnlyB} {
		for _, x := range list {
			d.Identical = d.Identical && x.Why == string(logdiff.Compacted)
		}
	}
	compared := false
	for _, p := range d.Databases {
		compared = compared || p.Problem == ""
		d.Identical = d.Identical && p.equal()
	}
	if d.History == "unknown" && !compared {
		d.Identical = false
	}
}

func (o *diffOptions) writeDiff(env Env, d comparison) error {
	for _, out := range o.parsed {
		var b bytes.Buffer
		render := d.text
		if out.format == "json" {
			render = d.json
		}
		if err := render(&b); err != nil {
			return &exit{ExitUsage, err}
		}
		if out.file != "" {
			if err := writeNew(out.file, b.Bytes()); err != nil {
				return err
			}
			continue
		}
		if _, err := env.Stdout.Write(b.Bytes()); err != nil {
			return &exit{ExitUsage, fmt.Errorf("standard output: %w", err)}
		}
	}
	return nil
}

func (d *diffDocument) identical() bool { return d.Identical }

func (d *diffDocument) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(d)
}
