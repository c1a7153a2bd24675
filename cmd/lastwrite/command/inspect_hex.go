package command

import (
	"errors"
	"io"

	"github.com/lastwrite/lastwrite/internal/hexdump"
)

// hex prints the bytes of the file's structure.
func (f *inspected) hex(w io.Writer, limit int) error {
	d := hexdump.New(w)
	file := hexdump.File{At: f.at, Size: f.size}
	var err error
	switch {
	case f.other != nil && f.other.hex != nil:
		err = f.other.hex(d, limit)
	case f.other != nil && f.other.binary:
		return usage("--hex: the bytes of %s are not annotated", f.name.File)
	case f.other != nil:
		return usage("--hex: %s is a text file", f.name.File)
	default:
		err = f.hexRaft(d, file, limit)
	}
	if refused := (*exit)(nil); errors.As(err, &refused) {
		return err
	}
	if err = errOf(err, d.Err()); err != nil {
		return &exit{ExitIncomplete, err}
	}
	p := &printer{w: w}
	for _, damage := range f.damage {
		p.line("DAMAGE: %s", damage)
	}
	return p.err
}

// hexRaft prints a file of a raft directory.
func (f *inspected) hexRaft(d *hexdump.Writer, file hexdump.File, limit int) error {
	switch f.kind {
	case kindClosed, kindOpen:
		return d.Segment(file, f.segment, f.first(), limit)
	case kindMetadata:
		return d.Metadata(file)
	case kindMeta:
		return d.SnapshotMeta(file, f.meta)
	case kindData:
		return d.Snapshot(file, f.snapshot, limit)
	case kindSQLite:
		return d.SQLite(file)
	}
	return usage("--hex: %s is a text file", f.name.File)
}
