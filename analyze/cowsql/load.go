package cowsql

import (
	"cmp"
	"fmt"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/parse/cowsql"
)

// bootstrapID is the id of the first node of a go-dqlite or go-cowsql
// application; id 1 bootstraps as well (cowsql src/server.c).
const bootstrapID = 0x2dc171858c3155be

// A failure is a return code of the C library.
type failure uint8

const (
	okay failure = iota
	corrupt
	ioerr
	malformed
	invalid
)

// A loaded segment: its position in the log that the loader builds.
type piece struct {
	File  string // name before the load
	First uint64 // index of its first entry
	N     uint64
	Run   *cowsql.Run // nil if the content was not read
}

// A load is what the library makes of a directory.
type load struct {
	Implementation Implementation
	Outcome        analyze.Outcome
	Stage          string // raft_init, raft_bootstrap, raft_start
	Message        string // behind the stage's prefix, as printed
	Changes        []analyze.Change

	Term, Vote uint64
	Metadata   string    // the file that is authoritative, "" if none
	Snapshot   *snapshot // the one that is loaded, nil if none
	Start      uint64    // index of the first entry
	Pieces     []piece
	LastIndex  uint64
	LastTerm   uint64
	SetAside   []string // segments renamed to corrupt-*
	CutOff     []string // open segments cut in front of damaged batches
	Bootstraps bool     // writes a first configuration of its own
	LosesRows  bool     // the snapshot restore leaves out pages without a word

	loads   bool // the load itself succeeds, whatever the restore does then
	changed int  // number of Changes that come before the restore
}

// err renders the message as the server prints it.
func (l *load) err() string {
	if l.Outcome != analyze.Refuses {
		return ""
	}
	return l.Stage + "(): " + l.Message
}

// starts reports whether the node would run.
func (l *load) starts() bool { return l.Outcome == analyze.Clean || l.Outcome == analyze.Discards }

// A simulation is one run of the loader over a copy of the listing.
type simulation struct {
	load
	dir    *directory
	names  *listing // the directory as it changes
	errmsg string   // raft_io.errmsg: survives where the C code does not write it
	id     uint64
	boot   bool
}

// simulate runs the steps of a node start (src/uv.c uvInit, uvLoad; cowsql
// src/server.c) on the model of a directory. id is the node's own id, 0 if
// unknown.
func simulate(d *directory, im Implementation, id uint64) *load {
	s := &simulation{dir: d, names: newListing(d.Files), id: id}
	s.Implementation = im
	s.Outcome = analyze.Clean
	s.boot = id == 1 || id == bootstrapID
	s.run()
	return &s.load
}

func (s *simulation) run() {
	s.loads = s.initAndLoad()
	s.changed = len(s.Changes)
	if !s.loads {
		return
	}
	if !s.checkEntries() {
		return
	}
	s.restore()
	if s.starts() && s.Implementation.OpensAtStart {
		s.change("create", "open-1", "")
		s.change("create", "open-2", "")
	}
}

// initAndLoad is everything up to the restore of the snapshot. It reports
// whether that succeeds.
func (s *simulation) initAndLoad() bool {
	s.maintenance()
	if f := s.metadata(); f != okay {
		s.refuse("raft_init")
		return false
	}
	if s.boot && s.Term == 0 {
		s.Bootstraps = true
		s.change("create", "metadata1", "")
		const first = "0000000000000001-0000000000000001"
		s.Term, s.Vote = 1, 0
		if s.names.get(first) != nil {
			s.Outcome, s.Stage, s.Message = analyze.Refuses, "raft_bootstrap", ""
			return false
		}
		s.change("create", first, "")
		run := cowsql.NewRun([]cowsql.Entry{{Term: 1, Type: cowsql.Change}})
		s.names.put(&file{Name: cowsql.ParseName(first), Size: 80, Segment: &cowsql.Segment{File: first, Size: 80, Format: 1, Run: *run}})
	}
	f := s.pass()
	if f == corrupt && s.Outcome == analyze.Clean {
		f = s.pass()
	}
	if f != okay && s.Outcome == analyze.Clean {
		s.refuse("raft_start")
	}
	return s.Outcome == analyze.Clean
}

// refuse ends the simulation with the message so far.
func (s *simulation) refuse(stage string) {
	s.Outcome, s.Stage = analyze.Refuses, stage
	s.Message = cutMessage("io: " + s.errmsg)
}

// cutMessage cuts at the size of the library's buffer.
func cutMessage(m string) string {
	if len(m) > 255 {
		return m[:255]
	}
	return m
}

// printf and wrap are ErrMsgPrintf and ErrMsgWrapf.
func (s *simulation) printf(format string, args ...any) {
	s.errmsg = cutMessage(fmt.Sprintf(format, args...))
}

func (s *simulation) wrap(format string, args ...any) {
	s.errmsg = cutMessage(fmt.Sprintf(format, args...) + ": " + s.errmsg)
}

func (s *simulation) change(op, name, to string) {
	s.Changes = append(s.Changes, analyze.Change{Op: op, File: name, To: to})
}

func (s *simulation) remove(name string) {
	s.change("remove", name, "")
	s.names.drop(name)
}

// maintenance deletes unfinished files and halves of snapshots.
func (s *simulation) maintenance() {
	for _, f := range s.names.all() {
		name := f.Name.File
		switch n := f.Name; n.Kind {
		case cowsql.KindTemporary:
			s.remove(name)
		case cowsql.KindSnapshotData:
			if s.names.get(cowsql.SnapshotName(n.Term, n.Index, n.Timestamp)+".meta") == nil {
				s.remove(name)
			}
		case cowsql.KindSnapshotMeta:
			if s.names.get(cowsql.SnapshotName(n.Term, n.Index, n.Timestamp)) == nil {
				s.remove(name)
			}
		}
	}
}

// metadata chooses between metadata1 and metadata2 (src/uv_metadata.c).
func (s *simulation) metadata() failure {
	var found [2]cowsql.MetadataFile
	for i := range found {
		name := fmt.Sprintf("metadata%d", i+1)
		f := s.names.get(name)
		if f == nil {
			continue
		}
		switch {
		case f.Size < cowsql.MetadataSize:
			s.remove(name)
			continue
		case f.Size > cowsql.MetadataSize:
			s.printf("%s has size %d instead of 32", name, f.Size)
			return corrupt
		}
		m := f.Metadata
		switch {
		case m.Format != 1:
			s.printf("decode content of %s: bad format version %d", name, m.Format)
			return malformed
		case m.Version == 0:
			s.printf("decode content of %s: version is set to zero", name)
			return corrupt
		}
		found[i] = m
	}
	a, b := found[0], found[1]
	switch {
	case a.Version == 0 && b.Version == 0:
		return okay
	case a.Version == b.Version:
		s.printf("metadata1 and metadata2 are both at version %d", a.Version)
		return corrupt
	case a.Version > b.Version:
		s.Term, s.Vote, s.Metadata = a.Term, a.VotedFor, "metadata1"
	default:
		s.Term, s.Vote, s.Metadata = b.Term, b.VotedFor, "metadata2"
	}
	return okay
}

// pass is uvLoadSnapshotAndEntries.
func (s *simulation) pass() failure {
	s.Snapshot, s.Start, s.Pieces = nil, 1, nil
	snapshots, segments := s.names.raftFiles()
	if len(snapshots) > 0 {
		f := okay
		for i := len(snapshots) - 1; i >= 0; i-- {
			if f = s.loadSnapshot(snapshots[i]); f == okay {
				s.Snapshot = snapshots[i]
				break
			}
			if s.Outcome != analyze.Clean || !s.Implementation.Fallback {
				break
			}
		}
		if s.Outcome != analyze.Clean || f != okay {
			return f
		}
		if segments, f = s.filter(segments); f != okay {
			return f
		}
		s.Start = s.Snapshot.Index + 1
		if len(segments) > 0 && segments[0].Name.Kind == cowsql.KindClosed {
			s.Start = segments[0].Name.First
		}
	}
	next := s.Start
	if len(segments) > 0 {
		var f failure
		if next, f = s.loadSegments(segments); f != okay {
			return f
		}
		if s.Snapshot != nil && next-1 < s.Snapshot.Index {
			s.printf("last entry on disk has index %d, which is behind last snapshot's index %d", next-1, s.Snapshot.Index)
			return corrupt
		}
	}
	s.LastIndex = next - 1
	s.LastTerm = 0
	if n := len(s.Pieces); n > 0 {
		if p := s.Pieces[n-1]; p.Run != nil {
			s.LastTerm = p.Run.TermAt(p.Run.Len() - 1)
		}
	} else if s.Snapshot != nil {
		s.LastTerm, s.LastIndex = s.Snapshot.Term, s.Snapshot.Index
	}
	return okay
}

// mergeSort sorts segments as the library's comparison does under the C
// library's merge sort. For overlapping ranges the comparison says "after" in
// both directions, so that the result depends on the algorithm and on the
// order of the listing, which libuv sorts by name.
func mergeSort(list []*file) []*file {
	if inOrder(list) {
		return list
	}
	half := len(list) / 2
	a, b := mergeSort(list[:half]), mergeSort(list[half:])
	out := make([]*file, 0, len(list))
	for len(a) > 0 && len(b) > 0 {
		if segmentBefore(a[0].Name, b[0].Name) {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// inOrder reports whether the comparison puts every file before the next one;
// the merge sort leaves such a list as it is.
func inOrder(list []*file) bool {
	for i := 1; i < len(list); i++ {
		if !segmentBefore(list[i-1].Name, list[i].Name) {
			return false
		}
	}
	return true
}

// segmentBefore is uvSegmentInfoCompare(x, y) < 0.
func segmentBefore(x, y cowsql.Name) bool {
	switch {
	case x.Kind != y.Kind:
		return x.Kind == cowsql.KindClosed
	case x.Kind == cowsql.KindOpen:
		return x.Counter < y.Counter
	}
	return y.First > x.Last
}

// loadSnapshot is UvSnapshotLoad.
func (s *simulation) loadSnapshot(sn *snapshot) failure {
	m := sn.Meta.Meta
	switch m.Stop {
	case cowsql.MetaShortHeader:
		s.printf("short read: %d bytes instead of 32", m.Got)
		return ioerr
	case cowsql.MetaFormat:
		return malformed
	case cowsql.MetaLength:
		return corrupt
	case cowsql.MetaShortBody:
		s.printf("short read: %d bytes instead of %d", m.Got, m.Length)
		return ioerr
	case cowsql.MetaChecksum:
		s.printf("read %s: checksum mismatch", sn.Meta.Name.File)
		return corrupt
	case cowsql.MetaConfiguration:
		return malformed
	}
	if sn.Data.Snapshot == nil {
		return okay // not read
	}
	lz4, size := sn.Data.Snapshot.LZ4, sn.Data.Size
	switch {
	case s.Implementation.LZ4Only:
		return s.loadStream(lz4, size)
	case lz4.Used:
		return s.loadFrame(lz4)
	}
	return okay
}

// loadFrame is Decompress (src/compress.c): the whole file at once into a
// buffer of the stated size. It ends with the frame, with an error, or never.
func (s *simulation) loadFrame(lz4 cowsql.LZ4) failure {
	switch {
	case lz4.Header:
		s.printf("LZ4F_getFrameInfo %s", lz4.Err)
	case lz4.Cut, lz4.Over, !lz4.HasSize && lz4.Read > 0:
		s.Outcome = analyze.Hangs
	case lz4.Err != "":
		s.printf("LZ4F_decompress %s", lz4.Err)
	default:
		return okay
	}
	return ioerr
}

// loadStream is UvFsReadCompressedFile (canonical/dqlite src/raft/uv_fs.c): it
// ends as soon as it has the stated size, or with an error.
func (s *simulation) loadStream(lz4 cowsql.LZ4, size int64) failure {
	const shortest = 7 // LZ4F_HEADER_SIZE_MIN
	complete := lz4.HasSize && uint64(lz4.Read) >= lz4.Size
	switch {
	case size < shortest:
		s.printf("compressed file is too short")
		return invalid
	case !lz4.Used:
		s.printf("LZ4F_getFrameInfo ERROR_frameType_unknown")
	case lz4.Header:
		s.printf("LZ4F_getFrameInfo %s", lz4.Err)
	case lz4.Size == 0:
		s.Outcome = analyze.Unknown // goes on with a buffer that it never set
	case complete && (lz4.Cut || lz4.Over), lz4.Err == "":
		return okay
	case lz4.Cut:
		s.printf("short read: %d bytes instead of %d", lz4.Read, lz4.Size)
	default:
		s.printf("LZ4F_decompress %s", lz4.Err)
	}
	return ioerr
}

// filter is uvFilterSegments.
func (s *simulation) filter(segments []*file) ([]*file, failure) {
	if len(segments) == 0 || segments[0].Name.Kind == cowsql.KindOpen {
		return segments, okay
	}
	j := len(segments) - 1
	open := segments[j].Name.Kind == cowsql.KindOpen
	for segments[j].Name.Kind == cowsql.KindOpen {
		j--
	}
	if segments[j].Name.Last < s.Snapshot.Index && !open {
		return nil, okay
	}
	i := j
	for i > 0 && segments[i-1].Name.Last == segments[i].Name.First-1 {
		i--
	}
	if segments[i].Name.First > s.Snapshot.Index+1 {
		s.printf("closed segment %s is past last snapshot %s", segments[i].Name.File, s.Snapshot.Data.Name.File)
		return nil, corrupt
	}
	return segments[i:], okay
}

// loadSegments is uvSegmentLoadAll.
func (s *simulation) loadSegments(segments []*file) (next uint64, f failure) {
	next = s.Start
	if s.Implementation.Asserts && s.Start == 0 {
		s.Outcome = analyze.Crashes
		return next, corrupt
	}
	for i, seg := range segments {
		if seg.Name.Kind == cowsql.KindOpen {
			name, first := seg.Name.File, next
			if next, f = s.loadOpen(seg, first); f == okay && next > first {
				name = cowsql.ClosedName(first, next-1)
			}
			s.wrap("load open segment %s", name) // without an error too
			if s.Outcome != analyze.Clean {
				return next, f
			}
			if f == corrupt {
				s.setAside(segments[i:])
			}
			if f != okay {
				return next, f
			}
			continue
		}
		if s.Implementation.Asserts && (seg.Name.First < s.Start || seg.Name.First > seg.Name.Last) {
			s.Outcome = analyze.Crashes
			return next, corrupt
		}
		if seg.Name.First != next {
			s.printf("unexpected closed segment %s: first index should have been %d", seg.Name.File, next)
			return next, corrupt
		}
		if f = s.loadClosed(seg); f != okay {
			s.wrap("load closed segment %s", seg.Name.File)
			if f == corrupt && (i == len(segments)-1 || segments[i+1].Name.Kind == cowsql.KindOpen) {
				s.setAside(segments[i:])
			}
			return next, f
		}
		p := piece{File: cmp.Or(seg.Was, seg.Name.File), First: next, N: seg.Name.Last - seg.Name.First + 1}
		if seg.Segment != nil {
			p.Run = &seg.Segment.Run
		}
		s.Pieces = append(s.Pieces, p)
		next += p.N
	}
	return next, okay
}

// setAside is what automatic recovery does: rename to corrupt-*.
func (s *simulation) setAside(segments []*file) {
	for _, seg := range segments {
		name := seg.Name.File
		if s.names.get(name) == nil {
			continue // an open segment that was closed or removed before
		}
		s.change("rename", name, "corrupt-<time>-"+name)
		s.SetAside = append(s.SetAside, name)
		s.names.drop(name)
	}
}

// wrapBatch names the batch that does not hold. Where its checksums are there
// and its count is not, the loader has moved on by then.
func (s *simulation) wrapBatch(seg *cowsql.Segment) {
	at := seg.StopAt
	switch {
	case seg.Stop == cowsql.EndOfFile:
		at = seg.End
	case seg.Stop == cowsql.ShortPreamble && seg.Size-at >= 8:
		at += 8
	}
	s.wrap("entries batch %d starting at byte %d", seg.Batches+1, at)
}

// batchMessage writes the message of uvLoadEntriesBatch and returns its code.
func (s *simulation) batchMessage(seg *cowsql.Segment) failure {
	f := corrupt
	short := func(what string) {
		s.printf("%s: short read: %d bytes instead of %d", what, seg.StopLeft, seg.StopWant)
		f = ioerr
	}
	switch seg.Stop {
	case cowsql.ShortPreamble:
		short("read preamble")
	case cowsql.ShortHeader:
		short("read header")
	case cowsql.ShortData:
		short("read data")
	case cowsql.CountZero:
		s.printf("entries count in preamble is zero")
	case cowsql.CountTooHigh:
		s.printf("entries count %d in preamble is too high", seg.StopCount)
	case cowsql.HeaderChecksum:
		s.printf("header checksum mismatch")
	case cowsql.DataChecksum:
		s.printf("data checksum mismatch")
	case cowsql.BadType:
		f = malformed // without a message: what was there before is printed
	}
	return f
}

func (s *simulation) loadClosed(f *file) failure {
	seg := f.Segment
	if seg == nil {
		return okay // not read: --quick trusts the name
	}
	switch seg.Stop {
	case cowsql.EmptyFile:
		s.printf("file is empty")
		return corrupt
	case cowsql.ShortFile:
		s.printf("file has only %d bytes", f.Size)
		return ioerr
	case cowsql.BadFormat:
		s.printf("unexpected format version %d", seg.Format)
		return corrupt
	}
	if seg.Stop == cowsql.EndOfFile && seg.Len() == 0 { // the format word alone
		s.printf("read preamble: short read: 0 bytes instead of 8")
		s.wrapBatch(seg)
		return ioerr
	}
	if seg.Stop != cowsql.EndOfFile {
		code := s.batchMessage(seg)
		s.wrapBatch(seg)
		return code
	}
	if want := uint32(f.Name.Last - f.Name.First + 1); uint64(seg.Len()) != uint64(want) {
		s.printf("found %d entries (expected %d)", seg.Len(), want)
		return corrupt
	}
	return okay
}

func (s *simulation) loadOpen(f *file, next uint64) (uint64, failure) {
	seg, name := f.Segment, f.Name.File
	switch {
	case seg == nil:
		return next, okay // it could not be read, and the report says so
	case seg.Stop == cowsql.EmptyFile, seg.AllZero:
		s.remove(name)
		return next, okay
	case seg.Stop == cowsql.ShortFile:
		s.printf("file has only %d bytes", f.Size)
		return next, ioerr
	case seg.Stop == cowsql.BadFormat:
		s.printf("unexpected format version %d", seg.Format)
		return next, corrupt
	}
	if seg.Stop != cowsql.EndOfFile || seg.Len() == 0 {
		var code failure
		if seg.Stop == cowsql.EndOfFile {
			s.printf("read preamble: short read: 0 bytes instead of 8")
			code = ioerr
		} else {
			code = s.batchMessage(seg)
		}
		if code != corrupt {
			if seg.Len() > 0 {
				// The buffer of the batches that were loaded is freed twice
				// (uvSegmentLoadOpen, then uvSegmentLoadAll).
				s.Outcome = analyze.Crashes
				return next, code
			}
			s.wrapBatch(seg)
			return next, code
		}
		if seg.Len() == 0 {
			s.remove(name)
			return next, okay
		}
		if seg.NonZero >= 0 {
			s.CutOff = append(s.CutOff, name)
		}
	}
	last := next + uint64(seg.Len()) - 1
	closed := cowsql.ClosedName(next, last)
	if seg.End < f.Size {
		s.change("truncate", name, "")
	}
	s.change("rename", name, closed)
	s.names.drop(name)
	whole := *seg
	whole.Stop, whole.Size = cowsql.EndOfFile, seg.End
	s.names.put(&file{Name: cowsql.ParseName(closed), Size: seg.End, Segment: &whole, Was: name})
	s.Pieces = append(s.Pieces, piece{name, next, uint64(seg.Len()), &seg.Run})
	return last + 1, okay
}
