package command

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"github.com/lastwrite/lastwrite/repair"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
)

const (
	manifestName = "MANIFEST.txt"
	planName     = "plan.json"
	maxPlan      = 64 << 20 // bytes of a plan that is looked at
)

// rebuildPlan returns the plan of a directory that repair wrote without any data
// directory in it, because the servers make theirs themselves; nil for others.
func rebuildPlan(in *input) *repair.File {
	f, err := in.FS().Open(planName)
	if err != nil {
		return nil
	}
	defer f.Close()
	plan, err := repair.Read(io.LimitReader(f, maxPlan))
	if err != nil || len(plan.Plan.Promise) > 0 {
		return nil
	}
	if info, err := fs.Stat(in.FS(), manifestName); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return plan
}

// verifyRebuilds checks what repair wrote for servers that make their data
// directories themselves: there is nothing to start in it, and its own manifest
// says whether it is whole. Such a directory is no gap in the answer.
func (a *analysis) verifyRebuilds(ctx context.Context, env Env) (good bool, err error) {
	good = true
	for _, in := range a.inputs {
		if in.stored != nil || !slices.Contains(a.result.Empty, in.Path()) {
			continue
		}
		plan := rebuildPlan(in)
		if plan == nil {
			continue
		}
		if in.unhashed {
			if in.manifest, err = in.tree.Sweep(ctx, nil, nil); err != nil {
				return false, &exit{ExitIncomplete, err}
			}
		}
		f, err := in.FS().Open(manifestName)
		if err != nil {
			return false, &exit{ExitIncomplete, err}
		}
		fmt.Fprintf(env.Stdout, "%s: no data directory is here, as planned\n      %s\n", escape.Text(in.Path()), escape.Text(plan.Plan.Title))
		same, err := compareManifest(env, path.Join(in.Path(), manifestName), f, in.manifest)
		f.Close()
		if err != nil {
			return false, err
		}
		good = good && same
		said := unrecognised(in)
		a.result.Empty = slices.DeleteFunc(a.result.Empty, func(p string) bool { return p == in.Path() })
		a.document.Notes = slices.DeleteFunc(a.document.Notes, func(n report.Note) bool { return n.Path == in.Path() && n.Text == said })
	}
	_, a.incomplete = notes(a.inputs, a.result)
	return good, nil
}
