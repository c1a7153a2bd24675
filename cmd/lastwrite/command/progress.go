package command

import (
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/lastwrite/lastwrite/internal/progress"
	"github.com/lastwrite/lastwrite/internal/source"
	"github.com/lastwrite/lastwrite/repair"
)

// newProgress returns what shows how far some work is: a line on standard
// error if that is a terminal and nobody asked for quiet.
func newProgress(env Env, what string, o *inputOptions) source.Progress {
	f, ok := env.Stderr.(*os.File)
	if !ok {
		return nil
	}
	return progress.New(f, what, o.Quiet || o.NoProgress)
}

// nth says which of several inputs is at work.
func nth(what string, n, of int) string {
	if of < 2 {
		return what
	}
	return fmt.Sprintf("%s %d of %d", what, min(n, of), of)
}

// copied shows how much of what a plan copies has been read from the inputs.
// done has to be called when all of it was.
func copied(in repair.Inputs, f *repair.File, p source.Progress) (counted repair.Inputs, done func()) {
	if p == nil {
		return in, func() {}
	}
	type place struct{ node, file string }
	sizes := map[place]int64{}
	for _, d := range f.Inputs {
		sizes[place{d.Node, d.File}] = d.Size
	}
	total := int64(0)
	for _, s := range f.Plan.Steps {
		for _, part := range s.Parts {
			switch {
			case part.Node == "":
			case part.Length >= 0:
				total += part.Length
			default:
				total += max(sizes[place{part.Node, part.File}]-part.Offset, 0)
			}
		}
	}
	counted = repair.Inputs{}
	for name, node := range in {
		counted[name] = countedFS{node, p}
	}
	p.Start(total)
	return counted, p.Done
}

// A countedFS tells what is read from its files.
type countedFS struct {
	fs.FS
	progress source.Progress
}

func (c countedFS) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return countedFile{f, c.progress}, nil
}

type countedFile struct {
	fs.File
	progress source.Progress
}

func (c countedFile) Read(b []byte) (int, error) {
	n, err := c.File.Read(b)
	c.progress.Add(int64(n))
	return n, err
}

// Seek lets a plan take a part of a file.
func (c countedFile) Seek(offset int64, whence int) (int64, error) {
	if s, ok := c.File.(io.Seeker); ok {
		return s.Seek(offset, whence)
	}
	return 0, fmt.Errorf("%w: seek", fs.ErrInvalid)
}
