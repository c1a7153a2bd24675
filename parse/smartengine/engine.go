package smartengine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/lastwrite/lastwrite/parse"
)

// Options say what the directory itself does not.
type Options struct {
	// WAL is smartengine_wal_dir; nil if it is the directory itself.
	WAL fs.FS
	// Objects is the bucket of the object store: keys are names of files. Nil:
	// it is not at hand, and extents in it are not missed.
	Objects fs.FS
	// Tables are the ids of the raft tables as the dictionary has them
	// (ReadSDI). Those that are 0 are found by the look of their rows.
	Tables Tables
	// Deep checks every block of every live extent. Those of the raft tables
	// are always read.
	Deep bool
	// Each is called for every write batch that can be read, in the order of
	// the WALs. lost ones stand behind the damage where a start stops. Nil: nobody asks.
	Each func(b Batch, lost bool)
}

// An Engine is the directory of a smartengine, as a start would find it and as
// it could be read.
type Engine struct {
	Current    *Current    // nil if there is no CURRENT
	Checkpoint *Checkpoint // nil if the file that CURRENT names is missing
	// Manifests are those that a start replays; Unreached those with higher
	// numbers, behind a number that is missing. A start does not see them, and
	// does not mind.
	Manifests []*Manifest
	Unreached []*Manifest
	// MissingManifest is the number at which a chain with files behind it
	// breaks; HasMissing tells whether there is one. MissingEmpty: the
	// transactions behind the hole go on where those in front of it end, so
	// that the file that is missing was empty, and an empty one repairs the chain.
	MissingManifest uint64
	HasMissing      bool
	MissingEmpty    bool

	// Subtables are what a start knows, the default subtable 0 included;
	// Vanished what only records tell of that a start does not read.
	Subtables []Subtable
	Vanished  []Subtable
	// Live is the number of extents in use, Checked of those whose blocks were
	// all read. Missing are those in objects or files that do not exist;
	// NotAtHand the number of objects that nobody could look for.
	Live      int
	Checked   int
	Missing   []Extent
	NotAtHand int
	DataFiles []*DataFile

	WALs []*WAL
	// Point is the highest recovery point: rows up to its sequence are in
	// extents, as far as they are not newer in other subtables.
	Point RecoveryPoint
	// Sequence is the engine's last one after a start; Readable what it would
	// be with all records that can be read.
	Sequence uint64
	Readable uint64
	// WALMissing: records between the recovery points and the oldest WAL, or
	// all of them, are not there, because a WAL is missing. The engine does not
	// notice.
	WALMissing bool

	// Prepared are the transactions in doubt after a start.
	Prepared []Transaction

	Tables    Tables // of which rows were read
	Recovered State  // what a server reads in the raft tables after a start
	Newest    State  // the newest rows that can be read, lost ones included

	Opening Opening
	Damage  []parse.Damage
}

// reading is one Read.
type reading struct {
	*Engine
	ctx     context.Context
	dir     fs.FS
	o       Options
	files   map[FileType][]uint64
	actual  *catalog // of a start
	whole   *catalog // of all that can be read
	extents extentReader
	// Rows of the raft tables: what a start finds, and what can be read.
	recovered rows
	readable  rows
}

// Read reads the directory of an engine.
func Read(ctx context.Context, dir fs.FS, o Options) (*Engine, error) {
	r := &reading{Engine: &Engine{}, ctx: ctx, dir: dir, o: o}
	if r.o.WAL == nil {
		r.o.WAL = dir
	}
	for _, step := range []func() error{r.list, r.current, r.manifests, r.dataFiles, r.wals, r.liveExtents, r.rows} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.judge()
	parse.SortDamage(r.Damage)
	return r.Engine, nil
}

// list sorts the files of the directory by type.
func (r *reading) list() error {
	names, err := fs.ReadDir(r.dir, ".")
	if err != nil {
		return err
	}
	r.files = map[FileType][]uint64{}
	for _, e := range names {
		if t, n, ok := ParseName(e.Name()); ok && e.Type().IsRegular() && t != WALFile {
			r.files[t] = append(r.files[t], n)
		}
	}
	if names, err = fs.ReadDir(r.o.WAL, "."); err != nil {
		return err
	}
	for _, e := range names {
		if t, n, ok := ParseName(e.Name()); ok && e.Type().IsRegular() && t == WALFile {
			r.files[t] = append(r.files[t], n)
		}
	}
	for _, numbers := range r.files {
		slices.Sort(numbers)
	}
	return nil
}

func (r *reading) has(t FileType, n uint64) bool { return slices.Contains(r.files[t], n) }

// with opens a file and hands it over. ok is false if it is not there.
func with(dir fs.FS, name string, use func(f fs.File, at io.ReaderAt, size int64) error) (ok bool, err error) {
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	at, ok := f.(io.ReaderAt)
	if !ok {
		return false, fmt.Errorf("%s: not readable at random", name)
	}
	return true, use(f, at, info.Size())
}

func fileName(t FileType, n uint64) string { return fmt.Sprintf("%d.%s", n, t) }

// current reads CURRENT and the checkpoint.
func (r *reading) current() error {
	_, err := with(r.dir, string(CurrentFile), func(f fs.File, _ io.ReaderAt, _ int64) (err error) {
		r.Current, err = ReadCurrent(string(CurrentFile), f)
		return err
	})
	if err != nil {
		return err
	}
	if r.Current != nil && r.Current.Damage != nil {
		r.Damage = append(r.Damage, *r.Current.Damage)
	}
	name, _ := r.start()
	_, err = with(r.dir, name, func(_ fs.File, at io.ReaderAt, size int64) (err error) {
		r.Checkpoint, err = ReadCheckpoint(name, at, size)
		return err
	})
	if r.Checkpoint != nil {
		r.Damage = append(r.Damage, r.Checkpoint.Damage...)
	}
	return err
}

// start returns the checkpoint and the first manifest. Without CURRENT a start
// takes those of a new engine; an unreadable one hides which they are, and the
// newest checkpoint is the best guess.
func (r *reading) start() (checkpoint string, manifest uint64) {
	switch c := r.Current; {
	case c == nil:
		return fileName(CheckpointFile, 0), 1
	case c.Checkpoint != "":
		return c.Checkpoint, c.Manifest
	}
	var n uint64
	if all := r.files[CheckpointFile]; len(all) > 0 {
		n = all[len(all)-1]
	}
	return fileName(CheckpointFile, n), n + 1
}

// manifests reads the manifests and replays them. The chain ends at the first
// number without a file; the number of a checkpoint is stepped over
// (storage_logger.cc replay_after_ckpt).
func (r *reading) manifests() error {
	_, next := r.start()
	first := next
	for r.has(ManifestFile, next) || r.has(CheckpointFile, next) {
		next++
	}
	var whole []*Manifest
	for _, n := range r.files[ManifestFile] {
		if n < first {
			continue
		}
		name := fileName(ManifestFile, n)
		_, err := with(r.dir, name, func(f fs.File, _ io.ReaderAt, size int64) error {
			m, err := ReadManifest(name, n, f, size)
			if err != nil {
				return err
			}
			whole = append(whole, m)
			r.Damage = append(r.Damage, m.Damage...)
			if m.Stop != nil {
				r.Damage = append(r.Damage, *m.Stop)
			}
			if n < next {
				r.Manifests = append(r.Manifests, m)
			} else {
				r.Unreached = append(r.Unreached, m)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(r.Unreached) > 0 || len(r.Manifests) == 0 {
		r.HasMissing, r.MissingManifest = true, next
		r.MissingEmpty = r.holeIsEmpty()
	}
	r.actual, r.whole = newCatalog(r.Checkpoint), newCatalog(r.Checkpoint)
	r.actual.replay(r.Manifests, false)
	r.whole.replay(whole, true)
	r.Subtables, r.Point = r.actual.subtables(), r.actual.point()
	for _, s := range r.whole.subtables() {
		if r.actual.tables[s.ID] == nil {
			r.Vanished = append(r.Vanished, s)
		}
	}
	return nil
}

// holeIsEmpty reports whether the transactions in front of the missing manifest
// and behind it are consecutive. They are counted from 1.
func (r *reading) holeIsEmpty() bool {
	if len(r.Unreached) == 0 || r.Unreached[0].Number != r.MissingManifest+1 {
		return false
	}
	last := func(list []*Manifest) (id uint64, ok bool) {
		for _, m := range list {
			if m.LastTransaction > 0 {
				id, ok = m.LastTransaction, true
			}
		}
		return id, ok
	}
	before, known := last(r.Manifests)
	if !known {
		known = r.Checkpoint != nil && r.Checkpoint.LogID == 0 && r.Checkpoint.Subtables == 0 // of a new engine
	}
	for _, m := range r.Unreached {
		if m.FirstTransaction > 0 {
			return known && m.FirstTransaction == before+1
		}
	}
	return false
}

// dataFiles reads the headers of the data files.
func (r *reading) dataFiles() error {
	spaces := map[uint64]bool{}
	for _, t := range r.actual.tables {
		spaces[t.Space] = true
	}
	for _, n := range r.files[DataFileType] {
		name := fileName(DataFileType, n)
		_, err := with(r.dir, name, func(_ fs.File, at io.ReaderAt, size int64) error {
			f, err := ReadDataFile(name, n, at, size)
			if err != nil {
				return err
			}
			f.Orphan = !f.Garbage && !spaces[f.Header.Space]
			for _, c := range f.Copies {
				if c.Damage != nil {
					r.Damage = append(r.Damage, *c.Damage)
				}
			}
			r.DataFiles = append(r.DataFiles, f)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wals replays the WALs.
func (r *reading) wals() error {
	p := newReplay(r.o.Each)
	for _, n := range r.files[WALFile] {
		name := fileName(WALFile, n)
		if err := r.ctx.Err(); err != nil {
			return err
		}
		_, err := with(r.o.WAL, name, func(f fs.File, _ io.ReaderAt, size int64) error {
			w, err := p.wal(name, n, bufio.NewReaderSize(f, 256<<10), size)
			if err != nil {
				return err
			}
			r.WALs = append(r.WALs, w)
			if w.Stop != nil {
				r.Damage = append(r.Damage, w.Stop.Damage)
			}
			r.Damage = append(r.Damage, w.Holes...)
			for _, g := range w.Gaps {
				r.Damage = append(r.Damage, parse.Damage{
					Span: parse.Span{File: g.File, Offset: g.Offset, Length: headerSize + batchHeader, Field: "batch.sequence"},
					Kind: parse.Mismatch, Want: fmt.Sprint(g.Want), Got: fmt.Sprint(g.Got),
				})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.Sequence, r.Readable = max(p.sequence, r.Point.Sequence), max(p.readTo, p.sequence, r.whole.point().Sequence)
	r.Prepared = p.undecided()
	r.WALMissing = r.walMissing()
	r.recovered, r.readable = p.recovered, p.readable
	maps.DeleteFunc(r.recovered, func(k rowKey, _ version) bool { return r.actual.tables[k.subtable] == nil })
	return nil
}

// walMissing reports whether WALs must be missing: there is none at all, which
// no start leaves behind; the one is not there that was begun when rows were
// flushed last, which is kept until they are flushed again; or the oldest
// begins behind what is in extents.
func (r *reading) walMissing() bool {
	if len(r.WALs) == 0 || r.Point.WAL > 0 && !r.has(WALFile, r.Point.WAL) {
		return r.Current != nil
	}
	for _, w := range r.WALs {
		if w.Records > 0 {
			return w.First > r.Point.Sequence+1
		}
	}
	return false
}

// liveExtents looks for the live extents, and reads those of the raft tables,
// or all of them. Of subtables that vanished only the rows are of interest.
func (r *reading) liveExtents() error {
	inUse := map[ExtentID]bool{}
	for _, x := range r.actual.live() {
		inUse[x.ID] = true
		r.Live++
		if err := r.extent(x, true); err != nil {
			return err
		}
	}
	for _, x := range r.whole.live() {
		if !inUse[x.ID] && r.mayBeRaft(x.Subtable) {
			if err := r.extent(x, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayBeRaft reports whether a subtable may be one of the raft tables.
func (r *reading) mayBeRaft(id uint32) bool {
	if t := r.o.Tables; id == t.Info || id == t.Applier || id == t.Worker {
		return id != 0
	}
	db, known := r.database(id)
	return known && db == "mysql"
}

// database returns the database of a subtable.
func (r *reading) database(id uint32) (string, bool) {
	t := r.whole.tables[id]
	if t == nil {
		return "", false
	}
	return t.Database, true
}

// extent looks for one extent and reads it if it is of interest.
func (r *reading) extent(x Extent, live bool) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	dir, name, base := r.dir, fileName(DataFileType, uint64(x.ID.File)), int64(x.ID.Number)*ExtentSize
	if x.ID.Object() {
		if dir, name, base = r.o.Objects, x.Key(), 0; dir == nil || !fs.ValidPath(name) {
			if live {
				r.NotAtHand++
			}
			return nil
		}
	}
	raft := r.mayBeRaft(x.Subtable)
	e := &r.extents
	ok, err := with(dir, name, func(_ fs.File, at io.ReaderAt, size int64) error {
		if base >= size || !raft && !r.o.Deep || x.Index.Size == 0 {
			if live && base+ExtentSize > size {
				e.damage = append(e.damage, parse.Damage{
					Span: parse.Span{File: name, Offset: min(base, size), Length: max(size-base, 0), Field: fmt.Sprintf("extent[%d]", x.ID.Number)},
					Kind: parse.Truncated, Want: fmt.Sprintf("%d bytes", base+ExtentSize), Got: fmt.Sprint(size),
				})
			}
			return nil
		}
		if e.rows = nil; raft {
			e.rows = rows{}
		}
		r.Checked++
		return e.read(x, name, at, base, size)
	})
	if err != nil {
		return err
	}
	if !ok && live {
		r.Missing = append(r.Missing, x)
	}
	if live {
		r.Damage = append(r.Damage, e.damage...)
	}
	for k, v := range e.rows {
		r.readable.put(k, v)
		if live {
			r.recovered.put(k, v)
		}
	}
	e.damage, e.rows = nil, nil
	return nil
}

// rows reads the raft tables.
func (r *reading) rows() error {
	r.Tables = r.o.Tables.find(r.readable, r.database)
	var damage []parse.Damage
	r.Recovered, _ = r.Tables.state(r.recovered)
	r.Newest, damage = r.Tables.state(r.readable)
	r.Damage = append(r.Damage, damage...)
	return nil
}
