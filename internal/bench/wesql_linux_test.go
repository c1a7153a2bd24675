package bench

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/consensuslog"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// consensusLog writes a log of at least mebibytes() and returns its name, its
// size and its last index. Most transactions have a row of 100 to 300 bytes,
// one in four up to 2 KiB; now and then another leader is elected.
func consensusLog(b *testing.B) (name string, size int64, last uint64) {
	name = filepath.Join(b.TempDir(), "master-bin.000001")
	f, err := os.Create(name)
	require.NoError(b, err)
	defer f.Close()
	random := rand.New(rand.NewPCG(1, 2))
	row := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 2048/36+1)
	l := consensuslog.New(1, 1)
	term := uint64(1)
	for size < mebibytes()<<20 {
		for len(l.Bytes) < 1<<20 {
			n := 100 + random.IntN(200)
			if random.IntN(4) == 0 {
				n = 300 + random.IntN(2048-300)
			}
			last++
			l.Transaction(term, last, 0, row[:n])
		}
		if random.IntN(64) == 0 {
			term, last = term+1, last+1
			l.NoOp(term, last, 0)
		}
		size += int64(len(l.Bytes))
		require.NoError(b, l.Drain(f))
	}
	require.NoError(b, f.Sync()) // what is left to write would be measured too
	return name, size, last
}

// BenchmarkConsensusLog walks a consensus log with every checksum and digest,
// and has mariadb-binlog, which ignores the raft events but for their
// checksums, verify the same file: as one would type it, and with the least
// output. Both use one core.
func BenchmarkConsensusLog(b *testing.B) {
	if _, err := exec.LookPath("mariadb-binlog"); err != nil {
		b.Skip("needs the Debian package mariadb-client")
	}
	name, size, last := consensusLog(b)
	b.Run("walk", func(b *testing.B) {
		b.SetBytes(size)
		defer cpuTime(b, syscall.RUSAGE_SELF)()
		for b.Loop() {
			walkLog(b, name, size, last)
		}
	})
	for _, form := range []struct {
		name string
		args []string
	}{
		{"mariadb-binlog", []string{"--no-defaults", "--verify-binlog-checksum"}},
		{"mariadb-binlog-short", []string{"--no-defaults", "--verify-binlog-checksum", "--short-form"}},
	} {
		b.Run(form.name, func(b *testing.B) {
			b.SetBytes(size)
			defer cpuTime(b, syscall.RUSAGE_CHILDREN)()
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), "mariadb-binlog", append(form.args, name)...)
				var complaints strings.Builder
				cmd.Stderr = &complaints // and no output: to the null device
				assert.NoError(b, cmd.Run(), complaints.String())
				assert.NotContains(b, complaints.String(), "ERROR")
			}
		})
	}
}

func walkLog(b *testing.B, name string, size int64, last uint64) {
	f, err := os.Open(name)
	require.NoError(b, err)
	defer f.Close()
	entries := uint64(0)
	l, err := wesql.ReadLog(f, f, name, size, wesql.Options{Visit: func(*wesql.Entry) { entries++ }})
	require.NoError(b, err)
	assert.Empty(b, l.Damage)
	assert.Equal(b, last, l.Server.Index)
	assert.Equal(b, last, entries)
	assert.Equal(b, size, l.Server.End)
}
