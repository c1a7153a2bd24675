package bundle

import (
	"encoding"
	"encoding/json"
	"reflect"
)

// mapped returns a deep copy of v in which text has gone through every string
// and every key of a map. Words of a named type are a parser's own and stay;
// values that encode themselves stay too. Other than a copy for a report it
// keeps what is nil.
func mapped(v any, text func(string) string) any {
	return mapping(text).value(reflect.ValueOf(v)).Interface()
}

type mapping func(string) string

func (m mapping) value(v reflect.Value) reflect.Value {
	t := v.Type()
	if t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		return v
	}
	out := reflect.New(t).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		if t == reflect.TypeFor[string]() {
			out.SetString(m(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(t.Elem()))
			out.Elem().Set(m.value(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(m.value(v.Elem()))
		}
	case reflect.Struct:
		m.fields(out)
	case reflect.Slice:
		if v.IsNil() || plain(t.Elem().Kind()) {
			break
		}
		out.Set(reflect.MakeSlice(t, v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(m.value(v.Index(i)))
		}
	case reflect.Array:
		for i := 0; i < v.Len() && !plain(t.Elem().Kind()); i++ {
			out.Index(i).Set(m.value(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			break
		}
		out.Set(reflect.MakeMapWithSize(t, v.Len()))
		for _, key := range v.MapKeys() {
			out.SetMapIndex(m.value(key), m.value(v.MapIndex(key)))
		}
	}
	return out
}

// fields maps the fields of a struct in place, those of an embedded type that
// is not exported too.
func (m mapping) fields(s reflect.Value) {
	for i := range s.NumField() {
		switch f := s.Type().Field(i); {
		case f.IsExported():
			s.Field(i).Set(m.value(s.Field(i)))
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			m.fields(s.Field(i))
		}
	}
}

// plain reports whether values of that kind hold no text.
func plain(k reflect.Kind) bool { return k >= reflect.Bool && k <= reflect.Complex128 }
