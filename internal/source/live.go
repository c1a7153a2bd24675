package source

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A LiveSign is one hint that a running server holds a directory.
type LiveSign struct {
	Path string // of the file that gives it away, within the tree or absolute
	Text string
}

// RefuseLive returns a *LiveError if a running server seems to hold one of
// dirs, unless Options.LiveOK says that this is fine.
func (t *Tree) RefuseLive(dirs ...string) error {
	if t.options.LiveOK {
		return nil
	}
	if t.kind != Directory {
		return nil
	}
	running := t.processes()
	for _, dir := range dirs {
		if signs := t.live(dir, running); len(signs) > 0 {
			return &LiveError{Path: filepath.Join(t.path, filepath.FromSlash(dir)), Signs: signs}
		}
	}
	return nil
}

// Live returns the signs that a running server holds dir, a directory within
// the tree: locks on its files, a pid file with a live process, and on Linux
// processes that have files below dir open or mapped, and listening sockets
// there. Only what the caller may see on this host is found. A lock is probed
// through a descriptor for reading and given back at once. Archives give no
// signs.
func (t *Tree) Live(dir string) []LiveSign {
	if t.kind != Directory {
		return nil
	}
	return t.live(dir, t.processes())
}

func (t *Tree) processes() processes {
	root, err := t.directory()
	if err != nil {
		return processes{}
	}
	running := listProcesses(root)
	running.root = root
	return running
}

func (t *Tree) live(dir string, running processes) []LiveSign {
	if !fs.ValidPath(dir) {
		return nil
	}
	var signs []LiveSign
	list, _ := t.listing(dir) // a directory that cannot be listed has been reported
	for _, e := range list {
		if !e.mode.IsRegular() {
			continue
		}
		name := join(dir, e.name)
		if isLockFile(e.name) {
			if text := t.lockSign(name); text != "" {
				signs = append(signs, LiveSign{name, text})
			}
		}
		if strings.HasSuffix(e.name, ".pid") {
			if text := t.pidSign(name); text != "" {
				signs = append(signs, LiveSign{name, text})
			}
		}
	}
	signs = append(signs, t.heldSigns(dir, list, running)...)
	slices.SortFunc(signs, func(a, b LiveSign) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(signs)
}

// processes is what other processes have open, as far as it can be seen.
type processes struct {
	root    string     // the tree, absolute and free of links
	open    []openFile // any file
	mapped  []openFile // files below root
	sockets []string   // listening ones below root
}

// An openFile is a file that a process has open.
type openFile struct {
	pid  int
	path string // as the process sees it
	link string // leads to the file, whatever its path; "" if there is none
}

// heldSigns returns a sign for each process that has files in or below dir
// open or mapped, and for each listening socket there.
func (t *Tree) heldSigns(dir string, list []entry, running processes) (signs []LiveSign) {
	if running.root == "" {
		return nil
	}
	full := filepath.Join(running.root, filepath.FromSlash(dir))
	held := make(map[int]LiveSign)
	hold := func(pid int, path, text string) {
		if have, ok := held[pid]; !ok || path < have.Path {
			held[pid] = LiveSign{path, fmt.Sprintf("the process %s %s", describeProcess(pid), text)}
		}
	}
	for _, f := range running.open {
		if isBelow(f.path, full) && writes(f.link) {
			hold(f.pid, f.path, "has it open")
		} else if base := path.Base(f.path); t.isSame(dir, base, list, f.link) && writes(f.link) {
			hold(f.pid, filepath.Join(full, base), "has it open")
		}
	}
	for _, f := range running.mapped {
		if _, ok := held[f.pid]; !ok && isBelow(f.path, full) {
			hold(f.pid, f.path, "has it mapped into its memory")
		}
	}
	signs = slices.Collect(maps.Values(held))
	for _, name := range running.sockets {
		if isBelow(name, full) {
			signs = append(signs, LiveSign{name, "a process listens on this socket"})
		}
	}
	return signs
}

// isSame reports whether link leads to the file called base in dir. A process
// in a container sees it under another path, but by the same base name.
func (t *Tree) isSame(dir, base string, list []entry, link string) bool {
	i, ok := slices.BinarySearchFunc(list, base, func(e entry, name string) int { return strings.Compare(e.name, name) })
	if !ok || !list[i].mode.IsRegular() || link == "" {
		return false
	}
	ours, err := t.store.lstat(join(dir, base))
	if err != nil {
		return false
	}
	theirs, err := os.Stat(link)
	return err == nil && os.SameFile(ours, theirs)
}

func isBelow(file, dir string) bool {
	return file == dir || strings.HasPrefix(file, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

// isLockFile tells the names of files on which servers hold locks: raft
// directories (dqlite-lock), Manticore (binlog.lock, TABLE.spl), InnoDB and
// Aria (ibdata1, aria_log_control).
func isLockFile(name string) bool {
	if name[0] >= '0' && name[0] <= '9' {
		return false // a segment; there can be 100,000 of them
	}
	switch name {
	case "dqlite-lock", "ibdata1", "aria_log_control":
		return true
	}
	switch path.Ext(name) {
	case ".lock", ".lck", ".spl":
		return true
	}
	return false
}

func (t *Tree) lockSign(name string) string {
	x, err := t.openFile(name)
	if err != nil {
		return ""
	}
	defer x.close()
	return lockHolder(x.file)
}

// pidSign looks for the process that a pid file names. Number 1 comes from a
// container and says nothing about this host; a process that is younger than
// the file is another one.
func (t *Tree) pidSign(name string) string {
	x, err := t.openFile(name)
	if err != nil {
		return ""
	}
	defer x.close()
	const longest = 32
	text, err := io.ReadAll(io.NewSectionReader(x, 0, min(x.size, longest)))
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !processLives(pid, x.info.ModTime()) {
		return ""
	}
	return fmt.Sprintf("names the process %s, which is alive", describeProcess(pid))
}

func describeProcess(pid int) string {
	if name := processName(pid); name != "" {
		return fmt.Sprintf("%d (%s)", pid, Printable(name))
	}
	return strconv.Itoa(pid)
}
