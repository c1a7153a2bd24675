package binlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

// tcHeader is the length of the header of tc.log, up to the first number.
const tcHeader = 8

// A TCLog is tc.log, with which MariaDB and MySQL decide about prepared
// transactions when there is no binary log (MariaDB/server sql/log.cc
// TC_LOG_MMAP):
//
//	fe 23 05 74   magic; its first byte is overwritten with "A" when the server stops
//	u8            number of engines with two-phase commit, since MariaDB 5.2
//	from 8 on     u64 XIDs, 0: free
//
// A server that stops in order removes the file. If it is there the server was
// running; it recovers with the XIDs, and refuses to start when other engines
// are there than before.
type TCLog struct {
	InUse   bool // the magic is whole
	Closed  bool // the server stopped in order and could not remove the file
	Engines uint8
	XIDs    Numbers
	Size    int64
	Damage  []parse.Damage
}

// ReadTCLog reads a tc.log of size bytes.
func ReadTCLog(r io.Reader, file string, size int64) (*TCLog, error) {
	out := &TCLog{Size: size}
	bad := func(off, n int64, field string, kind parse.Kind, want, got string) {
		out.Damage = append(out.Damage, parse.Damage{Span: parse.Span{File: file, Offset: off, Length: n, Field: field}, Kind: kind, Want: want, Got: got})
	}
	buf := make([]byte, 64<<10)
	n, err := io.ReadFull(r, buf[:tcHeader])
	if n < tcHeader {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			bad(0, int64(n), "header", parse.Truncated, fmt.Sprintf("%d bytes", tcHeader), fmt.Sprintf("%d left", n))
			err = nil
		}
		return out, err
	}
	switch {
	case bytes.Equal(buf[:4], []byte("\xfe\x23\x05\x74")):
		out.InUse = true
	case bytes.Equal(buf[:4], []byte("A\x23\x05\x74")):
		out.Closed = true
	case isZero(buf[:tcHeader]): // a crash between the creation and the first write
	default:
		bad(0, 4, "magic", parse.BadMagic, "fe230574", fmt.Sprintf("%x", buf[:4]))
		return out, nil
	}
	out.Engines = buf[4]
	if size%4096 != 0 {
		bad(0, size, "size", parse.Truncated, "a multiple of the page size", fmt.Sprintf("%d bytes", size))
	}
	for {
		n, err := io.ReadFull(r, buf)
		for b := buf[:n]; len(b) >= 8; b = b[8:] {
			if xid := binary.LittleEndian.Uint64(b); xid != 0 {
				out.XIDs.Add(xid)
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = nil
			}
			out.XIDs.settle()
			return out, err
		}
	}
}
