// Package differential holds the forecast of a load against the real library:
// directories are damaged by chance, the forecast says what a load makes of
// them, the library does it, and every difference has to be on a short list
// with its reason. It is test support: nothing of the product imports it.
package differential

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/cowsql"
	"github.com/lastwrite/lastwrite/internal/database"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
	"github.com/lastwrite/lastwrite/parse/sqlite"
)

// A Forecast is what the analysis says about a directory before the library
// sees it.
type Forecast struct {
	cowsql.Loading
	Start  analyze.Start // of the whole start, restore of the snapshot included
	Digest uint64        // of all entries, as reallib.Load has it; 0 without entries
	Files  []string      // names after the load, sorted; corrupt-* without the time
	// PastEnd: by its stated sizes or its number of databases the snapshot is
	// longer than it is, or a database header is.
	PastEnd bool
	// Unsound: SQLite finds fault with a database of the snapshot that holds
	// no write-ahead log. Only asked where the forecast goes by less than that.
	Unsound bool
}

// Predict reads the raft directory dir and forecasts what the given
// implementation makes of it. Nothing is written.
func Predict(ctx context.Context, dir, server string) (Forecast, error) {
	fsys := os.DirFS(dir)
	reading, err := cowsql.System{}.Open("n", fsys, analyze.Candidate{Dir: ".", Data: "."}, analyze.Options{Server: server})
	if err != nil {
		return Forecast{}, err
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return Forecast{}, err
	}
	for _, e := range entries {
		take := reading.Take(e.Name())
		if take == nil {
			continue
		}
		if err := feed(fsys, e.Name(), take); err != nil {
			return Forecast{}, err
		}
	}
	node, err := reading.Finish(ctx)
	if err != nil {
		return Forecast{}, err
	}
	// The judgement is not compared with anything here, but it has to survive
	// every directory.
	if _, err := (cowsql.System{}).Judge(ctx, []*analyze.Node{node}, analyze.Options{}); err != nil {
		return Forecast{}, err
	}
	view, _ := cowsql.ViewOf(node)
	f := Forecast{Loading: view.Loading(), Start: node.Start}
	if f.Outcome == analyze.Clean {
		if f.Digest, err = digest(view); err != nil {
			return Forecast{}, err
		}
	}
	for _, s := range view.Snapshots() {
		if f.Snapshot == nil || path.Base(s.File) != f.Snapshot.File || s.Data == nil {
			continue
		}
		f.PastEnd = pastEnd(s.Data)
		if server == "dqlite" && f.Start.Outcome == analyze.Clean {
			if f.Unsound, err = unsound(ctx, view, s); err != nil {
				return Forecast{}, err
			}
		}
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	f.Files = after(names, f.Changes)
	return f, nil
}

func pastEnd(s *format.Snapshot) bool {
	return s.Missing > 0 || s.Count > uint64(len(s.Databases)) ||
		slices.ContainsFunc(s.Databases, func(d format.DatabaseImage) bool { return d.MainOffset+sqlite.HeaderSize > s.Size })
}

// unsound writes the databases of a snapshot to files and lets SQLite check
// them.
func unsound(ctx context.Context, view cowsql.View, s cowsql.SnapshotView) (bool, error) {
	in, err := view.OpenSnapshot(s)
	if err != nil {
		return false, err
	}
	defer in.Close()
	payload, err := io.ReadAll(in)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "lastwrite-check-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	for i, d := range s.Data.Databases {
		if d.WALSize > 0 {
			continue
		}
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, payload[d.MainOffset:][:d.MainSize], 0o600); err != nil {
			return false, err
		}
		if result, err := database.Check(ctx, name); err != nil || !result.OK {
			return true, err
		}
	}
	return false, nil
}

func feed(fsys fs.FS, name string, take analyze.Take) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return take(f, f.(io.ReaderAt), info.Size())
}

// digest reads all entries that the loader would hold.
func digest(view cowsql.View) (uint64, error) {
	sum := fnv.New64a()
	n := 0
	err := view.WalkLoaded(func(e cowsql.EntryView) error {
		n++
		payload, err := view.Payload(e)
		if err != nil {
			return err
		}
		head := binary.LittleEndian.AppendUint64(nil, e.Term)
		head = append(head, byte(e.Type))
		head = binary.LittleEndian.AppendUint64(head, uint64(e.Size))
		sum.Write(head)
		sum.Write(payload)
		return nil
	})
	if n == 0 {
		return 0, err
	}
	return sum.Sum64(), err
}

// after applies forecast changes to a listing.
func after(names []string, changes []analyze.Change) []string {
	names = slices.Clone(names)
	drop := func(name string) {
		if i := slices.Index(names, name); i >= 0 {
			names = slices.Delete(names, i, i+1)
		}
	}
	for _, c := range changes {
		switch c.Op {
		case "remove":
			drop(c.File)
		case "rename":
			drop(c.File)
			drop(c.To) // rename replaces
			names = append(names, c.To)
		case "create":
			names = append(names, c.File)
		}
	}
	return normal(names)
}
