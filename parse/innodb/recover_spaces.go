package innodb

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"path"

	"github.com/lastwrite/lastwrite/parse"
)

// A firstPage is page 0 of a file, which says what tablespace it is.
type firstPage struct {
	Space
	ok      bool      // the flags are those of a tablespace
	ids     [2]uint32 // as they stand in the header of the page and of the tablespace
	bytes   []byte    // the page, as far as the file goes
	verdict Verdict
}

func readFirstPage(f File) (p firstPage, err error) {
	p.bytes = make([]byte, min(f.Size, MaxPageSize))
	if err := readFull(f, p.bytes, 0); err != nil {
		return p, fmt.Errorf("read %s: %w", f.Name, err)
	}
	if len(p.bytes) < fspHeaderEnd {
		return p, nil
	}
	p.ids = [2]uint32{binary.BigEndian.Uint32(p.bytes[offSpaceID:]), binary.BigEndian.Uint32(p.bytes[offFSPSpaceID:])}
	p.Space, p.ok = ReadSpace(p.bytes)
	if p.ok = p.ok && !p.Compressed && len(p.bytes) >= p.Physical; p.ok {
		p.bytes = p.bytes[:p.Physical]
		p.verdict = p.Check(p.bytes, 0)
	}
	return p, nil
}

// openSpaces reads the first pages of the system tablespace and of the undo
// tablespaces, and what stands in the doublewrite area.
func (r *recovery) openSpaces() error {
	first := r.files.System[0]
	page, err := readFirstPage(first)
	if err != nil {
		return err
	}
	system := page.Space
	if !page.ok || system.ID != 0 {
		if system, err = r.guessSystem(); err != nil {
			return err
		}
	}
	r.Space = system
	r.store = &storage{system: &spaceFiles{system, r.files.System}, pageSize: system.Logical, checkpoint: r.Log.Checkpoint}
	r.store.spaces = map[uint32]*spaceFiles{0: r.store.system}
	r.checkSizes(system, page.ok)
	if err := r.store.readCopies(); err != nil {
		return err
	}
	if err := r.judgeSystem(first, page); err != nil {
		return err
	}
	if r.Log.Files > 0 && r.files.Log[0].Size == 0 {
		r.emptyLog(page)
	}
	for _, f := range sortedUndo(r.files.Undo) {
		if err := r.openUndoFile(f); err != nil {
			return err
		}
	}
	return nil
}

// guessSystem finds the format of a system tablespace whose page 0 does not
// tell: that in which the TRX_SYS page is good.
func (r *recovery) guessSystem() (Space, error) {
	usual := cmp.Or(r.options.PageSize, 16<<10)
	for _, size := range []int{usual, 16 << 10, 4 << 10, 8 << 10, 32 << 10, 64 << 10} {
		page := make([]byte, size)
		for _, s := range formats(size) {
			if s.Compressed {
				continue
			}
			t := spaceFiles{s, r.files.System}
			if _, _, err := t.read(trxSysPage, page); err != nil {
				return s, err
			}
			if v := s.Check(page, trxSysPage); v.Good() && v.Header.Type == TypeTrxSys {
				return s, nil
			}
		}
	}
	return Space{Logical: usual, Physical: usual, FullCRC32: true}, nil
}

// judgeSystem says what a server makes of the first page (MariaDB
// storage/innobase/fsp/fsp0file.cc Datafile::read_first_page_flags,
// fsp0sysspace.cc SysTablespace::read_lsn_and_check_flags).
func (r *recovery) judgeSystem(f File, p firstPage) error {
	const sdiOrEncryption = 13
	flags := uint32(0)
	if len(p.bytes) >= fspHeaderEnd {
		flags = binary.BigEndian.Uint32(p.bytes[offFSPFlags:])
	}
	message := ""
	switch {
	case p.ids[0] != p.ids[1]:
		message = fmt.Sprintf("InnoDB: Inconsistent tablespace ID in ./%s", f.Name)
	case p.ok && p.ID == 0 && p.verdict.Good() && p.verdict.Kind != Zero:
		return nil
	case p.ok && p.ID == 0:
		mended, err := r.mend(f, r.store.system)
		if err != nil || mended {
			return err
		}
		message = fmt.Sprintf("InnoDB: The data file './%s' has the wrong space ID. It should be 0, but %d was found", f.Name, p.ID)
	case p.ok:
		message = fmt.Sprintf("InnoDB: The data file './%s' has the wrong space ID. It should be 0, but %d was found", f.Name, p.ID)
	case flags>>sdiOrEncryption&2 != 0:
		message = fmt.Sprintf("InnoDB: MySQL-8.0 tablespace in ./%s", f.Name)
	case flags>>sdiOrEncryption&1 != 0:
		message = fmt.Sprintf("InnoDB: MySQL Encrypted tablespace in ./%s", f.Name)
	default:
		message = fmt.Sprintf("InnoDB: Invalid flags 0x%x in ./%s", flags, f.Name)
	}
	r.refuse(message)
	r.firstPageDamage(f, p)
	return nil
}

// mend reports whether page 0 has a good copy in the doublewrite area.
func (r *recovery) mend(f File, t *spaceFiles) (bool, error) {
	found, err := r.store.copyOf(pageID{t.ID, 0}, t, &image{bytes: make([]byte, t.Physical)})
	if found {
		r.Mended++
	}
	return found, err
}

func (r *recovery) firstPageDamage(f File, p firstPage) {
	d := parse.Damage{Span: parse.Span{File: f.Name, Length: int64(len(p.bytes)), Field: pageField(0)},
		Kind: parse.BadValue, Want: "the header of a tablespace", Got: "something else"}
	switch {
	case len(p.bytes) < r.Space.Logical:
		d.Kind, d.Want, d.Got = parse.Truncated, fmt.Sprintf("%d bytes", r.Space.Logical), fmt.Sprint(len(p.bytes))
	case p.ids[0] != p.ids[1]:
		d.Kind, d.Want, d.Got = parse.Mismatch, "two equal space ids", fmt.Sprintf("%d and %d", p.ids[0], p.ids[1])
	case p.ok && !p.verdict.Good():
		d = pageDamage(f.Name, 0, p.bytes, 0, p.verdict)
	}
	r.Damage = append(r.Damage, d)
}

// openUndoFile reads page 0 of an undo tablespace (srv/srv0start.cc
// srv_undo_tablespace_open). A server that does not get through it stops; its
// rollback segments may be good nevertheless.
func (r *recovery) openUndoFile(f File) error {
	p, err := readFirstPage(f)
	if err != nil {
		return err
	}
	name := ".//" + path.Base(f.Name)
	good := p.ok && p.ID != 0 && p.Logical == r.Space.Logical
	switch {
	case good && p.verdict.Good() && p.verdict.Kind != Zero:
		r.store.spaces[p.ID] = &spaceFiles{p.Space, []File{f}}
		return nil
	case f.Size < int64(r.Space.Logical):
		r.refuse("InnoDB: Unable to read first page of file " + name)
	case p.ids[0] == 0 || p.ids[0] != p.ids[1]:
		r.refuse("InnoDB: Inconsistent tablespace ID in file " + name)
	default:
		t := &spaceFiles{p.Space, []File{f}}
		if good {
			mended, err := r.mend(f, t)
			if err != nil {
				return err
			}
			if mended {
				r.store.spaces[p.ID] = t
				return nil
			}
		}
		r.refuse(fmt.Sprintf("InnoDB: Corrupted page [page id: space=%d, page number=0] of datafile '%s' could not be found in the doublewrite buffer", p.ids[0], name))
	}
	r.firstPageDamage(f, p)
	return r.adoptUndo(f)
}

// adoptUndo takes the id of an undo tablespace with a damaged first page from
// the first rollback segment in it.
func (r *recovery) adoptUndo(f File) error {
	const firstSegment = 3
	s := r.Space
	t := &spaceFiles{s, []File{f}}
	page := make([]byte, s.Physical)
	if _, _, err := t.read(firstSegment, page); err != nil {
		return err
	}
	h, _ := ParseHeader(page)
	t.ID = h.SpaceID
	if v := t.Check(page, firstSegment); h.SpaceID != 0 && v.Good() && h.Type == TypeSystem && r.store.spaces[h.SpaceID] == nil {
		r.store.spaces[h.SpaceID] = t
	}
	return nil
}
