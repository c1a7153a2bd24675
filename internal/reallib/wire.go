package reallib

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"
)

// The wire protocol of cowsql and dqlite, version 1, as far as tests need it
// (canonical/dqlite src/protocol.h, request.h, response.h, tuple.c): integers
// are little-endian, texts end with a zero byte and are padded to 8 bytes, a
// message is u32 words of body, u8 type, u8 schema, u16 zero, body.

const protocolVersion = 1

// Request types.
const (
	requestLeader   = 0
	requestOpen     = 3
	requestExecSQL  = 8
	requestQuerySQL = 9
)

// Response types.
const (
	responseFailure = 0
	responseServer  = 1
	responseDB      = 4
	responseResult  = 6
	responseRows    = 7
)

// Markers behind the last row of a message.
const (
	rowsPart = 0xeeeeeeeeeeeeeeee // another message follows
	rowsDone = 0xffffffffffffffff
)

// Value types of a row.
const (
	valueInteger  = 1
	valueFloat    = 2
	valueText     = 3
	valueBlob     = 4
	valueNull     = 5
	valueUnixTime = 9
	valueISO8601  = 10
	valueBoolean  = 11
)

// maxMessage is far above what the tests' databases answer with.
const maxMessage = 256 << 20

// A Failure is an error that the server answered with.
type Failure struct {
	Code    uint64
	Message string
}

func (f *Failure) Error() string { return fmt.Sprintf("server: %s (code %d)", f.Message, f.Code) }

// A Conn is a connection to one node.
type Conn struct {
	conn     net.Conn
	database uint32
}

// A ResultSet is the answer to a query. Values are int64, float64, string,
// []byte, bool, time.Time or nil.
type ResultSet struct {
	Columns []string
	Rows    [][]any
}

// Connect opens a connection to a node.
func (n *Node) Connect(ctx context.Context) (*Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", n.Port))
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if _, err := conn.Write(binary.LittleEndian.AppendUint64(nil, protocolVersion)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Conn{conn: conn}, nil
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// Leader returns the address of the member that the node takes for the
// leader, "" if it knows none.
func (c *Conn) Leader() (string, error) {
	body, err := c.call(requestLeader, make([]byte, 8), responseServer)
	if err != nil {
		return "", err
	}
	body.uint64() // id
	return body.text(), body.err
}

// Open opens a database on the leader, creating it when it does not exist.
// Exec and Query then work on it.
func (c *Conn) Open(database string) error {
	request := appendText(nil, database)
	request = binary.LittleEndian.AppendUint64(request, 0) // flags
	request = appendText(request, "")                      // virtual file system: the server's
	body, err := c.call(requestOpen, request, responseDB)
	if err != nil {
		return err
	}
	c.database = uint32(body.uint64())
	return body.err
}

// Exec runs a statement and returns the number of rows that it changed.
func (c *Conn) Exec(sql string) (uint64, error) {
	body, err := c.call(requestExecSQL, c.statement(sql), responseResult)
	if err != nil {
		return 0, err
	}
	body.uint64() // last insert id
	return body.uint64(), body.err
}

// Query runs a statement and returns all rows.
func (c *Conn) Query(sql string) (ResultSet, error) {
	var set ResultSet
	body, err := c.call(requestQuerySQL, c.statement(sql), responseRows)
	for err == nil {
		columns := body.uint64()
		set.Columns = nil
		for range columns {
			set.Columns = append(set.Columns, body.text())
			if body.err != nil {
				return set, body.err
			}
		}
		var last bool
		if last, err = body.rows(&set); last || err != nil {
			return set, err
		}
		body, err = c.receive(responseRows)
	}
	return set, err
}

func (c *Conn) statement(sql string) []byte {
	return appendText(binary.LittleEndian.AppendUint64(nil, uint64(c.database)), sql)
}

func (c *Conn) call(request byte, body []byte, response byte) (*answer, error) {
	message := binary.LittleEndian.AppendUint32(nil, uint32(len(body)/8))
	message = append(message, request, 0, 0, 0)
	if _, err := c.conn.Write(append(message, body...)); err != nil {
		return nil, err
	}
	return c.receive(response)
}

func (c *Conn) receive(response byte) (*answer, error) {
	var header [8]byte
	if _, err := io.ReadFull(c.conn, header[:]); err != nil {
		return nil, err
	}
	size := int64(binary.LittleEndian.Uint32(header[:])) * 8
	if size > maxMessage {
		return nil, fmt.Errorf("answer of %d bytes", size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return nil, err
	}
	a := &answer{rest: body}
	switch header[4] {
	case response:
		return a, nil
	case responseFailure:
		f := &Failure{Code: a.uint64(), Message: a.text()}
		return nil, errors.Join(f, a.err)
	default:
		return nil, fmt.Errorf("answer of type %d instead of %d", header[4], response)
	}
}

func appendText(b []byte, s string) []byte {
	b = append(append(b, s...), 0)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}

// An answer is a response body that is read from the front. After the first
// error everything reads as zero.
type answer struct {
	rest []byte
	err  error
}

func (a *answer) take(n int) []byte {
	if a.err == nil && n > len(a.rest) {
		a.err = io.ErrUnexpectedEOF
	}
	if a.err != nil {
		return make([]byte, 8)
	}
	taken := a.rest[:n]
	a.rest = a.rest[n:]
	return taken
}

func (a *answer) uint64() uint64 { return binary.LittleEndian.Uint64(a.take(8)) }

func (a *answer) text() string {
	end := bytes.IndexByte(a.rest, 0)
	if end < 0 {
		a.err = io.ErrUnexpectedEOF
		return ""
	}
	s := string(a.rest[:end])
	a.take(pad8(end + 1))
	return s
}

// rows reads the rows of one message; last tells that no message follows.
func (a *answer) rows(set *ResultSet) (last bool, err error) {
	columns := len(set.Columns)
	for a.err == nil {
		if len(a.rest) >= 8 {
			switch binary.LittleEndian.Uint64(a.rest) {
			case rowsDone:
				return true, nil
			case rowsPart:
				return false, nil
			}
		}
		types := a.take(pad8((columns + 1) / 2)) // four bits each, low half first
		row := make([]any, columns)
		for i := range row {
			row[i] = a.value(types[i/2] >> (4 * (i % 2)) & 15)
		}
		set.Rows = append(set.Rows, row)
	}
	return true, a.err
}

func (a *answer) value(kind byte) any {
	switch kind {
	case valueInteger:
		return int64(a.uint64())
	case valueFloat:
		return math.Float64frombits(a.uint64())
	case valueText:
		return a.text()
	case valueBlob:
		n := a.uint64()
		if n > uint64(len(a.rest)) {
			a.err = io.ErrUnexpectedEOF
			return nil
		}
		return a.take(pad8(int(n)))[:n]
	case valueNull:
		a.uint64()
		return nil
	case valueUnixTime:
		return time.Unix(int64(a.uint64()), 0).UTC()
	case valueISO8601:
		return a.text()
	case valueBoolean:
		return a.uint64() != 0
	default:
		a.err = fmt.Errorf("value of unknown type %d", kind)
		return nil
	}
}

func pad8(n int) int { return (n + 7) &^ 7 }
