//go:build unix

package source

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockHolder tells who keeps f from being locked, "" if nobody does. It asks
// for record locks without taking one. There is no such question for flock: a
// shared lock is taken and given back, which changes nothing in the file.
func lockHolder(f *os.File) (text string) {
	conn, err := f.SyscallConn()
	if err != nil {
		return ""
	}
	err = conn.Control(func(fd uintptr) {
		lock := unix.Flock_t{Type: unix.F_WRLCK}
		if unix.FcntlFlock(fd, getLock, &lock) == nil && lock.Type != unix.F_UNLCK {
			text = "a process holds a lock on it"
			if lock.Pid > 0 {
				text = fmt.Sprintf("the process %s holds a lock on it", describeProcess(int(lock.Pid)))
			}
			return
		}
		switch err := unix.Flock(int(fd), unix.LOCK_SH|unix.LOCK_NB); {
		case err == nil:
			_ = unix.Flock(int(fd), unix.LOCK_UN) // closing the file gives it back as well
		case errors.Is(err, unix.EWOULDBLOCK):
			text = "a process holds an exclusive lock on it"
		}
	})
	if err != nil {
		return ""
	}
	return text
}
