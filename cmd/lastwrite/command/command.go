// Package command is the command line: one file a command, each of which
// parses flags and wires packages together. Exit statuses are decided here and
// nowhere else.
package command

import (
	"time"

	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/lastwrite/lastwrite/report/escape"
)

// The exit statuses. 2 is left to Go's own crash.
const (
	ExitOK          = 0
	ExitFindings    = 1
	ExitUsage       = 3
	ExitIncomplete  = 4
	ExitInterrupted = 130
)

// memoryLimit keeps the garbage collector from letting the heap grow to twice
// what is in use; nothing here needs more than a few tens of MiB.
const memoryLimit = 96 << 20

// An Env is what a command sees of the world.
type Env struct {
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	// Terminal tells whether a stream is a terminal, and its width.
	Terminal func(w io.Writer) (width int, ok bool)
	TempDir  string           // "" for the system's
	Now      func() time.Time // nil for the system's clock
}

// System returns the environment of the process.
func System() Env {
	return Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Terminal: terminal}
}

func terminal(w io.Writer) (int, bool) {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

// An exit is an error with a status of its own. A nil err is silent.
type exit struct {
	status int
	err    error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exit{ExitUsage, fmt.Errorf(format, args...)}
}

// Main runs a command line and returns the exit status.
func Main(args []string, env Env) int {
	interrupted, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	ctx, cancel := context.WithCancel(interrupted)
	defer cancel()
	out := &stdout{gone: cancel}
	if f, ok := env.Stdout.(*os.File); ok {
		signal.Ignore(syscall.SIGPIPE) // so that a write to a closed pipe is an error, and not the end
		out.file, env.Stdout = f, out
	}
	if env.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
		debug.SetGCPercent(400) // the limit is what counts
	}
	root := Root(env)
	root.SetArgs(args)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.InitDefaultCompletionCmd(args...)
	strictCompletion(root)
	err := root.ExecuteContext(ctx)
	closed, failed := out.status()
	switch {
	case err != nil && interrupted.Err() != nil:
		fmt.Fprintln(env.Stderr, "lastwrite: interrupted; nothing was left behind")
		return ExitInterrupted
	case err != nil && closed && errors.Is(err, context.Canceled):
		return ExitOK
	case failed != nil && (err == nil || !errors.Is(err, failed)):
		err = &exit{ExitUsage, fmt.Errorf("standard output: %w", failed)}
	}
	return complain(env, err)
}

// endings are the signals that end the program, all in the same way. A signal
// that the caller has switched off, as nohup does, stays off.
func endings() []os.Signal {
	return slices.DeleteFunc([]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}, signal.Ignored)
}

// complain prints an error and returns its exit status.
func complain(env Env, err error) int {
	if err == nil {
		return ExitOK
	}
	status := ExitUsage // what is left are the flag parser's complaints
	var e *exit
	if errors.As(err, &e) {
		status = e.status
		if e.err == nil {
			return status
		}
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(env.Stderr, "lastwrite: %s\n", escape.Text(line))
	}
	return status
}

// Root returns the command tree.
func Root(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "lastwrite",
		Short: "Tell which node of a dead database cluster wrote last, and write copies that start",
		Long: `lastwrite reads copies of the data directories of a dead database cluster and
answers offline, from the files alone: which node wrote last, what stops each
node from starting, what is lost with each choice. It starts no server and
never changes what it reads.`,
		Example: `  lastwrite analyze n1 n2 n3              # the report on the terminal
  lastwrite rank backup.tar.zst           # the answer alone, for scripts
  lastwrite plan n1 n2 n3 -o PLAN.json    # a plan to review
  lastwrite repair PLAN.json n1 n2 n3 --out repaired
  lastwrite help recovery galera          # from the first stop to the end`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return commandMistake(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetHelpCommand(newHelp(env))
	root.AddCommand(
		newAnalyze(env), newRank(env), newPlan(env), newRepair(env), newVerify(env), newBundle(env),
		newInspect(env), newDiff(env), newExtract(env), newExplain(env), newVersion(env), newMan(env),
	)
	root.SetUsageFunc(usageText(env))
	complete(env, root)
	root.SetFlagErrorFunc(flagMistake)
	return root
}

// colors are the values of --color.
func colors() []string { return []string{"auto", "always", "never"} }

const colorUsage = "`WHEN` to use color: auto (on a terminal, unless NO_COLOR is set), always, never"

func checkColor(choice string) error {
	if !slices.Contains(colors(), choice) {
		return usage("--color %s: not one of %s", choice, strings.Join(colors(), ", "))
	}
	return nil
}

// colored tells whether output to w has colors.
func colored(env Env, w io.Writer, choice string) bool {
	_, terminal := env.Terminal(w)
	return choice == "always" || choice == "auto" && terminal && env.Getenv("NO_COLOR") == "" && env.Getenv("TERM") != "dumb"
}

// atLeast is the argument check of commands that take paths.
func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage("%s is missing\nusage: %s", what, cmd.UseLine())
		}
		return nil
	}
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s wanted, %d given\nusage: %s", what, len(args), cmd.UseLine())
		}
		return nil
	}
}
