package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/internal/source"
	"github.com/lastwrite/lastwrite/repair"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

type verifyOptions struct {
	inputOptions
	Manifest string
	Write    string
}

func newVerify(env Env) *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify [NAME=]DIR...",
		Short: "Check whether a backup or a repaired copy would start",
		Long: `verify reads a backup or a repaired copy in full and says for each node
directory whether the server would start on it with everything it holds. A
Galera node whose bootstrap is refused is good if another of the given ones
starts, which it can join.

With --deep every page of every InnoDB tablespace is checked in the same pass:
its checksum, its place, and the tablespace that it belongs to. With --manifest
the files are compared with a hashdeep manifest as well.

Exit status 0: every directory would start and is complete; 1: not so; then
explain tells about the findings that are named.`,
		Example: `  lastwrite verify /backup/today/n1
  lastwrite verify repaired/n1 repaired/n2 repaired/n3
  lastwrite verify repaired --manifest repaired/MANIFEST.txt`,
		Args: atLeast(1, "a directory"),
		RunE: func(cmd *cobra.Command, args []string) error { return runVerify(cmd.Context(), env, args, o) },
	}
	o.inputOptions.addFlags(cmd.Flags())
	unlisted(cmd, "lost")
	cmd.Flags().BoolVar(&o.Deep, "deep", false, "check every page of every InnoDB tablespace")
	cmd.Flags().StringVar(&o.Manifest, "manifest", "", "compare the one DIR given with this hashdeep `FILE` (paths relative to DIR)")
	cmd.Flags().StringVar(&o.Write, "write-manifest", "", "write a manifest of the one DIR given to this new `FILE`")
	return cmd
}

func runVerify(ctx context.Context, env Env, args []string, o *verifyOptions) error {
	if (o.Manifest != "" || o.Write != "") && len(args) != 1 {
		return usage("a manifest belongs to one directory, and %d are given", len(args))
	}
	if o.Write != "" {
		if err := checkOutput(o.Write, args); err != nil {
			return err
		}
	}
	o.NoDigests = o.Deep && o.Manifest == "" && o.Write == ""
	a, done, err := analyse(ctx, env, args, &o.inputOptions)
	if err != nil {
		return err
	}
	defer done()
	if o.Deep || o.Manifest != "" || o.Write != "" {
		if err := a.wantFiles("verify with --deep or a manifest"); err != nil {
			return err
		}
	}
	bad := false
	for _, c := range a.result.Clusters {
		for _, n := range c.Nodes {
			bad = !verdict(env, c, n, phrase.FullPosition(a.reported(c.ID, n.Name))) || bad
			bad = !pages(env, n) || bad
		}
	}
	whole, err := a.verifyRebuilds(ctx, env)
	if err != nil {
		return err
	}
	bad = bad || !whole
	for _, n := range a.document.Notes {
		if n.Severity == "error" {
			printFolded(env, escape.Text(n.Path)+": ", escape.Text(n.Text))
		}
	}
	if o.Manifest != "" {
		f, err := os.Open(o.Manifest)
		if err != nil {
			return &exit{ExitUsage, err}
		}
		defer f.Close()
		same, err := compareManifest(env, o.Manifest, f, a.inputs[0].manifest)
		if err != nil {
			return err
		}
		bad = bad || !same
	}
	if o.Write != "" {
		var b bytes.Buffer
		if err := a.inputs[0].manifest.WriteHashdeep(&b); err != nil {
			return err
		}
		if err := writeNew(o.Write, b.Bytes()); err != nil {
			return err
		}
	}
	if err := a.status("never"); err != nil {
		return err
	}
	if bad {
		return &exit{ExitFindings, nil}
	}
	return nil
}

// verdict prints what would happen to one directory, and reports whether it is
// fit for use.
func verdict(env Env, c analyze.Cluster, n *analyze.Node, position string) bool {
	starts := func(n *analyze.Node) bool { return n.Start.Outcome == analyze.Clean }
	joins := n.Start.Joins && !starts(n) && slices.ContainsFunc(c.Nodes, starts)
	var problems []analyze.Finding
	for _, f := range c.Findings {
		if f.Node == n.Name && f.Severity == analyze.Error {
			problems = append(problems, f)
		}
	}
	good := (starts(n) || joins) && len(problems) == 0
	word := "good"
	if !good {
		word = "BAD "
	}
	text := map[analyze.Outcome]string{
		analyze.Clean: "starts with everything it holds", analyze.Discards: "starts, and drops data without a word",
		analyze.Refuses: "does not start", analyze.Crashes: "crashes", analyze.Hangs: "hangs", analyze.Unknown: "the evidence does not tell whether it starts",
	}[n.Start.Outcome]
	if joins {
		text = "joins the others when they run; on its own it does not start"
	}
	switch {
	case n.Start.Error == "" || joins:
	case starts(n):
		text += "; while the others are down it prints: " + n.Start.Error
	default:
		text += ": " + n.Start.Error
	}
	printFolded(env, fmt.Sprintf("%s  %s  %s  ", word, escape.Text(n.Name), escape.Text(position)), escape.Text(text))
	for _, f := range problems {
		printFolded(env, "      "+f.ID+"  ", escape.Text(f.Detail))
	}
	return good
}

// reported returns a node as the report has it.
func (a *analysis) reported(cluster, node string) *report.Node {
	for i := range a.document.Clusters {
		c := &a.document.Clusters[i]
		for j := range c.Nodes {
			if c.ID == cluster && c.Nodes[j].Name == node {
				return &c.Nodes[j]
			}
		}
	}
	return &report.Node{}
}

// manifestOf returns the hashdeep text for all files below a directory that
// lastwrite wrote.
func manifestOf(ctx context.Context, dir string) ([]byte, error) {
	t, err := source.Open(ctx, dir, source.Options{LiveOK: true})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	m, err := t.Sweep(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	m.Files = slices.DeleteFunc(m.Files, func(f source.ManifestFile) bool { return f.Path == repair.Marker })
	var b bytes.Buffer
	err = m.WriteHashdeep(&b)
	return b.Bytes(), err
}

// compareManifest prints what differs between a manifest file and a tree.
func compareManifest(env Env, name string, f io.Reader, have *source.Manifest) (same bool, err error) {
	want, err := source.ReadHashdeep(f)
	if err != nil {
		return false, usage("%s: %w", name, err)
	}
	same = true
	say := func(what, file string) {
		same = false
		fmt.Fprintf(env.Stdout, "BAD   %s: %s\n", escape.Text(file), what)
	}
	files := map[string]source.ManifestFile{}
	for _, x := range have.Files {
		files[x.Path] = x
	}
	for _, w := range want {
		x, ok := files[w.Path]
		switch {
		case !ok:
			say("is in the manifest and not here", w.Path)
		case x.Size != w.Size || x.SHA256 != w.SHA256:
			say("is not what the manifest says", w.Path)
		}
		delete(files, w.Path)
	}
	for _, x := range have.Files {
		if _, left := files[x.Path]; left && x.Path != manifestName {
			say("is here and not in the manifest", x.Path)
		}
	}
	if same {
		fmt.Fprintf(env.Stdout, "good  all %d files are what the manifest says\n", len(want))
	}
	return same, nil
}
