package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/internal/source"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// tablespaceMiB is the size of the table that a real server makes; the
// directory holds copies of it.
const tablespaceMiB = 60

// tablespaces makes a directory of about mebibytes() of real tablespaces, and
// returns it with its files. It skips without a MariaDB server.
func tablespaces(b *testing.B) (dir string, files []string) {
	if _, err := exec.LookPath("innochecksum"); err != nil {
		b.Skip("needs the Debian package mariadb-server")
	}
	server, err := exec.LookPath("mariadbd")
	if err != nil {
		b.Skip("needs the Debian package mariadb-server")
	}
	data, dir := b.TempDir(), b.TempDir()
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, server, "--no-defaults", "--bootstrap", "--user=root", "--datadir="+data, "--tmpdir="+data,
		"--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-log-file-size=64M")
	cmd.Stdin = strings.NewReader(`create database x;
use x;
create table big(a int primary key auto_increment, b varchar(300), c varchar(400), key(b)) engine=innodb;
insert into big(b, c) select md5(seq), repeat(md5(seq + 1), 10) from seq_1_to_110000;
`)
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, string(out))
	table, err := os.ReadFile(filepath.Join(data, "x", "big.ibd"))
	require.NoError(b, err)
	require.Greater(b, len(table), tablespaceMiB<<19, "of the table")
	total := int64(0)
	for i := 0; total < mebibytes()<<20; i++ {
		name := filepath.Join(dir, fmt.Sprintf("t%03d.ibd", i))
		require.NoError(b, os.WriteFile(name, table, 0o600))
		files = append(files, name)
		total += int64(len(table))
	}
	b.SetBytes(total)
	return dir, files
}

func check(t testing.TB, v *innodb.Verifier) {
	r := v.Finish()
	assert.Empty(t, r.Damage, r.File)
	assert.Greater(t, r.Kinds[innodb.FullCRC32], uint64(1000), r.File)
}

// BenchmarkPages checks every page, and does nothing else.
func BenchmarkPages(b *testing.B) {
	_, files := tablespaces(b)
	defer cpuTime(b, syscall.RUSAGE_SELF)()
	for b.Loop() {
		eachCore(files, func(mine []string) {
			buffer := make([]byte, 128<<10)
			for _, name := range mine {
				f, err := os.Open(name)
				if !assert.NoError(b, err) {
					return
				}
				v := innodb.NewVerifier(name)
				_, err = io.CopyBuffer(struct{ io.Writer }{v}, struct{ io.Reader }{f}, buffer)
				assert.NoError(b, err)
				f.Close()
				check(b, v)
			}
		})
	}
}

// BenchmarkPagesAndDigests is the pass of verify --deep --write-manifest over its
// input: every byte is read once, hashed, and its page checked.
func BenchmarkPagesAndDigests(b *testing.B) {
	dir, _ := tablespaces(b)
	tree, err := source.Open(b.Context(), dir, source.Options{LiveOK: true})
	require.NoError(b, err)
	defer tree.Close()
	defer cpuTime(b, syscall.RUSAGE_SELF)()
	for b.Loop() {
		_, err := tree.Sweep(b.Context(), func(name string) source.Consumer {
			return func(r io.Reader, _ io.ReaderAt, _ int64) error {
				v := innodb.NewVerifier(name)
				_, err := io.Copy(v, r)
				check(b, v)
				return err
			}
		}, nil)
		require.NoError(b, err)
	}
}

// BenchmarkInnochecksum lets the server's own tool check the same files, with
// one process for each core.
func BenchmarkInnochecksum(b *testing.B) {
	_, files := tablespaces(b)
	defer cpuTime(b, syscall.RUSAGE_CHILDREN)()
	for b.Loop() {
		eachCore(files, func(mine []string) {
			out, err := exec.Command("innochecksum", mine...).CombinedOutput()
			assert.NoError(b, err, string(out))
		})
	}
}

// cpuTime starts to count the processor time of this process or of its
// children; the result of it reports the time for each run. Other than the
// time that passes, it does not depend on what else the machine does.
func cpuTime(b *testing.B, who int) (report func()) {
	now := func() int64 {
		var use syscall.Rusage
		require.NoError(b, syscall.Getrusage(who, &use))
		return use.Utime.Nano() + use.Stime.Nano()
	}
	start := now()
	return func() { b.ReportMetric(float64(now()-start)/float64(b.N), "cpu-ns/op") }
}

// eachCore deals the files out to as many goroutines as there are cores.
func eachCore(files []string, do func(mine []string)) {
	var wait sync.WaitGroup
	cores := min(runtime.GOMAXPROCS(0), len(files))
	for c := range cores {
		var mine []string
		for i := c; i < len(files); i += cores {
			mine = append(mine, files[i])
		}
		wait.Go(func() { do(mine) })
	}
	wait.Wait()
}
