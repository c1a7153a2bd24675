package optionfile

import (
	"bytes"
	"strings"
)

// longest is how much of a line the server reads at once: the buffer of 4096
// bytes less one for fgets and one that my_default.c keeps back.
const longest = 4094

// A line is one line of a file: its bytes up to the line end or the first NUL.
type line struct {
	off     int64  // of text in the file
	text    []byte // without the line end
	ended   bool   // a line feed follows
	tooLong int64  // bytes that the server reads as further lines
}

// nextLine splits the first line from data, which is not empty.
func nextLine(off int64, data []byte) (l line, size int64) {
	l.off = off
	text := data
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		text, l.ended = data[:end], true
	}
	size = int64(len(text))
	if l.ended {
		size++
	}
	if size > longest {
		l.tooLong = size - longest
		text, l.ended = text[:longest], false
	}
	if nul := bytes.IndexByte(text, 0); nul >= 0 {
		text = text[:nul]
	}
	l.text = text
	return l, size
}

// isSpace is my_isspace of latin1.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' || c == 0xa0 }

func trimLeft(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

func trimRight(b []byte) []byte {
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// cutComment removes a comment behind an option (my_default.c
// remove_end_comment): a "#" outside of quotes. Inside of quotes a backslash
// protects a quote.
func cutComment(b []byte) []byte {
	var quote byte
	escape := false
	for i, c := range b {
		if (c == '\'' || c == '"') && !escape {
			switch quote {
			case 0:
				quote = c
			case c:
				quote = 0
			}
		}
		if quote == 0 && c == '#' {
			return b[:i]
		}
		escape = quote != 0 && c == '\\' && !escape
	}
	return b
}

// unquote removes one pair of quotes around a value and replaces escapes.
func unquote(b []byte) string {
	if n := len(b); n > 1 && (b[0] == '"' || b[0] == '\'') && b[0] == b[n-1] {
		b = b[1 : n-1]
	}
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i == len(b)-1 {
			out.WriteByte(b[i])
			continue
		}
		i++
		if at := strings.IndexByte(`ntrbs"'\`, b[i]); at >= 0 {
			out.WriteByte("\n\t\r\b \"'\\"[at])
		} else {
			out.Write(b[i-1 : i+1])
		}
	}
	return out.String()
}
