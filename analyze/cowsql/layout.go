package cowsql

import (
	"io/fs"
	"strconv"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// A layout is what the application's files say about the node.
type layout struct {
	*hostlayout.Application
	Name  string // product for the report
	Stale bool   // the host itself keeps this copy as old
	Note  string
}

func readLayout(dir fs.FS, c analyze.Candidate) (*layout, error) {
	app, err := hostlayout.ReadApplication(dir, hostlayout.Found{Root: ".", Raft: c.Data, Product: c.Layout})
	return &layout{Application: app, Name: c.Product, Stale: c.Stale, Note: c.Note}, err
}

// identity is who the application's files say the node is; id is 0 if they
// do not tell.
func (l *layout) identity() (id uint64, out analyze.Identity) {
	take := func(n hostlayout.Node, source string) {
		if n.ID.Set && id == 0 {
			id = n.ID.V
			out = analyze.Identity{ID: strconv.FormatUint(id, 10), Address: n.Address.V, Name: n.Name.V, Source: source}
		}
	}
	if l.Info != nil {
		take(*l.Info, l.Info.At.File)
	}
	if l.LocalDB != nil {
		if own, ok := l.LocalDB.Own(); ok {
			take(own, l.LocalDB.File)
		}
	}
	if l.ServerInfo != nil {
		take(*l.ServerInfo, l.ServerInfo.At.File)
	}
	if l.Daemon != nil {
		if out.Name == "" {
			out.Name = l.Daemon.Name.V
		}
		if out.Address == "" {
			out.Address = l.Daemon.Address.V
		}
	}
	return id, out
}
