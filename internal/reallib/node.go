package reallib

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startTimeout bounds each step of a start; healthy directories take well
// below a second.
const startTimeout = 20 * time.Second

// A Member is one node of a cluster.
type Member struct {
	ID      uint64
	Address string // as the raft configuration names it; nothing listens there
	Role    Role
	Dir     string // data directory, unused where only the membership is meant
}

// A Role is a member's role as the client API counts it, which is not the
// byte in the log.
type Role int

// The roles.
const (
	Voter Role = iota
	Standby
	Spare
)

// A Start is how the start of a node ended.
type Start struct {
	Outcome Outcome
	Error   string // as the server prints it, when it refuses
	Signal  syscall.Signal
	Stderr  string
}

// A Node is a server process. It listens on a free port of the loopback
// interface, and connects to the ports of its cluster's other members only,
// whatever addresses the log names.
type Node struct {
	Member
	Port int

	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *json.Decoder
	stderr *bytes.Buffer
	ended  sync.Once
	done   chan struct{} // closed when the process has ended
}

// TryStart starts a node on dir, ends it without a clean stop and tells how
// the start ended. An error means that the driver failed.
func (lib *Library) TryStart(ctx context.Context, dir string, id uint64, address string) (Start, error) {
	n, start, err := lib.create(ctx, Member{ID: id, Address: address, Dir: dir})
	if n == nil {
		return start, err
	}
	defer n.Kill()
	return n.start(ctx, nil)
}

// create begins a node: the library's create and set_bind_address, which
// include raft_init. The node is nil when that failed.
func (lib *Library) create(ctx context.Context, m Member) (*Node, Start, error) {
	n := &Node{
		Member: m,
		cmd:    exec.CommandContext(ctx, lib.driver, "node", "--id", fmt.Sprint(m.ID), "--address", m.Address, m.Dir),
		stderr: new(bytes.Buffer),
		done:   make(chan struct{}),
	}
	n.cmd.Stderr = n.stderr
	stdin, err := n.cmd.StdinPipe()
	if err != nil {
		return nil, Start{}, err
	}
	stdout, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, Start{}, err
	}
	n.stdin, n.stdout = stdin, json.NewDecoder(stdout)
	if err := n.cmd.Start(); err != nil {
		return nil, Start{}, err
	}
	said, start, err := n.listen(ctx)
	if start.Outcome != Starts || err != nil {
		n.Kill()
		return nil, start, err
	}
	n.Port = said.Port
	return n, start, nil
}

// start goes on with a created node: bootstrap where the library wants it,
// raft_start, and everything behind it.
func (n *Node) start(ctx context.Context, peers []*Node) (Start, error) {
	var lines strings.Builder
	for _, p := range peers {
		fmt.Fprintf(&lines, "%d %s\n", p.Port, p.Address)
	}
	if _, err := io.WriteString(n.stdin, lines.String()+"\n"); err != nil {
		return Start{}, err
	}
	_, start, err := n.listen(ctx)
	go n.wait() // it has no more to say
	return start, err
}

// A statement is one line of the node process.
type statement struct {
	Port  int    `json:"port"`
	OK    *bool  `json:"ok"` // nil where Port is meant
	Error string `json:"error"`
}

// listen waits for the next line of the process and tells what it means.
func (n *Node) listen(ctx context.Context) (statement, Start, error) {
	var said statement
	decoded := make(chan error, 1)
	go func() { decoded <- n.stdout.Decode(&said) }()
	limit := time.NewTimer(startTimeout)
	defer limit.Stop()
	select {
	case err := <-decoded:
		switch {
		case ctx.Err() != nil:
			return said, Start{}, ctx.Err()
		case err != nil:
			return said, n.death(), nil
		case said.OK != nil && !*said.OK:
			return said, Start{Outcome: Refuses, Error: said.Error}, nil
		default:
			return said, Start{Outcome: Starts}, nil
		}
	case <-limit.C:
		_ = n.cmd.Process.Kill() // ends the decoding too
		<-decoded                //nolint:errcheck // that the pipe was closed
		return statement{}, Start{Outcome: Hangs, Stderr: n.stderr.String()}, nil
	}
}

// death waits for a process that closed its output and tells how it ended.
func (n *Node) death() Start {
	n.wait()
	s := Start{Outcome: Crashes, Stderr: n.stderr.String()}
	if status, ok := n.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		s.Signal = status.Signal()
	}
	return s
}

// wait returns when the process has ended.
func (n *Node) wait() {
	n.ended.Do(func() {
		_ = n.cmd.Wait() // ProcessState has what is worth knowing
		close(n.done)
	})
	<-n.done
}

// Kill ends the node like kill -9 and waits until it is gone.
func (n *Node) Kill() {
	_ = n.cmd.Process.Kill() // it may have ended already
	n.wait()
	_ = n.stdin.Close()
}

// Done is closed when the process of a started node has ended.
func (n *Node) Done() <-chan struct{} { return n.done }

// Recover rewrites the membership of the log in dir with the library's own
// function, as the reconfigure command of the shells does: it loads the
// directory and appends one configuration entry.
func (lib *Library) Recover(ctx context.Context, dir string, members []Member) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	args := []string{"recover"}
	for _, m := range members {
		args = append(args, "--member", fmt.Sprintf("%d,%d,%s", m.ID, m.Role, m.Address))
	}
	cmd := exec.CommandContext(ctx, lib.driver, append(args, dir)...)
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	out, err := cmd.Output()
	var said statement
	if jsonErr := json.Unmarshal(out, &said); jsonErr != nil {
		return fmt.Errorf("driver recover: %w: %s", errors.Join(err, ctx.Err()), stderr)
	}
	if said.OK == nil || !*said.OK {
		return fmt.Errorf("recover %s: %s", dir, said.Error)
	}
	return nil
}

// ReconfigureSingle makes the node the only voter of the log in dir.
func (lib *Library) ReconfigureSingle(ctx context.Context, dir string, id uint64, address string) error {
	return lib.Recover(ctx, dir, []Member{{ID: id, Address: address}})
}
