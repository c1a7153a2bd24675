package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/large"
	"github.com/lastwrite/lastwrite/repair"
)

// lastwrite is the program in a process of its own: this test binary under
// another name.
func lastwrite(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Args = append([]string{"lastwrite"}, args...)
	cmd.Stderr = new(bytes.Buffer)
	return cmd
}

// largePlan makes a node directory of at least size bytes and a plan for it.
func largePlan(t *testing.T, size int64) (node, plan string) {
	t.Helper()
	dir := t.TempDir()
	node, plan = filepath.Join(dir, "n1"), filepath.Join(dir, "PLAN.json")
	_, err := large.Segments(node, size, 4)
	require.NoError(t, err)
	require.NoError(t, lastwrite(t, "plan", node, "-o", plan).Run())
	return node, plan
}

// TestRepairKilled kills the program at any moment of a repair: there is the
// whole result, or none, and what is left is marked as unfinished.
func TestRepairKilled(t *testing.T) {
	node, plan := largePlan(t, 48<<20)
	before, err := readTree(node)
	require.NoError(t, err)
	start := time.Now()
	require.NoError(t, lastwrite(t, "repair", plan, node, "--out", filepath.Join(t.TempDir(), "out")).Run())
	whole := time.Since(start)
	r := rand.New(rand.NewPCG(1, 2))
	killed := 0
	for range 24 {
		dir := t.TempDir()
		out := filepath.Join(dir, "out")
		cmd := lastwrite(t, "repair", plan, node, "--out", out)
		require.NoError(t, cmd.Start())
		timer := time.AfterFunc(time.Duration(r.Int64N(int64(whole))), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		left, readErr := os.ReadDir(dir)
		require.NoError(t, readErr)
		require.LessOrEqual(t, len(left), 1)
		if err == nil {
			requireFinished(t, out)
		} else {
			killed++
		}
		for _, e := range left {
			if e.Name() == "out" { // killed behind the last step
				requireFinished(t, out)
				continue
			}
			require.Regexp(t, `^out\.partial-`, e.Name())
			requireMarked(t, filepath.Join(dir, e.Name()))
		}
		require.NoError(t, os.RemoveAll(dir))
	}
	assert.Positive(t, killed)
	now, err := readTree(node)
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(before, now), "the input changed")
}

func requireFinished(t *testing.T, out string) {
	t.Helper()
	require.NoFileExists(t, filepath.Join(out, repair.Marker))
	cmd := lastwrite(t, "verify", out, "--manifest", filepath.Join(out, "MANIFEST.txt"))
	require.NoError(t, cmd.Run(), "%s", cmd.Stderr)
}

// requireMarked wants the marker, or nothing at all, in an unfinished
// directory; the marker goes last, when everything is there.
func requireMarked(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(dir, repair.Marker)); err != nil && len(entries) > 0 {
		require.FileExists(t, filepath.Join(dir, "MANIFEST.txt"))
	}
}

// TestRepairWithoutRoom: no room for the result, by the size of the file
// system and by a limit on the size of files.
func TestRepairWithoutRoom(t *testing.T) {
	node, plan := largePlan(t, 16<<20)
	t.Run("full disk", func(t *testing.T) {
		dir := t.TempDir()
		err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m")
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
			t.Skip("only root may mount a small file system")
		}
		require.NoError(t, err)
		defer func() { assert.NoError(t, syscall.Unmount(dir, 0)) }()
		requireNothing(t, dir, "no space left on device", lastwrite(t, "repair", plan, node, "--out", filepath.Join(dir, "out")))
	})
	t.Run("limited files", func(t *testing.T) {
		dir := t.TempDir()
		cmd := lastwrite(t, "repair", plan, node, "--out", filepath.Join(dir, "out"))
		shell, err := exec.LookPath("bash")
		if err != nil {
			t.Skip("no bash, which can run a program under another name")
		}
		limited := exec.Command(shell, append([]string{"-c", `ulimit -f 2048; exec -a lastwrite "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)...)
		limited.Stderr = new(bytes.Buffer)
		requireNothing(t, dir, "file too large", limited)
	})
}

// requireNothing runs a repair that has to fail with a message that says why,
// and to leave nothing in dir.
func requireNothing(t *testing.T, dir, why string, cmd *exec.Cmd) {
	t.Helper()
	err := cmd.Run()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 3, failed.ExitCode())
	message := cmd.Stderr.(*bytes.Buffer).String()
	assert.Contains(t, message, why)
	assert.Contains(t, message, "nothing was kept")
	for line := range strings.Lines(message) {
		assert.True(t, strings.HasPrefix(line, "lastwrite: "), line)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}
