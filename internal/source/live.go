package source

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	for _, dir := range dirs {
		if signs := t.Live(dir); len(signs) > 0 {
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
	if t.kind != Directory || !fs.ValidPath(dir) {
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
	if root, err := t.directory(); err == nil {
		held := holding{path: filepath.Join(root, filepath.FromSlash(dir)), list: list, lstat: func(name string) (fs.FileInfo, error) {
			return t.store.lstat(join(dir, name))
		}}
		signs = append(signs, held.processSigns()...)
	}
	slices.SortFunc(signs, func(a, b LiveSign) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Text, b.Text))
	})
	return slices.Compact(signs)
}

// A holding is a directory that processes may hold.
type holding struct {
	path  string // absolute and free of links
	list  []entry
	lstat func(name string) (fs.FileInfo, error) // of an entry
}

// isLockFile tells the names of files on which servers hold locks: raft
// directories (dqlite-lock), Manticore (binlog.lock, TABLE.spl), InnoDB and
// Aria (ibdata1, aria_log_control).
func isLockFile(name string) bool {
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
