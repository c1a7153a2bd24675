package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	spoolBlock = 4096      // holes are made of whole blocks
	spoolCheck = 64 << 20  // bytes between two looks at the free space
	spoolLeave = 256 << 20 // bytes that unpacking leaves free
)

// A spool is the private file that unpacked members stand in, one behind the
// other. It is made when it is needed first.
type spool struct {
	ctx     context.Context
	archive string
	options Options
	dir     string
	file    *os.File
	end     int64 // where the next member begins
	checked int64 // written since the free space was looked at
	buffer  []byte
	zeros   []byte
}

func newSpool(ctx context.Context, archive string, o Options) *spool {
	if o.TempDir == "" {
		o.TempDir = os.TempDir()
	}
	if o.free == nil {
		o.free = freeSpace
	}
	return &spool{ctx: ctx, archive: archive, options: o}
}

func (s *spool) open() error {
	if err := s.space(nil); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.options.TempDir, "lastwrite-*") // mode 0700
	if err != nil {
		return s.failed(err)
	}
	s.dir = dir
	if s.file, err = os.CreateTemp(dir, "members-*"); err != nil {
		return s.failed(err)
	}
	// Where open files can be removed nothing stays behind, whatever ends the
	// program; elsewhere close does it.
	if os.RemoveAll(dir) == nil {
		s.dir = ""
	}
	s.buffer, s.zeros = make([]byte, passBuffer), make([]byte, spoolBlock)
	return nil
}

func (s *spool) close() error {
	var errs []error
	if s.file != nil {
		errs = append(errs, s.file.Close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// failed names the archive and the directory, and tells a full disk from other
// failures.
func (s *spool) failed(err error) error {
	if diskFull(err) {
		return s.space(err)
	}
	return fmt.Errorf("%s: cannot be unpacked into %s: %w", Printable(s.archive), Printable(s.options.TempDir), err)
}

// space returns a *SpaceError if too little is free, or if the system said so.
func (s *spool) space(full error) error {
	free, err := s.options.free(s.options.TempDir)
	if full == nil && err != nil {
		return s.failed(err)
	}
	if full != nil || free < spoolLeave {
		return &SpaceError{Path: s.archive, Dir: s.options.TempDir, Free: free, Err: full}
	}
	return nil
}

// errSource wraps an error of the stream that a member is read from.
type errSource struct{ error }

func (e errSource) Unwrap() error { return e.error }

// put appends the content of one member, which must be size bytes long. Blocks
// of zeros become holes. The error is an errSource if reading r failed or the
// size is wrong; anything else is about the disk.
func (s *spool) put(r io.Reader, size int64) (extent, error) {
	if s.file == nil {
		if err := s.open(); err != nil {
			return extent{}, err
		}
	}
	base, n, err := s.end, int64(0), error(nil)
	for err == nil {
		if err = context.Cause(s.ctx); err != nil {
			return extent{}, err
		}
		var got int
		got, err = io.ReadFull(r, s.buffer)
		if n+int64(got) > size {
			err = fmt.Errorf("it is longer than the %d bytes that its header tells", size)
			break
		}
		if err := s.write(s.buffer[:got], base+n); err != nil {
			return extent{}, err
		}
		n += int64(got)
	}
	// What was written of a bad member must not show through the holes of the
	// next one, so that the end moves on in any case.
	s.end = (base + n + spoolBlock - 1) / spoolBlock * spoolBlock
	if err != io.EOF && (err != io.ErrUnexpectedEOF || n != size) {
		return extent{}, errSource{err}
	}
	if n != size {
		return extent{}, errSource{io.ErrUnexpectedEOF}
	}
	if err := s.file.Truncate(s.end); err != nil {
		return extent{}, s.failed(err)
	}
	return extent{file: s.file, base: base, size: size, sparse: true, fault: s.options.read}, nil
}

func (s *spool) write(p []byte, offset int64) error {
	if s.checked += int64(len(p)); s.checked >= spoolCheck {
		s.checked = 0
		if err := s.space(nil); err != nil {
			return err
		}
	}
	for len(p) > 0 {
		run, zero := blockRun(p, s.zeros)
		if !zero {
			if _, err := s.file.WriteAt(p[:run], offset); err != nil {
				return s.failed(err)
			}
		}
		p, offset = p[run:], offset+int64(run)
	}
	return nil
}

// blockRun returns the length of the run of blocks at the beginning of p that
// are all zero, or all not.
func blockRun(p, zeros []byte) (run int, zero bool) {
	for run < len(p) {
		block := p[run:min(run+spoolBlock, len(p))]
		is := bytes.Equal(block, zeros[:len(block)])
		if run == 0 {
			zero = is
		}
		if is != zero {
			break
		}
		run += len(block)
	}
	return run, zero
}
