package source

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/klauspost/compress/zstd"
)

// maxTarget is the length of a link's text that is read: PATH_MAX.
const maxTarget = 4096

// readZip unpacks a zip archive. Its members are independent of each other, so
// that all whole ones are served.
func (a *archive) readZip(ctx context.Context, x *extent) error {
	r, err := zip.NewReader(x, x.size)
	if err != nil && (r == nil || !errors.Is(err, zip.ErrInsecurePath)) { // we judge names
		if errors.Is(err, zip.ErrFormat) || err == io.EOF {
			err = fmt.Errorf("the directory at its end is missing or damaged: %w", zip.ErrFormat)
		}
		return a.incomplete("", err)
	}
	r.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true)))
	for _, f := range r.File { // before anything is unpacked
		if escapes(f.Name) {
			return &EscapeError{Path: a.path, Member: f.Name}
		}
	}
	var first *IncompleteError
	for _, f := range r.File {
		err := a.addZip(ctx, f)
		incomplete := new(IncompleteError)
		switch {
		case err == nil:
		case !errors.As(err, &incomplete):
			return err
		case first == nil:
			first = incomplete
		}
		if a.seen > maxMembers {
			break
		}
	}
	if first == nil {
		return nil
	}
	first.Members = a.files
	return first
}

// addZip puts one member into the index.
func (a *archive) addZip(ctx context.Context, f *zip.File) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	name, ok, err := a.clean(f.Name)
	if err != nil || !ok {
		return err
	}
	const encrypted = 1 << 0
	mode := f.Mode()
	switch {
	case mode.IsDir():
		a.addDir(name, mode, f.Modified)
		return nil
	case f.Flags&encrypted != 0:
		return a.incomplete(name, errors.New("it is encrypted"))
	case mode.IsRegular():
		return a.addZipFile(name, f)
	case mode&fs.ModeSymlink != 0:
		target, err := readTarget(f)
		if err != nil {
			return a.incomplete(name, describeZip(f, err))
		}
		a.addStranger(name, mode, target)
	default:
		a.addStranger(name, mode, "")
	}
	return nil
}

func (a *archive) addZipFile(name string, f *zip.File) error {
	if !a.free(name) {
		return nil
	}
	n := &node{member: member{mode: f.Mode().Perm(), modified: f.Modified}}
	size := int64(f.UncompressedSize64)
	if size < 0 {
		return a.incomplete(name, errors.New("its size is not possible"))
	}
	r, err := f.Open()
	if err != nil {
		return a.incomplete(name, describeZip(f, err))
	}
	defer r.Close()
	if n.content, err = a.spool.put(r, size); err != nil {
		if damage := (errSource{}); errors.As(err, &damage) {
			return a.incomplete(name, describeZip(f, damage.error))
		}
		return err
	}
	a.add(name, n)
	return nil
}

func readTarget(f *zip.File) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	target, err := io.ReadAll(io.LimitReader(r, maxTarget))
	return string(target), err
}

func describeZip(f *zip.File, err error) error {
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return fmt.Errorf("its checksum is wrong: %w", err)
	case errors.Is(err, zip.ErrAlgorithm):
		return fmt.Errorf("it is compressed by method %d, which is not read: %w", f.Method, err)
	case errors.Is(err, zip.ErrFormat):
		return fmt.Errorf("its header is damaged: %w", err)
	}
	return err
}
