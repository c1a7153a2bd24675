package schema

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/lastwrite/lastwrite/report"
)

// A generator turns Go types into schemas. Named structs become definitions.
type generator struct {
	defs  object
	words map[string][]any
}

// schema describes the values of a type as encoding/json and report/json write
// them.
func (g *generator) schema(t reflect.Type) object {
	if t == reflect.TypeFor[report.Number]() {
		return whole(true)
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return whole(true)
	case reflect.Int, reflect.Int64:
		return whole(false)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return object{"type": "integer", "minimum": 0}
	case reflect.Int8, reflect.Int16, reflect.Int32:
		return object{"type": "integer"}
	case reflect.Pointer:
		return object{"anyOf": []any{g.schema(t.Elem()), object{"type": "null"}}}
	case reflect.Slice:
		return object{"type": "array", "items": g.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": g.schema(t.Elem())}
	case reflect.Struct:
		return g.reference(t)
	case reflect.Interface:
		return object{"type": "object"}
	}
	panic(fmt.Sprintf("a report has no %s", t))
}

// whole describes a whole number: above 2^53 it is a string of digits.
func whole(positive bool) object {
	number, digits := object{"type": "integer"}, "^-?[0-9]{16,20}$"
	if positive {
		number["minimum"], digits = 0, "^[0-9]{16,20}$"
	}
	return object{"anyOf": []any{number, object{"type": "string", "pattern": digits}}}
}

// reference defines a struct once. Its name is that of package and type.
func (g *generator) reference(t reflect.Type) object {
	name := t.String()
	if g.defs[name] == nil {
		g.defs[name] = object{} // it may contain itself
		g.defs[name] = g.object(t)
	}
	return object{"$ref": "#/$defs/" + name}
}

func (g *generator) object(t reflect.Type) object {
	properties, required := object{}, []any{}
	g.fields(t, t.String(), properties, &required)
	return object{"type": "object", "properties": properties, "required": required}
}

// fields adds the keys of a struct, those of embedded structs too.
func (g *generator) fields(t reflect.Type, name string, properties object, required *[]any) {
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case key == "-" || !f.IsExported():
			continue
		case f.Anonymous && key == "":
			g.fields(f.Type, name, properties, required)
			continue
		case key == "":
			key = f.Name
		}
		s := g.schema(f.Type)
		if strings.Contains(options, "string") { // a number that is always quoted
			s = object{"type": "string", "pattern": "^-?[0-9]+$"}
		}
		if words := g.words[name+"."+key]; words != nil {
			s["enum"] = words
		}
		properties[key] = s
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, key)
		}
	}
}
