// Package parse is the vocabulary that all parsers share: where a byte
// stands (Span), what is wrong with it (Damage), and a Cursor that reads a
// structure in the order of its specification and stops at the first damage.
//
// Bad bytes are Damage, never an error: an error says that reading itself
// failed. A parser returns what it could read together with the damage.
package parse

import (
	"cmp"
	"fmt"
	"slices"
)

// A Span is a range of bytes in one file of a data directory.
type Span struct {
	File   string // path relative to the node directory, slash separated
	Offset int64  // first byte, counted from 0
	Length int64  // number of bytes; 0 when the whole file or a point is meant
	Field  string // dotted path of the field, such as "batch[3].header-crc"
}

// String renders s as "file@offset+length field".
func (s Span) String() string {
	out := s.File
	if s.Offset != 0 || s.Length != 0 {
		out += fmt.Sprintf("@%d+%d", s.Offset, s.Length)
	}
	if s.Field != "" {
		out += " " + s.Field
	}
	return out
}

// A Kind classifies a Damage.
type Kind string

// The kinds of damage that parsers tell apart.
const (
	Truncated   Kind = "truncated"    // the file ends before the structure does
	BadChecksum Kind = "bad-checksum" // stored and computed checksum differ
	BadMagic    Kind = "bad-magic"    // not the file type that the name promises
	BadVersion  Kind = "bad-version"  // a format version that is not known
	BadValue    Kind = "bad-value"    // a field outside its domain
	BadText     Kind = "bad-text"     // text that does not parse
	Mismatch    Kind = "mismatch"     // two places that must agree do not
	Trailing    Kind = "trailing"     // bytes behind the end of the structure
)

// A Damage is one place where the bytes are not what the format asks for.
type Damage struct {
	Span
	Kind Kind
	Want string // what the format asks for
	Got  string // what stands there
	Note string // one more fact: "one bit differs at byte 149592", "" if none
}

// String renders d for people: place, kind, expectation and fact.
func (d Damage) String() string {
	out := fmt.Sprintf("%s: %s", d.Span, d.Kind)
	if d.Want != "" || d.Got != "" {
		out += fmt.Sprintf(": want %s, got %s", d.Want, d.Got)
	}
	if d.Note != "" {
		out += " (" + d.Note + ")"
	}
	return out
}

// SortDamage orders damage by file, offset and field.
func SortDamage(list []Damage) {
	slices.SortStableFunc(list, func(a, b Damage) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Field, b.Field))
	})
}
