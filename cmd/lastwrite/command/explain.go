package command

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/docs/findings"
)

type explainOptions struct{ Color string }

func newExplain(env Env) *cobra.Command {
	o := &explainOptions{}
	cmd := &cobra.Command{
		Use:   "explain [ID...|MESSAGE]",
		Short: "Tell what a finding or a message of a server means, and what to do",
		Long: `explain prints the pages of findings. Without an ID it lists all of them. With
a message of a server, or a part of one, it lists the findings that explain it;
times, numbers, UUIDs, paths and names in it do not matter.

The pages are formatted for a terminal; elsewhere they are Markdown.`,
		Example: `  lastwrite explain
  lastwrite explain LWC013
  lastwrite explain "past last snapshot"`,
		ValidArgsFunction: func(_ *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
			return completeIDs(given), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkColor(o.Color); err != nil {
				return err
			}
			text, err := explain(env, args, o.page(env))
			if err != nil {
				return err
			}
			return printText(env, text)
		},
	}
	cmd.Flags().StringVar(&o.Color, "color", "auto", colorUsage)
	return cmd
}

// page returns how a page is shown.
func (o *explainOptions) page(env Env) func(markdown string) string {
	width, terminal := env.Terminal(env.Stdout)
	color := colored(env, env.Stdout, o.Color)
	if !terminal && !color {
		return func(markdown string) string { return markdown }
	}
	return func(markdown string) string { return renderPage(markdown, min(cmp.Or(width, pageWidth), 100), color) }
}

// explain returns what is printed for the arguments.
func explain(env Env, args []string, page func(string) string) (string, error) {
	if len(args) == 0 {
		return catalogTable(env, findings.IDs()), nil
	}
	if !slices.ContainsFunc(args, looksLikeID) {
		message := strings.Join(args, " ")
		ids := findings.Search(message)
		if len(ids) == 0 {
			return "", usage("no finding is called %q and no page mentions it; give the words of it that are no names or numbers, or see all: lastwrite explain", message)
		}
		return fmt.Sprintf("%s\nlastwrite explain %s\n", catalogTable(env, ids), strings.Join(ids, " ")), nil
	}
	var pages []string
	for _, arg := range args {
		id := strings.ToUpper(arg)
		markdown, ok := findings.Page(id)
		if !ok {
			return "", usage("there is no finding %s; the nearest are %s\nsee all: lastwrite explain", arg, strings.Join(nearestIDs(id), ", "))
		}
		pages = append(pages, page(markdown))
	}
	return strings.Join(pages, "\n"), nil
}

// looksLikeID tells an ID, right or wrong, from the words of a message.
func looksLikeID(arg string) bool {
	return regexp.MustCompile(`(?i)^LW[A-Z]?-?[0-9]+$`).MatchString(arg)
}

// catalogTable lists findings with severity and title.
func catalogTable(env Env, ids []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-6s  %-8s  %s\n", "ID", "SEVERITY", "TITLE")
	for _, id := range ids {
		e, _ := catalog.Get(id) // every page has an entry
		b.WriteString(foldedFor(env, fmt.Sprintf("%-6s  %-8s  ", id, e.Severity), e.Title))
	}
	return b.String()
}

// completeIDs returns the IDs that are not given yet, with their titles.
func completeIDs(given []string) []string {
	var out []string
	for _, id := range findings.IDs() {
		if !slices.ContainsFunc(given, func(g string) bool { return strings.EqualFold(g, id) }) {
			e, _ := catalog.Get(id)
			out = append(out, id+"\t"+e.Title)
		}
	}
	return out
}

// nearestIDs returns the three IDs that are least different.
func nearestIDs(id string) []string {
	ids := findings.IDs()
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(distance(a, id), distance(b, id)) })
	return ids[:min(3, len(ids))]
}

// distance is the number of characters to insert, delete or replace to make
// one word of the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
