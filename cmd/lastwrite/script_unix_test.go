//go:build unix

package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// nobodyID is the user and group without rights on Linux systems.
const nobodyID = 65534

// prepare returns the call of a program with the environment of the script. Its output
// goes where stdout and stderr look for it.
func prepare(ts *testscript.TestScript, program string, args []string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(ts.Value(environKey{}).([]string), "PWD="+cmd.Dir)
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	return cmd
}

func asNobody(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, many)
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	if os.Getuid() != 0 { // then the script's own user is bound by modes
		checkStatus(ts, number, ts.Exec(args[1], args[2:]...))
		return
	}
	// The program stands in directories that only root may enter.
	self, err := os.Executable()
	ts.Check(err)
	program := filepath.Join(ts.Getenv("WORK"), "bin", args[1])
	ts.Check(os.MkdirAll(filepath.Dir(program), 0o755))
	// A copy made by this process could still be open for writing in a child
	// that another script is just starting, and would be busy.
	ts.Check(exec.Command("cp", self, program).Run())
	ts.Check(os.Chmod(program, 0o755))
	for _, dir := range []string{ts.Getenv("WORK"), filepath.Dir(ts.Getenv("WORK"))} {
		info, err := os.Stat(dir)
		ts.Check(err)
		ts.Check(os.Chmod(dir, info.Mode()|0o011))
	}
	cmd := prepare(ts, program, args[2:])
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodyID, Gid: nobodyID}}
	err = cmd.Run()
	if errors.Is(err, fs.ErrPermission) {
		ts.Value(testKey{}).(testing.TB).Skip("this machine lets nobody run the program as another user")
	}
	checkStatus(ts, number, err)
}

func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, many)
	file, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	program, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := prepare(ts, program, args[2:])
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !hasOpen(cmd.Process.Pid, file) {
		select {
		case err := <-ended:
			ts.Fatalf("the program ended before it opened %s: %v", args[0], err)
		case <-time.After(time.Millisecond): // there is nothing to be notified by
		}
	}
	signal := os.Interrupt
	if ts.Getenv("SIGNAL") == "TERM" {
		signal = syscall.SIGTERM
	}
	ts.Check(cmd.Process.Signal(signal))
	checkStatus(ts, 130, <-ended)
}

// hasOpen tells from /proc whether a process has a file open.
func hasOpen(pid int, file fs.FileInfo) bool {
	open, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "fd", "*")) // the pattern is well formed
	for _, p := range open {
		if info, err := os.Stat(p); err == nil && os.SameFile(info, file) {
			return true
		}
	}
	return false
}

func socket(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, 1)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: ts.MkAbs(args[0]), Net: "unix"})
	ts.Check(err)
	l.SetUnlinkOnClose(false)
	ts.Check(l.Close())
}
