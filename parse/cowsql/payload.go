package cowsql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

const (
	// maxDatabaseName is the longest database name that is looked for.
	maxDatabaseName = 1 << 10
	// maxDatabases bounds how many databases of a snapshot are looked at. A
	// node has a handful; without a bound, a few compressed bytes could ask
	// for any number.
	maxDatabases = 4096
	// maxProblems bounds how many structural problems of pages are kept a
	// database.
	maxProblems = 16
	// pagesPerFrame bounds by how many pages a WAL makes a database longer, a
	// frame: SQLite need not write pages that a transaction adds and frees.
	pagesPerFrame = 64
	// maxPart is larger than any part of a snapshot can be.
	maxPart = 1 << 60
)

// A payload walks the FSM format.
type payload struct {
	r        io.Reader
	file     string
	snapshot *Snapshot
	size     int64 // -1 if not known
	offset   int64
	page     []byte
}

func (p *payload) fail(kind parse.Kind, at, n int64, field, want, got string) {
	p.snapshot.Damage = append(p.snapshot.Damage, parse.Damage{
		Span: parse.Span{File: p.file, Offset: at, Length: n, Field: field}, Kind: kind, Want: want, Got: got,
	})
}

// take reads n bytes; ok is false if the payload ends before.
func (p *payload) take(b []byte) (n int, ok bool, err error) {
	n, err = io.ReadFull(p.r, b)
	p.offset += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return n, false, nil
	}
	return n, err == nil, err
}

func (p *payload) read() error {
	s := p.snapshot
	var head [16]byte
	n, ok, err := p.take(head[:])
	if err != nil {
		return err
	}
	if !ok {
		s.Missing = int64(len(head) - n)
		p.fail(parse.Truncated, 0, int64(n), "header", "16 bytes", fmt.Sprintf("%d bytes", n))
		return nil
	}
	s.Format, s.Count = binary.LittleEndian.Uint64(head[:]), binary.LittleEndian.Uint64(head[8:])
	s.End = 16
	if s.Format != 1 {
		p.fail(parse.BadVersion, 0, 8, "format", "1", fmt.Sprint(s.Format))
		return nil
	}
	for i := uint64(0); i < s.Count; i++ {
		if i == maxDatabases {
			p.fail(parse.BadValue, 8, 8, "databases", fmt.Sprintf("at most %d", maxDatabases), fmt.Sprint(s.Count))
			return nil
		}
		more, err := p.database(int(i))
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		s.End = p.offset
	}
	var extra [4096]byte
	at := p.offset
	var trailing int64
	for {
		n, ok, err := p.take(extra[:])
		if err != nil {
			return err
		}
		trailing += int64(n)
		if !ok {
			break
		}
	}
	if trailing > 0 {
		p.fail(parse.Trailing, at, trailing, "end", fmt.Sprintf("the end of the file at byte %d", at), fmt.Sprintf("%d more bytes", trailing))
	}
	return nil
}

// cut records that the payload ends inside a structure that needs want bytes.
func (p *payload) cut(field string, at, got, want int64) {
	p.snapshot.Missing = want - got
	p.fail(parse.Truncated, at, got, field, fmt.Sprintf("%d bytes", want), fmt.Sprintf("%d bytes before the end of the file", got))
}

func (p *payload) database(i int) (more bool, err error) {
	prefix := fmt.Sprintf("database[%d]", i)
	var d DatabaseImage
	start := p.offset
	var name []byte
	for {
		var word [8]byte
		n, ok, err := p.take(word[:])
		if err != nil {
			return false, err
		}
		if !ok {
			p.snapshot.PaddingCut = bytes.IndexByte(word[:n], 0) >= 0
			p.cut(prefix+".name", start, p.offset-start, p.offset-start+int64(8-n)+16)
			return false, nil
		}
		if end := bytes.IndexByte(word[:], 0); end >= 0 {
			name = append(name, word[:end]...)
			break
		}
		if name = append(name, word[:]...); len(name) > maxDatabaseName {
			p.fail(parse.BadText, start, int64(len(name)), prefix+".name", "a name that ends with a NUL byte", fmt.Sprintf("none in %d bytes", len(name)))
			return false, nil
		}
	}
	d.Name = string(name)
	var sizes [16]byte
	n, ok, err := p.take(sizes[:])
	if err != nil {
		return false, err
	}
	if !ok {
		p.cut(prefix+".size", p.offset-int64(n), int64(n), 16)
		return false, nil
	}
	d.MainSize, d.WALSize = binary.LittleEndian.Uint64(sizes[:]), binary.LittleEndian.Uint64(sizes[8:])
	d.MainOffset = p.offset
	defer func() { p.snapshot.Databases = append(p.snapshot.Databases, d) }()
	if d.Header, err = p.peekHeader(); err != nil {
		return false, err
	}
	if d.MainSize > maxPart || d.WALSize > maxPart {
		p.fail(parse.BadValue, p.offset-16, 16, prefix+".size", "sizes below the file size", fmt.Sprintf("%d and %d", d.MainSize, d.WALSize))
		p.snapshot.Missing = maxPart
		return false, nil
	}
	if p.size >= 0 {
		if left := p.size - p.offset; int64(d.MainSize)+int64(d.WALSize) > left {
			p.cut(prefix+".content", p.offset, left, int64(d.MainSize)+int64(d.WALSize))
		}
	}
	whole, err := p.mainPart(&d, prefix)
	if err != nil || !whole {
		return false, err
	}
	return p.walPart(&d, prefix)
}

// peekHeader looks at the next bytes as a database header and leaves them to
// be read.
func (p *payload) peekHeader() (sqlite.Header, error) {
	head := make([]byte, sqlite.HeaderSize)
	n, err := io.ReadFull(p.r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return sqlite.Header{}, err
	}
	p.r = io.MultiReader(bytes.NewReader(head[:n]), p.r)
	header, _ := sqlite.ReadHeader(head[:n], p.file, p.offset)
	return header, nil
}

// mainPart reads the pages of the main database file.
func (p *payload) mainPart(d *DatabaseImage, prefix string) (whole bool, err error) {
	if d.MainSize == 0 {
		return true, nil
	}
	first := make([]byte, min(d.MainSize, 512))
	n, ok, err := p.take(first)
	if err != nil {
		return false, err
	}
	if !ok {
		p.cutUnlessKnown(prefix+".main", d.MainOffset, int64(n), int64(d.MainSize))
		return false, nil
	}
	header, damage := sqlite.ReadHeader(first, p.file, d.MainOffset)
	p.snapshot.Damage = append(p.snapshot.Damage, damage...)
	d.PageSize, d.Pages, d.MainPages, d.HeaderDamage = header.PageSize, header.Pages, header.Pages, damage
	if header.PageSize == 0 || d.MainSize%uint64(header.PageSize) != 0 {
		if n >= sqlite.HeaderSize { // else ReadHeader said that it is too short
			p.fail(parse.Mismatch, d.MainOffset+16, 2, prefix+".page_size", "a page size that divides the stated size", fmt.Sprintf("%d and %d bytes", header.PageSize, d.MainSize))
		}
		return p.skip(int64(d.MainSize)-int64(n), prefix+".main")
	}
	if want := uint64(header.Pages) * uint64(header.PageSize); want != d.MainSize {
		p.fail(parse.Mismatch, d.MainOffset+28, 4, prefix+".pages", fmt.Sprintf("%d pages", d.MainSize/uint64(header.PageSize)), fmt.Sprint(header.Pages))
	}
	p.page = make([]byte, header.PageSize)
	copy(p.page, first)
	got := n
	for number := uint64(1); number <= d.MainSize/uint64(header.PageSize); number++ {
		at := p.offset - int64(got)
		n, ok, err := p.take(p.page[got:])
		if err != nil {
			return false, err
		}
		if !ok {
			p.cutUnlessKnown(prefix+".main", at, int64(got+n), int64(header.PageSize))
			return false, nil
		}
		got = 0
		d.PageCRC = append(d.PageCRC, CRC(0, p.page))
		p.checkPage(d, prefix, uint32(number), header, at)
	}
	return true, nil
}

func (p *payload) checkPage(d *DatabaseImage, prefix string, number uint32, header sqlite.Header, at int64) {
	if len(d.StructuralProblems) >= maxProblems {
		return
	}
	if problem := sqlite.CheckPage(p.page, number, header.Pages, header.Usable()); problem != nil {
		problem.File, problem.Offset = p.file, at+problem.Offset
		problem.Field = fmt.Sprintf("%s.page[%d].%s", prefix, number, problem.Field)
		d.StructuralProblems = append(d.StructuralProblems, *problem)
	}
}

// cutUnlessKnown records a cut unless the stated sizes already told it.
func (p *payload) cutUnlessKnown(field string, at, got, want int64) {
	if p.snapshot.Missing == 0 {
		p.cut(field, at, got, want)
	}
}

func (p *payload) walPart(d *DatabaseImage, prefix string) (more bool, err error) {
	d.WALAt = p.offset
	if d.WALSize == 0 {
		return true, nil
	}
	counted := &limitedCount{r: p.r}
	overlay := map[uint32]uint32{} // frames of the transaction that is being read
	limit := len(d.PageCRC)        // of the size after a transaction, by what was read
	d.WAL, err = sqlite.ReadWAL(counted, p.file, p.offset, int64(d.WALSize), func(f sqlite.Frame, page []byte) error {
		overlay[f.Page] = CRC(0, page)
		limit += pagesPerFrame
		if f.Commit == 0 {
			return nil
		}
		d.Pages = f.Commit
		d.lay(overlay, limit)
		clear(overlay)
		return nil
	})
	p.offset += counted.n
	if err != nil {
		return false, err
	}
	for i := range d.WAL.Damage {
		d.WAL.Damage[i].Field = prefix + "." + d.WAL.Damage[i].Field
	}
	p.snapshot.Damage = append(p.snapshot.Damage, d.WAL.Damage...)
	if counted.n < int64(d.WALSize) {
		p.cutUnlessKnown(prefix+".wal", d.WALAt, counted.n, int64(d.WALSize))
		return false, nil
	}
	if len(d.WAL.Damage) == 0 && d.WAL.Header.PageSize != d.PageSize && d.PageSize != 0 {
		p.fail(parse.Mismatch, d.WALAt+8, 4, prefix+".wal.page_size", fmt.Sprint(d.PageSize), fmt.Sprint(d.WAL.Header.PageSize))
	}
	return true, nil
}

// lay puts the pages of one transaction over an image of at most limit pages.
func (d *DatabaseImage) lay(pages map[uint32]uint32, limit int) {
	for number, crc := range pages {
		if uint64(number) > uint64(limit) {
			continue
		}
		if more := int(number) - len(d.PageCRC); more > 0 {
			d.PageCRC = append(d.PageCRC, make([]uint32, more)...)
		}
		d.PageCRC[number-1] = crc
	}
	if uint64(d.Pages) < uint64(len(d.PageCRC)) {
		d.PageCRC = d.PageCRC[:d.Pages]
	}
}

func (p *payload) skip(n int64, field string) (whole bool, err error) {
	at := p.offset
	got, err := io.CopyN(io.Discard, p.r, n)
	p.offset += got
	if errors.Is(err, io.EOF) {
		p.cutUnlessKnown(field, at, got, n)
		return false, nil
	}
	return err == nil, err
}

type limitedCount struct {
	r io.Reader
	n int64
}

func (l *limitedCount) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	l.n += int64(n)
	return n, err
}
