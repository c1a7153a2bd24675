package text

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/escape"
	"github.com/lastwrite/lastwrite/report/phrase"
)

// plans writes what can be done, what it costs, and the commands.
func (p *page) plans(c *report.Cluster) {
	if len(c.Plans) == 0 {
		return
	}
	title := "Plan"
	if len(c.Plans) > 1 {
		title = "Plans"
	}
	p.section(title, "")
	for i := range c.Plans {
		if i > 0 {
			p.blank()
		}
		p.plan(&c.Plans[i], i > 0 && slices.Equal(c.Plans[i].Commands, c.Plans[i-1].Commands))
	}
}

func (p *page) plan(plan *report.Plan, sameCommands bool) {
	const column = len("warning") + 2
	p.entry(inner, piece{bold, "*"}, 3, bold, fmt.Sprintf("%s (%s)", plan.Title, plan.ID))
	at := inner + 3
	for _, w := range plan.Warnings {
		p.entry(at, piece{yellow, "warning"}, column, plain, w)
	}
	label := piece{plain, "loses"}
	if len(plan.Loses) == 0 {
		p.entry(at, label, column, plain, "nothing")
	}
	for i := range plan.Loses {
		l := &plan.Loses[i]
		p.entry(at, label, column, plain, on(l.Node)+phrase.Loss(l))
		label.text = ""
	}
	label.text = "writes"
	for _, work := range phrase.Steps(plan.Steps) {
		p.entry(at, label, column, plain, on(work.Node)+work.Text)
		label.text = ""
	}
	if len(plan.Commands) == 0 {
		return
	}
	if sameCommands {
		p.line(at, piece{plain, "then run the same commands"})
		return
	}
	p.line(at, piece{plain, "then run"})
	for i, command := range plan.Commands {
		p.command(at, i+1, &command)
	}
}

func on(node string) string {
	if node == "" {
		return ""
	}
	return node + ": "
}

// command writes what to run where and why, and the command on lines of its
// own, to copy.
func (p *page) command(indent, number int, c *report.Command) {
	const column = 4
	p.entry(indent, piece{plain, fmt.Sprintf("%d.", number)}, column, dim, phrase.Where(c))
	for i, line := range strings.Split(strings.TrimRight(c.Run, "\n"), "\n") {
		at := indent + column + 2
		if i > 0 { // the inside of a here-document is kept as it is
			p.line(0, piece{plain, line})
			continue
		}
		for j, part := range shell(escape.Text(line), p.width-at) {
			p.line(at+2*min(j, 1), piece{bold, part})
		}
	}
}

// shell breaks a command where a shell joins the lines again: at blanks
// outside of quotes, behind a backslash. What cannot be broken stays whole.
func shell(command string, width int) []string {
	var lines []string
	line := ""
	for _, word := range shellWords(command) {
		if line != "" && displaywidth.String(line)+1+displaywidth.String(word)+2 > width-2*min(len(lines), 1) {
			lines = append(lines, line+` \`)
			line = word
			continue
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// shellWords splits a command at blanks outside of quotes.
func shellWords(command string) []string {
	var words []string
	var word strings.Builder
	quote := byte(0)
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(command):
			word.WriteByte(c)
			i++
			c = command[i]
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == quote:
			quote = 0
		case c == ' ' && quote == 0:
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		}
		word.WriteByte(c)
	}
	return append(words, word.String())
}
