//go:build !windows

package command

import (
	"fmt"
	"io/fs"
	"syscall"
)

// ownerOf tells uid and gid, "" where they are not known.
func ownerOf(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("  uid %d gid %d", s.Uid, s.Gid)
	}
	return ""
}
