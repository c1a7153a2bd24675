// Package repair writes plans to files and carries them out: it makes new
// directories from parts of the input, analyses what it wrote, and fails if
// that is not what the plan promised. It knows nothing of database families.
package repair

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/lastwrite/lastwrite/analyze"
)

// Schema is the version of the plan file.
const Schema = "lastwrite.plan/1"

// A File is a plan as it is reviewed and handed on.
type File struct {
	Schema  string       `json:"schema"`
	Tool    string       `json:"tool"`
	System  string       `json:"system"`
	Product string       `json:"product"`
	Cluster string       `json:"cluster"` // its id in the report
	Plan    analyze.Plan `json:"plan"`
	Inputs  []Digest     `json:"inputs"` // every input file that the plan takes bytes from
}

// A Digest identifies the content of an input file.
type Digest struct {
	Node   string `json:"node"`
	File   string `json:"file"` // relative to the node's directory
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Read reads a plan file and checks that it stays inside its directories.
func Read(r io.Reader) (*File, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var f File
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("not a plan file: %w", err)
	}
	if f.Schema != Schema {
		return nil, fmt.Errorf("not a plan file of this version: schema %q, want %q", f.Schema, Schema)
	}
	return &f, f.validate()
}

// Write writes the plan file.
func (f *File) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(f)
}

// validate refuses steps that reach out of the output or the input.
func (f *File) validate() error {
	local := func(name string) bool { return filepath.IsLocal(filepath.FromSlash(name)) }
	var errs []error
	for i, s := range f.Plan.Steps {
		ok := local(s.File) && (s.Node == "" || local(s.Node))
		for _, p := range s.Parts {
			ok = ok && (p.Node == "" || local(p.File)) && p.Offset >= 0 && p.Length >= -1
		}
		for _, m := range s.Members {
			ok = ok && (m.Data != nil || local(m.File) && local(m.Node)) && local(m.Name)
		}
		if !ok {
			errs = append(errs, fmt.Errorf("step %d (%s %s/%s) leaves its directory", i+1, s.Op, s.Node, s.File))
		}
	}
	return errors.Join(errs...)
}

// uses lists the input files that the plan takes bytes from.
func uses(p *analyze.Plan) []Digest {
	var out []Digest
	seen := map[Digest]bool{}
	for _, s := range p.Steps {
		for _, part := range s.Parts {
			d := Digest{Node: part.Node, File: part.File}
			if part.Node != "" && !seen[d] {
				seen[d] = true
				out = append(out, d)
			}
		}
	}
	return out
}

// New makes the plan file of one plan. digest returns size and digest of an
// input file.
func New(tool string, c analyze.Cluster, p analyze.Plan, digest func(node, file string) (int64, string, error)) (*File, error) {
	f := &File{Schema: Schema, Tool: tool, System: c.System, Product: c.Product, Cluster: c.ID, Plan: p, Inputs: []Digest{}}
	for _, d := range uses(&p) {
		var err error
		if d.Size, d.SHA256, err = digest(d.Node, d.File); err != nil {
			return nil, err
		}
		f.Inputs = append(f.Inputs, d)
	}
	return f, f.validate()
}
