package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/internal/source"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

type inspectOptions struct {
	Hex    bool
	Limit  int
	LiveOK bool
}

func newInspect(env Env) *cobra.Command {
	o := &inspectOptions{}
	cmd := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Decode one file of a node, or list a whole directory",
		Long: `inspect decodes one file of a node. The name tells the type, or, for files that
were renamed, the content. Of a directory or an archive it says in one line each
what the files are. It reads

  cowsql, dqlite   segments, snapshots and their .meta files, metadata1 and
                   metadata2, info.yaml, cluster.yaml
  Galera           grastate.dat, gvwstate.dat, galera.cache, tablespaces (every
                   page is checked), redo logs, binary logs, tc.log, records of
                   backups, option files, error logs
  Manticore        manticore.json, transaction logs and their list, headers of
                   tables, positions in shared memory, manticore.conf,
                   searchd.log
  WeSQL            the consensus log and its archive; CURRENT, checkpoints,
                   manifests, logs and extents of the engine

With --hex it prints the bytes of one file, field by field, beside their
meaning. Content is never shown, as it may hold secrets: rows, pages and
statements appear as a count of bytes, passwords not at all.

The exit status is 1 if something is damaged.`,
		Example: `  lastwrite inspect n1
  lastwrite inspect n1/0000000000000043-0000000000000108
  lastwrite inspect n1/open-1 --hex --limit 3
  lastwrite inspect backup/node1/galera.cache --limit 20`,
		Args: exactly(1, "one path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Limit < 0 {
				return usage("--limit %d: not a number of entries", o.Limit)
			}
			return inspect(cmd.Context(), env, args[0], o)
		},
	}
	cmd.Flags().BoolVar(&o.Hex, "hex", false, "print the bytes of one file, annotated; never content of databases")
	cmd.Flags().IntVar(&o.Limit, "limit", 100, "show at most `N` entries, pages or frames; 0 for all")
	cmd.Flags().BoolVar(&o.LiveOK, "live-ok", false, "read directories that a running server holds, too")
	return cmd
}

func inspect(ctx context.Context, env Env, arg string, o *inspectOptions) error {
	info, err := os.Stat(arg)
	regular := err == nil && info.Mode().IsRegular()
	if regular && (kindOfName(filepath.Base(arg)) != kindUnknown || decoderOf(filepath.Base(arg), nil) != nil) {
		return inspectOne(ctx, env, arg, o)
	}
	if stored, err := openBundle(ctx, argument{path: arg}); err != nil {
		return err
	} else if len(stored) > 0 {
		return stored[0].stored.from.refuse("inspect")
	}
	tree, err := source.Open(ctx, arg, source.Options{TempDir: env.TempDir, LiveOK: o.LiveOK})
	var notArchive *source.NotArchiveError
	var input *source.InputError
	var incomplete *source.IncompleteError
	switch {
	case regular && (errors.As(err, &notArchive) || errors.As(err, &input) && input.Problem == source.Empty):
		return inspectOne(ctx, env, arg, o)
	case tree == nil:
		return &exit{ExitUsage, err}
	}
	defer tree.Close()
	if o.Hex {
		return usage("--hex prints one file, and %s is none", arg)
	}
	if err := tree.RefuseLive("."); err != nil {
		return &exit{ExitUsage, err}
	}
	damaged, listErr := listTree(ctx, env, tree)
	if listErr != nil {
		return listErr
	}
	if err := unchanged(ctx, tree); err != nil {
		return err
	}
	switch {
	case errors.As(err, &incomplete):
		return &exit{ExitIncomplete, err}
	case damaged:
		return &exit{ExitFindings, nil}
	}
	return nil
}

// inspectOne decodes one regular file. It is opened from its directory, by the
// same careful means as all other input.
func inspectOne(ctx context.Context, env Env, arg string, o *inspectOptions) error {
	real, err := filepath.EvalSymlinks(arg)
	if err != nil {
		return &exit{ExitUsage, err}
	}
	tree, err := source.Open(ctx, filepath.Dir(real), source.Options{TempDir: env.TempDir, LiveOK: true})
	if err != nil {
		return &exit{ExitUsage, err}
	}
	defer tree.Close()
	f, err := openInspected(tree.FS(), filepath.Base(real), filepath.Base(arg))
	if err != nil {
		return &exit{ExitUsage, fmt.Errorf("%s: %w", arg, err)}
	}
	defer f.file.Close()
	if err := f.read(); err != nil {
		return &exit{ExitIncomplete, fmt.Errorf("%s: %w", arg, err)}
	}
	if f.kind == kindUnknown {
		return &exit{ExitIncomplete, fmt.Errorf("%s: neither the name nor the content is that of a file that tells anything about a position", arg)}
	}
	// What is shown is shown only after it is known that nothing moved.
	var out bytes.Buffer
	if o.Hex {
		err = f.hex(&out, o.Limit)
	} else {
		err = f.describe(&printer{w: &out}, o.Limit)
	}
	if err != nil {
		return err
	}
	if err := unchanged(ctx, tree); err != nil {
		return err
	}
	if _, err := env.Stdout.Write(out.Bytes()); err != nil {
		return &exit{ExitUsage, fmt.Errorf("standard output: %w", err)}
	}
	if f.damaged() {
		return &exit{ExitFindings, nil}
	}
	return nil
}

// unchanged returns an error if a file changed while it was read.
func unchanged(ctx context.Context, tree *source.Tree) error {
	changed, err := tree.Check(ctx, tree.Opened())
	if err == nil && len(changed) > 0 {
		err = fmt.Errorf("%s changed while it was read: %s", tree.Path(), strings.Join(changed, ", "))
	}
	if err != nil {
		return &exit{ExitIncomplete, err}
	}
	return nil
}

// listTree lists the node directories of a tree, or its root if there is none.
func listTree(ctx context.Context, env Env, tree *source.Tree) (damaged bool, err error) {
	var dirs []string
	for _, system := range systems.All() {
		found, err := system.Find(tree.FS())
		if err != nil {
			return false, &exit{ExitIncomplete, err}
		}
		for _, c := range found {
			if dir := path.Join(c.Dir, c.Data); !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	p := &printer{w: env.Stdout}
	for i, dir := range dirs {
		if i > 0 {
			p.line("")
		}
		p.line("%s", path.Join(filepath.ToSlash(tree.Path()), dir))
		bad, err := listDirectory(ctx, p, tree.FS(), dir)
		if err != nil {
			return false, &exit{ExitIncomplete, err}
		}
		damaged = damaged || bad
	}
	if p.err != nil {
		return false, &exit{ExitUsage, fmt.Errorf("standard output: %w", p.err)}
	}
	return damaged, nil
}

// listDirectory prints one line for every name in a directory.
func listDirectory(ctx context.Context, p *printer, fsys fs.FS, dir string) (damaged bool, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return false, err
	}
	width := 0
	for _, e := range entries {
		width = max(width, min(len(e.Name()), len(format.ClosedName(1, 1))))
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		text := ""
		switch {
		case e.IsDir():
			text = "directory"
		case !e.Type().IsRegular():
			text = "neither a file nor a directory, not opened"
		default:
			var bad bool
			if text, bad, err = summary(fsys, path.Join(dir, e.Name())); err != nil {
				text = "cannot be read: " + err.Error()
			}
			damaged = damaged || bad || err != nil
		}
		p.line("  %-*s  %s", width, e.Name(), text)
	}
	return damaged, nil
}

// summary says in one line what a file is.
func summary(fsys fs.FS, name string) (text string, damaged bool, err error) {
	f, err := openInspected(fsys, name, path.Base(name))
	if err != nil {
		return "", false, err
	}
	defer f.file.Close()
	if f.kind == kindUnknown {
		if err := f.decode(true); err != nil {
			return "", false, err
		}
		if f.other == nil {
			return "no file that tells anything about a position", false, nil
		}
		return f.summary(), f.damaged(), nil
	}
	if err := f.read(); err != nil {
		return "", false, err
	}
	return f.summary(), f.damaged(), nil
}
