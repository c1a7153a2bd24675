package realserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// stopGrace is how long output is still awaited from the children of a program
// that has ended.
const stopGrace = 5 * time.Second

// An account is a user that programs run as.
type account struct{ uid, gid int }

// unprivileged is the account for the programs when the tests run as root: rsync
// drops the rights of root by itself, and then may not write what a server of
// root reads. For everybody else it is the own account.
func unprivileged() (account, error) {
	own := account{os.Getuid(), os.Getgid()}
	if own.uid != 0 {
		return own, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return own, err
	}
	uid, uidErr := strconv.Atoi(nobody.Uid)
	gid, gidErr := strconv.Atoi(nobody.Gid)
	return account{uid, gid}, errors.Join(uidErr, gidErr)
}

// owns hands everything below a directory to the account.
func (a account) owns(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, a.uid, a.gid)
	})
}

// command is a program that runs in a process group of its own, as the account.
// The group ends with ctx, and the program with the test process.
func (a account) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = attributes(a)
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	cmd.WaitDelay = stopGrace
	// The scripts of the server call programs by name.
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "LC_ALL=C")
	return cmd
}

// A daemon is a running server process.
type daemon struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	ended  chan struct{} // closed when the process is gone; err is set then
	err    error
}

// start begins a program that lives until it ends, is killed, or life is over.
// What it prints is appended to the file output.
func (a account) start(life time.Duration, output, program string, args ...string) (*daemon, error) {
	f, err := os.OpenFile(output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	// Not the context of the test: cleanups that still ask the server run after
	// that has ended.
	ctx, cancel := context.WithTimeout(context.Background(), life)
	d := &daemon{cmd: a.command(ctx, program, args...), cancel: cancel, ended: make(chan struct{})}
	d.cmd.Stdout, d.cmd.Stderr = f, f
	if err := errors.Join(d.cmd.Start(), f.Close()); err != nil {
		cancel()
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	go func() {
		d.err = d.cmd.Wait()
		_ = killGroup(d.cmd.Process) // what it started and left behind
		close(d.ended)
	}()
	return d, nil
}

func (d *daemon) running() bool {
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// kill ends the process and its children like kill -9.
func (d *daemon) kill() {
	if d.running() {
		_ = killGroup(d.cmd.Process) // it may end at this moment
	}
	<-d.ended
	d.cancel()
}

// stop asks the process to end and waits for that.
func (d *daemon) stop(ctx context.Context) error {
	if err := terminate(d.cmd.Process); err != nil && d.running() {
		return err
	}
	select {
	case <-d.ended:
		d.cancel()
		return d.err
	case <-ctx.Done():
		return fmt.Errorf("still running: %w", ctx.Err())
	}
}

// killAll kills several daemons as near to the same moment as one thread can,
// and waits until they are gone.
func killAll(daemons []*daemon) {
	var gone sync.WaitGroup
	for _, d := range daemons {
		_ = killGroup(d.cmd.Process) // it may have ended already
	}
	for _, d := range daemons {
		gone.Go(d.kill)
	}
	gone.Wait()
}
