package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/internal/database"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	"github.com/lastwrite/lastwrite/report/escape"
)

type extractOptions struct {
	inputOptions
	Out     string
	Node    string
	At      uint64
	Salvage bool
}

func newExtract(env Env) *cobra.Command {
	o := &extractOptions{}
	cmd := &cobra.Command{
		Use:   "extract [NAME=]PATH --out DIR",
		Short: "Write the databases of a cowsql or dqlite node as of a log index",
		Long: `extract writes the SQLite databases that a cowsql or dqlite node held when the
entry at an index of its log had been applied: the newest sound snapshot up to
that index, and every later transaction laid over it. Without --at that is the
last entry of the log, whether a quorum had committed it or not.

DIR gets one file a database and MANIFEST.json, which names the input files
with their digests. SQLite checks every file; the exit status is 1 if it finds
one unsound. Rows are written to those files only, never to the terminal.

Where entries are missing extract refuses, and says which indexes can be had.
With --salvage it writes what is left: files with the ending .unsafe, which mix
states of different times, and a README.txt that says why (exit status 1).`,
		Example: `  lastwrite extract n1 --out n1.databases
  lastwrite extract n1 --at 4711 --out before-the-accident
  lastwrite extract backup.tar.zst --node n2 --out n2.databases`,
		Args: exactly(1, "one path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Out == "" {
				return usage("--out is missing\nusage: %s", cmd.UseLine())
			}
			if cmd.Flags().Changed("at") && o.At == 0 {
				return usage("--at 0: a log begins at index 1")
			}
			return extract(cmd.Context(), env, args, o)
		},
	}
	o.inputOptions.addFlags(cmd.Flags())
	unlisted(cmd, "lost", "server")
	cmd.Flags().StringVar(&o.Out, "out", "", "write the databases into this new `DIR`")
	cmd.Flags().StringVar(&o.Node, "node", "", "the node of this `NAME`, if the path holds several")
	cmd.Flags().Uint64Var(&o.At, "at", 0, "as of this log `INDEX` (default: the last one)")
	cmd.Flags().BoolVar(&o.Salvage, "salvage", false, "go on where something is missing, and mark the result unsafe")
	return cmd
}

func extract(ctx context.Context, env Env, args []string, o *extractOptions) error {
	out, err := newStaging(o.Out)
	if err != nil {
		return err
	}
	a, done, err := analyse(ctx, env, args, &o.inputOptions)
	if err != nil {
		return err
	}
	defer done()
	if err := a.wantFiles("extract"); err != nil {
		return err
	}
	n, err := a.raftNode(o.Node)
	if err != nil {
		return err
	}
	if err := out.begin(a.inputs); err != nil {
		return err
	}
	defer out.discard()
	index := o.At
	if index == 0 {
		if index = rebuild.End(n.data.View); index == 0 {
			return &exit{ExitIncomplete, fmt.Errorf("%s holds neither a log entry nor a snapshot, so there is no database to extract", n.Name)}
		}
	}
	progress := n.input.progress
	options := rebuild.Options{Salvage: o.Salvage}
	if progress != nil {
		progress.Start(0)
		defer progress.Done()
		options.Read = progress.Add
	}
	state, err := rebuild.At(ctx, n.data, index, out.dir, options)
	if err != nil {
		return rebuildError(n.Name, o.Out, err)
	}
	m, err := newExtractManifest(ctx, n, state, out)
	if err != nil {
		return err
	}
	described, err := n.input.check(ctx)
	if err == nil && !described.Unchanged {
		err = fmt.Errorf("%s changed while it was read: %s", described.Path, strings.Join(described.Changed, ", "))
	}
	if err != nil {
		return &exit{ExitIncomplete, err}
	}
	if err := out.write(rebuild.ManifestFile, m.encode()); err != nil {
		return err
	}
	if state.Unsafe != nil {
		if err := out.write(rebuild.ReadmeFile, m.readme()); err != nil {
			return err
		}
	}
	if err := out.commit(); err != nil {
		return err
	}
	if err := m.print(env.Stdout, out.final); err != nil {
		return &exit{ExitUsage, fmt.Errorf("standard output: %w", err)}
	}
	switch {
	case a.incomplete:
		a.complain(env.Stderr, o.Quiet)
		return &exit{ExitIncomplete, nil}
	case !m.sound():
		return &exit{ExitFindings, nil}
	}
	return nil
}

// rebuildError says what to do about databases that cannot be rebuilt.
func rebuildError(node, out string, err error) error {
	var output *rebuild.OutputError
	if errors.As(err, &output) {
		return &exit{ExitUsage, fmt.Errorf("%s was not written: %w", out, err)}
	}
	var missing *rebuild.MissingError
	if !errors.As(err, &missing) {
		return &exit{ExitIncomplete, fmt.Errorf("%s: %w", node, err)}
	}
	text := fmt.Sprintf("%s: %s", node, missing)
	for i, r := range missing.Ranges {
		if i == 0 {
			text += "\nwhat can be had with --at: " + r.String()
		} else {
			text += ", " + r.String()
		}
	}
	return &exit{ExitIncomplete, errors.New(text + "\n--salvage writes what is left, marked as unsafe")}
}

// print says what was written. Names come from the evidence.
func (m *extractManifest) print(w io.Writer, dir string) error {
	p := &printer{w: w}
	p.line("%s as of index %s, term %d: %s", m.Node, humanize.Comma(int64(m.Index)), m.Term, m.origin())
	for _, d := range m.Databases {
		verdict := "integrity check ok"
		if !d.Integrity.OK {
			verdict = "INTEGRITY CHECK FAILED"
		}
		p.line("  %s: %s pages, %s bytes, %s", d.File, humanize.Comma(d.Pages), humanize.Comma(d.Bytes), verdict)
		p.messages(d.Integrity.Messages)
		for _, t := range d.Tables {
			if t.Problem != "" {
				p.line("    %s: %s", t.Name, t.Problem)
				continue
			}
			p.line("    %s: %s", t.Name, counted(t.Rows, "row", "rows"))
		}
	}
	if len(m.Databases) == 0 {
		p.line("  no database had been written to at that index")
	}
	for _, why := range m.Unsafe {
		p.line("  UNSAFE: %s", why)
	}
	p.line("written to %s", dir)
	return p.err
}

func (m *extractManifest) origin() string {
	if m.Snapshot == nil {
		return counted(int64(m.Entries), "log entry", "log entries")
	}
	return fmt.Sprintf("%s and %s", m.Snapshot.File, counted(int64(m.Entries), "later log entry", "later log entries"))
}

// A printer writes lines of text from evidence and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, escape.Text(fmt.Sprintf(format, args...)))
	}
}

// shownMessages is how many lines of SQLite's complaints are printed.
const shownMessages = 5

// messages prints the first lines of what SQLite says, whose messages may have
// several.
func (p *printer) messages(list []string) {
	lines := strings.Split(strings.Join(list, "\n"), "\n")
	for i, line := range lines {
		if i == shownMessages {
			p.line("      and %s, see %s", counted(int64(len(lines)-i), "more line", "more lines"), rebuild.ManifestFile)
			return
		}
		if line != "" {
			p.line("      %s", line)
		}
	}
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + many
}

// tablesOf is what the check counted.
func tablesOf(r database.Result) []tableCount {
	out := []tableCount{}
	for _, t := range r.Tables {
		out = append(out, tableCount{t.Name, t.Rows, t.Problem})
	}
	return out
}
