package innodb

import (
	"encoding/binary"
	"fmt"

	"github.com/lastwrite/lastwrite/parse"
)

// An Origin says where the bytes of a page come from.
type Origin string

// The origins of what a position rests on.
const (
	FromNothing     Origin = ""            // no position was found
	FromPages       Origin = "pages"       // the data files as they are
	FromDoublewrite Origin = "doublewrite" // a good copy of a torn page
	FromRedo        Origin = "redo"        // the redo log wrote it
	FromUndo        Origin = "undo"        // a prepared transaction that was committed
)

// A spaceFiles is the system tablespace or an undo tablespace.
type spaceFiles struct {
	Space
	files []File
}

// locate returns the file and the offset of a page; ok is false behind the end
// of the last file.
func (t *spaceFiles) locate(number uint32) (f File, at int64, ok bool) {
	n := uint64(number)
	for _, f := range t.files {
		pages := uint64(f.Size) / uint64(t.Physical)
		if n < pages {
			return f, int64(n) * int64(t.Physical), true
		}
		n -= pages
	}
	last := t.files[len(t.files)-1]
	return last, last.Size, false
}

// read reads a page; behind the end of the file it is zero bytes.
func (t *spaceFiles) read(number uint32, page []byte) (f File, at int64, err error) {
	f, at, ok := t.locate(number)
	if !ok {
		clear(page)
		return f, at, nil
	}
	return f, at, readFull(f, page, at)
}

// storage is all tablespaces that rollback segments can be in.
type storage struct {
	system     *spaceFiles
	spaces     map[uint32]*spaceFiles
	pageSize   int
	checkpoint uint64 // older copies of the doublewrite area are of no use
	copies     map[pageID][]pageCopy
}

type pageCopy struct {
	number uint32 // page of the system tablespace
	lsn    uint64
}

// readCopies makes the list of copies in the doublewrite area (MariaDB
// storage/innobase/buf/buf0dblwr.cc buf_dblwr_t::init_or_load_pages).
func (s *storage) readCopies() error {
	s.copies = map[pageID][]pageCopy{}
	page := make([]byte, s.pageSize)
	if _, _, err := s.system.read(trxSysPage, page); err != nil {
		return err
	}
	area := readDoublewrite(page, s.system.Space, true)
	if area == nil {
		return nil
	}
	for i := range 2 * area.length {
		number := area.first + i
		if i >= area.length {
			number = area.second + i - area.length
		}
		if _, _, ok := s.system.locate(number); !ok {
			continue
		}
		head := page[:offData]
		f, at, _ := s.system.locate(number)
		if err := readFull(f, head, at); err != nil {
			return err
		}
		h, _ := ParseHeader(head)
		id := pageID{h.SpaceID, h.Number}
		if h.LSN >= s.checkpoint && h.LSN > 0 {
			s.copies[id] = append(s.copies[id], pageCopy{number, h.LSN})
		}
	}
	return nil
}

// load reads a page, or the copy of a torn one, and says what is wrong with it
// (log0recv.cc recv_dblwr_t::find_page). The image is blind if there is
// nothing to start from.
func (s *storage) load(id pageID) (*image, *parse.Damage, error) {
	p := &image{id: id, bytes: make([]byte, s.pageSize), blind: true}
	t := s.spaces[id.space]
	if t == nil {
		return p, nil, nil
	}
	f, at, err := t.read(id.number, p.bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", f.Name, err)
	}
	p.file, p.at = f.Name, at
	v := t.Check(p.bytes, id.number)
	if v.Good() && v.Kind != Zero && !encrypted(v, id) {
		p.adopt(FromPages)
		return p, nil, nil
	}
	found, err := s.copyOf(id, t, p)
	if err != nil || found {
		return p, nil, err
	}
	if v.Kind == Zero {
		return p, nil, nil // never written; the log may make it
	}
	if id != trxSysID { // there the slots may be of use nevertheless
		clear(p.bytes)
	}
	if v.Good() {
		p.sealed = true
		return p, nil, nil
	}
	d := &parse.Damage{Span: parse.Span{File: f.Name, Offset: at, Length: int64(s.pageSize), Field: pageField(id.number)},
		Kind: parse.BadChecksum, Want: fmt.Sprintf("%08x", v.Want), Got: fmt.Sprintf("%08x", v.Got)}
	if v.Problem == Misplaced || v.Problem == Foreign {
		d.Kind, d.Want, d.Got = parse.Mismatch, fmt.Sprintf("%s %d", v.Problem, v.Want), fmt.Sprint(v.Got)
	}
	return p, d, nil
}

// encrypted reports whether the payload of a good page is encrypted. Page 0
// and TRX_SYS never are (MariaDB storage/innobase/fil/fil0crypt.cc
// fil_crypt_rotate_page).
func encrypted(v Verdict, id pageID) bool {
	return v.Encrypted && id.number != 0 && id != pageID{0, trxSysPage}
}

// adopt takes the page as it stands in bytes.
func (p *image) adopt(from Origin) {
	p.lsn = binary.BigEndian.Uint64(p.bytes[offLSN:])
	p.base = p.lsn
	p.blind, p.from, p.known = false, from, knownAll
}

// copyOf replaces the page by its oldest good copy: everything behind it is in
// the log.
func (s *storage) copyOf(id pageID, t *spaceFiles, p *image) (bool, error) {
	best := uint64(0)
	page := make([]byte, s.pageSize)
	for _, c := range s.copies[id] {
		f, at, err := s.system.read(c.number, page)
		if err != nil {
			return false, fmt.Errorf("read %s: %w", f.Name, err)
		}
		v := t.Check(page, id.number)
		if !v.Good() || v.Kind == Zero || v.Header.SpaceID != id.space || encrypted(v, id) || best != 0 && c.lsn >= best {
			continue
		}
		best = c.lsn
		copy(p.bytes, page)
		p.file, p.at = f.Name, at
		p.adopt(FromDoublewrite)
	}
	return best != 0, nil
}
