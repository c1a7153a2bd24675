package report

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// complete returns a deep copy of a part of a report in which no slice and no map is nil and
// all text is valid UTF-8. It reaches into the facts of the systems, whose
// types this package does not know.
func complete[T any](part *T) *T {
	return mapper{text: validText}.value(reflect.ValueOf(part)).Interface().(*T)
}

// A mapper makes deep copies in which text has gone through every string.
type mapper struct {
	text func(string) string
	keep bool // leave out fields with the tag redact:"keep", whose words are ours
}

func (m mapper) value(v reflect.Value) reflect.Value {
	if encodesItself(v.Type()) {
		return v
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(m.text(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(m.value(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(m.value(v.Elem()))
		}
	case reflect.Struct:
		out.Set(v)
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" && !(m.keep && f.Tag.Get("redact") == "keep") {
				out.Field(i).Set(m.value(v.Field(i)))
			}
		}
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(m.value(v.Index(i)))
		}
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(m.value(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, key := range keys {
			out.SetMapIndex(m.value(key), m.value(v.MapIndex(key)))
		}
	default:
		out.Set(v)
	}
	return out
}

// encodesItself reports whether values of t bring their own JSON form, such as
// time.Time does.
func encodesItself(t reflect.Type) bool {
	for _, iface := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if t.Kind() != reflect.Interface && t.Implements(iface) {
			return true
		}
	}
	return false
}

// validText replaces every byte of s that is not UTF-8 by its escape.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
