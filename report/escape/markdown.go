package escape

import "strings"

// Markdown returns s as text of a Markdown line or table cell (CommonMark with
// the tables, strike-through and links of GitHub and GitLab). What could be
// markup has a backslash in front; signs that would notify a person or link an
// issue stand in a code span, because those sites look for them after they
// have removed the backslashes.
func Markdown(s string) string {
	s = Text(s)
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '@' || c == '#':
			end := i + len(s[i:]) - len(strings.TrimLeft(s[i:], "@#"))
			b.WriteString("`" + s[i:end] + "`")
			i = end - 1
			continue
		case strings.IndexByte("\\`*_[]<>|~&$", c) >= 0,
			c == ':' && strings.HasPrefix(s[i:], "://"),
			c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"),
			startsBlock(s, i):
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// startsBlock reports whether the byte at i makes a list item, a heading
// underline or a rule of the line s.
func startsBlock(s string, i int) bool {
	switch s[i] {
	case '-', '+', '=':
		return strings.TrimLeft(s[:i], " ") == ""
	case '.', ')':
		return i > 0 && strings.Trim(s[:i], " 0123456789") == ""
	}
	return false
}

// Code returns s as a code span, in which nothing is markup. A span inside a
// table cannot hold a pipe, and one that holds backticks is hard to read: such
// text is returned as Markdown returns it.
func Code(s string) string {
	s = Text(s)
	switch {
	case s == "":
		return ""
	case strings.ContainsAny(s, "`|"):
		return Markdown(s)
	case strings.Trim(s, " ") == "":
		return "` " + s + " `"
	default:
		return "`" + s + "`"
	}
}
