package command

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// renderPage turns the Markdown of the project's own pages into text for a
// terminal: headings, paragraphs, lists, code blocks and tables. Markup inside
// a line is reduced to code, emphasis and links.
func renderPage(markdown string, width int, color bool) string {
	p := &pageText{width: max(width, 40), color: color}
	lines := strings.Split(strings.TrimRight(markdown, "\n"), "\n")
	for i := 0; i < len(lines); {
		i += p.block(lines[i:])
	}
	return p.text.String()
}

// A pageText is a page while it is rendered.
type pageText struct {
	text  strings.Builder
	width int
	color bool
}

// The SGR parameters that pages use.
const (
	sgrBold  = "1"
	sgrTitle = "1;36"
	sgrCode  = "36"
)

const blockIndent = "    "

// pageWidth is the width of pages where no terminal tells another.
const pageWidth = 80

// block renders what begins with the first line and returns how many lines
// that were.
func (p *pageText) block(lines []string) int {
	line := lines[0]
	switch {
	case strings.TrimSpace(line) == "":
		p.blank()
		return 1
	case isFence(line):
		return p.code(lines)
	case strings.HasPrefix(line, "#"):
		title := strings.TrimSpace(strings.TrimLeft(line, "#"))
		style := sgrBold
		if strings.HasPrefix(line, "# ") {
			style = sgrTitle
		}
		p.line("", title, style)
		return 1
	case strings.HasPrefix(line, "|"):
		n := countWhile(lines, func(l string) bool { return strings.HasPrefix(l, "|") })
		p.table(lines[:n])
		return n
	case listMarker(line) != "":
		n := 1 + countWhile(lines[1:], func(l string) bool { return strings.HasPrefix(l, " ") && !isFence(l) })
		marker := listMarker(line)
		p.paragraph(marker, strings.Repeat(" ", len(marker)), strings.TrimPrefix(joined(lines[:n]), strings.TrimSpace(marker)))
		return n
	}
	n := countWhile(lines, func(l string) bool {
		return strings.TrimSpace(l) != "" && listMarker(l) == "" && !isFence(l) && !strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "|")
	})
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))] // of the item that goes on behind a code block
	p.paragraph(indent, indent, joined(lines[:n]))
	return n
}

func countWhile(lines []string, is func(string) bool) int {
	if i := slices.IndexFunc(lines, func(l string) bool { return !is(l) }); i >= 0 {
		return i
	}
	return len(lines)
}

func joined(lines []string) string {
	return strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
}

// listMarker returns "- " or "1. " if a line is an item of a list.
func listMarker(line string) string {
	return regexp.MustCompile(`^(-|\*|[0-9]+\.) `).FindString(line)
}

// blank writes one empty line between blocks.
func (p *pageText) blank() {
	if s := p.text.String(); s != "" && !strings.HasSuffix(s, "\n\n") {
		p.text.WriteByte('\n')
	}
}

// isFence tells whether a line begins or ends a code block, which may belong to
// an item of a list and be indented like it.
func isFence(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "```") }

// code writes a fenced block as it is: commands and messages are not wrapped.
func (p *pageText) code(lines []string) int {
	n := countWhile(lines[1:], func(l string) bool { return !isFence(l) })
	indent := lines[0][:strings.Index(lines[0], "`")]
	for _, l := range lines[1 : 1+n] {
		p.line(blockIndent, strings.TrimPrefix(l, indent), sgrCode)
	}
	return min(n+2, len(lines))
}

// line writes a line in one style, however wide.
func (p *pageText) line(indent, text, style string) {
	p.text.WriteString(indent + p.paint(text, style) + "\n")
}

func (p *pageText) paint(s, style string) string {
	if !p.color || style == "" || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// A span is a word of a paragraph, or a part of one, in one style.
type span struct {
	text, style string
	glued       bool // no blank in front
}

// spans takes the markup out of a paragraph. Code keeps its backquotes where
// color cannot mark it.
func (p *pageText) spans(text string) []span {
	text = regexp.MustCompile(`\[([^\]]*)\]\(([^)]*)\)`).ReplaceAllString(text, "$1 ($2)")
	var out []span
	open := false // the text so far does not end with a blank
	add := func(s, style string) {
		for i, word := range strings.Fields(s) {
			out = append(out, span{word, style, i == 0 && open && !strings.HasPrefix(s, " ")})
		}
		if s != "" {
			open = !strings.HasSuffix(s, " ")
		}
	}
	at := 0
	for _, m := range regexp.MustCompile("`[^`]+`|\\*\\*[^*]+\\*\\*").FindAllStringIndex(text, -1) {
		add(text[at:m[0]], "")
		marked := text[m[0]:m[1]]
		switch {
		case strings.HasPrefix(marked, "*"):
			add(strings.Trim(marked, "*"), sgrBold)
		case p.color:
			add(strings.Trim(marked, "`"), sgrCode)
		default:
			add(marked, "")
		}
		at = m[1]
	}
	add(text[at:], "")
	return out
}

// paragraph writes text in lines of the page's width; first stands in front of
// the first line and rest in front of the others.
func (p *pageText) paragraph(first, rest, text string) {
	indent, used := first, 0
	var line strings.Builder
	flush := func() {
		p.text.WriteString(indent + line.String() + "\n")
		line.Reset()
		indent, used = rest, 0
	}
	list := p.spans(text)
	for i := 0; i < len(list); {
		n, width := 1, utf8.RuneCountInString(list[i].text)
		for i+n < len(list) && list[i+n].glued { // what has no blank in between stays together
			width += utf8.RuneCountInString(list[i+n].text)
			n++
		}
		if used > 0 && len(indent)+used+1+width > p.width {
			flush()
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		for _, s := range list[i : i+n] {
			line.WriteString(p.paint(s.text, s.style))
		}
		used += width
		i += n
	}
	flush()
}

// table writes the rows of a table in columns as wide as they need. The row of
// dashes under the header is left out.
func (p *pageText) table(lines []string) {
	var rows [][]string
	var widths []int
	for _, l := range lines {
		cells := strings.Split(strings.Trim(l, "| "), "|")
		if strings.Trim(strings.Join(cells, ""), "-: ") == "" {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
		rows = append(rows, cells)
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		style := ""
		if n == 0 {
			style = sgrBold
		}
		p.line("", b.String(), style)
	}
}
