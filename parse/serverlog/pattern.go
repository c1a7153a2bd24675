package serverlog

import (
	"bytes"
	"strconv"
	"strings"
)

// maxText is how much of a text field is kept.
const maxText = 200

// A capture holds what the verbs of a pattern matched.
type capture struct {
	p          [2]Position
	d          [6]int64
	s          [6]string
	np, nd, ns int
	rest       []byte // behind the pattern
}

// match compares a message with a pattern, which has literal text and
//
//	%p  uuid:seqno        %u  a uuid, as a Position without seqno
//	%d  a decimal number  %s  text up to the next literal, or the end
//
// What stands behind the pattern does not matter. c is what matched, if it did.
func match(pattern string, message []byte, c *capture) bool {
	first := true
	for pattern != "" {
		verb := strings.IndexByte(pattern, '%')
		if verb != 0 {
			literal := pattern
			if verb > 0 {
				literal = pattern[:verb]
			}
			if !bytes.HasPrefix(message, []byte(literal)) {
				return false
			}
			message, pattern = message[len(literal):], pattern[len(literal):]
			continue
		}
		if first {
			*c, first = capture{}, false
		}
		kind := pattern[1]
		pattern = pattern[2:]
		var ok bool
		if message, ok = c.take(kind, pattern, message); !ok {
			return false
		}
	}
	if first {
		*c = capture{}
	}
	c.rest = message
	return true
}

// take matches one verb and returns what is left.
func (c *capture) take(verb byte, pattern string, message []byte) ([]byte, bool) {
	switch verb {
	case 'p':
		p, rest, ok := position(message)
		if !ok {
			return nil, false
		}
		c.p[c.np] = p
		c.np++
		return rest, true
	case 'u':
		uuid, rest, ok := uuid(message)
		if !ok {
			return nil, false
		}
		c.p[c.np] = Position{Set: true, UUID: uuid, Seqno: -1}
		c.np++
		return rest, true
	case 'd':
		n, rest, ok := number(message)
		if !ok {
			return nil, false
		}
		c.d[c.nd] = n
		c.nd++
		return rest, true
	}
	literal, _, _ := strings.Cut(pattern, "%")
	end := len(message)
	if literal != "" {
		if end = bytes.Index(message, []byte(literal)); end < 0 {
			return nil, false
		}
	}
	c.s[c.ns] = clean(message[:end])
	c.ns++
	return message[end:], true
}

// clean is text without blanks around it, not too long.
func clean(b []byte) string {
	b = bytes.TrimSpace(b)
	return strings.ToValidUTF8(string(b[:min(len(b), maxText)]), "\uFFFD")
}

// number reads a decimal number.
func number(b []byte) (int64, []byte, bool) {
	end := 0
	if end < len(b) && b[end] == '-' {
		end++
	}
	for end < len(b) && end < 21 && b[end] >= '0' && b[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(string(b[:end]), 10, 64)
	return n, b[end:], err == nil
}

// uuid reads 36 characters of a UUID.
func uuid(b []byte) (string, []byte, bool) {
	if len(b) < 36 {
		return "", b, false
	}
	for i, c := range b[:36] {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !isHex(c) {
			return "", b, false
		}
	}
	return strings.ToLower(string(b[:36])), b[36:], true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// position reads uuid:seqno.
func position(b []byte) (p Position, rest []byte, ok bool) {
	if p.UUID, rest, ok = uuid(b); !ok || len(rest) == 0 || rest[0] != ':' {
		return Position{}, b, false
	}
	if p.Seqno, rest, ok = number(rest[1:]); !ok {
		return Position{}, b, false
	}
	p.Set = true
	return p, rest, true
}
