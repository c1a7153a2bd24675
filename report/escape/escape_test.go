package escape_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/lastwrite/lastwrite/report/escape"
)

var hostile = []string{
	"", "plain text", "n1", "a\nb", "a\r\nb\tc", "\x1b[2J\x1b]0;title\a", "\x9b31m", "\u009b31m", "\x7f",
	"\u202egnp.exe", "\u2066\u2069", "\u061c\u200e\u200f", "a\u200bb\ufeffc", "\xff\xfe", "caf\xe9",
	"\u115f\u3164\uffa0", "\U000e0041\U000e0100", "\u2028\u2029\u0085", "é 界 🙂", "e\u0301", "\u0301e",
	"z\u0301\u0302\u0303\u0304", "\u2764\ufe0f", "\ufffd", "\U0010ffff", "`a` | <b> [c](d) *e* _f_ ~~g~~",
	"@all #1 @@##", "http://x www.x WWW.x", "- a", "1. a", "+ b", "1) c", "===", "---", "a\\|b", "&lt;", "$x$", " ",
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain text ~!@#":     "plain text ~!@#",
		"a\nb\r\tc":           `a\nb\r\tc`,
		"\x1b[31m":            `\x1b[31m`,
		"\x00\x7f":            `\x00\x7f`,
		"\u009b":              `\u009b`,
		"\x9b":                `\x9b`,
		"\u202ex\u2066":       `\u202ex\u2066`,
		"\u200b\ufeff":        `\u200b\ufeff`,
		"\u3164":              `\u3164`,
		"\U000e0041":          `\U000e0041`,
		"\u00a0":              `\u00a0`,
		"é 界 🙂 \ufffd":        "é 界 🙂 \ufffd",
		"e\u0301":             "e\u0301",
		"\u0301e":             `\u0301e`,
		"z\u0301\u0302\u0303": "z\u0301\u0302" + `\u0303`,
		"\u2764\ufe0f":        "\u2764" + `\ufe0f`,
	} {
		assert.Equal(t, want, escape.Text(in))
	}
}

func TestMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"plain, text (1.5 MiB)": "plain, text (1.5 MiB)",
		"a|b`c":                 "a\\|b\\`c",
		"[x](y) <b> &lt;":       `\[x\](y) \<b\> \&lt;`,
		`a\|b`:                  `a\\\|b`,
		"*a* _b_ ~c~ $d$":       `\*a\* \_b\_ \~c\~ \$d\$`,
		"@all see #12, @@#":     "`@`all see `#`12, `@@#`",
		"http://x www.y":        `http\://x www\.y`,
		"- a - b":               `\- a - b`,
		"  + a":                 `  \+ a`,
		"12. a 3.":              `12\. a 3.`,
		"3) a":                  `3\) a`,
		"1^283":                 "1^283",
		"a\n# b":                "a\\\\n`#` b",
	} {
		assert.Equal(t, want, escape.Markdown(in))
	}
}

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"":         "",
		"*a* <b>":  "`*a* <b>`",
		"a`b":      "a\\`b",
		"a|b":      `a\|b`,
		"a\nb":     "`a\\nb`",
		" ":        "`   `",
		"@all #12": "`@all #12`",
	} {
		assert.Equal(t, want, escape.Code(in))
	}
}

func FuzzText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := escape.Text(s)
		checkShown(t, got)
		if got != escape.Text(got) {
			t.Errorf("escaping %q twice gives %q", got, escape.Text(got))
		}
		if plain := strings.ToValidUTF8(s, ""); plain == s && printable(s) && got != s {
			t.Errorf("%q needs no escape, got %q", s, got)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{escape.Markdown(s), escape.Code(s)} {
			checkShown(t, got)
			checkInert(t, got)
		}
	})
}

// checkShown fails if a terminal would do anything with s but show it.
func checkShown(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			t.Fatalf("%U in %q", r, s)
		}
	}
}

// checkInert fails if s, outside of its code spans, has markup without a
// backslash in front.
func checkInert(t *testing.T, s string) {
	t.Helper()
	code := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '`':
			code = !code
		case c == '|' && s[max(i-1, 0)] != '\\':
			t.Fatalf("bare pipe in %q", s)
		case code:
		case c == '\\':
			i++
		case strings.IndexByte("*_[]<>~&$@#", c) >= 0:
			t.Fatalf("bare %c in %q", c, s)
		}
	}
	if code {
		t.Fatalf("open code span in %q", s)
	}
}

func printable(s string) bool {
	for _, r := range s {
		if r > 0x7e || r < 0x20 {
			return false
		}
	}
	return true
}
