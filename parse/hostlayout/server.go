package hostlayout

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/lastwrite/lastwrite/parse"
)

// serverFormat is the first line of the files of the C server interface
// (cowsql src/server.c NODE_STORE_INFO_FORMAT_V1).
const serverFormat = "v1"

// ParseNodeStore reads a node-store: "v1", then three lines per node with
// address, id and role word. The server refuses to start when any line does
// not parse (cowsql src/server.c parseNodeStore); the nodes before that line
// are returned.
func ParseNodeStore(file string, data []byte) ([]Node, []parse.Damage) {
	l := openLines(file, data)
	var out []Node
	for !l.stopped && len(l.rest) > 0 {
		field := fmt.Sprintf("[%d]", len(out))
		start := l.off
		n := Node{Address: l.text(field + ".address"), ID: l.number(field + ".id")}
		word := l.text(field + ".role")
		n.Role.At = word.At
		if word.Set {
			role, ok := roleFromWord(word.V)
			if ok = ok && word.V != "stand-by"; !ok {
				l.fail(word.At, parse.BadValue, "voter, standby or spare", quote(word.V))
			}
			n.Role.V, n.Role.Set = role, ok
		}
		n.At = parse.Span{File: file, Offset: start, Length: l.off - start, Field: field}
		if !l.stopped {
			out = append(out, n)
		}
	}
	return out, l.damage
}

// ParseServerInfo reads a server-info: "v1", address, id (cowsql src/server.c
// parseLocalInfo). An empty file is what the server creates before its first
// start and has no damage.
func ParseServerInfo(file string, data []byte) (Node, []parse.Damage) {
	if len(data) == 0 {
		return Node{At: parse.Span{File: file}}, nil
	}
	l := openLines(file, data)
	n := Node{Address: l.text("address"), ID: l.number("id")}
	n.At = parse.Span{File: file, Length: l.off}
	if !l.stopped && len(l.rest) > 0 {
		l.fail(parse.Span{File: file, Offset: l.off, Length: int64(len(l.rest))}, parse.Trailing, "the end of the file", byteCount(len(l.rest)))
	}
	return n, l.damage
}

// lines reads line after line and stops where the server would give up.
type lines struct {
	file    string
	rest    []byte
	off     int64
	damage  []parse.Damage
	stopped bool
}

func openLines(file string, data []byte) *lines {
	l := &lines{file: file, rest: data}
	if len(data) > maxText {
		l.damage, l.stopped = []parse.Damage{tooLarge(file, maxText)}, true
		return l
	}
	if len(data) == 0 {
		return l
	}
	if v := l.text("version"); v.Set && v.V != serverFormat {
		l.fail(v.At, parse.BadVersion, serverFormat, quote(v.V))
	}
	return l
}

func (l *lines) fail(at parse.Span, kind parse.Kind, want, got string) {
	if !l.stopped {
		l.damage = append(l.damage, parse.Damage{Span: at, Kind: kind, Want: want, Got: got})
		l.stopped = true
	}
}

func (l *lines) text(field string) Value[string] {
	at := parse.Span{File: l.file, Offset: l.off, Field: field}
	if l.stopped {
		return Value[string]{At: at}
	}
	end := bytes.IndexByte(l.rest, '\n')
	if end < 0 {
		at.Length = int64(len(l.rest))
		l.fail(at, parse.Truncated, "a line", "the end of the file")
		return Value[string]{At: at}
	}
	s := string(l.rest[:end])
	at.Length = int64(end)
	l.rest, l.off = l.rest[end+1:], l.off+int64(end)+1
	if !printable(s) { // the server takes any byte
		l.damage = append(l.damage, parse.Damage{Span: at, Kind: parse.BadText, Want: "printable text", Got: quote(s)})
	}
	return set(s, at)
}

// number accepts digits only, as the server does.
func (l *lines) number(field string) Value[uint64] {
	t := l.text(field)
	if !t.Set {
		return Value[uint64]{At: t.At}
	}
	n, err := strconv.ParseUint(t.V, 10, 64)
	if err != nil {
		l.fail(t.At, parse.BadValue, "a number of 64 bits", quote(t.V))
		return Value[uint64]{At: t.At}
	}
	return set(n, t.At)
}
