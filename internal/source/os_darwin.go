package source

import (
	"io/fs"
	"os"
	"syscall"
)

const (
	flagNonblock = syscall.O_NONBLOCK
	flagNoAtime  = 0
)

func stampOf(info fs.FileInfo) stamp {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}
	}
	return stamp{device: uint64(st.Dev), inode: st.Ino, changed: syscall.TimespecToNsec(st.Ctimespec)}
}

func sparse(fs.FileInfo) bool { return false }

func nextHole(_ *os.File, _, end int64) (hole bool, until int64) { return false, end }
