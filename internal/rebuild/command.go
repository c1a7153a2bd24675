package rebuild

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// maxDatabaseName is the longest database name that is looked for, in bytes.
const maxDatabaseName = 1 << 10

// errMoved says that a file does not hold what was read before.
var errMoved = errors.New("content changed while it was read")

// A Head is a command without its pages.
type Head struct {
	Type     format.CommandType
	Database string
	Commit   bool
	PageSize int      // bytes
	Pages    []uint64 // page numbers
}

// ReadHead reads the command of an entry without its pages. damage says why it
// cannot be understood, "" if it can.
func ReadHead(fsys fs.FS, e cowsql.EntryView) (h Head, damage string, err error) {
	c, err := open(fsys, e, 4<<10)
	if err != nil {
		return Head{}, "", err
	}
	defer c.close()
	return c.Head, c.damage, nil
}

// A command is an open log entry: its head has been read, its pages follow.
type command struct {
	Head
	damage string
	entry  cowsql.EntryView
	file   fs.File
	r      *bufio.Reader
	left   int64 // bytes of the payload that were not read
	crc    uint32
}

// open reads the head of the command of e through a buffer of that many bytes.
func open(fsys fs.FS, e cowsql.EntryView, buffer int) (*command, error) {
	f, err := fsys.Open(e.File)
	if err != nil {
		return nil, err
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		f.Close()
		return nil, &fs.PathError{Op: "read", Path: e.File, Err: errors.ErrUnsupported}
	}
	size := int64(e.Size)
	c := &command{entry: e, file: f, left: size, r: bufio.NewReaderSize(io.NewSectionReader(at, e.Offset, size), buffer)}
	if err := c.head(); err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

func (c *command) close() { c.file.Close() }

var errShort = errors.New("it ends too early")

// next reads len(b) bytes.
func (c *command) next(b []byte) error {
	if int64(len(b)) > c.left {
		return errShort
	}
	if _, err := io.ReadFull(c.r, b); err != nil {
		return &fs.PathError{Op: "read", Path: c.entry.File, Err: err}
	}
	c.left -= int64(len(b))
	c.crc = format.CRC(c.crc, b)
	return nil
}

// verify reads what is left and compares the checksum with that of the entry.
func (c *command) verify() error {
	var b [4096]byte
	for c.left > 0 {
		if err := c.next(b[:min(c.left, int64(len(b)))]); err != nil {
			return err
		}
	}
	if c.crc != c.entry.CRC {
		return &fs.PathError{Op: "read", Path: c.entry.File, Err: errMoved}
	}
	return nil
}

// head reads the fields in front of the pages (cowsql src/command.c
// command__decode).
func (c *command) head() error {
	err := c.fields()
	if errors.Is(err, errShort) {
		c.damage, err = errShort.Error(), nil
	}
	return err
}

func (c *command) fields() error {
	var word [8]byte
	if err := c.next(word[:]); err != nil {
		return err
	}
	c.Type = format.CommandType(word[1])
	if word[0] != 1 || c.Type < format.CommandOpen || c.Type > format.CommandCheckpoint {
		c.damage = fmt.Sprintf("format %d, type %d", word[0], word[1])
		return nil
	}
	if c.Type == format.CommandUndo {
		return c.next(word[:]) // the transaction, which nobody looks at
	}
	var name []byte
	for {
		if err := c.next(word[:]); err != nil {
			return err
		}
		n := 0
		for n < len(word) && word[n] != 0 {
			n++
		}
		name = append(name, word[:n]...)
		if n < len(word) {
			break
		}
		if len(name) > maxDatabaseName {
			c.damage = "the name of the database does not end"
			return nil
		}
	}
	c.Database = string(name)
	if c.Type != format.CommandFrames {
		return nil
	}
	var body [24]byte // tx id 8, truncate 4, commit 1, unused 3, pages 4, page size 2, unused 2
	if err := c.next(body[:]); err != nil {
		return err
	}
	c.Commit = body[12] != 0
	pages, size := int64(binary.LittleEndian.Uint32(body[16:])), int(binary.LittleEndian.Uint16(body[20:]))
	c.PageSize = size
	if pages > 0 && (c.PageSize < 512 || c.PageSize&(c.PageSize-1) != 0) {
		c.damage = fmt.Sprintf("a page size of %d bytes", size)
		return nil
	}
	if pages*(8+int64(c.PageSize)) > c.left {
		return errShort
	}
	c.Pages = make([]uint64, pages) // so much was read of this file before
	for i := range c.Pages {
		if err := c.next(word[:]); err != nil {
			return err
		}
		c.Pages[i] = binary.LittleEndian.Uint64(word[:])
	}
	return nil
}
