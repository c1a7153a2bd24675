package source

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
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

// processSigns looks for other processes that have files in or below the
// directory open or mapped, one sign for each process, and for listening
// sockets there.
func (h holding) processSigns() []LiveSign {
	signs := socketSigns(h.path)
	proc, err := os.Open("/proc")
	if err != nil {
		return signs
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		if file := h.openIn(pid); file != "" {
			signs = append(signs, LiveSign{file, fmt.Sprintf("the process %s has it open", describeProcess(pid))})
		} else if file := mappedBelow(pid, h.path); file != "" {
			signs = append(signs, LiveSign{file, fmt.Sprintf("the process %s has it mapped into its memory", describeProcess(pid))})
		}
	}
	return signs
}

// openIn returns what the process has open in or below the directory, under
// the smallest name, "" if there is nothing.
func (h holding) openIn(pid int) (found string) {
	links := fmt.Sprintf("/proc/%d/fd", pid)
	list, err := os.Open(links)
	if err != nil {
		return ""
	}
	defer list.Close()
	names, _ := list.Readdirnames(-1)
	for _, name := range names {
		link := links + "/" + name
		file, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(file, "/") {
			continue
		}
		if !isBelow(file, h.path) {
			file = h.sameFile(link, file)
		}
		if file != "" && (found == "" || file < found) {
			found = file
		}
	}
	return found
}

// sameFile returns the path of the file of the directory that link leads to,
// "" if it is none. In a container the same file has another path, but the
// same base name.
func (h holding) sameFile(link, file string) string {
	base := path.Base(file)
	_, ok := slices.BinarySearchFunc(h.list, base, func(e entry, name string) int { return strings.Compare(e.name, name) })
	if !ok {
		return ""
	}
	ours, err := h.lstat(base)
	if err != nil || !ours.Mode().IsRegular() {
		return ""
	}
	if theirs, err := os.Stat(link); err != nil || !os.SameFile(ours, theirs) {
		return ""
	}
	return filepath.Join(h.path, base)
}

// mappedBelow returns a file below dir that the process has mapped.
func mappedBelow(pid int, dir string) string {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil || !bytes.Contains(maps, []byte(dir)) {
		return ""
	}
	for line := range strings.Lines(string(maps)) {
		if i := strings.IndexByte(line, '/'); i >= 0 {
			if file := strings.TrimSuffix(line[i:], "\n"); isBelow(file, dir) {
				return file
			}
		}
	}
	return ""
}

func isBelow(file, dir string) bool {
	return file == dir || strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/")
}

// socketSigns looks for listening sockets in or below dir.
func socketSigns(dir string) (signs []LiveSign) {
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
		if isBelow(name, dir) {
			signs = append(signs, LiveSign{name, "a process listens on this socket"})
		}
	}
	return signs
}
