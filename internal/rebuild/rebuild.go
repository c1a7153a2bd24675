// Package rebuild writes the SQLite databases of a cowsql or dqlite node as
// they were at an index of its log: the pages of a snapshot, its committed WAL
// frames, and the pages of every later transaction laid over them. Pages are
// written to their places in the output as they are read, so that memory stays
// small whatever the size of the databases.
package rebuild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/analyze/cowsql"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// A Node is what databases are rebuilt from.
type Node struct {
	View cowsql.View
	FS   fs.FS // rooted at the host root of the node; files implement io.ReaderAt; nil: there are no files, only the view
}

// Options steer At.
type Options struct {
	// Salvage goes on where something is missing or damaged. What is written
	// then mixes states of different times; State.Unsafe says why.
	Salvage bool
	// Read, if not nil, is told how many bytes more were read.
	Read func(n int64)
}

// A State is what At has written.
type State struct {
	Index, Term uint64
	Snapshot    *cowsql.SnapshotView // what it begins with, nil for the empty databases before index 1
	Entries     uint64               // log entries laid over it, barriers and configurations included
	Files       []string             // input files that were used, relative to the host root, sorted
	Databases   []Database           // sorted by name
	Unsafe      []string             // why the databases are no state that ever was, nil if they are one
}

// A Database is one file that At has written.
type Database struct {
	Name     string // as the log or the snapshot calls it: hostile
	File     string // name in the output directory, fit for every file system
	PageSize int    // bytes
	Pages    int64
	Size     int64 // bytes; what was never written reads as zeros
}

// A MissingError says that the databases cannot be rebuilt at an index.
type MissingError struct {
	Index  uint64
	Why    []string
	Ranges []Range // where they can be
}

// Error is one sentence.
func (e *MissingError) Error() string {
	out := fmt.Sprintf("the databases cannot be rebuilt at index %d", e.Index)
	for i, why := range e.Why {
		if i == 0 {
			out += ": " + why
		} else {
			out += "; " + why
		}
	}
	return out
}

// At writes the databases as they were when the entry at index had been
// applied into the existing directory dir, one file each. Whether a quorum had
// committed that entry is not asked. The error is a *MissingError if something
// is missing or damaged that the state depends on; files may have been written
// by then.
func At(ctx context.Context, n Node, index uint64, dir string, o Options) (*State, error) {
	p, err := newPlan(n, index, o.Salvage)
	if err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, node: n, options: o, dir: dir, images: map[string]*image{}, names: newNames(),
		state: State{Index: index, Snapshot: p.base, Unsafe: p.unsafe}, used: map[string]bool{}}
	if p.base != nil {
		b.state.Term = p.base.Term
		if err := b.snapshot(*p.base); err != nil {
			return nil, err
		}
	}
	if err := b.entries(p.from, index); err != nil {
		return nil, err
	}
	return b.finish()
}

// A builder is one rebuild under way.
type builder struct {
	ctx     context.Context
	node    Node
	options Options
	dir     string
	images  map[string]*image // by database name
	names   *names
	pending []cowsql.EntryView // frames without a commit mark, waiting for one
	used    map[string]bool
	state   State
}

// harm records that something is wrong at index. It returns an error unless
// the caller wants what can be saved.
func (b *builder) harm(index uint64, why string) error {
	if !b.options.Salvage {
		return &MissingError{Index: index, Why: []string{why}}
	}
	b.state.Unsafe = append(b.state.Unsafe, why)
	return nil
}

func (b *builder) read(n int64) {
	if b.options.Read != nil {
		b.options.Read(n)
	}
}

// image returns the output file of a database, which is made if need be.
func (b *builder) image(name string) *image {
	m := b.images[name]
	if m == nil {
		m = &image{name: name, file: b.names.next(name), dir: b.dir}
		b.images[name] = m
	}
	return m
}

// entries applies the log from first to last.
func (b *builder) entries(first, last uint64) error {
	if first > last {
		return nil
	}
	return b.node.View.Walk(first, last, func(e cowsql.EntryView) error {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		b.state.Entries++
		b.state.Term = e.Term
		b.used[e.File] = true
		if e.Type != format.Command {
			return nil
		}
		return b.command(e)
	})
}

// command applies one command as the servers do (cowsql src/fsm.c
// fsm__apply): frames without a commit mark wait for the next one that has it
// or for an undo, whatever their transaction is called.
func (b *builder) command(e cowsql.EntryView) error {
	c, err := open(b.node.FS, e, 64<<10)
	if err != nil {
		return err
	}
	defer c.close()
	switch {
	case c.damage != "":
		return b.harm(e.Index, fmt.Sprintf("the command in entry %d cannot be read: %s", e.Index, c.damage))
	case c.Type == format.CommandUndo:
		b.pending = nil
	case c.Type != format.CommandFrames:
	case !c.Commit:
		b.pending = append(b.pending, e)
	default:
		m := b.image(c.Database)
		for _, p := range b.pending {
			if err := b.replay(p, m); err != nil {
				return err
			}
		}
		b.pending = nil
		if err := b.overlay(c, m); err != nil {
			return err
		}
		return m.commit()
	}
	return nil
}

func (b *builder) replay(e cowsql.EntryView, m *image) error {
	c, err := open(b.node.FS, e, 64<<10)
	if err != nil {
		return err
	}
	defer c.close()
	return b.overlay(c, m)
}

// overlay writes the pages of a frames command.
func (b *builder) overlay(c *command, m *image) error {
	if len(c.Pages) == 0 {
		return nil
	}
	if why := m.setPageSize(c.PageSize); why != "" {
		return b.harm(c.entry.Index, fmt.Sprintf("entry %d does not fit: %s", c.entry.Index, why))
	}
	page := make([]byte, c.PageSize)
	for _, number := range c.Pages {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if err := c.next(page); err != nil {
			return err
		}
		b.read(int64(len(page)))
		if number == 0 || number > maxPage {
			if err := b.harm(c.entry.Index, fmt.Sprintf("entry %d names a page %d", c.entry.Index, number)); err != nil {
				return err
			}
			continue
		}
		if err := m.write(number, page); err != nil {
			return err
		}
	}
	return c.verify()
}

// finish completes the files and describes them.
func (b *builder) finish() (*State, error) {
	var list []*image
	for _, m := range b.images {
		list = append(list, m)
	}
	slices.SortFunc(list, func(x, y *image) int { return strings.Compare(x.name, y.name) })
	for _, m := range list {
		why, err := m.finish(b.options.Salvage)
		if why != "" {
			err = errors.Join(err, b.harm(b.state.Index, why))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, m := range list {
		if b.state.Unsafe != nil {
			if err := m.rename(m.file + UnsafeSuffix); err != nil {
				return nil, err
			}
		}
		b.state.Databases = append(b.state.Databases, Database{
			Name: m.name, File: m.file, PageSize: m.pageSize, Pages: m.pages(), Size: m.size,
		})
	}
	for f := range b.used {
		b.state.Files = append(b.state.Files, path.Clean(f))
	}
	slices.Sort(b.state.Files)
	return &b.state, nil
}
