// Package schema makes the JSON Schema of the report out of its Go types, and
// checks reports with it. Only tests use it: docs/report.schema.json is what is
// published.
package schema

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/analyze/galera"
	"github.com/lastwrite/lastwrite/analyze/manticore"
	"github.com/lastwrite/lastwrite/analyze/wesql"
	"github.com/lastwrite/lastwrite/report"
)

const id = "https://github.com/lastwrite/lastwrite/blob/main/docs/report.schema.json"

// An object is a JSON object. Encoded, its keys are sorted.
type object = map[string]any

// A family is a family of databases and the facts of its nodes.
type family struct {
	system string
	facts  reflect.Type
}

func families() []family {
	return []family{
		{"cowsql", reflect.TypeFor[cowsql.Facts]()},
		{"galera", reflect.TypeFor[galera.Facts]()},
		{"manticore", reflect.TypeFor[manticore.Facts]()},
		{"wesql", reflect.TypeFor[wesql.Facts]()},
	}
}

// words are the values that a string may have, by type and key.
func words() map[string][]any {
	severities := []any{string(analyze.Error), string(analyze.Warning), string(analyze.Info)}
	outcomes := []any{
		string(analyze.Clean), string(analyze.Discards), string(analyze.Refuses), string(analyze.Crashes), string(analyze.Hangs), string(analyze.Unknown),
	}
	return map[string][]any{
		"report.Document.schema":    {report.Schema},
		"report.Input.kind":         {"directory", "archive", "bundle"},
		"report.Note.severity":      severities,
		"report.Finding.severity":   severities,
		"report.Node.member":        {"yes", "no", "unknown"},
		"report.Position.bound":     {string(analyze.None), string(analyze.AtLeast), string(analyze.Exact)},
		"report.Start.outcome":      outcomes,
		"report.OtherStart.outcome": outcomes,
		"report.Change.op":          {"remove", "rename", "truncate", "create"},
	}
}

// Generate returns the schema as indented JSON. Keys that it does not name are
// allowed, since a later version may add some.
func Generate() ([]byte, error) {
	g := generator{defs: object{}, words: words()}
	root := g.object(reflect.TypeFor[report.Document]())
	var conditions []any
	for _, f := range families() {
		conditions = append(conditions, object{
			"if":   object{"properties": object{"system": object{"const": f.system}}},
			"then": object{"properties": object{"facts": object{"anyOf": []any{g.schema(f.facts), object{"maxProperties": 0}}}}},
		})
	}
	g.defs["report.Node"].(object)["allOf"] = conditions
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = id
	root["title"] = "The report of lastwrite analyze"
	root["$defs"] = g.defs
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return b.Bytes(), err
}

// Compile returns a validator that goes further than the published schema: it
// refuses keys that the schema does not name.
func Compile(published []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(published))
	if err != nil {
		return nil, err
	}
	defs, _ := doc.(object)["$defs"].(object)
	for _, def := range defs {
		def.(object)["additionalProperties"] = false
	}
	doc.(object)["additionalProperties"] = false
	c := jsonschema.NewCompiler()
	if err := c.AddResource(id, doc); err != nil {
		return nil, err
	}
	return c.Compile(id)
}

// Validate checks a rendered report.
func Validate(s *jsonschema.Schema, rendered []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(rendered))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}
