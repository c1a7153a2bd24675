package binlog

import (
	"bytes"
	"slices"
	"strings"
)

// A Class says what kind of statement a query is, in words of a fixed list:
// "BEGIN", "CREATE TABLE", "GRANT", "INSERT". Statements themselves may hold
// passwords and data and are never kept.
type Class string

// Classes that are no words of SQL.
const (
	Compressed Class = "compressed"
	OtherClass Class = "other"
)

// Classes that begin or end transactions.
const (
	Begin    Class = "BEGIN"
	Commit   Class = "COMMIT"
	Rollback Class = "ROLLBACK"
)

// verbs are the first words that are told, with the objects that are.
var verbs = map[string][]string{
	"BEGIN": nil, "COMMIT": nil, "ROLLBACK": {"TO", "WORK"}, "SAVEPOINT": nil, "RELEASE": nil,
	"CREATE": objects, "ALTER": objects, "DROP": objects, "RENAME": {"TABLE", "USER"}, "TRUNCATE": nil,
	"GRANT": nil, "REVOKE": nil, "SET": {"PASSWORD", "STATEMENT", "DEFAULT"},
	"INSERT": nil, "UPDATE": nil, "DELETE": nil, "REPLACE": nil, "LOAD": nil, "CALL": nil, "SELECT": nil, "DO": nil,
	"ANALYZE": nil, "OPTIMIZE": nil, "REPAIR": nil, "FLUSH": nil, "INSTALL": nil, "UNINSTALL": nil, "IMPORT": nil, "CHECK": nil,
	"XA": {"START", "BEGIN", "END", "PREPARE", "COMMIT", "ROLLBACK"},
}

var objects = []string{
	"TABLE", "TABLES", "DATABASE", "SCHEMA", "VIEW", "INDEX", "USER", "ROLE", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "SERVER",
	"TABLESPACE", "PACKAGE", "LOGFILE", "INSTANCE",
}

// qualifiers stand between a verb and its object.
var qualifiers = []string{
	"OR", "REPLACE", "TEMPORARY", "UNIQUE", "FULLTEXT", "SPATIAL", "ONLINE", "OFFLINE", "IGNORE", "AGGREGATE", "UNDO", "BODY", "ALGORITHM", "SQL", "SECURITY",
}

// statementHead is how much of a statement is looked at.
const statementHead = 512

// Classify tells the kind of a statement.
func Classify(statement []byte) Class {
	rest := statement[:min(len(statement), statementHead)]
	verb, rest := word(rest)
	known, ok := verbs[verb]
	if !ok {
		return OtherClass
	}
	for range 8 {
		var next string
		if next, rest = word(rest); slices.Contains(known, next) {
			switch next {
			case "SCHEMA":
				next = "DATABASE"
			case "WORK":
				continue
			}
			return Class(verb + " " + next)
		}
		if !slices.Contains(qualifiers, next) {
			break
		}
	}
	if verb == "XA" {
		return OtherClass
	}
	return Class(verb)
}

// DDL reports whether a statement changes the schema, and so commits on its
// own.
func (c Class) DDL() bool {
	verb, _, _ := strings.Cut(string(c), " ")
	return slices.Contains([]string{"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "INSTALL", "UNINSTALL", "IMPORT"}, verb)
}

// word takes the first word off a statement, in upper case, without blanks
// and comments before it. A word that is too long to be one is "".
func word(b []byte) (string, []byte) {
	for {
		b = bytes.TrimLeft(b, " \t\r\n;(=")
		switch {
		case bytes.HasPrefix(b, []byte("/*")):
			end := bytes.Index(b[2:], []byte("*/"))
			if end < 0 {
				return "", nil
			}
			b = b[2+end+2:]
		case bytes.HasPrefix(b, []byte("--")), bytes.HasPrefix(b, []byte("#")):
			end := bytes.IndexByte(b, '\n')
			if end < 0 {
				return "", nil
			}
			b = b[end+1:]
		default:
			end := 0
			for end < len(b) && (b[end]|0x20 >= 'a' && b[end]|0x20 <= 'z' || b[end] == '_') {
				end++
			}
			if end == 0 || end > 16 {
				return "", nil
			}
			return strings.ToUpper(string(b[:end])), b[end:]
		}
	}
}
