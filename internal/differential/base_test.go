package differential_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/fixtures/raftlog"
)

// A base is a raft directory that is going to be damaged, held in memory
// without the zeros that open segments consist of.
type base struct {
	name  string
	files []baseFile
}

type baseFile struct {
	name string
	size int64
	data []byte // without the zeros at the end
}

func (b *base) add(name string, data []byte) {
	size := int64(len(data))
	for len(data) > 0 && data[len(data)-1] == 0 {
		data = data[:len(data)-1]
	}
	b.files = append(b.files, baseFile{name, size, slices.Clip(data)})
}

// write makes the directory.
func (b *base) write(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for _, f := range b.files {
		name := filepath.Join(dir, f.name)
		if err := os.WriteFile(name, f.data, 0o600); err != nil {
			return err
		}
		if err := os.Truncate(name, f.size); err != nil {
			return err
		}
	}
	return nil
}

// maxReal is the size of the content up to which a real directory serves as a
// base; larger ones only take longer.
const maxReal = 4 << 20

// realBases are the raft files of the corpus' nodes. Who the node is stays
// unknown, so that nothing bootstraps.
func realBases(t *testing.T) []*base {
	t.Helper()
	var out []*base
	for _, name := range fixtures.Cases("cowsql") {
		c := fixtures.Open(t, "cowsql", name)
		for _, n := range c.Nodes {
			b := &base{name: name + "/" + n.Name}
			entries, err := os.ReadDir(n.Data)
			require.NoError(t, err)
			content := 0
			for _, e := range entries {
				if !e.Type().IsRegular() || filepath.Ext(e.Name()) == ".yaml" {
					continue
				}
				data, err := os.ReadFile(filepath.Join(n.Data, e.Name()))
				require.NoError(t, err)
				b.add(e.Name(), data)
				content += len(b.files[len(b.files)-1].data)
			}
			if content <= maxReal {
				out = append(out, b)
			}
		}
		require.NoError(t, os.RemoveAll(c.Dir))
	}
	return out
}

// builtBase makes a directory by chance as a server could have left it:
// closed segments of all lengths, snapshots plain or compressed, leading to or
// ahead of the log, open segments in use and prepared, and metadata.
func builtBase(r *rand.Rand) *base {
	b := &base{name: "built"}
	configuration := raftlog.Configuration{}
	for i := range 1 + 2*r.IntN(2) {
		configuration.Servers = append(configuration.Servers, raftlog.Server{ID: uint64(i + 1), Address: fmt.Sprintf("127.0.0.1:%d", 9001+i), Role: raftlog.Voter})
	}
	l := &logBuilder{r: r, term: 1 + r.Uint64N(3), next: 1}
	entries := []raftlog.Entry{{Term: 1, Type: raftlog.Change, Payload: configuration.Encode()}}
	for range r.IntN(60) {
		entries = append(entries, l.entry())
	}
	index := uint64(1)
	var ends []uint64 // of closed segments
	for len(entries) > 0 && r.IntN(6) > 0 {
		n := 1 + r.IntN(min(len(entries), 20))
		segment := batches(r, entries[:n])
		b.add(raftlog.ClosedName(index, index+uint64(n)-1), segment.Encode())
		index += uint64(n)
		ends = append(ends, index-1)
		entries = entries[n:]
	}
	for i := range r.IntN(4) { // in use first, prepared ones behind
		n := min(len(entries), r.IntN(12))
		b.add(raftlog.OpenName(uint64(i+1)), batches(r, entries[:n]).EncodeOpen())
		entries = entries[n:]
		if n == 0 {
			entries = nil
		}
	}
	l.snapshots(b, configuration, ends)
	version := 1 + r.Uint64N(6)
	l.metadata(b, version)
	if version > 1 {
		l.metadata(b, version-1)
	}
	return b
}

type logBuilder struct {
	r    *rand.Rand
	term uint64
	next uint64
}

func (l *logBuilder) entry() raftlog.Entry {
	if l.r.IntN(10) == 0 {
		l.term += 1 + l.r.Uint64N(2)
		return raftlog.Entry{Term: l.term, Type: raftlog.Barrier, Payload: make([]byte, 8)}
	}
	f := raftlog.Frames{Database: "demo", PageSize: 512}
	for range 1 + l.r.IntN(3) {
		page := make([]byte, f.PageSize)
		for i := range page {
			page[i] = byte(l.r.Uint32())
		}
		f.Pages = append(f.Pages, raftlog.Page{Number: 1 + l.r.Uint64N(20), Data: page})
	}
	return raftlog.Entry{Term: l.term, Type: raftlog.Command, Payload: f.Encode()}
}

// snapshots adds up to two snapshots at or near the ends of segments, and
// sometimes takes the segments away that they make superfluous.
func (l *logBuilder) snapshots(b *base, c raftlog.Configuration, ends []uint64) {
	if len(ends) == 0 {
		return
	}
	var last uint64
	for range l.r.IntN(3) {
		index := max(last, ends[l.r.IntN(len(ends))]+l.r.Uint64N(3))
		if index == last {
			continue
		}
		last = index
		name := raftlog.SnapshotName(l.term, index, 1000+index)
		main := make([]byte, 512*(1+l.r.IntN(40)))
		for i := range main {
			main[i] = byte(l.r.Uint32N(4)) // compresses
		}
		data := raftlog.SnapshotData{{Name: "demo", Main: main}}
		raw := data.Encode()
		if l.r.IntN(2) == 0 {
			raw, _ = data.EncodeLZ4() // writing to memory does not fail
		}
		b.add(name, raw)
		b.add(name+".meta", raftlog.SnapshotMeta{ConfigurationIndex: 1, Configuration: c}.Encode())
	}
	if keep := l.r.IntN(len(ends) + 1); last > 0 && keep < len(ends) {
		b.files = slices.DeleteFunc(b.files, func(f baseFile) bool {
			var first, end uint64
			n, _ := fmt.Sscanf(f.name, "%d-%d", &first, &end)
			return n == 2 && end < min(ends[keep], last+1)
		})
	}
}

func (l *logBuilder) metadata(b *base, version uint64) {
	m := raftlog.Metadata{Version: version, Term: l.term, VotedFor: l.r.Uint64N(4)}
	b.add(fmt.Sprintf("metadata%d", 2-version%2), m.Encode())
}

// batches packs entries as leaders and followers do.
func batches(r *rand.Rand, entries []raftlog.Entry) (out raftlog.Segment) {
	most := 1 + r.IntN(4)
	for len(entries) > 0 {
		n := 1 + r.IntN(min(most, len(entries)))
		out = append(out, entries[:n])
		entries = entries[n:]
	}
	return out
}
