package source

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// getLock sees the locks of all owners, those of this process included.
const getLock = unix.F_OFD_GETLK

// clockTick is the unit of times in /proc/PID/stat: USER_HZ, 100 on every
// architecture that Go supports.
const clockTick = time.Second / 100

// processLives reports whether pid is a process that was there when the file
// that names it was written.
func processLives(pid int, written time.Time) bool {
	if pid == os.Getpid() || syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	age, err := processAge(pid)
	const slack = 2 * time.Second // resolution of clocks and file systems
	return err != nil || !time.Now().Add(-age).After(written.Add(slack))
}

// processAge returns the time since a process began.
func processAge(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// Behind the name in parentheses, which may contain anything, starttime is
	// the 20th field: proc_pid_stat(5).
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const starttime = 19
	if len(fields) <= starttime {
		return 0, os.ErrInvalid
	}
	ticks, err := strconv.ParseInt(string(fields[starttime]), 10, 64)
	if err != nil {
		return 0, err
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, err
	}
	return time.Duration(now.Nano()) - time.Duration(ticks)*clockTick, nil
}

func processName(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}

// listProcesses looks at all processes but this one.
func listProcesses(root string) processes {
	running := processes{sockets: listeningSockets(root)}
	proc, err := os.Open("/proc")
	if err != nil {
		return running
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		running.open = append(running.open, openFiles(pid)...)
		running.mapped = append(running.mapped, mappedFiles(pid, root)...)
	}
	return running
}

// openFiles returns the files that the process has open.
func openFiles(pid int) (files []openFile) {
	links := fmt.Sprintf("/proc/%d/fd", pid)
	list, err := os.Open(links)
	if err != nil {
		return nil
	}
	defer list.Close()
	names, _ := list.Readdirnames(-1)
	for _, name := range names {
		link := links + "/" + name
		if file, err := os.Readlink(link); err == nil && strings.HasPrefix(file, "/") {
			files = append(files, openFile{pid, file, link})
		}
	}
	return files
}

// writes reports whether the descriptor behind /proc/PID/fd/N is open for
// writing. A server has some that are; whoever only reads, such as a backup or
// a second lastwrite, does not count.
func writes(link string) bool {
	info, err := os.ReadFile(strings.Replace(link, "/fd/", "/fdinfo/", 1))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(info)) {
		if text, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, err := strconv.ParseUint(strings.TrimSpace(text), 8, 64)
			return err == nil && flags&syscall.O_ACCMODE != syscall.O_RDONLY
		}
	}
	return false
}

// mappedFiles returns the files below root that the process has mapped for
// writing, for all to see.
func mappedFiles(pid int, root string) (files []openFile) {
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil || !bytes.Contains(table, []byte(root)) {
		return nil
	}
	for line := range strings.Lines(string(table)) {
		if i := strings.IndexByte(line, '/'); i >= 0 && sharedAndWritable(line) {
			if file := strings.TrimSuffix(line[i:], "\n"); isBelow(file, root) {
				files = append(files, openFile{pid: pid, path: file})
			}
		}
	}
	return files
}

// sharedAndWritable looks at the permissions in a line of /proc/PID/maps:
// "rw-s".
func sharedAndWritable(line string) bool {
	_, rest, _ := strings.Cut(line, " ")
	return len(rest) >= 4 && rest[1] == 'w' && rest[3] == 's'
}

// listeningSockets returns the paths of listening sockets below root.
func listeningSockets(root string) (paths []string) {
	table, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return nil
	}
	const (
		flags, file = 3, 7
		listening   = 1 << 16 // __SO_ACCEPTCON
	)
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) <= file || !strings.HasPrefix(fields[file], "/") {
			continue
		}
		bits, err := strconv.ParseUint(fields[flags], 16, 64)
		if err != nil || bits&listening == 0 {
			continue
		}
		name := strings.Join(fields[file:], " ")
		if real, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
			name = filepath.Join(real, filepath.Base(name))
		}
		if isBelow(name, root) {
			paths = append(paths, name)
		}
	}
	return paths
}
