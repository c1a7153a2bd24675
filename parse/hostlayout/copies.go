package hostlayout

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// markCopies marks the directories that are old copies of others in the same
// tree: X.bak beside X, and revisions of a snap that are not the current one.
func (w *walk) markCopies(found []Found) {
	byPath := map[string]int{}
	for i, f := range found {
		byPath[f.Path()] = i
	}
	for i := range found {
		f := &found[i]
		p := f.Path()
		if _, ok := byPath[strings.TrimSuffix(p, ".bak")]; ok && strings.HasSuffix(p, ".bak") && !f.Stale {
			f.stale("copy of " + strings.TrimSuffix(path.Base(p), ".bak") + " beside it")
		}
		for up := path.Dir(p); up != "." && p != "."; up = path.Dir(up) {
			if _, ok := byPath[up]; ok {
				f.note("lies inside the raft directory " + up)
				break
			}
		}
	}
	w.markRevisions(found)
}

func (f *Found) note(text string) {
	if f.Note != "" {
		text = f.Note + "; " + text
	}
	f.Note = text
}

func (f *Found) stale(text string) {
	f.Stale = true
	f.note(text)
}

// backend is where MicroK8s keeps its database below a revision.
const backend = "/var/kubernetes/backend"

// markRevisions keeps one revision of every MicroK8s: the one that the link
// "current" leads to, else the directory of that name, else the highest.
func (w *walk) markRevisions(found []Found) {
	snaps := map[string][]int{} // directory that holds the revisions
	for i, f := range found {
		if rev, ok := strings.CutSuffix(f.Path(), backend); ok && f.Product == MicroK8s && isRevision(path.Base(rev)) {
			snaps[path.Dir(rev)] = append(snaps[path.Dir(rev)], i)
		}
	}
	revision := func(i int) string { return path.Base(strings.TrimSuffix(found[i].Path(), backend)) }
	for snap, list := range snaps {
		if len(list) < 2 {
			continue
		}
		live := slices.MaxFunc(list, func(a, b int) int {
			return cmp.Compare(revisionNumber(revision(a)), revisionNumber(revision(b)))
		})
		how := "the highest revision, as the link current is missing"
		link := ""
		if d := w.dirs[snap]; d != nil {
			link = d.current
		}
		for _, i := range list {
			if r := revision(i); r == "current" || r == link {
				live, how = i, "the current revision"
			}
		}
		for _, i := range list {
			if i != live {
				found[i].stale(fmt.Sprintf("revision %s of the snap; %s is %s", revision(i), revision(live), how))
			}
		}
	}
}

// isRevision recognises the directory names of snapd: 7661, x1, current.
func isRevision(name string) bool {
	return name == "current" || digits(strings.TrimPrefix(name, "x"), 9)
}

// revisionNumber orders revisions; local ones (x1) come after those of the
// store, as nothing but the link tells.
func revisionNumber(name string) int {
	local := strings.HasPrefix(name, "x")
	n, _ := strconv.Atoi(strings.TrimPrefix(name, "x")) // isRevision has seen the digits
	if local {
		n += 1 << 30
	}
	return n
}
