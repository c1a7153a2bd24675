//go:build unix

package source

import (
	"errors"

	"golang.org/x/sys/unix"
)

// diskFull reports whether a write failed for want of space.
func diskFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

// freeSpace returns the bytes that an ordinary user may still write to the
// file system that holds dir.
func freeSpace(dir string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
