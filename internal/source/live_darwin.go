package source

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// getLock sees the locks of other processes.
const getLock = unix.F_GETLK

func processLives(pid int, _ time.Time) bool {
	return pid != os.Getpid() && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func processName(int) string { return "" }

func listProcesses(string) processes { return processes{} }

// writes is never asked: listProcesses finds none here.
func writes(string) bool { return false }
