//go:build !windows

package command

import (
	"errors"
	"syscall"
)

// closedPipe tells whether a write failed because nobody reads.
func closedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
