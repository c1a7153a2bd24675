package manticore

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// Operations of a record since version 15 (src/binlog.cpp Blop_e).
const (
	opAddTable    = 1
	opTransaction = 2
	opCache       = 3
)

// A Stop says why the replay of a log ends.
type Stop string

// The reasons, in the order in which the server looks for them.
const (
	EndOfFile    Stop = ""              // all records are valid
	NoHeader     Stop = "no-header"     // fewer than 8 bytes, or another magic number
	WrongVersion Stop = "wrong-version" // a version that is not known here
	BadMarker    Stop = "bad-marker"    // no TXN! where a record begins
	BadOperation Stop = "bad-operation" // an operation that does not exist
	TornRecord   Stop = "torn-record"   // the file ends inside the record
	BadCRC       Stop = "bad-crc"       // the checksum of the record is wrong
	UnknownTable Stop = "unknown-table" // a transaction of a table that was not declared
	BadTable     Stop = "bad-table"     // a declaration out of turn, or twice
	SecondCache  Stop = "second-cache"  // two closing records
)

// A Field says how far into a broken record the reader came. The server acts
// differently: what fails in front of the TID is skipped without a word.
type Field uint8

// The fields of a transaction in their order.
const (
	AtMarker Field = iota
	AtOperation
	AtTable
	AtTID
	AtSize
	AtPayload
	AtCRC
)

// A Log is what could be read of one binlog.NNNN.
type Log struct {
	File         string
	Size         int64
	Version      uint32
	Tables       []LogTable // in the order of their declaration
	Transactions uint64     // valid ones
	Closed       bool       // the last record is the one that a rotation or a clean stop writes
	Records      uint64
	End          int64 // first byte behind the last valid record
	Stop         Stop
	Damage       *parse.Damage // where the replay stops, nil with EndOfFile
	Broken       Broken        // the record there
	Behind       []LogTable    // valid transactions behind the damage, which no server replays
	BehindAt     int64         // offset of the first valid record behind it
	BehindCount  uint64        // all valid records behind it, those of tables that were not declared among them
}

// Broken is what could be read of the record at which the replay stops.
type Broken struct {
	Offset  int64 // of the marker
	Op      uint8
	Table   string // "" if the declaration is missing
	TID     uint64
	Kind    byte  // first byte of the payload: 0 update, 1 commit, 2 percolate
	Reached Field // the field that could not be read, or AtCRC
}

// A LogTable is what a log holds of one table.
type LogTable struct {
	Name         string
	First, Last  uint64 // TIDs, both included; 0 without a transaction
	Transactions uint64
	Missing      uint64 // TIDs between First and Last that no record has
	Repeated     uint64 // records whose TID is not higher than the one before; the server passes over them
	LastTime     int64  // versions before 15: clock of the last commit, microseconds
	Digests      Digests
}

// A Digest identifies the payload of one transaction. Nodes of a cluster
// write the same payload for the same TID (measured).
type Digest struct {
	CRC  uint32 // CRC-32 (IEEE) of the payload
	Size uint32
	Data bool // a commit: two nodes with other bytes hold other rows
}

// maxDigests bounds the digests that are kept of one table.
const maxDigests = 1 << 14

// Digests holds the digests of a table by TID. Of a long log only those are
// kept whose TID is divisible by Step, a power of two, so that two logs always
// share some.
type Digests struct {
	Step uint64
	byID map[uint64]Digest
}

// At returns the digest of a transaction.
func (d *Digests) At(tid uint64) (Digest, bool) {
	x, ok := d.byID[tid]
	return x, ok
}

// Len returns the number of digests.
func (d *Digests) Len() int { return len(d.byID) }

// All calls yield for every digest, in no order.
func (d *Digests) All(yield func(uint64, Digest) bool) {
	for tid, x := range d.byID {
		if !yield(tid, x) {
			return
		}
	}
}

func (d *Digests) add(tid uint64, x Digest) {
	if d.byID == nil {
		d.Step, d.byID = 1, map[uint64]Digest{}
	}
	if tid%d.Step != 0 {
		return
	}
	d.byID[tid] = x
	for len(d.byID) > maxDigests {
		d.Step *= 2
		for t := range d.byID {
			if t%d.Step != 0 {
				delete(d.byID, t)
			}
		}
	}
}

// maxTables bounds the tables of one log, Behind included.
const maxTables = 1 << 14

// ReadLog reads a log of the transactions of one or several tables. in is
// read once from its first byte; at is asked for what lies behind damage, and
// for logs of versions before 15, whose records do not tell their length. The
// error is for reading.
func ReadLog(in io.Reader, at io.ReaderAt, file string, size int64) (*Log, error) {
	l := &Log{File: file, Size: size}
	r := &recordReader{in: bufio.NewReaderSize(in, 64<<10), size: size}
	head := r.take(8)
	switch {
	case r.err != nil:
		return l, r.err
	case len(head) < 8:
		l.stop(NoHeader, parse.Truncated, 0, int64(len(head)), "header", "8 bytes", fmt.Sprint(len(head)))
		return l, nil
	}
	l.Version = binary.LittleEndian.Uint32(head[4:])
	if magic := binary.LittleEndian.Uint32(head); magic != LogMagic {
		l.stop(NoHeader, parse.BadMagic, 0, 4, "magic", fmt.Sprintf("%#08x", LogMagic), fmt.Sprintf("%#08x", magic))
		return l, nil
	}
	l.End = 8
	switch {
	case l.Version == 15 || l.Version == LogVersion:
		for l.End < size && l.Stop == EndOfFile && r.err == nil {
			l.record(r)
		}
	case l.Version >= 9 && l.Version < 15:
		return l, l.old(at)
	case size > 8:
		l.stop(WrongVersion, parse.BadVersion, 4, 4, "version", fmt.Sprintf("up to %d", LogVersion), fmt.Sprint(l.Version))
	}
	if r.err != nil {
		return l, r.err
	}
	if l.Stop != EndOfFile && l.Stop != WrongVersion {
		return l, l.resynchronise(at)
	}
	return l, nil
}

func (l *Log) stop(s Stop, kind parse.Kind, at, n int64, field, want, got string) {
	l.Stop = s
	l.Damage = &parse.Damage{Span: parse.Span{File: l.File, Offset: at, Length: n, Field: field}, Kind: kind, Want: want, Got: got}
}

// A recordReader reads fields and keeps the checksum of a record.
type recordReader struct {
	in   *bufio.Reader
	pos  int64
	size int64
	crc  uint32
	err  error
	buf  [4096]byte
}

// take returns the next n bytes, at most 16, or fewer at the end of the file.
func (r *recordReader) take(n int) []byte {
	b := r.buf[:n]
	k, err := io.ReadFull(r.in, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		r.err = err
	}
	r.pos += int64(k)
	r.crc = crc32.Update(r.crc, crc32.IEEETable, b[:k])
	return b[:k]
}

func (r *recordReader) u32() (uint32, bool) {
	if b := r.take(4); len(b) == 4 {
		return binary.LittleEndian.Uint32(b), true
	}
	return 0, false
}

func (r *recordReader) varint() (v uint64, ok bool) {
	for range 10 {
		b := r.take(1)
		if len(b) == 0 {
			return v, false
		}
		v = v<<7 | uint64(b[0]&0x7f)
		if b[0] < 0x80 {
			return v, true
		}
	}
	return v, true // the checksum tells
}

// payload reads n bytes and returns their digest.
func (r *recordReader) payload(n uint32) (d Digest, kind byte, ok bool) {
	d.Size = n
	for left := int64(n); left > 0; {
		b := r.buf[:min(left, int64(len(r.buf)))]
		k, err := io.ReadFull(r.in, b)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			r.err = err
			return d, kind, false
		}
		if left == int64(n) && k > 0 {
			kind = b[0]
			d.Data = kind == 1 && k > 1 && b[1] != 0
		}
		r.pos += int64(k)
		r.crc = crc32.Update(r.crc, crc32.IEEETable, b[:k])
		d.CRC = crc32.Update(d.CRC, crc32.IEEETable, b[:k])
		if k < len(b) {
			return d, kind, false
		}
		left -= int64(k)
	}
	return d, kind, true
}

// record reads the record at l.End.
func (l *Log) record(r *recordReader) {
	l.Broken = Broken{Offset: l.End}
	torn := func(field Field, name string) {
		l.Broken.Reached = field
		l.stop(TornRecord, parse.Truncated, l.Broken.Offset, l.Size-l.Broken.Offset, name, "the rest of the record", "the end of the file")
	}
	marker, ok := r.u32()
	if !ok {
		torn(AtMarker, "marker")
		return
	}
	if marker != recordMagic {
		l.stop(BadMarker, parse.BadMagic, l.End, 4, "marker", fmt.Sprintf("%#08x", recordMagic), fmt.Sprintf("%#08x", marker))
		return
	}
	r.crc = 0
	b := r.take(1)
	if len(b) == 0 {
		torn(AtOperation, "operation")
		return
	}
	l.Broken.Op = b[0]
	switch l.Broken.Op {
	case opAddTable:
		l.addTable(r, torn)
	case opTransaction:
		l.transaction(r, torn)
	case opCache:
		l.cache(r, torn)
	default:
		l.Broken.Reached = AtOperation
		l.stop(BadOperation, parse.BadValue, l.End+4, 1, "operation", "1, 2 or 3", fmt.Sprint(b[0]))
	}
	if l.Stop == EndOfFile {
		l.End, l.Broken = r.pos, Broken{}
		l.Records++
	}
}

// seal compares the checksum.
func (l *Log) seal(r *recordReader, torn func(Field, string)) bool {
	sum, at := r.crc, r.pos
	want, ok := r.u32()
	l.Broken.Reached = AtCRC
	switch {
	case !ok:
		torn(AtCRC, "crc")
		return false
	case want != sum:
		l.stop(BadCRC, parse.BadChecksum, at, 4, "crc", fmt.Sprintf("%#08x", want), fmt.Sprintf("%#08x", sum))
		return false
	}
	return true
}

func (l *Log) addTable(r *recordReader, torn func(Field, string)) {
	id, ok := r.varint()
	n, ok2 := r.varint()
	if !ok || !ok2 {
		torn(AtTable, "table")
		return
	}
	name, ok := r.name(n)
	if !ok {
		torn(AtTable, "table")
		return
	}
	l.Broken.Table = name
	if !l.seal(r, torn) {
		return
	}
	if int(id) != len(l.Tables) || id >= maxTables {
		l.stop(BadTable, parse.BadValue, l.Broken.Offset, r.pos-l.Broken.Offset, "table.id", fmt.Sprint(len(l.Tables)), fmt.Sprint(id))
		return
	}
	for _, t := range l.Tables {
		if t.Name == name {
			l.stop(BadTable, parse.BadValue, l.Broken.Offset, r.pos-l.Broken.Offset, "table.name", "a name that is new to the file", "the name of an earlier one")
			return
		}
	}
	l.Tables = append(l.Tables, LogTable{Name: name})
}

// name reads the name of a table. Longer ones than the server allows are cut.
func (r *recordReader) name(n uint64) (string, bool) {
	if n > uint64(r.size) {
		return "", false
	}
	var out []byte
	for left := int64(n); left > 0; {
		b := r.take(int(min(left, 4096)))
		if len(b) == 0 {
			return "", false
		}
		if len(out) < 4096 {
			out = append(out, b...)
		}
		left -= int64(len(b))
	}
	return string(out), true
}

func (l *Log) transaction(r *recordReader, torn func(Field, string)) {
	id, ok := r.varint()
	if !ok {
		torn(AtTable, "table.id")
		return
	}
	var t *LogTable
	if id < uint64(len(l.Tables)) {
		t = &l.Tables[id]
		l.Broken.Table = t.Name
	}
	tid, ok := r.varint()
	l.Broken.TID = tid
	if !ok {
		torn(AtTID, "tid")
		return
	}
	n, ok := r.u32()
	if !ok {
		torn(AtSize, "size")
		return
	}
	d, kind, ok := r.payload(n)
	l.Broken.Kind = kind
	if !ok {
		torn(AtPayload, "payload")
		return
	}
	if !l.seal(r, torn) {
		return
	}
	switch {
	case t == nil:
		l.stop(UnknownTable, parse.BadValue, l.Broken.Offset, r.pos-l.Broken.Offset, "table.id", fmt.Sprintf("below %d", len(l.Tables)), fmt.Sprint(id))
	default:
		l.Transactions++
		t.add(tid, d)
	}
}

func (t *LogTable) add(tid uint64, d Digest) {
	switch {
	case t.Transactions > 0 && tid <= t.Last:
		t.Repeated++ // the table has it already
		return
	case t.Transactions == 0:
		t.First = tid
	case tid > t.Last+1:
		t.Missing += tid - t.Last - 1
	}
	t.Last = tid
	t.Transactions++
	t.Digests.add(tid, d)
}

func (l *Log) cache(r *recordReader, torn func(Field, string)) {
	n, ok := r.varint()
	for i := uint64(0); ok && i < n; i++ {
		var length uint64
		if length, ok = r.varint(); ok {
			_, ok = r.name(length)
		}
		for range 3 {
			if ok {
				_, ok = r.varint()
			}
		}
	}
	if !ok {
		torn(AtPayload, "cache")
		return
	}
	if !l.seal(r, torn) {
		return
	}
	if l.Closed {
		l.stop(SecondCache, parse.BadValue, l.Broken.Offset, r.pos-l.Broken.Offset, "operation", "one closing record", "a second one")
		return
	}
	l.Closed = true
}
