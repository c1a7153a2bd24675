package command

import (
	"io"

	"github.com/lastwrite/lastwrite/internal/hexdump"
)

// hex prints the bytes of the file's structure.
func (f *inspected) hex(w io.Writer, limit int) error {
	d := hexdump.New(w)
	file := hexdump.File{At: f.at, Size: f.size}
	var err error
	switch f.kind {
	case kindClosed, kindOpen:
		err = d.Segment(file, f.segment, f.first(), limit)
	case kindMetadata:
		err = d.Metadata(file)
	case kindMeta:
		err = d.SnapshotMeta(file, f.meta)
	case kindData:
		err = d.Snapshot(file, f.snapshot, limit)
	case kindSQLite:
		err = d.SQLite(file)
	default:
		return usage("--hex: %s is a text file", f.name.File)
	}
	if err != nil {
		return &exit{ExitIncomplete, err}
	}
	p := &printer{w: w}
	for _, damage := range f.damage {
		p.line("DAMAGE: %s", damage)
	}
	return p.err
}
