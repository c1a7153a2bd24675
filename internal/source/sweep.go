package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// A Consumer gets the bytes of one file in their order; Sweep hashes them at
// the same time. What it leaves unread is read on behind it. at reads the
// same file at random; bytes read through it are read twice. r implements
// io.WriterTo: io.Copy hands out large blocks without copying them.
type Consumer func(r io.Reader, at io.ReaderAt, size int64) error

// Progress is told how far Sweep is. Its methods are called one at a time.
type Progress interface {
	Start(totalBytes int64)
	Add(n int64)
	Done()
}

// Sweep reads every regular file of the tree exactly once, the largest first
// and several at a time, and returns their digests. The archive file itself is
// read as well. take returns the Consumer for a file, nil if its digest is all
// that is wanted; its calls do not overlap, those of consumers do. take and p
// may be nil.
//
// A file that cannot be read to its end becomes a Stranger, and its consumer
// gets the error from its reader; the sweep goes on. Any other error of a
// consumer, and the end of ctx, ends the sweep.
func (t *Tree) Sweep(ctx context.Context, take func(name string) Consumer, p Progress) (*Manifest, error) {
	return t.sweep(ctx, take, p, true)
}

// Read is Sweep without digests, which take most of the time: of the files it
// keeps what the file system tells, and Check goes by that. What a consumer
// leaves unread is not read, and neither is the archive file itself.
func (t *Tree) Read(ctx context.Context, take func(name string) Consumer, p Progress) (*Manifest, error) {
	return t.sweep(ctx, take, p, false)
}

func (t *Tree) sweep(ctx context.Context, take func(name string) Consumer, p Progress, hashed bool) (*Manifest, error) {
	m, err := t.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	m.hashed = hashed
	jobs := make([]*ManifestFile, 0, len(m.Files)+1)
	total := int64(0)
	for i := range m.Files {
		jobs = append(jobs, &m.Files[i])
	}
	if m.Archive != nil && hashed {
		jobs = append(jobs, m.Archive)
	}
	for _, f := range jobs {
		total += f.Size
	}
	slices.SortStableFunc(jobs, func(a, b *ManifestFile) int { return cmp.Compare(b.Size, a.Size) })

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &sweep{tree: t, manifest: m, jobs: jobs, take: take, progress: p}
	if len(jobs) > 0 {
		s.largest = jobs[0].Size
		s.zeros = newBuffer(s.largest)
	}
	if p != nil {
		p.Start(total)
		defer p.Done()
	}
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		workers.Go(func() {
			if err := s.work(ctx); err != nil {
				cancel(err)
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return m, nil
}

type sweep struct {
	tree     *Tree
	manifest *Manifest
	jobs     []*ManifestFile
	next     atomic.Int64
	largest  int64
	zeros    []byte
	take     func(name string) Consumer

	mu       sync.Mutex // for take and progress
	progress Progress
}

func (s *sweep) add(n int64) {
	if s.progress == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress.Add(n)
}

func (s *sweep) consumer(name string) Consumer {
	if s.take == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(name)
}

func (s *sweep) work(ctx context.Context) error {
	p := newPass(ctx, s.zeros, s.largest, s.manifest.hashed, s.add)
	for {
		i := int(s.next.Add(1)) - 1
		if i >= len(s.jobs) {
			return nil
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := s.one(ctx, p, s.jobs[i]); err != nil {
			return err
		}
	}
}

// one reads the file f and completes its entry.
func (s *sweep) one(ctx context.Context, p *pass, f *ManifestFile) error {
	if f == s.manifest.Archive {
		c := s.tree.store.container()
		p.reset(c.extent())
		err := f.complete(ctx, p, nil)
		if info, statErr := c.file.Stat(); statErr != nil || !f.same(info) {
			f.Unreadable = "it changed after it was opened"
		}
		return err
	}
	x, err := s.tree.openFile(f.Path)
	if err != nil {
		f.Unreadable = reason(err)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) {
			s.tree.report(Stranger{Path: f.Path, Reason: "file that vanished while the tree was read", Unread: true})
		}
		return nil
	}
	defer x.close()
	p.reset(x)
	f.describe(x.info)
	var failed error
	if consume := s.consumer(f.Path); consume != nil {
		failed = consume(p, x, x.size)
		if !s.manifest.hashed && failed == nil && p.err == nil {
			s.add(x.size - p.offset)
			return nil
		}
	}
	if err := f.complete(ctx, p, failed); err != nil {
		return err
	}
	if f.Unreadable != "" {
		s.tree.report(Stranger{Path: f.Path, Reason: fmt.Sprintf("file that cannot be read from byte %d on: %s", p.offset, f.Unreadable), Unread: true})
	}
	return nil
}

// complete reads what the consumer left and sets the digest, or says why there
// is none. failed is the consumer's error; it is returned unless the cause is
// that reading failed.
func (f *ManifestFile) complete(ctx context.Context, p *pass, failed error) error {
	var read *fs.PathError // what extent.ReadAt returns
	if failed != nil && (p.err == nil || p.err == io.EOF) && !errors.As(failed, &read) {
		return fmt.Errorf("%s: %w", Printable(f.Path), failed)
	}
	digest, err := p.finish()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err == nil {
		err = failed
	}
	if err != nil {
		f.Unreadable = reason(err)
		return nil
	}
	f.SHA256 = digest
	return nil
}
