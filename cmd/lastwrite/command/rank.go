package command

import (
	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/report/text"
)

func newRank(env Env) *cobra.Command {
	o := &analyzeOptions{}
	cmd := &cobra.Command{
		Use:   "rank [NAME=]PATH...",
		Short: "Print the answer alone: rank, node, position and start forecast, tab separated",
		Long: `rank prints one line a node: rank (1 is the newest; - for a node that cannot be
ranked), node, position and what a start would come to, separated by tabs. With
several clusters a fifth column names the cluster.`,
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
	cmd.Flags().BoolVar(&o.Quick, "quick", false, "read names, metadata and the end of the log only")
	return cmd
}
