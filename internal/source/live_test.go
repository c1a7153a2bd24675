//go:build unix

package source

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// setLock locks the open file fd, as another process would.
func setLock(fd int) error {
	const setLock = 37 // F_OFD_SETLK of Linux
	return unix.FcntlFlock(uintptr(fd), setLock, &unix.Flock_t{Type: unix.F_WRLCK})
}

// hold starts a process that has file open for writing, as a server has, and
// ends with the test.
func hold(t *testing.T, program, file string) *os.Process {
	t.Helper()
	return holdAs(t, program, file, os.O_RDWR)
}

func holdAs(t *testing.T, program, file string, flag int) *os.Process {
	t.Helper()
	cmd := exec.Command(program)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	if file != "" {
		f, err := os.OpenFile(file, flag, 0)
		require.NoError(t, err)
		defer f.Close()
		cmd.ExtraFiles = []*os.File{f}
	}
	require.NoError(t, cmd.Start())
	_, err = in.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(out, make([]byte, 1)) // it runs
	require.NoError(t, err)
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return cmd.Process
}

func signs(t *testing.T, dir, below string) []string {
	t.Helper()
	before := fingerprint(t, real(t, dir))
	tree, err := Open(t.Context(), dir, Options{})
	require.NoError(t, err)
	defer tree.Close()
	out := []string{}
	for _, s := range tree.Live(below) {
		out = append(out, s.Path+": "+s.Text)
	}
	same(t, before, real(t, dir))
	return out
}

func real(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(path)
	require.NoError(t, err)
	return path
}

func TestNoSignsInACopy(t *testing.T) {
	dir := makeDir(t)
	write(t, filepath.Join(dir, "n1", "dqlite-lock"), nil)
	write(t, filepath.Join(dir, "n1", "mysqld.pid"), []byte("no number"))
	write(t, filepath.Join(dir, "n1", "init.pid"), []byte("1\n"))
	write(t, filepath.Join(dir, "n1", "own.pid"), []byte(strconv.Itoa(os.Getpid())))
	write(t, filepath.Join(dir, "n1", "huge.pid"), []byte("99999999999999999999999999999999999999999"))
	gone := exec.Command("true")
	require.NoError(t, gone.Run())
	write(t, filepath.Join(dir, "n1", "gone.pid"), []byte(strconv.Itoa(gone.Process.Pid)))
	require.Empty(t, signs(t, dir, "n1"))
	require.Empty(t, signs(t, dir, "."))
	require.Empty(t, signs(t, dir, "none"))
	require.Empty(t, signs(t, dir, "../x"))
	tree := open(t, dir, Options{})
	require.NoError(t, tree.RefuseLive("n1", "n2"))
	packed := open(t, archiveFile(t, "x.tar", sampleTar(t)), Options{})
	require.Empty(t, packed.Live("."))
}

func TestReadersAreNoSigns(t *testing.T) {
	dir := makeDir(t)
	file := filepath.Join(dir, "n1", "open-1")
	write(t, file, []byte("x"))
	holdAs(t, "cat", file, os.O_RDONLY)
	require.Empty(t, signs(t, dir, "n1"), "a backup that reads is no server")
}

func TestLocksAreSigns(t *testing.T) {
	for name, lock := range map[string]func(fd int) error{
		"flock": func(fd int) error { return unix.Flock(fd, unix.LOCK_EX) },
		"record": func(fd int) error {
			if runtime.GOOS != "linux" {
				t.Skip("needs locks of open files")
			}
			return setLock(fd)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := makeDir(t)
			file := filepath.Join(dir, "n1", "dqlite-lock")
			write(t, file, nil)
			write(t, filepath.Join(dir, "n1", "other.lock"), nil)
			f, err := os.OpenFile(file, os.O_RDWR, 0)
			require.NoError(t, err)
			defer f.Close()
			require.NoError(t, lock(int(f.Fd())))
			got := signs(t, dir, "n1")
			require.Len(t, got, 1)
			require.Regexp(t, `^n1/dqlite-lock: .* lock on it$`, got[0])
			require.Empty(t, signs(t, dir, "n2"))

			tree := open(t, dir, Options{})
			err = tree.RefuseLive("n2", "n1")
			var live *LiveError
			require.ErrorAs(t, err, &live)
			require.Equal(t, filepath.Join(dir, "n1"), live.Path)
			require.Contains(t, err.Error(), "a running server seems to hold it")
			require.NoError(t, open(t, dir, Options{LiveOK: true}).RefuseLive("n1"))
			// The probe left nothing behind: whoever waits gets the lock.
			require.NoError(t, unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB))
		})
	}
}

func TestPidFilesOfLiveProcessesAreSigns(t *testing.T) {
	dir := makeDir(t)
	process := hold(t, "cat", "")
	file := filepath.Join(dir, "n1", "mysqld.pid")
	write(t, file, []byte(strconv.Itoa(process.Pid)+"\n"))
	if runtime.GOOS == "linux" {
		require.Empty(t, signs(t, dir, "n1"), "the process is younger than the file")
	}
	now := time.Now()
	require.NoError(t, os.Chtimes(file, now, now))
	got := signs(t, dir, "n1")
	require.Len(t, got, 1)
	require.Regexp(t, `^n1/mysqld.pid: names the process \d+.*, which is alive$`, got[0])
}

func TestProcessesWithFilesOpenAreSigns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	dir := makeDir(t)
	open1 := filepath.Join(dir, "n1", "open-1")
	process := hold(t, "cat", open1)
	want := "the process " + strconv.Itoa(process.Pid) + " (cat) has it open"
	require.Equal(t, []string{real(t, open1) + ": " + want}, signs(t, dir, "n1"))
	require.Len(t, signs(t, dir, "."), 1, "below counts")
	require.Empty(t, signs(t, dir, "n2"))
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	require.Len(t, signs(t, link, "n1"), 1, "through a link")

	// The same file under another path, as in a container.
	other := makeDir(t)
	elsewhere := filepath.Join(t.TempDir(), "ibdata1")
	write(t, elsewhere, []byte("x"))
	require.NoError(t, os.Link(elsewhere, filepath.Join(other, "ibdata1")))
	hold(t, "cat", elsewhere)
	require.Len(t, signs(t, other, "."), 1)
	require.Empty(t, signs(t, other, "n1"))
}

// TestMapsForAnother is no test of its own: it is the other process of
// TestMappedFilesAreSigns.
func TestMapsForAnother(t *testing.T) {
	file := os.Getenv("LASTWRITE_TEST_MAP")
	if file == "" {
		t.Skip("runs as a child of TestMappedFilesAreSigns")
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	os.Stdout.Write([]byte("x"))
	_, err = io.Copy(io.Discard, os.Stdin)
	require.NoError(t, err)
}

func TestMappedFilesAreSigns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	dir := makeDir(t)
	file := filepath.Join(dir, "n1", "table.spa")
	write(t, file, make([]byte, 4096))
	t.Setenv("LASTWRITE_TEST_MAP", real(t, file))
	cmd := exec.Command(os.Args[0], "-test.run=^TestMapsForAnother$")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	_, err = io.ReadFull(out, make([]byte, 1)) // it runs
	require.NoError(t, err)
	got := signs(t, dir, "n1")
	require.Len(t, got, 1)
	require.Contains(t, got[0], real(t, file)+": the process ")
	require.Contains(t, got[0], "has it mapped")
}

func TestListeningSocketsAreSigns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	dir := makeDir(t)
	file := filepath.Join(dir, "n1", "control.socket")
	listen(t, file)
	require.Equal(t, []string{real(t, file) + ": a process listens on this socket"}, signs(t, dir, "n1"))
	require.Empty(t, signs(t, dir, "n2"))

	dead := filepath.Join(dir, "n2", "kine.sock")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	short := filepath.Join(t.TempDir(), "s")
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: short}))
	require.NoError(t, syscall.Close(fd))
	require.NoError(t, os.Rename(short, dead))
	require.Empty(t, signs(t, dir, "n2"), "nobody listens")
}
