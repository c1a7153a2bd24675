package cowsql

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// A listing is a directory that changes while a start is simulated: the files
// as found, sorted by name, without those that are gone, and those that were
// added. It copies nothing, for a directory can have 100,000 segments.
type listing struct {
	found []*file
	gone  map[string]bool
	added map[string]*file
}

func newListing(found []*file) *listing {
	return &listing{found: found, gone: map[string]bool{}, added: map[string]*file{}}
}

// get returns the file of that name, or nil.
func (l *listing) get(name string) *file {
	if f := l.added[name]; f != nil {
		return f
	}
	if l.gone[name] {
		return nil
	}
	return findFile(l.found, name)
}

func (l *listing) put(f *file) { l.added[f.Name.File] = f }

func (l *listing) drop(name string) {
	delete(l.added, name)
	l.gone[name] = true
}

// all returns the files sorted by name.
func (l *listing) all() []*file {
	if len(l.gone) == 0 && len(l.added) == 0 {
		return l.found
	}
	out := make([]*file, 0, len(l.found)+len(l.added))
	for _, f := range l.found {
		if name := f.Name.File; !l.gone[name] && l.added[name] == nil {
			out = append(out, f)
		}
	}
	for _, f := range l.added {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *file) int { return cmp.Compare(a.Name.File, b.Name.File) })
	return out
}

// findFile finds a file in a list that is sorted by name.
func findFile(list []*file, name string) *file {
	i, ok := slices.BinarySearchFunc(list, name, func(f *file, name string) int { return cmp.Compare(f.Name.File, name) })
	if !ok {
		return nil
	}
	return list[i]
}

// raftFiles is UvList: pairs of a snapshot in order, then closed and open
// segments.
func (l *listing) raftFiles() (snapshots []*snapshot, segments []*file) {
	all := l.all()
	segments = make([]*file, 0, len(all))
	for _, f := range all {
		switch f.Name.Kind {
		case cowsql.KindSnapshotMeta:
			data := l.get(strings.TrimSuffix(f.Name.File, ".meta"))
			if data != nil && data.Size != 0 {
				snapshots = append(snapshots, &snapshot{Term: f.Name.Term, Index: f.Name.Index, Timestamp: f.Name.Timestamp, Meta: f, Data: data})
			}
		case cowsql.KindClosed, cowsql.KindOpen:
			segments = append(segments, f)
		}
	}
	slices.SortStableFunc(snapshots, func(a, b *snapshot) int {
		return cmp.Or(cmp.Compare(a.Term, b.Term), cmp.Compare(a.Index, b.Index), cmp.Compare(a.Timestamp, b.Timestamp))
	})
	return snapshots, mergeSort(segments)
}
