package rebuild

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxPage is the highest page number of a SQLite database
// (SQLITE_MAX_PAGE_COUNT).
const maxPage = 0xfffffffe

// An OutputError says that a database could not be written.
type OutputError struct{ Err error }

// Error is what the operating system said.
func (e *OutputError) Error() string { return e.Err.Error() }

// Unwrap returns what the operating system said.
func (e *OutputError) Unwrap() error { return e.Err }

func output(err error) error {
	if err == nil {
		return nil
	}
	return &OutputError{err}
}

// An image is one database file while it is written.
type image struct {
	name, file, dir string
	pageSize        int
	highest         uint64 // highest page number with content
	counted         uint32 // page count of the last page 1 that was written, 0 if none was
	fresh           bool   // page 1 was written since the last commit
	size            int64  // set by finish
	out             *os.File
}

func (m *image) pages() int64 {
	if m.pageSize == 0 {
		return 0
	}
	return m.size / int64(m.pageSize)
}

// setPageSize returns why pages of that size do not belong to the database.
func (m *image) setPageSize(n int) string {
	if m.pageSize != 0 && m.pageSize != n {
		return fmt.Sprintf("pages of %d bytes for a database with pages of %d", n, m.pageSize)
	}
	m.pageSize = n
	return ""
}

func (m *image) open() (err error) {
	if m.out == nil {
		m.out, err = os.OpenFile(filepath.Join(m.dir, m.file), os.O_RDWR|os.O_CREATE, 0o600)
	}
	return output(err)
}

// write puts a page in its place. The file stays open until the next commit.
func (m *image) write(number uint64, page []byte) error {
	if err := m.open(); err != nil {
		return err
	}
	if number == 1 && len(page) >= 32 {
		m.counted, m.fresh = binary.BigEndian.Uint32(page[28:]), true
	}
	m.highest = max(m.highest, number)
	_, err := m.out.WriteAt(page, int64(number-1)*int64(m.pageSize))
	return output(err)
}

// writeRun puts consecutive pages in their places; what is zero stays a hole.
// Nothing may have been written there before.
func (m *image) writeRun(number uint64, pages []byte) error {
	if number == 1 || !zero(pages) {
		if err := m.write(number, pages); err != nil {
			return err
		}
	}
	m.highest = max(m.highest, number+uint64(len(pages)/m.pageSize)-1)
	return nil
}

func (m *image) rename(file string) error {
	err := os.Rename(filepath.Join(m.dir, m.file), filepath.Join(m.dir, file))
	m.file = file
	return output(err)
}

func zero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// commit ends a transaction: a database that became shorter forgets its tail,
// which a later transaction may grow over without writing all of it.
func (m *image) commit() error {
	if m.out == nil {
		return nil
	}
	var err error
	if m.fresh && m.counted > 0 && m.highest > uint64(m.counted) {
		err = m.out.Truncate(int64(m.counted) * int64(m.pageSize))
		m.highest = uint64(m.counted)
	}
	m.fresh = false
	err = errors.Join(err, m.out.Close())
	m.out = nil
	return output(err)
}

// mostUnwritten bounds how far the stated page count may go beyond the last
// page with content: pages that are allocated and freed within a transaction
// are never written.
func mostUnwritten(highest uint64) uint64 { return 2*highest + 1024 }

// finish gives the file its length and takes it out of WAL mode, so that
// SQLite opens it without making files beside it. why says what is wrong with
// the database.
func (m *image) finish(salvage bool) (why string, err error) {
	if err := m.open(); err != nil {
		return "", err
	}
	defer func() {
		err = output(errors.Join(err, m.out.Close()))
		m.out = nil
	}()
	if m.highest == 0 {
		return "", nil // an empty file is an empty database
	}
	length := uint64(m.counted)
	switch {
	case m.counted == 0:
		why = fmt.Sprintf("page 1 of database %q is missing or states no length", m.name)
	case length > mostUnwritten(m.highest):
		why = fmt.Sprintf("page 1 of database %q states %d pages, the last one with content is %d", m.name, length, m.highest)
	}
	if why != "" {
		if !salvage {
			return why, nil
		}
		length = m.highest
	}
	m.size = int64(length) * int64(m.pageSize)
	if err := m.out.Truncate(m.size); err != nil {
		return why, err
	}
	var versions [2]byte // write version, read version
	if _, err := m.out.ReadAt(versions[:], 18); err != nil {
		return why, err
	}
	if versions == [2]byte{2, 2} {
		_, err = m.out.WriteAt([]byte{1, 1}, 18)
	}
	return why, err
}
