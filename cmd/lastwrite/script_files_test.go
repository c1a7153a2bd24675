package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
)

// A tree is what a directory holds, by path.
type tree map[string]leaf

type leaf struct {
	Mode   fs.FileMode
	Time   time.Time
	Size   int64
	Digest [sha256.Size]byte
	Target string // of a link
}

func readTree(dir string) (tree, error) {
	t := tree{}
	return t, filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		l := leaf{Mode: info.Mode(), Time: info.ModTime(), Size: info.Size()}
		switch {
		case l.Mode.IsRegular():
			err = digest(p, &l)
		case l.Mode&fs.ModeSymlink != 0:
			l.Target, err = os.Readlink(p)
		}
		t[p] = l
		return err
	})
}

func digest(name string, l *leaf) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	h.Sum(l.Digest[:0])
	return err
}

func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, 1)
	dir := ts.MkAbs(args[0])
	t, err := readTree(dir)
	ts.Check(err)
	ts.Value(snapshotsKey{}).(map[string]tree)[dir] = t
}

func unchanged(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 1, 1)
	dir := ts.MkAbs(args[0])
	before, ok := ts.Value(snapshotsKey{}).(map[string]tree)[dir]
	if !ok {
		ts.Fatalf("there is no snapshot of %s", args[0])
	}
	now, err := readTree(dir)
	ts.Check(err)
	if d := cmp.Diff(before, now); d != "" {
		ts.Fatalf("%s changed:\n%s", args[0], d)
	}
}

// An archiver writes the files of an archive.
type archiver interface {
	AddFS(fsys fs.FS) error
	Close() error
}

// create makes an archive of the format that its name tells. The closers are
// to be closed in their order.
func create(name string) (archiver, []io.Closer, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case strings.HasSuffix(name, ".zip"):
		w := zip.NewWriter(f)
		return w, []io.Closer{w, f}, nil
	case strings.HasSuffix(name, ".tar"):
		w := tar.NewWriter(f)
		return w, []io.Closer{w, f}, nil
	case strings.HasSuffix(name, ".tar.gz"):
		z := gzip.NewWriter(f)
		w := tar.NewWriter(z)
		return w, []io.Closer{w, z, f}, nil
	case strings.HasSuffix(name, ".tar.zst"):
		z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedFastest))
		w := tar.NewWriter(z)
		return w, []io.Closer{w, z, f}, err
	default:
		return nil, []io.Closer{f}, errors.New(name + ": no format has this name")
	}
}

func closeAll(closers []io.Closer) error {
	var errs []error
	for _, c := range closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func pack(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, 2)
	w, closers, err := create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(closeAll(closers))
}

func member(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 2, 2)
	w, closers, err := create(ts.MkAbs(args[0]))
	ts.Check(err)
	const content = "it must not come out"
	var file io.Writer
	switch w := w.(type) {
	case *zip.Writer:
		file, err = w.Create(args[1])
	case *tar.Writer:
		file, err = w, w.WriteHeader(&tar.Header{Name: args[1], Mode: 0o644, Size: int64(len(content))})
	}
	ts.Check(err)
	_, err = io.WriteString(file, content)
	ts.Check(err)
	ts.Check(closeAll(closers))
}

func zeros(ts *testscript.TestScript, neg bool, args []string) {
	want(ts, neg, args, 3, 3)
	size, err := strconv.ParseInt(args[2], 10, 64)
	ts.Check(err)
	w, closers, err := create(ts.MkAbs(args[0]))
	ts.Check(err)
	file, ok := w.(*tar.Writer)
	if !ok {
		ts.Fatalf("%s is not a tar file", args[0])
	}
	ts.Check(file.WriteHeader(&tar.Header{Name: args[1], Mode: 0o644, Size: size}))
	block := make([]byte, 1<<20)
	for ; size > 0; size -= int64(len(block)) {
		_, err := file.Write(block[:min(size, int64(len(block)))])
		ts.Check(err)
	}
	ts.Check(closeAll(closers))
}
