package manticore

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits of the JSON reader. The server writes a handful of levels; what goes
// beyond is hostile or foreign.
const (
	jsonMaxDepth  = 64
	jsonMaxValues = 1 << 18
	jsonMaxText   = 4096 // bytes kept of a key or a string
)

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// A jsonValue is a value with the place where it stands. Strings are decoded
// and cut at jsonMaxText, numbers and words are as written.
type jsonValue struct {
	kind       jsonKind
	text       string
	start, end int64 // bytes of the value
	key        string
	keyStart   int64
	comma      int64 // behind the value, -1 if there is none
	whole      bool  // its last byte was read
	children   []*jsonValue
}

// child returns the first member of that name: the server takes the first
// (src/sphinxjson.cpp Bson_c::ChildByName).
func (v *jsonValue) child(name string) *jsonValue {
	if v == nil || v.kind != jsonObject {
		return nil
	}
	for _, c := range v.children {
		if c.key == name {
			return c
		}
	}
	return nil
}

func (v *jsonValue) integer() (int64, bool) {
	if v == nil || v.kind != jsonNumber {
		return 0, false
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	return n, err == nil
}

// span returns the place of the value.
func (v *jsonValue) span(file, field string) parse.Span {
	return parse.Span{File: file, Offset: v.start, Length: v.end - v.start, Field: field}
}

// A jsonReader reads one JSON text. It accepts what the server's own reader
// accepts beyond the standard: unquoted names and single quotes
// (src/sphinxjson.y, src/sphinxjson.l).
type jsonReader struct {
	file   string
	in     *bufio.Reader
	pos    int64
	values int
	damage *parse.Damage
	err    error // of reading
	keep   func(depth int, key string) bool
}

// readJSON reads one value and what follows it. A value for which keep is
// false is read and not stored. The value is nil if the text holds none.
func readJSON(in io.Reader, file string, keep func(depth int, key string) bool) (*jsonValue, *parse.Damage, error) {
	r := &jsonReader{file: file, in: bufio.NewReaderSize(in, 64<<10), keep: keep}
	c, ok := r.space()
	if !ok {
		return nil, r.damage, r.err
	}
	v := r.value(c, 0, true)
	if r.damage == nil && r.err == nil {
		if c, ok := r.space(); ok && c != 0 {
			r.fail(r.pos, parse.Trailing, "the end of the text", quoted(c))
		}
	}
	return v, r.damage, r.err
}

func quoted(c byte) string { return strconv.QuoteToASCII(string(rune(c))) }

func (r *jsonReader) fail(at int64, kind parse.Kind, want, got string) {
	if r.damage == nil && r.err == nil {
		r.damage = &parse.Damage{Span: parse.Span{File: r.file, Offset: at}, Kind: kind, Want: want, Got: got}
	}
}

func (r *jsonReader) ok() bool { return r.damage == nil && r.err == nil }

// next returns the next byte; false at the end.
func (r *jsonReader) next() (byte, bool) {
	if !r.ok() {
		return 0, false
	}
	c, err := r.in.ReadByte()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		return 0, false
	}
	r.pos++
	return c, true
}

func (r *jsonReader) back() {
	if r.in.UnreadByte() == nil {
		r.pos--
	}
}

// space skips blanks and returns the byte behind them without consuming it.
func (r *jsonReader) space() (byte, bool) {
	for {
		c, ok := r.next()
		if !ok {
			return 0, false
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			r.back()
			return c, true
		}
	}
}

func (r *jsonReader) cut(want string) {
	r.fail(r.pos, parse.Truncated, want, "the end of the file")
}

// value reads the value that begins with c. It returns nil if nothing is to be
// stored.
func (r *jsonReader) value(c byte, depth int, store bool) *jsonValue {
	v := &jsonValue{start: r.pos, end: r.pos, comma: -1}
	if store {
		if r.values++; r.values > jsonMaxValues {
			r.fail(r.pos, parse.BadValue, fmt.Sprintf("at most %d values", jsonMaxValues), "more")
			return nil
		}
	}
	switch {
	case depth > jsonMaxDepth:
		r.fail(r.pos, parse.BadValue, fmt.Sprintf("at most %d levels", jsonMaxDepth), "more")
	case c == '{':
		v.kind = jsonObject
		r.members(v, depth, store)
	case c == '[':
		v.kind = jsonArray
		r.elements(v, depth, store)
	case c == '"' || c == '\'':
		v.kind = jsonString
		v.text, v.whole = r.text(store)
	case c == '-' || c >= '0' && c <= '9':
		v.kind = jsonNumber
		v.text, v.whole = r.word(), true
		if _, err := strconv.ParseFloat(v.text, 64); errors.Is(err, strconv.ErrSyntax) {
			r.fail(v.start, parse.BadText, "a number", strconv.QuoteToASCII(v.text))
		}
	default:
		v.text, v.whole = r.word(), true
		switch v.text {
		case "true", "false":
			v.kind = jsonBool
		case "null":
		default:
			v.whole = false
			r.fail(v.start, parse.BadText, "a value", quoted(c))
		}
	}
	v.end = r.pos
	if !store {
		return nil
	}
	return v
}

// members reads an object.
func (r *jsonReader) members(v *jsonValue, depth int, store bool) {
	r.next()
	for first := true; ; first = false {
		c, ok := r.space()
		if !ok {
			r.cut("'}'")
			return
		}
		if c == '}' && first {
			r.next()
			v.whole = true
			return
		}
		at := r.pos
		key := ""
		if c == '"' || c == '\'' {
			if key, ok = r.text(true); !ok {
				return
			}
		} else if key = r.word(); key == "" {
			r.fail(at, parse.BadText, "a name", quoted(c))
			return
		}
		if !r.expect(':') {
			return
		}
		if c, ok = r.space(); !ok {
			r.cut("a value")
			return
		}
		m := r.value(c, depth+1, store && r.keep(depth+1, key))
		if m != nil {
			m.key, m.keyStart = key, at
			v.children = append(v.children, m)
		}
		more, end := r.separator('}')
		if m != nil && more {
			m.comma = r.pos - 1
		}
		if !more {
			v.whole = end
			return
		}
	}
}

// elements reads an array.
func (r *jsonReader) elements(v *jsonValue, depth int, store bool) {
	r.next()
	for first := true; ; first = false {
		c, ok := r.space()
		if !ok {
			r.cut("']'")
			return
		}
		if c == ']' && first {
			r.next()
			v.whole = true
			return
		}
		m := r.value(c, depth+1, store && r.keep(depth+1, ""))
		if m != nil {
			v.children = append(v.children, m)
		}
		more, end := r.separator(']')
		if !more {
			v.whole = end
			return
		}
	}
}

// separator reads a comma, or the closing bracket.
func (r *jsonReader) separator(closing byte) (more, end bool) {
	c, ok := r.space()
	switch {
	case !ok:
		r.cut(fmt.Sprintf("',' or '%c'", closing))
	case c == ',':
		r.next()
		return true, false
	case c == closing:
		r.next()
		return false, true
	default:
		r.fail(r.pos, parse.BadText, fmt.Sprintf("',' or '%c'", closing), quoted(c))
	}
	return false, false
}

func (r *jsonReader) expect(want byte) bool {
	c, ok := r.space()
	switch {
	case !ok:
		r.cut(fmt.Sprintf("'%c'", want))
		return false
	case c != want:
		r.fail(r.pos, parse.BadText, fmt.Sprintf("'%c'", want), quoted(c))
		return false
	}
	r.next()
	return true
}

// word reads a number, a literal or an unquoted name.
func (r *jsonReader) word() string {
	var out []byte
	for {
		c, ok := r.next()
		if !ok {
			return string(out)
		}
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == '+', c == '.':
			if len(out) < 64 {
				out = append(out, c)
			}
		default:
			r.back()
			return string(out)
		}
	}
}

// text reads a quoted string. ok is false if it does not end.
func (r *jsonReader) text(store bool) (string, bool) {
	quote, _ := r.next()
	var out []byte
	add := func(b ...byte) {
		if store && len(out) < jsonMaxText {
			out = append(out, b...)
		}
	}
	for {
		c, ok := r.next()
		switch {
		case !ok:
			r.cut("the end of a string")
			return string(out), false
		case c == quote:
			return string(out), true
		case c != '\\':
			add(c)
			continue
		}
		if c, ok = r.next(); !ok {
			r.cut("the end of a string")
			return string(out), false
		}
		switch c {
		case 'n':
			add('\n')
		case 't':
			add('\t')
		case 'r':
			add('\r')
		case 'b':
			add('\b')
		case 'f':
			add('\f')
		case 'u':
			add(utf8.AppendRune(nil, r.escape())...)
		default:
			add(c)
		}
	}
}

// escape reads what stands behind \u, and a second half if it needs one.
func (r *jsonReader) escape() rune {
	high, ok := r.hex4()
	if !ok || !utf16.IsSurrogate(high) {
		return high
	}
	if ahead, err := r.in.Peek(2); err != nil || ahead[0] != '\\' || ahead[1] != 'u' {
		return utf8.RuneError
	}
	r.next()
	r.next()
	low, _ := r.hex4()
	return utf16.DecodeRune(high, low)
}

func (r *jsonReader) hex4() (rune, bool) {
	var digits [4]byte
	for i := range digits {
		c, ok := r.next()
		if !ok {
			return utf8.RuneError, false
		}
		digits[i] = c
	}
	n, err := strconv.ParseUint(string(digits[:]), 16, 16)
	if err != nil {
		r.fail(r.pos-4, parse.BadText, "four hexadecimal digits", strconv.QuoteToASCII(string(digits[:])))
		return utf8.RuneError, false
	}
	return rune(n), true
}
