package hostlayout

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/lastwrite/lastwrite/parse"
)

// Limits of a YAML document, checked before the YAML library runs. The
// largest real documents are lists of a few hundred members.
const (
	maxYAML     = 32 << 10 // bytes
	maxBrackets = 1000     // of flow lists and maps together
	maxDashes   = 16       // list markers on one line, each of which opens a level
	maxDepth    = 32       // levels that are walked
)

func byteCount(n int) string { return strconv.Itoa(n) + " bytes" }

// A document is a YAML file that is being read: its lines give the byte
// offsets of nodes, its damage grows.
type document struct {
	file   string
	data   []byte
	lines  []int // offset of every line
	damage []parse.Damage
	alias  bool // the document uses aliases
}

// A record is a map of a YAML document: keys in the order of the file.
type record struct {
	at    parse.Span
	pairs []pair
}

type pair struct {
	key   string
	at    parse.Span
	value ast.Node
}

// open parses a document and returns its top node, nil if there is none.
// Syntax errors are damage; their text is left out, as it quotes the file.
func open(file string, data []byte) (*document, ast.Node) {
	d := &document{file: file, data: data, lines: []int{0}}
	for i, b := range data {
		// the library takes a carriage return alone for the end of a line as well
		if b == '\n' || b == '\r' && !bytes.HasPrefix(data[i+1:], []byte("\n")) {
			d.lines = append(d.lines, i+1)
		}
	}
	if what := unboundedYAML(data); what != "" {
		d.fail(parse.Span{File: file}, parse.BadValue, "a document within the limits", what)
		return d, nil
	}
	if len(bytes.TrimSpace(data)) == 0 {
		d.fail(parse.Span{File: file, Length: int64(len(data))}, parse.Truncated, "a YAML document", "nothing")
		return d, nil
	}
	tree, err := parseYAML(data)
	if err != nil {
		at := parse.Span{File: file, Length: int64(len(data))}
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil && syntax.GetToken().Position != nil {
			p := syntax.GetToken().Position
			at = d.span(p.Line, p.Column, 0)
		}
		d.fail(at, parse.BadText, "YAML", "a syntax error")
		return d, nil
	}
	var top ast.Node
	for _, doc := range tree.Docs {
		switch {
		case doc == nil || doc.Body == nil:
		case top == nil:
			top = doc.Body
		default:
			d.fail(d.at(doc.Body, ""), parse.Trailing, "one document", "another one")
			return d, top
		}
	}
	if top == nil {
		d.fail(parse.Span{File: file, Length: int64(len(data))}, parse.BadText, "a YAML document", "only comments")
	}
	return d, top
}

// parseYAML calls the YAML library, whose panics on odd input are errors here.
func parseYAML(data []byte) (tree *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			tree, err = nil, fmt.Errorf("the YAML library panicked: %v", r)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// unboundedYAML says why a document is not given to the YAML library, ""
// if it may be. Brackets are counted wherever they stand: quoting must not
// hide nesting.
func unboundedYAML(data []byte) string {
	if len(data) > maxYAML {
		return fmt.Sprintf("more than %d bytes", maxYAML)
	}
	if n := bytes.Count(data, []byte("[")) + bytes.Count(data, []byte("{")); n > maxBrackets {
		return fmt.Sprintf("%d flow brackets", n)
	}
	for line := range bytes.Lines(data) {
		if n := bytes.Count(line, []byte("- ")) + bytes.Count(line, []byte("-\t")); n > maxDashes {
			return fmt.Sprintf("%d list markers on one line", n)
		}
	}
	return ""
}

func (d *document) fail(at parse.Span, kind parse.Kind, want, got string) {
	d.damage = append(d.damage, parse.Damage{Span: at, Kind: kind, Want: want, Got: got})
}

// span turns a line and a column in characters, both counted from 1, into
// bytes.
func (d *document) span(line, column, length int) parse.Span {
	s := parse.Span{File: d.file, Length: int64(length)}
	if line < 1 || line > len(d.lines) {
		s.Length = min(s.Length, int64(len(d.data)))
		return s
	}
	off := d.lines[line-1]
	for ; column > 1 && off < len(d.data) && d.data[off] != '\n'; column-- {
		_, n := utf8.DecodeRune(d.data[off:])
		off += n
	}
	s.Offset = int64(off)
	s.Length = min(s.Length, int64(len(d.data)-off))
	return s
}

func (d *document) at(n ast.Node, field string) parse.Span {
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return parse.Span{File: d.file, Field: field}
	}
	s := d.span(t.Position.Line, t.Position.Column, len(t.Value))
	s.Field = field
	return s
}

// plain takes anchors and tags off a node. An alias is damage and has no
// node: resolving aliases lets a small document become a huge one.
func (d *document) plain(n ast.Node, field string) ast.Node {
	for range maxDepth {
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.TagNode:
			n = v.Value
		case *ast.AliasNode:
			d.alias = true
			d.fail(d.at(v, field), parse.BadText, "a value", "an alias")
			return nil
		default:
			return n
		}
	}
	d.fail(d.at(n, field), parse.BadText, "a value", "anchors and tags without end")
	return nil
}

// record reads a map. ok is false, with damage, for anything else.
func (d *document) record(n ast.Node, field string) (r record, ok bool) {
	if n = d.plain(n, field); n == nil {
		return r, false
	}
	r.at = d.at(n, field)
	var values []*ast.MappingValueNode
	switch v := n.(type) {
	case *ast.MappingNode:
		values = v.Values
		if len(values) > 0 && values[0].Key != nil {
			r.at = d.at(values[0].Key, field)
		}
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{v}
		if v.Key != nil {
			r.at = d.at(v.Key, field)
		}
	default:
		d.fail(r.at, parse.BadText, "a map", kindOf(n))
		return r, false
	}
	seen := map[string]bool{}
	for _, v := range values {
		if v == nil || v.Key == nil {
			continue
		}
		key, isText := scalar(v.Key)
		at := d.at(v.Key, join(field, key))
		switch {
		case !isText:
			d.fail(at, parse.BadText, "a key", kindOf(v.Key))
		case seen[key]:
			d.fail(at, parse.Mismatch, "the key once", "twice")
		default:
			seen[key] = true
			r.pairs = append(r.pairs, pair{key, at, v.Value})
		}
	}
	return r, true
}

// list reads a list and calls f with each element and its field name.
func (d *document) list(n ast.Node, field string, f func(n ast.Node, field string)) {
	if n = d.plain(n, field); n == nil {
		return
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(d.at(n, field), parse.BadText, "a list", kindOf(n))
		return
	}
	for i, v := range seq.Values {
		if v != nil {
			f(v, fmt.Sprintf("%s[%d]", field, i))
		}
	}
}

// lookup returns the value of a key, nil if the record lacks it.
func (r record) lookup(key string) (ast.Node, parse.Span) {
	for _, p := range r.pairs {
		if p.key == key {
			return p.value, p.at
		}
	}
	return nil, r.at
}

// text reads a scalar. Control characters and bytes that are not UTF-8 are
// damage, but the text is returned as it stands.
func (d *document) text(r record, key string) Value[string] {
	n, at := r.lookup(key)
	if n == nil {
		return Value[string]{At: at}
	}
	if n = d.plain(n, at.Field); n == nil {
		return Value[string]{At: at}
	}
	s, ok := scalar(n)
	if _, null := n.(*ast.NullNode); null {
		return Value[string]{At: r.at} // as if the key were not there
	}
	at = d.at(n, at.Field)
	if !ok {
		d.fail(at, parse.BadText, "a text", kindOf(n))
		return Value[string]{At: at}
	}
	if !printable(s) {
		d.fail(at, parse.BadText, "printable text", quote(s))
	}
	return set(s, at)
}

// number reads an unsigned decimal number.
func (d *document) number(r record, key string) Value[uint64] {
	t := d.text(r, key)
	if !t.Set {
		return Value[uint64]{At: t.At}
	}
	n, err := strconv.ParseUint(t.V, 10, 64)
	if err != nil {
		d.fail(t.At, parse.BadValue, "a number of 64 bits", quote(t.V))
		return Value[uint64]{At: t.At}
	}
	return set(n, t.At)
}

// scalar returns the text of a scalar node; numbers come as they are written.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		if v.Value == nil {
			return "", true
		}
		return v.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		if t := n.GetToken(); t != nil {
			return strings.TrimSpace(t.Value), true
		}
	case *ast.NullNode:
		return "", true
	}
	return "", false
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a map"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	}
	if _, ok := scalar(n); ok {
		return "a text"
	}
	return "something else"
}

func join(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

// printable reports whether s is UTF-8 without control characters.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 })
}

// quote renders a short piece of the file for a damage.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + " and more"
	}
	return strconv.QuoteToASCII(s)
}
