package command

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/repair"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

type planOptions struct {
	inputOptions
	Output  string
	ID      string
	Cluster string
}

func newPlan(env Env) *cobra.Command {
	o := &planOptions{}
	cmd := &cobra.Command{
		Use:   "plan [NAME=]PATH... -o PLAN.json",
		Short: "Write a plan of the recovery to a file, to be reviewed first",
		Long: `plan analyses the nodes and writes one of the plans that the report offers, the
first unless another is named, to a new file. The file holds every step and the
digest of every input file that it takes bytes from; repair refuses to work on
other bytes.

Then: read it, and carry it out with repair.`,
		Example: `  lastwrite plan n1 n2 n3 -o PLAN.json
  lastwrite plan n1 n2 n3 --plan continue-from-n2 -o PLAN.json
  lastwrite plan n1 n2 n3 --choose n1 -o PLAN.json    # if nothing else decides`,
		Args: atLeast(1, "a path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Output == "" {
				return usage("-o PLAN.json is missing\nusage: %s", cmd.UseLine())
			}
			return runPlan(cmd.Context(), env, args, o)
		},
	}
	o.inputOptions.addFlags(cmd.Flags())
	cmd.Flags().StringVarP(&o.Output, "output", "o", "", "write the plan to this new `FILE`")
	cmd.Flags().StringVar(&o.ID, "plan", "", "the plan with this `ID`, as analyze lists it (default: the first)")
	cmd.Flags().StringVar(&o.Choose, "choose", "", "continue from this `NODE`, where the evidence does not decide or you know better")
	cmd.Flags().StringVar(&o.Cluster, "cluster", "", "the cluster with this `ID`, if there are several")
	return cmd
}

func runPlan(ctx context.Context, env Env, args []string, o *planOptions) error {
	if err := checkOutput(o.Output, args); err != nil {
		return err
	}
	a, done, err := analyse(ctx, env, args, &o.inputOptions)
	if err != nil {
		return err
	}
	defer done()
	from := a.bundled()
	if from != nil && from.bundle.Manifest.Redaction == string(report.RedactStrict) {
		return usage("%s was made with --redact strict: nodes and files have other names in it, so no plan can be made from it", from.path)
	}
	c, p, err := o.pick(a)
	if err != nil {
		return err
	}
	if from != nil && c.System == "wesql" {
		return a.wantFiles("a plan for WeSQL nodes")
	}
	f, err := repair.New("lastwrite "+Version(), *c, *p, a.digest)
	if err != nil {
		return &exit{ExitIncomplete, err}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return err
	}
	if err := writeNew(o.Output, b.Bytes()); err != nil {
		return err
	}
	if from != nil {
		args = a.directories()
	}
	printPlan(env, p, o.Output, args)
	if from != nil {
		printFolded(env, "", escape.Text(from.path)+" is an evidence bundle: the plan was made from what it says, and repair needs the directories themselves")
	}
	return a.status("never")
}

// pick finds the plan that the options name.
func (o *planOptions) pick(a *analysis) (*analyze.Cluster, *analyze.Plan, error) {
	var found []*analyze.Cluster
	for i := range a.result.Clusters {
		c := &a.result.Clusters[i]
		if len(c.Plans) > 0 && (o.Cluster == "" || o.Cluster == c.ID) {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 0 && o.Cluster != "":
		return nil, nil, usage("there is no cluster %q with a plan; there are: %s", o.Cluster, oneOf(a.clustersWithPlans()))
	case len(found) == 0 && len(a.result.Clusters) == 0:
		return nil, nil, a.nothing()
	case len(found) == 0:
		return nil, nil, &exit{ExitFindings, fmt.Errorf("there is no plan for what was found\nsee what is wrong: lastwrite analyze %s\nand what can be done: lastwrite explain ID", a.commandLine())}
	case len(found) > 1:
		var ids []string
		for _, c := range found {
			ids = append(ids, c.ID)
		}
		return nil, nil, usage("there are plans for several clusters (%s): choose one with --cluster", strings.Join(ids, ", "))
	}
	c := found[0]
	var ids []string
	for i := range c.Plans {
		p := &c.Plans[i]
		ids = append(ids, p.ID)
		switch {
		case o.ID != "" && p.ID != o.ID, o.Choose != "" && (p.Base != o.Choose || !strings.HasPrefix(p.ID, "continue")):
			continue
		case o.ID == "" && o.Choose == "" && !c.Verdict.Decided:
			return nil, nil, usage("the evidence does not decide which node counts: %s\nchoose one with --choose NODE", c.Verdict.Reason)
		}
		return c, p, nil
	}
	if o.Choose != "" {
		return nil, nil, usage("no plan continues from %q; there are: %s", o.Choose, oneOf(ids))
	}
	return nil, nil, usage("there is no plan %q; there are: %s", o.ID, oneOf(ids))
}

// clustersWithPlans returns the IDs that --cluster takes.
func (a *analysis) clustersWithPlans() []string {
	var out []string
	for _, c := range a.result.Clusters {
		if len(c.Plans) > 0 {
			out = append(out, c.ID)
		}
	}
	return out
}

// commandLine is the inputs as they were given, for a shell.
func (a *analysis) commandLine() string {
	var out []string
	for _, in := range a.document.Inputs {
		if in.Node != "" {
			out = append(out, in.Node+"="+in.Path)
		} else {
			out = append(out, in.Path)
		}
	}
	return shellWords(out)
}

// digest returns size and SHA-256 of a node's file from the manifest of the
// input that holds it.
func (a *analysis) digest(node, file string) (int64, string, error) {
	for _, c := range a.result.Clusters {
		for _, n := range c.Nodes {
			if n.Name != node {
				continue
			}
			name := path.Join(n.Dir, file)
			for _, f := range a.inputs[n.Input].manifest.Files {
				if f.Path == name {
					return f.Size, hex.EncodeToString(f.SHA256[:]), nil
				}
			}
		}
	}
	return 0, "", fmt.Errorf("%s:%s has no digest: it could not be read", node, file)
}

// printPlan sums up what the plan does.
func printPlan(env Env, p *analyze.Plan, file string, args []string) {
	w := env.Stdout
	printFolded(env, "", escape.Text(p.Title))
	for _, l := range p.Loses {
		printFolded(env, "  loses  ", escape.Text(lossText(l)))
	}
	for _, t := range p.Warnings {
		printFolded(env, "  note   ", escape.Text(t))
	}
	fmt.Fprintf(w, "\nwritten to %s; review it, then:\n  lastwrite repair %s %s --out DIR\n", escape.Text(file), escape.Text(shellWord(file)), escape.Text(shellWords(args)))
}

func lossText(l analyze.Loss) string {
	text := phrase.Loss(&report.Loss{Entries: report.Number(l.Entries), FromIndex: report.Number(l.From), ToIndex: report.Number(l.To), Text: l.Text})
	if l.Node == "" {
		return text
	}
	return l.Node + ": " + text
}
