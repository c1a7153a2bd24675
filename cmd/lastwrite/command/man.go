package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// noDate is how cobra/doc prints the zero time.
const noDate = `"Jan 0001"`

func newMan(env Env) *cobra.Command {
	dir := ""
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Print the manual page, or write all pages into a directory",
		Long: `man prints the manual page of the program in the format of man(7). With --dir
it writes one page for the program and one for each command into a directory,
which it makes if necessary. Pages that exist already are not overwritten.`,
		Example: `  lastwrite man | man -l -
  lastwrite man --dir ~/.local/share/man/man1`,
		Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			root := cmd.Root()
			root.DisableAutoGenTag = true
			if dir == "" {
				page, err := manPage(root)
				if err != nil {
					return err
				}
				return printText(env, string(page))
			}
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return usage("--dir %s: %w\ngive a directory, or a name that is free", dir, err)
			}
			return writePages(root, dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write the pages of all commands into this `DIR`")
	return cmd
}

// writePages writes the pages of cmd and of all commands below it.
func writePages(cmd *cobra.Command, dir string) error {
	page, err := manPage(cmd)
	if err != nil {
		return err
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	if err := writeNew(filepath.Join(dir, name), page); err != nil {
		return err
	}
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() {
			continue
		}
		c.DisableAutoGenTag = true
		if err := writePages(c, dir); err != nil {
			return err
		}
	}
	return nil
}

// manPage is the manual page of one command. It is dated by the commit, so
// that equal sources give equal pages.
func manPage(cmd *cobra.Command) ([]byte, error) {
	b := thisBuild()
	date := b.time.In(time.UTC)
	var buf bytes.Buffer
	header := &doc.GenManHeader{Date: &date, Source: "lastwrite " + b.version, Manual: "lastwrite"}
	if err := doc.GenMan(cmd, header, &buf); err != nil {
		return nil, fmt.Errorf("manual page of %s: %w", cmd.CommandPath(), err)
	}
	return bytes.Replace(buf.Bytes(), []byte(noDate), []byte(`""`), 1), nil
}
