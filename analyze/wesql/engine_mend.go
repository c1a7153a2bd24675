package wesql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/smartengine"
)

// maxMends is how often a mended engine is read again: a file that is put back
// may show the next one that is missing.
const maxMends = 8

// A repairedFile is one file of the engine as a plan writes it.
type repairedFile struct {
	Name    string // in the directory of the engine
	Op      analyze.StepOp
	Because string
	Mode    uint32 // 0: that of the file it replaces
	Parts   []analyze.Part
}

// repairs are the files of this engine that can be mended by means that are
// proven: each was tried with the engine itself.
func (e *engine) repairs(node string) []repairedFile {
	var out []repairedFile
	piece := func(file string, from, length int64) analyze.Part {
		return analyze.Part{Node: node, File: path.Join(e.Dir, file), Offset: from, Length: length}
	}
	if e.Current != nil && e.Current.NoNewline {
		const name = string(smartengine.CurrentFile)
		out = append(out, repairedFile{name, analyze.Assemble, "LWW058: the line feed that is missing", 0, []analyze.Part{piece(name, 0, -1), {Data: []byte("\n")}}})
	}
	if e.HasMissing && e.MissingEmpty {
		out = append(out, repairedFile{fmt.Sprintf("%d.manifest", e.MissingManifest), analyze.Write, "LWW041: the empty manifest that is missing", 0o640, []analyze.Part{}})
	}
	const header = 0x4000
	for _, f := range e.DataFiles {
		if !f.Refused || f.Good == 0 || f.Copies[1].Offset != header || f.Size < 2*header {
			continue
		}
		good := f.Copies[f.Good-1].Offset
		out = append(out, repairedFile{f.File, analyze.Assemble, "LWW043: the whole copy of the header over the damaged one", 0, []analyze.Part{
			piece(f.File, good, header), piece(f.File, good, header), piece(f.File, 2*header, -1),
		}})
	}
	return out
}

// allRepairs are those of the engine, and of what it shows when they are done.
func (e *engine) allRepairs(node string) []repairedFile {
	var out []repairedFile
	for ; e != nil; e = e.Mended {
		if e.Mended != nil {
			out = append(out, e.repairs(node)...)
		}
	}
	return out
}

// mended is the engine as a plan writes it: itself if there is nothing to mend.
func (e *engine) mended() *engine {
	for e.Mended != nil {
		e = e.Mended
	}
	return e
}

// mend reads the engine again as it is with its repairs. An engine names only
// the first thing that keeps it from opening, and without its tables it does
// not tell what they need; so what a repair leads to is read, not concluded.
func (e *engine) mend(ctx context.Context, dir fs.FS, o smartengine.Options, depth int) error {
	files := e.repairs("engine")
	if len(files) == 0 || depth == maxMends {
		return nil
	}
	o.Each = nil
	over := repairedDir{dir, e.Dir, files}
	if o.WAL == nil {
		o.WAL = dir // nothing in it is ever mended
	}
	x, err := smartengine.Read(ctx, over, o)
	if x == nil || err != nil {
		return err
	}
	m := newEngine(x, e.Dir)
	m.Crashed = e.Crashed
	again := slices.ContainsFunc(m.repairs("engine"), func(f repairedFile) bool {
		return slices.ContainsFunc(files, func(g repairedFile) bool { return f.Name == g.Name })
	})
	if !again {
		if err := m.mend(ctx, over, o, depth+1); err != nil {
			return err
		}
	}
	m.judge()
	m.hidden()
	e.Mended = m
	return nil
}

// beyondRepair says why no copy of the engine can be written that opens with
// all its tables and commits, "" if one can.
func (e *engine) beyondRepair() string {
	after := e.mended()
	still := ""
	if after != e {
		still = ", also when what can be mended is mended"
	}
	switch {
	case e.Lost, after.Lost:
		return "LWW040: its engine has lost commits"
	case after.HasMissing && after.Opening.Cause != smartengine.NewEngine:
		return fmt.Sprintf("LWW041: %d.manifest is missing, and nothing proves that it was empty", after.MissingManifest)
	case after.Current == nil && after.Opening.Cause != smartengine.NewEngine:
		return "LWW058: CURRENT of its engine is missing"
	case !after.Opens:
		return fmt.Sprintf("LWW042: its engine does not open%s (%s)", still, after.Opening.Cause)
	case slices.ContainsFunc(after.Problems, func(p engineProblem) bool { return p.Finding == "LWW041" }):
		return "LWW041: tables of its engine are lost"
	}
	return ""
}

// hidden adds what only the mended engine shows.
func (e *engine) hidden() {
	if e.Mended == nil {
		return
	}
	for _, p := range e.Mended.Problems {
		if !slices.ContainsFunc(e.Problems, func(o engineProblem) bool { return o.Finding == p.Finding && o.Span == p.Span }) {
			if !strings.HasPrefix(p.Detail, onceMended) {
				p.Detail = onceMended + p.Detail
			}
			e.Problems = append(e.Problems, p)
		}
	}
}

const onceMended = "This shows when what can be mended is mended. "

// A repairedDir is the directory of an engine with repaired files in it.
type repairedDir struct {
	fs.FS
	dir   string // of the engine, as the parts name its files
	files []repairedFile
}

// Open opens a file, put together if it is a repaired one.
func (d repairedDir) Open(name string) (fs.File, error) {
	i := slices.IndexFunc(d.files, func(f repairedFile) bool { return f.Name == name })
	if i < 0 {
		return d.FS.Open(name)
	}
	out := &assembled{name: name}
	for _, p := range d.files[i].Parts {
		if p.Node == "" {
			out.add(bytes.NewReader(p.Data), int64(len(p.Data)))
			continue
		}
		if err := out.part(d.FS, strings.TrimPrefix(p.File, d.dir+"/"), p); err != nil {
			return nil, errors.Join(err, out.Close())
		}
	}
	return out, nil
}

// ReadDir lists the directory.
func (d repairedDir) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(d.FS, name)
	if err != nil || name != "." {
		return list, err
	}
	list = slices.Clone(list)
	for _, f := range d.files {
		if !slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == f.Name }) {
			list = append(list, fs.FileInfoToDirEntry(&assembled{name: f.Name}))
		}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// An assembled is a file that is made of pieces of others, and its own FileInfo.
type assembled struct {
	name   string
	pieces []*io.SectionReader
	files  []fs.File
	size   int64
	at     int64
}

func (a *assembled) add(in io.ReaderAt, size int64) {
	a.pieces = append(a.pieces, io.NewSectionReader(in, 0, size))
	a.size += size
}

// part adds a piece of a file.
func (a *assembled) part(dir fs.FS, name string, p analyze.Part) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	a.files = append(a.files, f)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("%s: not readable at random", name)
	}
	length := p.Length
	if length < 0 {
		length = info.Size() - p.Offset
	}
	if length < 0 || p.Offset+length > info.Size() {
		return fmt.Errorf("%s: %w", name, io.ErrUnexpectedEOF)
	}
	a.add(io.NewSectionReader(at, p.Offset, length), length)
	return nil
}

// ReadAt implements io.ReaderAt.
func (a *assembled) ReadAt(b []byte, at int64) (n int, err error) {
	for _, p := range a.pieces {
		if at >= p.Size() {
			at -= p.Size()
			continue
		}
		want := int(min(p.Size()-at, int64(len(b)-n)))
		k, err := p.ReadAt(b[n:n+want], at)
		if n += k; k < want {
			return n, err
		}
		if at = 0; n == len(b) {
			return n, nil
		}
	}
	return n, io.EOF
}

func (a *assembled) Read(b []byte) (int, error) {
	n, err := a.ReadAt(b, a.at)
	a.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (a *assembled) Close() error {
	var errs []error
	for _, f := range a.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (a *assembled) Stat() (fs.FileInfo, error) { return a, nil }

func (a *assembled) Name() string       { return a.name }
func (a *assembled) Size() int64        { return a.size }
func (a *assembled) Mode() fs.FileMode  { return 0o640 }
func (a *assembled) ModTime() time.Time { return time.Time{} }
func (a *assembled) IsDir() bool        { return false }
func (a *assembled) Sys() any           { return nil }
