package command

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/internal/rebuild"
	"github.com/lastwrite/lastwrite/report/escape"
)

// A raftNode is a cowsql or dqlite node of the inputs.
type raftNode struct {
	*analyze.Node
	data    rebuild.Node
	input   *input
	cluster int // number of its cluster in the result
}

// raftNodes returns the cowsql and dqlite nodes of the inputs, by name.
func (a *analysis) raftNodes() ([]*raftNode, error) {
	var out []*raftNode
	for i, c := range a.result.Clusters {
		for _, n := range c.Nodes {
			view, ok := cowsql.ViewOf(n)
			if !ok {
				continue
			}
			in := a.inputs[n.Input]
			x := &raftNode{n, rebuild.Node{View: view}, in, i}
			if in.stored == nil {
				var err error
				if x.data.FS, err = fs.Sub(in.FS(), n.Dir); err != nil {
					return nil, err
				}
			}
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(x, y *raftNode) int { return strings.Compare(x.Name, y.Name) })
	return out, nil
}

// raftNode returns the node of that name, or the only one if name is "".
func (a *analysis) raftNode(name string) (*raftNode, error) {
	nodes, err := a.raftNodes()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, n := range nodes {
		if n.Name == name || name == "" && len(nodes) == 1 {
			return n, nil
		}
		names = append(names, n.Name)
	}
	switch {
	case len(nodes) == 0:
		return nil, &exit{ExitIncomplete, fmt.Errorf("%s: no cowsql or dqlite node was recognised here\nsee what was found there: lastwrite analyze %s", a.inputs[0].Path(), a.commandLine())}
	case name == "":
		return nil, usage("%s holds several nodes; choose one with --node: %s", a.inputs[0].Path(), strings.Join(names, ", "))
	default:
		return nil, usage("--node %s: the nodes here are %s", name, strings.Join(names, ", "))
	}
}

// nothing is the error for inputs in which no node directory was recognised.
func (a *analysis) nothing() error {
	return &exit{ExitIncomplete, fmt.Errorf("no node directory was recognised\nsee what was found there: lastwrite analyze %s", a.commandLine())}
}

// complain prints what could not be read; if quiet, only what concerns an input
// as a whole.
func (a *analysis) complain(w io.Writer, quiet bool) {
	found, _ := notes(a.inputs, a.result)
	for _, n := range found {
		whole := slices.ContainsFunc(a.inputs, func(in *input) bool { return in.Path() == n.Path })
		if n.Severity == string(analyze.Error) && (whole || !quiet) {
			fmt.Fprintf(w, "lastwrite: %s: %s\n", escape.Text(n.Path), escape.Text(n.Text))
		}
	}
}
