package command

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// version and commit are set by the linker when a release is built:
//
//	-ldflags "-X github.com/lastwrite/lastwrite/cmd/lastwrite/command.version=0.1.0"
//
// Without them the build information of the Go toolchain speaks.
var version, commit string

// A build is what is known of the program's own making.
type build struct {
	version string
	commit  string    // "" if not known
	time    time.Time // of the commit, zero if not known
}

func thisBuild() build {
	b := build{version: version, commit: commit}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	modified := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			if b.commit == "" {
				b.commit = s.Value
			}
		case "vcs.time":
			b.time, _ = time.Parse(time.RFC3339, s.Value)
		case "vcs.modified":
			modified = s.Value == "true"
		}
	}
	if modified && commit == "" && b.commit != "" {
		b.commit += " with changes"
	}
	if b.version == "" {
		b.version = strings.TrimPrefix(info.Main.Version, "v")
	}
	if b.version == "" || b.version == "(devel)" {
		b.version = "devel"
	}
	return b
}

// Version is the version of the program, "devel" for a build that is none.
func Version() string { return thisBuild().version }

func newVersion(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, Go version and platform",
		Args:  exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			text := "lastwrite " + b.version + "\n"
			if b.commit != "" {
				text += "commit " + b.commit + "\n"
			}
			text += fmt.Sprintf("%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return printText(env, text)
		},
	}
}

// printText writes to standard output. A full disk is an error like any other.
func printText(env Env, text string) error {
	if _, err := io.WriteString(env.Stdout, text); err != nil {
		return &exit{ExitUsage, fmt.Errorf("standard output: %w", err)}
	}
	return nil
}
