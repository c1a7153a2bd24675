package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/internal/bundle"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
)

type bundleOptions struct {
	inputOptions
	Output string
	Redact string
}

func newBundle(env Env) *cobra.Command {
	o := &bundleOptions{}
	cmd := &cobra.Command{
		Use:   "bundle [NAME=]PATH... -o FILE.tar.zst",
		Short: "Write the evidence for a ticket into a small file, without data",
		Long: `bundle reads node directories as analyze does and writes what it found of them
into one small file: which files there are with sizes and digests, terms,
indexes and seqnos, the checksum of every entry, state files, what the error
logs say. No row, no statement, no key and no password is in it.

analyze, rank, plan, diff and verify take the file in place of the directories,
alone or together with others, and come to the same result. Only what needs the
data itself is marked: not in bundle.

With --redact strict the names of hosts, clusters, databases and tables give way
to pseudonyms. No plan can be made from such a bundle.`,
		Example: `  lastwrite bundle n1 n2 n3 -o ticket.tar.zst
  lastwrite analyze ticket.tar.zst
  lastwrite bundle n1 n2 n3 --redact strict -o ticket.tar.zst`,
		Args: atLeast(1, "a path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.Output == "":
				return usage("-o FILE.tar.zst is missing\nusage: %s", cmd.UseLine())
			case !slices.Contains(report.Redactions(), report.Redaction(o.Redact)):
				return usage("--redact %s: not one of none, values, strict", o.Redact)
			}
			if err := checkBundleName(o.Output); err != nil {
				return err
			}
			return runBundle(cmd.Context(), env, args, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.System, "system", "", "read only this `FAMILY`: "+strings.Join(families(), ", "))
	f.BoolVar(&o.LiveOK, "live-ok", false, "read directories that a running server holds, too")
	f.BoolVar(&o.NoProgress, "no-progress", false, "no progress bar")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress bar and no complaints about single files")
	f.StringVarP(&o.Output, "output", "o", "", "write the bundle to this new `FILE`, a .tar.zst")
	f.StringVar(&o.Redact, "redact", string(report.RedactValues), "hide `LEVEL`: none, values (passwords, keys, tokens), strict (names of hosts and data too)")
	return cmd
}

// checkBundleName refuses a name that promises another kind of archive than a
// bundle is, to whoever opens the ticket.
func checkBundleName(name string) error {
	lower := strings.ToLower(name)
	for _, end := range []string{".zip", ".7z", ".rar", ".tar", ".tar.gz", ".tgz", ".gz", ".tar.bz2", ".bz2", ".tar.xz", ".xz"} {
		if strings.HasSuffix(lower, end) {
			return usage("%s: a bundle is a .tar.zst and nothing else; is this meant: -o %s.tar.zst", name, name[:len(name)-len(end)])
		}
	}
	return checkNew(name)
}

func runBundle(ctx context.Context, env Env, args []string, o *bundleOptions) error {
	if err := outsideInputs(o.Output, args); err != nil {
		return err
	}
	a, done, err := analyse(ctx, env, args, &o.inputOptions)
	if err != nil {
		return err
	}
	defer done()
	if b := a.bundled(); b != nil {
		return usage("%s is a bundle already", b.path)
	}
	b, err := a.bundle(report.Redaction(o.Redact))
	if err != nil {
		return &exit{ExitUsage, err}
	}
	size, err := b.Create(o.Output)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usage("%s exists already; nothing is overwritten", o.Output)
	case err != nil:
		return &exit{ExitUsage, fmt.Errorf("%s was not written: %w", o.Output, err)}
	}
	fmt.Fprintf(env.Stdout, "%s: %s, %s\n", escape.Text(o.Output), counted(int64(len(b.Manifest.Nodes)), "node", "nodes"), humanize.IBytes(uint64(size)))
	for _, text := range b.Manifest.Missing {
		fmt.Fprintf(env.Stdout, "  left out to stay small: %s\n", escape.Text(text))
	}
	a.complain(env.Stderr, o.Quiet)
	return a.status("never")
}

// bundle collects the evidence of all nodes.
func (a *analysis) bundle(r report.Redaction) (*bundle.Bundle, error) {
	text := a.document.Redactor(r)
	b := &bundle.Bundle{Manifest: bundle.Manifest{
		Tool: bundle.Tool{Name: "lastwrite", Version: Version()}, Redaction: string(r), Nodes: []bundle.Node{}, Notes: []bundle.Note{}, Missing: []string{},
	}}
	m := &b.Manifest
	for i, in := range a.inputs {
		kept, err := in.keep(a.described[i])
		if err != nil {
			return nil, err
		}
		m.Inputs = append(m.Inputs, kept)
	}
	for _, n := range a.document.Notes {
		m.Notes = append(m.Notes, bundle.Note(n))
	}
	for _, n := range a.result.Read {
		keeper, ok := n.Reading.(analyze.Keeper)
		if !ok {
			return nil, fmt.Errorf("%s: nodes of the family %s cannot be kept in a bundle", n.Node.Name, n.System)
		}
		if part, ok := keeper.(analyze.Partial); ok {
			for _, what := range part.Missing() {
				m.Missing = append(m.Missing, n.Node.Name+": "+what)
			}
		}
		c := n.Candidate
		err := b.Add(bundle.Node{
			System: n.System, Name: n.Node.Name, Input: n.Node.Input, Dir: c.Dir, Data: c.Data, Product: c.Product, Layout: c.Layout, Stale: c.Stale, Note: c.Note,
		}, keeper.Evidence(text), text)
		if err != nil {
			return nil, err
		}
	}
	m.Map(text)
	return b, nil
}

// keep describes an input and its files.
func (in *input) keep(described report.Input) (bundle.Input, error) {
	out := bundle.Input{
		Name: described.Node, Path: described.Path, Kind: described.Kind, ManifestSHA256: described.ManifestSHA256, Changed: described.Changed,
		Files: []bundle.File{}, Directories: []string{},
	}
	holds := map[string]bool{}
	for _, f := range in.manifest.Files {
		out.Files = append(out.Files, bundle.File{
			Path: f.Path, Size: f.Size, Mode: uint32(f.Mode.Perm()), Modified: f.ModTime, SHA256: fmt.Sprintf("%x", f.SHA256), Unreadable: f.Unreadable,
		})
		for dir := path.Dir(f.Path); !holds[dir]; dir = path.Dir(dir) {
			holds[dir] = true
		}
	}
	err := fs.WalkDir(in.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && !holds[name] {
			out.Directories = append(out.Directories, name)
		}
		return nil // what cannot be listed is among the notes
	})
	return out, err
}
