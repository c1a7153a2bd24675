package smartengine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
)

// maxSDI is how much of a dictionary file is read; those of wide tables have
// some 100 KiB.
const maxSDI = 16 << 20

// An SDI is what a file <schema>/<table>_NNN.sdi says about the place of a
// table: a dictionary object of MySQL in JSON, as tables have that are not in
// InnoDB.
type SDI struct {
	File      string
	Schema    string
	Table     string
	Engine    string
	Subtables []uint32 // index ids, in the order of the indexes
	Damage    *parse.Damage
}

// ReadSDI reads such a file.
func ReadSDI(file string, r io.Reader) (*SDI, error) {
	s := &SDI{File: file}
	var v struct {
		Object struct {
			Name    string `json:"name"`
			Schema  string `json:"schema_ref"`
			Engine  string `json:"engine"`
			Indexes []struct {
				Private string `json:"se_private_data"`
			} `json:"indexes"`
		} `json:"dd_object"`
	}
	err := json.NewDecoder(io.LimitReader(r, maxSDI)).Decode(&v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) || errors.As(err, &kind) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		s.Damage = &parse.Damage{Span: parse.Span{File: file, Field: "json"}, Kind: parse.BadText, Want: "a dictionary object in JSON", Got: err.Error()}
	case err != nil:
		return nil, err
	}
	s.Schema, s.Table, s.Engine = v.Object.Schema, v.Object.Name, v.Object.Engine
	for _, index := range v.Object.Indexes {
		for part := range strings.SplitSeq(index.Private, ";") {
			text, found := strings.CutPrefix(part, "subtable_id=")
			if !found {
				continue
			}
			if n, ok := decimal(text); ok && n <= 1<<32-1 {
				s.Subtables = append(s.Subtables, uint32(n))
			} else if s.Damage == nil {
				s.Damage = &parse.Damage{Span: parse.Span{File: file, Field: "subtable_id"}, Kind: parse.BadValue, Want: "a number of 32 bits", Got: fmt.Sprintf("%.40q", text)}
			}
		}
	}
	return s, nil
}

// Add notes the id of one of the raft tables; other tables are passed over.
func (t *Tables) Add(s *SDI) {
	if s.Schema != "mysql" || len(s.Subtables) == 0 {
		return
	}
	switch s.Table {
	case "consensus_info":
		t.Info = s.Subtables[0]
	case "consensus_applier_info":
		t.Applier = s.Subtables[0]
	case "consensus_applier_worker":
		t.Worker = s.Subtables[0]
	}
}
