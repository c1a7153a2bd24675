package galera

import (
	"fmt"
	"math"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// The state files are read by C++ streams, which take more than the writer
// writes: any blanks, numbers followed by anything, a number out of range as
// the nearest one in range, no digits as 0. What they make of a text is what
// the provider believes, so it is computed here exactly (C++11 num_get as in
// libstdc++).

// blanks are what isspace tells in the C locale.
const blanks = " \t\n\v\f\r"

// A line is one line of a text file without its LF.
type line struct {
	offset int64 // of its first byte in the file
	text   string
	ended  bool // an LF follows
}

// lines cuts a text into lines.
func lines(text string) []line {
	var out []line
	for at := 0; at < len(text); {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return append(out, line{int64(at), text[at:], false})
		}
		out = append(out, line{int64(at), text[at : at+n], true})
		at += n + 1
	}
	return out
}

// A stream reads values from one line, as a C++ stream does: once one could
// not be read there are no more.
type stream struct {
	offset int64 // of rest in the file
	rest   string
	failed bool
}

// A reading is what a stream made of a value.
type reading struct {
	word     string // as it is written, up to the next blank
	offset   int64  // of the word in the file
	assigned bool   // there was something to read: the variable has a value
	exact    bool   // and it is the one that is written
}

// next skips blanks and shows the next word.
func (s *stream) next() reading {
	trimmed := strings.TrimLeft(s.rest, blanks)
	s.offset += int64(len(s.rest) - len(trimmed))
	s.rest = trimmed
	end := strings.IndexAny(trimmed, blanks)
	if end < 0 {
		end = len(trimmed)
	}
	s.failed = s.failed || end == 0
	return reading{word: trimmed[:end], offset: s.offset, assigned: !s.failed, exact: !s.failed}
}

func (s *stream) advance(n int) {
	s.offset += int64(n)
	s.rest = s.rest[n:]
}

// text reads a word.
func (s *stream) text() reading {
	r := s.next()
	if r.assigned {
		s.advance(len(r.word))
	}
	return r
}

// uuid reads a UUID, of at most 36 characters (galera
// galerautils/src/gu_uuid.hpp operator>>). Where it cannot, the provider
// throws.
func (s *stream) uuid() (u UUID, r reading, ok bool) {
	r = s.next()
	if !r.assigned {
		return UUID{}, r, false
	}
	s.advance(min(len(r.word), uuidText))
	u, ok = scanUUID(r.word)
	_, r.exact = ParseUUID(r.word)
	return u, r, ok
}

// integer reads a signed number, clipped to low and high.
func (s *stream) integer(low, high int64) (v int64, r reading) {
	r = s.next()
	if !r.assigned {
		return 0, r
	}
	v, used, fits := scanInt(r.word, low, high)
	s.advance(used)
	s.failed = !fits
	r.exact = fits && used == len(r.word)
	return v, r
}

// uint32 reads an unsigned number: a minus sign wraps around.
func (s *stream) uint32() (v uint32, r reading) {
	n, r := s.integer(-math.MaxUint32, math.MaxUint32)
	if s.failed && n < 0 {
		n = math.MaxUint32
	}
	r.exact = r.exact && n >= 0
	return uint32(n), r
}

// flag reads a bool without boolalpha: 0 and what is no number are false, all
// other numbers are true.
func (s *stream) flag() (v bool, r reading) {
	n, r := s.integer(math.MinInt64, math.MaxInt64)
	if n != 0 && n != 1 {
		s.failed, r.exact = true, false
	}
	return n != 0, r
}

// scanInt reads a decimal number as a stream does: used is how much of the
// word it takes, fits is false if there is no digit or the number is out of
// range. Both make v a number all the same.
func scanInt(word string, low, high int64) (v int64, used int, fits bool) {
	i, negative := 0, false
	if i < len(word) && (word[i] == '-' || word[i] == '+') {
		negative = word[i] == '-'
		i++
	}
	first, size := i, uint64(0)
	for ; i < len(word) && word[i] >= '0' && word[i] <= '9'; i++ {
		if size > 1<<60 {
			size = math.MaxUint64 // one more digit than fits
			continue
		}
		size = size*10 + uint64(word[i]-'0')
	}
	switch {
	case i == first:
		return 0, i, false
	case negative && (size > 1<<63 || -int64(size) < low):
		return low, i, false
	case negative:
		return -int64(size), i, true
	case size > uint64(high):
		return high, i, false
	}
	return int64(size), i, true
}

// scanUUID reads the first 36 characters of a word as sscanf does with
// GU_UUID_FORMAT_SCANF, which takes less than two digits for a byte, and signs
// (galera galerautils/src/gu_uuid.c gu_uuid_scan). Of what is not read the
// provider makes the zero UUID or gives up.
func scanUUID(word string) (u UUID, ok bool) {
	word = word[:min(len(word), uuidText)]
	if len(word) < uuidText || strings.IndexByte(word, 0) >= 0 {
		return UUID{}, false
	}
	at := 0
	for i := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			if at >= len(word) || word[at] != '-' {
				return UUID{}, false
			}
			at++
		}
		v, n := scanHex(word[at:])
		if n == 0 {
			return UUID{}, false
		}
		u[i], at = v, at+n
	}
	return u, true
}

// scanHex reads what sscanf takes for "%02hhx"; n is 0 if that fails.
func scanHex(s string) (v byte, n int) {
	s = s[:min(len(s), 2)]
	if len(s) == 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		return 0, 2
	}
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		n++
	}
	first := n
	for ; n < len(s); n++ {
		d := strings.IndexByte("0123456789abcdef", s[n]|0x20)
		if d < 0 || s[n] < '0' {
			break
		}
		v = v<<4 | byte(d)
	}
	if n == first {
		return 0, 0
	}
	if negative {
		v = -v
	}
	return v, n
}

// maxQuote is how much of a text is quoted in a Damage.
const maxQuote = 80

// quote makes a text of the file fit for a Damage.
func quote(s string) string {
	if len(s) > maxQuote {
		return fmt.Sprintf("%q and %d bytes more", s[:maxQuote], len(s)-maxQuote)
	}
	return fmt.Sprintf("%q", s)
}

// unprintable returns damage for bytes that no text file of this family has.
func unprintable(file, text string) (parse.Damage, bool) {
	first, n := -1, 0
	for i := range len(text) {
		if c := text[i]; c < ' ' && !strings.ContainsRune(blanks, rune(c)) || c >= 0x7f {
			if first < 0 {
				first = i
			}
			n++
		}
	}
	if n == 0 {
		return parse.Damage{}, false
	}
	return parse.Damage{
		Span: parse.Span{File: file, Offset: int64(first), Length: 1, Field: "text"}, Kind: parse.BadText,
		Want: "printable text", Got: fmt.Sprintf("0x%02x", text[first]), Note: fmt.Sprintf("%d such bytes in the file", n),
	}, true
}
