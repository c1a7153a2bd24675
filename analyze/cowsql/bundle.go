package cowsql

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
)

// kept is what a bundle holds of a node.
type kept struct {
	Files   map[string]*keptFile // by name, those that were parsed
	Layout  hostlayout.Kept
	Product string
	Stale   bool
	Note    string
}

// A keptFile is a file with what was parsed of it.
type keptFile struct {
	Size     int64
	Metadata cowsql.MetadataFile
	Segment  *cowsql.Segment      `json:",omitempty"`
	Base64   [][]byte             `json:",omitempty"` // the entries of Segment, then those of its islands: Run.Pack
	Meta     *cowsql.SnapshotMeta `json:",omitempty"`
	Snapshot *cowsql.Snapshot     `json:",omitempty"`
	Damage   []parse.Damage       `json:",omitempty"`
	Suspect  string               `json:",omitempty"`
	Thinned  bool                 `json:",omitempty"`
}

// maxKeptPages is how many page checksums of snapshots a bundle holds of one
// node: 2 MiB.
const maxKeptPages = 1 << 19

// Evidence implements analyze.Keeper.
func (r *reading) Evidence(text func(string) string) any {
	k := kept{Files: map[string]*keptFile{}, Layout: r.layout.Keep(), Product: r.layout.Name, Stale: r.layout.Stale, Note: r.layout.Note}
	thinned := r.thinned()
	for name, f := range r.files {
		x := &keptFile{
			Size: f.Size, Metadata: f.Metadata, Segment: f.Segment, Meta: f.Meta, Snapshot: f.Snapshot,
			Damage: f.Damage, Suspect: f.Suspect, Thinned: f.Thinned || slices.Contains(thinned, name),
		}
		if x.Thinned {
			s := *f.Snapshot
			s.Databases = slices.Clone(s.Databases)
			for i := range s.Databases {
				s.Databases[i].PageCRC = nil
			}
			x.Snapshot = &s
		}
		if f.Segment != nil {
			s := *f.Segment
			s.Islands = slices.Clone(s.Islands)
			for _, run := range runs(&s) {
				x.Base64 = append(x.Base64, run.Pack())
				run.Specials = renamed(run.Specials, text)
			}
			x.Segment = &s
		}
		k.Files[name] = x
	}
	return k
}

// runs returns all runs of entries of a segment.
func runs(s *cowsql.Segment) []*cowsql.Run {
	out := []*cowsql.Run{&s.Run}
	for i := range s.Islands {
		out = append(out, &s.Islands[i].Run)
	}
	return out
}

// renamed gives the addresses in configuration entries other names. A payload
// without any stays as it is.
func renamed(list []cowsql.Special, text func(string) string) []cowsql.Special {
	out := slices.Clone(list)
	for i := range out {
		if out[i].Type != cowsql.Change || out[i].Payload == nil {
			continue
		}
		c, damage := cowsql.ParseConfiguration("", "", 0, out[i].Payload)
		changed := false
		for j := range c.Servers {
			address := text(c.Servers[j].Address)
			changed = changed || address != c.Servers[j].Address
			c.Servers[j].Address = address
		}
		switch {
		case changed && damage != nil: // nobody knows what else stands there
			out[i].Payload = []byte{}
		case changed:
			out[i].Payload = c.Encode()
		}
	}
	return out
}

// thinned returns the snapshots whose page checksums a bundle has no room for:
// the oldest.
func (r *reading) thinned() []string {
	var out []string
	room := maxKeptPages
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(r.files))) {
		s := r.files[name].Snapshot
		if s == nil {
			continue
		}
		n := 0
		for _, d := range s.Databases {
			n += len(d.PageCRC)
		}
		if room -= n; room < 0 && n > 0 {
			out = append(out, name)
		}
	}
	return out
}

// Missing implements analyze.Partial.
func (r *reading) Missing() []string {
	var out []string
	for _, name := range r.thinned() {
		out = append(out, fmt.Sprintf("the page checksums of %s: it is not compared with snapshots of other nodes", name))
	}
	return out
}

// Recall implements analyze.Keeper.
func (r *reading) Recall(data []byte) error {
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return err
	}
	app := k.Layout.Restore()
	if app == nil {
		return fmt.Errorf("the host layout is missing")
	}
	r.layout = &layout{Application: app, Name: k.Product, Stale: k.Stale, Note: k.Note}
	r.kept, r.options.Quick = true, false
	for name, x := range k.Files {
		if x == nil {
			return fmt.Errorf("%s: nothing is known of it", name)
		}
		if s := x.Segment; s != nil {
			list := runs(s)
			if len(list) != len(x.Base64) {
				return fmt.Errorf("%s: %d runs of entries instead of %d", name, len(x.Base64), len(list))
			}
			for i, run := range list {
				if err := run.Unpack(x.Base64[i]); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
		r.files[name] = &file{
			Name: cowsql.ParseName(name), Size: x.Size, Metadata: x.Metadata, Segment: x.Segment, Meta: x.Meta, Snapshot: x.Snapshot,
			Damage: x.Damage, Suspect: x.Suspect, Thinned: x.Thinned,
		}
	}
	return r.consistent()
}

// consistent reports whether every file has what its kind asks for.
func (r *reading) consistent() error {
	for name, f := range r.files {
		kind := f.Name.Kind
		if kind == cowsql.KindCorrupt {
			kind = cowsql.ParseName(f.Name.Of).Kind
		}
		ok := true
		switch kind {
		case cowsql.KindClosed, cowsql.KindOpen, cowsql.KindIgnored:
			ok = f.Segment != nil
		case cowsql.KindSnapshotMeta:
			ok = f.Meta != nil
		case cowsql.KindSnapshotData:
			ok = f.Snapshot != nil
		}
		if !ok {
			return fmt.Errorf("%s: its content is missing", name)
		}
	}
	return nil
}
