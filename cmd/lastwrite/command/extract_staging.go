package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lastwrite/lastwrite/internal/source"
)

// A staging is a directory that comes into being whole or not at all: it is
// filled under another name beside its place, and renamed in the end.
type staging struct {
	final string
	dir   string // where it is filled, "" before begin and after commit
}

// newStaging returns the staging of a directory that must not exist.
func newStaging(final string) (*staging, error) {
	if _, err := os.Lstat(final); err == nil {
		return nil, usage("%s exists already; nothing is overwritten", final)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, &exit{ExitUsage, err}
	}
	return &staging{final: filepath.Clean(final)}, nil
}

// begin makes the directory to fill, unless that would be inside an input.
func (s *staging) begin(inputs []*input) error {
	parent := filepath.Dir(s.final)
	for _, in := range inputs {
		if in.tree.Kind() == source.Directory && contains(in.tree.Path(), parent) {
			return usage("--out %s lies inside the input %s, where nothing is ever written", s.final, in.tree.Path())
		}
	}
	dir, err := os.MkdirTemp(parent, filepath.Base(s.final)+".partial-*")
	if err != nil {
		return &exit{ExitUsage, err}
	}
	s.dir = dir
	return nil
}

// contains reports whether the directory sub is dir or lies below it.
func contains(dir, sub string) bool {
	want, err := os.Stat(dir)
	if err != nil {
		return false
	}
	if sub, err = filepath.Abs(sub); err != nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(sub); err == nil {
		sub = real
	}
	for {
		if info, err := os.Stat(sub); err == nil && os.SameFile(info, want) {
			return true
		}
		up := filepath.Dir(sub)
		if up == sub {
			return false
		}
		sub = up
	}
}

func (s *staging) path(name string) string { return filepath.Join(s.dir, name) }

// write makes one file of the directory.
func (s *staging) write(name string, content []byte) error { return writeNew(s.path(name), content) }

// commit puts the directory in its place.
func (s *staging) commit() error {
	if err := syncDirectory(s.dir); err != nil {
		return &exit{ExitUsage, err}
	}
	if _, err := os.Lstat(s.final); err == nil {
		return usage("%s exists already; nothing is overwritten", s.final)
	}
	if err := os.Rename(s.dir, s.final); err != nil {
		return &exit{ExitUsage, fmt.Errorf("%s was not written: %w", s.final, err)}
	}
	s.dir = ""
	if err := syncDirectory(filepath.Dir(s.final)); err != nil {
		return &exit{ExitUsage, err}
	}
	return nil
}

// discard removes what was not committed.
func (s *staging) discard() {
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// syncDirectory makes the names in a directory durable, where the system can.
func syncDirectory(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrInvalid) {
		return err
	}
	return nil
}
