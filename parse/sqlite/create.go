package sqlite

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// What SQLite accepts unless it is built otherwise (sqlite/sqlite
// src/sqliteLimit.h).
const (
	maxSQL     = 1_000_000 // bytes of a statement
	maxColumns = 2000
)

// A Column is a column as CREATE TABLE declares it.
type Column struct {
	Name    string
	Type    string // as declared, words separated by one space
	Default any    // what rows hold that are older than the column: nil if there is no literal default
	Virtual bool   // generated when it is read; rows do not hold it
}

// A Table is an ordinary table of a database.
type Table struct {
	Name         string
	SQL          string // the CREATE TABLE statement as stored
	Columns      []Column
	WithoutRowid bool
	root         uint32
	alias        int   // column that is the rowid, or -1
	key          []int // columns of the primary key
}

// stored returns the columns in the order in which a record holds them.
func (t *Table) stored() []int {
	var out []int
	if t.WithoutRowid {
		for _, i := range t.key {
			if !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	for i, c := range t.Columns {
		if !c.Virtual && !(t.WithoutRowid && slices.Contains(out, i)) {
			out = append(out, i)
		}
	}
	return out
}

// parseCreate reads the columns from a CREATE TABLE statement. It is not a
// parser of SQL: it splits the outer parentheses at commas and looks for the
// few words that matter, which is enough for what SQLite has accepted.
func parseCreate(sql string) (t Table, ok bool) {
	t = Table{SQL: sql, alias: -1}
	if len(sql) > maxSQL {
		return t, false
	}
	tokens := tokenize(sql)
	open := slices.IndexFunc(tokens, func(k token) bool { return k.is("(") })
	if open < 0 || !tokens[0].is("CREATE") || !slices.ContainsFunc(tokens[:open], func(k token) bool { return k.is("TABLE") }) {
		return t, false
	}
	items, rest := splitList(tokens[open+1:])
	for i, k := range rest[:max(0, len(rest)-1)] {
		if k.is("WITHOUT") && rest[i+1].is("ROWID") {
			t.WithoutRowid = true
		}
	}
	descending := -1 // "INTEGER PRIMARY KEY DESC" is no alias of the rowid
	for _, item := range items {
		if len(item) == 0 {
			continue
		}
		if len(t.Columns) > maxColumns {
			return t, false
		}
		if item[0].is("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN") {
			t.constraint(item)
			continue
		}
		primary, desc := t.column(item)
		if primary {
			t.key = []int{len(t.Columns) - 1}
			if desc {
				descending = len(t.Columns) - 1
			}
		}
	}
	if len(t.key) == 1 && !t.WithoutRowid && t.key[0] != descending && strings.EqualFold(t.Columns[t.key[0]].Type, "INTEGER") {
		t.alias = t.key[0]
	}
	return t, len(t.Columns) > 0 && len(t.Columns) <= maxColumns
}

// constraint looks for PRIMARY KEY (a, b) in a table constraint.
func (t *Table) constraint(item []token) {
	for i := 0; i+2 < len(item); i++ {
		if !item[i].is("PRIMARY") || !item[i+1].is("KEY") || !item[i+2].is("(") {
			continue
		}
		parts, _ := splitList(item[i+3:])
		t.key = nil
		for _, part := range parts {
			if len(part) == 0 || len(t.key) == maxColumns {
				continue
			}
			at := slices.IndexFunc(t.Columns, func(c Column) bool { return strings.EqualFold(c.Name, part[0].text) })
			if at >= 0 {
				t.key = append(t.key, at)
			}
		}
		return
	}
}

// column adds the column that item defines.
func (t *Table) column(item []token) (primary, descending bool) {
	c := Column{Name: item[0].text}
	i := 1
	var words []string
	for depth := 0; i < len(item); i++ {
		k := item[i]
		if depth == 0 && k.is("CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS") {
			break
		}
		if k.is("(") {
			depth++
		} else if k.is(")") {
			depth--
		}
		words = append(words, k.text)
	}
	c.Type = strings.Join(words, " ")
	for depth := 0; i < len(item); i++ {
		switch k := item[i]; {
		case k.is("("):
			depth++
		case k.is(")"):
			depth--
		case depth > 0:
		case k.is("PRIMARY"):
			primary = true
			descending = i+2 < len(item) && item[i+2].is("DESC")
		case k.is("DEFAULT"):
			c.Default = affine(literal(item[i+1:]), c.Type)
		case k.is("AS"):
			c.Virtual = true
		case k.is("STORED"):
			c.Virtual = false
		}
	}
	t.Columns = append(t.Columns, c)
	return primary, descending
}

// literal returns the value of the literal at the start of tokens, or nil.
func literal(tokens []token) any {
	if len(tokens) > 0 && tokens[0].is("(") {
		tokens = tokens[1:]
	}
	sign := ""
	if len(tokens) > 0 && tokens[0].is("-", "+") {
		sign, tokens = tokens[0].text, tokens[1:]
	}
	if len(tokens) == 0 {
		return nil
	}
	k := tokens[0]
	switch {
	case k.blob:
		if b, err := hex.DecodeString(k.text); err == nil {
			return b
		}
		return nil
	case k.quoted:
		return k.text
	case k.is("TRUE"):
		return int64(1)
	case k.is("FALSE"):
		return int64(0)
	}
	if n, err := strconv.ParseInt(sign+k.text, 0, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(sign+k.text, 64); err == nil {
		return f
	}
	return nil
}

// affine applies the affinity of a declared type to a literal default, as far
// as numbers and text are concerned.
func affine(v any, declared string) any {
	switch n := v.(type) {
	case int64:
		switch affinity(declared) {
		case textAffinity:
			return strconv.FormatInt(n, 10)
		case realAffinity:
			return float64(n)
		}
	case string:
		switch affinity(declared) {
		case integerAffinity, numericAffinity, realAffinity:
			if i, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64); err == nil {
				return affine(i, declared)
			}
			if f, err := strconv.ParseFloat(strings.TrimSpace(n), 64); err == nil {
				return f
			}
		}
	}
	return v
}

type affinityKind byte

const (
	blobAffinity affinityKind = iota
	textAffinity
	integerAffinity
	realAffinity
	numericAffinity
)

// affinity returns the affinity of a declared type (sqlite/sqlite
// src/build.c sqlite3AffinityType).
func affinity(declared string) affinityKind {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToUpper(declared), w) })
	}
	switch {
	case has("INT"):
		return integerAffinity
	case has("CHAR", "CLOB", "TEXT"):
		return textAffinity
	case has("BLOB") || declared == "":
		return blobAffinity
	case has("REAL", "FLOA", "DOUB"):
		return realAffinity
	}
	return numericAffinity
}

// A token is a word, a number, a quoted text without its quotes, or one
// character of punctuation.
type token struct {
	text   string
	quoted bool
	blob   bool // x'…', the text is hexadecimal
}

// is reports whether k is one of the given words or signs, and not quoted.
func (k token) is(words ...string) bool {
	return !k.quoted && !k.blob && slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(k.text, w) })
}

// tokenize splits SQL. Text that is not closed ends with the input.
func tokenize(sql string) []token {
	var out []token
	for i := 0; i < len(sql); {
		switch c := sql[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			i++
		case strings.HasPrefix(sql[i:], "--"):
			i = after(sql, i, "\n")
		case strings.HasPrefix(sql[i:], "/*"):
			i = after(sql, i+2, "*/")
		case c == '"' || c == '\'' || c == '`' || c == '[':
			text, end := unquote(sql, i)
			out, i = append(out, token{text: text, quoted: true}), end
		case (c == 'x' || c == 'X') && i+1 < len(sql) && sql[i+1] == '\'':
			text, end := unquote(sql, i+1)
			out, i = append(out, token{text: text, blob: true}), end
		case wordByte(c) || c == '.':
			start := i
			for i < len(sql) && (wordByte(sql[i]) || sql[i] == '.' || exponent(sql, start, i)) {
				i++
			}
			out = append(out, token{text: sql[start:i]})
		default:
			out, i = append(out, token{text: sql[i : i+1]}), i+1
		}
	}
	return out
}

func wordByte(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// exponent reports whether sql[i] is the sign in a number such as 1e-5.
func exponent(sql string, start, i int) bool {
	first := sql[start]
	return (sql[i] == '-' || sql[i] == '+') && (first == '.' || first >= '0' && first <= '9') &&
		(sql[i-1] == 'e' || sql[i-1] == 'E') && !strings.HasPrefix(sql[start:], "0x")
}

// after returns the offset behind the next occurrence of end.
func after(sql string, from int, end string) int {
	if i := strings.Index(sql[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(sql)
}

// unquote reads the quoted text at offset i, in which a doubled quote stands
// for one, and returns the offset behind it.
func unquote(sql string, i int) (text string, end int) {
	quote := sql[i]
	if quote == '[' {
		end = after(sql, i+1, "]")
		return strings.TrimSuffix(sql[i+1:end], "]"), end
	}
	var out strings.Builder
	for i++; i < len(sql); i++ {
		if sql[i] == quote {
			if i+1 >= len(sql) || sql[i+1] != quote {
				return out.String(), i + 1
			}
			i++
		}
		out.WriteByte(sql[i])
	}
	return out.String(), i
}

// splitList splits tokens at the commas outside of inner parentheses, up to
// the closing one, and returns what follows it.
func splitList(tokens []token) (items [][]token, rest []token) {
	depth, start := 0, 0
	for i, k := range tokens {
		switch {
		case k.is("("):
			depth++
		case k.is(")") && depth > 0:
			depth--
		case k.is(")"):
			return append(items, tokens[start:i]), tokens[i+1:]
		case k.is(",") && depth == 0:
			items, start = append(items, tokens[start:i]), i+1
		}
	}
	return append(items, tokens[start:]), nil
}
