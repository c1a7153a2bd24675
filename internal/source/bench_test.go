package source

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkSweep reads 1 GiB in 16 files that are in the page cache. Compare
// with: ls * | xargs -P "$(nproc)" -n 1 openssl dgst -sha256
func BenchmarkSweep(b *testing.B) {
	const files, size = 16, 64 << 20
	dir := b.TempDir()
	block := make([]byte, size)
	for i := range block {
		block[i] = byte(i * i >> 8)
	}
	for i := range files {
		require.NoError(b, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), block, 0o600))
	}
	tree, err := Open(b.Context(), dir, Options{})
	require.NoError(b, err)
	defer tree.Close()
	copies := func(read func(io.Reader) error) func(string) Consumer {
		return func(string) Consumer {
			return func(r io.Reader, _ io.ReaderAt, _ int64) error { return read(r) }
		}
	}
	for _, c := range []struct {
		name string
		take func(string) Consumer
	}{
		{"hash", nil},
		{"WriteTo", copies(func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err })},
		{"Read", copies(func(r io.Reader) error {
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 256<<10))
			return err
		})},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(files * size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tree.Sweep(b.Context(), c.take, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	// What the hash alone costs on the same cores.
	b.Run("memory", func(b *testing.B) {
		b.SetBytes(files * size)
		for b.Loop() {
			var workers sync.WaitGroup
			for range 2 {
				workers.Go(func() {
					for range files / 2 {
						sha256.Sum256(block)
					}
				})
			}
			workers.Wait()
		}
	})
}

// BenchmarkManyFiles looks at a directory with 100,000 segments.
func BenchmarkManyFiles(b *testing.B) {
	const files = 100_000
	dir := b.TempDir()
	for i := range files {
		require.NoError(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%016d-%016d", i, i)), []byte("x"), 0o600))
	}
	each := func(name string, look func(*Tree) error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tree, err := Open(b.Context(), dir, Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := look(tree); err != nil {
					b.Fatal(err)
				}
				tree.Close()
			}
		})
	}
	each("Open", func(*Tree) error { return nil })
	each("ReadDir", func(t *Tree) error { _, err := fs.ReadDir(t.FS(), "."); return err })
	each("Live", func(t *Tree) error { t.Live("."); return nil })
	each("Snapshot", func(t *Tree) error { _, err := t.Snapshot(b.Context()); return err })
	each("Sweep", func(t *Tree) error { _, err := t.Sweep(b.Context(), nil, nil); return err })
}
