package command

import (
	"cmp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/docs/recovery"
)

// recoveryTopic is the topic of help that is no command.
const recoveryTopic = "recovery"

// newHelp is the command that cobra would make, with topics beside commands.
func newHelp(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | recovery [FAMILY]]",
		Short: "Help about a command, or a walk-through: help recovery [FAMILY]",
		Long: `help shows what a command does and which flags it has.

help recovery leads through a recovery: what to stop, what to copy and how, what
to run, how to read the verdict, what to do with the plan, what never to do.
There is a page for each family: ` + strings.Join(recovery.Families(), ", ") + `.`,
		Example: `  lastwrite help analyze
  lastwrite help recovery
  lastwrite help recovery galera`,
		ValidArgsFunction: completeHelp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && args[0] == recoveryTopic {
				return showRecovery(env, args[1:])
			}
			about, rest, err := cmd.Root().Find(args)
			if err != nil || about == nil || len(rest) > 0 {
				return usage("there is no command or topic %q; see: lastwrite help", strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag() // so that it is listed
			return about.Help()
		},
	}
}

// showRecovery prints the walk-through of a family.
func showRecovery(env Env, args []string) error {
	if len(args) > 1 {
		return usage("one family at a time: lastwrite help recovery %s", args[0])
	}
	family := strings.ToLower(strings.Join(args, ""))
	page, ok := recovery.Page(family)
	if !ok {
		return usage("there is no walk-through for %q; there is one for %s: lastwrite help recovery FAMILY", args[0], strings.Join(recovery.Families(), ", "))
	}
	width, _ := env.Terminal(env.Stdout)
	return printText(env, renderPage(page, min(cmp.Or(width, pageWidth), pageWidth), colored(env, env.Stdout, "auto")))
}

// completeHelp offers commands, then topics, then families.
func completeHelp(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	switch {
	case len(args) == 0:
		for _, c := range cmd.Root().Commands() {
			if c.IsAvailableCommand() {
				out = append(out, cobra.CompletionWithDesc(c.Name(), c.Short))
			}
		}
		out = append(out, cobra.CompletionWithDesc(recoveryTopic, "A walk-through from the first stop to the running cluster"))
	case len(args) == 1 && args[0] == recoveryTopic:
		out = append(out, recovery.Families()...)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
