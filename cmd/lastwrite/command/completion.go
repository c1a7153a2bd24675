package command

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/analyze/systems"
)

// completionTime is how long a look into the nodes may take before the shell
// goes on without it.
const completionTime = 2 * time.Second

// complete tells the shell what can stand behind each flag and each command.
func complete(env Env, root *cobra.Command) {
	values := map[string][]cobra.Completion{
		"color":   colors(),
		"fail-on": {"error\tfindings that stop a start or lose data", "warning\tthose that a person should look at too", "never\twhatever is found"},
		"redact":  {"none\tnothing is hidden", "values\tpasswords, keys and tokens", "strict\tthe names of hosts and data too"},
		"server":  cowsql.Servers(),
		"system":  families(),
	}
	reads := map[string]func(*analyze.Result) []cobra.Completion{
		"choose": nodeNames, "node": nodeNames, "cluster": clusterIDs, "lost": missingMembers,
	}
	formats := map[string][]cobra.Completion{
		"analyze": {"text\tfor the terminal", "json\tfor scripts", "markdown\tfor a ticket", "html\ta page to look at"},
		"diff":    {"text\tfor the terminal", "json\tfor scripts"},
	}
	for _, cmd := range root.Commands() {
		register := func(flag string, f cobra.CompletionFunc) {
			if cmd.Flags().Lookup(flag) != nil {
				_ = cmd.RegisterFlagCompletionFunc(flag, f) // the flag is there, and has none yet
			}
		}
		for flag, list := range values {
			register(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp))
		}
		for flag, names := range reads {
			register(flag, completeFromNodes(env, names))
		}
		if list := formats[cmd.Name()]; list != nil {
			register("output", completeFormat(list))
		}
		switch cmd.Name() {
		case "analyze", "rank", "plan", "verify", "bundle", "diff", "extract":
			cmd.ValidArgsFunction = completePath
		case "repair":
			cmd.ValidArgsFunction = completeRepair
		case "version", "man":
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

// strictCompletion makes the command that prints the scripts refuse a shell
// that it does not know.
func strictCompletion(root *cobra.Command) {
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil || cmd == root {
		return
	}
	var shells []string
	for _, c := range cmd.Commands() {
		shells = append(shells, c.Name())
	}
	cmd.Args = nil
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return usage("there is no completion for %q; there is one for %s", args[0], oneOf(shells))
	}
}

func families() []cobra.Completion {
	var out []cobra.Completion
	for _, s := range systems.All() {
		out = append(out, s.Name())
	}
	return out
}

// completePath offers directories and archives. What stands behind NAME= is
// left to the shell.
func completePath(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if strings.Contains(word, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return []cobra.Completion{"tar", "tar.gz", "tgz", "tar.zst", "tzst", "zip"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeRepair offers the plan first, then paths.
func completeRepair(cmd *cobra.Command, given []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(given) == 0 {
		return []cobra.Completion{"json"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return completePath(cmd, given, word)
}

// completeFormat offers the formats, and files behind "FORMAT=".
func completeFormat(formats []cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if strings.Contains(word, "=") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return formats, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFromNodes offers names that stand in the nodes of the directories on
// the command line. Archives are left out: to unpack them takes too long.
func completeFromNodes(env Env, names func(*analyze.Result) []cobra.Completion) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var directories []argument
		for _, a := range arguments(given) {
			if info, err := os.Stat(a.path); err == nil && info.IsDir() {
				directories = append(directories, a)
			}
		}
		if len(directories) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		a, done, err := analyseArguments(ctx, env, directories, &inputOptions{Quick: true, Quiet: true, LiveOK: true})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer done()
		return names(a.result), cobra.ShellCompDirectiveNoFileComp
	}
}

// nodeNames offers each node once, also one of several clusters. Who is most
// recent is not said: that takes more than a quick look.
func nodeNames(r *analyze.Result) []cobra.Completion {
	var out []cobra.Completion
	for _, c := range r.Clusters {
		for _, n := range c.Nodes {
			if name := cobra.CompletionWithDesc(n.Name, n.System+", "+n.Path); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func clusterIDs(r *analyze.Result) []cobra.Completion {
	var out []cobra.Completion
	for _, c := range r.Clusters {
		out = append(out, cobra.CompletionWithDesc(c.ID, fmt.Sprintf("%s, %d nodes", strings.TrimSpace(c.Product+" "+c.Name), len(c.Nodes))))
	}
	return out
}

func missingMembers(r *analyze.Result) []cobra.Completion {
	var out []cobra.Completion
	for _, c := range r.Clusters {
		out = append(out, c.Verdict.Missing...)
	}
	return out
}
