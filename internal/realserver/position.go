package realserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// ZeroUUID is the state UUID of a directory that belongs to no cluster.
const ZeroUUID = "00000000-0000-0000-0000-000000000000"

// A Position is a place in the history of a cluster.
type Position struct {
	UUID       string // state UUID
	Seqno      int64
	ServerGTID string // "domain-server-sequence", "" where the server prints none
}

// String is the position as mariadbd --wsrep-recover prints it.
func (p Position) String() string {
	s := fmt.Sprintf("%s:%d", p.UUID, p.Seqno)
	if p.ServerGTID != "" {
		s += "," + p.ServerGTID
	}
	return s
}

// ParsePosition reads "uuid:seqno" with or without ",domain-server-sequence".
func ParsePosition(s string) (Position, error) {
	plain, gtid, _ := strings.Cut(s, ",")
	uuid, seqno, ok := strings.Cut(plain, ":")
	n, err := strconv.ParseInt(seqno, 10, 64)
	if !ok || err != nil {
		return Position{}, fmt.Errorf("%q is no position", s)
	}
	return Position{UUID: uuid, Seqno: n, ServerGTID: gtid}, nil
}

// Recover runs mariadbd --wsrep-recover with the node's settings on dir, which it
// changes: pass a copy. The second result is what the server logged. An error
// means that the server printed no position.
func (n *Node) Recover(ctx context.Context, dir string) (Position, string, error) {
	home, err := os.MkdirTemp(n.cluster.dir, "r")
	if err != nil {
		return Position{}, "", err
	}
	defer os.RemoveAll(home)
	config := filepath.Join(home, "my.cnf")
	if err := os.WriteFile(config, []byte(n.cluster.settings(n, dir, home)), 0o644); err != nil {
		return Position{}, "", err
	}
	if err := errors.Join(n.cluster.server.owns(home), n.cluster.server.owns(dir)); err != nil {
		return Position{}, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	output, runErr := n.cluster.server.command(ctx, n.cluster.server.mariadbd, "--defaults-file="+config, "--wsrep-recover").CombinedOutput()
	log, err := os.ReadFile(filepath.Join(home, "error.log"))
	if err != nil {
		return Position{}, "", fmt.Errorf("--wsrep-recover: %w (%w)\n%s", runErr, err, output)
	}
	p, err := RecoveredPosition(log)
	if err != nil {
		err = fmt.Errorf("--wsrep-recover: %w (%w)\n%s", err, runErr, log)
	}
	return p, string(log), err
}

// RecoverCopy copies the node's data directory and has the position of the copy
// recovered, which is then removed.
func (n *Node) RecoverCopy(ctx context.Context) (Position, string, error) {
	parent, err := os.MkdirTemp(n.cluster.dir, "c")
	if err != nil {
		return Position{}, "", err
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "data")
	if err := errors.Join(n.cluster.server.owns(parent), CopyDir(ctx, n.Dir, dir)); err != nil {
		return Position{}, "", err
	}
	return n.Recover(ctx, dir)
}

// RecoveredPosition finds the position in what mariadbd --wsrep-recover logged.
func RecoveredPosition(log []byte) (Position, error) {
	_, rest, ok := bytes.Cut(log, []byte("WSREP: Recovered position: "))
	if !ok {
		return Position{}, fmt.Errorf("no recovered position in the log")
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return ParsePosition(string(bytes.TrimSpace(line)))
}

// A Range is a gapless range of write sets, both ends included; zero if empty.
type Range struct{ First, Last int64 }

// CacheRange finds in the log of a start what the provider recovered of
// galera.cache. The second result is false if the log has no line about it.
func CacheRange(log string) (Range, bool) {
	found := regexp.MustCompile(`Recovering GCache ring buffer: found gapless sequence (\d+)-(\d+)`).FindStringSubmatch(log)
	if found == nil {
		return Range{}, strings.Contains(log, "Recovering GCache ring buffer: Recovery failed") ||
			strings.Contains(log, "Skipped GCache ring buffer recovery")
	}
	first, err1 := strconv.ParseInt(found[1], 10, 64)
	last, err2 := strconv.ParseInt(found[2], 10, 64)
	return Range{First: first, Last: last}, err1 == nil && err2 == nil
}

// A Transfer is how a node caught up when it joined.
type Transfer string

// The transfers.
const (
	NoTransfer  Transfer = ""    // it had everything, or was bootstrapped
	Incremental Transfer = "ist" // write sets out of a donor's cache
	Full        Transfer = "sst" // a copy of a donor's data
)

// JoinedBy finds in the log of a start how the node caught up. The script of a
// full transfer runs for an incremental one too and then hands back the position
// that the node already had.
func JoinedBy(log string) Transfer {
	local := regexp.MustCompile(`Local state:\s+([0-9a-f-]{36}:-?\d+)`).FindAllStringSubmatch(log, -1)
	received := regexp.MustCompile(`SST received: ([0-9a-f-]{36}:-?\d+)`).FindAllStringSubmatch(log, -1)
	switch {
	case len(local) == 0:
		return NoTransfer
	case len(received) > 0 && received[len(received)-1][1] != local[len(local)-1][1]:
		return Full
	default:
		return Incremental
	}
}

// State is what grastate.dat says.
type State struct {
	UUID            string
	Seqno           int64 // -1 if the node was not stopped
	SafeToBootstrap bool
}

// WriteState replaces grastate.dat in a data directory, and removes the saved
// view, as an operator does who tells a node where it is.
func WriteState(dir string, s State) error {
	safe := 0
	if s.SafeToBootstrap {
		safe = 1
	}
	if err := os.Remove(filepath.Join(dir, "gvwstate.dat")); err != nil && !os.IsNotExist(err) {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   %d\nsafe_to_bootstrap: %d\n", s.UUID, s.Seqno, safe)
	name := filepath.Join(dir, "grastate.dat")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return err
	}
	return sameOwner(name, info)
}

// ReadState reads grastate.dat of a data directory.
func ReadState(dir string) (State, error) {
	data, err := os.ReadFile(filepath.Join(dir, "grastate.dat"))
	if err != nil {
		return State{}, err
	}
	var s State
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "uuid":
			s.UUID = value
		case "seqno":
			if s.Seqno, err = strconv.ParseInt(value, 10, 64); err != nil {
				return s, err
			}
		case "safe_to_bootstrap":
			s.SafeToBootstrap = value == "1"
		}
	}
	return s, nil
}
