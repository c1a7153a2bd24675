package hostlayout

import (
	"github.com/goccy/go-yaml/ast"

	"github.com/lastwrite/lastwrite/parse"
)

// ParseDaemon reads the daemon.yaml of microcluster: name and address of the
// member (rest/types/config.go DaemonConfig). Its other keys are not kept.
func ParseDaemon(file string, data []byte) (Node, []parse.Damage) {
	return parseNamed(file, data)
}

// ParseTrustEntry reads one file of truststore/: name and address of a
// member (microcluster internal/trust/remotes.go Remote). The certificate is
// not kept.
func ParseTrustEntry(file string, data []byte) (Node, []parse.Damage) {
	return parseNamed(file, data)
}

func parseNamed(file string, data []byte) (Node, []parse.Damage) {
	d, top := open(file, data)
	if top == nil {
		return Node{At: parse.Span{File: file}}, d.damage
	}
	r, ok := d.record(top, "")
	if !ok {
		return Node{At: r.at}, d.damage
	}
	n := Node{Name: d.text(r, "name"), Address: d.text(r, "address"), At: r.at}
	if !n.Address.Set && n.Address.At == n.At {
		d.fail(n.At, parse.BadValue, "an address", "none")
	}
	if !n.Name.Set && n.Name.At == n.At {
		d.fail(n.At, parse.BadValue, "a name", "none")
	}
	return n, d.damage
}

// An Init is the init.yaml of k8s-dqlite: it makes the next start a first
// start, which any other file in the directory refuses (pkg/server/server.go
// New).
type Init struct {
	Address Value[string]
	Cluster []Value[string] // addresses of members to join, empty to bootstrap
}

// ParseInit reads an init.yaml of k8s-dqlite.
func ParseInit(file string, data []byte) (Init, []parse.Damage) {
	var out Init
	d, top := open(file, data)
	if top == nil {
		return out, d.damage
	}
	r, ok := d.record(top, "")
	if !ok {
		return out, d.damage
	}
	out.Address = d.text(r, "Address")
	list, at := r.lookup("Cluster")
	if _, null := list.(*ast.NullNode); list == nil || null {
		return out, d.damage
	}
	d.list(list, at.Field, func(n ast.Node, field string) {
		at := d.at(n, field)
		if n = d.plain(n, field); n == nil {
			return
		}
		s, ok := scalar(n)
		if !ok {
			d.fail(at, parse.BadText, "a text", kindOf(n))
			return
		}
		if !printable(s) {
			d.fail(at, parse.BadText, "printable text", quote(s))
		}
		out.Cluster = append(out.Cluster, set(s, at))
	})
	return out, d.damage
}

// ParseUpdate reads an update.yaml of k8s-dqlite and returns its address: the
// next start makes the node the only member, under that address
// (pkg/server/server.go New).
func ParseUpdate(file string, data []byte) (Value[string], []parse.Damage) {
	init, damage := ParseInit(file, data)
	return init.Address, damage
}
