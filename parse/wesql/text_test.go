package wesql_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse/wesql"
)

func TestMembers(t *testing.T) {
	for _, c := range []struct {
		text   string
		ok     bool
		own    string
		n      int
		forced bool
	}{
		{"127.0.0.1:23101;127.0.0.1:23102;127.0.0.1:23103@2", true, "127.0.0.1:23102", 3, false},
		{"10.0.1.1:13306#5;10.0.1.2:13306#9S@2", true, "10.0.1.2:13306", 2, false},
		{"0;127.0.0.1:23102#5@2", true, "127.0.0.1:23102", 1, true},
		{"127.0.0.1:23301", true, "127.0.0.1:23301", 1, false},
		{"127.0.0.1:23301@1", true, "127.0.0.1:23301", 1, false},
		{"", false, "", 0, false},
		{"a@9", false, "", 1, false},
		{"10.0.1.1:13306#x@1", false, "10.0.1.1:13306", 1, false},
	} {
		m, ok := wesql.ParseMembers(c.text)
		assert.Equal(t, c.ok, ok, c.text)
		assert.Equal(t, c.own, m.Own(), c.text)
		assert.Len(t, m.Addresses(), c.n, c.text)
		assert.Equal(t, c.forced, m.Forced(), c.text)
	}
}

const slices = "binlog.000001.00000000000000000002.0000001240|4|0\nbinlog.000002.00000000000000000002.0000001707|13|9\n"

func TestArchiveIndex(t *testing.T) {
	x := wesql.ParseArchiveIndex("i", []byte(slices))
	require.Len(t, x.Slices, 2)
	assert.Empty(t, x.Damage)
	assert.Equal(t, "binlog.000002", x.Slices[1].Log)
	assert.EqualValues(t, 1707, x.Slices[1].End)
	assert.EqualValues(t, 13, x.Slices[1].Last)
	assert.EqualValues(t, 9, x.Slices[1].Previous)
	for n := range slices {
		y := wesql.ParseArchiveIndex("i", []byte(slices[:n]))
		require.LessOrEqual(t, len(y.Slices), 2)
		if n > 0 && slices[n-1] != '\n' {
			require.NotEmpty(t, y.Damage, "prefix %d", n)
		}
	}
	term, ok := wesql.ParseIndexName("binlog-index.00000000000000000003.index")
	assert.True(t, ok)
	assert.EqualValues(t, 3, term)
	for _, name := range []string{"binlog-index.3.index", "master-bin.000001", "binlog.index", "a.000001.00000000000000000003.00000047x1"} {
		_, ok := wesql.ParseIndexName(name)
		assert.False(t, ok, name)
		_, ok = wesql.ParseSliceName(name)
		assert.False(t, ok, name)
	}
}

func TestSnapshotIndex(t *testing.T) {
	list, damage := wesql.ParseSnapshotIndex("s", []byte("2026-11-22 01:13:11|r/b/snapshot/innodb_000001/|r/b/snapshot/smartengine_000001/|binlog.000001|16141|44|1795309991330\nnonsense\n"))
	require.Len(t, list, 1)
	assert.Len(t, damage, 1)
	assert.EqualValues(t, 44, list[0].Index)
	assert.Equal(t, time.Date(2026, 11, 22, 1, 13, 11, 0, time.UTC), list[0].Time)
}

func TestClusterInfo(t *testing.T) {
	c := wesql.ParseClusterInfo("c", []byte("3\n1\n127.0.0.1:1;127.0.0.1:2@2"))
	assert.Empty(t, c.Damage)
	assert.Equal(t, "127.0.0.1:2", c.Members.Own())
	c = wesql.ParseClusterInfo("c", []byte("4\n7\n127.0.0.1:1@1\n127.0.0.1:9$0"))
	assert.Empty(t, c.Damage)
	assert.EqualValues(t, 7, c.Index)
	assert.Equal(t, "127.0.0.1:9$0", c.Learners)
	for _, bad := range []string{"", "3\n1\n", "7\n1\n127.0.0.1:1@1", "3\nx\n127.0.0.1:1@1", "3\n1\n\x00", "3\n1\n@@"} {
		assert.NotEmpty(t, wesql.ParseClusterInfo("c", []byte(bad)).Damage, "%q", bad)
	}
}

func TestAutoConf(t *testing.T) {
	a := wesql.ParseAutoConf("auto.cnf", []byte("[auto]\nserver-uuid=5A0C4f5e-a6b1-11ef-9c01-02420a000001\n"))
	assert.Equal(t, "5a0c4f5e-a6b1-11ef-9c01-02420a000001", a.UUID)
	assert.Empty(t, a.Damage)
	assert.EqualValues(t, 7, a.At.Offset)
	for _, bad := range []string{"", "[auto]\n", "[auto]\nserver-uuid=5a0c\n"} {
		x := wesql.ParseAutoConf("auto.cnf", []byte(bad))
		assert.Empty(t, x.UUID)
		assert.NotEmpty(t, x.Damage)
	}
}

// infoPage is a leaf page with one row of mysql.consensus_info, as InnoDB
// writes it.
func infoPage(term uint64, members string) []byte {
	page := make([]byte, 16<<10)
	binary.BigEndian.PutUint16(page[24:], 17855)
	binary.BigEndian.PutUint16(page[38+16:], 1)
	at := 140
	binary.BigEndian.PutUint16(page[97:], uint16(at-99))
	binary.BigEndian.PutUint16(page[at-2:], uint16((112-at)&0xffff))
	page[at-6], page[at-7] = 0, 0
	page[at-8], page[at-9], page[at-10] = 2, byte(len(members)), 0
	b := binary.BigEndian.AppendUint32(nil, 10)
	b = append(b, make([]byte, 13)...)
	for _, v := range []uint64{3, term, 1, term, 9} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	b = append(b, "42"+members...)
	b = binary.BigEndian.AppendUint64(b, 0)
	copy(page[at:], b)
	return page
}

func TestRows(t *testing.T) {
	const members = "10.0.1.1:13306#5;10.0.1.2:13306#9@1"
	page := infoPage(7, members)
	x, err := wesql.ReadRows(bytes.NewReader(page), "mysql.ibd", int64(len(page)))
	require.NoError(t, err)
	require.NotNil(t, x.Meta)
	assert.EqualValues(t, 7, x.Meta.Term)
	assert.EqualValues(t, 3, x.Meta.VotedFor)
	assert.EqualValues(t, 9, x.Meta.StartApplyIndex)
	assert.Equal(t, "42", x.Meta.ClusterID)
	assert.Equal(t, members, x.Meta.Members)
	for at := 90; at < 260; at++ {
		for bit := range 8 {
			bad := bytes.Clone(page)
			bad[at] ^= 1 << bit
			_, err := wesql.ReadRows(bytes.NewReader(bad), "mysql.ibd", int64(len(bad)))
			require.NoError(t, err)
		}
	}
}

func TestRedo(t *testing.T) {
	const start = 512 * 100
	b := make([]byte, 2048+4*512)
	binary.BigEndian.PutUint32(b, 6)
	binary.BigEndian.PutUint64(b[8:], start)
	binary.BigEndian.PutUint64(b[512+8:], start+12)
	text := append(binary.BigEndian.AppendUint32(nil, 10), make([]byte, 13)...)
	for _, v := range []uint64{2, 3, 1, 3, 0} {
		text = binary.BigEndian.AppendUint64(text, v)
	}
	text = append(text, "10;127.0.0.1:23102#5@2"...)
	text = append(text, strings.Repeat("\x00", 40)...)
	for i := range 2 {
		block := b[2048+512*i:]
		binary.BigEndian.PutUint32(block, uint32(100+i+1))
		binary.BigEndian.PutUint16(block[4:], 512)
		if i == 1 {
			binary.BigEndian.PutUint16(block[4:], 200)
			copy(block[12:], text)
		}
	}
	x, err := wesql.ReadRedo(bytes.NewReader(b), "r", int64(len(b)), 0)
	require.NoError(t, err)
	assert.True(t, x.Valid)
	assert.EqualValues(t, start+12, x.Checkpoint)
	assert.EqualValues(t, start+512+200, x.End)
	require.NotNil(t, x.Meta)
	assert.Equal(t, "0;127.0.0.1:23102#5@2", x.Meta.Members)
	assert.Equal(t, "1", x.Meta.ClusterID)
	for n := 0; n < len(b); n += 37 {
		_, err := wesql.ReadRedo(bytes.NewReader(b[:n]), "r", int64(n), 0)
		require.NoError(t, err)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(slices))
	f.Add([]byte("3\n1\n127.0.0.1:1;127.0.0.1:2@2"))
	f.Add([]byte("[auto]\nserver-uuid=5a0c4f5e-a6b1-11ef-9c01-02420a000001\n"))
	f.Add([]byte("0;127.0.0.1:23102#5@2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		wesql.ParseArchiveIndex("i", b)
		wesql.ParseSnapshotIndex("s", b)
		wesql.ParseClusterInfo("c", b)
		wesql.ParseAutoConf("a", b)
		wesql.ParseMembers(string(b))
	})
}

func FuzzRows(f *testing.F) {
	f.Add(infoPage(7, "10.0.1.1:13306@1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := wesql.ReadRows(bytes.NewReader(b), "m", int64(len(b)))
		require.NoError(t, err)
		_, err = wesql.ReadRedo(bytes.NewReader(b), "r", int64(len(b)), 0)
		require.NoError(t, err)
	})
}
