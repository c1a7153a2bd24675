package innodb_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/redolog"
	"github.com/lastwrite/lastwrite/parse"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

const (
	small = 4096 // page size of the made files
	rseg0 = 6    // rollback segment in the system tablespace
	rseg1 = 3    // and in the undo tablespace
	undo1 = 4    // an undo log
)

var (
	groupA  = [16]byte{0xaa, 1, 2, 3}
	groupB  = [16]byte{0xbb, 1, 2, 3}
	xidAt   = redolog.XIDOffset(small)
	seqnoAt = xidAt + 36
	seqno   = func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
)

// A node is a made data directory: two rollback segments, one of them in an
// undo tablespace, at seqno 100 and 90; the checkpoint is at LSN 20000.
type node struct {
	sys, undo  *redolog.Space
	log        *redolog.Log
	checkpoint uint64
	end        uint64 // of the checkpoint
	file       []byte // the log, if it is not made of log
}

func newNode() *node {
	n := &node{sys: redolog.NewSpace(0, small, 10), undo: redolog.NewSpace(1, small, 6), log: redolog.New(12288, 16<<10), checkpoint: 20000}
	n.sys.PutTrxSys(15000, [2]uint32{}, redolog.Segment{Space: 0, Page: rseg0}, redolog.Segment{Space: 1, Page: rseg1})
	n.sys.PutSegment(rseg0, 15000, redolog.XID(groupA, 100))
	n.undo.PutSegment(rseg1, 15000, redolog.XID(groupA, 90))
	n.log.LSN = n.checkpoint
	return n
}

// stopped ends the log as a shutdown does.
func (n *node) stopped() *node {
	n.end = n.log.Confirm(n.checkpoint)
	return n
}

// crashed confirms the checkpoint, and names nothing.
func (n *node) crashed() *node { return n.stopped() }

func (n *node) files() innodb.Files {
	f := innodb.Files{System: []innodb.File{file("ibdata1", n.sys.Bytes)}}
	if n.undo != nil {
		f.Undo = []innodb.File{file("undo001", n.undo.Bytes)}
	}
	log := n.file
	if log == nil {
		log = n.log.File(n.checkpoint, n.end)
	}
	f.Log = []innodb.File{file("ib_logfile0", log)}
	return f
}

func file(name string, b []byte) innodb.File {
	return innodb.File{Name: name, At: bytes.NewReader(b), Size: int64(len(b))}
}

func (n *node) recover(t testing.TB, o innodb.Options) *innodb.Recovery {
	t.Helper()
	r, err := innodb.Recover(t.Context(), n.files(), o)
	require.NoError(t, err)
	return r
}

func causes(r *innodb.Recovery) (out []innodb.Cause) {
	for _, x := range r.Reasons {
		out = append(out, x.Cause)
	}
	return out
}

func TestStopped(t *testing.T) {
	r := newNode().stopped().recover(t, innodb.Options{})
	assert.Equal(t, "aa010203-0000-0000-0000-000000000000:100", r.Position.String())
	assert.Equal(t, "aa010203-0000-0000-0000-000000000000:100,0-0-0", r.Position.WithGTID())
	assert.Equal(t, innodb.Exact, r.Bound)
	assert.Equal(t, innodb.FromPages, r.From)
	assert.Equal(t, parse.Span{File: "ibdata1", Offset: int64(rseg0*small + xidAt), Length: 140, Field: "page[6].wsrep-xid"}, r.At)
	assert.True(t, r.Log.Clean)
	assert.Equal(t, innodb.FormatPhys, r.Log.Format)
	assert.Equal(t, "MariaDB 10.11.19", r.Log.Creator)
	assert.Equal(t, uint64(20016), r.Log.End)
	assert.Equal(t, int64(1), r.Log.Mtrs)
	assert.Equal(t, 2, r.Segments)
	assert.Empty(t, r.StartError)
	assert.Empty(t, r.Damage)
	assert.Empty(t, r.Reasons)
	assert.Nil(t, r.Beyond)
}

// TestRecords: each record does to a page what a server makes of it.
func TestRecords(t *testing.T) {
	for name, c := range map[string]struct {
		mtrs [][][]byte
		want int64
	}{
		"write": {mtrs: [][][]byte{{redolog.Write(0, rseg0, seqnoAt, seqno(101)...)}}, want: 101},
		"the greatest of several": {mtrs: [][][]byte{
			{redolog.Write(1, rseg1, seqnoAt, seqno(101)...)},
			{redolog.Write(0, rseg0, seqnoAt, seqno(102)...)},
			{redolog.Write(1, rseg1, seqnoAt, seqno(103)...)},
		}, want: 103},
		"the last byte alone":    {mtrs: [][][]byte{{redolog.Write(0, rseg0, seqnoAt+1, 2)}}, want: 100 + 2<<8},
		"same page, relative":    {mtrs: [][][]byte{{redolog.Write(0, rseg0, seqnoAt, 7), redolog.Same(0x30, 0, 1)}}, want: 7 + 1<<8},
		"memset":                 {mtrs: [][][]byte{{redolog.Memset(0, rseg0, seqnoAt, 2, 3)}}, want: 3 + 3<<8},
		"memset with a pattern":  {mtrs: [][][]byte{{redolog.Memset(0, rseg0, seqnoAt, 4, 1, 2)}}, want: 0x02010201},
		"memmove from below":     {mtrs: [][][]byte{{redolog.Write(0, rseg0, 40, seqno(500)...)}, {redolog.Memmove(0, rseg0, seqnoAt, 8, 40)}}, want: -1},
		"memmove from above":     {mtrs: [][][]byte{{redolog.Write(0, rseg0, seqnoAt+50, seqno(500)...), redolog.Memmove(0, rseg0, seqnoAt, 8, seqnoAt+50)}}, want: 500},
		"other pages":            {mtrs: [][][]byte{{redolog.Write(0, 7, seqnoAt, seqno(500)...), redolog.Write(2, rseg0, seqnoAt, seqno(500)...)}}, want: 100},
		"option":                 {mtrs: [][][]byte{{redolog.Record(0x70, []byte{0, rseg0, 1, 2, 3, 4, 5})}, {redolog.Write(0, rseg0, seqnoAt, seqno(101)...)}}, want: 101},
		"long records":           {mtrs: [][][]byte{{redolog.Write(0, 7, 100, make([]byte, 3000)...), redolog.Write(0, rseg0, seqnoAt, seqno(101)...)}}, want: 101},
		"made anew":              {mtrs: [][][]byte{{redolog.Init(1, rseg1), redolog.Same(0x30, append(redolog.Varint(uint32(xidAt-24)), redolog.XID(groupA, 300)...)...)}}, want: 300},
		"nothing but other work": {mtrs: [][][]byte{{redolog.Extended(0, 7, 2)}}, want: 100},
		"new rollback segment": {mtrs: [][][]byte{{
			redolog.Init(0, 8), redolog.Write(0, 8, xidAt, redolog.XID(groupA, 104)...), redolog.Memset(0, 8, redolog.UndoSlots, small/4, 0xff),
			redolog.Write(0, redolog.TrxSys, redolog.TrxSlots+16, 0, 0, 0, 0, 0, 0, 0, 8),
		}, {redolog.Write(0, 8, seqnoAt, seqno(105)...)}}, want: 105},
		"truncated undo tablespace": {mtrs: [][][]byte{
			{redolog.Write(1, rseg1, seqnoAt, seqno(900)...)},
			{redolog.Extended(1, 640, 10), redolog.Init(1, rseg1), redolog.Write(1, rseg1, xidAt, redolog.XID(groupA, 107)...), redolog.Memset(1, rseg1, redolog.UndoSlots, small/4, 0xff)},
		}, want: 107},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode().crashed()
			for _, m := range c.mtrs {
				n.log.Append(m...)
			}
			r := n.recover(t, innodb.Options{})
			assert.Equal(t, n.log.LSN, r.Log.End)
			assert.False(t, r.Log.Clean)
			assert.Empty(t, r.Damage)
			if c.want < 0 { // the segment is not usable after what was written to it
				assert.Equal(t, int64(90), r.Position.Seqno)
				return
			}
			assert.Equal(t, c.want, r.Position.Seqno)
			assert.Equal(t, innodb.UUID(groupA), r.Position.UUID)
			assert.Equal(t, innodb.Exact, r.Bound, "%v", r.Reasons)
		})
	}
}

// TestPageIsNewer: what a page has already is not done again.
func TestPageIsNewer(t *testing.T) {
	n := newNode().crashed()
	n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(101)...))
	n.sys.PutSegment(rseg0, n.log.LSN, redolog.XID(groupA, 101))
	start := n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(102)...))
	n.sys.PutSegment(rseg0, start, redolog.XID(groupA, 101))
	assert.Equal(t, int64(102), n.recover(t, innodb.Options{}).Position.Seqno)
	n.sys.PutSegment(rseg0, start+1, redolog.XID(groupA, 101))
	assert.Equal(t, int64(101), n.recover(t, innodb.Options{}).Position.Seqno)
}

func TestPageAhead(t *testing.T) {
	n := newNode().crashed()
	n.sys.PutSegment(rseg0, n.log.LSN+1, redolog.XID(groupA, 101))
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, int64(101), r.Position.Seqno)
	assert.Equal(t, innodb.AtLeast, r.Bound)
	assert.Equal(t, []innodb.Cause{innodb.PageAhead}, causes(r))
	assert.Equal(t, n.log.LSN+1, r.Reasons[0].LSN)
}

// TestMade: a start does not look at what the log makes anew.
func TestMade(t *testing.T) {
	n := newNode().crashed()
	n.log.Append(redolog.FileModify(9, "./t/a.ibd"), redolog.Write(9, 4, 100, 1))
	n.log.Append(redolog.Init(9, 3), redolog.Write(9, 3, 100, 1))
	n.log.Append(redolog.Free(1, 7))
	var made [][2]uint32
	n.recover(t, innodb.Options{Made: func(space, number uint32) { made = append(made, [2]uint32{space, number}) }})
	assert.Equal(t, [][2]uint32{{9, 3}, {1, 7}}, made)
}

// TestWrap: a log goes around its ring several times, and the sequence bit with
// it.
func TestWrap(t *testing.T) {
	for _, capacity := range []int{1024, 5000, 16 << 10, 1 << 17} {
		n := newNode()
		n.log = redolog.New(12288, capacity)
		for i := range 3000 {
			n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(uint64(1000+i))...), redolog.Write(0, 7, 50, make([]byte, i%200)...))
		}
		n.checkpoint = n.log.LSN
		n.end = n.log.Append(redolog.FileCheckpoint(n.checkpoint))
		last := uint64(0)
		for i := range 20 {
			if n.log.LSN+400 > n.checkpoint+uint64(capacity) {
				break
			}
			last = uint64(5000 + i)
			n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(last)...), redolog.Write(0, 7, 50, make([]byte, i%200)...))
		}
		r := n.recover(t, innodb.Options{})
		assert.Equal(t, int64(last), r.Position.Seqno, "%d", capacity)
		assert.Equal(t, n.log.LSN, r.Log.End, "%d", capacity)
		assert.Equal(t, innodb.Exact, r.Bound, "%d: %v", capacity, r.Reasons)
		assert.Nil(t, r.Beyond, "%d", capacity)
	}
}

// TestNamesInFrontOfTheCheckpoint: the record of a checkpoint may stand behind
// names of files and other mini-transactions.
func TestNamesInFrontOfTheCheckpoint(t *testing.T) {
	n := newNode()
	n.log.Append(redolog.Write(9, 3, 100, 1))
	n.end = n.log.Append(redolog.FileModify(9, "./t/a.ibd"))
	n.log.Confirm(n.checkpoint)
	exists := func(ok bool) innodb.Options {
		return innodb.Options{Exists: func(name string, space uint32) bool {
			assert.Equal(t, "./t/a.ibd", name)
			assert.Equal(t, uint32(9), space)
			return ok
		}}
	}
	r := n.recover(t, exists(true))
	assert.Empty(t, r.StartError)
	assert.True(t, r.Log.Confirmed)
	assert.False(t, r.Log.Clean)
	assert.Equal(t, innodb.Exact, r.Bound)
	assert.Equal(t, "InnoDB: Tablespace 9 was not found at ./t/a.ibd.", n.recover(t, exists(false)).StartError)
}

// TestNamesOfATablespace: a file under any name since the last FILE_DELETE
// will do. MariaDB logs a rename first and does it then; killed in between it
// recovers from the old name, and does the rename itself.
func TestNamesOfATablespace(t *testing.T) {
	const a, b, c = "./t/a.ibd", "./t/#sql-ib64.ibd", "./t/c.ibd"
	lost := "InnoDB: Tablespace 9 was not found at " + a + "."
	for name, tt := range map[string]struct {
		records [][]byte
		there   string
		want    string
	}{
		"renamed, not done":              {[][]byte{redolog.FileModify(9, a), redolog.FileRename(9, a, b)}, a, ""},
		"renamed, not done, no old name": {[][]byte{redolog.FileRename(9, a, b)}, a, ""},
		"renamed, done":                  {[][]byte{redolog.FileModify(9, a), redolog.FileRename(9, a, b)}, b, ""},
		"renamed twice, one done":        {[][]byte{redolog.FileRename(9, a, b), redolog.FileRename(9, b, c)}, b, ""},
		"renamed twice, none left":       {[][]byte{redolog.FileRename(9, a, b), redolog.FileRename(9, b, c)}, "", lost},
		"renamed and back":               {[][]byte{redolog.FileRename(9, a, b), redolog.FileRename(9, b, a)}, a, ""},
		"deleted under the new name":     {[][]byte{redolog.FileRename(9, a, b), redolog.FileDelete(9, b)}, "", ""},
		"deleted, and named again":       {[][]byte{redolog.FileDelete(9, a), redolog.FileModify(9, a)}, "", ""},
		"made":                           {[][]byte{redolog.FileDelete(9, a), redolog.Record(0x80, append([]byte{9, 0}, a...))}, "", ""},
		"the file of another":            {[][]byte{redolog.FileModify(8, b), redolog.FileModify(9, a)}, b, lost},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode().crashed()
			n.log.Append(tt.records...)
			n.log.Append(redolog.Write(9, 3, 100, 1))
			n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(101)...))
			r := n.recover(t, innodb.Options{Exists: func(name string, _ uint32) bool { return name == tt.there }})
			assert.Equal(t, tt.want, r.StartError)
			assert.Equal(t, int64(101), r.Position.Seqno)
		})
	}
}

func TestStartErrors(t *testing.T) {
	other := func(records ...[]byte) func(n *node) {
		return func(n *node) {
			n.crashed()
			n.log.Append(records...)
		}
	}
	for name, c := range map[string]struct {
		change func(n *node)
		want   string
		bound  innodb.Bound
		causes []innodb.Cause
	}{
		"page of an unknown tablespace": {other(redolog.Write(9, 3, 100, 1)),
			"InnoDB: Missing FILE_DELETE or FILE_MODIFY for [page id: space=9, page number=3] at 20026; set innodb_force_recovery=1 to ignore the record.", innodb.Exact, nil},
		"named": {other(redolog.FileModify(9, "./t/a.ibd"), redolog.Write(9, 3, 100, 1)), "", innodb.Exact, nil},
		"gone":  {other(redolog.FileDelete(9, "./t/a.ibd"), redolog.Write(9, 3, 100, 1)), "", innodb.Exact, nil},
		"never named": {func(n *node) {
			n.log.Append(redolog.Write(9, 3, 100, 1))
			n.crashed()
		}, "InnoDB: Missing FILE_CREATE, FILE_DELETE or FILE_MODIFY before FILE_CHECKPOINT for tablespace 9", innodb.Exact, nil},
		"no record of the checkpoint": {func(n *node) {
			n.end = n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(101)...))
		}, "InnoDB: Missing FILE_CHECKPOINT(20000) at 20018", innodb.AtLeast, []innodb.Cause{innodb.LogIncomplete}},
		"no checkpoint": {func(n *node) {
			n.crashed()
			n.file = n.log.File(n.checkpoint, n.end)
			clear(n.file[redolog.Checkpoint1:][:64])
		}, "InnoDB: No valid checkpoint was found; the log was created with MariaDB 10.11.19.", innodb.AtLeast, []innodb.Cause{innodb.LogUnreadable}},
		"empty log": {func(n *node) { n.file = []byte{} }, "InnoDB: ib_logfile0 is empty, and LSN is unknown.", innodb.AtLeast, []innodb.Cause{innodb.LogUnreadable}},
		"empty log after a backup": {func(n *node) {
			n.file = []byte{}
			binary.BigEndian.PutUint64(n.sys.Page(0)[26:], 20000)
			n.sys.Seal(0)
		}, "", innodb.Exact, nil},
		"short log":    {func(n *node) { n.file = n.stopped().log.File(n.checkpoint, n.end)[:9000] }, "InnoDB: File ./ib_logfile0 is too small", innodb.AtLeast, []innodb.Cause{innodb.LogUnreadable}},
		"bad header":   {func(n *node) { n.file = n.stopped().log.File(n.checkpoint, n.end); n.file[20]++ }, "InnoDB: Invalid log header checksum", innodb.AtLeast, []innodb.Cause{innodb.LogUnreadable}},
		"undo missing": {func(n *node) { n.stopped().undo = nil }, "InnoDB: Failed to open the undo tablespace undo002", innodb.AtLeast, []innodb.Cause{innodb.SpaceMissing}},
		"ibdata1 short": {func(n *node) { n.stopped().sys.Bytes = n.sys.Bytes[:8*small] },
			"InnoDB: The Auto-extending data file './ibdata1' is of a different size 8 pages than specified by innodb_data_file_path", innodb.Exact, nil},
		"damaged page": {func(n *node) {
			n.crashed()
			n.sys.Page(rseg0)[2000]++
			n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(101)...))
		}, "InnoDB: Unable to apply log to corrupted page 6 in file ./ibdata1", innodb.AtLeast, []innodb.Cause{innodb.PageUnreadable}},
		"malformed record": {other(redolog.Record(0x30, []byte{0, rseg0, 200})), "InnoDB: Malformed log record at LSN 20025; set innodb_force_recovery=1 to ignore.", innodb.AtLeast, []innodb.Cause{innodb.LogMalformed}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode()
			c.change(n)
			r := n.recover(t, innodb.Options{})
			assert.Equal(t, c.want, r.StartError)
			assert.Equal(t, c.bound, r.Bound)
			assert.Equal(t, c.causes, causes(r))
		})
	}
}

func TestMissingFiles(t *testing.T) {
	all := newNode().stopped().files()
	for name, c := range map[string]struct {
		files innodb.Files
		want  string
		bound innodb.Bound
	}{
		"no log":           {innodb.Files{System: all.System, Undo: all.Undo}, "InnoDB: File ./ib_logfile0 was not found", innodb.AtLeast},
		"no system, undo":  {innodb.Files{Undo: all.Undo, Log: all.Log}, "InnoDB: undo tablespace './/undo001' exists. Creating system tablespace with existing undo tablespaces is not supported. Please delete all undo tablespaces before creating new system tablespace.", innodb.None},
		"no system, a log": {innodb.Files{Log: all.Log}, "InnoDB: redo log file './ib_logfile0' exists. Creating system tablespace with existing redo log file is not recommended. Please delete redo log file before creating new system tablespace.", innodb.None},
		"nothing":          {innodb.Files{}, "", innodb.None},
		"two logs":         {innodb.Files{System: all.System, Undo: all.Undo, Log: append(all.Log, all.Log...)}, "InnoDB: Expecting only ib_logfile0", innodb.Exact},
		"complete":         {all, "", innodb.Exact},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := innodb.Recover(t.Context(), c.files, innodb.Options{})
			require.NoError(t, err)
			assert.Equal(t, c.want, r.StartError)
			assert.Equal(t, c.bound, r.Bound)
			if c.bound == innodb.None {
				assert.Equal(t, "00000000-0000-0000-0000-000000000000:-1", r.Position.String())
			}
		})
	}
}

// TestMissingUndoTablespace: the log alone tells where its segments are, if it
// writes all of the seqno.
func TestMissingUndoTablespace(t *testing.T) {
	n := newNode().crashed()
	n.undo = nil
	n.log.Append(redolog.Write(1, rseg1, seqnoAt, seqno(104)...))
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, int64(104), r.Position.Seqno)
	assert.Equal(t, innodb.AtLeast, r.Bound)
	assert.Equal(t, "InnoDB: Missing FILE_DELETE or FILE_MODIFY for [page id: space=1, page number=3] at 20034; set innodb_force_recovery=1 to ignore the record.", r.StartError)
	n.log.Append(redolog.Write(1, rseg1, seqnoAt+1, 9, 0, 0, 0, 0, 0, 0))
	assert.Equal(t, int64(104+9<<8), n.recover(t, innodb.Options{}).Position.Seqno)

	n = newNode().crashed()
	n.undo = nil
	n.log.Append(redolog.Write(1, rseg1, seqnoAt+1, 9, 0, 0, 0, 0, 0, 0))
	assert.Equal(t, int64(100), n.recover(t, innodb.Options{}).Position.Seqno, "its first byte is not known")
}

func TestTornPage(t *testing.T) {
	const first, second = 256, 512
	n := newNode().crashed()
	n.sys = redolog.NewSpace(0, small, second+256)
	n.sys.PutTrxSys(15000, [2]uint32{first, second}, redolog.Segment{Space: 0, Page: rseg0}, redolog.Segment{Space: 1, Page: rseg1})
	n.sys.PutSegment(rseg0, 15000, redolog.XID(groupA, 100))
	n.undo.PutSegment(rseg1, 20000, redolog.XID(groupA, 101))
	copy(n.sys.Page(second+3), n.undo.Page(rseg1))
	n.undo.PutSegment(rseg1, 19000, redolog.XID(groupA, 500)) // older than the checkpoint
	copy(n.sys.Page(first+200), n.undo.Page(rseg1))
	n.undo.Page(rseg1)[3000] ^= 1
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, int64(101), r.Position.Seqno)
	assert.Equal(t, innodb.FromDoublewrite, r.From)
	assert.Equal(t, 1, r.Mended)
	assert.Equal(t, "undo001", r.At.File)
	assert.Equal(t, innodb.Exact, r.Bound)
	assert.Empty(t, r.Damage)

	n.sys.Page(second + 3)[700] ^= 1 // the copy is torn as well
	r = n.recover(t, innodb.Options{})
	assert.Equal(t, int64(100), r.Position.Seqno)
	assert.Equal(t, []innodb.Cause{innodb.PageUnreadable}, causes(r))
	require.Len(t, r.Damage, 1)
	assert.Equal(t, "undo001", r.Damage[0].File)
	assert.Equal(t, int64(rseg1*small), r.Damage[0].Offset)
}

func TestPrepared(t *testing.T) {
	n := newNode().crashed()
	n.undo.PutSegment(rseg1, 15000, redolog.XID(groupA, 90), undo1, 5)
	n.undo.PutUndo(undo1, 15000, 77, 5, redolog.XID(groupA, 101))
	n.undo.PutUndo(5, 15000, 78, 2, redolog.XID(groupA, 99))
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, int64(100), r.Position.Seqno)
	assert.Equal(t, innodb.AtLeast, r.Bound)
	assert.Equal(t, []innodb.Cause{innodb.PreparedUnknown}, causes(r))
	require.Len(t, r.Prepared, 1)
	assert.Equal(t, int64(101), r.Prepared[0].Seqno)
	assert.Equal(t, uint64(77), r.Prepared[0].Trx)
	assert.Equal(t, parse.Span{File: "undo001", Offset: undo1*small + 86 + 46, Length: 140, Field: "page[4].undo.xid"}, r.Prepared[0].At)
	assert.Equal(t, 2, r.Undo)

	resolve := func(answer bool) innodb.Options {
		return innodb.Options{Resolve: func(p []innodb.Prepared) ([]bool, bool) { return []bool{answer}, true }}
	}
	r = n.recover(t, resolve(true))
	assert.Equal(t, int64(101), r.Position.Seqno)
	assert.Equal(t, innodb.FromUndo, r.From)
	assert.Equal(t, int64(100), r.Settled.Seqno)
	assert.Equal(t, innodb.Exact, r.Bound)
	assert.True(t, r.Prepared[0].Committed)
	r = n.recover(t, resolve(false))
	assert.Equal(t, int64(100), r.Position.Seqno)
	assert.Equal(t, innodb.Exact, r.Bound)

	n.log.Append(redolog.Write(1, undo1, 56, 0, 2)) // it was committed
	assert.Empty(t, n.recover(t, innodb.Options{}).Prepared)
	n.log.Append( // a new undo log in the next slot
		redolog.Init(1, 5), redolog.Extended(1, 5, 2), redolog.Write(1, 5, 56, 0, 5, 0, 86), redolog.Write(1, 5, 86+20, 1),
		redolog.Write(1, 5, 86+46, redolog.XID(groupA, 102)...), redolog.Write(1, rseg1, redolog.UndoSlots+8, 0, 0, 0, 5))
	r = n.recover(t, innodb.Options{})
	require.NotEmpty(t, r.Prepared)
	assert.Equal(t, int64(102), r.Prepared[0].Seqno)
}

func TestContinuation(t *testing.T) {
	p := func(seqno int64, seq uint64) innodb.Prepared {
		return innodb.Prepared{Position: innodb.Position{Seqno: seqno, GTID: innodb.ServerGTID{Seq: seq}}}
	}
	assert.Equal(t, []bool{true, false, true, false}, innodb.Continuation(10, []innodb.Prepared{p(11, 1), p(12, 0), p(13, 3), p(15, 4)}))
	assert.Equal(t, []bool{false}, innodb.Continuation(10, []innodb.Prepared{p(12, 1)}))
}

// TestBeyond: behind damage the log goes on, which no server sees.
func TestBeyond(t *testing.T) {
	n := newNode()
	n.log = redolog.New(12288, 64<<10)
	n.log.LSN = n.checkpoint
	n.crashed()
	for i := range 400 {
		n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(uint64(101+i))...), redolog.Write(0, 7, 50, make([]byte, 30)...))
	}
	n.file = n.log.File(n.checkpoint, n.end)
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, int64(500), r.Position.Seqno)
	assert.Nil(t, r.Beyond)

	at := redolog.HeaderSize + 20016 - 12288 + 5000
	n.file[at] ^= 1
	r = n.recover(t, innodb.Options{})
	assert.Less(t, r.Position.Seqno, int64(200))
	assert.Empty(t, r.StartError, "the server does not notice")
	assert.Equal(t, innodb.AtLeast, r.Bound)
	assert.Equal(t, []innodb.Cause{innodb.LogDamaged}, causes(r))
	require.NotNil(t, r.Beyond)
	assert.Equal(t, int64(500), r.Beyond.Seqno)
	assert.Equal(t, n.log.LSN, r.Beyond.Last)
	assert.Greater(t, r.Beyond.First, r.Log.End)
	assert.Less(t, r.Beyond.First, r.Log.End+4096+100)
	assert.Greater(t, r.Beyond.Mtrs, int64(200))

	n.file[at] ^= 1
	n.file[redolog.HeaderSize+int(n.log.LSN-12288)-3] ^= 1 // the last one: nothing is behind it
	r = n.recover(t, innodb.Options{})
	assert.Equal(t, int64(499), r.Position.Seqno)
	assert.Nil(t, r.Beyond)
	assert.Equal(t, innodb.Exact, r.Bound)
}

// TestForeignLog: a page that was written in the time of the log has an LSN at
// which a mini-transaction of the log ends that changes it.
func TestForeignLog(t *testing.T) {
	n := newNode().crashed()
	n.log.Append(redolog.Write(0, 7, 100, 1))
	other := n.log.LSN
	n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(101)...))
	own := n.log.LSN
	n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(102)...))
	n.sys.PutSegment(rseg0, own, redolog.XID(groupA, 101))
	assert.Empty(t, n.recover(t, innodb.Options{}).Reasons)
	n.sys.PutSegment(rseg0, other, redolog.XID(groupA, 101))
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, int64(102), r.Position.Seqno, "the server does not notice")
	assert.Equal(t, innodb.AtLeast, r.Bound)
	assert.Equal(t, []innodb.Cause{innodb.LogForeign}, causes(r))
}

// TestLogCut: the last record of a file that was cut short does not end.
func TestLogCut(t *testing.T) {
	n := newNode()
	n.log = redolog.New(12288, 64<<10)
	n.log.LSN = n.checkpoint
	n.crashed()
	for i := range 100 {
		n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(uint64(101+i))...), redolog.Write(0, 7, 50, make([]byte, 100)...))
	}
	whole := n.log.File(n.checkpoint, n.end)
	n.file = whole[:len(whole)-12]
	assert.Empty(t, n.recover(t, innodb.Options{}).Reasons, "what is missing was not in use")
	n.file = whole[:redolog.HeaderSize+20016-12288+4000]
	r := n.recover(t, innodb.Options{})
	assert.Less(t, r.Position.Seqno, int64(140))
	assert.Equal(t, []innodb.Cause{innodb.LogCut}, causes(r))
}

func TestOlderHistory(t *testing.T) {
	n := newNode()
	n.undo.PutSegment(rseg1, 15000, redolog.XID(groupB, 4000))
	n.crashed()
	n.log.Append(redolog.Memset(1, rseg1, xidAt, 140, 0), redolog.Write(0, rseg0, xidAt, redolog.XID(groupA, 7)...))
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, "aa010203-0000-0000-0000-000000000000:7", r.Position.String())
	require.Len(t, r.OnDisk, 2)
	assert.Equal(t, int64(4000), r.OnDisk[0].Seqno)
	assert.Equal(t, int64(100), r.OnDisk[1].Seqno)
}

func TestEncryptedLog(t *testing.T) {
	n := newNode()
	n.log.Nonce = []byte("12345678")
	n.stopped()
	r := n.recover(t, innodb.Options{})
	assert.True(t, r.Log.Encrypted)
	assert.True(t, r.Log.Clean)
	assert.Equal(t, innodb.Exact, r.Bound)
	n.log.Append(redolog.Write(0, rseg0, seqnoAt, seqno(101)...))
	r = n.recover(t, innodb.Options{})
	assert.Equal(t, int64(100), r.Position.Seqno)
	assert.Equal(t, innodb.AtLeast, r.Bound)
	assert.Equal(t, []innodb.Cause{innodb.LogEncrypted}, causes(r))
	assert.Equal(t, n.log.LSN, r.Log.End)
}

func TestGTID(t *testing.T) {
	n := newNode().stopped()
	xid := redolog.XID(groupA, 120)
	xid[19], xid[7] = 'f', 48
	copy(xid[44:], "\x03\x00\x00\x00\x07\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00")
	n.sys.PutSegment(rseg0, 15000, xid)
	r := n.recover(t, innodb.Options{})
	assert.Equal(t, "aa010203-0000-0000-0000-000000000000:120,3-7-9", r.Position.WithGTID())
	xid[7] = 32
	n.sys.PutSegment(rseg0, 15000, xid)
	assert.Equal(t, int64(90), n.recover(t, innodb.Options{}).Position.Seqno, "length and version do not agree")
}

// TestTrxSysXID: MySQL and old MariaDB keep the XID in another place.
func TestTrxSysXID(t *testing.T) {
	for _, at := range []int{38 + small - 3500, 38 + 1596} {
		n := newNode().stopped()
		n.sys.PutTrxSys(15000, [2]uint32{}, redolog.Segment{Space: 0, Page: rseg0})
		n.sys.PutSegment(rseg0, 15000, nil)
		binary.BigEndian.PutUint32(n.sys.Page(rseg0)[38:], 0xfffffffe)
		n.sys.Seal(rseg0)
		p := n.sys.Page(redolog.TrxSys)
		// The slots of such a small page reach to 1080.
		binary.BigEndian.PutUint32(p[at:], 0x77737265)
		copy(p[at+4:], redolog.XID(groupB, 12))
		n.sys.Seal(redolog.TrxSys)
		r := n.recover(t, innodb.Options{})
		if at < 1080 {
			continue // cannot be told from slots; the other half of the test covers it
		}
		assert.Equal(t, "bb010203-0000-0000-0000-000000000000:12", r.Position.String())
		assert.Equal(t, innodb.Exact, r.Bound)
	}
}

func TestSeveralDataFiles(t *testing.T) {
	n := newNode().stopped()
	f := n.files()
	f.System = []innodb.File{file("ibdata1", n.sys.Bytes[:4*small]), file("ibdata2", n.sys.Bytes[4*small:])}
	r, err := innodb.Recover(t.Context(), f, innodb.Options{DataFiles: []innodb.DataFile{{Name: "ibdata1", Bytes: 4 * small}, {Name: "ibdata2", Bytes: small, AutoExtend: true}}})
	require.NoError(t, err)
	assert.Equal(t, int64(100), r.Position.Seqno)
	assert.Equal(t, parse.Span{File: "ibdata2", Offset: int64((rseg0-4)*small + xidAt), Length: 140, Field: "page[6].wsrep-xid"}, r.At)
	assert.Empty(t, r.StartError)
	r, err = innodb.Recover(t.Context(), f, innodb.Options{DataFiles: []innodb.DataFile{{Name: "ibdata1", Bytes: 5 * small}, {Name: "ibdata2", Bytes: small, AutoExtend: true}}})
	require.NoError(t, err)
	assert.Equal(t, "InnoDB: The data file './ibdata1' is of a different size 4 pages than the 5 pages specified by innodb_data_file_path", r.StartError)
}

// TestBlocks: a log of MariaDB 10.5 to 10.7.
func TestBlocks(t *testing.T) {
	const checkpoint = 20480 + 100
	n := newNode()
	n.checkpoint = checkpoint
	b := &redolog.Blocks{Format: 0x50485953, Checkpoint: checkpoint}
	n.file, _ = b.File(40)
	r := n.recover(t, innodb.Options{})
	assert.False(t, r.Log.Confirmed)

	b.Append(redolog.FileCheckpoint(checkpoint))
	var end uint64
	n.file, end = b.File(40)
	r = n.recover(t, innodb.Options{})
	assert.Equal(t, innodb.FormatPHYS, r.Log.Format)
	assert.Equal(t, "MariaDB 10.6.18", r.Log.Creator)
	assert.True(t, r.Log.Clean)
	assert.Equal(t, end, r.Log.End)
	assert.Equal(t, innodb.Exact, r.Bound, "%v", r.Reasons)

	for i := range 100 {
		b.Append(redolog.Write(0, 7, 50, make([]byte, i)...), redolog.Write(0, rseg0, seqnoAt, seqno(uint64(101+i))...))
	}
	n.file, end = b.File(40)
	r = n.recover(t, innodb.Options{})
	assert.Equal(t, int64(200), r.Position.Seqno)
	assert.Equal(t, end, r.Log.End)
	assert.Equal(t, int64(101), r.Log.Mtrs)
	assert.Equal(t, innodb.Exact, r.Bound, "%v", r.Reasons)
	assert.Nil(t, r.Beyond)

	n.file[2048+5*512+300] ^= 1
	r = n.recover(t, innodb.Options{})
	assert.Less(t, r.Position.Seqno, int64(190))
	require.NotNil(t, r.Beyond)
	assert.Equal(t, int64(200), r.Beyond.Seqno)
	assert.Equal(t, end, r.Beyond.Last)
	assert.Equal(t, []innodb.Cause{innodb.LogDamaged}, causes(r))

	for _, format := range []uint32{0x50485953 | 1<<31, 1, 103, 104, 4} {
		b := &redolog.Blocks{Format: format, Checkpoint: checkpoint}
		n.file, _ = b.File(40)
		r = n.recover(t, innodb.Options{})
		assert.True(t, r.Log.Clean, "%#x", format)
		assert.Equal(t, innodb.Exact, r.Bound, "%#x: %v", format, r.Reasons)
		b.Append(redolog.FileCheckpoint(checkpoint))
		n.file, _ = b.File(40)
		r = n.recover(t, innodb.Options{})
		assert.False(t, r.Log.Clean, "%#x", format)
		assert.Equal(t, innodb.AtLeast, r.Bound, "%#x", format)
		assert.Equal(t, int64(100), r.Position.Seqno)
	}
}
