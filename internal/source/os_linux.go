package source

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	flagNonblock = unix.O_NONBLOCK
	flagNoAtime  = unix.O_NOATIME
)

func stampOf(info fs.FileInfo) stamp {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}
	}
	return stamp{device: uint64(st.Dev), inode: st.Ino, changed: syscall.TimespecToNsec(st.Ctim)} //nolint:unconvert // 32 bits elsewhere
}

// sparse reports whether a file has fewer blocks than its size asks for.
func sparse(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Blocks*512 < st.Size
}

// nextHole tells whether offset lies in a hole of f, and where that ends, or
// where the next hole begins; at most end.
func nextHole(f *os.File, offset, end int64) (hole bool, until int64) {
	data, err := f.Seek(offset, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO): // no data up to the end of the file
		size, err := f.Seek(0, io.SeekEnd)
		if err != nil || size < end {
			return false, end
		}
		return true, end
	case err != nil || data < offset:
		return false, end
	case data > offset:
		return true, min(data, end)
	}
	next, err := f.Seek(offset, unix.SEEK_HOLE)
	if err != nil || next <= offset {
		return false, end
	}
	return false, min(next, end)
}
