// Package escape makes text from evidence safe to show. Names, quotes and
// messages come out of damaged or hostile files: they may carry terminal
// control sequences, text that is drawn backwards, invisible characters or the
// markup of the page that they are shown on.
//
// Every function returns one line of valid UTF-8 without control characters.
// What cannot be shown is spelled out: \n, \x1b for a control character or a
// byte that is not UTF-8, \u202e for everything else.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is the number of combining marks that a character may carry; more
// of them run into the lines above and below.
const maxMarks = 2

// Text returns s for a terminal or a plain text file.
func Text(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	marks := maxMarks // a mark needs a character to stand on
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
			marks = maxMarks
		case unicode.Is(unicode.M, r) && Visible(r) && marks < maxMarks:
			b.WriteString(s[:n])
			marks++
		case unicode.Is(unicode.M, r) || !Visible(r):
			b.WriteString(spell(r))
			marks = maxMarks
		default:
			b.WriteString(s[:n])
			marks = 0
		}
		s = s[n:]
	}
	return b.String()
}

// plain reports whether s is printable ASCII, as almost all text is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// Visible reports whether r can be shown as it is: it draws something, and it
// neither moves the cursor nor changes the direction or the look of its
// neighbours.
func Visible(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// spell writes r as a Go string literal would.
func spell(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return fmt.Sprintf(`\U%08x`, r)
	}
}
