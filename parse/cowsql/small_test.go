package cowsql

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures/raftlog"
	"github.com/lastwrite/lastwrite/parse"
)

func TestEveryMetadataPrefixAndBit(t *testing.T) {
	b := sample(t, "metadata1")
	whole, _ := ParseMetadata("metadata1", b, 32)
	for n := range b {
		_, damage := ParseMetadata("metadata1", b[:n], int64(n))
		require.NotNil(t, damage, "prefix %d", n)
		require.Equal(t, parse.Truncated, damage.Kind)
	}
	for at := range b {
		for bit := range uint(8) {
			bad := flipped(b, at, bit)
			m, damage := ParseMetadata("metadata1", bad, 32)
			// Only the format word is checked. Version, term and vote are not
			// protected by anything: bytes 8 to 31.
			require.Equal(t, at < 8, damage != nil, "bit %d of byte %d", bit, at)
			require.NotEqual(t, whole, m)
			require.Equal(t, bad, m.Encode())
		}
	}
}

func TestMetadataDamage(t *testing.T) {
	good := raftlog.Metadata{Version: 7, Term: 8, VotedFor: 9}.Encode()
	m, damage := ParseMetadata("metadata1", good, 32)
	require.Nil(t, damage)
	assert.Equal(t, MetadataFile{1, 7, 8, 9}, m)
	for _, c := range []struct {
		name  string
		data  []byte
		size  int64
		field string
		kind  parse.Kind
	}{
		{"longer", append(bytes.Clone(good), 0), 33, "size", parse.Trailing},
		{"longer, only the start is at hand", good, 4096, "size", parse.Trailing},
		{"zeros", make([]byte, 32), 32, "format", parse.BadVersion},
		{"version 0", raftlog.Metadata{Term: 8}.Encode(), 32, "version", parse.BadValue},
		{"empty", nil, 0, "format", parse.Truncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, damage := ParseMetadata("metadata1", c.data, c.size)
			require.NotNil(t, damage)
			assert.Equal(t, c.field, damage.Field)
			assert.Equal(t, c.kind, damage.Kind)
		})
	}
}

func TestEverySnapshotMetaPrefixAndBit(t *testing.T) {
	b := sample(t, "meta")
	whole, _ := ParseSnapshotMeta("meta", b)
	for n := range b {
		m, damage := ParseSnapshotMeta("meta", b[:n])
		require.NotNil(t, damage, "prefix %d", n)
		require.Equal(t, parse.Truncated, damage.Kind)
		if n < MetaHeaderSize {
			require.Equal(t, MetaShortHeader, m.Stop)
			require.EqualValues(t, n, m.Got)
		} else {
			require.Equal(t, MetaShortBody, m.Stop)
			require.EqualValues(t, n-MetaHeaderSize, m.Got)
		}
	}
	for at := range b {
		for bit := range uint(8) {
			m, damage := ParseSnapshotMeta("meta", flipped(b, at, bit))
			where := fmt.Sprintf("bit %d of byte %d", bit, at)
			want := []MetaStop{MetaChecksum}
			switch {
			case at < 8:
				want = []MetaStop{MetaFormat}
			case at >= 12 && at < 16: // nothing protects the upper half of the CRC field
				require.Nil(t, damage, where)
				m.CRC = whole.CRC
				require.Equal(t, whole, m, where)
				continue
			case at >= 24 && at < 32:
				want = []MetaStop{MetaChecksum, MetaLength, MetaShortBody}
			}
			require.Contains(t, want, m.Stop, where)
			require.NotNil(t, damage, where)
		}
	}
	m, damage := ParseSnapshotMeta("meta", append(bytes.Clone(b), "more"...))
	require.Nil(t, damage, "bytes behind the configuration are ignored")
	assert.Equal(t, whole, m)
}

func TestSnapshotMetaDamage(t *testing.T) {
	encode := func(configuration []byte) []byte {
		tail := binary.LittleEndian.AppendUint64(nil, 5)
		tail = append(binary.LittleEndian.AppendUint64(tail, uint64(len(configuration))), configuration...)
		out := binary.LittleEndian.AppendUint64(nil, 1)
		return append(binary.LittleEndian.AppendUint64(out, uint64(raftlog.CRC(0, tail))), tail...)
	}
	for _, c := range []struct {
		name string
		data []byte
		stop MetaStop
		at   int64
	}{
		{"length 0", encode(nil), MetaLength, 24},
		{"length 1 MiB + 1", encode(make([]byte, maxConfiguration+1)), MetaLength, 24},
		{"1 MiB of zeros", encode(make([]byte, maxConfiguration)), MetaConfiguration, 32},
		{"malformed under a good checksum", encode([]byte{1, 1, 0, 0, 0, 0, 0, 0, 0}), MetaConfiguration, 41},
		{"format 0", make([]byte, 64), MetaFormat, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, damage := ParseSnapshotMeta("meta", c.data)
			require.NotNil(t, damage)
			assert.Equal(t, c.stop, m.Stop)
			assert.Equal(t, c.at, damage.Offset)
		})
	}
}

func configuration(servers ...raftlog.Server) []byte {
	return raftlog.Configuration{Servers: servers}.Encode()
}

func TestConfigurationDamage(t *testing.T) {
	a, b := raftlog.Server{ID: 1, Address: "a:1", Role: raftlog.Voter}, raftlog.Server{ID: 2, Address: "b:1", Role: raftlog.Spare}
	good := configuration(a, b)
	c, damage := ParseConfiguration("f", "p", 100, good)
	require.Nil(t, damage)
	assert.Equal(t, Configuration{Servers: []Server{{1, "a:1", Voter}, {2, "b:1", Spare}}, Padding: 5}, c)
	assert.Equal(t, good, c.Encode())
	assert.Equal(t, 1, c.Voters())

	for n := range 9 + 2*13 { // behind it is padding
		_, damage := ParseConfiguration("f", "p", 100, good[:n])
		require.NotNil(t, damage, "prefix %d", n)
		require.LessOrEqual(t, damage.Offset+damage.Length, int64(100+n))
	}
	for _, c := range []struct {
		name   string
		data   []byte
		field  string
		offset int64
		kept   int
	}{
		{"encoding 2", append([]byte{2}, good[1:]...), "p.encoding", 100, 0},
		{"same id", configuration(a, raftlog.Server{ID: 1, Address: "b:1"}), "p.server[1].id", 122, 1},
		{"same address", configuration(a, raftlog.Server{ID: 2, Address: "a:1"}), "p.server[1].address", 130, 1},
		{"unknown role", configuration(raftlog.Server{ID: 1, Address: "a:1", Role: 3}), "p.server[0].role", 121, 0},
		{"more servers than there are", append([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255}, good[9:]...), "p.server[2].id", 135, 2},
		{"address without end", append(bytes.Clone(good[:17]), "long"...), "p.server[0].address", 117, 0},
		{"empty", nil, "p.encoding", 100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, damage := ParseConfiguration("f", "p", 100, c.data)
			require.NotNil(t, damage)
			assert.Equal(t, c.field, damage.Field)
			assert.Equal(t, c.offset, damage.Offset)
			assert.Len(t, got.Servers, c.kept)
		})
	}
}

func TestConfigurationEqual(t *testing.T) {
	a, b := Server{1, "a:1", Voter}, Server{2, "b:1", Standby}
	of := func(s ...Server) Configuration { return Configuration{Servers: s} }
	assert.True(t, of(a, b).Equal(Configuration{Servers: []Server{a, b}, Padding: 3}))
	assert.False(t, of(a, b).Equal(of(b, a)))
	assert.False(t, of(a).Equal(of(a, b)))
	assert.False(t, of(a).Equal(of(Server{1, "a:1", Standby})))
}

func TestEveryCommandPrefixAndBit(t *testing.T) {
	b := sample(t, "frames")
	for n := range b {
		_, damage := ParseCommand("frames", "p", 0, b[:n])
		require.NotNil(t, damage, "prefix %d", n)
		require.LessOrEqual(t, damage.Offset+damage.Length, int64(n))
	}
	whole, _ := ParseCommand("frames", "", 0, b)
	for at := range b {
		for bit := range uint(8) {
			c, damage := ParseCommand("frames", "", 0, flipped(b, at, bit))
			where := fmt.Sprintf("bit %d of byte %d", bit, at)
			// The checksum of the batch protects a command. By itself it shows
			// a flip as damage or in a field, except in the unused bytes 2 to 7
			// (header), 13 to 15 (behind the name), 29 to 31 and 38 to 39, and
			// in the commit flag, of which only zero or not counts.
			unused := at >= 2 && at < 8 || at >= 13 && at < 16 || at >= 29 && at < 32 || at == 38 || at == 39
			same := c.Type == whole.Type && c.Database == whole.Database && c.TxID == whole.TxID && c.Truncate == whole.Truncate &&
				c.Commit == whole.Commit && c.PageSize == whole.PageSize && slices.Equal(c.Pages, whole.Pages) && bytes.Equal(c.Content, whole.Content)
			if unused || at == 28 && bit > 0 {
				require.Nil(t, damage, where)
				require.True(t, same, where)
			} else {
				require.True(t, damage != nil || !same, where)
			}
		}
	}
}

func TestCommands(t *testing.T) {
	page := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, n) }
	for _, c := range []struct {
		name string
		data []byte
		want CommandBody
	}{
		{"open", raftlog.Open("demo"), CommandBody{Type: CommandOpen, Database: "demo"}},
		{"open, name of 8 bytes", raftlog.Open("12345678"), CommandBody{Type: CommandOpen, Database: "12345678"}},
		{"undo", raftlog.Undo(7), CommandBody{Type: CommandUndo, TxID: 7}},
		{"checkpoint", raftlog.Checkpoint("demo"), CommandBody{Type: CommandCheckpoint, Database: "demo"}},
		{"no pages", raftlog.Frames{Database: "d"}.Encode(), CommandBody{Type: CommandFrames, Database: "d", Commit: true, Content: []byte{}}},
		{"partial", raftlog.Frames{Database: "d", TxID: 5, Truncate: 6, Partial: true, PageSize: 512, Pages: []raftlog.Page{{Number: 3, Data: page(512)}}}.Encode(),
			CommandBody{Type: CommandFrames, Database: "d", TxID: 5, Truncate: 6, PageSize: 512, Pages: []uint64{3}, Content: page(512)}},
		{"pages of 32768 bytes", raftlog.Frames{Database: "d", PageSize: 32768, Pages: []raftlog.Page{{Number: 1, Data: make([]byte, 32768)}}}.Encode(),
			CommandBody{Type: CommandFrames, Database: "d", Commit: true, PageSize: 32768, Pages: []uint64{1}, Content: make([]byte, 32768)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, damage := ParseCommand("f", "", 0, c.data)
			require.Nil(t, damage)
			assert.Equal(t, c.want, got)
			head, name := parseCommandHead(c.data[:min(len(c.data), headOfCommand)])
			frames := c.want.Type == CommandFrames
			assert.Equal(t, commandHead{known: true, frames: frames, commit: frames && c.want.Commit}, head)
			if frames {
				assert.Equal(t, c.want.Database, string(name))
			}
		})
	}
}

func TestCommandDamage(t *testing.T) {
	frames := raftlog.Frames{Database: "demo", PageSize: 512, Pages: []raftlog.Page{{Number: 1, Data: make([]byte, 512)}}}.Encode()
	put := func(at int, v ...byte) []byte {
		b := bytes.Clone(frames)
		copy(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name  string
		data  []byte
		field string
		kind  parse.Kind
		known bool
	}{
		{"format", put(0, 2), "format", parse.BadVersion, false},
		{"type", put(1, 5), "type", parse.BadValue, false},
		{"type 0", put(1, 0), "type", parse.BadValue, false},
		{"page size 0", put(36, 0, 0), "page_size", parse.BadValue, true},
		{"page size 1, which the database header uses for 65536", put(36, 1, 0), "page_size", parse.BadValue, true},
		{"page size 513", put(36, 1, 2), "page_size", parse.BadValue, true},
		{"4294967295 pages", put(32, 255, 255, 255, 255), "pages", parse.Truncated, true},
		{"one page more", put(32, 2), "pages", parse.Truncated, true},
		{"name without end", append([]byte{1, 2, 0, 0, 0, 0, 0, 0}, strings.Repeat("x", 600)...), "filename", parse.BadText, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, damage := ParseCommand("f", "", 0, c.data)
			require.NotNil(t, damage)
			assert.Equal(t, c.field, damage.Field)
			assert.Equal(t, c.kind, damage.Kind)
			head, _ := parseCommandHead(c.data[:min(len(c.data), headOfCommand)])
			assert.Equal(t, c.known, head.known)
		})
	}
}
