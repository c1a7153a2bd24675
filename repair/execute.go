package repair

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the SQL steps

	"github.com/lastwrite/lastwrite/analyze"
)

// Inputs gives access to the nodes that a plan names: the files of a node,
// rooted at its directory.
type Inputs map[string]fs.FS

// Marker is the file that stands in the output until it is complete.
const Marker = "INCOMPLETE-DO-NOT-USE"

// Execute carries a plan out into the directory out, which must not exist.
// It writes into a sibling of out, calls finish on it (to add notes and to
// check the result), syncs everything and renames it. On any error nothing is
// left behind; a process that is killed leaves a directory whose name and
// content say that it is not complete.
func Execute(ctx context.Context, f *File, in Inputs, out string, finish func(dir string) error) (err error) {
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s exists already; nothing is overwritten", out)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent, base := filepath.Split(filepath.Clean(out))
	if parent == "" {
		parent = "."
	}
	dir, err := os.MkdirTemp(parent, base+".partial-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := os.WriteFile(filepath.Join(dir, Marker), []byte("lastwrite was still writing this directory.\n"), 0o600); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	w := &writer{root: root, dir: dir, in: in}
	for i, s := range f.Plan.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.step(ctx, s); err != nil {
			return fmt.Errorf("step %d (%s %s): %w", i+1, s.Op, path.Join(s.Node, s.File), err)
		}
	}
	if err := finish(dir); err != nil {
		return err
	}
	if err := root.Remove(Marker); err != nil {
		return err
	}
	if err := syncTree(dir); err != nil {
		return err
	}
	if err := os.Rename(dir, out); err != nil {
		return err
	}
	return syncDir(parent)
}

// A writer creates the files of one output.
type writer struct {
	root *os.Root
	dir  string
	in   Inputs
}

func (w *writer) step(ctx context.Context, s analyze.Step) error {
	name := filepath.FromSlash(path.Join(s.Node, s.File))
	switch s.Op {
	case analyze.LeaveOut:
		return nil
	case analyze.SQL:
		return w.sql(ctx, name, s.SQL)
	case analyze.Archive:
		return w.archive(name, s.Members)
	case analyze.Copy, analyze.Cut, analyze.Assemble, analyze.Write:
	default:
		return fmt.Errorf("operation %q is not known", s.Op)
	}
	mode := fs.FileMode(s.Mode).Perm()
	if mode == 0 {
		mode = 0o600
	}
	return w.create(name, mode, func(f *os.File) error {
		for _, p := range s.Parts {
			if err := w.part(ctx, f, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// create writes a new file and syncs it.
func (w *writer) create(name string, mode fs.FileMode, fill func(*os.File) error) error {
	if dir := filepath.Dir(name); dir != "." {
		if err := w.root.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (w *writer) part(ctx context.Context, f *os.File, p analyze.Part) error {
	if p.Node == "" {
		_, err := f.Write(p.Data)
		return err
	}
	node, ok := w.in[p.Node]
	if !ok {
		return fmt.Errorf("node %s is not among the inputs", p.Node)
	}
	src, err := node.Open(p.File)
	if err != nil {
		return err
	}
	defer src.Close()
	var r io.Reader = src
	if p.Offset > 0 {
		s, ok := src.(io.Seeker)
		if !ok {
			return &fs.PathError{Op: "seek", Path: p.File, Err: errors.ErrUnsupported}
		}
		if _, err := s.Seek(p.Offset, io.SeekStart); err != nil {
			return err
		}
	}
	if p.Length < 0 {
		_, err = io.Copy(f, reader{ctx, r})
		return err
	}
	n, err := io.Copy(f, reader{ctx, io.LimitReader(r, p.Length)})
	if err == nil && n < p.Length {
		err = fmt.Errorf("%s: %w: %d of %d bytes from byte %d", p.File, io.ErrUnexpectedEOF, n, p.Length, p.Offset)
	}
	return err
}

// A reader stops when its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// sql runs statements on a SQLite file of the output, as one transaction, and
// folds its write-ahead log into it.
func (w *writer) sql(ctx context.Context, name string, statements []string) (err error) {
	if _, err := w.root.Stat(name); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", filepath.Join(w.dir, name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "PRAGMA trusted_schema=OFF"); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// archive packs files that earlier steps made into a tar.gz. Times are zero,
// so that the same plan gives the same bytes.
func (w *writer) archive(name string, members []analyze.Member) error {
	return w.create(name, 0o600, func(f *os.File) error {
		z := gzip.NewWriter(f)
		t := tar.NewWriter(z)
		for _, m := range members {
			if err := w.member(t, m); err != nil {
				return err
			}
		}
		return errors.Join(t.Close(), z.Close())
	})
}

func (w *writer) member(t *tar.Writer, m analyze.Member) error {
	header := &tar.Header{Name: m.Name, Mode: 0o600, Size: int64(len(m.Data)), ModTime: time.Unix(0, 0), Typeflag: tar.TypeReg}
	var r io.Reader = bytes.NewReader(m.Data)
	if m.Data == nil {
		f, err := w.root.Open(filepath.FromSlash(path.Join(m.Node, m.File)))
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		header.Size, r = info.Size(), f
	}
	if err := t.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(t, r)
	return err
}

// syncTree syncs every directory of the output, the deepest first.
func syncTree(dir string) error {
	var dirs []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, p)
		}
		return err
	})
	slices.Reverse(dirs)
	for _, d := range dirs {
		err = errors.Join(err, syncDir(d))
	}
	return err
}
