package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/internal/bundle"
	"github.com/lastwrite/lastwrite/internal/source"
	"github.com/lastwrite/lastwrite/report"
)

// A bundled is one bundle of the command line.
type bundled struct {
	name   string // NAME= as given
	path   string
	info   os.FileInfo // when it was opened
	digest string      // SHA-256 of the file
	bundle *bundle.Bundle
}

// A storedInput is one path that a bundle was made from, an
// analyze.StoredSource.
type storedInput struct {
	from   *bundled
	number int
	files  fs.FS
}

// source is the input as an analysis takes it.
func (in *input) source() analyze.Source {
	if in.stored != nil {
		return in.stored
	}
	return in
}

// Name is the NAME= of a bundle with one node.
func (s *storedInput) Name() string {
	if len(s.from.bundle.Manifest.Nodes) == 1 {
		return s.from.name
	}
	return ""
}

// openBundle opens a path that is a bundle. The inputs are nil for every other.
func openBundle(ctx context.Context, arg argument) ([]*input, error) {
	info, err := os.Stat(arg.path)
	if err != nil {
		return nil, nil // source.Open says it better
	}
	b, ok, err := bundle.Open(ctx, arg.path)
	switch {
	case err != nil && ctx.Err() == nil:
		return nil, usage("%w", err)
	case err != nil || !ok:
		return nil, err
	}
	from := &bundled{name: arg.name, path: arg.path, info: info, digest: fileDigest(arg.path), bundle: b}
	var out []*input
	for i := range b.Manifest.Inputs {
		kept := &b.Manifest.Inputs[i]
		in := &input{name: arg.name, manifest: &source.Manifest{}}
		for _, f := range kept.Files {
			file := source.ManifestFile{Path: f.Path, Size: f.Size, Mode: fs.FileMode(f.Mode).Perm(), ModTime: f.Modified, Unreadable: f.Unreadable}
			if n, err := hex.Decode(file.SHA256[:], []byte(f.SHA256)); err != nil || n != 0 && n != len(file.SHA256) {
				return nil, usage("%s: manifest.json: the digest of %q is none", arg.path, f.Path)
			}
			in.manifest.Files = append(in.manifest.Files, file)
		}
		in.stored = &storedInput{from: from, number: i, files: kept.FS()}
		out = append(out, in)
	}
	if len(out) == 0 {
		return nil, usage("%s: a bundle of nothing", arg.path)
	}
	return out, nil
}

// Path is the path that the bundle was made from.
func (s *storedInput) Path() string { return s.from.bundle.Manifest.Inputs[s.number].Path }

// FS lists the files.
func (s *storedInput) FS() fs.FS { return s.files }

// Found implements analyze.Source: no server runs on a bundle.
func (s *storedInput) Found([]string) error { return nil }

// Sweep implements analyze.Source: there is nothing to read.
func (s *storedInput) Sweep(context.Context, func(string) analyze.Take) error { return nil }

// Stored implements analyze.StoredSource.
func (s *storedInput) Stored() []analyze.StoredNode {
	var out []analyze.StoredNode
	for i := range s.from.bundle.Manifest.Nodes {
		n := &s.from.bundle.Manifest.Nodes[i]
		if n.Input != s.number {
			continue
		}
		node := analyze.StoredNode{System: n.System, Name: n.Name, Candidate: n.Candidate(), Evidence: s.from.bundle.Evidence[i]}
		if s.from.name != "" && len(s.from.bundle.Manifest.Nodes) > 1 {
			node.Name = s.from.name + "/" + n.Name
		}
		out = append(out, node)
	}
	return out
}

// describe is the line of the report for the whole bundle.
func (b *bundled) describe() report.Input {
	out := report.Input{Node: b.name, Path: b.path, Kind: "bundle", Changed: []string{}, Unchanged: true}
	sum := sha256.New()
	for _, in := range b.bundle.Manifest.Inputs {
		out.Files += len(in.Files)
		for _, f := range in.Files {
			out.Bytes += f.Size
		}
		out.ManifestSHA256 = in.ManifestSHA256
		fmt.Fprintf(sum, "%s\n", in.ManifestSHA256)
	}
	if len(b.bundle.Manifest.Inputs) > 1 {
		out.ManifestSHA256 = hex.EncodeToString(sum.Sum(nil))
	}
	if info, err := os.Stat(b.path); err != nil || info.Size() != b.info.Size() || !info.ModTime().Equal(b.info.ModTime()) || !os.SameFile(info, b.info) {
		out.Changed, out.Unchanged = []string{b.path}, false
	}
	return out
}

// notes are what the maker of the bundle could not read, and what it left out.
func (b *bundled) notes() (out []report.Note, incomplete bool) {
	m := &b.bundle.Manifest
	for _, n := range m.Notes {
		out = append(out, report.Note(n))
		incomplete = incomplete || n.Severity == string(analyze.Error)
	}
	for _, in := range m.Inputs {
		if len(in.Changed) > 0 {
			out = append(out, report.Note{Severity: string(analyze.Warning), Path: in.Path, Text: "changed while the bundle was made: " + strings.Join(in.Changed, ", ")})
		}
	}
	if b.holds("wesql") {
		out = append(out, report.Note{Severity: string(analyze.Info), Path: b.path, Text: "not in bundle: log files and options of WeSQL nodes, whose bytes plans move; make them from the directories"})
	}
	for _, text := range m.Missing {
		out = append(out, report.Note{Severity: string(analyze.Info), Path: b.path, Text: "not in bundle: " + text})
	}
	return out, incomplete
}

// holds reports whether a node of a family is in the bundle.
func (b *bundled) holds(system string) bool {
	return slices.ContainsFunc(b.bundle.Manifest.Nodes, func(n bundle.Node) bool { return n.System == system })
}

// bundled returns the first bundle among the inputs, nil if there is none.
func (a *analysis) bundled() *bundled {
	for _, in := range a.inputs {
		if in.stored != nil {
			return in.stored.from
		}
	}
	return nil
}

// wantFiles refuses bundles for a command that works on the files themselves.
func (a *analysis) wantFiles(command string) error {
	if b := a.bundled(); b != nil {
		return b.refuse(command)
	}
	return nil
}

// refuse says that a command works on the files that a bundle has not.
func (b *bundled) refuse(command string) error {
	return usage("%s is an evidence bundle, and %s needs the data that is not in it: give the directories that it was made from: %s",
		b.path, command, shellWords(b.madeFrom()))
}

// directories are the arguments that name the inputs themselves, those that
// bundles were made from too.
func (a *analysis) directories() []string {
	var out []string
	for _, in := range a.inputs {
		switch {
		case in.stored == nil && in.name != "":
			out = append(out, in.name+"="+in.Path())
		case in.stored == nil:
			out = append(out, in.Path())
		case in.stored.number == 0:
			out = append(out, in.stored.from.madeFrom()...)
		}
	}
	return out
}

// madeFrom are the paths that the bundle was made from, as arguments.
func (b *bundled) madeFrom() []string {
	var out []string
	for _, in := range b.bundle.Manifest.Inputs {
		if in.Name != "" {
			out = append(out, in.Name+"="+in.Path)
		} else {
			out = append(out, in.Path)
		}
	}
	return out
}
