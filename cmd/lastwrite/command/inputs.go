package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/analyze/previous"
	"github.com/lastwrite/lastwrite/internal/source"
	"github.com/lastwrite/lastwrite/report"
)

// inputOptions are the flags of every command that reads nodes.
type inputOptions struct {
	System     string
	Server     string
	Lost       []string
	Quick      bool
	Deep       bool
	Choose     string
	LiveOK     bool
	NoProgress bool
	Quiet      bool
	NoDigests  bool // nobody looks at the digests of the files
	Custody    bool // say when and with what was read, and hash it again

	previous *previous.Report // to compare with, nil for none
}

func (o *inputOptions) addFlags(f *pflag.FlagSet) {
	f.StringVar(&o.System, "system", "", "read only this `FAMILY`: "+strings.Join(families(), ", "))
	f.StringVar(&o.Server, "server", "", "forecast starts for this `SERVER`: "+strings.Join(cowsql.Servers(), ", ")+", or a release of Manticore such as 29.0.2 (default: as the files tell)")
	f.StringArrayVar(&o.Lost, "lost", nil, "the member of this `NAME` or address is gone for good (repeatable)")
	f.BoolVar(&o.LiveOK, "live-ok", false, "read directories that a running server holds, too")
	f.BoolVar(&o.NoProgress, "no-progress", false, "no progress bar")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "no progress bar and no complaints about single files")
}

// An input is one opened path with what was learned about it.
type input struct {
	name     string
	argument int // number of the path on the command line, from 0
	tree     *source.Tree
	manifest *source.Manifest
	progress source.Progress
	unhashed bool
	partial  error // the archive is not whole

	stored *storedInput // of a bundle; there is no tree then
}

func (in *input) Name() string { return in.name }

// Path implements analyze.Source.
func (in *input) Path() string {
	if in.stored != nil {
		return in.stored.Path()
	}
	return in.tree.Path()
}

// FS implements analyze.Source.
func (in *input) FS() fs.FS {
	if in.stored != nil {
		return in.stored.FS()
	}
	return in.tree.FS()
}

// Found implements analyze.Source.
func (in *input) Found(dirs []string) error { return in.tree.RefuseLive(append(dirs, ".")...) }

// Sweep implements analyze.Source.
func (in *input) Sweep(ctx context.Context, take func(string) analyze.Take) error {
	read := in.tree.Sweep
	if in.unhashed {
		read = in.tree.Read
	}
	m, err := read(ctx, func(name string) source.Consumer {
		if t := take(name); t != nil {
			return source.Consumer(t)
		}
		return nil
	}, in.progress)
	in.manifest = m
	return err
}

// An argument is one [NAME=]PATH of the command line.
type argument struct{ name, path string }

func arguments(args []string) []argument {
	out := make([]argument, len(args))
	for i, a := range args {
		out[i].name, out[i].path = splitName(a)
	}
	return out
}

// splitName takes NAME=PATH apart.
func splitName(arg string) (name, file string) {
	if name, file, ok := strings.Cut(arg, "="); ok && name != "" && !strings.ContainsAny(name, `/\`) {
		return name, file
	}
	return "", arg
}

// openAll opens every path. On error everything is closed again.
func openAll(ctx context.Context, env Env, args []argument, o *inputOptions) (inputs []*input, closeAll func(), err error) {
	closeAll = func() {
		for _, in := range inputs {
			if in.tree != nil {
				in.tree.Close()
			}
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	names := map[string]bool{}
	for number, arg := range args {
		name, file := arg.name, arg.path
		if file == "" {
			return inputs, closeAll, usage("an argument names no path; write PATH or NAME=PATH")
		}
		if name != "" && names[name] {
			return inputs, closeAll, usage("the name %q is given twice; give each node a name of its own", name)
		}
		names[name] = true
		stored, err := openBundle(ctx, arg)
		if err != nil {
			return inputs, closeAll, err
		}
		for _, in := range stored {
			in.argument = number
		}
		if inputs = append(inputs, stored...); len(stored) > 0 {
			continue
		}
		tree, err := source.Open(ctx, file, source.Options{TempDir: env.TempDir, LiveOK: o.LiveOK})
		var incomplete *source.IncompleteError
		switch {
		case tree != nil && errors.As(err, &incomplete):
			inputs = append(inputs, &input{name: name, tree: tree, partial: err})
		case err != nil:
			return inputs, closeAll, &exit{ExitUsage, err}
		default:
			inputs = append(inputs, &input{name: name, tree: tree})
		}
		last := inputs[len(inputs)-1]
		last.argument = number
		last.progress, last.unhashed = newProgress(env, nth("reading", len(inputs), len(args)), o), o.NoDigests
	}
	return inputs, closeAll, nil
}

// check asks whether an input changed while it was read, and describes it.
func (in *input) check(ctx context.Context) (report.Input, error) {
	if in.stored != nil {
		return in.stored.from.describe(), nil
	}
	m := in.manifest
	out := report.Input{Node: in.name, Path: in.tree.Path(), Kind: string(in.tree.Kind()), Changed: []string{}}
	if m == nil {
		m = in.tree.Opened()
	} else {
		out.ManifestSHA256 = m.SHA256()
	}
	for _, f := range m.Files {
		out.Files++
		out.Bytes += f.Size
	}
	changed, err := in.tree.Check(ctx, m)
	if err != nil {
		return out, err
	}
	out.Changed = append(out.Changed, changed...)
	out.Unchanged = len(changed) == 0
	return out, nil
}

// notes turns what could not be read into notes of the report. incomplete is
// true if any of it may have held something that mattered.
func notes(inputs []*input, result *analyze.Result) (out []report.Note, incomplete bool) {
	add := func(severity analyze.Severity, where, format string, args ...any) {
		out = append(out, report.Note{Severity: string(severity), Path: where, Text: fmt.Sprintf(format, args...)})
		incomplete = incomplete || severity == analyze.Error
	}
	for _, in := range inputs {
		if in.stored != nil {
			if in.stored.number == 0 {
				kept, unread := in.stored.from.notes()
				out, incomplete = append(out, kept...), incomplete || unread
			}
			continue
		}
		if in.partial != nil {
			add(analyze.Error, in.tree.Path(), "%s", in.partial)
		}
		for _, s := range in.tree.Strangers() {
			severity := analyze.Info
			if s.Unread {
				severity = analyze.Error
			}
			add(severity, path.Join(in.tree.Path(), s.Path), "%s", s.Reason)
		}
	}
	for _, p := range result.Problems {
		add(analyze.Error, p.Path, "%s", p.Err)
	}
	for _, p := range result.Empty {
		i := slices.IndexFunc(inputs, func(in *input) bool { return in.stored == nil && in.Path() == p })
		add(analyze.Error, p, "%s", unrecognised(inputs[i]))
	}
	return out, incomplete
}

// checkOutput refuses an output path that exists, or lies inside an input.
func checkOutput(out string, args []string) error {
	if err := checkNew(out); err != nil {
		return err
	}
	return outsideInputs(out, args)
}

// outsideInputs refuses an output path that lies inside an input.
func outsideInputs(out string, args []string) error {
	abs, err := filepath.Abs(out)
	if err != nil {
		return &exit{ExitUsage, err}
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return &exit{ExitUsage, err}
	}
	for _, arg := range args {
		_, file := splitName(arg)
		in, err := filepath.Abs(file)
		if err == nil {
			in, err = filepath.EvalSymlinks(in)
		}
		if err != nil {
			continue // opening it will say what is wrong
		}
		if rel, err := filepath.Rel(in, parent); err == nil && filepath.IsLocal(rel) {
			return usage("%s lies inside the input %s; nothing is ever written there\nchoose a place outside of it", out, file)
		}
	}
	return nil
}
