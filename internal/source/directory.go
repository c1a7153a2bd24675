package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// directory is the store of a directory on disk.
type directory struct {
	root *os.Root
	faults
}

func openDirectory(path string, f faults) (store, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, inputError(path, err)
	}
	return &directory{root: root, faults: f}, nil
}

func (d *directory) close() error          { return d.root.Close() }
func (d *directory) container() *container { return nil }

func (d *directory) list(name string) ([]entry, error) { return listDirectory(d.root, name) }

func (d *directory) lstat(name string) (fs.FileInfo, error) { return d.root.Lstat(name) }

func (d *directory) readlink(name string) (string, error) { return d.root.Readlink(name) }

func (d *directory) open(name string) (*extent, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a device may have effects
		return nil, errNotRegular
	}
	if d.faults.open != nil {
		if err := d.faults.open(name); err != nil {
			return nil, err
		}
	}
	f, err := openQuietly(func(flag int) (*os.File, error) { return d.root.OpenFile(name, os.O_RDONLY|flag, 0) })
	if err != nil {
		return nil, err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(info, now) {
		err = errNotRegular // replaced since Lstat
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &extent{name: name, file: f, size: now.Size(), info: now, sparse: sparse(now), closes: true, fault: d.read}, nil
}

// openQuietly opens without waiting for a FIFO and, where the kernel allows
// it, without touching the access time.
func openQuietly(open func(flag int) (*os.File, error)) (*os.File, error) {
	f, err := open(flagNonblock | flagNoAtime)
	if flagNoAtime != 0 && errors.Is(err, syscall.EPERM) { // only the owner may ask for it
		f, err = open(flagNonblock)
	}
	return f, err
}

// walk opens every directory once and describes its entries from there, so
// that deep paths are not resolved for each file.
func (d *directory) walk(ctx context.Context, visit func(item)) error {
	todo := []string{"."}
	for len(todo) > 0 {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		below, err := d.walkOne(ctx, name, visit)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			if name == "." {
				return err
			}
			visit(item{name: name, mode: fs.ModeDir, err: err})
		}
		slices.Reverse(below)
		todo = append(todo, below...)
	}
	return nil
}

func (d *directory) walkOne(ctx context.Context, name string, visit func(item)) (below []string, err error) {
	dir, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	list, err := listDirectory(dir, ".")
	for i, e := range list {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		it := item{name: join(name, e.name), mode: e.mode}
		if e.mode.IsRegular() || e.mode.IsDir() {
			it.info, it.err = dir.Lstat(e.name)
			if it.err == nil {
				it.mode = it.info.Mode().Type()
			}
		}
		if it.mode.IsDir() && it.err == nil {
			below = append(below, it.name)
		}
		visit(it)
	}
	return below, err
}
