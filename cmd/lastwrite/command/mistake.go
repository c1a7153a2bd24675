package command

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagMistake is what the flag parser refuses, with what to do instead.
func flagMistake(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest(names, unknown.GetSpecifiedName()); near != "" {
			return usage("%w; is --%s meant?\nsee: %s --help", err, near, cmd.CommandPath())
		}
	case errors.As(err, &value):
		wanted := "a value of another kind is wanted"
		switch value.GetFlag().Value.Type() {
		case "bool":
			wanted = "true or false is wanted, or the flag alone"
		case "int", "uint64":
			wanted = "a whole number is wanted"
		}
		return usage("--%s %s: %s\nsee: %s --help", value.GetFlag().Name, value.GetValue(), wanted, cmd.CommandPath())
	}
	return usage("%w\nsee: %s --help", err, cmd.CommandPath())
}

// commandMistake is the answer to a word that is no command.
func commandMistake(root *cobra.Command, word string) error {
	if _, err := os.Stat(word); err == nil {
		return usage("%q is a path and no command; is this meant: lastwrite analyze %s", word, word)
	}
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	if near := nearest(names, word); near != "" {
		return usage("there is no command %q; is this meant: lastwrite %s\nsee: lastwrite help", word, near)
	}
	return usage("there is no command %q; see: lastwrite help", word)
}

// nearest returns the name that a word was meant to be, "" if it is like none.
func nearest(names []string, word string) string {
	const most = 2 // characters that may be wrong
	if len(names) == 0 {
		return ""
	}
	name := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(distance(a, word), distance(b, word)) })
	if distance(name, word) > most || len(word) <= most {
		return ""
	}
	return name
}

// checkNew refuses, before any work is done, a file or directory to write that
// is there already or has no place.
func checkNew(name string) error {
	_, err := os.Lstat(name)
	switch {
	case err == nil:
		return existsAlready(name)
	case !errors.Is(err, fs.ErrNotExist):
		return usage("%s cannot be written: %w", name, err)
	}
	if info, err := os.Stat(filepath.Dir(name)); err != nil || !info.IsDir() {
		return usage("%s cannot be written: there is no directory %s; make it first", name, filepath.Dir(name))
	}
	return nil
}

func existsAlready(name string) error {
	return usage("%s exists already; nothing is overwritten\nchoose another name, or move it away first", name)
}

// oneOf quotes what may be given instead.
func oneOf(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
