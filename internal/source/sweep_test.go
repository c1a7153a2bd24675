package source

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// A meter is a Progress that checks that calls do not overlap.
type meter struct {
	total, sum    int64
	started, done int
	busy          atomic.Bool
}

func (m *meter) enter() func() {
	if !m.busy.CompareAndSwap(false, true) {
		panic("calls overlap")
	}
	return func() { m.busy.Store(false) }
}

func (m *meter) Start(total int64) { defer m.enter()(); m.total = total; m.started++ }
func (m *meter) Add(n int64)       { defer m.enter()(); m.sum += n }
func (m *meter) Done()             { defer m.enter()(); m.done++ }

func TestSweepHandsOutAndHashesEveryByte(t *testing.T) {
	consumers := map[string]func(io.Reader, *bytes.Buffer) error{
		"nothing":  func(io.Reader, *bytes.Buffer) error { return nil },
		"some":     func(r io.Reader, b *bytes.Buffer) error { _, err := io.CopyN(b, r, 7); return noEOF(err) },
		"all":      func(r io.Reader, b *bytes.Buffer) error { _, err := io.Copy(b, r); return err },
		"bytewise": func(r io.Reader, b *bytes.Buffer) error { _, err := io.Copy(b, iotest.OneByteReader(r)); return err },
		"large": func(r io.Reader, b *bytes.Buffer) error {
			_, err := io.CopyBuffer(struct{ io.Writer }{b}, struct{ io.Reader }{r}, make([]byte, directRead))
			return err
		},
		"mixed": func(r io.Reader, b *bytes.Buffer) error {
			for size := 1; ; size = size*7%90_001 + 1 {
				buf := make([]byte, size)
				n, err := r.Read(buf)
				b.Write(buf[:n])
				if err != nil {
					return noEOF(err)
				}
			}
		},
	}
	for kind, path := range everyKind(t) {
		for how, consume := range consumers {
			t.Run(kind+"/"+how, func(t *testing.T) {
				tree := open(t, path, Options{})
				var mu sync.Mutex
				got := make(map[string][]byte)
				take := func(name string) Consumer {
					return func(r io.Reader, at io.ReaderAt, size int64) error {
						var b bytes.Buffer
						err := consume(r, &b)
						last := make([]byte, min(size, 3))
						_, atErr := at.ReadAt(last, size-int64(len(last)))
						mu.Lock()
						defer mu.Unlock()
						got[name] = b.Bytes()
						if want := sample()[name]; !bytes.HasSuffix(want, last) || int64(len(want)) != size {
							return fmt.Errorf("read %q at the end", last)
						}
						return errors.Join(err, noEOF(atErr))
					}
				}
				progress := new(meter)
				m, err := tree.Sweep(t.Context(), take, progress)
				require.NoError(t, err)
				require.Equal(t, 1, progress.started)
				require.Equal(t, 1, progress.done)
				require.Equal(t, progress.total, progress.sum)
				total := m.Bytes()
				if m.Archive != nil {
					total += m.Archive.Size
					data, err := os.ReadFile(path)
					require.NoError(t, err)
					require.Equal(t, sha256.Sum256(data), m.Archive.SHA256)
				}
				require.Equal(t, total, progress.total)
				require.Len(t, m.Files, len(sample()))
				for _, f := range m.Files {
					want := sample()[f.Path]
					require.Equal(t, sha256.Sum256(want), f.SHA256, f.Path)
					require.EqualValues(t, len(want), f.Size)
					require.Equal(t, fs.FileMode(0o640), f.Mode)
					require.Equal(t, longAgo, f.ModTime)
					switch how {
					case "nothing":
						require.Empty(t, got[f.Path])
					case "some":
						require.Equal(t, string(want[:min(7, len(want))]), string(got[f.Path]))
					default:
						require.True(t, bytes.Equal(want, got[f.Path]), f.Path)
					}
				}
				changed, err := tree.Check(t.Context(), m)
				require.NoError(t, err)
				require.Empty(t, changed)
				// The content is the same, whatever it is packed in.
				require.Equal(t, sampleDigest(), m.SHA256())
			})
		}
	}
}

func TestReadHandsOutEveryByteWithoutDigests(t *testing.T) {
	for kind, path := range everyKind(t) {
		t.Run(kind, func(t *testing.T) {
			tree := open(t, path, Options{})
			var mu sync.Mutex
			got := make(map[string][]byte)
			take := func(name string) Consumer {
				return func(r io.Reader, _ io.ReaderAt, _ int64) error {
					b, err := io.ReadAll(r)
					mu.Lock()
					defer mu.Unlock()
					got[name] = b
					return err
				}
			}
			progress := new(meter)
			m, err := tree.Read(t.Context(), take, progress)
			require.NoError(t, err)
			require.Equal(t, m.Bytes(), progress.sum)
			require.Equal(t, progress.total, progress.sum)
			require.Len(t, got, len(sample()))
			for name, want := range sample() {
				require.True(t, bytes.Equal(want, got[name]), name)
			}
			require.Empty(t, m.SHA256())
			require.Error(t, m.WriteHashdeep(io.Discard))
			changed, err := tree.Check(t.Context(), m)
			require.NoError(t, err)
			require.Empty(t, changed)
		})
	}
}

// TestReadStopsWhereTheConsumerDoes: a consumer that reads at random does not
// have its file read twice.
func TestReadStopsWhereTheConsumerDoes(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "wanted"), make([]byte, 3*passBuffer))
	write(t, filepath.Join(dir, "other"), make([]byte, 2*passBuffer))
	var read atomic.Int64
	tree := open(t, dir, Options{faults: faults{read: func(name string, _ int64) error {
		if name == "wanted" {
			read.Add(1)
		}
		return nil
	}}})
	progress := new(meter)
	_, err := tree.Read(t.Context(), func(name string) Consumer {
		if name != "wanted" {
			return nil
		}
		return func(r io.Reader, _ io.ReaderAt, _ int64) error {
			_, err := io.ReadFull(r, make([]byte, 100))
			return err
		}
	}, progress)
	require.NoError(t, err)
	require.Equal(t, int64(1), read.Load())
	require.Equal(t, int64(5*passBuffer), progress.sum)
}

func sampleDigest() string {
	var text bytes.Buffer
	files := sample()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&text, "%x %d %q\n", sha256.Sum256(files[name]), len(files[name]), name)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text.Bytes()))
}

func noEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func TestSweepGoesOnAfterAReadError(t *testing.T) {
	dir := makeDir(t)
	write(t, filepath.Join(dir, "big"), make([]byte, 3*passBuffer))
	tree := open(t, dir, Options{faults: faults{read: func(name string, offset int64) error {
		if name == "big" && offset >= 2*passBuffer {
			return syscall.EIO
		}
		return nil
	}}})
	for _, how := range []string{"hash", "read", "at"} {
		t.Run(how, func(t *testing.T) {
			var seen error
			var n int64
			m, err := tree.Sweep(t.Context(), func(name string) Consumer {
				if name != "big" || how == "hash" {
					return nil
				}
				return func(r io.Reader, at io.ReaderAt, size int64) error {
					if how == "at" {
						_, seen = at.ReadAt(make([]byte, 1), size-1)
					} else {
						n, seen = io.Copy(io.Discard, r)
					}
					return seen
				}
			}, nil)
			require.NoError(t, err)
			if how != "hash" {
				require.ErrorIs(t, seen, syscall.EIO)
			}
			if how == "read" {
				require.EqualValues(t, 2*passBuffer, n)
			}
			require.Equal(t, "big", m.Files[0].Path)
			require.Equal(t, "input/output error", m.Files[0].Unreadable)
			require.Equal(t, map[string]string{
				"big": "file that cannot be read from byte 1048576 on: input/output error"}, strangers(tree))
			var text bytes.Buffer
			require.NoError(t, m.WriteHashdeep(&text))
			require.Contains(t, text.String(), "\n## 1572864,unreadable,big\n")
		})
	}
}

func TestSweepReturnsTheConsumersError(t *testing.T) {
	tree := open(t, makeDir(t), Options{})
	broken := errors.New("broken")
	progress := new(meter)
	m, err := tree.Sweep(t.Context(), func(name string) Consumer {
		return func(io.Reader, io.ReaderAt, int64) error {
			if name == "n1/open-1" {
				return broken
			}
			return nil
		}
	}, progress)
	require.Nil(t, m)
	require.ErrorIs(t, err, broken)
	require.Equal(t, "n1/open-1: broken", err.Error())
	require.Equal(t, 1, progress.done)
}

func TestSweepStopsWhenCancelled(t *testing.T) {
	dir := makeDir(t)
	write(t, filepath.Join(dir, "big"), make([]byte, 8*passBuffer))
	for _, consumes := range []bool{true, false} {
		tree := open(t, dir, Options{})
		why := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		reads := 0
		tree.store.(*directory).read = func(name string, _ int64) error {
			if name == "big" {
				if reads++; reads == 2 {
					cancel(why)
				}
			}
			return nil
		}
		m, err := tree.Sweep(ctx, func(string) Consumer {
			if !consumes {
				return nil
			}
			return func(r io.Reader, _ io.ReaderAt, _ int64) error {
				_, err := io.Copy(io.Discard, r)
				return err
			}
		}, nil)
		require.Nil(t, m)
		require.ErrorIs(t, err, why)
		require.Equal(t, 2, reads)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tree := open(t, dir, Options{})
	_, err := tree.Sweep(ctx, nil, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = tree.Snapshot(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = tree.Check(ctx, new(Manifest))
	require.ErrorIs(t, err, context.Canceled)
}

func TestSweepNoticesAFileThatShrinks(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "log")
	write(t, name, make([]byte, 3*passBuffer))
	tree, err := Open(t.Context(), dir, Options{faults: faults{read: func(_ string, offset int64) error {
		if offset > 0 {
			return os.Truncate(name, passBuffer+10)
		}
		return nil
	}}})
	require.NoError(t, err)
	defer tree.Close()
	m, err := tree.Sweep(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, "the file became shorter while it was read", m.Files[0].Unreadable)
	changed, err := tree.Check(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, []string{"log"}, changed)
}
