package wesql

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/wesql"
)

// A store is one branch of an object store.
type store struct {
	Dir                string // below the root of the node
	Region, Bucket     string // as far as the path tells
	Repository, Branch string
	Lock               bool // data.lock is there
	Indexes            []archiveIndex
	Current            *archiveIndex // the one with the highest term
	Slices             []slice
	Missing            []wesql.Slice // listed and not there
	Unlisted           []slice       // there and not listed
	Wrong              []slice       // listed, of the wrong size
	Snapshots          []wesql.Snapshot
	SnapshotParts      map[string]bool // keys of parts that are there
	Clusters           map[string]wesql.ClusterInfo
	Expiry             time.Time // of the lease, zero if there is none
	Recovering         []string  // snapshot_status objects
	First, Last, Term  uint64    // of the archived log
	Listed             uint64    // last index according to the index
	Runs               []run
	Bad                []badEntry
	Damage             []parse.Damage
	large              map[uint64]bool
	InData             bool // inside of a data directory
	Breaks             []parse.Span
	UnlistedLast       uint64
}

type archiveIndex struct {
	wesql.ArchiveIndex
	Term uint64
}

// A slice is a piece of an archived log.
type slice struct {
	wesql.SliceName
	Path   string
	Size   int64
	From   int64 // offset of its first byte in the log
	Listed bool
	Joined bool // its entries belong to the log that the store gives
	Line   parse.Span
	Want   int64 // size that the index implies
	Log    *wesql.Log
	Ledger *ledger
}

// findStore looks for a branch of a store below the root of the node.
func (m *model) findStore(errs *[]error) {
	const maxDepth = 8 // repository and branch below a directory beside the data
	root := ""
	switch m.Layout {
	case layoutPlain:
		return
	case layoutStore:
		root = m.Data
	default:
		var dirs []string
		for d := range m.dirs {
			if depth(d) <= maxDepth && (path.Base(path.Dir(d)) != "snapshot") && m.storeAt(d) {
				dirs = append(dirs, d)
			}
		}
		slices.SortFunc(dirs, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
		if len(dirs) == 0 {
			return
		}
		root = dirs[0]
		want := m.Conf.WeSQL.Repository.V + "/" + m.Conf.WeSQL.Branch.V
		for _, d := range dirs {
			if strings.HasSuffix(d, "/"+want) {
				root = d
			}
		}
	}
	m.Store = m.readStore(root, errs)
	m.Store.InData = m.Layout == layoutServer
}

// storeAt is isStore without reading directories again.
func (m *model) storeAt(d string) bool {
	if _, ok := m.sizes[path.Join(d, "snapshot", "snapshot.index")]; ok {
		return true
	}
	if _, ok := m.sizes[path.Join(d, "data.lock")]; ok && (m.dirs[path.Join(d, "binlog")] || m.dirs[path.Join(d, "cluster_mgmt")]) {
		return true
	}
	for name := range m.sizes {
		if path.Dir(name) == path.Join(d, "binlog") {
			if _, ok := wesql.ParseIndexName(path.Base(name)); ok {
				return true
			}
		}
	}
	return false
}

// readStore reads the small objects of a branch and puts the slices in order.
func (m *model) readStore(root string, errs *[]error) *store {
	s := &store{Dir: root, Clusters: map[string]wesql.ClusterInfo{}, SnapshotParts: map[string]bool{}, large: map[uint64]bool{}}
	if parts := strings.Split(path.Join(m.where, root), "/"); parts[0] != "." {
		n := len(parts)
		set := func(to *string, back int) {
			if n >= back {
				*to = parts[n-back]
			}
		}
		set(&s.Branch, 1)
		set(&s.Repository, 2)
		set(&s.Bucket, 3)
		set(&s.Region, 4)
	}
	read := func(name string) []byte {
		b, err := m.read(name, wesql.MaxText)
		if err != nil {
			*errs = append(*errs, err)
		}
		return b
	}
	var names []string
	for name := range m.sizes {
		if root == "." || strings.HasPrefix(name, root+"/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		rel := strings.TrimPrefix(name, root+"/")
		dir, base := path.Dir(rel), path.Base(rel)
		switch {
		case rel == "data.lock":
			s.Lock = true
		case dir == "binlog":
			if term, ok := wesql.ParseIndexName(base); ok {
				x := archiveIndex{wesql.ParseArchiveIndex(name, read(name)), term}
				s.Indexes = append(s.Indexes, x)
				s.Damage = append(s.Damage, x.Damage...)
			} else if n, ok := wesql.ParseSliceName(base); ok {
				s.Slices = append(s.Slices, slice{SliceName: n, Path: name, Size: m.sizes[name], From: n.End - m.sizes[name], Log: m.Logs[name], Ledger: m.ledgers[name]})
			}
		case rel == "snapshot/snapshot.index":
			list, damage := wesql.ParseSnapshotIndex(name, read(name))
			s.Snapshots, s.Damage = list, append(s.Damage, damage...)
		case strings.HasPrefix(rel, "snapshot/"):
			part := strings.Split(rel, "/")[1]
			s.SnapshotParts[part] = true
		case strings.HasPrefix(dir, "cluster_mgmt/") && base == "cluster_info":
			c := wesql.ParseClusterInfo(name, read(name))
			s.Clusters[path.Base(dir)] = c
			s.Damage = append(s.Damage, c.Damage...)
		case base == "lease_lock" && strings.HasSuffix(dir, "locks"):
			s.lease(read(name))
		case strings.HasPrefix(base, "snapshot_status_"):
			s.Recovering = append(s.Recovering, name)
		}
	}
	s.join()
	if snap := s.snapshot(); snap != nil { // the keys tell too
		if repo, rest, ok := strings.Cut(snap.InnoDB, "/"); ok {
			if branch, _, ok := strings.Cut(rest, "/"); ok {
				s.Repository, s.Branch = repo, branch
			}
		}
	}
	return s
}

// lease reads the expiry of the data node's lease: milliseconds as text.
func (s *store) lease(b []byte) {
	var ms int64
	for _, c := range b {
		if c < '0' || c > '9' || ms > 1<<50 {
			return
		}
		ms = ms*10 + int64(c-'0')
	}
	if ms > 0 {
		s.Expiry = time.UnixMilli(ms).UTC()
	}
}

// join puts the slices that the newest index names into one log.
func (s *store) join() {
	slices.SortFunc(s.Indexes, func(a, b archiveIndex) int { return cmp.Compare(a.Term, b.Term) })
	slices.SortFunc(s.Slices, func(a, b slice) int {
		return cmp.Or(strings.Compare(a.log(), b.log()), cmp.Compare(a.End, b.End), cmp.Compare(a.Term, b.Term))
	})
	if n := len(s.Indexes); n > 0 {
		s.Current = &s.Indexes[n-1]
	}
	if s.Current != nil {
		s.match()
	}
	var at string
	var end int64
	for i := range s.Slices {
		x := &s.Slices[i]
		if x.log() != at {
			at, end = x.log(), 0
		}
		if !x.Listed {
			if s.Current != nil {
				s.Unlisted = append(s.Unlisted, *x)
			}
			if x.From != end || s.Current != nil && x.End <= s.listedEnd(at) {
				continue // an older copy, or nothing that fits
			}
		} else if x.From != end {
			s.Breaks = append(s.Breaks, x.Line)
		}
		end = x.End
		x.Joined = true
		s.add(x)
	}
}

// log is the name of the archived log.
func (x slice) log() string { return x.SliceName.Log }

func (s *store) listedEnd(log string) (end int64) {
	for _, l := range s.Current.Slices {
		if l.Log == log {
			end = max(end, l.End)
		}
	}
	return end
}

// match compares the index with what is there.
func (s *store) match() {
	ends := map[string]int64{}
	for _, l := range s.Current.Slices {
		s.Listed = max(s.Listed, l.Last)
		i := slices.IndexFunc(s.Slices, func(x slice) bool { return path.Base(x.Path) == l.Name })
		want := l.End - ends[l.Log]
		ends[l.Log] = l.End
		if i < 0 {
			s.Missing = append(s.Missing, l)
			continue
		}
		x := &s.Slices[i]
		x.Listed, x.Line, x.Want = true, l.Span, want
		if x.Size != want {
			s.Wrong = append(s.Wrong, *x)
		}
	}
}

// add takes the entries of a slice.
func (s *store) add(x *slice) {
	if x.Ledger == nil {
		return
	}
	for _, r := range x.Ledger.Runs {
		if n := len(s.Runs) - 1; n >= 0 && s.Runs[n].Term == r.Term && s.Runs[n].last()+1 == r.First {
			s.Runs[n].Digests = append(slices.Clip(s.Runs[n].Digests), r.Digests...)
		} else {
			s.Runs = append(s.Runs, r)
		}
		if s.First == 0 {
			s.First = r.First
		}
		if r.last() >= s.Last {
			s.Last, s.Term = r.last(), r.Term
		}
		if !x.Listed && s.Current != nil {
			s.UnlistedLast = max(s.UnlistedLast, r.last())
		}
	}
	s.Bad = append(s.Bad, x.Ledger.Bad...)
	for i := range x.Ledger.Large {
		s.large[i] = true
	}
	if x.Log != nil {
		s.Damage = append(s.Damage, x.Log.Damage...)
	}
}

// snapshot returns the newest snapshot.
func (s *store) snapshot() *wesql.Snapshot {
	if len(s.Snapshots) == 0 {
		return nil
	}
	return &s.Snapshots[len(s.Snapshots)-1]
}

// usable reports whether the store can rebuild a data node, and how far it
// reaches. why says what is missing.
func (s *store) usable() (index uint64, ok bool, why string) {
	snap := s.snapshot()
	switch {
	case snap == nil:
		return 0, false, "no snapshot was ever taken"
	case s.Current == nil:
		return 0, false, "the archive of the log has no index"
	case !s.Lock:
		return 0, false, "data.lock is missing"
	case len(s.Missing) > 0:
		return 0, false, "slice " + s.Missing[0].Name + " is missing"
	case len(s.Wrong) > 0:
		return 0, false, "slice " + path.Base(s.Wrong[0].Path) + " has the wrong size"
	case len(s.Bad) > 0:
		return 0, false, "the archived log is damaged"
	case snap.Index > s.Listed:
		return 0, false, "the newest snapshot is newer than the archived log"
	}
	for _, key := range []string{snap.InnoDB, snap.Engine} {
		if base := path.Base(strings.TrimSuffix(key, "/")); !s.SnapshotParts[base] {
			return 0, false, "the snapshot's part " + base + " is missing"
		}
	}
	return s.Listed, true, ""
}
