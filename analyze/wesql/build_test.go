package wesql_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/wesql"
	"github.com/lastwrite/lastwrite/fixtures/consensuslog"
)

// A source is a file system as an input.
type source struct {
	name string
	fsys fs.FS
}

func (s source) Name() string { return s.name }
func (s source) Path() string { return s.name }
func (s source) FS() fs.FS    { return s.fsys }

func (source) Found([]string) error { return nil }

// Sweep hands over every file, one after the other.
func (s source) Sweep(_ context.Context, take func(string) analyze.Take) error {
	return fs.WalkDir(s.fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		consume := take(name)
		if consume == nil {
			return nil
		}
		f, err := s.fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return consume(f, f.(io.ReaderAt), info.Size())
	})
}

// run analyses nodes.
func run(t testing.TB, nodes map[string]fs.FS, o analyze.Options) []analyze.Cluster {
	t.Helper()
	var sources []analyze.Source
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		sources = append(sources, source{name, nodes[name]})
	}
	result, err := analyze.Run(t.Context(), sources, []analyze.System{wesql.System{}}, o)
	require.NoError(t, err)
	require.Empty(t, result.Problems)
	return result.Clusters
}

const (
	list3 = "10.0.0.1:13306;10.0.0.2:13306;10.0.0.3:13306"
	first = "master-bin.000001"
	index = "master-bin.index"
)

// build makes the directory of node n with one log file.
func build(n int, l *consensuslog.Log, conf ...string) fstest.MapFS {
	m := fstest.MapFS{}
	put(m, "auto.cnf", fmt.Sprintf("[auto]\nserver-uuid=5a0c4f5e-a6b1-11ef-9c01-02420a00000%d\n", n))
	put(m, "my.cnf", fmt.Sprintf("[mysqld]\nlog_bin=master-bin\nraft_replication_cluster_id=42\nraft_replication_cluster_info=%s@%d\n%s\n", list3, n, strings.Join(conf, "\n")))
	put(m, index, "./"+first+"\n")
	put(m, first, string(l.Bytes))
	return m
}

func put(m fstest.MapFS, name, text string) {
	m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o640}
}

// filled is a log of node n that ends with an entry of term 2.
func filled(n int, to uint64) *consensuslog.Log {
	l := consensuslog.New(uint32(n), 1)
	l.Leader = 1
	l.NoOp(2, 1, 0)
	return l.Fill(2, 2, to)
}

// three are nodes of which n2 is the given one.
func three(n2 fstest.MapFS) map[string]fs.FS {
	return map[string]fs.FS{"n1": build(1, filled(1, 20)), "n2": n2, "n3": build(3, filled(3, 20))}
}

// A row of mysql.consensus_info, and the applied index.
type row struct {
	vote, term, recover, start uint64
	members                    string
	applied                    uint64
	workers                    uint32
}

// tables adds mysql.ibd with the raft tables, and a redo log that was closed.
func tables(m fstest.MapFS, r row) fstest.MapFS {
	page := make([]byte, 16<<10)
	info := page
	leaf(info, 140, 4+13+40+2+len(r.members)+8)
	info[140-8], info[140-9] = 2, byte(len(r.members))
	b := append(binary.BigEndian.AppendUint32(nil, 10), make([]byte, 13)...)
	for _, v := range []uint64{r.vote, r.term, r.recover, 0, r.start} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	b = binary.BigEndian.AppendUint64(append(b, "42"+r.members...), 0)
	copy(info[140:], b)
	applier := make([]byte, 16<<10)
	leaf(applier, 126, 29)
	b = append(binary.BigEndian.AppendUint32(nil, 3), make([]byte, 13)...)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(b, r.workers), r.applied)
	copy(applier[126:], b)
	put(m, "mysql.ibd", string(info)+string(applier))
	put(m, "mysql/general_log.CSV", "")
	const lsn = 512*100 + 12
	redo := make([]byte, 4096)
	binary.BigEndian.PutUint32(redo, 6)
	binary.BigEndian.PutUint64(redo[8:], 512*100)
	binary.BigEndian.PutUint64(redo[512+8:], lsn)
	binary.BigEndian.PutUint32(redo[2048:], 101)
	binary.BigEndian.PutUint16(redo[2048+4:], 12)
	put(m, "#innodb_redo/#ib_redo1", string(redo))
	system := make([]byte, 64)
	binary.BigEndian.PutUint64(system[26:], lsn)
	put(m, "ibdata1", string(system))
	return m
}

// leaf writes the header of a page with one record.
func leaf(page []byte, at, length int) {
	binary.BigEndian.PutUint16(page[24:], 17855)
	binary.BigEndian.PutUint16(page[38+16:], 1)
	binary.BigEndian.PutUint16(page[38+2:], uint16(at+length))
	binary.BigEndian.PutUint16(page[97:], uint16(at-99))
	binary.BigEndian.PutUint16(page[at-2:], uint16((112-at)&0xffff))
}

// archive makes an object store that holds a log in slices that end with the
// given entries, and a snapshot.
func archive(l *consensuslog.Log, snapshot uint64, ends ...uint64) fstest.MapFS {
	m := fstest.MapFS{}
	const root = "bucket/repo/main/"
	put(m, root+"data.lock", "")
	var lines strings.Builder
	at := 0
	for _, e := range ends {
		to, ok := l.Offsets[e+1]
		if !ok {
			to = len(l.Bytes)
		}
		name := fmt.Sprintf("binlog.000001.%020d.%010d", 2, to)
		put(m, root+"binlog/"+name, string(l.Bytes[at:to]))
		fmt.Fprintf(&lines, "%s|%d|0\n", name, e)
		at = to
	}
	put(m, root+"binlog/binlog-index.00000000000000000002.index", lines.String())
	if snapshot > 0 {
		put(m, root+"snapshot/snapshot.index", fmt.Sprintf("2026-11-22 01:13:11|repo/main/snapshot/innodb_000001/|repo/main/snapshot/smartengine_000001/|binlog.000001|16141|%d|1\n", snapshot))
		put(m, root+"snapshot/innodb_000001/ibdata1", "x")
		put(m, root+"snapshot/smartengine_000001/CURRENT", "x")
	}
	for i := range 3 {
		put(m, root+fmt.Sprintf("cluster_mgmt/s%d/cluster_info", i+1), fmt.Sprintf("3\n1\n%s@%d", list3, i+1))
	}
	return m
}
