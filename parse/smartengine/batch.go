package smartengine

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// Operations of a write batch (db/dbformat.h ValueType).
const (
	opDelete               = 0x00
	opPut                  = 0x01
	opLogData              = 0x03
	opSubtableDelete       = 0x04
	opSubtablePut          = 0x05
	opSingleDelete         = 0x07
	opSubtableSingleDelete = 0x08
	opBeginPrepare         = 0x09
	opEndPrepare           = 0x0a
	opCommit               = 0x0b
	opRollback             = 0x0c
	opNoop                 = 0x0d
)

// An Action is what a batch is for.
type Action string

// The actions.
const (
	Write    Action = "write"    // rows that are visible at once
	Prepare  Action = "prepare"  // rows that wait for a decision
	Commit   Action = "commit"   // of a prepared transaction
	Rollback Action = "rollback" // of a prepared transaction
)

// batchHeader is the length of sequence and count.
const batchHeader = 12

// A Batch is one record of a WAL (write_batch/write_batch.cc).
type Batch struct {
	File     string
	Offset   int64  // of the record's first fragment
	End      int64  // offset behind its last fragment
	Sequence uint64 // of its first operation
	Count    uint32 // as the header says
	Rows     uint32 // puts and deletes that are in it
	Action   Action
	XID      XID // of prepare, commit and rollback
}

// An XID names a transaction of two phases (util/transaction.cc; sql/xa.h).
type XID struct {
	// Raw is the text as it is stored, up to 156 bytes.
	Raw string
	// MySQL is set if it is the XID of an ordinary transaction: ServerID is the
	// server_id of the node that ran it, Number what the XID event of the log
	// entry holds.
	MySQL    bool
	ServerID uint64
	Number   uint64
}

// maxXID is the length of format id, two lengths and 128 bytes, rounded up.
const maxXID = 256

// ParseXID reads an XID: i64 big-endian format, u8 length of the global part,
// u8 length of the branch. The global part of ordinary transactions is
// MySQLXid, u64 server id and u64 number, both little-endian.
func ParseXID(b []byte) XID {
	x := XID{Raw: string(b)}
	const prefix = "MySQLXid"
	if len(b) == 34 && binary.BigEndian.Uint64(b) == 1 && b[8] == 24 && b[9] == 0 && string(b[10:18]) == prefix {
		x.MySQL, x.ServerID, x.Number = true, binary.LittleEndian.Uint64(b[18:]), binary.LittleEndian.Uint64(b[26:])
	}
	return x
}

// A change is a version of a row and its place in the batch.
type change struct {
	key   rowKey
	index uint32 // added to the sequence of the batch
	version
}

// A batchReader decodes batches without holding them.
type batchReader struct {
	in      *bufio.Reader
	log     *logReader
	read    int64
	batch   Batch
	changes []change
	key     []byte // buffers
	value   []byte
	failed  error // of reading
	damage  *parse.Damage
}

func newBatchReader(l *logReader) *batchReader {
	return &batchReader{in: bufio.NewReaderSize(l, 4<<10), log: l}
}

// next decodes the record that the log has opened. What it returns holds only
// if the log finds no damage when it closes the record.
func (r *batchReader) next() error {
	r.in.Reset(r.log)
	r.read, r.changes, r.damage = 0, r.changes[:0], nil
	r.batch = Batch{File: r.log.file, Offset: r.log.at, Action: Write}
	err := r.header()
	for err == nil {
		err = r.operation()
	}
	if err == io.EOF {
		err = nil
	}
	if errors.Is(err, errBatch) {
		err = nil
	}
	if err != nil {
		return err
	}
	if err = r.log.close(); err != nil {
		return err
	}
	r.batch.End = r.log.offset()
	if p := r.log.pending; p != nil {
		r.batch.End = p.at
	}
	return nil
}

// errBatch ends the decoding; what is wrong stands in batchReader.damage.
var errBatch = errors.New("write batch is damaged")

func (r *batchReader) fail(field string, kind parse.Kind, want, got string) error {
	r.damage = &parse.Damage{
		Span: parse.Span{File: r.log.file, Offset: r.batch.Offset, Length: max(r.log.offset()-r.batch.Offset, 0), Field: "batch." + field},
		Kind: kind, Want: want, Got: got, Note: fmt.Sprintf("in byte %d of the record", r.read),
	}
	return errBatch
}

func (r *batchReader) header() error {
	var b [batchHeader]byte
	n, err := io.ReadFull(r.in, b[:])
	r.read = int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.fail("header", parse.Truncated, "12 bytes", fmt.Sprint(n))
	}
	r.batch.Sequence, r.batch.Count = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint32(b[8:])
	return err
}

// operation decodes the next operation; io.EOF is the end of the batch.
func (r *batchReader) operation() error {
	tag, err := r.in.ReadByte()
	if err != nil {
		return err
	}
	r.read++
	var subtable uint64
	switch tag {
	case opSubtablePut, opSubtableDelete, opSubtableSingleDelete:
		if subtable, err = r.varint("subtable"); err != nil {
			return err
		}
		if subtable > 1<<32-1 {
			return r.fail("subtable", parse.BadValue, "32 bits", fmt.Sprint(subtable))
		}
	}
	switch tag {
	case opPut, opSubtablePut:
		return r.row(uint32(subtable), true)
	case opDelete, opSubtableDelete, opSingleDelete, opSubtableSingleDelete:
		return r.row(uint32(subtable), false)
	case opLogData:
		_, err = r.text("blob", 0)
	case opNoop, opBeginPrepare:
	case opEndPrepare:
		err = r.xid(Prepare)
	case opCommit:
		err = r.xid(Commit)
	case opRollback:
		err = r.xid(Rollback)
	default:
		return r.fail("tag", parse.BadValue, "an operation of 00 to 0d", fmt.Sprintf("%02x", tag))
	}
	return err
}

// row decodes the operands of a put or delete.
func (r *batchReader) row(subtable uint32, put bool) error {
	index := r.batch.Rows
	r.batch.Rows++
	key, err := r.text("key", 8)
	if err != nil {
		return err
	}
	k, ok := parseRowKey(key)
	ok = ok && k.subtable == subtable && len(r.changes) < maxRows
	if !put {
		if ok {
			r.changes = append(r.changes, change{key: k, index: index, version: version{deleted: true}})
		}
		return nil
	}
	n, err := r.varint("value.length")
	if err != nil {
		return err
	}
	if n > uint64(r.log.size) {
		return r.fail("value", parse.Truncated, fmt.Sprintf("%d bytes", n), "a shorter file")
	}
	if !ok || !k.looksRight(int64(n)) {
		return r.discard("value", n)
	}
	if r.value == nil {
		r.value = make([]byte, maxRow)
	}
	m, err := io.ReadFull(r.in, r.value[:n])
	r.read += int64(m)
	if err != nil {
		return r.end("value", err)
	}
	r.changes = append(r.changes, change{key: k, index: index, version: version{value: bytes.Clone(r.value[:n])}})
	return nil
}

func (r *batchReader) xid(a Action) error {
	b, err := r.text("xid", maxXID)
	if err != nil {
		return err
	}
	if b == nil {
		return r.fail("xid", parse.BadValue, fmt.Sprintf("at most %d bytes", maxXID), "more")
	}
	r.batch.Action, r.batch.XID = a, ParseXID(b)
	return nil
}

func (r *batchReader) varint(field string) (uint64, error) {
	n, err := binary.ReadUvarint(counter{r})
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return 0, r.fail(field, parse.Truncated, "a varint", "the end of the record")
	case r.failed != nil:
		return 0, r.failed
	case err != nil:
		return 0, r.fail(field, parse.BadValue, "a varint of at most 64 bits", "a longer one")
	}
	return n, nil
}

// text reads a byte string, of which up to most bytes are kept: a longer one
// comes back as nil.
func (r *batchReader) text(field string, most int) ([]byte, error) {
	n, err := r.varint(field + ".length")
	if err != nil {
		return nil, err
	}
	if n > uint64(most) {
		return nil, r.discard(field, n)
	}
	if cap(r.key) < maxXID {
		r.key = make([]byte, maxXID)
	}
	m, err := io.ReadFull(r.in, r.key[:n])
	r.read += int64(m)
	if err != nil {
		return nil, r.end(field, err)
	}
	return r.key[:n], nil
}

func (r *batchReader) discard(field string, n uint64) error {
	if n > uint64(r.log.size) {
		return r.fail(field, parse.Truncated, fmt.Sprintf("%d bytes", n), "a shorter file")
	}
	m, err := r.in.Discard(int(n))
	r.read += int64(m)
	return r.end(field, err)
}

func (r *batchReader) end(field string, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.fail(field, parse.Truncated, "all of it", "the end of the record")
	}
	return err
}

// A counter counts the bytes of varints.
type counter struct{ r *batchReader }

// ReadByte implements io.ByteReader.
func (c counter) ReadByte() (byte, error) {
	b, err := c.r.in.ReadByte()
	if err == nil {
		c.r.read++
	} else if err != io.EOF {
		c.r.failed = err
	}
	return b, err
}
