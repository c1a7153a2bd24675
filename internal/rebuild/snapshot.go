package rebuild

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// chunk is how much of a snapshot is copied at once, a multiple of every page
// size.
const chunk = 256 << 10

// A stream is the payload of a snapshot from its first byte on.
type stream struct {
	r      io.Reader
	offset int64
	read   func(int64)
	lz4    bool
	cut    bool // it ended, or could not be decompressed any further
}

func (s *stream) Read(b []byte) (n int, err error) {
	defer func() {
		if p := recover(); p != nil && s.lz4 { // a decompressor on damaged data
			n, err = 0, fmt.Errorf("decompressor failed: %v", p)
		} else if p != nil {
			panic(p)
		}
		var failed *fs.PathError
		if err != nil && !errors.As(err, &failed) {
			s.cut, err = true, io.EOF
		}
		s.offset += int64(n)
		s.read(int64(n))
	}()
	return s.r.Read(b)
}

// skipTo goes on to an offset of the payload.
func (s *stream) skipTo(offset int64) error {
	if offset < s.offset {
		return fmt.Errorf("byte %d of the snapshot comes behind byte %d", offset, s.offset)
	}
	_, err := io.CopyN(io.Discard, s, offset-s.offset)
	if errors.Is(err, io.EOF) {
		err = nil // what is missing shows where it is needed
	}
	return err
}

// snapshot writes the databases of a snapshot.
func (b *builder) snapshot(v cowsql.SnapshotView) error {
	b.used[v.File] = true
	if v.Data == nil {
		return b.harm(v.Index, v.File+" was not read")
	}
	in, err := b.node.View.OpenSnapshot(v)
	if err != nil {
		return err
	}
	defer in.Close()
	s := &stream{r: in, read: b.read, lz4: v.Data.LZ4.Used}
	for _, d := range v.Data.Databases {
		if err := b.database(s, v, d); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) database(s *stream, v cowsql.SnapshotView, d format.DatabaseImage) error {
	m := b.image(d.Name)
	if d.MainSize == 0 || d.PageSize == 0 {
		return m.open()
	}
	m.pageSize = int(d.PageSize)
	if err := s.skipTo(d.MainOffset); err != nil {
		return err
	}
	whole, err := b.main(s, m, int64(d.MainSize))
	if err != nil {
		return err
	}
	if !whole {
		return errors.Join(m.commit(), b.harm(v.Index, fmt.Sprintf("%s ends inside database %q", v.File, d.Name)))
	}
	if d.WALSize > 0 {
		if err := s.skipTo(d.WALAt); err != nil {
			return err
		}
		_, err := sqlite.ReadWAL(s, v.File, d.WALAt, int64(d.WALSize), func(f sqlite.Frame, page []byte) error {
			if f.Number >= d.WAL.Committed || len(page) != m.pageSize {
				return nil
			}
			if err := b.ctx.Err(); err != nil {
				return err
			}
			return m.write(uint64(f.Page), page)
		})
		if err != nil {
			return err
		}
	}
	return m.commit()
}

// main copies the main part of a database; whole is false if the snapshot ends
// inside it.
func (b *builder) main(s *stream, m *image, size int64) (whole bool, err error) {
	buf := make([]byte, chunk)
	number := uint64(1)
	for left := size; left > 0; {
		if err := b.ctx.Err(); err != nil {
			return false, err
		}
		n, err := io.ReadFull(s, buf[:min(left, chunk)])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false, err
		}
		pages := n / m.pageSize
		if pages > 0 {
			if err := m.writeRun(number, buf[:pages*m.pageSize]); err != nil {
				return false, err
			}
		}
		if err != nil {
			return false, nil
		}
		number += uint64(pages)
		left -= int64(n)
	}
	return true, nil
}
