package hexdump_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	"github.com/lastwrite/lastwrite/internal/hexdump"
	format "github.com/lastwrite/lastwrite/parse/cowsql"
)

// dumps are the ways to dump a file, by name.
var dumps = map[string]func(t testing.TB, data []byte, limit int) string{
	"metadata": func(t testing.TB, data []byte, _ int) string {
		return dump(t, data, func(d *hexdump.Writer, f hexdump.File) error { return d.Metadata(f) })
	},
	"meta": func(t testing.TB, data []byte, _ int) string {
		m, _ := format.ParseSnapshotMeta("x.meta", data)
		return dump(t, data, func(d *hexdump.Writer, f hexdump.File) error { return d.SnapshotMeta(f, m) })
	},
	"segment": func(t testing.TB, data []byte, limit int) string {
		s, err := format.ReadSegment(bytes.NewReader(data), bytes.NewReader(data), "1-9", int64(len(data)))
		require.NoError(t, err)
		return dump(t, data, func(d *hexdump.Writer, f hexdump.File) error { return d.Segment(f, s, 1, limit) })
	},
	"snapshot": func(t testing.TB, data []byte, limit int) string {
		s, err := format.ReadSnapshot(bytes.NewReader(data), "snapshot-1-2-3", int64(len(data)))
		require.NoError(t, err)
		return dump(t, data, func(d *hexdump.Writer, f hexdump.File) error { return d.Snapshot(f, s, limit) })
	},
	"sqlite": func(t testing.TB, data []byte, _ int) string {
		return dump(t, data, func(d *hexdump.Writer, f hexdump.File) error { return d.SQLite(f) })
	},
}

func dump(t testing.TB, data []byte, do func(*hexdump.Writer, hexdump.File) error) string {
	t.Helper()
	var out bytes.Buffer
	d := hexdump.New(&out)
	require.NoError(t, do(d, hexdump.File{At: bytes.NewReader(data), Size: int64(len(data))}))
	require.NoError(t, d.Err())
	return out.String()
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	require.NoError(t, err)
	return b
}

// TestSegmentOfABootstrappedNode dumps the first segment that a real server
// wrote.
func TestSegmentOfABootstrappedNode(t *testing.T) {
	segment := unhex(t, `0100000000000000 2d99f986 56503464 0100000000000000 0100000000000000 03 000000 28000000
		01 0100000000000000 be55318c8571c12d 3132372e302e302e313a323130313000 01 000000000000`)
	want := `
00000000  01 00 00 00 00 00 00 00                           format               1
batch 1
00000008  2d 99 f9 86                                       header crc           86f9992d ok
0000000c  56 50 34 64                                       data crc             64345056 ok
00000010  01 00 00 00 00 00 00 00                           entries              1
00000018  01 00 00 00 00 00 00 00                           entry 1 term         1
00000020  03                                                  type               configuration
00000021  … 3 bytes of unused space
00000024  28 00 00 00                                         size               40
entry 1: configuration
00000028  01                                                encoding             1
00000029  01 00 00 00 00 00 00 00                           servers              1
00000031  be 55 31 8c 85 71 c1 2d                           server 1 id          3297041220608546238
00000039  31 32 37 2e 30 2e 30 2e  31 3a 32 31 30 31 30 00  server 1 address     "127.0.0.1:21010"
00000049  01                                                server 1 role        voter
0000004a  … 6 bytes of padding
`
	assert.Equal(t, strings.TrimPrefix(want, "\n"), dumps["segment"](t, segment, 0))
}

// secret fills everything that a server may leave content in.
const secret = 'Z'

func secrets(n int) []byte { return bytes.Repeat([]byte{secret}, n) }

// files are small files of every kind, full of secrets.
func files() map[string][]byte {
	unused := [3]byte{secret, secret, secret}
	page := func(n uint64) raftlog.Page { return raftlog.Page{Number: n, Data: secrets(512)} }
	servers := raftlog.Configuration{Servers: []raftlog.Server{{ID: 1, Address: "a:1", Role: raftlog.Voter}, {ID: 2, Address: "b:1"}}, Padding: secrets(8)}
	frames := raftlog.Frames{Database: "demo", Unused: unused, PageSize: 512, Pages: []raftlog.Page{page(1), page(2)}}
	first := raftlog.Page{Number: 1, Data: secrets(512)}
	header := append([]byte("SQLite format 3\x00"), 2, 0, 2, 2, 0, 64, 32, 32, 0, 0, 0, 1, 0, 0, 0, 2)
	copy(first.Data, header)
	wal := raftlog.WAL{PageSize: 512, Checkpoint: 1, Salt: [2]uint32{3, 4}, Frames: []raftlog.WALFrame{
		{Page: 2, Commit: 2, Data: secrets(512)}, {Page: 2, Commit: 2, Data: secrets(512)}}}
	main := append(bytes.Clone(first.Data), secrets(512)...)
	segment := raftlog.Segment{
		{{Term: 1, Type: raftlog.Change, Unused: unused, Payload: servers.Encode()}},
		{{Term: 1, Type: raftlog.Command, Unused: unused, Payload: frames.Encode()}, {Term: 1, Type: raftlog.Barrier, Unused: unused, Payload: secrets(8)}},
		{{Term: 2, Type: raftlog.Command, Payload: raftlog.Undo(1)}, {Term: 2, Type: raftlog.Command, Payload: secrets(64)}},
		{{Term: 2, Type: raftlog.Command, Payload: frames.Encode()}},
	}
	return map[string][]byte{
		"metadata": raftlog.Metadata{Version: 3, Term: 2, VotedFor: 1}.Encode(),
		"meta":     append(raftlog.SnapshotMeta{ConfigurationIndex: 4, Configuration: servers}.Encode(), secrets(16)...),
		"segment":  append(segment.Encode(), make([]byte, 64)...),
		"snapshot": raftlog.SnapshotData{{Name: "demo", Main: main, WAL: wal.Encode()}, {Name: "second", Main: main}}.Encode(),
		"sqlite":   append(append(bytes.Clone(header), make([]byte, 40)...), append(secrets(20), append(make([]byte, 8), secrets(412)...)...)...),
	}
}

// noSecret fails the test if two bytes of content stand in a dump.
func noSecret(t testing.TB, out string) {
	t.Helper()
	if strings.Contains(out, "5a 5a") || strings.Contains(out, "ZZ") {
		require.Fail(t, "content in the dump", out)
	}
}

func TestStructureIsThere(t *testing.T) {
	want := map[string][]string{
		"metadata": {"version              3", "voted for            1"},
		"meta":     {" ok\n", "configuration index  4", `server 2 address     "b:1"`, "role        standby", "… 16 bytes of content behind the end"},
		"segment": {"entry 2: command", `database             "demo"`, "page number          2", "… 1,024 bytes of page content",
			"… 8 bytes of a barrier", "command              undo", "… 64 bytes of content that is not understood", "… 64 bytes of zeros"},
		"snapshot": {`database "demo"`, `database "second"`, "wal magic            377f0682", "frame 2", "pages after commit   2", "… 1,024 bytes of page content"},
		"sqlite":   {"page size            512", "pages                2", "… 20 bytes of reserved space"},
	}
	for name, data := range files() {
		t.Run(name, func(t *testing.T) {
			out := dumps[name](t, data, 0)
			noSecret(t, out)
			for _, line := range want[name] {
				assert.Contains(t, out, line)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	out := dumps["segment"](t, files()["segment"], 1)
	assert.Contains(t, out, "further batches (--limit)")
	assert.NotContains(t, out, "page number")
	out = dumps["snapshot"](t, files()["snapshot"], 1)
	assert.Contains(t, out, "frame 1\n")
	assert.NotContains(t, out, "frame 2\n")
	assert.Contains(t, out, `database "second"`)
}

func TestEveryPrefixHidesContent(t *testing.T) {
	for name, data := range files() {
		t.Run(name, func(t *testing.T) {
			for n := range len(data) {
				noSecret(t, dumps[name](t, data[:n], 0))
			}
		})
	}
}

func TestEveryFlippedBitHidesContent(t *testing.T) {
	for name, data := range files() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range data {
				if data[i] == secret && i%32 != 0 {
					continue // content is content wherever it is damaged
				}
				for bit := range 8 {
					b := bytes.Clone(data)
					b[i] ^= 1 << bit
					noSecret(t, dumps[name](t, b, 0))
				}
			}
		})
	}
}

func FuzzDump(f *testing.F) {
	for _, data := range files() {
		f.Add(data, 3)
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		for _, do := range dumps {
			do(t, data, max(limit, 0))
		}
	})
}
