package source

import (
	"io"
	"io/fs"
	"os"
)

// An extent is the content of one regular file: a whole file on disk, or a
// range of an archive or a spool file. Its size is the size at the time of
// opening.
type extent struct {
	name       string
	file       *os.File
	base, size int64
	info       fs.FileInfo
	sparse     bool // asking for holes may pay
	closes     bool // the extent owns file
	fault      func(name string, offset int64) error
}

// ReadAt implements io.ReaderAt.
func (x *extent) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, &fs.PathError{Op: "read", Path: x.name, Err: fs.ErrInvalid}
	}
	if off >= x.size {
		return 0, io.EOF
	}
	if x.fault != nil {
		if err := x.fault(x.name, off); err != nil {
			return 0, &fs.PathError{Op: "read", Path: x.name, Err: err}
		}
	}
	if left := x.size - off; int64(len(p)) > left {
		n, err := x.file.ReadAt(p[:left], x.base+off)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return x.file.ReadAt(p, x.base+off)
}

// hole tells whether offset lies in a hole, and where that ends, or where the
// next hole begins.
func (x *extent) hole(offset int64) (bool, int64) {
	if !x.sparse {
		return false, x.size
	}
	hole, until := nextHole(x.file, x.base+offset, x.base+x.size)
	return hole, until - x.base
}

func (x *extent) close() error {
	if !x.closes {
		return nil
	}
	return x.file.Close()
}
