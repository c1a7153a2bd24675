// Package bench measures whole commands on large directories, beside openssl,
// the real raft library, and MariaDB with its tools in the same run:
//
//	go test ./internal/bench -run '^$' -bench . -benchtime 3x
//
// The size is 256 MiB; LASTWRITE_BENCH_MIB sets another one.
package bench

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/cmd/lastwrite/command"
	"github.com/lastwrite/lastwrite/fixtures/large"
	"github.com/lastwrite/lastwrite/internal/reallib"
)

// pagesEach makes entries of about 12 KiB, as small transactions have them.
const pagesEach = 3

var made, built string // the directories of segments and of the program, removed by TestMain

var segments = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lastwrite-bench-*")
	if err != nil {
		return "", err
	}
	made = dir
	_, err = large.Segments(dir, mebibytes()<<20, pagesEach)
	return dir, err
})

func mebibytes() int64 {
	if n, err := strconv.ParseInt(os.Getenv("LASTWRITE_BENCH_MIB"), 10, 64); err == nil && n > 0 {
		return n
	}
	return 256
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, dir := range []string{made, built} {
		if dir != "" {
			os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

func directory(b *testing.B) string {
	dir, err := segments()
	require.NoError(b, err)
	b.SetBytes(mebibytes() << 20)
	return dir
}

func run(b *testing.B, args ...string) {
	env := command.Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: os.Getenv, Terminal: func(io.Writer) (int, bool) { return 0, false }}
	require.Zero(b, command.Main(args, env))
}

// BenchmarkAnalyze is the full check: every byte hashed, every checksum
// verified, the report rendered.
func BenchmarkAnalyze(b *testing.B) {
	dir := directory(b)
	for b.Loop() {
		run(b, "analyze", "--fail-on", "never", dir)
	}
}

// BenchmarkOpenSSL hashes the same files, with one process for each core.
func BenchmarkOpenSSL(b *testing.B) {
	dir := directory(b)
	files, err := filepath.Glob(filepath.Join(dir, "0*"))
	require.NoError(b, err)
	cores := runtime.GOMAXPROCS(0)
	for b.Loop() {
		var wait sync.WaitGroup
		for c := range cores {
			var mine []string
			for i := c; i < len(files); i += cores {
				mine = append(mine, files[i])
			}
			wait.Go(func() {
				out, err := exec.Command("openssl", append([]string{"dgst", "-sha256"}, mine...)...).CombinedOutput()
				if err != nil {
					b.Errorf("openssl: %v: %s", err, strings.TrimSpace(string(out)))
				}
			})
		}
		wait.Wait()
	}
}

// BenchmarkOpenSSLOneProcess is the command as one would type it.
func BenchmarkOpenSSLOneProcess(b *testing.B) {
	dir := directory(b)
	files, err := filepath.Glob(filepath.Join(dir, "0*"))
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, exec.Command("openssl", append([]string{"dgst", "-sha256"}, files...)...).Run())
	}
}

// BenchmarkRealLoader lets libraft load the same directory.
func BenchmarkRealLoader(b *testing.B) {
	lib := reallib.Available(b)
	dir := directory(b)
	for b.Loop() {
		loads, err := lib.LoadAll(b.Context(), []string{dir}, reallib.LoadOptions{NoDigest: true, Timeout: 10 * time.Minute})
		require.NoError(b, err)
		require.Equal(b, reallib.Loads, loads[0].Outcome, "%+v", loads[0])
	}
}

// TestMemoryStaysFlat analyses directories of growing size in a process of
// their own and looks at the peak of its memory.
func TestMemoryStaysFlat(t *testing.T) {
	if _, err := os.Stat("/usr/bin/time"); err != nil {
		t.Skip("needs /usr/bin/time")
	}
	program := filepath.Join(t.TempDir(), "lastwrite")
	out, err := exec.Command("go", "build", "-o", program, "github.com/lastwrite/lastwrite/cmd/lastwrite").CombinedOutput()
	require.NoError(t, err, string(out))
	for _, mib := range []int64{16, 256} {
		dir := t.TempDir()
		_, err := large.Segments(dir, mib<<20, 1)
		require.NoError(t, err)
		out, err := exec.Command("/usr/bin/time", "-f", "%M", program, "analyze", "--quiet", "-o", "json="+filepath.Join(t.TempDir(), "r.json"), dir).CombinedOutput()
		require.NoError(t, err, string(out))
		fields := strings.Fields(string(out))
		peak, err := strconv.Atoi(fields[len(fields)-1])
		require.NoError(t, err, string(out))
		t.Logf("%d MiB of segments: peak of %d KiB", mib, peak)
		require.Less(t, peak, 128<<10, "KiB at %d MiB of segments", mib)
	}
}

// BenchmarkRankQuick ranks a directory with 100,000 segment files.
func BenchmarkRankQuick(b *testing.B) {
	dir := b.TempDir()
	require.NoError(b, large.Names(dir, 100_000))
	for b.Loop() {
		run(b, "rank", "--quick", dir)
	}
}
