package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/html"
	"github.com/lastwrite/lastwrite/report/json"
	"github.com/lastwrite/lastwrite/report/markdown"
	"github.com/lastwrite/lastwrite/report/text"
)

// outputOptions are the flags of commands that print a report.
type outputOptions struct {
	Outputs []string
	Color   string
	Verbose bool
	Redact  string

	parsed []output
}

type output struct{ format, file string }

func (o *outputOptions) addFlags(f *pflag.FlagSet) {
	f.StringArrayVarP(&o.Outputs, "output", "o", nil, "print `FORMAT[=FILE]`: text, json, markdown or html (repeatable; default text)")
	f.StringVar(&o.Color, "color", "auto", colorUsage)
	f.StringVar(&o.Redact, "redact", "", "hide `LEVEL`: none, values (passwords, keys, tokens), strict (names of hosts and data too) (default values, and none for text)")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "all details, nothing summed up")
}

// validate checks the flags. args are the inputs, in which nothing is written.
func (o *outputOptions) validate(args []string) error {
	if len(o.Outputs) == 0 {
		o.Outputs = []string{"text"}
	}
	stdout := 0
	for _, s := range o.Outputs {
		format, file, named := strings.Cut(s, "=")
		switch format {
		case "text", "json", "markdown", "html":
		default:
			return usage("--output %s: the format is one of text, json, markdown, html", s)
		}
		if named && file == "" {
			return usage("--output %s: no file named; write %s=FILE, or %s alone for standard output", s, format, format)
		}
		if !named {
			if stdout++; stdout > 1 {
				return usage("two formats want standard output; give one of them a file: --output %s=FILE", format)
			}
		}
		if named {
			if err := checkOutput(file, args); err != nil {
				return err
			}
		}
		o.parsed = append(o.parsed, output{format, file})
	}
	if o.Redact != "" && !slices.Contains(report.Redactions(), report.Redaction(o.Redact)) {
		return usage("--redact %s: not one of none, values, strict", o.Redact)
	}
	return checkColor(o.Color)
}

// write renders the document in every format that was asked for. A file must
// not exist yet.
func (o *outputOptions) write(env Env, d *report.Document) error {
	for _, out := range o.parsed {
		if out.file == "" {
			if err := o.render(env, env.Stdout, out.format, d); err != nil {
				return &exit{ExitUsage, fmt.Errorf("standard output: %w", err)}
			}
			continue
		}
		var b bytes.Buffer
		if err := o.render(env, &b, out.format, d); err != nil {
			return err
		}
		if err := writeNew(out.file, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (o *outputOptions) render(env Env, w io.Writer, format string, d *report.Document) error {
	d = d.Redacted(o.redaction(format))
	switch format {
	case "json":
		return json.Render(w, d)
	case "markdown":
		return markdown.Render(w, d)
	case "html":
		return html.Render(w, d)
	}
	width, _ := env.Terminal(w)
	return text.Render(w, d, text.Options{Width: min(width, 120), Color: colored(env, w, o.Color), Verbose: o.Verbose})
}

// redaction is what a format is rid of unless it is said otherwise: text stays
// on the operator's own terminal, everything else is made to be passed on.
func (o *outputOptions) redaction(format string) report.Redaction {
	switch {
	case o.Redact != "":
		return report.Redaction(o.Redact)
	case format == "text":
		return report.RedactNone
	}
	return report.RedactValues
}

// writeNew creates a file with content, or nothing: what could not be written
// whole is removed.
func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return existsAlready(name)
	}
	if err != nil {
		return &exit{ExitUsage, err}
	}
	_, err = f.Write(content)
	err = errOf(err, f.Sync(), f.Close())
	if err != nil {
		os.Remove(name)
		return &exit{ExitUsage, fmt.Errorf("%s was not written: %w", name, err)}
	}
	return nil
}
