package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/repair"
	"github.com/lastwrite/lastwrite/report/escape"
)

type repairOptions struct {
	inputOptions
	Out string
}

func newRepair(env Env) *cobra.Command {
	o := &repairOptions{}
	cmd := &cobra.Command{
		Use:   "repair PLAN.json [NAME=]PATH... --out DIR",
		Short: "Carry a plan out on copies, and analyse the result",
		Long: `repair makes a new directory with one directory for each node, as the plan says,
from the same inputs that the plan was made from. The inputs are never changed.
The result is analysed like any other input; if it does not hold what the plan
promised, nothing is kept and the command fails.

DIR gets, beside the node directories: restore-notes.txt (owners, modes, keys to
put back, commands in order), MANIFEST.txt (hashdeep) and plan.json.

Then: follow restore-notes.txt. On the hosts verify --manifest tells whether all
files have arrived.`,
		Example: `  lastwrite repair PLAN.json n1 n2 n3 --out repaired
  lastwrite verify repaired --manifest repaired/MANIFEST.txt`,
		Args: atLeast(2, "a plan file or a path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Out == "" {
				return usage("--out DIR is missing\nusage: %s", cmd.UseLine())
			}
			return runRepair(cmd.Context(), env, args[0], args[1:], o)
		},
	}
	o.inputOptions.addFlags(cmd.Flags())
	unlisted(cmd, "lost")
	cmd.Flags().StringVar(&o.Out, "out", "", "write the directories below this new `DIR`")
	return cmd
}

func runRepair(ctx context.Context, env Env, planFile string, args []string, o *repairOptions) error {
	f, err := readPlan(planFile)
	if err != nil {
		return err
	}
	if err := checkOutput(o.Out, args); err != nil {
		return err
	}
	a, done, err := analyse(ctx, env, args, &o.inputOptions)
	if err != nil {
		return err
	}
	defer done()
	if err := a.wantFiles("repair"); err != nil {
		return err
	}
	if err := a.sameInputs(f); err != nil {
		return err
	}
	in, err := a.nodeFiles()
	if err != nil {
		return err
	}
	in, written := copied(in, f, newProgress(env, "writing", &o.inputOptions))
	err = repair.Execute(ctx, f, in, o.Out, func(dir string) error {
		written()
		if err := writeNotes(ctx, dir, f, a); err != nil {
			return err
		}
		return keepsPromise(ctx, env, dir, f, o)
	})
	written()
	if err != nil {
		return &exit{ExitUsage, fmt.Errorf("%w\nnothing was kept", err)}
	}
	fmt.Fprintf(env.Stdout, "%s\nwritten to %s and analysed: every node is what the plan promised\nnext: read %s\n",
		escape.Text(f.Plan.Title), escape.Text(o.Out), escape.Text(filepath.Join(o.Out, notesName)))
	for _, in := range a.document.Inputs {
		if !in.Unchanged {
			return &exit{ExitIncomplete, fmt.Errorf("%s changed while it was read: %s\nmake a copy that nothing writes to, and begin again with lastwrite plan", in.Path, strings.Join(in.Changed, ", "))}
		}
	}
	return nil
}

func readPlan(name string) (*repair.File, error) {
	const first = "the first argument is the file that lastwrite plan wrote"
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("%s: there is no such file; %s", name, first)
	}
	if err != nil {
		return nil, &exit{ExitUsage, err}
	}
	if !info.Mode().IsRegular() {
		return nil, usage("%s is no plan file; %s", name, first)
	}
	in, err := os.Open(name)
	if err != nil {
		return nil, &exit{ExitUsage, err}
	}
	defer in.Close()
	f, err := repair.Read(in)
	if err != nil {
		return nil, usage("%s: %w; %s", name, err, first)
	}
	return f, nil
}

// sameInputs refuses inputs that are not what the plan was made from.
func (a *analysis) sameInputs(f *repair.File) error {
	for _, d := range f.Inputs {
		size, sum, err := a.digest(d.Node, d.File)
		if err != nil {
			return usage("the plan needs %s:%s, which the inputs do not have; give the same paths and names as for the plan", d.Node, d.File)
		}
		if size != d.Size || sum != d.SHA256 {
			return usage("%s:%s is not what the plan was made from (SHA-256 %s, the plan has %s); make a new plan", d.Node, d.File, sum, d.SHA256)
		}
	}
	return nil
}

// nodeFiles returns the files of each node by its name.
func (a *analysis) nodeFiles() (repair.Inputs, error) {
	in := repair.Inputs{}
	for _, c := range a.result.Clusters {
		for _, n := range c.Nodes {
			dir, err := fs.Sub(a.inputs[n.Input].FS(), n.Dir)
			if err != nil {
				return nil, err
			}
			in[n.Name] = dir
		}
	}
	return in, nil
}

// keepsPromise analyses what was written and compares it with the plan.
func keepsPromise(ctx context.Context, env Env, dir string, f *repair.File, o *repairOptions) error {
	var args []argument
	for _, p := range f.Plan.Promise {
		if a := (argument{p.Node, filepath.Join(dir, filepath.FromSlash(p.Node))}); !slices.Contains(args, a) {
			args = append(args, a)
		}
	}
	if len(args) == 0 {
		return nil
	}
	options := inputOptions{System: f.System, Server: cmp.Or(o.Server, f.Plan.Server), NoProgress: o.NoProgress, Quiet: o.Quiet, LiveOK: true}
	a, done, err := analyseArguments(ctx, env, args, &options)
	if err != nil {
		return fmt.Errorf("the result could not be analysed: %w", err)
	}
	defer done()
	var errs []error
	for _, p := range f.Plan.Promise {
		n := a.member(p.Cluster, p.Node)
		switch {
		case n == nil:
			errs = append(errs, fmt.Errorf("%s: the result is no node directory%s", p.Node, of(p.Cluster)))
		case p.Error != "" && (n.Start.Outcome != analyze.Refuses || n.Start.Error != p.Error || len(n.Start.Others) > 0):
			errs = append(errs, fmt.Errorf("%s: the result%s is to join others, and its start is %s: %s", p.Node, of(p.Cluster), n.Start.Outcome, n.Start.Error))
		case p.Error == "" && n.Start.Outcome != analyze.Clean:
			errs = append(errs, fmt.Errorf("%s: the result%s %s instead of starting: %s", p.Node, of(p.Cluster), n.Start.Outcome, n.Start.Error))
		case !p.Kept(n.Position):
			errs = append(errs, fmt.Errorf("%s: the result%s reaches %d^%d, the plan promised %d^%d", p.Node, of(p.Cluster), n.Position.Term, n.Position.Index, p.Term, p.Index))
		}
	}
	return errors.Join(errs...)
}

// of names the cluster of a promise, if it is about one of several.
func of(cluster string) string {
	if cluster == "" {
		return ""
	}
	return " in cluster " + cluster
}

// member finds a node by its name in the cluster of that name, or in any if
// cluster is "".
func (a *analysis) member(cluster, name string) *analyze.Node {
	if cluster == "" {
		return a.node(name)
	}
	for _, c := range a.result.Clusters {
		i := slices.IndexFunc(c.Nodes, func(n *analyze.Node) bool { return n.Name == name })
		if c.Name == cluster && i >= 0 {
			return c.Nodes[i]
		}
	}
	return nil
}

// node finds a node of the result by its name.
func (a *analysis) node(name string) *analyze.Node {
	for _, c := range a.result.Clusters {
		i := slices.IndexFunc(c.Nodes, func(n *analyze.Node) bool { return n.Name == name })
		if i >= 0 {
			return c.Nodes[i]
		}
	}
	return nil
}
