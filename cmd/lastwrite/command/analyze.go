package command

import (
	"github.com/spf13/cobra"
)

type analyzeOptions struct {
	inputOptions
	outputOptions
	FailOn   string
	Previous string
}

const quickUsage = "positions only: read names, metadata and the end of logs"

func newAnalyze(env Env) *cobra.Command {
	o := &analyzeOptions{}
	cmd := &cobra.Command{
		Use:   "analyze [NAME=]PATH...",
		Short: "Report who wrote last, what stops each start, and what to do",
		Long: `analyze finds the node directories in the given paths, reads them without
changing anything, ranks the nodes of each cluster, forecasts each start, and
says what is wrong and what can be done.

PATH is a node directory, a directory that holds several of them at any depth up
to 6, an archive (.tar, .tar.gz, .tar.zst, .zip) of either, or an evidence
bundle. Copies are best; originals are only read.

Then: explain tells more about a finding, plan writes down a way out.

Exit status 0: nothing in the way; 1: findings, see --fail-on; 3: wrong command
line or input; 4: incomplete, the report says why; 130: interrupted.`,
		Example: `  lastwrite analyze n1 n2 n3
  lastwrite analyze db1=/backup/a db2=/backup/b --lost 10.0.0.3:9000
  lastwrite analyze ticket.tar.zst -o text -o json=report.json -o html=page.html`,
		Args: atLeast(1, "a path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.outputOptions.validate(args); err != nil {
				return err
			}
			if o.FailOn != "error" && o.FailOn != "warning" && o.FailOn != "never" {
				return usage("--fail-on %s: not one of error, warning, never", o.FailOn)
			}
			if o.Custody && o.Quick {
				return usage("--custody needs the digests of all files, which --quick leaves out; give one of them")
			}
			var err error
			if o.previous, err = readPrevious(o.Previous); err != nil {
				return err
			}
			a, done, err := analyse(cmd.Context(), env, args, &o.inputOptions)
			if err != nil {
				return err
			}
			defer done()
			if err := o.write(env, a.document); err != nil {
				return err
			}
			return a.status(o.FailOn)
		},
	}
	o.inputOptions.addFlags(cmd.Flags())
	o.outputOptions.addFlags(cmd.Flags())
	cmd.Flags().BoolVar(&o.Quick, "quick", false, quickUsage)
	cmd.Flags().StringVar(&o.Previous, "previous", "", "warn of what is not as in this earlier `REPORT` (json)")
	cmd.Flags().BoolVar(&o.Custody, "custody", false, "add a chain of custody: when and with which program the input was read, and its digests before and after; reads it twice")
	cmd.Flags().StringVar(&o.FailOn, "fail-on", "error", "exit with status 1 for findings of this `SEVERITY` or worse: error, warning, never")
	return cmd
}
