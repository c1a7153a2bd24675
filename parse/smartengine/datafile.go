package smartengine

import (
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
)

const (
	masterHeader    = 0
	backupHeader    = 16 << 10
	backupHeaderOld = ExtentSize / 2 // of version 1
	headerMagic     = 0x0f1e2d3c4b5a6978
	headerLength    = 1664
	headerRead      = 16 << 10
)

// A DataFile is one N.sst: extents of 2 MiB, the first of which holds the
// header twice (storage/data_file.h).
type DataFile struct {
	File   string
	Number uint64
	Size   int64 // bytes
	// Header is the copy to go by: the first one if both are the same.
	Header DataHeader
	Copies [2]HeaderCopy
	// Refused is set if the engine does not open because of this file: a copy
	// cannot be read, or they differ in a field that it compares
	// (storage/data_file.cc double_load_header).
	Refused bool
	// Good is the number of the copy that is right, 1 or 2, if the other one
	// is not and the engine refuses the file. 0: neither, or nothing is wrong.
	Good int
	// Garbage: an empty file, or zeros where the header should be and no more
	// than two extents. The engine deletes it.
	Garbage bool
	// Orphan: no subtable has the table space, so that the engine ignores the
	// file.
	Orphan bool
}

// A DataHeader is what the engine compares of a header.
type DataHeader struct {
	HeaderSize uint64
	Version    uint64
	ExtentSize uint64
	BlockSize  uint64
	Number     uint64 // file number
	Magic      uint64
	Space      uint64 // table space id
	Type       uint64 // extent space type
}

// A HeaderCopy is one of the two headers.
type HeaderCopy struct {
	DataHeader
	Offset int64
	Damage *parse.Damage // what cannot be right about it, nil if nothing is
}

// ReadDataFile reads the headers of a data file.
func ReadDataFile(file string, number uint64, at io.ReaderAt, size int64) (*DataFile, error) {
	f := &DataFile{File: file, Number: number, Size: size}
	if size == 0 {
		f.Garbage = true
		return f, nil
	}
	var err error
	if f.Copies[0], err = readHeader(file, number, at, masterHeader, size); err != nil {
		return nil, err
	}
	backup := int64(backupHeader)
	if f.Copies[0].Version == 1 {
		backup = backupHeaderOld
	}
	if f.Copies[1], err = readHeader(file, number, at, backup, size); err != nil {
		return nil, err
	}
	a, b := &f.Copies[0], &f.Copies[1]
	same := a.DataHeader == b.DataHeader
	f.Header = a.DataHeader
	f.Refused = size < ExtentSize || !same || a.Magic != headerMagic || a.Version != 1 && a.Version != 2
	switch {
	case a.Damage == nil && b.Damage == nil && !same:
		b.Damage = &parse.Damage{Span: parse.Span{File: file, Offset: b.Offset, Length: headerRead, Field: "header[2]"}, Kind: parse.Mismatch, Want: fmt.Sprintf("%+v", a.DataHeader), Got: fmt.Sprintf("%+v", b.DataHeader), Note: "either copy may be the right one"}
	case f.Refused && a.Damage == nil && b.Damage != nil:
		f.Good = 1
	case f.Refused && b.Damage == nil && a.Damage != nil:
		f.Good, f.Header = 2, b.DataHeader
	}
	if f.Refused && size <= 2*ExtentSize {
		if f.Garbage, err = allZero(at, min(size, ExtentSize)); err != nil {
			return nil, err
		}
	}
	f.Refused = f.Refused && !f.Garbage
	return f, nil
}

func readHeader(file string, number uint64, at io.ReaderAt, offset, size int64) (HeaderCopy, error) {
	c := HeaderCopy{Offset: offset}
	var b [256]byte
	n, err := readAt(at, b[:], offset, size)
	if err != nil {
		return c, err
	}
	copyNumber := 1
	if offset != masterHeader {
		copyNumber = 2
	}
	d := newDecoder(file, fmt.Sprintf("header[%d]", copyNumber), offset, b[:n])
	c.HeaderSize, c.Version = d.varint("size"), d.varint("version")
	start := d.varint("start-extent")
	c.ExtentSize, c.BlockSize, c.Number = d.varint("extent-size"), d.varint("data-block-size"), d.varint("file-number")
	for _, field := range []string{"used", "total", "bitmap-offset", "space-file-size", "created", "modified"} {
		d.varint(field)
	}
	c.Magic = d.varint("magic")
	d.text("filename")
	d.text("bitmap")
	if c.Version == 2 {
		c.Space, c.Type = d.varint("table-space-id"), d.varint("extent-space-type")
	}
	check := func(field string, kind parse.Kind, want, got uint64) {
		if d.OK() && want != got {
			d.FailAt(field, kind, offset, d.Offset()-offset, fmt.Sprint(want), fmt.Sprint(got))
		}
	}
	check("magic", parse.BadMagic, headerMagic, c.Magic)
	check("size", parse.BadValue, headerLength, c.HeaderSize)
	check("start-extent", parse.BadValue, 1, start)
	check("extent-size", parse.BadValue, ExtentSize, c.ExtentSize)
	check("data-block-size", parse.BadValue, 16<<10, c.BlockSize)
	check("file-number", parse.Mismatch, number, c.Number)
	if d.OK() && c.Version != 1 && c.Version != 2 {
		d.FailAt("version", parse.BadVersion, offset, d.Offset()-offset, "1 or 2", fmt.Sprint(c.Version))
	}
	c.Damage = d.Damage()
	return c, nil
}

// allZero reports whether the first n bytes are zeros.
func allZero(at io.ReaderAt, n int64) (bool, error) {
	var b [4 << 10]byte
	for offset := int64(0); offset < n; offset += int64(len(b)) {
		m, err := readAt(at, b[:], offset, n)
		if err != nil {
			return false, err
		}
		for _, c := range b[:m] {
			if c != 0 {
				return false, nil
			}
		}
	}
	return true, nil
}
