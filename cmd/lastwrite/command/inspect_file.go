package command

import (
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/lastwrite/lastwrite/parse"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/hostlayout"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// An inspectKind is what inspect takes a file for.
type inspectKind string

const (
	kindUnknown  inspectKind = ""
	kindClosed   inspectKind = "closed segment"
	kindOpen     inspectKind = "open segment"
	kindMetadata inspectKind = "metadata"
	kindMeta     inspectKind = "snapshot metadata"
	kindData     inspectKind = "snapshot"
	kindInfo     inspectKind = "own record"
	kindCluster  inspectKind = "list of members"
	kindSQLite   inspectKind = "SQLite database"
)

// An inspected is one file with what was parsed of it.
type inspected struct {
	fsys    fs.FS
	path    string // in fsys
	name    format.Name
	inner   format.Name // the name without tmp- or corrupt-
	file    fs.File
	at      io.ReaderAt
	size    int64
	kind    inspectKind
	guessed bool // the content told the kind, the name does not

	segment  *format.Segment
	metadata format.MetadataFile
	meta     format.SnapshotMeta
	snapshot *format.Snapshot
	nodes    []hostlayout.Node
	header   sqlite.Header
	other    *decoded // of another family
	damage   []parse.Damage
}

// openInspected opens a file under the name that is shown.
func openInspected(fsys fs.FS, name, shown string) (*inspected, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	at, ok := file.(io.ReaderAt)
	if err == nil && (!ok || !info.Mode().IsRegular()) {
		err = &fs.PathError{Op: "read", Path: name, Err: errors.ErrUnsupported}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	f := &inspected{fsys: fsys, path: name, name: format.ParseName(shown), file: file, at: at, size: info.Size()}
	f.inner = innerName(shown)
	f.kind = kindOfName(shown)
	return f, nil
}

// innerName is the name of a file before it was set aside or completed.
func innerName(name string) format.Name {
	n := format.ParseName(name)
	if n.Kind == format.KindCorrupt || n.Kind == format.KindTemporary {
		return format.ParseName(n.Of)
	}
	return n
}

func kindOfName(name string) inspectKind {
	switch innerName(name).Kind {
	case format.KindClosed, format.KindIgnored:
		return kindClosed
	case format.KindOpen:
		return kindOpen
	case format.KindMetadata:
		return kindMetadata
	case format.KindSnapshotMeta:
		return kindMeta
	case format.KindSnapshotData:
		return kindData
	}
	switch name {
	case "info.yaml":
		return kindInfo
	case "cluster.yaml":
		return kindCluster
	}
	return kindUnknown
}

func (f *inspected) reader() io.Reader { return io.NewSectionReader(f.at, 0, f.size) }

// damaged reports whether anything is wrong with the file.
func (f *inspected) damaged() bool {
	_, wrong := f.wrongNumber()
	return len(f.damage) > 0 || wrong
}

// wrongNumber reports whether a sound closed segment holds another number of
// entries than its name says.
func (f *inspected) wrongNumber() (expected uint64, wrong bool) {
	if f.kind != kindClosed || f.first() == 0 || f.segment.Stop != format.EndOfFile {
		return 0, false
	}
	expected = f.inner.Last - f.inner.First + 1
	return expected, uint64(f.segment.Len()) != expected
}

// read parses the file as what its name says, or finds out from the content.
func (f *inspected) read() error {
	if f.kind != kindUnknown {
		return f.parse()
	}
	if err := f.decode(false); err != nil || f.other != nil {
		return err
	}
	f.guessed = true
	for _, try := range []struct {
		kind inspectKind
		fits func() bool
	}{
		{kindSQLite, func() bool { return f.header.PageSize != 0 && len(f.damage) == 0 }},
		{kindMetadata, func() bool { return f.size == format.MetadataSize && len(f.damage) == 0 }},
		{kindMeta, func() bool { return f.meta.Stop == format.MetaGood }},
		{kindClosed, func() bool { return f.segment.Len() > 0 || len(f.segment.Islands) > 0 }},
		{kindData, func() bool { return len(f.snapshot.Databases) > 0 && f.snapshot.Databases[0].PageSize != 0 }},
	} {
		f.kind, f.damage = try.kind, nil
		if err := f.parse(); err != nil {
			return err
		}
		if try.fits() {
			if f.kind == kindClosed && f.segment.Stop != format.EndOfFile && f.segment.NonZero < 0 {
				f.kind, f.damage = kindOpen, nil
			}
			return nil
		}
	}
	f.kind, f.damage = kindUnknown, nil
	return nil
}

func (f *inspected) parse() (err error) {
	switch f.kind {
	case kindClosed, kindOpen:
		f.segment, err = format.ReadSegment(f.reader(), f.at, f.name.File, f.size)
		prepared := f.kind == kindOpen && f.segment.NonZero < 0 && !f.segment.Stop.Cut()
		if !prepared {
			f.damaged1(f.segment.Damage)
		}
	case kindMetadata:
		var head []byte
		if head, err = f.head(format.MetadataSize); err == nil {
			var damage *parse.Damage
			f.metadata, damage = format.ParseMetadata(f.name.File, head, f.size)
			f.damaged1(damage)
		}
	case kindMeta:
		var head []byte
		if head, err = f.head(format.MetaMaxSize); err == nil {
			var damage *parse.Damage
			f.meta, damage = format.ParseSnapshotMeta(f.name.File, head)
			f.damaged1(damage)
		}
	case kindData:
		f.snapshot, err = format.ReadSnapshot(f.reader(), f.name.File, f.size)
		f.damage = append(f.damage, f.snapshot.Damage...)
		for _, d := range f.snapshot.Databases {
			f.damage = append(f.damage, d.StructuralProblems...)
		}
	case kindInfo, kindCluster:
		err = f.parseYAML()
	case kindSQLite:
		var head []byte
		if head, err = f.head(sqlite.HeaderSize); err == nil {
			f.header, f.damage = sqlite.ReadHeader(head, f.name.File, 0)
		}
	}
	return err
}

// maxYAML bounds what is read of a text file, in bytes.
const maxYAML = 4 << 20

func (f *inspected) parseYAML() error {
	text, err := f.head(maxYAML)
	if err != nil {
		return err
	}
	if f.kind == kindCluster {
		f.nodes, f.damage = hostlayout.ParseCluster(f.name.File, text)
		return nil
	}
	n, damage := hostlayout.ParseInfo(f.name.File, text)
	f.nodes, f.damage = []hostlayout.Node{n}, damage
	return nil
}

func (f *inspected) head(n int64) ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(f.at, 0, min(n, f.size)))
}

func (f *inspected) damaged1(d *parse.Damage) {
	if d != nil {
		f.damage = append(f.damage, *d)
	}
}

// first is the index of the first entry of a segment, 0 if the name does not
// tell it.
func (f *inspected) first() uint64 {
	if f.inner.Kind == format.KindClosed && f.inner.First <= f.inner.Last {
		return f.inner.First
	}
	return 0
}

// title is the kind with what the name adds to it.
func (f *inspected) title() string {
	out := string(f.kind)
	switch f.name.Kind {
	case format.KindCorrupt:
		out += ", set aside by automatic recovery"
	case format.KindTemporary:
		out += ", unfinished: a start deletes it"
	case format.KindIgnored:
		out += ", whose name the servers do not read"
	}
	if f.guessed {
		out += ", by its content"
	}
	return strings.TrimSpace(out)
}
