package reallib

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// An Outcome is how a load or a start ended.
type Outcome string

// The outcomes.
const (
	Loads   Outcome = "loads"
	Starts  Outcome = "starts"
	Refuses Outcome = "refuses" // with an error message
	Crashes Outcome = "crashes" // by a signal or an assertion
	Hangs   Outcome = "hangs"   // neither result nor end within the time limit
)

// A Load is what raft_init and the load step of raft_start made of a
// directory: everything up to, and without, the restore of the snapshot into
// the database.
type Load struct {
	Dir     string  `json:"dir"`
	Outcome Outcome `json:"outcome"`

	// Set when the library refuses.
	Stage string `json:"stage"` // raft_uv_init, raft_init or raft_start
	Error string `json:"error"` // as the server prints it: "raft_start(): io: …"
	Code  string `json:"code"`  // raft_strerror of the result

	// Set when the library crashes.
	Signal     syscall.Signal `json:"signal"`
	ExitStatus int            `json:"exit_status"`
	Stderr     string         `json:"stderr"` // the last 2000 bytes: assertion text

	// Set when the library loads.
	Term       uint64      `json:"term"` // of the metadata
	VotedFor   uint64      `json:"voted_for"`
	Snapshot   *Snapshot   `json:"snapshot"`
	StartIndex uint64      `json:"start_index"`
	Entries    uint64      `json:"entries"`
	LastTerm   uint64      `json:"last_term"`  // of the last entry, else of the snapshot
	LastIndex  uint64      `json:"last_index"` // of the last entry, else of the snapshot
	TermRanges []TermRange `json:"term_ranges"`
	Change     *Change     `json:"change"` // the last configuration entry in the log
	// Digest is the 64-bit FNV-1a hash over all entries in order, each as
	// term (8 bytes little-endian), type (1 byte), payload length (8 bytes
	// little-endian) and payload; 0 without entries.
	Digest uint64 `json:"digest"`
}

// A Snapshot is the snapshot that was loaded.
type Snapshot struct {
	Term               uint64   `json:"term"`
	Index              uint64   `json:"index"`
	ConfigurationIndex uint64   `json:"configuration_index"`
	Servers            []Server `json:"servers"`
	Bytes              uint64   `json:"bytes"`  // after decompression
	Digest             uint64   `json:"digest"` // 64-bit FNV-1a of the data after decompression
}

// A TermRange is a run of entries of one term, both ends included.
type TermRange struct {
	Term  uint64 `json:"term"`
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// A Server is one member of a configuration.
type Server struct {
	ID       uint64 `json:"id"`
	Address  string `json:"address"`
	RaftRole int    `json:"raft_role"` // byte in the log: 0 standby, 1 voter, 2 spare
}

// A Change is a configuration entry.
type Change struct {
	Index   uint64 `json:"index"`
	Term    uint64 `json:"term"`
	Payload string `json:"bytes"` // hexadecimal
}

// A Configuration is a membership and the index that it stands at.
type Configuration struct {
	Index   uint64
	Servers []Server
}

// Configuration returns the configuration in force after the load: the last
// one in the log if it is newer than the snapshot's. It is nil when there is
// none, and an error when the entry cannot be decoded, which fails a start too.
func (l Load) Configuration() (*Configuration, error) {
	if l.Change != nil && (l.Snapshot == nil || l.Change.Index > l.Snapshot.ConfigurationIndex) {
		payload, err := hex.DecodeString(l.Change.Payload)
		if err != nil {
			return nil, err
		}
		servers, err := decodeServers(payload)
		return &Configuration{Index: l.Change.Index, Servers: servers}, err
	}
	if l.Snapshot == nil {
		return nil, nil
	}
	return &Configuration{Index: l.Snapshot.ConfigurationIndex, Servers: l.Snapshot.Servers}, nil
}

func decodeServers(b []byte) ([]Server, error) {
	bad := errors.New("configuration entry is malformed")
	if len(b) < 9 || b[0] != 1 {
		return nil, bad
	}
	n := binary.LittleEndian.Uint64(b[1:])
	b = b[9:]
	var servers []Server
	for range n {
		if len(b) < 8 {
			return servers, bad
		}
		end := bytes.IndexByte(b[8:], 0)
		if end < 0 || len(b) < 8+end+2 {
			return servers, bad
		}
		servers = append(servers, Server{
			ID:       binary.LittleEndian.Uint64(b),
			Address:  string(b[8 : 8+end]),
			RaftRole: int(b[8+end+1]),
		})
		b = b[8+end+2:]
	}
	return servers, nil
}

// LoadOptions change how directories are loaded. The zero value is what a
// server does.
type LoadOptions struct {
	NoAutoRecovery bool          // refuse where the library would set damaged segments aside
	NoDigest       bool          // leave the payload out of the digests, for measuring the library alone
	Timeout        time.Duration // for one directory; 0 means 20 seconds
}

// Load loads one directory with the default options.
func (lib *Library) Load(ctx context.Context, dir string) (Load, error) {
	loads, err := lib.LoadAll(ctx, []string{dir}, LoadOptions{})
	if err != nil {
		return Load{}, err
	}
	return loads[0], nil
}

// LoadAll loads many directories, each in a process of its own, and returns
// the results in the order of dirs. An error means that the driver failed,
// never that a directory is damaged.
func (lib *Library) LoadAll(ctx context.Context, dirs []string, opt LoadOptions) ([]Load, error) {
	args := []string{"load"}
	if opt.NoAutoRecovery {
		args = append(args, "--no-auto-recovery")
	}
	if opt.NoDigest {
		args = append(args, "--no-digest")
	}
	if opt.Timeout > 0 {
		args = append(args, "--timeout-ms", fmt.Sprint(opt.Timeout.Milliseconds()))
	}
	loads := make([]Load, len(dirs))
	next := make(chan int)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(next)
		for i := range dirs {
			select {
			case next <- i:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range min(runtime.NumCPU(), len(dirs)) {
		group.Go(func() error { return lib.loadSome(ctx, args, dirs, next, loads) })
	}
	return loads, group.Wait()
}

// loadSome runs one driver and gives it one directory after the other.
func (lib *Library) loadSome(ctx context.Context, args, dirs []string, next <-chan int, loads []Load) (err error) {
	cmd := exec.CommandContext(ctx, lib.driver, args...)
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, stdin.Close(), cmd.Wait())
		if err != nil {
			err = fmt.Errorf("driver load: %w: %s", err, stderr)
		}
	}()
	lines := bufio.NewReader(stdout)
	for i := range next {
		if strings.Contains(dirs[i], "\n") {
			return fmt.Errorf("directory name %q has a line break", dirs[i])
		}
		if _, err := io.WriteString(stdin, dirs[i]+"\n"); err != nil {
			return err
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		if err := json.Unmarshal(line, &loads[i]); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	return nil
}
