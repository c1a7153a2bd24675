package smartengine

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// Types of manifest entries (storage/storage_log_entry.h ManifestRedoLogType).
const (
	entryBegin           = 0
	entryCommit          = 1
	entryAddSubtable     = 2
	entryRemoveSubtable  = 3
	entryModifySubtable  = 4
	entryExtent          = 5
	entryModifySchema    = 6
	entryAcquireSnapshot = 7
	entryReleaseSnapshot = 8
)

// maxManifestRecord is the longest manifest record that is read. Records end
// at 2 MiB unless a single entry is longer (storage/storage_logger.cc
// flush_large_log_entry).
const maxManifestRecord = 64 << 20

// A Manifest is one N.manifest: the log of tables and extents since a
// checkpoint (storage/storage_logger.cc).
type Manifest struct {
	File     string
	Number   uint64
	Size     int64 // bytes
	Records  int   // that a start reads
	FirstLog uint64
	LastLog  uint64 // log ids of the first and the last of them
	// FirstTransaction and LastTransaction are the lowest and the highest id.
	// Ids go on through all manifests.
	FirstTransaction uint64
	LastTransaction  uint64
	End              int64 // offset behind the last record that is read
	// Padded: only zeros follow. The writer did not close the file, so the
	// engine was not shut down cleanly.
	Padded bool
	// Stop is the damage at which a start goes on with the next manifest,
	// without a word; nil if there is none.
	Stop *parse.Damage
	// Ignored is the number of records behind Stop that can be read.
	Ignored int
	// Damage is what is wrong in records that check.
	Damage []parse.Damage

	undecoded bool // a record that a start reads does not decode: it fails
	entries   []entry
	committed map[uint64]bool // transactions; false behind Stop
}

// An entry is one change of the engine's metadata.
type entry struct {
	transaction uint64
	ignored     bool // behind the stop
	kind        uint64
	subtable    Subtable // add, remove, modify
	extent      Extent
	changes     []extentChange
}

// An extentChange adds an extent to a subtable or takes one away.
type extentChange struct {
	id     ExtentID
	add    bool
	delete bool
}

// ReadManifest reads one manifest from r.
func ReadManifest(file string, number uint64, in io.Reader, size int64) (*Manifest, error) {
	m := &Manifest{File: file, Number: number, Size: size, committed: map[uint64]bool{}}
	l := newLogReader(file, 0, bufio.NewReaderSize(in, blockSize), size)
	var buf bytes.Buffer
	for {
		ok, err := l.open()
		if err != nil {
			return nil, err
		}
		if ok {
			buf.Reset()
			if _, err := buf.ReadFrom(io.LimitReader(l, maxManifestRecord)); err != nil {
				return nil, err
			}
			if err := l.close(); err != nil {
				return nil, err
			}
			if l.damage == nil && l.read > int64(buf.Len()) {
				l.fail("record", parse.BadValue, l.at, l.read, fmt.Sprintf("at most %d bytes", maxManifestRecord), fmt.Sprint(l.read))
			}
		}
		if l.skipped != nil {
			m.note(*l.skipped)
		}
		if ok && l.damage != nil {
			if err := m.broken(l); err != nil {
				return nil, err
			}
			continue
		}
		if !ok {
			break
		}
		if m.Stop != nil {
			m.Ignored++
		} else {
			m.Records++
			m.End = l.offset()
		}
		m.record(l.at, l.offset(), buf.Bytes())
	}
	m.Damage = append(m.Damage, l.holes...)
	m.Padded = m.Stop == nil && len(m.Damage) == 0 && m.End < size
	return m, nil
}

// broken deals with a record that is damaged. A wrong checksum ends the replay,
// as the end of the file does; over other damage the engine's reader steps.
func (m *Manifest) broken(l *logReader) error {
	end := l.damage.Kind == parse.Truncated && l.eof && l.lo == l.n
	if l.damage.Kind != parse.BadChecksum && !end {
		m.note(*l.damage)
		return nil
	}
	if m.Stop == nil {
		m.Stop = l.damage
	}
	return l.seek(l.damage.Offset + 1)
}

// record decodes the entries of one record, which lies from at to end.
func (m *Manifest) record(at, end int64, b []byte) {
	d := newDecoder(m.File, "", at, b)
	h := d.versioned("header")
	magic := h.Bytes("magic", 2)
	h.varint("data-checksum")
	logID, _ := h.varint("log-id"), h.varint("length")
	d.join(h)
	if d.OK() && !bytes.Equal(magic, []byte{0x12, 0x34}) {
		m.note(parse.Damage{Span: parse.Span{File: m.File, Offset: at, Length: end - at, Field: "header.magic"}, Kind: parse.BadMagic, Want: "1234", Got: fmt.Sprintf("%x", magic)})
	}
	if m.Stop == nil && d.OK() {
		if m.Records == 1 {
			m.FirstLog = logID
		} else if logID != m.LastLog+1 {
			m.note(parse.Damage{Span: parse.Span{File: m.File, Offset: at, Length: end - at, Field: "header.log-id"}, Kind: parse.Mismatch, Want: fmt.Sprint(m.LastLog + 1), Got: fmt.Sprint(logID)})
		}
		m.LastLog = logID
	}
	for d.OK() && d.Left() > 0 {
		m.entry(d)
	}
	if x := d.Damage(); x != nil {
		x.Offset, x.Length = at, end-at // fragments have headers in between
		m.note(*x)
		m.undecoded = m.undecoded || m.Stop == nil
	}
}

func (m *Manifest) note(d parse.Damage) { m.Damage = append(m.Damage, d) }

func (m *Manifest) entry(d decoder) {
	h := d.versioned("entry")
	e := entry{transaction: h.varint("transaction"), ignored: m.Stop != nil}
	h.varint("number")
	e.kind = h.varint("type")
	length := h.varint("length")
	d.join(h)
	if d.OK() && length > uint64(d.Left()) {
		d.Fail("entry.body", parse.Truncated, d.Left(), fmt.Sprintf("%d bytes", length), fmt.Sprintf("%d left", d.Left()))
	}
	at := d.Offset()
	b := newDecoder(d.file, "entry", at, d.Bytes("entry.body", int64(length)))
	if !d.OK() {
		return
	}
	if m.FirstTransaction == 0 || e.transaction < m.FirstTransaction {
		m.FirstTransaction = e.transaction
	}
	m.LastTransaction = max(m.LastTransaction, e.transaction)
	switch e.kind {
	case entryBegin, entryAcquireSnapshot, entryReleaseSnapshot:
		return
	case entryCommit:
		if !m.committed[e.transaction] {
			m.committed[e.transaction] = !e.ignored
		}
		return
	case entryAddSubtable, entryRemoveSubtable:
		s := b.versioned("subtable")
		e.subtable.ID, e.subtable.Primary, e.subtable.Database = s.schema()
		e.subtable.Space = s.varint("table-space-id")
		b.join(s)
	case entryModifySubtable:
		s := b.versioned("modify")
		e.subtable.ID = uint32(s.varint("index-id"))
		e.changes = s.changeInfo()
		e.subtable.Point = s.point()
		b.join(s)
	case entryExtent:
		s := b.versioned("extent-meta")
		e.extent = s.extent()
		b.join(s)
	case entryModifySchema:
		s := b.versioned("modify-schema")
		e.subtable.ID, e.subtable.Primary, e.subtable.Database = s.schema()
		b.join(s)
	default:
		b.FailAt("type", parse.BadValue, at, int64(length), "0 to 8", fmt.Sprint(e.kind))
	}
	d.join(b)
	if b.OK() {
		m.entries = append(m.entries, e)
	}
}

// changeInfo reads a ChangeInfo (storage/change_info.cc): extents that come
// and go, by level, and those of large objects.
func (d decoder) changeInfo() []extentChange {
	s := d.versioned("change")
	var out []extentChange
	for levels := s.count("levels", 2); levels > 0 && s.OK(); levels-- {
		s.varint("level")
		out = s.changes(out)
	}
	out = s.changes(out)
	s.varint("task")
	d.join(s)
	return out
}

func (d decoder) changes(out []extentChange) []extentChange {
	for n := d.count("changes", 8); n > 0 && d.OK(); n-- {
		c := d.versioned("extent-change")
		p := c.versionedAs("layer", 0)
		c.join(p)
		x := extentChange{id: c.extentID()}
		flag := c.U8("flag")
		x.add, x.delete = flag&1 != 0, flag&2 != 0
		d.join(c)
		out = append(out, x)
	}
	return out
}
