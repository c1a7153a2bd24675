package text

import (
	"bytes"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/lastwrite/lastwrite/report/escape"
)

// A style is the SGR parameter of a piece of text.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
	alarm  style = "1;31"
	advice style = "1;32"
)

// A piece is text in one style.
type piece struct {
	style style
	text  string
}

// A page collects lines. All text goes through line, which is where it is
// made safe for a terminal.
type page struct {
	buf     bytes.Buffer
	width   int
	color   bool
	verbose bool
}

// paint returns text, which must be safe, in a style.
func (p *page) paint(s style, text string) string {
	if !p.color || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// line writes one line as it is, however wide.
func (p *page) line(indent int, pieces ...piece) {
	for i := len(pieces) - 1; i >= 0; i-- { // no blanks at the end
		if pieces[i].text = strings.TrimRight(pieces[i].text, " "); pieces[i].text != "" {
			break
		}
	}
	p.buf.WriteString(blanks(indent))
	for _, piece := range pieces {
		p.buf.WriteString(p.paint(piece.style, escape.Text(piece.text)))
	}
	p.buf.WriteByte('\n')
}

// blank ends a section.
func (p *page) blank() {
	if n := p.buf.Len(); n > 0 && !bytes.HasSuffix(p.buf.Bytes(), []byte("\n\n")) {
		p.buf.WriteByte('\n')
	}
}

// para writes text in lines of the page's width.
func (p *page) para(indent int, s style, text string) {
	for _, line := range Wrap(escape.Text(text), p.width-indent) {
		p.line(indent, piece{s, line})
	}
}

// entry writes text behind a label of the given column width. A label that is
// too long gets a line of its own.
func (p *page) entry(indent int, label piece, column int, s style, text string) {
	label.text = escape.Text(label.text)
	at := indent + column
	lines := Wrap(escape.Text(text), p.width-at)
	if displaywidth.String(label.text)+2 > column {
		p.para(indent, label.style, label.text)
	} else {
		label.text = pad(label.text, column)
		p.line(indent, label, piece{s, lines[0]})
		lines = lines[1:]
	}
	for _, line := range lines {
		p.line(at, piece{s, line})
	}
}

// pad fills s with blanks up to width.
func pad(s string, width int) string {
	return s + blanks(width-displaywidth.String(s))
}

// Wrap breaks s, which must be safe, into lines of at most width cells: at
// blanks, and inside a word only where the word is wider than a line. It
// returns at least one line.
func Wrap(s string, width int) []string {
	width = max(width, 20)
	lines := fill(s, width)
	for narrower := width - 1; narrower > width*2/3 && trails(lines, width); narrower-- {
		other := fill(s, narrower)
		if len(other) != len(lines) {
			break
		}
		lines = other
	}
	return lines
}

// trails reports whether the last line holds a word or two only.
func trails(lines []string, width int) bool {
	return len(lines) > 1 && displaywidth.String(lines[len(lines)-1]) < width/5
}

// fill puts as much into every line as fits. Blanks inside a line are kept.
func fill(s string, width int) []string {
	var lines []string
	line, used, gap := "", 0, 0
	for _, word := range strings.Split(strings.TrimRight(s, " "), " ") {
		w := displaywidth.String(word)
		switch {
		case used > 0 && w == 0:
			gap++
			continue
		case used > 0 && used+gap+w > width:
			lines = append(lines, line)
			line, used = "", 0
		case used > 0:
			line += blanks(gap)
			used += gap
		}
		if w > width { // and so it stands at the beginning of a line
			parts := chop(word, width)
			last := len(parts) - 1
			lines = append(lines, parts[:last]...)
			word = parts[last]
			w = displaywidth.String(word)
		}
		line, used, gap = line+word, used+w, 1
	}
	return append(lines, line)
}

// chop cuts a word into parts of at most width cells.
func chop(word string, width int) []string {
	var parts []string
	start, at, used := 0, 0, 0
	for g := displaywidth.StringGraphemes(word); g.Next(); {
		if used > 0 && used+g.Width() > width {
			parts = append(parts, word[start:at])
			start, used = at, 0
		}
		at += len(g.Value())
		used += g.Width()
	}
	return append(parts, word[start:])
}

// blanks returns n blanks.
func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }

// shorten cuts the middle out of s, which must be safe, so that it is at most
// width cells wide: names differ at their ends.
func shorten(s string, width int) string {
	if displaywidth.String(s) <= width {
		return s
	}
	const dots = "..."
	head := displaywidth.TruncateString(s, (width-len(dots)+1)/2, "")
	rest := width - len(dots) - displaywidth.String(head)
	at, left := 0, displaywidth.String(s)
	for g := displaywidth.StringGraphemes(s); left > rest && g.Next(); {
		at += len(g.Value())
		left -= g.Width()
	}
	return head + dots + s[at:]
}
