package smartengine

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Bytes that the engine's library and complete servers wrote.
const (
	vectorPut = `2047e7298900010100000000000000010000000d05830208000001030000000a
		6f00000000000000000000000100000000000000010000000000000000000000
		00000000000000000000000002003432340031302e302e302e313a3233333036
		23353b31302e302e302e323a323333303623353b31302e302e302e333a323333
		30362335403100000000000000000000`
	vectorPrepare = `be7d6a944b000105000000000000000100000009058a02080000010a80000001
		0d000009006f726465722d3130310a22000000000000000118004d7953514c58
		696465000000000000006500000000000000`
	vectorCommit = `8608478f3000010600000000000000000000000b22000000000000000118004d
		7953514c58696465000000000000006500000000000000`
	vectorSystem = `65fd723b4f000101051234000048010401000000010401010236013401311b73
		6d617274656e67696e655f73797374656d5f6461746162617365010100010000
		00100000000101000040000101000001010401020100`
	vectorFlush = `7423640d90010101061234000488030104050000000105050105d30201d00201
		cd0201100000010a800000010106000000000000100000010a80000014012c00
		00000000000001062c8e048e04011400040000000016000000010000020e9301
		9301888e9a8c0a0001cb010473686f708a028a02000100000010000000010100
		0040000101000500000023000000010100000000000000000000000000000000
		0000000000000000000400000023000000010200000000020000000100000000
		0000000000000000000000000000000023000000010300000000000000000000
		0000000000000000000000000000000000000023000000010802000000000000
		0000000000000000000000000000000000000400000023000000010601000000
		0000000000000000000000000001000000010000000238776573716c5f736572
		7665726c6573735f7265706f2f6d61696e2f736d617274656e67696e652f7631
		2f73686f702f3236362f646174612f01040502041c011a8a020112010001010b
		000600feffffff0700010100010102032c010405030100`
	vectorHeader = `800d02018080800180800100000000000000f8d2e9dac4a78b8f0f0000040000
		0000000000000000`
	vectorIndex = `0010780000010a80000014012c00000000000000000078000000010000001600
		000001000000008e048e04edbae8800300100000010a80000001010600000000
		0000140000062c020a0740000000002000000000800100000000080000000060
		000000008000000000000c000000002000000000800000000000080000000070
		000000008000000000000c0000000001000000`
	vectorLogger = `a490c7348500015400000000000000010000000d05800208000001000000000a
		6b00000001000000000000000300000000000000010000000000000000000000
		00000000000000000000000001003131003132372e302e302e313a3233333031
		3b3132372e302e302e313a32333330323b3132372e302e302e313a3233333033
		403200000000000000000000`
	vectorEmpty = `2c99979b0c0001460000000000000000000000`
)

func TestChecksum(t *testing.T) {
	assert.Equal(t, uint32(0xc78ab0e5), Checksum([]byte("123456789")))
	assert.Equal(t, uint32(0x29e74720), RecordChecksum(unhex(t, vectorPut)[7:]))
	assert.Equal(t, uint32(2709948168), Checksum(unhex(t, vectorIndex)))
}

func TestVectorCurrent(t *testing.T) {
	c, err := ReadCurrent("CURRENT", bytes.NewReader(unhex(t, "302e636865636b706f696e743a312e6d616e69666573743a300a")))
	require.NoError(t, err)
	assert.Equal(t, &Current{File: "CURRENT", Checkpoint: "0.checkpoint", Manifest: 1}, c)
}

func readWAL(t testing.TB, b []byte, each func(Batch, bool)) (*WAL, *replay) {
	t.Helper()
	p := newReplay(each)
	w, err := p.wal("3.wal", 3, bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return w, p
}

func TestVectorWAL(t *testing.T) {
	xid := unhex(t, "000000000000000118004d7953514c58696465000000000000006500000000000000")
	var got []Batch
	b := bytes.Join([][]byte{unhex(t, vectorPrepare), unhex(t, vectorCommit)}, nil)
	w, p := readWAL(t, b, func(b Batch, lost bool) {
		assert.False(t, lost)
		got = append(got, b)
	})
	want := XID{Raw: string(xid), MySQL: true, ServerID: 101, Number: 101}
	assert.Equal(t, []Batch{
		{File: "3.wal", Offset: 0, End: 82, Sequence: 5, Count: 1, Rows: 1, Action: Prepare, XID: want},
		{File: "3.wal", Offset: 82, End: 137, Sequence: 6, Count: 0, Rows: 0, Action: Commit, XID: want},
	}, got)
	assert.Nil(t, w.Stop)
	assert.Empty(t, w.Gaps)
	assert.Empty(t, p.undecided())
	assert.Equal(t, uint64(6), p.sequence)

	_, p = readWAL(t, unhex(t, vectorPrepare), nil)
	assert.Equal(t, []Transaction{{XID: want, Sequence: 5, Rows: 1, File: "3.wal"}}, p.undecided())
	assert.Equal(t, uint64(4), p.sequence, "a prepare at the end does not count")

	w, p = readWAL(t, unhex(t, vectorEmpty), nil)
	assert.Equal(t, []uint64{70, 70}, []uint64{w.First, w.Last})
	assert.Equal(t, uint64(69), p.sequence, "an empty batch does not count either")
}

func TestVectorRows(t *testing.T) {
	for _, tt := range []struct {
		record string
		key    rowKey
		want   Info
	}{
		{vectorPut, rowKey{259, 10}, Info{CurrentTerm: 1, RecoverStatus: 1, ClusterID: "42", Members: "10.0.0.1:23306#5;10.0.0.2:23306#5;10.0.0.3:23306#5@1"}},
		{vectorLogger, rowKey{256, 10}, Info{VoteFor: 1, CurrentTerm: 3, RecoverStatus: 1, ClusterID: "1", Members: "127.0.0.1:23301;127.0.0.1:23302;127.0.0.1:23303@2"}},
	} {
		_, p := readWAL(t, unhex(t, tt.record), nil)
		require.Contains(t, p.recovered, tt.key)
		got, damage := ParseInfo("3.wal", 0, p.recovered[tt.key].value)
		require.Nil(t, damage)
		assert.Equal(t, tt.want, got)
	}
	a, damage := ParseApplier("f", 0, unhex(t, "0000040000004a00000000000000"))
	require.Nil(t, damage)
	assert.Equal(t, Applier{Workers: 4, ApplyIndex: 74}, a)
	w, damage := ParseWorker("f", 0, unhex(t, "00030000004a00000000000000"))
	require.Nil(t, damage)
	assert.Equal(t, Worker{ApplyIndex: 74}, w)

	// Older versions have a number for the cluster's id; NULL takes no space.
	old := unhex(t, "00 d001 0100000000000000 0200000000000000 0000000000000000 0000000000000000 2a00000000000000")
	i, damage := ParseInfo("f", 0, old)
	require.Nil(t, damage)
	assert.Equal(t, Info{VoteFor: 1, CurrentTerm: 2, ClusterID: "42"}, i)
}

func TestVectorManifest(t *testing.T) {
	b := bytes.Join([][]byte{unhex(t, vectorSystem), unhex(t, vectorFlush)}, nil)
	m, err := ReadManifest("2.manifest", 2, bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	assert.Nil(t, m.Stop)
	require.Len(t, m.Damage, 1, "log ids 0 and 4 do not follow one another")
	assert.Equal(t, "header.log-id", m.Damage[0].Field)
	require.Len(t, m.entries, 3)
	assert.Equal(t, Subtable{ID: 1, Primary: 1, Database: "smartengine_system_database", Space: 1}, m.entries[0].subtable)
	assert.Equal(t, Extent{
		ID: ExtentID{0, 1}, Subtable: 266, First: 6, Last: 44, Blocks: 1, Rows: 20, Space: 4,
		Index:  Block{Offset: 526, Size: 147, RawSize: 147, Checksum: 2709948168},
		Prefix: "wesql_serverless_repo/main/smartengine/v1/shop/266/data/",
	}, m.entries[1].extent)
	assert.Equal(t, "0.sst extent 1", m.entries[1].extent.ID.String())
	assert.Equal(t, entry{
		transaction: 5, kind: entryModifySubtable, subtable: Subtable{ID: 266, Point: RecoveryPoint{3, 44}},
		changes: []extentChange{{id: ExtentID{0, 1}, add: true}},
	}, m.entries[2])
	assert.Equal(t, map[uint64]bool{1: true, 5: true}, m.committed)
}

func TestVectorDataFile(t *testing.T) {
	b := make([]byte, 2*ExtentSize)
	copy(b, unhex(t, vectorHeader))
	copy(b[backupHeader:], unhex(t, vectorHeader))
	f, err := ReadDataFile("0.sst", 0, bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	assert.False(t, f.Refused)
	assert.Equal(t, DataHeader{HeaderSize: 1664, Version: 2, ExtentSize: ExtentSize, BlockSize: 16384, Magic: headerMagic, Space: 4}, f.Header)
}

func TestExtentID(t *testing.T) {
	x := Extent{ID: ExtentID{0x80000001, 1}, Prefix: "r/b/smartengine/v1/mysql/256/data/"}
	assert.Equal(t, "r/b/smartengine/v1/mysql/256/data/4294967297", x.Key())
	assert.Equal(t, "object 4294967297", x.ID.String())
}

func TestParseName(t *testing.T) {
	for name, want := range map[string]FileType{
		"CURRENT": CurrentFile, "LOCK": LockFile, "12.wal": WALFile, "0.sst": DataFileType, "3.manifest": ManifestFile,
		"2.checkpoint": CheckpointFile, "3.tmp": TemporaryFile, "Log": "", "x.wal": "", ".wal": "", "1.": "", "1.log": "",
		"+1.wal": "", "99999999999999999999.wal": "", "1.wal.bak": "",
	} {
		got, _, ok := ParseName(name)
		assert.Equal(t, want, got, name)
		assert.Equal(t, want != "", ok, name)
	}
}
