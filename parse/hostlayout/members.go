package hostlayout

import (
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"github.com/lastwrite/lastwrite/parse"
)

// ParseInfo reads an info.yaml: the node itself (go-cowsql app/app.go New).
// Role is the role at creation and is not kept up to date by the application.
func ParseInfo(file string, data []byte) (Node, []parse.Damage) {
	d, top := open(file, data)
	if top == nil {
		return Node{At: parse.Span{File: file}}, d.damage
	}
	n := d.goNode(top, "")
	if n.ID.Set && n.ID.V == 0 {
		d.fail(n.ID.At, parse.BadValue, "the id of a node", "0")
	}
	d.cutOff(n)
	return n, d.damage
}

// ParseCluster reads a cluster.yaml, the cache of peers (go-cowsql
// client/store.go YamlNodeStore). Ids may be 0 until a leader was asked.
func ParseCluster(file string, data []byte) ([]Node, []parse.Damage) {
	return parseList(file, data, (*document).goNode)
}

// ParseLocalNode reads a localnode.yaml of MicroK8s: a list as in
// cluster.yaml with the node itself, or that node alone.
func ParseLocalNode(file string, data []byte) ([]Node, []parse.Damage) {
	if d, top := open(file, data); top != nil {
		switch d.plain(top, "").(type) {
		case *ast.MappingNode, *ast.MappingValueNode:
			n := d.goNode(top, "")
			return []Node{n}, d.damage
		}
	}
	return ParseCluster(file, data)
}

// ParseRecovery reads a recovery.yaml of microcluster: id, address, role as a
// word, name (cluster/recover.go DqliteMember).
func ParseRecovery(file string, data []byte) ([]Node, []parse.Damage) {
	return parseList(file, data, func(d *document, top ast.Node, field string) Node {
		r, ok := d.record(top, field)
		if !ok {
			return Node{At: r.at}
		}
		n := Node{ID: d.number(r, "id"), Address: d.text(r, "address"), Name: d.text(r, "name"), At: r.at}
		word := d.text(r, "role")
		n.Role.At = word.At
		if word.Set {
			role, ok := roleFromWord(word.V)
			if !ok {
				d.fail(word.At, parse.BadValue, "voter, stand-by or spare", quote(word.V))
			}
			n.Role.V, n.Role.Set = role, ok
		}
		d.need(n)
		return n
	})
}

// ParseRaftNodes reads the raft_nodes.yaml of an LXD recovery archive: a list
// of maps with nodeinfo {ID, Address, Role} and name.
func ParseRaftNodes(file string, data []byte) ([]Node, []parse.Damage) {
	return parseList(file, data, func(d *document, top ast.Node, field string) Node {
		r, ok := d.record(top, field)
		if !ok {
			return Node{At: r.at}
		}
		var n Node
		if inner, at := r.lookup("nodeinfo"); inner != nil {
			n = d.goNode(inner, at.Field)
		} else {
			d.fail(r.at, parse.BadText, "the key nodeinfo", "none")
		}
		n.Name, n.At = d.text(r, "name"), r.at
		return n
	})
}

func parseList(file string, data []byte, read func(*document, ast.Node, string) Node) ([]Node, []parse.Damage) {
	d, top := open(file, data)
	if top == nil {
		return nil, d.damage
	}
	var out []Node
	d.list(top, "", func(n ast.Node, field string) { out = append(out, read(d, n, field)) })
	if len(out) > 0 {
		d.cutOff(out[len(out)-1])
	}
	return out, d.damage
}

// goNode reads the three keys of the Go client's NodeInfo (internal/protocol
// store.go).
func (d *document) goNode(top ast.Node, field string) Node {
	r, ok := d.record(top, field)
	if !ok {
		return Node{At: r.at}
	}
	n := Node{ID: d.number(r, "ID"), Address: d.text(r, "Address"), At: r.at}
	number := d.number(r, "Role")
	n.Role.At = number.At
	if number.Set {
		role, ok := roleFromNumber(number.V)
		if !ok {
			d.fail(number.At, parse.BadValue, "0, 1 or 2", strconv.FormatUint(number.V, 10))
			role = 0
		}
		n.Role.V, n.Role.Set = role, ok
	}
	d.need(n)
	return n
}

// need reports a member without id or address. A value that is there and
// damaged has been reported already and carries a place of its own.
func (d *document) need(n Node) {
	if !n.ID.Set && n.ID.At == n.At {
		d.fail(n.At, parse.BadValue, "an id", "none")
	}
	if !n.Address.Set && n.Address.At == n.At {
		d.fail(n.At, parse.BadValue, "an address", "none")
	}
}

// cutOff reports a file that ends in the middle of its last record: writers
// end every line, so a missing key and a missing end of line belong together.
func (d *document) cutOff(last Node) {
	if len(d.data) == 0 || d.data[len(d.data)-1] == '\n' || last.Role.Set {
		return
	}
	end := int64(len(d.data))
	d.fail(parse.Span{File: d.file, Offset: end, Field: last.At.Field}, parse.Truncated, "a role and an end of line", "the end of the file")
}
