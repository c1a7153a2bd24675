package cowsql

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The first segment of a bootstrapped cowsql node.
func TestGoldenSegment(t *testing.T) {
	b := unhex(t, `0100000000000000 2d99f986 56503464 0100000000000000
		0100000000000000 03 000000 28000000
		01 0100000000000000 be55318c8571c12d 3132372e302e302e313a323130313000 01 000000000000`)
	s := readSegment(t, b)
	require.Nil(t, s.Damage)
	assert.Equal(t, EndOfFile, s.Stop)
	assert.EqualValues(t, 80, s.Size)
	assert.EqualValues(t, 1, s.Format)
	assert.EqualValues(t, -1, s.NonZero)
	assert.Empty(t, s.Islands)
	assert.Equal(t, []Entry{{Term: 1, Type: Change, Size: 40, CRC: 0x64345056, Offset: 40}}, entriesOf(&s.Run))
	assert.Equal(t, []Batch{{N: 1, Offset: 8, End: 80}}, s.BatchList())
	require.Equal(t, []Special{{Pos: 0, Type: Change, Payload: b[40:]}}, s.Specials)

	c, damage := ParseConfiguration("segment", "entry", 40, s.Specials[0].Payload)
	require.Nil(t, damage)
	assert.Equal(t, Configuration{Servers: []Server{{0x2dc171858c3155be, "127.0.0.1:21010", Voter}}, Padding: 6}, c)
	assert.Equal(t, b, EncodeSegment(1, Change, c.Encode()))
}

func TestGoldenMetadata(t *testing.T) {
	b := unhex(t, "0100000000000000 0100000000000000 0100000000000000 0000000000000000")
	m, damage := ParseMetadata("metadata1", b, int64(len(b)))
	require.Nil(t, damage)
	assert.Equal(t, MetadataFile{Format: 1, Version: 1, Term: 1}, m)
	assert.Equal(t, b, m.Encode())
}

// The .meta of a dqlite snapshot, whose padding was not cleared.
func TestGoldenSnapshotMeta(t *testing.T) {
	b := unhex(t, `0100000000000000 e815ea5700000000 0500000000000000 5800000000000000
		01 0300000000000000
		be55318c8571c12d 3132372e302e302e313a323132303000 01
		9b0fb8c5a7fc8385 3132372e302e302e313a323132303100 01
		4a975e5c9b87a3fa 3132372e302e302e313a323132303200 01
		707f0000`)
	require.Equal(t, sample(t, "meta"), b)
	m, damage := ParseSnapshotMeta("meta", b)
	require.Nil(t, damage)
	assert.Equal(t, SnapshotMeta{
		Format: 1, CRC: 0x57ea15e8, ConfigurationIndex: 5, Length: 88,
		Configuration: Configuration{Padding: 4, Servers: []Server{
			{0x2dc171858c3155be, "127.0.0.1:21200", Voter},
			{0x8583fca7c5b80f9b, "127.0.0.1:21201", Voter},
			{0xfaa3879b5c5e974a, "127.0.0.1:21202", Voter},
		}},
	}, m)
	assert.Equal(t, 3, m.Configuration.Voters())

	// The project clears the padding, which the checksum covers.
	again := m.Encode()
	assert.Equal(t, b[16:116], again[16:116])
	assert.Equal(t, []byte{0, 0, 0, 0}, again[116:])
	m2, damage := ParseSnapshotMeta("meta", again)
	require.Nil(t, damage)
	assert.True(t, m.Configuration.Equal(m2.Configuration))
}

func TestSampleMetadata(t *testing.T) {
	b := sample(t, "metadata1")
	m, damage := ParseMetadata("metadata1", b, int64(len(b)))
	require.Nil(t, damage)
	assert.Equal(t, MetadataFile{Format: 1, Version: 5, Term: 3, VotedFor: 18285125055290706538}, m)
	assert.Equal(t, b, m.Encode())
}

// closedEnds are the ends of the batches of testdata/closed, closedCounts
// their numbers of entries; the first end is that of the format word.
var (
	closedEnds   = []int{8, 368, 4544, 4664, 4712, 4752}
	closedCounts = []int{4, 1, 1, 1, 1}
)

func TestSampleSegment(t *testing.T) {
	b := sample(t, "closed")
	s := readSegment(t, b)
	require.Nil(t, s.Damage)
	frames := sample(t, "frames")
	assert.Equal(t, []Entry{
		{1, Change, 40, CRC(0, b[88:128]), 88, 0},
		{1, Change, 64, CRC(0, b[128:192]), 128, 0},
		{1, Change, 88, CRC(0, b[192:280]), 192, 0},
		{1, Change, 88, CRC(0, b[280:368]), 280, 0},
		{1, Command, 4144, CRC(0, frames), 400, 1},
		{1, Change, 88, CRC(0, b[4576:4664]), 4576, 2},
		{1, Command, 16, CRC(0, b[4696:4712]), 4696, 3},
		{1, Barrier, 8, CRC(0, b[4744:4752]), 4744, 4},
	}, entriesOf(&s.Run))
	for i, batch := range s.BatchList() {
		assert.Equal(t, int64(closedEnds[i]), batch.Offset)
		assert.Equal(t, int64(closedEnds[i+1]), batch.End)
		assert.Equal(t, closedCounts[i], batch.N)
	}
	assert.Equal(t, map[string]int{"demo": 1}, s.Commands)
	assert.Equal(t, 5, s.Batches)
	assert.Zero(t, s.Partial)
	assert.Zero(t, s.Unknown)
	assert.Equal(t, []TermRun{{0, 1}}, s.Terms)
	for i, special := range s.Specials {
		assert.Equal(t, []int{0, 1, 2, 3, 5, 7}[i], special.Pos)
	}
	servers := func(i int) int {
		c, damage := ParseConfiguration("closed", "", 0, s.Specials[i].Payload)
		require.Nil(t, damage)
		return len(c.Servers)
	}
	assert.Equal(t, []int{1, 2, 3, 3, 3}, []int{servers(0), servers(1), servers(2), servers(3), servers(4)})
	assert.Nil(t, s.Specials[5].Payload, "a barrier means nothing")
}

func TestSampleCommands(t *testing.T) {
	b := sample(t, "frames")
	c, damage := ParseCommand("frames", "", 0, b)
	require.Nil(t, damage)
	assert.Equal(t, CommandBody{Type: CommandFrames, Database: "demo", Commit: true, PageSize: 4096, Pages: c.Pages, Content: b[48:]}, c)
	assert.Len(t, c.Pages, 1)
	assert.Len(t, c.Content, 4096)

	closed := sample(t, "closed")
	c, damage = ParseCommand("closed", "", 4696, closed[4696:4712])
	require.Nil(t, damage)
	assert.Equal(t, CommandBody{Type: CommandCheckpoint, Database: "demo"}, c)
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		file string
		want Name
	}{
		{"metadata1", Name{Kind: KindMetadata, Counter: 1}},
		{"metadata2", Name{Kind: KindMetadata, Counter: 2}},
		{"metadata3", Name{}},
		{"0000000000000001-0000000000000042", Name{Kind: KindClosed, First: 1, Last: 42}},
		{"0000000000001025-0000000000001024", Name{Kind: KindClosed, First: 1025, Last: 1024}},
		{"13101-13468", Name{Kind: KindClosed, First: 13101, Last: 13468, Short: true}},
		{"1-1", Name{Kind: KindClosed, First: 1, Last: 1, Short: true}},
		{"00000000000000001-0000000000000042", Name{Kind: KindIgnored}},
		{"0000000000000001-00000000000000042", Name{Kind: KindIgnored}},
		{"0000000000000001-0000000000000042.bak", Name{}},
		{"0000000000000001", Name{}},
		{"1-", Name{}},
		{"-1", Name{}},
		{"1-2-3", Name{}},
		{"open-1", Name{Kind: KindOpen, Counter: 1}},
		{"open-18446744073709551615", Name{Kind: KindOpen, Counter: 1<<64 - 1}},
		{"open-99999999999999999999", Name{Kind: KindOpen, Counter: 1<<64 - 1}}, // sscanf saturates
		{"open-", Name{}},
		{"open-1x", Name{}},
		{"snapshot-1-160-2472588", Name{Kind: KindSnapshotData, Term: 1, Index: 160, Timestamp: 2472588}},
		{"snapshot-1-160-2472588.meta", Name{Kind: KindSnapshotMeta, Term: 1, Index: 160, Timestamp: 2472588}},
		{"snapshot-1-160", Name{}},
		{"snapshot-1-160-x", Name{}},
		{"snapshot-1-160-2472588.meta.meta", Name{}},
		{"tmp-open-1", Name{Kind: KindTemporary, Of: "open-1"}},
		{"tmp-", Name{Kind: KindTemporary}},
		{"corrupt-1700000000000000000-open-3", Name{Kind: KindCorrupt, Of: "open-3"}},
		{"corrupt--1-1-1", Name{Kind: KindCorrupt, Of: "1-1"}},
		{"corrupt-x-open-3", Name{}},
		{"cluster.yaml", Name{}},
		{"", Name{}},
		{fmt.Sprintf("tmp-%0123d", 0), Name{Kind: KindTemporary, Of: fmt.Sprintf("%0123d", 0)}},
		{fmt.Sprintf("tmp-%0124d", 0), Name{}}, // 128 characters
	} {
		c.want.File = c.file
		assert.Equal(t, c.want, ParseName(c.file))
	}
	assert.Equal(t, "0000000000000001-0000000000000042", ClosedName(1, 42))
	assert.Equal(t, "snapshot-1-160-2472588", SnapshotName(1, 160, 2472588))
}

func TestTexts(t *testing.T) {
	assert.Equal(t, "command barrier configuration type 9", fmt.Sprint(Command, " ", Barrier, " ", Change, " ", EntryType(9)))
	assert.Equal(t, "standby voter spare role 9", fmt.Sprint(Standby, " ", Voter, " ", Spare, " ", Role(9)))
	assert.Equal(t, "open frames undo checkpoint command 9",
		fmt.Sprint(CommandOpen, " ", CommandFrames, " ", CommandUndo, " ", CommandCheckpoint, " ", CommandType(9)))
	for stop := EndOfFile; stop <= DataChecksum; stop++ {
		assert.Equal(t, stop == ShortFile || stop == ShortPreamble || stop == ShortHeader || stop == ShortData, stop.Cut(), stop)
	}
}
