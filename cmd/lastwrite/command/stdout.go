package command

import (
	"os"
	"sync"
)

// A stdout is standard output as commands see it. When its reader has gone
// away, as head does, the rest is dropped without a word: what a command
// writes elsewhere and its exit status stay what they are.
type stdout struct {
	file *os.File
	gone func() // called once, when nobody reads any more

	mu     sync.Mutex
	closed bool
	failed error // the first that was no closed pipe
}

func (s *stdout) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return len(p), nil
	}
	n, err := s.file.Write(p)
	switch {
	case err == nil:
	case closedPipe(err):
		s.closed = true
		s.gone()
		return len(p), nil
	case s.failed == nil:
		s.failed = err
	}
	return n, err
}

// Fd is what the width of a terminal is asked of.
func (s *stdout) Fd() uintptr { return s.file.Fd() }

// status returns whether the reader has gone away, and the error that a
// command may have passed over.
func (s *stdout) status() (closed bool, failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed, s.failed
}
