package source

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Manifest lists the regular files of a tree as they were when they were
// read.
type Manifest struct {
	Files   []ManifestFile // sorted by path
	Archive *ManifestFile  // the archive itself, nil for a directory

	hashed  bool // the digests are set
	partial bool // Files are some of the tree, others may be there
}

// A ManifestFile describes one regular file.
type ManifestFile struct {
	Path       string // slash separated, relative to the root; of an archive: as given
	Size       int64
	Mode       fs.FileMode
	ModTime    time.Time         // UTC
	SHA256     [sha256.Size]byte // zero if the file was not hashed
	Unreadable string            // why the file could not be hashed, "" if it could

	stamp stamp
}

// A stamp tells, together with size, mode and mtime, whether a file was
// touched. It is zero where the system has none.
type stamp struct {
	device, inode uint64
	changed       int64 // ctime, nanoseconds since 1970
}

func (f *ManifestFile) describe(info fs.FileInfo) {
	f.Size, f.Mode, f.ModTime, f.stamp = info.Size(), info.Mode(), info.ModTime().UTC(), stampOf(info)
}

func manifestFile(name string, info fs.FileInfo) ManifestFile {
	f := ManifestFile{Path: name}
	f.describe(info)
	return f
}

// same reports whether nothing points to a change of the file.
func (f *ManifestFile) same(info fs.FileInfo) bool {
	return f.Size == info.Size() && f.Mode == info.Mode() && f.ModTime.Equal(info.ModTime()) && f.stamp == stampOf(info)
}

// Snapshot describes every regular file without reading it: the manifest has
// no digests, and Check goes by what the file system tells.
func (t *Tree) Snapshot(ctx context.Context) (*Manifest, error) {
	m := new(Manifest)
	err := t.store.walk(ctx, func(it item) {
		switch {
		case it.err != nil && it.mode.IsDir():
			t.report(Stranger{Path: it.name, Reason: "directory that cannot be listed: " + reason(it.err), Unread: true})
		case it.err != nil:
			t.report(Stranger{Path: it.name, Reason: "file that cannot be described: " + reason(it.err), Unread: true})
		case it.mode.IsRegular():
			m.Files = append(m.Files, manifestFile(it.name, it.info))
		case !it.mode.IsDir():
			t.reportEntry(it.name, it.mode)
		}
	})
	if err != nil {
		return nil, err
	}
	sortFiles(m.Files)
	m.Archive = t.archiveFile()
	return m, nil
}

// Opened returns the regular files that were opened through FS so far, as they
// were when they were opened first, without digests. It is the manifest of a
// run that reads little of a large tree.
func (t *Tree) Opened() *Manifest {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := &Manifest{Files: slices.Collect(maps.Values(t.opened)), Archive: t.archiveFile(), partial: true}
	sortFiles(m.Files)
	return m
}

func (t *Tree) remember(name string, info fs.FileInfo) {
	if t.kind == Archive {
		return // only the archive itself can change
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.opened[name]; !ok {
		t.opened[name] = manifestFile(name, info)
	}
}

func (t *Tree) archiveFile() *ManifestFile {
	c := t.store.container()
	if c == nil {
		return nil
	}
	f := manifestFile(t.path, c.info)
	return &f
}

func sortFiles(files []ManifestFile) {
	slices.SortFunc(files, func(a, b ManifestFile) int { return cmp.Compare(a.Path, b.Path) })
}

// Bytes returns the sum of the sizes of all files.
func (m *Manifest) Bytes() (sum int64) {
	for i := range m.Files {
		sum += m.Files[i].Size
	}
	return sum
}

// SHA256 returns the digest over the content of the tree in hexadecimal, ""
// if the files were not hashed. It is the SHA-256 of a text with one line for
// every file in the order of the paths,
//
//	DIGEST SIZE PATH\n
//
// where DIGEST is the file's SHA-256 in lower case, or "unreadable", SIZE is
// decimal, and PATH is quoted as a Go string literal. Modes and times are left
// out, and so is the archive file: a directory, its copy and its archive have
// the same digest.
func (m *Manifest) SHA256() string {
	if !m.hashed {
		return ""
	}
	sum := sha256.New()
	for i := range m.Files {
		f := &m.Files[i]
		fmt.Fprintf(sum, "%s %d %s\n", f.digest(), f.Size, strconv.Quote(f.Path))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (f *ManifestFile) digest() string {
	if f.Unreadable != "" {
		return "unreadable"
	}
	return hex.EncodeToString(f.SHA256[:])
}

// WriteHashdeep writes the manifest in the format of hashdeep 4, for use with
// "hashdeep -c sha256 -r -l -a -k MANIFEST *" in the root of the tree. Files
// that could not be read, and the archive itself, stand in comments. The
// format cannot carry line breaks in names; they are written as \n and \r.
func (m *Manifest) WriteHashdeep(w io.Writer) error {
	if !m.hashed {
		return fmt.Errorf("write manifest: the files were not hashed")
	}
	out := bufio.NewWriter(w)
	line := strings.NewReplacer("\n", `\n`, "\r", `\r`)
	fmt.Fprint(out, "%%%% HASHDEEP-1.0\n%%%% size,sha256,filename\n")
	fmt.Fprintf(out, "## %s, tree %s\n", count(len(m.Files), "file", "files"), m.SHA256())
	if a := m.Archive; a != nil {
		fmt.Fprintf(out, "## archive %d,%s,%s\n", a.Size, a.digest(), line.Replace(a.Path))
	}
	for i := range m.Files {
		f := &m.Files[i]
		if f.Unreadable != "" {
			fmt.Fprint(out, "## ")
		}
		fmt.Fprintf(out, "%d,%s,%s\n", f.Size, f.digest(), line.Replace(f.Path))
	}
	return out.Flush()
}

// Check compares the tree as it is now with m: the files that are there, and
// size, mode, mtime and, where the system has them, ctime and inode of each. A
// file for which these differ is hashed again if m has its digest, so that
// only a change of content counts. For an archive the archive file itself is
// compared.
//
// Check returns the sorted paths of files that changed, appeared or vanished;
// of an archive its path.
func (t *Tree) Check(ctx context.Context, m *Manifest) (changed []string, err error) {
	if m.Archive != nil {
		info, err := os.Stat(t.path)
		if err != nil || !info.Mode().IsRegular() {
			return []string{t.path}, nil
		}
		same := m.Archive.same(info)
		if !same && m.hashed && m.Archive.Unreadable == "" && m.Archive.Size == info.Size() {
			same, err = m.Archive.hashesAsBefore(ctx, func() (*extent, error) { return openExtent(t.path, t.options.read) })
		}
		if err != nil || same {
			return nil, err
		}
		return []string{t.path}, nil
	}
	now := make(map[string]fs.FileInfo, len(m.Files))
	if m.partial {
		for i := range m.Files {
			if info, err := t.store.lstat(m.Files[i].Path); err == nil && info.Mode().IsRegular() {
				now[m.Files[i].Path] = info
			}
		}
	} else if err := t.store.walk(ctx, func(it item) {
		if it.mode.IsRegular() && it.err == nil {
			now[it.name] = it.info
		}
	}); err != nil {
		return nil, err
	}

	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range m.Files {
		f := &m.Files[i]
		info, ok := now[f.Path]
		delete(now, f.Path)
		if ok && f.same(info) {
			continue
		}
		group.Go(func() error {
			same := false
			if ok && m.hashed && f.Unreadable == "" && f.Size == info.Size() {
				var err error
				if same, err = f.hashesAsBefore(groupCtx, func() (*extent, error) { return t.store.open(f.Path) }); err != nil {
					return err
				}
			}
			if !same {
				mu.Lock()
				defer mu.Unlock()
				changed = append(changed, f.Path)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	changed = slices.AppendSeq(changed, maps.Keys(now)) // those that appeared
	slices.Sort(changed)
	return changed, nil
}

// hashesAsBefore reads the file again. The error is about ctx; a file that
// cannot be read any more is not as before.
func (f *ManifestFile) hashesAsBefore(ctx context.Context, open func() (*extent, error)) (bool, error) {
	x, err := open()
	if err != nil {
		return false, nil
	}
	defer x.close()
	p := newPass(ctx, newBuffer(f.Size), f.Size, true, func(int64) {})
	p.reset(x)
	digest, err := p.finish()
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	return err == nil && digest == f.SHA256, nil
}
