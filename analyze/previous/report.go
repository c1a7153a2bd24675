// Package previous compares what was found with an earlier report on the same
// nodes: it looks for positions that went backwards, for directories that are
// not the same any more, and for another answer.
package previous

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
)

// Schema is the version of the reports that can be read.
const Schema = "lastwrite.report/1"

// maxReport is the size of the largest report that is read, in bytes.
const maxReport = 256 << 20

// A Report is what is needed of an earlier report.
type Report struct {
	Inputs   []Input   `json:"inputs"`
	Clusters []Cluster `json:"clusters"`
}

// An Input is one path with the digest over its files, "" if they were not
// read in full.
type Input struct {
	Path           string `json:"path"`
	Kind           string `json:"kind"`
	ManifestSHA256 string `json:"manifest_sha256"`
}

// A Cluster is one cluster of a report.
type Cluster struct {
	System  string  `json:"system"`
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Nodes   []Node  `json:"nodes"`
}

// A Verdict is the answer for a cluster.
type Verdict struct {
	Decided     bool     `json:"decided"`
	MostRecent  []string `json:"most_recent"`
	Recommended string   `json:"recommended"`
}

// A Node is one directory.
type Node struct {
	Name     string   `json:"name"`
	Identity Identity `json:"identity"`
	Position Position `json:"position"`
}

// An Identity is who the files said that the node is.
type Identity struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// A Position is how far the node's history went.
type Position struct {
	History string        `json:"history"`
	Term    number        `json:"term"`
	Index   number        `json:"index"`
	Bound   analyze.Bound `json:"bound"`
}

// A number is a JSON number, or a string of digits where it would lose its
// last ones.
type number uint64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseUint(strings.Trim(string(data), `"`), 10, 64)
	if err != nil {
		return fmt.Errorf("%.40s is no whole number", data)
	}
	*n = number(v)
	return nil
}

// Read reads a JSON report. The error says that it is none.
func Read(r io.Reader) (*Report, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxReport {
		return nil, fmt.Errorf("is larger than %d MiB, which no report is", maxReport>>20)
	}
	var head struct {
		Schema *string `json:"schema"`
	}
	err = json.Unmarshal(data, &head)
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped):
		return nil, errors.New("is JSON, and no report of lastwrite")
	case err != nil:
		return nil, fmt.Errorf("is no JSON: %w", err)
	case head.Schema == nil:
		return nil, errors.New("is JSON, and no report of lastwrite: it has no schema")
	case *head.Schema != Schema:
		return nil, fmt.Errorf("has the schema %.60q, and only %q can be compared", *head.Schema, Schema)
	}
	out := new(Report)
	if err := json.Unmarshal(data, out); err != nil {
		return nil, fmt.Errorf("does not hold what a report holds: %w", err)
	}
	return out, nil
}

// Members are the names and addresses of all nodes of the report.
func (r *Report) Members() []string {
	var out []string
	for _, c := range r.Clusters {
		for _, n := range c.Nodes {
			out = append(out, n.Name, n.Identity.Address)
		}
	}
	return out
}
