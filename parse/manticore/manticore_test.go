package manticore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

func config(t testing.TB, b []byte) *Config {
	t.Helper()
	c, err := ReadConfig(bytes.NewReader(b), "manticore.json", int64(len(b)))
	require.NoError(t, err)
	return c
}

func log(t testing.TB, b []byte) *Log {
	t.Helper()
	l, err := ReadLog(bytes.NewReader(b), bytes.NewReader(b), "binlog.0000", int64(len(b)))
	require.NoError(t, err)
	return l
}

func tableMeta(t testing.TB, b []byte) *TableMeta {
	t.Helper()
	m, err := ReadTableMeta(bytes.NewReader(b), "t.meta", int64(len(b)))
	require.NoError(t, err)
	return m
}

func TestConfigOfTwoClusters(t *testing.T) {
	b := sample(t, "config-two-clusters.json")
	c := config(t, b)
	require.Empty(t, c.Damage)
	assert.True(t, c.Whole)
	require.Len(t, c.Clusters, 2)
	for i, want := range []struct{ name, path, table string }{{"alpha", "cl_alpha", "ta"}, {"beta", "cl_beta", "tb"}} {
		x := c.Clusters[i]
		assert.Equal(t, want.name, x.Name)
		assert.Equal(t, want.path, x.Path)
		assert.Equal(t, []string{want.table}, x.Tables)
		assert.Len(t, x.Nodes, 2)
		assert.Equal(t, []Option{{"gcache.size", "1M"}}, x.Options)
		assert.EqualValues(t, 2, x.Epoch)
		assert.Empty(t, x.Skipped)
	}
	assert.Equal(t, []Table{{"ta", "rt", "ta", c.Tables[0].Span}, {"tb", "rt", "tb", c.Tables[1].Span}}, c.Tables)
}

// TestConfigWithoutNodes leaves out the key nodes wherever it stands.
func TestConfigWithoutNodes(t *testing.T) {
	for _, text := range []string{
		`{"clusters":{"c":{"nodes":["a:1","b:2"],"path":"p"}}}`,
		`{"clusters":{"c":{"path":"p" , "nodes" : ["a:1","b:2"] }}}`,
		`{"clusters":{"c":{"path":"p","nodes":"a:1,b:2","indexes":["t"]}}}`,
		`{"clusters":{"c":{"nodes":["a:1","b:2"]}}}`,
		"{\"clusters\":{\"c\":{\n\"path\":\"p\",\n\"nodes\":[\"a:1\",\"b:2\"],\n\"user\":\"x\"\n}}}",
		string(sample(t, "config-two-clusters.json")),
	} {
		before := config(t, []byte(text))
		require.Empty(t, before.Damage, text)
		cut := before.Clusters[0].NodesCut
		require.NotZero(t, cut.Length)
		assert.Len(t, before.Clusters[0].Nodes, 2)
		after := config(t, []byte(text[:cut.Offset]+text[cut.Offset+cut.Length:]))
		require.Empty(t, after.Damage, text)
		assert.Empty(t, after.Clusters[0].Nodes)
		assert.Zero(t, after.Clusters[0].NodesCut)
		assert.Equal(t, before.Clusters[0].Path, after.Clusters[0].Path)
		assert.Equal(t, before.Clusters[0].Tables, after.Clusters[0].Tables)
	}
}

func TestConfigOddities(t *testing.T) {
	c := config(t, []byte(`{clusters:{'c':{nodes:"h1:9312, h2:9312",options:"gcache.size=1M;socket.ssl_key=/k;x=y",indexes:["t",7]},"d":{},"c":{"path":"z"}}, "indexes":{"t":{"type":"rt","path":"/v/t/t"}}}`))
	require.Empty(t, c.Damage)
	require.Len(t, c.Clusters, 3)
	assert.Equal(t, []string{"h1:9312", "h2:9312"}, c.Clusters[0].Nodes)
	assert.Equal(t, []Option{{"gcache.size", "1M"}, {"socket.ssl_key", ""}, {"x", "y"}}, c.Clusters[0].Options)
	assert.Equal(t, []string{"t"}, c.Clusters[0].Tables)
	assert.Equal(t, "cluster with the same path already exists: d, , SKIPPED", c.Clusters[1].Skipped)
	assert.Equal(t, "cluster with the same name already exists: c, z, SKIPPED", c.Clusters[2].Skipped)
	assert.Equal(t, "/v/t/t", c.Tables[0].Path)
	assert.True(t, config(t, nil).Empty)
	for _, text := range []string{"[]", "7", " ", `{"a":1} x`, `{"a":1,}`, `{"a" 1}`, `{"a":tru}`, `{"a":1e}`, `{"a":"\u12"}`} {
		assert.NotEmpty(t, config(t, []byte(text)).Damage, text)
	}
}

// TestConfigKeepsWhatStandsInFrontOfDamage: a file that was cut still tells
// which clusters its beginning names.
func TestConfigKeepsWhatStandsInFrontOfDamage(t *testing.T) {
	b := sample(t, "config-two-clusters.json")
	c := config(t, b[:len(b)/2])
	require.Len(t, c.Damage, 1)
	assert.Equal(t, parse.Truncated, c.Damage[0].Kind)
	require.NotEmpty(t, c.Clusters)
	assert.Equal(t, "alpha", c.Clusters[0].Name)
	assert.True(t, c.Clusters[0].Whole)
	assert.False(t, c.Whole)
}

func TestHostileConfig(t *testing.T) {
	for name, text := range map[string]string{
		"deep":        strings.Repeat(`{"a":`, 1<<20),
		"deep arrays": strings.Repeat(`[`, 1<<20),
		"values":      "[" + strings.Repeat("1,", 1<<20) + "1]",
		"number":      `{"clusters":{"c":{"cluster_epoch":` + strings.Repeat("9", 1<<20) + `}}}`,
		"text":        `{"clusters":{"` + strings.Repeat("x", 1<<20) + `":{}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, []byte(text))
			if name == "number" || name == "text" {
				assert.Empty(t, c.Damage)
				assert.LessOrEqual(t, len(c.Clusters[0].Name), jsonMaxText)
				return
			}
			assert.NotEmpty(t, c.Damage)
		})
	}
}

func TestEveryConfigPrefix(t *testing.T) {
	b := bytes.TrimSpace(sample(t, "config-two-clusters.json"))
	for n := 1; n < len(b); n++ {
		c := config(t, b[:n])
		require.Len(t, c.Damage, 1, "prefix %d", n)
		require.LessOrEqual(t, c.Damage[0].Offset, int64(n))
	}
}

func TestBinlogMeta(t *testing.T) {
	m := ParseBinlogMeta("binlog.meta", sample(t, "binlog-meta"), 11)
	require.Nil(t, m.Damage)
	assert.Equal(t, &BinlogMeta{Version: 16, Digits: 4, Files: []uint64{0}, End: 11}, m)
	m = ParseBinlogMeta("binlog.meta", sample(t, "binlog-meta-clean"), 10)
	assert.Equal(t, &BinlogMeta{Version: 16, Digits: 4, End: 10}, m)
	b := sample(t, "binlog-meta")
	for n := range b {
		require.NotNil(t, ParseBinlogMeta("binlog.meta", b[:n], int64(n)).Damage, "prefix %d", n)
	}
	assert.Equal(t, parse.Trailing, ParseBinlogMeta("binlog.meta", append(b, 0), 12).Damage.Kind)
	assert.Equal(t, parse.BadVersion, ParseBinlogMeta("m", []byte("SPLI\x11\x00\x00\x00\x04\x00"), 10).Damage.Kind)
	assert.Equal(t, parse.BadMagic, ParseBinlogMeta("m", []byte("SPLX\x10\x00\x00\x00\x04\x00"), 10).Damage.Kind)
	huge := append([]byte("SPLI\x10\x00\x00\x00\x04"), 0x8f, 0xff, 0xff, 0xff, 0x7f)
	assert.Equal(t, parse.Truncated, ParseBinlogMeta("m", huge, int64(len(huge))).Damage.Kind)
}

func TestLog(t *testing.T) {
	b := sample(t, "log-16")
	l := log(t, b)
	require.Nil(t, l.Damage)
	assert.EqualValues(t, 16, l.Version)
	assert.EqualValues(t, 16, l.Transactions)
	assert.EqualValues(t, 17, l.Records)
	assert.Equal(t, l.Size, l.End)
	require.Len(t, l.Tables, 1)
	x := l.Tables[0]
	assert.Equal(t, "t1", x.Name)
	assert.EqualValues(t, 1, x.First)
	assert.EqualValues(t, 16, x.Last)
	assert.Equal(t, 16, x.Digests.Len())
	d, ok := x.Digests.At(16)
	assert.True(t, ok)
	assert.True(t, d.Data)
}

// TestTornLog: the server names position 2737, five bytes behind the marker of
// the record at 2732 (measured).
func TestTornLog(t *testing.T) {
	l := log(t, sample(t, "log-torn"))
	require.NotNil(t, l.Damage)
	assert.Equal(t, TornRecord, l.Stop)
	assert.EqualValues(t, 2732, l.End)
	assert.Equal(t, Broken{Offset: 2732, Op: 2, Table: "t1", TID: 16, Kind: 1, Reached: AtPayload}, l.Broken)
	assert.EqualValues(t, 15, l.Tables[0].Last)
	assert.Empty(t, l.Behind)
}

// ends returns the offsets behind the header and behind each record.
func ends(t testing.TB, b []byte) map[int]bool {
	t.Helper()
	out := map[int]bool{8: true, len(b): true}
	for i := 9; i+4 <= len(b); i++ {
		if string(b[i:i+4]) == "TXN!" {
			out[i] = true
		}
	}
	return out
}

func TestEveryLogPrefix(t *testing.T) {
	b := sample(t, "log-16")
	end := ends(t, b)
	for n := range len(b) + 1 {
		l := log(t, b[:n])
		require.Equal(t, end[n], l.Damage == nil, "prefix %d: %v", n, l.Damage)
		require.LessOrEqual(t, l.End, int64(n))
		if l.Damage != nil {
			require.LessOrEqual(t, l.Damage.Offset+l.Damage.Length, int64(n))
		}
	}
}

// TestEveryFlippedBitOfALog: the checksum covers all but the markers and the
// header, and what follows the record is found again.
func TestEveryFlippedBitOfALog(t *testing.T) {
	b := sample(t, "log-16")
	for at := range b {
		bad := bytes.Clone(b)
		bad[at] ^= 1 << (at % 8)
		l := log(t, bad)
		require.NotNil(t, l.Damage, "byte %d", at)
		if at >= 8 && l.Broken.Offset < 2700 && l.Broken.Offset > 8 {
			require.NotEmpty(t, l.Behind, "byte %d", at)
			require.Greater(t, l.BehindAt, l.Broken.Offset)
			require.EqualValues(t, 16, l.Behind[0].Last)
		}
	}
}

// record makes a record of versions 15 and 16.
func record(op byte, body ...byte) []byte {
	b := append([]byte{op}, body...)
	out := append([]byte("TXN!"), b...)
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(b))
}

func vbe(n uint64) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		out = append([]byte{byte(n&0x7f) | 0x80}, out...)
	}
	return out
}

func zstr(s string) []byte { return append(vbe(uint64(len(s))), s...) }

func transaction(id, tid uint64, payload string) []byte {
	body := append(vbe(id), vbe(tid)...)
	body = binary.LittleEndian.AppendUint32(body, uint32(len(payload)))
	return record(2, append(body, payload...)...)
}

func header(version byte) []byte { return []byte{'S', 'P', 'B', 'L', version, 0, 0, 0} }

func TestLogOfSeveralTables(t *testing.T) {
	b := header(16)
	b = append(b, record(1, append(vbe(0), zstr("a")...)...)...)
	b = append(b, record(1, append(vbe(1), zstr("b")...)...)...)
	for i := uint64(1); i <= 400; i++ {
		b = append(b, transaction(i%2, 1000+i, "\x01\x01 holds TXN! itself")...)
	}
	closing := append(vbe(2), zstr("a")...)
	closing = append(append(append(closing, vbe(1002)...), vbe(1400)...), vbe(1400)...)
	closing = append(closing, zstr("b")...)
	closing = append(append(append(closing, vbe(1001)...), vbe(1399)...), vbe(1399)...)
	b = append(b, record(3, closing...)...)
	l := log(t, b)
	require.Nil(t, l.Damage)
	assert.True(t, l.Closed)
	require.Len(t, l.Tables, 2)
	assert.EqualValues(t, 1400, l.Tables[0].Last)
	assert.EqualValues(t, 1399, l.Tables[1].Last)
	assert.EqualValues(t, 199, l.Tables[0].Missing)

	for _, c := range []struct {
		name string
		add  []byte
		stop Stop
	}{
		{"unknown table", transaction(7, 1, "\x01"), UnknownTable},
		{"table out of turn", record(1, append(vbe(9), zstr("z")...)...), BadTable},
		{"table twice", record(1, append(vbe(2), zstr("a")...)...), BadTable},
		{"closed twice", record(3, 0), SecondCache},
		{"operation", record(9), BadOperation},
		{"marker", []byte("TXM!\x02"), BadMarker},
		{"marker cut", []byte("TX"), TornRecord},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := log(t, append(bytes.Clone(b), c.add...))
			assert.Equal(t, c.stop, l.Stop)
			assert.EqualValues(t, len(b), l.End)
			require.NotNil(t, l.Damage)
		})
	}
}

func TestLogHeaders(t *testing.T) {
	assert.Equal(t, NoHeader, log(t, nil).Stop)
	assert.Equal(t, NoHeader, log(t, []byte("SPBL")).Stop)
	assert.Equal(t, NoHeader, log(t, []byte("SPBX\x10\x00\x00\x00")).Stop)
	assert.Equal(t, EndOfFile, log(t, header(99)).Stop, "an empty log of any version is nothing to replay")
	assert.Equal(t, WrongVersion, log(t, append(header(99), 1)).Stop)
}

// TestDigestsOfLongLogs: two logs that are sampled differently still share
// digests.
func TestDigestsOfLongLogs(t *testing.T) {
	var a, b Digests
	for tid := uint64(1); tid <= 200_000; tid++ {
		a.add(tid, Digest{CRC: uint32(tid)})
	}
	for tid := uint64(150_000); tid < 160_000; tid++ {
		b.add(tid, Digest{CRC: uint32(tid)})
	}
	assert.LessOrEqual(t, a.Len(), maxDigests)
	shared := 0
	for tid, d := range b.All {
		if x, ok := a.At(tid); ok {
			shared++
			assert.Equal(t, d, x)
		}
	}
	assert.GreaterOrEqual(t, shared, 500)
}

func oldRecordOf(body []byte) []byte {
	out := append([]byte("TXN!"), body...)
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(body))
}

func oldLog(version byte, n int) []byte {
	b := header(version)
	name := append(vbe(0), 2, 0, 0, 0, 't', '1')
	b = append(b, oldRecordOf(bytes.Join([][]byte{vbe(3), name, vbe(5), vbe(0), vbe(1700000000000000)}, nil))...)
	for i := range n {
		payload := fmt.Sprintf("row %d TXN! %s", i, strings.Repeat("x", i*37))
		b = append(b, oldRecordOf(bytes.Join([][]byte{vbe(1), vbe(0), vbe(uint64(i + 1)), vbe(uint64(1700000000000001 + i)), []byte(payload)}, nil))...)
	}
	return b
}

func TestOldLog(t *testing.T) {
	for _, version := range []byte{12, 14} {
		b := oldLog(version, 100)
		l := log(t, b)
		require.Nil(t, l.Damage, "%v", l.Damage)
		assert.EqualValues(t, 100, l.Transactions)
		assert.EqualValues(t, 100, l.Tables[0].Last)
		assert.Equal(t, int64(1700000000000100), l.Tables[0].LastTime)
		assert.EqualValues(t, len(b), l.End)

		b[len(b)/2] ^= 1
		l = log(t, b)
		require.NotNil(t, l.Damage)
		require.NotEmpty(t, l.Behind)
		assert.EqualValues(t, 100, l.Behind[0].Last)
		assert.Less(t, l.Tables[0].Last, l.Behind[0].First)
	}
	b := oldLog(14, 12)
	end := map[int]bool{}
	for n := 8; n <= len(b); n++ {
		if l := log(t, b[:n]); l.Damage == nil {
			end[n] = true
		}
	}
	assert.Len(t, end, 14, "the header, the declaration and each transaction")
}

func TestTableMeta(t *testing.T) {
	m := tableMeta(t, sample(t, "table.meta"))
	require.Nil(t, m.Damage)
	assert.True(t, m.HasTID)
	assert.EqualValues(t, 17, m.TID)
	assert.EqualValues(t, 17, m.Documents)
	assert.EqualValues(t, 23, m.Version)
	assert.Empty(t, m.Chunks)
	assert.False(t, m.Percolate)

	m = tableMeta(t, []byte(`{"meta_version":9,"index_format_version":1,"tid":-1,"chunk_names":[0,3],"pqs":[{"query":"secret"}]}`))
	require.Nil(t, m.Damage)
	assert.EqualValues(t, -1, m.TID)
	assert.True(t, m.Percolate)
	assert.Equal(t, []int64{0, 3}, m.Chunks)
	assert.NotContains(t, fmt.Sprint(*m), "secret")

	old := binary.LittleEndian.AppendUint32([]byte("SPRT"), 19)
	old = binary.LittleEndian.AppendUint32(old, 7)
	old = binary.LittleEndian.AppendUint64(old, 4096)
	old = binary.LittleEndian.AppendUint64(old, 42)
	m = tableMeta(t, append(old, 1, 2, 3))
	require.Nil(t, m.Damage)
	assert.True(t, m.Binary)
	assert.EqualValues(t, 42, m.TID)
	assert.EqualValues(t, 7, m.Documents)
	for n := range old {
		assert.NotNil(t, tableMeta(t, old[:n]).Damage, "prefix %d", n)
	}
	for _, text := range []string{`{"meta_version":99,"tid":1}`, `{"tid":1e99,"meta_version":23}`, `{"meta_version":23}`, `[]`, ``, `{"tid":1`} {
		assert.NotNil(t, tableMeta(t, []byte(text)).Damage, text)
	}
	b := bytes.TrimSpace(sample(t, "table.meta"))
	for n := range b {
		require.NotNil(t, tableMeta(t, b[:n]).Damage, "prefix %d", n)
	}
}

func TestSharedMemory(t *testing.T) {
	b := sample(t, "shared-memory")
	s := ParseSharedMemory("mcrpl_x", b)
	require.Nil(t, s.Damage)
	want := Committed{"posts", "f0f4bb30-e609-11f1-bec5-42e34c715013", 36, parse.Span{File: "mcrpl_x", Offset: 34, Length: 8, Field: "cluster[0].seqno"}}
	assert.Empty(t, cmp.Diff([]Committed{want}, s.Clusters))
	for n := range 42 {
		require.NotNil(t, ParseSharedMemory("mcrpl_x", b[:n]).Damage, "prefix %d", n)
	}
	assert.Equal(t, "mcrpl_a4f266b78cfd0f471dd8", SharedMemoryName("/var/lib/manticore"))
	assert.Equal(t, "mcrpl_fd2f760cc8914f2f893d", SharedMemoryName("/var/lib/manticore/"))
	assert.True(t, IsSharedMemory("mcrpl_a4f266b78cfd0f471dd8"))
	assert.False(t, IsSharedMemory("mcrpl_a4f266"))
}

func TestServerConf(t *testing.T) {
	c, err := ReadServerConf(bytes.NewReader(sample(t, "manticore.conf")), "manticore.conf")
	require.NoError(t, err)
	assert.Equal(t, "/var/lib/manticore", c.DataDir.Value)
	assert.False(t, c.BinlogPath.Set)
	assert.Equal(t, []string{"127.0.0.1:27062"}, c.Addresses())
	assert.Equal(t, "1", c.ServerID.Value)

	c, err = ReadServerConf(strings.NewReader("source s { sql_pass = hunter2 }\nsearchd {\n listen = 9312\n listen=0.0.0.0:9312:sphinx # all\n listen = 9306:mysql\n binlog_path =\n node_address = 10.0.0.1\n data_dir = /srv/\\\nmanticore\n}\nindex t { data_dir = /no }"), "m")
	require.NoError(t, err)
	assert.Equal(t, "/srv/manticore", c.DataDir.Value)
	assert.True(t, c.BinlogPath.Set)
	assert.Empty(t, c.BinlogPath.Value)
	assert.Equal(t, []string{"10.0.0.1:9312", "10.0.0.1:9312"}, c.Addresses())
	assert.NotContains(t, fmt.Sprint(*c), "hunter2")

	c, err = ReadServerConf(strings.NewReader("#!/bin/sh\necho"), "m")
	require.NoError(t, err)
	assert.True(t, c.Script)
}

func TestServerLog(t *testing.T) {
	l, err := ReadServerLog(bytes.NewReader(sample(t, "searchd.log")), "searchd.log")
	require.NoError(t, err)
	assert.Equal(t, "0.0.0 e790cb571@26082211", l.Version)
	assert.Equal(t, 1, l.Starts)
	assert.True(t, l.Clean)
	many := strings.Repeat("[t] [1] WARNING: cluster 'x' "+strings.Repeat("y", 5000)+"\n", 1000)
	l, err = ReadServerLog(strings.NewReader(many+"[t] [1] select secret\n"), "searchd.log")
	require.NoError(t, err)
	assert.Len(t, l.Lines, logMaxLines)
	assert.LessOrEqual(t, len(l.Lines[0].Text), logMaxLine)
	assert.NotContains(t, fmt.Sprint(l.Lines), "secret")
}

func TestKindOf(t *testing.T) {
	for name, want := range map[string]Kind{
		"manticore.json": ConfigFile, "manticore.json.new": ConfigNew, "manticore.json.old": ConfigOld, "binlog/binlog.meta": BinlogMetaFile,
		"binlog/binlog.0000": LogFile, "binlog/binlog.001": LogFile, "binlog/binlog.lock": LockFile, "t/t.meta": TableMetaFile, "t/t.ram": TableRAM,
		"x/grastate.dat.old": GrastateLeftover, "dev/shm/mcrpl_a4f266b78cfd0f471dd8": SharedMemoryFile, "t/t.0.spa": Other, "galera.cache": GaleraCacheFile,
	} {
		assert.Equal(t, want, KindOf(name), name)
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add(sample(f, "config-two-clusters.json"))
	f.Add(sample(f, "config-alone.json"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := config(t, b)
		for _, x := range c.Clusters {
			require.LessOrEqual(t, x.NodesCut.Offset+x.NodesCut.Length, int64(len(b)))
			require.GreaterOrEqual(t, x.NodesCut.Length, int64(0))
		}
	})
}

func FuzzParseBinlogMeta(f *testing.F) {
	f.Add(sample(f, "binlog-meta"))
	f.Add(sample(f, "binlog-meta-clean"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := ParseBinlogMeta("binlog.meta", b, int64(len(b)))
		require.LessOrEqual(t, len(m.Files), len(b))
	})
}

func FuzzReadLog(f *testing.F) {
	f.Add(sample(f, "log-16"))
	f.Add(sample(f, "log-torn"))
	f.Add(oldLog(14, 5))
	f.Add(oldLog(12, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		l := log(t, b)
		require.Equal(t, l.Stop == EndOfFile, l.Damage == nil)
		require.LessOrEqual(t, l.End, int64(len(b)))
		if l.Damage != nil {
			require.LessOrEqual(t, l.Damage.Offset+l.Damage.Length, int64(len(b)))
		}
		if l.Stop == EndOfFile && len(b) > 8 {
			require.EqualValues(t, len(b), l.End)
		}
		if l.BehindAt > 0 {
			require.Greater(t, l.BehindAt, l.Broken.Offset)
		}
		if l.Stop != WrongVersion && l.End >= 8 { // what a repair keeps is whole
			require.Nil(t, log(t, b[:l.End]).Damage)
		}
	})
}

func FuzzReadTableMeta(f *testing.F) {
	f.Add(sample(f, "table.meta"))
	f.Add([]byte("SPRT\x13\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := tableMeta(t, b)
		require.LessOrEqual(t, len(m.Chunks), maxChunks)
	})
}

func FuzzParseSharedMemory(f *testing.F) {
	f.Add(sample(f, "shared-memory"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := ParseSharedMemory("mcrpl_x", b)
		require.LessOrEqual(t, 28*len(s.Clusters), len(b))
	})
}

func FuzzReadServerConf(f *testing.F) {
	f.Add(sample(f, "manticore.conf"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ReadServerConf(bytes.NewReader(b), "manticore.conf")
		require.NoError(t, err)
		require.LessOrEqual(t, len(c.Addresses()), maxListen)
	})
}

func FuzzReadServerLog(f *testing.F) {
	f.Add(sample(f, "searchd.log"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ReadServerLog(bytes.NewReader(b), "searchd.log")
		require.NoError(t, err)
		require.LessOrEqual(t, len(l.Lines), logMaxLines)
	})
}
