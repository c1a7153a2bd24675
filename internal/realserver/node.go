package realserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	pollInterval = 100 * time.Millisecond
	// syncTimeout bounds a start until the node is synced, a state transfer
	// included; a healthy one takes a few seconds.
	syncTimeout = 90 * time.Second
	stopTimeout = time.Minute
	sqlTimeout  = time.Minute
	tailBytes   = 4000
)

// A Node is one server of a cluster.
type Node struct {
	Name string
	Home string // the option file my.cnf, logs, and the data directory
	Dir  string // data directory, below Home

	cluster  *Cluster
	number   int
	endpoint endpoint
	daemon   *daemon
	starts   int
}

// Bootstrap starts the node as the first one of a cluster and waits until it is
// synced. args are further options of mariadbd.
func (n *Node) Bootstrap(ctx context.Context, args ...string) error {
	return n.startAndWait(ctx, append([]string{"--wsrep-new-cluster"}, args...))
}

// Join starts the node without any bootstrap and waits until it is synced. args
// are further options of mariadbd.
func (n *Node) Join(ctx context.Context, args ...string) error { return n.startAndWait(ctx, args) }

func (n *Node) startAndWait(ctx context.Context, args []string) error {
	if err := n.Launch(args...); err != nil {
		return err
	}
	return n.WaitSynced(ctx)
}

// Launch starts the process with further options of mariadbd, and does not wait
// for anything.
func (n *Node) Launch(args ...string) error {
	if n.Running() {
		return fmt.Errorf("%s is running", n.Name)
	}
	n.starts++
	if err := os.WriteFile(n.config(), []byte(n.cluster.settings(n, n.Dir, n.Home)), 0o644); err != nil {
		return err
	}
	d, err := n.cluster.server.start(n.cluster.options.Life, filepath.Join(n.Home, "output"), n.cluster.server.mariadbd,
		append([]string{"--defaults-file=" + n.config(), "--log-error=" + n.logFile()}, args...)...)
	if err != nil {
		return err
	}
	n.daemon = d
	return nil
}

func (n *Node) config() string  { return filepath.Join(n.Home, "my.cnf") }
func (n *Node) socket() string  { return filepath.Join(n.Home, "s") }
func (n *Node) logFile() string { return filepath.Join(n.Home, fmt.Sprintf("error-%d.log", n.starts)) }

// Running reports whether the process of the last start lives.
func (n *Node) Running() bool { return n.daemon != nil && n.daemon.running() }

// WaitSynced waits until the node is a synced member of a primary component. It
// fails as soon as the process has ended.
func (n *Node) WaitSynced(ctx context.Context) error {
	return n.wait(ctx, "synced", func(s Status) bool {
		return s["wsrep_ready"] == "ON" && s["wsrep_local_state_comment"] == "Synced"
	})
}

// WaitCommitted waits until the node has committed the write set with a seqno.
func (n *Node) WaitCommitted(ctx context.Context, seqno int64) error {
	return n.wait(ctx, fmt.Sprintf("at seqno %d", seqno), func(s Status) bool { return s.LastCommitted() >= seqno })
}

func (n *Node) wait(ctx context.Context, what string, done func(Status) bool) error {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var ended <-chan struct{}
	if n.daemon != nil {
		ended = n.daemon.ended
	}
	for {
		status, err := n.Status(ctx)
		if err == nil && done(status) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ended:
			return fmt.Errorf("%s ended before it was %s: %w\n%s", n.Name, what, n.daemon.err, n.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not %s: %w (%w)", n.Name, what, ctx.Err(), err)
		}
	}
}

// Stop ends the node in good order: it leaves the cluster and writes its state.
func (n *Node) Stop(ctx context.Context) error {
	if n.daemon == nil {
		return fmt.Errorf("%s does not run", n.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	err := n.daemon.stop(ctx)
	n.Kill()
	if err != nil {
		return fmt.Errorf("stop %s: %w", n.Name, err)
	}
	return nil
}

// Adopt replaces the data directory of a node that does not run by a copy of dir.
func (n *Node) Adopt(ctx context.Context, dir string) error {
	if n.Running() {
		return fmt.Errorf("%s is running", n.Name)
	}
	if err := os.RemoveAll(n.Dir); err != nil {
		return err
	}
	return errors.Join(CopyDir(ctx, dir, n.Dir), n.cluster.server.owns(n.Dir))
}

// Kill ends the node and its scripts like kill -9.
func (n *Node) Kill() {
	if n.daemon != nil {
		n.daemon.kill()
		n.daemon = nil
	}
}

// SQL runs statements and returns the rows of all results, columns separated by
// tabs, without headings.
func (n *Node) SQL(ctx context.Context, statements string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sqlTimeout)
	defer cancel()
	cmd := n.cluster.server.command(ctx, n.cluster.server.client, n.clientArgs()...)
	cmd.Stdin = strings.NewReader(statements)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", n.Name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}

func (n *Node) clientArgs(more ...string) []string {
	return append([]string{"--no-defaults", "--socket=" + n.socket(), "--user=root", "--batch", "--skip-column-names"}, more...)
}

// A Status is the variables of SHOW STATUS LIKE 'wsrep%', by name.
type Status map[string]string

// LastCommitted is the seqno of the last write set that was committed, -1 if the
// node does not say.
func (s Status) LastCommitted() int64 {
	var seqno int64
	if _, err := fmt.Sscan(s["wsrep_last_committed"], &seqno); err != nil {
		return -1
	}
	return seqno
}

// Status asks the node.
func (n *Node) Status(ctx context.Context) (Status, error) {
	out, err := n.SQL(ctx, "SHOW STATUS LIKE 'wsrep%'")
	if err != nil {
		return nil, err
	}
	s := Status{}
	for line := range strings.Lines(out) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok {
			s[name] = value
		}
	}
	return s, nil
}

// Log is the error log of the latest start.
func (n *Node) Log() (string, error) {
	data, err := os.ReadFile(n.logFile())
	return string(data), err
}

// tail is the errors and the end of what the latest start said.
func (n *Node) tail() string {
	log, err := n.Log()
	if err != nil {
		output, outputErr := os.ReadFile(filepath.Join(n.Home, "output"))
		return errors.Join(err, outputErr).Error() + "\n" + string(output)
	}
	end := log[max(0, len(log)-tailBytes):]
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSuffix(log, end)) {
		if strings.Contains(line, "[ERROR]") || strings.Contains(line, "[Warning]") {
			b.WriteString(line)
		}
	}
	return b.String() + "…\n" + end
}
