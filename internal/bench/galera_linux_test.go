package bench

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/realserver"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// redoLog is the size of the crashed server's redo log.
const redoLog = "96M"

// tables is the number of tables that the crashed server filled.
const tables = 8

// The program, built once for all measurements in a process of its own.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lastwrite-bench-*")
	if err != nil {
		return "", err
	}
	built = dir
	name := filepath.Join(dir, "lastwrite")
	out, err := exec.Command("go", "build", "-o", name, "github.com/lastwrite/lastwrite/cmd/lastwrite").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return name, err
})

// timed runs a command in a process of its own and returns what it printed,
// and the peak of its memory in KiB.
func timed(t testing.TB, status int, args ...string) (out string, peak int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/usr/bin/time", append([]string{"-q", "-f", "peak %M"}, args...)...)
	both, err := cmd.CombinedOutput()
	if status == 0 {
		require.NoError(t, err, string(both))
	}
	require.Equal(t, status, cmd.ProcessState.ExitCode(), string(both))
	text := strings.TrimSpace(string(both))
	at := strings.LastIndex(text, "peak ")
	require.GreaterOrEqual(t, at, 0, text)
	peak, err = strconv.Atoi(text[at+len("peak "):])
	require.NoError(t, err)
	return text[:at], peak
}

// crashed makes the directory of a server that was killed while it wrote, of
// about mebibytes(), and the option file of that server.
func crashed(b *testing.B) (dir, options string) {
	if _, err := os.Stat("/usr/bin/time"); err != nil {
		b.Skip("needs /usr/bin/time")
	}
	server := realserver.Available(b)
	c := server.NewCluster(b, 1, realserver.Options{Settings: map[string]string{
		"innodb_log_file_size": redoLog, "innodb_buffer_pool_size": "512M", "innodb_doublewrite": "OFF", "innodb_flush_log_at_trx_commit": "0",
	}, Provider: map[string]string{"gcache.size": "128M"}})
	n := c.Nodes[0]
	ctx, cancel := context.WithTimeout(b.Context(), 9*time.Minute)
	defer cancel()
	require.NoError(b, n.Bootstrap(ctx))
	run := func(statement string, args ...any) {
		_, err := n.SQL(ctx, "CREATE DATABASE IF NOT EXISTS x;\nUSE x;\n"+fmt.Sprintf(statement, args...)+";\n")
		require.NoError(b, err)
	}
	for i := range tables {
		run("CREATE TABLE t%d (a INT PRIMARY KEY AUTO_INCREMENT, b VARCHAR(900), c INT NOT NULL DEFAULT 0)", i)
	}
	const rows = 8192 // of 800 bytes in a statement
	for n := range max(int(mebibytes())*1000/(rows/1024)/800, tables) {
		run("INSERT INTO t%d(b) SELECT REPEAT(MD5(seq + %d), 24) FROM seq_1_to_%d", n%tables, n, rows)
	}
	for pass := range 4 { // few bytes on every page, as small transactions change them
		for i := range tables {
			run("UPDATE t%d SET c = c + 1 WHERE a %% 16 = %d", i, pass)
		}
	}
	n.Kill()
	syscall.Sync() // what it left to write would be measured too
	return n.Dir, filepath.Join(n.Home, "my.cnf")
}

// BenchmarkCrashed finds the position of a crashed directory, and has the
// server find it; then it checks every page, and has the server's own tool
// check the same files with one process for each core.
func BenchmarkCrashed(b *testing.B) {
	if _, err := exec.LookPath("innochecksum"); err != nil {
		b.Skip("needs the Debian package mariadb-server")
	}
	dir, options := crashed(b)
	program, err := program()
	require.NoError(b, err)
	var ours, theirs string
	b.Run("rank", func(b *testing.B) {
		peak := 0
		for b.Loop() {
			ours, peak = timed(b, 0, program, "rank", "--quick", dir)
		}
		b.ReportMetric(float64(peak), "peak-KiB")
	})
	b.Run("wsrep-recover", func(b *testing.B) { theirs = recoverByServer(b, dir, options) })
	position := regexp.MustCompile(`WSREP: Recovered position: (\S+)`).FindStringSubmatch(theirs)
	if ours != "" && theirs != "" && assert.NotNil(b, position, theirs) {
		assert.Contains(b, ours, position[1])
	}
	files, total := spaces(b, dir)
	eachCore(files, checksum(b)) // all from memory, for both
	b.Run("verify", func(b *testing.B) {
		b.SetBytes(total)
		report := cpuTime(b, syscall.RUSAGE_CHILDREN)
		peak := 0
		for b.Loop() {
			out := ""
			out, peak = timed(b, 0, program, "verify", "--deep", "--no-progress", dir)
			assert.NotContains(b, out, "damaged")
			assert.Contains(b, out, fmt.Sprintf("%d files", len(files)+1))
		}
		report()
		b.ReportMetric(float64(peak), "peak-KiB")
	})
	b.Run("innochecksum", func(b *testing.B) {
		b.SetBytes(total)
		defer cpuTime(b, syscall.RUSAGE_CHILDREN)()
		for b.Loop() {
			eachCore(files, checksum(b))
		}
	})
}

// recoverByServer has the server recover the position of copies, and returns
// what it logged.
func recoverByServer(b *testing.B, dir, options string) (log string) {
	copies := b.TempDir()
	peak := 0
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		to := filepath.Join(copies, strconv.Itoa(i))
		require.NoError(b, realserver.CopyDir(b.Context(), dir, to))
		syscall.Sync()
		b.StartTimer()
		file := filepath.Join(copies, "log.err")
		_, peak = timed(b, 0, "mariadbd", "--defaults-file="+options, "--user=root", "--datadir="+to, "--tmpdir="+to,
			"--socket="+filepath.Join(to, "s"), "--pid-file="+filepath.Join(to, "p"), "--log-error="+file, "--wsrep-recover")
		b.StopTimer()
		text, err := os.ReadFile(file)
		require.NoError(b, err)
		log = string(text)
		require.NoError(b, os.RemoveAll(to))
		b.StartTimer()
	}
	b.ReportMetric(float64(peak), "peak-KiB")
	return log
}

// spaces lists the tablespaces without ibdata1, whose doublewrite area
// innochecksum takes for damage.
func spaces(b *testing.B, dir string) (files []string, total int64) {
	require.NoError(b, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !innodb.IsTablespace(name) || e.Name() == "ibdata1" {
			return err
		}
		info, err := e.Info()
		files, total = append(files, name), total+info.Size()
		return err
	}))
	return files, total
}

func checksum(b *testing.B) func(mine []string) {
	return func(mine []string) {
		out, err := exec.Command("innochecksum", mine...).CombinedOutput()
		assert.NoError(b, err, string(out))
	}
}

// TestQuickReadsNoBulk: a quick run does not open tablespaces of tables, and
// little else.
func TestQuickReadsNoBulk(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("needs strace")
	}
	c := fixtures.Open(t, "galera", "all-killed-under-load")
	program, err := program()
	require.NoError(t, err)
	trace := filepath.Join(t.TempDir(), "trace")
	out, err := exec.CommandContext(t.Context(), "strace", "-f", "-y", "-o", trace, "-e", "trace=read,pread64,mmap", program, "rank", "--quick", c.Dir).CombinedOutput()
	if bytes.Contains(out, []byte("ptrace")) {
		t.Skipf("strace may not trace here: %s", out)
	}
	require.NoError(t, err, string(out))
	calls, err := os.ReadFile(trace)
	require.NoError(t, err)
	read := map[string]int64{}
	for _, m := range regexp.MustCompile(`(?m)(?:read|pread64)\(\d+<([^>]*)>.*= (\d+)$`).FindAllStringSubmatch(string(calls), -1) {
		if name, ok := strings.CutPrefix(m[1], c.Dir); ok {
			n, err := strconv.ParseInt(m[2], 10, 64)
			require.NoError(t, err)
			read[name] += n
		}
	}
	require.NotEmpty(t, read, "%s", calls)
	for name, n := range read {
		info, err := os.Stat(c.Dir + name)
		require.NoError(t, err)
		base := filepath.Base(name)
		switch {
		case strings.HasPrefix(base, "ib_logfile"), base == "galera.cache":
			assert.LessOrEqual(t, n, 4*info.Size(), name)
		case strings.HasPrefix(base, "ibdata"), strings.HasPrefix(base, "undo"):
			assert.LessOrEqual(t, n, info.Size()/2, name)
		default:
			assert.NotContains(t, []string{".ibd", ".MYD", ".MAD", ".MAI", ".frm"}, filepath.Ext(name), name)
			assert.Less(t, n, int64(1<<20), name)
		}
	}
}

// TestDeepMemoryStaysFlat checks sparse tablespaces of 10 GiB.
func TestDeepMemoryStaysFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 10 GiB of holes")
	}
	if _, err := os.Stat("/usr/bin/time"); err != nil {
		t.Skip("needs /usr/bin/time")
	}
	c := fixtures.Open(t, "galera", "clean-stop-one-by-one")
	dir := c.Node(t, "node3").Path
	for _, name := range []string{"t/large1.ibd", "t/large2.ibd"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		require.NoError(t, os.Truncate(filepath.Join(dir, name), 5<<30))
	}
	program, err := program()
	require.NoError(t, err)
	start := time.Now()
	out, peak := timed(t, 0, program, "verify", "--deep", "--no-progress", dir)
	t.Logf("%v, peak of %d KiB", time.Since(start).Round(time.Millisecond), peak)
	assert.Contains(t, out, "18 files")
	assert.Less(t, peak, 128<<10)
}
