package command

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// usageText prints the part of help that cobra makes from a command: how to
// call it, examples, commands, flags. It fits the terminal, and a page where
// there is none.
func usageText(env Env) func(*cobra.Command) error {
	return func(cmd *cobra.Command) error {
		width, _ := env.Terminal(env.Stdout)
		var b strings.Builder
		b.WriteString("Usage:\n")
		if cmd.Runnable() && cmd.HasParent() {
			fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
		}
		if cmd.HasAvailableSubCommands() {
			fmt.Fprintf(&b, "  %s COMMAND\n", cmd.CommandPath())
		}
		if cmd.HasExample() {
			fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
		}
		if cmd.HasAvailableSubCommands() {
			b.WriteString("\nCommands:\n")
			for _, c := range cmd.Commands() {
				if c.IsAvailableCommand() || c.Name() == "help" {
					fmt.Fprintf(&b, "  %-*s %s\n", c.NamePadding(), c.Name(), c.Short)
				}
			}
		}
		if cmd.HasAvailableLocalFlags() {
			flags := cmd.LocalFlags().FlagUsagesWrapped(min(cmp.Or(width, pageWidth), pageWidth))
			for line := range strings.Lines("\nFlags:\n" + flags) {
				b.WriteString(strings.TrimRight(line, " \n") + "\n")
			}
		}
		if cmd.HasAvailableSubCommands() {
			fmt.Fprintf(&b, "\nMore about a command: %s COMMAND --help\n", cmd.CommandPath())
		}
		_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
		return err
	}
}

// unlisted keeps flags that every command with nodes takes out of the help of
// one for which they change nothing.
func unlisted(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		cmd.Flags().Lookup(name).Hidden = true
	}
}
