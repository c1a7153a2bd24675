package smartengine

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCrashedEngine(t *testing.T) {
	e := readEngine(t, directory(t, "prepared"))
	assert.Equal(t, Opening{Opens: true}, e.Opening)
	assert.Empty(t, e.Damage)
	assert.Equal(t, uint64(47), e.Sequence)
	assert.Equal(t, uint64(47), e.Readable)
	assert.Equal(t, []Subtable{
		{},
		{ID: 1, Primary: 1, Database: "smartengine_system_database", Space: 1},
		{ID: 259, Primary: 259, Database: "mysql", Space: 2},
		{ID: 261, Primary: 261, Database: "mysql", Space: 3},
		{ID: 266, Primary: 266, Database: "shop", Space: 4, Point: RecoveryPoint{3, 32}, Extents: 1, Rows: 21},
	}, e.Subtables)
	assert.Equal(t, Tables{Info: 259, Applier: 261}, e.Tables)
	assert.Equal(t, &Info{VoteFor: 2, CurrentTerm: 3, RecoverStatus: 1, LastLeaderTerm: 3, ClusterID: "42", Members: "10.0.1.1:13306#5;10.0.1.2:13306#9;10.0.1.3:13306#5@2"}, e.Recovered.Info)
	assert.Equal(t, &Applier{}, e.Recovered.Applier)
	assert.Equal(t, e.Newest, e.Recovered)
	require.Len(t, e.Prepared, 1)
	assert.Equal(t, []uint64{102, 118, 46}, []uint64{e.Prepared[0].XID.ServerID, e.Prepared[0].XID.Number, e.Prepared[0].Sequence})
	assert.True(t, e.Manifests[1].Padded, "it was killed")
	assert.Equal(t, []int{1, 1, 0}, []int{e.Live, e.Checked, len(e.Missing)})
}

func TestEngineWithCheckpoint(t *testing.T) {
	e := readEngine(t, directory(t, "checkpoint"))
	assert.Equal(t, Opening{Opens: true}, e.Opening)
	assert.Empty(t, e.Damage)
	assert.Equal(t, uint64(38), e.Sequence)
	assert.Equal(t, []uint64{6, 2, 5}, []uint64{e.Checkpoint.LogID, e.Checkpoint.Extents, e.Checkpoint.Subtables})
	assert.Len(t, e.Subtables, 5)
	assert.Equal(t, &Applier{ApplyIndex: 18}, e.Recovered.Applier)
	assert.Equal(t, []int{2, 2}, []int{e.Live, e.Checked})

	// The rows that were flushed are found when no WAL is left.
	dir := directory(t, "checkpoint")
	delete(dir, "2.wal")
	delete(dir, "3.wal")
	e = readEngine(t, dir)
	assert.True(t, e.WALMissing)
	assert.Equal(t, Opening{Opens: true}, e.Opening, "the engine does not notice")
	assert.Equal(t, uint64(14), e.Sequence)
	require.NotNil(t, e.Recovered.Info)
	assert.Equal(t, "1.sst", e.Recovered.InfoAt.File)
	assert.Nil(t, e.Recovered.Applier)
}

// TestDamage follows the measurements of real engines opened on damaged copies.
func TestDamage(t *testing.T) {
	flip := func(name string, at int) func(fstest.MapFS) {
		return func(dir fstest.MapFS) { dir[name].Data[at] ^= 4 }
	}
	cut := func(name string, n int) func(fstest.MapFS) {
		return func(dir fstest.MapFS) { dir[name].Data = dir[name].Data[:n] }
	}
	remove := func(names ...string) func(fstest.MapFS) {
		return func(dir fstest.MapFS) {
			for _, n := range names {
				delete(dir, n)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		damage func(dir fstest.MapFS)
		opens  bool
		cause  Cause
		code   int
		check  func(t *testing.T, e *Engine)
	}{
		{"newest WAL cut in a record", cut("3.wal", 1100), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.True(t, e.WALs[1].Stop.AtEnd)
			assert.Equal(t, Lost{}, e.WALs[1].Lost)
			assert.Less(t, e.Sequence, uint64(47))
		}},
		{"garbage behind the newest WAL", func(dir fstest.MapFS) {
			dir["3.wal"].Data = append(dir["3.wal"].Data, []byte("garbage of some bytes")...)
		}, true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.Equal(t, int64(1151), e.WALs[1].End)
			assert.Equal(t, uint64(47), e.Sequence)
		}},
		{"bit flip in the newest WAL", flip("3.wal", 100), true, NoCause, 0, func(t *testing.T, e *Engine) {
			w := e.WALs[1]
			assert.Equal(t, w.End, w.Stop.Offset)
			assert.Equal(t, uint64(47), w.Lost.Last)
			assert.Equal(t, 14, w.Records+w.Lost.Records, "all but one")
			assert.Equal(t, uint64(47), e.Readable)
			assert.Less(t, e.Sequence, uint64(47))
		}},
		{"length of a record in the newest WAL", flip("3.wal", 5), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.Equal(t, int64(0), e.WALs[1].Stop.Offset)
			assert.Equal(t, 14, e.WALs[1].Lost.Records)
		}},
		{"bit flip in an older WAL", flip("2.wal", 100), false, BadWAL, 21, nil},
		{"sequence in an older WAL", flip("2.wal", 7), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.NotEmpty(t, e.WALs[0].Gaps)
		}},
		{"oldest WAL missing", remove("2.wal"), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.False(t, e.WALMissing, "the flush covers it")
			assert.NotNil(t, e.Recovered.Info)
		}},
		{"newest WAL missing", remove("3.wal"), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.True(t, e.WALMissing)
		}},
		{"all WALs missing", remove("2.wal", "3.wal"), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.True(t, e.WALMissing)
			assert.Nil(t, e.Recovered.Info)
		}},
		{"the empty manifest missing", remove("1.manifest"), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.True(t, e.HasMissing && e.MissingEmpty)
			assert.Equal(t, uint64(1), e.MissingManifest)
			assert.Len(t, e.Subtables, 1)
			assert.Len(t, e.Vanished, 4)
			assert.Nil(t, e.Recovered.Info)
			assert.NotNil(t, e.Newest.Info)
			assert.True(t, e.DataFiles[0].Orphan)
		}},
		{"a manifest with records missing", remove("2.manifest"), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.False(t, e.HasMissing, "nothing shows that there was one")
			assert.Len(t, e.Subtables, 1)
		}},
		{"CURRENT names another manifest", func(dir fstest.MapFS) {
			dir["CURRENT"].Data = []byte("0.checkpoint:7.manifest:0\n")
		}, true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.True(t, e.HasMissing)
			assert.Len(t, e.Subtables, 1)
		}},
		{"manifest record damaged", flip("2.manifest", 400), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.NotNil(t, e.Manifests[1].Stop)
			assert.NotEmpty(t, e.Vanished)
			assert.Positive(t, e.Manifests[1].Ignored)
		}},
		{"magic of a manifest record", flip("2.manifest", 7+3), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.Len(t, e.Subtables, 5)
			assert.Len(t, e.Damage, 1)
		}},
		{"CURRENT empty", cut("CURRENT", 0), false, BadCurrent, 2, nil},
		{"CURRENT without newline", cut("CURRENT", 25), false, BadCurrent, 2, func(t *testing.T, e *Engine) {
			assert.True(t, e.Current.NoNewline)
			assert.Len(t, e.Subtables, 5)
		}},
		{"CURRENT missing", remove("CURRENT"), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.True(t, e.Opening.Overwrites)
			assert.Len(t, e.Subtables, 5)
		}},
		{"CURRENT and checkpoint missing", remove("CURRENT", "0.checkpoint"), false, NoCurrent, 21, nil},
		{"checkpoint missing", remove("0.checkpoint"), false, NoCheckpoint, 5, nil},
		{"data file missing", remove("0.sst"), false, NoDataFile, 21, func(t *testing.T, e *Engine) {
			assert.Len(t, e.Missing, 1)
		}},
		{"data file cut", cut("0.sst", ExtentSize), false, ShortDataFile, 4, nil},
		{"first header damaged", flip("0.sst", 4), false, BadDataHeader, 21, func(t *testing.T, e *Engine) {
			assert.Equal(t, 2, e.DataFiles[0].Good)
		}},
		{"second header damaged", flip("0.sst", backupHeader+20), false, BadDataHeader, 21, func(t *testing.T, e *Engine) {
			assert.Equal(t, 1, e.DataFiles[0].Good)
		}},
		{"data file empty", cut("0.sst", 0), false, ShortDataFile, 4, func(t *testing.T, e *Engine) {
			assert.True(t, e.DataFiles[0].Garbage)
		}},
		{"data block damaged", flip("0.sst", ExtentSize+100), true, NoCause, 0, func(t *testing.T, e *Engine) {
			require.Len(t, e.Damage, 1)
			assert.Equal(t, "extent[1].data", e.Damage[0].Field)
		}},
		{"extent footer damaged", flip("0.sst", 2*ExtentSize-1024), true, NoCause, 0, func(t *testing.T, e *Engine) {
			assert.Empty(t, e.Damage)
		}},
		{"LOCK missing", remove("LOCK"), true, NoCause, 0, nil},
		{"nothing at all", func(dir fstest.MapFS) { clear(dir) }, true, NewEngine, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := directory(t, "prepared")
			tt.damage(dir)
			e := readEngine(t, dir)
			assert.Equal(t, []any{tt.opens, tt.cause, tt.code}, []any{e.Opening.Opens, e.Opening.Cause, e.Opening.Code}, e.Opening.Words)
			if tt.check != nil {
				tt.check(t, e)
			}
		})
	}
}

// TestReadObjects reads an extent as if it were an object.
func TestReadObjects(t *testing.T) {
	dir := directory(t, "prepared")
	m := readEngine(t, dir)
	x := Extent{ID: ExtentID{0x80000004, 1}, Prefix: "repo/main/smartengine/v1/shop/266/data/"}
	bucket := fstest.MapFS{x.Key(): {Data: dir["0.sst"].Data[ExtentSize:]}}
	// The same extent as an object.
	actual := m.Subtables[4]
	r := &reading{Engine: &Engine{}, ctx: t.Context(), dir: dir, o: Options{Objects: bucket, Deep: true}, whole: newCatalog(nil)}
	r.readable, r.recovered = rows{}, rows{}
	manifest := m.Manifests[1].entries
	i := slices.IndexFunc(manifest, func(e entry) bool { return e.kind == entryExtent })
	live := manifest[i].extent
	live.ID, live.Prefix, live.Subtable = x.ID, x.Prefix, actual.ID
	require.NoError(t, r.extent(live, true))
	assert.Equal(t, 1, r.Checked)
	assert.Empty(t, r.Damage)
	clear(bucket)
	require.NoError(t, r.extent(live, true))
	assert.Len(t, r.Missing, 1)
	r.o.Objects = nil
	require.NoError(t, r.extent(live, true))
	assert.Equal(t, 1, r.NotAtHand)
}

// framed writes records as a log of that many.
func framed(records ...[]byte) []byte {
	var out []byte
	for _, r := range records {
		sum := RecordChecksum(r)
		for begin := true; begin || len(r) > 0; begin = false {
			if left := blockSize - len(out)%blockSize; left < headerSize {
				out = append(out, make([]byte, left)...)
			}
			n := min(len(r), blockSize-len(out)%blockSize-headerSize)
			kind := byte(typeMiddle)
			switch {
			case begin && n == len(r):
				kind = typeFull
			case begin:
				kind = typeFirst
			case n == len(r):
				kind = typeLast
			}
			out = binary.LittleEndian.AppendUint32(out, sum)
			out = binary.LittleEndian.AppendUint16(out, uint16(n))
			out = append(append(out, kind), r[:n]...)
			r = r[n:]
		}
	}
	return out
}

// plain is a batch of one row with a value of that many bytes.
func plain(sequence uint64, size int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, sequence)
	b = append(binary.LittleEndian.AppendUint32(b, 1), opNoop, opSubtablePut, 0x8a, 2, 8)
	b = append(b, "\x00\x00\x01\x0a\x80\x00\x00\x01"...)
	return append(binary.AppendUvarint(b, uint64(size)), bytes.Repeat([]byte{'v'}, size)...)
}

func TestLongWAL(t *testing.T) {
	var records [][]byte
	for i := range 40 {
		records = append(records, plain(uint64(i+1), 7000*(i%3)+i))
	}
	b := framed(records...)
	require.Greater(t, len(b), 4*blockSize)
	w, p := readWAL(t, b, nil)
	assert.Nil(t, w.Stop)
	assert.Equal(t, 40, w.Records)
	assert.Equal(t, uint64(40), p.sequence)

	// In front of the last block the engine refuses damage even in the newest WAL.
	for _, tt := range []struct {
		at    int
		atEnd bool
	}{{5000, false}, {len(b) - 50, true}} {
		b := bytes.Clone(b)
		b[tt.at] ^= 1
		w, _ := readWAL(t, b, nil)
		require.NotNil(t, w.Stop)
		assert.Equal(t, tt.atEnd, w.Stop.AtEnd)
		assert.Equal(t, 39, w.Records+w.Lost.Records)
	}

	// A page of zeros in the middle is stepped over silently.
	hole := framed(records[:3]...)
	hole = append(hole, make([]byte, headerSize)...)
	hole = append(hole, framed(records[3])...)
	w, _ = readWAL(t, hole, nil)
	assert.Nil(t, w.Stop)
	assert.Len(t, w.Holes, 1)

	// A fragment of another life of the file is the end, also where it cannot be.
	recycled := framed(records[0], records[1])
	recycled[len(framed(records[0]))+6] = typeFull + typeRecycled
	w, _ = readWAL(t, recycled, nil)
	require.NotNil(t, w.Stop)
	assert.True(t, w.Stop.Silent)
}

func TestGaps(t *testing.T) {
	two := framed(plain(1, 1), plain(2, 1), plain(3, 1), plain(4, 1))
	two[len(framed(plain(1, 1)))+headerSize+1] = 9 // not in the checksum
	w, _ := readWAL(t, two, nil)
	assert.Nil(t, w.Stop)
	assert.Equal(t, []Gap{{File: "3.wal", Offset: int64(len(framed(plain(1, 1)))), Want: 2, Got: 0x902, Flipped: true}}, w.Gaps)

	w, _ = readWAL(t, framed(plain(1, 1), plain(5, 1), plain(6, 1)), nil)
	require.Len(t, w.Gaps, 1)
	assert.False(t, w.Gaps[0].Flipped)
	assert.Contains(t, w.Gaps[0].String(), "sequence 5, not 2")
}

func TestSDI(t *testing.T) {
	const text = `{"dd_object_type":"Table","dd_object":{"name":"consensus_info","schema_ref":"mysql","engine":"SMARTENGINE","indexes":[{"se_private_data":"index_flags=0;subtable_id=256;table_id=1025;"}]}}`
	s, err := ReadSDI("mysql/consensus_info_202.sdi", strings.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, &SDI{File: "mysql/consensus_info_202.sdi", Schema: "mysql", Table: "consensus_info", Engine: "SMARTENGINE", Subtables: []uint32{256}}, s)
	var ids Tables
	ids.Add(s)
	assert.Equal(t, Tables{Info: 256}, ids)
	s, err = ReadSDI("x.sdi", strings.NewReader(text[:50]))
	require.NoError(t, err)
	assert.NotNil(t, s.Damage)
}

func TestReadIsDeterministic(t *testing.T) {
	assert.Equal(t, readEngine(t, directory(t, "checkpoint")), readEngine(t, directory(t, "checkpoint")))
}
