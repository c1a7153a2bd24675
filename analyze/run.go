package analyze

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Source is one opened input.
type Source interface {
	Name() string // NAME= of the command line, "" if none was given
	Path() string // as given
	FS() fs.FS    // read-only; regular files also implement io.ReaderAt
	// Found is told, before anything is read in bulk, which directories hold
	// databases. An error ends the run: a running server holds one of them.
	Found(dirs []string) error
	// Sweep reads every regular file once and hands its bytes to take(name)
	// where that is not nil. It may call take concurrently.
	Sweep(ctx context.Context, take func(name string) Take) error
}

// A Problem is something that kept Run from reading all there is.
type Problem struct {
	Path string
	Err  error
}

// A Result is what Run found.
type Result struct {
	Clusters []Cluster
	Problems []Problem // an input without nodes, files that could not be read
	Empty    []string  // inputs in which no node directory was recognised
	Read     []ReadNode
}

// found is a candidate on its way to become a node.
type found struct {
	system    System
	source    int
	candidate Candidate
	name      string
	reading   Reading
	stored    *StoredNode
}

// Run finds the node directories in all sources, reads them and judges each
// family. What cannot be read becomes a Problem; the error is for a cancelled
// context and for options that no family accepts.
func Run(ctx context.Context, sources []Source, systems []System, o Options) (result *Result, err error) {
	if slices.ContainsFunc(sources, isStored) {
		// Evidence that no parser has made can contradict itself in more ways
		// than the families look for.
		defer func() {
			if p := recover(); p != nil {
				result, err = nil, fmt.Errorf("%w: %v", ErrEvidence, p)
			}
		}()
	}
	result = &Result{}
	var all []*found
	for i, src := range sources {
		n := len(all)
		if stored, ok := src.(StoredSource); ok {
			kept, problems := recallable(stored, i, systems, o)
			all, result.Problems = append(all, kept...), append(result.Problems, problems...)
			continue
		}
		var dirs []string
		for _, sys := range systems {
			if o.System != "" && o.System != sys.Name() {
				continue
			}
			candidates, err := sys.Find(src.FS())
			if err != nil {
				result.Problems = append(result.Problems, Problem{src.Path(), err})
			}
			for _, c := range candidates {
				all = append(all, &found{system: sys, source: i, candidate: c})
				dirs = append(dirs, path.Join(c.Dir, c.Data))
			}
		}
		if err := src.Found(dirs); err != nil {
			return nil, err
		}
		if len(all) == n {
			result.Empty = append(result.Empty, src.Path())
		}
	}
	nameAll(all, sources)
	for _, f := range all {
		dir, err := fs.Sub(sources[f.source].FS(), f.candidate.Dir)
		if err != nil {
			return nil, err
		}
		if f.reading, err = f.system.Open(f.name, dir, f.candidate, o); err != nil {
			return nil, err
		}
		if err := f.recall(); err != nil {
			result.Problems = append(result.Problems, Problem{sources[f.source].Path(), err})
			f.reading = nil
		}
	}
	all = slices.DeleteFunc(all, func(f *found) bool { return f.reading == nil })
	if !o.Quick {
		for i, src := range sources {
			if isStored(src) {
				continue
			}
			err := src.Sweep(ctx, takeFor(all, i))
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				result.Problems = append(result.Problems, Problem{src.Path(), err})
			}
		}
	}
	nodes := map[string][]*Node{}
	for _, f := range all {
		n, err := f.reading.Finish(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		where := path.Join(sources[f.source].Path(), f.candidate.Dir)
		if err != nil {
			result.Problems = append(result.Problems, Problem{where, err})
		}
		if n != nil {
			n.Input, n.Path, n.Dir = f.source, where, f.candidate.Dir
			nodes[f.system.Name()] = append(nodes[f.system.Name()], n)
			result.Read = append(result.Read, ReadNode{f.system.Name(), f.candidate, f.reading, n})
		}
	}
	for _, sys := range systems {
		if len(nodes[sys.Name()]) == 0 {
			continue
		}
		clusters, err := sys.Judge(ctx, nodes[sys.Name()], o)
		if err != nil {
			return nil, err
		}
		result.Clusters = append(result.Clusters, clusters...)
	}
	for i := range result.Clusters {
		result.Clusters[i].ID = fmt.Sprintf("%s-%d", result.Clusters[i].System, i+1)
	}
	return result, nil
}

// ErrEvidence says that the evidence in a bundle contradicts itself.
var ErrEvidence = errors.New("the evidence in a bundle contradicts itself")

func isStored(s Source) bool {
	_, ok := s.(StoredSource)
	return ok
}

// recallable returns the nodes of a stored source that the systems know.
func recallable(src StoredSource, number int, systems []System, o Options) (out []*found, problems []Problem) {
	for _, n := range src.Stored() {
		i := slices.IndexFunc(systems, func(s System) bool { return s.Name() == n.System })
		switch {
		case o.System != "" && o.System != n.System:
		case i < 0:
			problems = append(problems, Problem{src.Path(), fmt.Errorf("%s is a node of the family %q, which this version does not know", n.Name, n.System)})
		default:
			out = append(out, &found{system: systems[i], source: number, candidate: n.Candidate, stored: &n})
		}
	}
	return out, problems
}

// recall brings back what was read of a stored node.
func (f *found) recall() error {
	if f.stored == nil {
		return nil
	}
	keeper, ok := f.reading.(Keeper)
	if !ok {
		return fmt.Errorf("%s: nodes of the family %s cannot be read from a bundle", f.stored.Name, f.stored.System)
	}
	if err := keeper.Recall(f.stored.Evidence); err != nil {
		return fmt.Errorf("%s: the evidence is damaged: %w", f.stored.Name, err)
	}
	return nil
}

// takeFor routes the files of one source to the candidates in whose directory
// they lie.
func takeFor(all []*found, source int) func(string) Take {
	var mine []*found
	for _, f := range all {
		if f.source == source {
			mine = append(mine, f)
		}
	}
	return func(name string) Take {
		for _, f := range mine {
			rel := name
			if f.candidate.Dir != "." {
				var ok bool
				if rel, ok = strings.CutPrefix(name, f.candidate.Dir+"/"); !ok {
					continue
				}
			}
			if take := f.reading.Take(rel); take != nil {
				return take
			}
		}
		return nil
	}
}

// nameAll gives every candidate a unique name: NAME= if the input holds one
// candidate only, else the first element of its path that tells it from the
// others.
func nameAll(all []*found, sources []Source) {
	perSource := map[int]int{}
	for _, f := range all {
		perSource[f.source]++
	}
	var free []*found
	for _, f := range all {
		name := sources[f.source].Name()
		switch {
		case f.stored != nil && (name == "" || perSource[f.source] > 1):
			f.name = f.stored.Name
		case name != "" && perSource[f.source] == 1:
			f.name = name
		case name != "":
			f.name = path.Join(name, f.candidate.Dir)
		default:
			free = append(free, f)
		}
	}
	paths := make([][]string, len(free))
	for i, f := range free {
		p := path.Join(trimArchive(path.Clean(strings.ReplaceAll(sources[f.source].Path(), "\\", "/"))), f.candidate.Dir)
		paths[i] = strings.Split(strings.TrimPrefix(p, "/"), "/")
	}
	common := commonPrefix(paths)
	for i, f := range free {
		rest := paths[i][common:]
		if len(rest) == 0 {
			rest = paths[i][len(paths[i])-1:]
		}
		f.name = rest[0]
	}
	var ambiguous []int // not unique yet: they take the whole rest of the path
	for i, f := range free {
		if count(all, f.name) > 1 {
			ambiguous = append(ambiguous, i)
		}
	}
	for _, i := range ambiguous {
		free[i].name = strings.Join(paths[i][min(common, len(paths[i])-1):], "/")
	}
	for i, f := range all { // the same path twice, or NAME= twice
		if first := slices.IndexFunc(all, func(g *found) bool { return g.name == f.name }); first != i {
			for n := 2; ; n++ {
				if name := fmt.Sprintf("%s#%d", f.name, n); count(all, name) == 0 {
					f.name = name
					break
				}
			}
		}
	}
}

func count(all []*found, name string) int {
	n := 0
	for _, f := range all {
		if f.name == name {
			n++
		}
	}
	return n
}

// commonPrefix returns the number of leading elements that all paths share,
// leaving at least one element to each; a single path keeps its last.
func commonPrefix(paths [][]string) int {
	if len(paths) == 0 {
		return 0
	}
	n := len(paths[0]) - 1
	for _, p := range paths[1:] {
		n = min(n, len(p)-1)
		for i := range n {
			if p[i] != paths[0][i] {
				n = i
				break
			}
		}
	}
	return n
}

// trimArchive drops the ending of an archive name.
func trimArchive(p string) string {
	for _, end := range []string{".tar.gz", ".tar.zst", ".tgz", ".tzst", ".tar", ".zip"} {
		if rest, ok := strings.CutSuffix(p, end); ok {
			return rest
		}
	}
	return p
}

// SortFindings orders findings by severity, ID, node and detail.
func SortFindings(list []Finding) {
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Detail, b.Detail))
	})
}

// ErrNoNodes says that no input held a node directory.
var ErrNoNodes = errors.New("no node directory was recognised")
