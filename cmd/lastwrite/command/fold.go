package command

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	foldLeast = 40  // columns that a folded text gets at least
	foldMost  = 120 // and at most
)

// printFolded prints what foldedFor returns. Text must be safe.
func printFolded(env Env, begin, text string) { fmt.Fprint(env.Stdout, foldedFor(env, begin, text)) }

// foldedFor is a line for standard output: its beginning as it is, and the text
// behind that folded between words if it is too long for the terminal.
// Elsewhere a line stays a line, for grep.
func foldedFor(env Env, begin, text string) string {
	width, terminal := env.Terminal(env.Stdout)
	if !terminal || width <= 0 {
		return begin + text + "\n"
	}
	return folded(min(max(width, foldLeast), foldMost), begin, text)
}

// folded is begin and text in lines of a width; those behind the first are
// indented like the text. No word is cut.
func folded(width int, begin, text string) string {
	indent := utf8.RuneCountInString(begin)
	if indent > width/2 {
		indent = width / 8
	}
	var b strings.Builder
	b.WriteString(begin)
	at, fresh := utf8.RuneCountInString(begin), true
	for word := range strings.FieldsSeq(text) {
		w := utf8.RuneCountInString(word)
		switch {
		case fresh:
		case at+1+w > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at, fresh = at+w, false
	}
	return b.String() + "\n"
}
