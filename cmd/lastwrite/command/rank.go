package command

import (
	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/report/text"
)

func newRank(env Env) *cobra.Command {
	o := &analyzeOptions{}
	cmd := &cobra.Command{
		Use:   "rank [NAME=]PATH...",
		Short: "Print the answer alone, one line a node, for scripts",
		Long: `rank prints one line a node: rank (1 is the newest; - for a node that cannot be
ranked), node, position and what a start would come to, separated by tabs. With
several clusters a fifth column names the cluster. Nodes of one rank hold the
same. The last column is clean, discards, refuses, crashes, hangs or unknown.

Then: analyze says why. Exit status 0 whatever is found; 4: incomplete.`,
		Example: `  lastwrite rank n1 n2 n3
  lastwrite rank --quick /backup/today | head -n 1`,
		Args: atLeast(1, "a path"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, done, err := analyse(cmd.Context(), env, args, &o.inputOptions)
			if err != nil {
				return err
			}
			defer done()
			if err := text.Rank(env.Stdout, a.document); err != nil {
				return err
			}
			a.complain(env.Stderr, o.Quiet)
			return a.status("never")
		},
	}
	o.inputOptions.addFlags(cmd.Flags())
	cmd.Flags().BoolVar(&o.Quick, "quick", false, quickUsage)
	return cmd
}
