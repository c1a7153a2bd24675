package cowsql

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strconv"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// A layout is what the application's files say about the node.
type layout struct {
	Product string
	Stale   bool
	Note    string
	Info    *hostlayout.Node  // info.yaml
	Cluster []hostlayout.Node // cluster.yaml; nil if the file is not there
	HasInfo, HasCluster,
	Join bool
	Damage []parse.Damage
}

// maxText bounds the text files that are read, in bytes.
const maxText = 4 << 20

func readLayout(dir fs.FS, c analyze.Candidate) (*layout, error) {
	l := &layout{Product: c.Product, Stale: c.Stale, Note: c.Note}
	var errs []error
	read := func(name string) []byte {
		data, err := readText(dir, path.Join(c.Data, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		return data
	}
	if data := read("info.yaml"); data != nil {
		n, damage := hostlayout.ParseInfo("info.yaml", data)
		l.Info, l.HasInfo = &n, true
		l.Damage = append(l.Damage, damage...)
	}
	if data := read("cluster.yaml"); data != nil {
		nodes, damage := hostlayout.ParseCluster("cluster.yaml", data)
		l.Cluster, l.HasCluster = nodes, true
		l.Damage = append(l.Damage, damage...)
	}
	l.Join = read("join") != nil
	return l, errors.Join(errs...)
}

// readText returns at most maxText bytes of a small file; an empty file gives
// an empty slice that is not nil.
func readText(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxText))
	if data == nil {
		data = []byte{}
	}
	return data, err
}

// identity is who the application's files say the node is.
func (l *layout) identity() (id uint64, out analyze.Identity) {
	if l.Info != nil && l.Info.ID.Set {
		id = l.Info.ID.V
		out = analyze.Identity{ID: strconv.FormatUint(id, 10), Address: l.Info.Address.V, Source: "info.yaml"}
	}
	return id, out
}
