package command

import (
	"context"
	"errors"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/report"
)

// An analysis is one run over the inputs, with its report.
type analysis struct {
	inputs     []*input
	described  []report.Input // in the same order
	result     *analyze.Result
	document   *report.Document
	incomplete bool
}

// analyse opens the paths, runs all families and builds the report. close
// releases the inputs.
func analyse(ctx context.Context, env Env, args []string, o *inputOptions) (a *analysis, closeAll func(), err error) {
	return analyseArguments(ctx, env, arguments(args), o)
}

func analyseArguments(ctx context.Context, env Env, args []argument, o *inputOptions) (a *analysis, closeAll func(), err error) {
	var chain *report.Custody
	if o.Custody {
		chain = custody(env)
	}
	inputs, closeAll, err := openAll(ctx, env, args, o)
	if err != nil {
		return nil, closeAll, err
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	sources := make([]analyze.Source, len(inputs))
	for i, in := range inputs {
		sources[i] = in.source()
	}
	all := systems.All()
	if o.System != "" && !known(all, o.System) {
		return nil, closeAll, usage("--system %s: not one of %s", o.System, names(all))
	}
	result, err := analyze.Run(ctx, sources, all, analyze.Options{System: o.System, Server: o.Server, Lost: o.Lost, Quick: o.Quick, Deep: o.Deep, Choose: o.Choose})
	if err != nil {
		return nil, closeAll, &exit{ExitUsage, err}
	}
	a = &analysis{inputs: inputs, result: result}
	var listed []report.Input
	for _, in := range inputs {
		d, err := in.check(ctx)
		if err != nil {
			return nil, closeAll, &exit{ExitIncomplete, err}
		}
		a.described = append(a.described, d)
		if in.stored == nil || in.stored.number == 0 {
			listed = append(listed, d)
		}
	}
	if o.previous != nil {
		o.previous.Compare(result.Clusters, a.previousInputs(), o.Lost)
	}
	var n []report.Note
	n, a.incomplete = notes(inputs, result)
	if err := o.checkLost(env, result.Clusters, a.incomplete); err != nil {
		return nil, closeAll, err
	}
	if chain != nil {
		if err := conclude(ctx, env, chain, inputs); err != nil {
			return nil, closeAll, err
		}
	}
	a.document = report.New(report.Tool{Name: "lastwrite", Version: Version()}, listed, result.Clusters, n, catalog.Catalog{})
	a.document.SetCustody(chain)
	return a, closeAll, nil
}

// status is the exit status that the report asks for.
func (a *analysis) status(failOn string) error {
	if a.incomplete {
		return &exit{ExitIncomplete, nil}
	}
	for _, c := range a.document.Clusters {
		for _, f := range c.Findings {
			if failOn == "error" && f.Severity == "error" || failOn == "warning" && f.Severity != "info" {
				return &exit{ExitFindings, nil}
			}
		}
	}
	return nil
}

func known(all []analyze.System, name string) bool {
	for _, s := range all {
		if s.Name() == name {
			return true
		}
	}
	return false
}

func names(all []analyze.System) string {
	out := ""
	for i, s := range all {
		if i > 0 {
			out += ", "
		}
		out += s.Name()
	}
	return out
}

// errOf returns the first error that is not nil.
func errOf(errs ...error) error { return errors.Join(errs...) }
