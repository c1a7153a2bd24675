package command

import (
	"os"

	"github.com/lastwrite/lastwrite/analyze/previous"
)

// readPrevious reads the report of --previous, nil without one.
func readPrevious(name string) (*previous.Report, error) {
	if name == "" {
		return nil, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, usage("--previous: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, usage("--previous %s: not a regular file", name)
	}
	in, err := os.Open(name)
	if err != nil {
		return nil, usage("--previous: %w", err)
	}
	defer in.Close()
	r, err := previous.Read(in)
	if err != nil {
		return nil, usage("--previous: %s %w", name, err)
	}
	return r, nil
}

// previousInputs are the inputs as an earlier report may have them: what stands
// for a directory in a bundle is that directory.
func (a *analysis) previousInputs() []previous.Input {
	var out []previous.Input
	for i, in := range a.inputs {
		d := a.described[i]
		if in.stored != nil {
			kept := in.stored.from.bundle.Manifest.Inputs[in.stored.number]
			d.Path, d.Kind, d.ManifestSHA256 = kept.Path, kept.Kind, kept.ManifestSHA256
		}
		out = append(out, previous.Input{Path: d.Path, Kind: d.Kind, ManifestSHA256: d.ManifestSHA256})
	}
	return out
}
