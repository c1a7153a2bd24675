package realserver

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sleeper makes TestDaemonDies the process that is killed.
const sleeper = "LASTWRITE_TEST_SLEEPER"

// A server does not outlive a test process that dies without cleaning up.
func TestDaemonDies(t *testing.T) {
	if output := os.Getenv(sleeper); output != "" {
		own := account{os.Getuid(), os.Getgid()}
		d, err := own.start(time.Minute, output, "sleep", "60")
		require.NoError(t, err)
		fmt.Println("daemon", d.cmd.Process.Pid)
		<-d.ended
		return
	}
	ctx := t.Context()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestDaemonDies$")
	cmd.Env = append(os.Environ(), sleeper+"="+filepath.Join(t.TempDir(), "output"))
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var pid int
	for lines := bufio.NewScanner(stdout); pid == 0 && lines.Scan(); {
		if number, ok := strings.CutPrefix(lines.Text(), "daemon "); ok {
			pid, err = strconv.Atoi(number)
			require.NoError(t, err)
		}
	}
	require.NotZero(t, pid)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool { return gone(pid) }, 10*time.Second, 10*time.Millisecond)
}

// gone reports whether a process has ended; nobody may have waited for it yet.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// The life of a daemon is bounded, and what it started ends with it.
func TestDaemonLife(t *testing.T) {
	own := account{os.Getuid(), os.Getgid()}
	output := filepath.Join(t.TempDir(), "output")
	d, err := own.start(100*time.Millisecond, output, "sh", "-c", "sleep 60 & echo $!; wait")
	require.NoError(t, err)
	<-d.ended
	require.Error(t, d.err)
	said, err := os.ReadFile(output)
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(said)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return gone(child) }, 10*time.Second, 10*time.Millisecond)
}
