package database

import (
	"bytes"
	"cmp"
	"math/bits"
	"strings"
	"unicode/utf16"
)

// An order compares values as SQLite does with the BINARY collation, which
// depends on how the database stores text.
type order struct{ encoding string }

// compare orders null, numbers, text and blobs, in this order of classes.
func (o order) compare(a, b any) int {
	if c := cmp.Compare(class(a), class(b)); c != 0 {
		return c
	}
	switch x := a.(type) {
	case int64:
		switch y := b.(type) {
		case int64:
			return cmp.Compare(x, y)
		case float64:
			return compareNumbers(x, y)
		}
	case float64:
		switch y := b.(type) {
		case int64:
			return -compareNumbers(y, x)
		case float64:
			return cmp.Compare(x, y)
		}
	case string:
		y, _ := b.(string)
		return o.compareText(x, y)
	case []byte:
		y, _ := b.([]byte)
		return bytes.Compare(x, y)
	}
	return 0
}

func class(v any) int {
	switch v.(type) {
	case nil:
		return 0
	case int64, float64:
		return 1
	case string:
		return 2
	}
	return 3
}

// compareNumbers compares exactly, without losing digits of large numbers
// (sqlite/sqlite src/vdbeaux.c sqlite3IntFloatCompare).
func compareNumbers(i int64, f float64) int {
	switch {
	case f < -(1 << 63):
		return 1
	case f >= 1<<63:
		return -1
	}
	if c := cmp.Compare(i, int64(f)); c != 0 {
		return c
	}
	return cmp.Compare(float64(i), f)
}

// compareText compares the bytes of two texts as the database stores them.
func (o order) compareText(a, b string) int {
	if o.encoding == "UTF-8" || a == b {
		return strings.Compare(a, b)
	}
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := range min(len(x), len(y)) {
		if x[i] == y[i] {
			continue
		}
		if o.encoding == "UTF-16le" {
			return cmp.Compare(bits.ReverseBytes16(x[i]), bits.ReverseBytes16(y[i]))
		}
		return cmp.Compare(x[i], y[i])
	}
	return cmp.Compare(len(x), len(y))
}

// same reports whether two values are equal and of the same storage class.
func same(a, b any) bool {
	switch x := a.(type) {
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	default:
		if _, ok := b.([]byte); ok {
			return false
		}
		return a == b
	}
}
