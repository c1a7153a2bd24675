package binlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/parse"
)

func paths(x Index) (out []string) {
	for _, e := range x.Entries {
		out = append(out, e.Path)
	}
	return out
}

func TestIndex(t *testing.T) {
	x := ParseIndex("binlog.index", []byte("./binlog.000001\n/var/log/mysql/binlog.000002\r\n\nbinlog.000003\n"))
	require.Empty(t, x.Damage)
	assert.Equal(t, []string{"./binlog.000001", "/var/log/mysql/binlog.000002", "binlog.000003"}, paths(x))
	assert.Equal(t, "binlog.000002", x.Entries[1].Base())
	assert.True(t, x.Entries[1].Absolute())
	assert.False(t, x.Entries[0].Absolute())
	last, ok := x.Last()
	assert.True(t, ok)
	assert.Equal(t, int64(3), last.Number)
	assert.Equal(t, parse.Span{File: "binlog.index", Offset: 47, Length: 13, Field: "entry[2]"}, last.Span)

	for text, want := range map[string]struct {
		paths []string
		kinds []parse.Kind
	}{
		"":                           {},
		"a.000001":                   {[]string{"a.000001"}, []parse.Kind{parse.Truncated}},
		"a.000002\na.000001\n":       {[]string{"a.000002", "a.000001"}, []parse.Kind{parse.BadValue}},
		"a.000001\n\x00\x00\x00\x00": {[]string{"a.000001"}, []parse.Kind{parse.BadText}},
		"\x01\n" + strings.Repeat("a", 600) + "\nb\n": {[]string{"b"}, []parse.Kind{parse.BadText, parse.BadText}},
	} {
		x := ParseIndex("f", []byte(text))
		assert.Equal(t, want.paths, paths(x), text)
		var kinds []parse.Kind
		for _, d := range x.Damage {
			kinds = append(kinds, d.Kind)
		}
		assert.Equal(t, want.kinds, kinds, text)
	}
	assert.Equal(t, `binlog.000004`, Entry{Path: `C:\data\binlog.000004`}.Base())
	assert.Equal(t, int64(-1), suffix("binlog.~rec~"))
	assert.Equal(t, int64(1000000), suffix("x.1000000"))
}

// logOf makes a log with a checkpoint and XIDs.
func logOf(t *testing.T, inUse bool, checkpoint string, xids ...uint64) *File {
	b := newLog("10.11.19-MariaDB", CRC32)
	if checkpoint != "" {
		b.event(BinlogCheckpointType, append([]byte{byte(len(checkpoint)), 0, 0, 0}, checkpoint...))
	}
	for _, n := range xids {
		b.event(XIDType, u64(n))
	}
	data := b.Bytes()
	if inUse {
		data[21] |= 1
	}
	return read(t, data)
}

func TestRecover(t *testing.T) {
	index := ParseIndex("i", []byte("./b.000001\n./b.000002\n./b.000003\n"))
	files := map[string]*File{
		"b.000001": logOf(t, false, "b.000001", 1, 2),
		"b.000002": logOf(t, false, "b.000001", 3, 4),
		"b.000003": logOf(t, true, "b.000002", 5, 6),
	}
	file := func(e Entry) *File { return files[e.Base()] }

	r := Recover(index, file)
	assert.True(t, r.InUse)
	assert.True(t, r.Complete())
	assert.Equal(t, "b.000002", r.Oldest)
	assert.Equal(t, []Range{{3, 6}}, r.XIDs.Ranges())

	delete(files, "b.000002")
	r = Recover(index, file)
	assert.False(t, r.Complete())
	assert.Equal(t, []string{"b.000002"}, r.Missing)
	assert.Equal(t, []Range{{5, 6}}, r.XIDs.Ranges())

	files["b.000003"] = logOf(t, true, "b.000009", 5)
	r = Recover(index, file)
	assert.True(t, r.Refused)
	assert.False(t, r.Complete())

	files["b.000003"] = logOf(t, true, "", 5)
	r = Recover(index, file)
	assert.True(t, r.Complete())
	assert.Equal(t, []Range{{5, 5}}, r.XIDs.Ranges())

	files["b.000003"] = logOf(t, false, "b.000003", 5)
	r = Recover(index, file)
	assert.True(t, r.Complete())
	assert.False(t, r.InUse)
	assert.True(t, r.XIDs.Empty())

	assert.False(t, Recover(Index{}, file).Known)
	delete(files, "b.000003")
	assert.False(t, Recover(index, file).Known)
	files["b.000003"] = read(t, []byte("\xfdbin"))
	assert.True(t, Recover(index, file).Encrypted)
}

// TestCorpus: the newest XID of nodes that were killed with their binary log
// on is the position that the real server recovered.
func TestCorpus(t *testing.T) {
	names := fixtures.Cases("galera")
	if len(names) == 0 {
		t.Skip("no galera cases: neither in fixtures nor in ../shared/corpus")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := fixtures.OpenGalera(t, "galera", name, func(file string) bool {
				base := path.Base(file)
				return strings.HasPrefix(base, "binlog.") || base == "tc.log" || strings.HasPrefix(base, "GRA_")
			})
			var truth struct {
				Nodes map[string]struct {
					Recover struct{ Position string } `json:"wsrep_recover"`
				}
			}
			require.NoError(t, json.Unmarshal(c.JSON, &truth))
			for file, data := range c.Files {
				node := path.Dir(file)
				switch base := path.Base(file); {
				case base == "tc.log":
					l, err := ReadTCLog(bytes.NewReader(data), file, int64(len(data)))
					require.NoError(t, err)
					assert.Empty(t, l.Damage, file)
					assert.True(t, l.InUse, file)
					assert.Equal(t, uint8(2), l.Engines)
				case base == "binlog.index":
					r := Recover(ParseIndex(file, data), func(e Entry) *File { return read(t, c.Files[node+"/"+e.Base()]) })
					require.True(t, r.InUse && r.Complete(), file)
					_, last, _ := r.XIDs.Bounds()
					position := truth.Nodes[node].Recover.Position
					assert.Equal(t, position[strings.LastIndexByte(position, ':')+1:], fmt.Sprint(last), file)
				default:
					f := read(t, data)
					assert.Nil(t, f.Damage, file)
					assert.Zero(t, f.Unknown, file)
				}
			}
		})
	}
}

// TestWeSQLCorpus: consensus logs are binary logs.
func TestWeSQLCorpus(t *testing.T) {
	names := fixtures.Cases("wesql")
	if len(names) == 0 {
		t.Skip("no wesql cases: neither in fixtures nor in ../shared/corpus")
	}
	for _, name := range names {
		if name == "real-8.0.30" { // an ancestor, with names of its own
			continue
		}
		c := fixtures.OpenGalera(t, "wesql", name, func(file string) bool { return strings.Contains(path.Base(file), "-bin.0") })
		require.NotEmpty(t, c.Files)
		for file, data := range c.Files {
			f := read(t, data)
			assert.Zero(t, f.Unknown, file)
			assert.Zero(t, f.Misplaced, file)
			assert.Positive(t, f.Types[ConsensusLogType], file)
			if f.Damage != nil {
				assert.Equal(t, parse.Truncated, f.Damage.Kind, file)
			}
		}
	}
}

func TestTCLog(t *testing.T) {
	page := func(head string, xids ...uint64) []byte {
		out := append([]byte(head), make([]byte, 8-len(head))...)
		for _, n := range xids {
			out = append(out, u64(n)...)
		}
		return append(out, make([]byte, 3*4096-len(out))...)
	}
	tc := func(data []byte) *TCLog {
		l, err := ReadTCLog(bytes.NewReader(data), "tc.log", int64(len(data)))
		require.NoError(t, err)
		return l
	}
	l := tc(page("\xfe\x23\x05\x74\x02", 9, 0, 7, 8))
	assert.True(t, l.InUse)
	assert.Equal(t, uint8(2), l.Engines)
	assert.Equal(t, []Range{{7, 9}}, l.XIDs.Ranges())
	assert.Empty(t, l.Damage)

	l = tc(page("A\x23\x05\x74\x02"))
	assert.True(t, l.Closed)
	assert.False(t, l.InUse)
	l = tc(page(""))
	assert.False(t, l.InUse)
	assert.Empty(t, l.Damage)
	assert.Equal(t, parse.BadMagic, tc(page("what")).Damage[0].Kind)
	data := page("\xfe\x23\x05\x74\x02", 9)
	for n := range len(data) {
		if n%4096 != 0 || n == 0 {
			require.NotEmpty(t, tc(data[:n]).Damage, n)
		}
	}
}

// checkNumbers compares a set with a map.
func checkNumbers(t *testing.T, s *Numbers, want map[uint64]bool) {
	t.Helper()
	require.Equal(t, uint64(len(want)), s.Count())
	for i, r := range s.Ranges() {
		require.LessOrEqual(t, r.First, r.Last)
		require.True(t, i == 0 || s.ranges[i-1].Last+1 < r.First)
	}
	for n := range want {
		in, sure := s.Contains(n)
		require.True(t, in && sure)
		in, _ = s.Contains(n + 1)
		require.Equal(t, want[n+1], in)
	}
}

func TestNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var s, other Numbers
		want := map[uint64]bool{}
		for i := range 6000 {
			n := random.Uint64N(9000)
			want[n] = true
			if i%3 == 0 {
				other.Add(n)
			} else {
				s.Add(n)
			}
		}
		s.AddAll(&other)
		checkNumbers(t, &s, want)
	}
	var s Numbers
	assert.True(t, s.Empty())
	for n := range uint64(3 * maxRanges) {
		s.Add(3 * n)
	}
	assert.LessOrEqual(t, len(s.ranges), maxRanges)
	in, sure := s.Contains(9 * maxRanges)
	assert.True(t, !in && sure)
	in, sure = s.Contains(3)
	assert.False(t, in || sure)
	in, sure = s.Contains(3 * (3*maxRanges - 1))
	assert.True(t, in && sure)
	s.Add(3) // too low to be kept
	in, _ = s.Contains(3)
	assert.False(t, in)

	var top Numbers
	top.Add(1<<64 - 1)
	top.Add(0)
	top.Add(1<<64 - 1)
	assert.Equal(t, []Range{{0, 0}, {1<<64 - 1, 1<<64 - 1}}, top.Ranges())
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte("./binlog.000001\n./binlog.000002\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x := ParseIndex("f", data)
		for _, e := range x.Entries {
			require.Equal(t, e.Path, string(data[e.Offset:e.Offset+e.Length]))
			require.NotContains(t, e.Path, "\x00")
		}
		for _, d := range x.Damage {
			require.LessOrEqual(t, d.Offset+d.Length, int64(len(data)))
		}
	})
}

func FuzzReadTCLog(f *testing.F) {
	f.Add(append([]byte("\xfe\x23\x05\x74\x02\x00\x00\x00"), make([]byte, 4088)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ReadTCLog(bytes.NewReader(data), "f", int64(len(data)))
		require.NoError(t, err)
		require.LessOrEqual(t, l.XIDs.Count(), uint64(len(data)/8))
	})
}
