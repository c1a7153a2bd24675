package command

import (
	"context"
	"fmt"
	"io/fs"
	"path"

	"github.com/dustin/go-humanize"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/smartengine"
)

// smartengineDecoder returns what reads a file of WeSQL's engine, nil if
// nothing does.
func smartengineDecoder(name string) decoder {
	kind, number, ok := smartengine.ParseName(name)
	if !ok {
		return nil
	}
	switch kind {
	case smartengine.CurrentFile:
		return decodeCurrent
	case smartengine.CheckpointFile:
		return decodeCheckpoint
	case smartengine.ManifestFile:
		return func(f *inspected, _ bool) (*decoded, error) { return decodeManifest(f, number) }
	case smartengine.WALFile:
		return decodeWAL
	case smartengine.DataFileType:
		return func(f *inspected, _ bool) (*decoded, error) { return decodeExtents(f, number) }
	}
	return nil
}

func decodeCurrent(f *inspected, _ bool) (*decoded, error) {
	c, err := smartengine.ReadCurrent(f.name.File, f.reader())
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "where smartengine begins"}
	d.damagedBy(c.Damage)
	d.sum = []string{fmt.Sprintf("%s, then manifest %d from record %d", c.Checkpoint, c.Manifest, c.LogID)}
	d.show = func(p *printer, _ int) {
		p.line("  checkpoint %s", c.Checkpoint)
		p.line("  manifests from %d.manifest on, records from log id %d on", c.Manifest, c.LogID)
		if c.NoNewline {
			p.line("  complete but for the newline at its end, which the engine asks for")
		}
	}
	return d, nil
}

func decodeCheckpoint(f *inspected, _ bool) (*decoded, error) {
	c, err := smartengine.ReadCheckpoint(f.name.File, f.at, f.size)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "checkpoint of smartengine", binary: true, damage: c.Damage}
	d.sum = []string{counted(int64(c.Subtables), "subtable", "subtables"), counted(int64(c.Extents), "extent", "extents")}
	d.show = func(p *printer, _ int) {
		p.line("  %s, %s, %s", d.sum[0], d.sum[1], counted(int64(c.Snapshots), "backup snapshot", "backup snapshots"))
		p.line("  manifest records from log id %d on come behind it; it has no checksum", c.LogID)
	}
	return d, nil
}

func decodeManifest(f *inspected, number uint64) (*decoded, error) {
	m, err := smartengine.ReadManifest(f.name.File, number, f.reader(), f.size)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "manifest of smartengine", binary: true, damage: m.Damage}
	d.damagedBy(m.Stop)
	d.sum = []string{counted(int64(m.Records), "record", "records")}
	d.show = func(p *printer, _ int) {
		if m.Records > 0 {
			p.line("  %s, log ids %d to %d, transactions %d to %d", d.sum[0], m.FirstLog, m.LastLog, m.FirstTransaction, m.LastTransaction)
		} else {
			p.line("  no record")
		}
		if m.Padded {
			p.line("  not closed: the engine was not shut down cleanly")
		}
		if m.Stop != nil {
			p.line("  a start goes on with the next manifest at byte %d, without a word; %s behind it", m.End, counted(int64(m.Ignored), "readable record", "readable records"))
		}
	}
	return d, nil
}

// decodeWAL reads the engine's directory: what a start makes of a log depends
// on the others.
func decodeWAL(f *inspected, _ bool) (*decoded, error) {
	dir, err := fs.Sub(f.fsys, path.Dir(f.path))
	if err != nil {
		return nil, err
	}
	name := path.Base(f.path)
	var batches []smartengine.Batch
	lost := map[int]bool{}
	e, err := smartengine.Read(context.Background(), dir, smartengine.Options{Each: func(b smartengine.Batch, behind bool) {
		if b.File == name && len(batches) < maxEvents {
			if behind {
				lost[len(batches)] = true
			}
			batches = append(batches, b)
		}
	}})
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "write-ahead log of smartengine", binary: true, sum: []string{"not read: the engine's other files are not beside it"}}
	d.show = func(p *printer, _ int) { p.line("  %s", d.sum[0]) }
	for _, w := range e.WALs {
		if w.File == name {
			d.describeWAL(w, batches, lost)
		}
	}
	return d, nil
}

func (d *decoded) describeWAL(w *smartengine.WAL, batches []smartengine.Batch, lost map[int]bool) {
	d.damage = append(d.damage, w.Holes...)
	if w.Stop != nil {
		d.damage = append(d.damage, w.Stop.Damage)
	}
	parse.SortDamage(d.damage)
	d.sum = []string{counted(int64(w.Records), "record", "records")}
	if w.Records > 0 {
		d.sum = append(d.sum, fmt.Sprintf("sequences %d to %d", w.First, w.Last))
	}
	d.show = func(p *printer, limit int) {
		p.line("  a start takes %s up to byte %d", d.sum[0], w.End)
		if s := w.Stop; s != nil {
			switch {
			case s.Silent:
				p.line("  it takes what follows for the end of the log, without a word")
			case s.AtEnd:
				p.line("  it cuts the newest log there, with a warning")
			default:
				p.line("  it refuses to open")
			}
		}
		if w.Lost.Records > 0 {
			p.line("  readable behind it: %s with %s, sequences %d to %d", counted(int64(w.Lost.Records), "record", "records"), counted(w.Lost.Rows, "row", "rows"), w.Lost.First, w.Lost.Last)
		}
		for i, b := range batches {
			if limit > 0 && i == limit {
				p.line("    and %s (--limit)", counted(int64(len(batches)-i), "more record", "more records"))
				return
			}
			p.line("    byte %d: sequence %d, %s, %s%s", b.Offset, b.Sequence, b.Action, counted(int64(b.Rows), "row", "rows"), batchEnd(b, lost[i]))
		}
	}
}

// batchEnd tells the transaction of a batch. XIDs of clients are their own.
func batchEnd(b smartengine.Batch, lost bool) string {
	out := ""
	if b.XID.MySQL {
		out = fmt.Sprintf(", transaction %d of server %d", b.XID.Number, b.XID.ServerID)
	}
	if lost {
		out += ", LOST by a start"
	}
	return out
}

func decodeExtents(f *inspected, number uint64) (*decoded, error) {
	x, err := smartengine.ReadDataFile(f.name.File, number, f.at, f.size)
	if err != nil {
		return nil, err
	}
	d := &decoded{kind: "extents of smartengine", binary: true}
	d.damagedBy(x.Copies[0].Damage, x.Copies[1].Damage)
	d.sum = []string{fmt.Sprintf("table space %d", x.Header.Space), counted(f.size/smartengine.ExtentSize, "extent", "extents")}
	d.show = func(p *printer, _ int) {
		p.line("  file %d, table space %d, %s of %s bytes, the first of which is the header", x.Header.Number, x.Header.Space,
			counted(f.size/smartengine.ExtentSize, "extent", "extents"), humanize.Comma(smartengine.ExtentSize))
		switch {
		case x.Garbage:
			p.line("  no header: the engine deletes the file")
		case x.Refused && x.Good > 0:
			p.line("  the two headers differ, and the engine refuses the file; header %d is good", x.Good)
		case x.Refused:
			p.line("  the headers are damaged, and the engine refuses the file")
		}
		p.line("  which extents are in use, and whether their blocks are sound, the manifests tell: lastwrite analyze")
	}
	return d, nil
}
