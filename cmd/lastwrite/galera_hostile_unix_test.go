//go:build unix

package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures"
)

// patience is far above what any of these inputs takes, and below what a test
// may.
const patience = 2 * time.Minute

// A hostile input is a node directory that somebody made to do harm.
type hostile struct {
	name   string
	change func(h hostileDir)
	status []int // of analyze
	says   string
}

// A hostileDir is a node's directory, and one beside it that is no input.
type hostileDir struct {
	t             *testing.T
	node, outside string
}

func (h hostileDir) write(name string, data []byte) {
	require.NoError(h.t, os.WriteFile(filepath.Join(h.node, name), data, 0o600))
}

func (h hostileDir) remove(name string) {
	require.NoError(h.t, os.Remove(filepath.Join(h.node, name)))
}

// grow gives a file a size that it has no blocks for.
func (h hostileDir) grow(name string, size int64) {
	require.NoError(h.t, os.Truncate(filepath.Join(h.node, name), size))
}

// out moves a file out of the directory and leaves a link to it.
func (h hostileDir) out(name string) {
	target := filepath.Join(h.outside, name)
	require.NoError(h.t, os.Rename(filepath.Join(h.node, name), target))
	require.NoError(h.t, os.Symlink(target, filepath.Join(h.node, name)))
}

func (h hostileDir) fifo(name string) {
	h.remove(name)
	require.NoError(h.t, syscall.Mkfifo(filepath.Join(h.node, name), 0o600))
}

// patch changes the bytes of a file.
func (h hostileDir) patch(name string, change func(b []byte)) {
	b, err := os.ReadFile(filepath.Join(h.node, name))
	require.NoError(h.t, err)
	change(b)
	h.write(name, b)
}

func hostiles() []hostile {
	sound := []int{command.ExitOK}
	found := []int{command.ExitOK, command.ExitFindings}
	partly := []int{command.ExitFindings, command.ExitIncomplete}
	return []hostile{
		{"control characters in an option file", func(h hostileDir) {
			h.write("my.cnf", []byte("[mariadbd]\nwsrep_cluster_name = \x1b[31mred\x07\nwsrep_node_name=\x1b]0;evil\x07\u202e\nwsrep_cluster_address=gcomm://\x1b[2J,10.0.0.1\nwsrep_provider_options=\"pc.recovery=no;\x1b[8m\"\n"))
		}, found, ""},
		{"option files that include each other", func(h hostileDir) {
			h.write("my.cnf", []byte("!include my.cnf\n!includedir .\n!include a.cnf\n!include ../outside/secret.cnf\n!include /etc/passwd\n!include "+h.outside+"/secret.cnf\n[mariadbd]\nport=1\n"))
			h.write("a.cnf", []byte("!include b.cnf\n!include a.cnf\n"))
			h.write("b.cnf", []byte("!includedir ./\n!include a.cnf\n!include my.cnf\n"))
			require.NoError(h.t, os.WriteFile(filepath.Join(h.outside, "secret.cnf"), []byte("[mariadbd]\nwsrep_cluster_name="+mark+"\n"), 0o600))
		}, found, ""},
		{"an option file without end", func(h hostileDir) {
			h.write("my.cnf", []byte("[mariadbd]\n"))
			h.grow("my.cnf", 1<<30)
		}, found, ""},
		{"a line of 1 GiB in the error log", func(h hostileDir) {
			h.grow("error.log", 1<<30)
		}, sound, ""},
		{"a line of 64 MiB of blanks in the error log", func(h hostileDir) {
			h.write("error.log", append([]byte("2026-11-21 23:50:00 0 [Note] WSREP: "), bytes.Repeat([]byte(" "), 64<<20)...))
		}, sound, ""},
		{"megabytes in grastate.dat", func(h hostileDir) {
			h.write("grastate.dat", bytes.Repeat([]byte("uuid:    63162fcd-e604-11f1-b617-1e0bf65a9bc5\nseqno:   9\n"), 200_000))
		}, found, ""},
		{"grastate.dat without end", func(h hostileDir) { h.grow("grastate.dat", 2<<30) }, found, ""},
		{"sizes in the cache that lie", func(h hostileDir) {
			h.patch("galera.cache", func(b []byte) {
				for i := 1280; i+24 < len(b); i += 512 {
					binary.LittleEndian.PutUint32(b[i+16:], 0xffffffff)
				}
			})
		}, found, ""},
		{"a preamble of the cache that lies", func(h hostileDir) {
			h.patch("galera.cache", func(b []byte) {
				copy(b, "Version: 99999999999999999999\nGID: \x1b[31m\noffset: -9223372036854775808\nseqno_min: 9223372036854775807\nseqno_max: -1\nsynced: 7\n\n")
			})
		}, found, ""},
		{"a cache of 2 GiB of nothing", func(h hostileDir) { h.grow("galera.cache", 2<<30) }, found, ""},
		{"a redo log of 2 GiB of nothing", func(h hostileDir) { h.grow("ib_logfile0", 2<<30) }, found, ""},
		{"ibdata1 leads out", func(h hostileDir) { h.out("ibdata1") }, partly, "ibdata1"},
		{"grastate.dat leads out", func(h hostileDir) {
			require.NoError(h.t, os.WriteFile(filepath.Join(h.outside, "x"), []byte(mark), 0o600))
			h.remove("grastate.dat")
			require.NoError(h.t, os.Symlink("../outside/x", filepath.Join(h.node, "grastate.dat")))
		}, partly, "grastate.dat"},
		{"a redo log that is a FIFO", func(h hostileDir) { h.fifo("ib_logfile0") }, partly, "ib_logfile0"},
		{"a grastate.dat that is a FIFO", func(h hostileDir) { h.fifo("grastate.dat") }, partly, "grastate.dat"},
		{"a cache that is a directory", func(h hostileDir) {
			h.remove("galera.cache")
			require.NoError(h.t, os.Mkdir(filepath.Join(h.node, "galera.cache"), 0o700))
		}, found, ""},
		{"everything empty", func(h hostileDir) {
			for _, name := range []string{"grastate.dat", "galera.cache", "ib_logfile0", "ibdata1", "error.log", "undo001"} {
				h.write(name, nil)
			}
		}, found, ""},
	}
}

// TestHostileGalera: no input makes the program hang, show what lies outside,
// write control characters to a terminal, or change a file.
func TestHostileGalera(t *testing.T) {
	for _, tt := range hostiles() {
		t.Run(tt.name, func(t *testing.T) {
			c := fixtures.Open(t, "galera", "clean-stop-one-by-one")
			h := hostileDir{t, c.Node(t, "node3").Path, filepath.Join(t.TempDir(), "outside")}
			require.NoError(t, os.Mkdir(h.outside, 0o700))
			tt.change(h)
			before := shape(t, h.node)
			said := answers(t, tt.status, "analyze", "--no-progress", h.node)
			assert.Contains(t, said, tt.says)
			any := []int{command.ExitOK, command.ExitFindings, command.ExitUsage, command.ExitIncomplete}
			answers(t, any, "rank", "--quick", h.node)
			answers(t, any, "verify", "--deep", "--no-progress", h.node)
			answers(t, any, "analyze", "--no-progress", "-o", "json", h.node)
			answers(t, any, "inspect", h.node)
			assert.Empty(t, cmp.Diff(before, shape(t, h.node)), "the input changed")
		})
	}
}

// answers runs a command that has to end in time, and returns what it says.
func answers(t *testing.T, status []int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- command.Main(args, command.Env{
			Stdout: &out, Stderr: &out, TempDir: os.TempDir(),
			Getenv:   func(string) string { return "" },
			Terminal: func(io.Writer) (int, bool) { return 0, false },
		})
	}()
	select {
	case got := <-done:
		assert.Contains(t, status, got, "%s\n%s", strings.Join(args, " "), &out)
	case <-time.After(patience):
		t.Fatalf("%s does not end", strings.Join(args, " "))
	}
	assert.NotContains(t, out.String(), mark)
	for _, control := range []string{"\x1b", "\x07", "\u202e"} {
		assert.NotContains(t, out.String(), control, strings.Join(args, " "))
	}
	return out.String()
}

// shape is what a directory holds, without reading what may have no end.
func shape(t *testing.T, dir string) tree {
	t.Helper()
	out := tree{}
	require.NoError(t, filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		l := leaf{Mode: info.Mode(), Time: info.ModTime(), Size: info.Size()}
		if info.Mode().IsRegular() && info.Size() < 1<<28 {
			err = digest(p, &l)
		}
		out[p] = l
		return err
	}))
	return out
}
