package manticore_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/manticore"
)

const (
	uuidA = "f0f4bb30-e609-11f1-bec5-42e34c715013"
	uuidB = "108e197f-e60a-11f1-8544-5f3aff5327e8"
	zero  = "00000000-0000-0000-0000-000000000000"

	data   = "var/lib/manticore"
	memory = "dev/shm/mcrpl_a4f266b78cfd0f471dd8"
)

// A table of a node: tid transactions, of which flushed are in its header and
// the rest in a log of its own.
type table struct {
	tid, flushed int
	documents    int
	content      func(tid int) string // payload; the same on all nodes by default
}

// A cluster as a node has it.
type cluster struct {
	name    string
	uuid    string
	seqno   int // -1: crashed
	safe    int
	tables  []string
	nodes   []string // "" entries are left out; nil for all three
	path    string
	epoch   int
	alone   bool  // self_bootstrap_on_startup
	memory  int   // seqno in shared memory, 0 for none
	gone    bool  // no entry in manticore.json
	members []int // of the last view, 0 is the node itself
}

// A node is built as the server writes it, by a second reading of the format.
type node struct {
	number   int
	clusters []cluster
	tables   map[string]table
	conf     string // more lines of the searchd section
	killed   bool   // it has logs although every cluster has a seqno
}

func address(n int) string { return fmt.Sprintf("10.0.0.%d:9312", n) }

func varint(n int) []byte {
	out := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		out = append([]byte{byte(n&0x7f) | 0x80}, out...)
	}
	return out
}

func record(op byte, parts ...[]byte) []byte {
	body := append([]byte{op}, slices.Concat(parts...)...)
	return binary.LittleEndian.AppendUint32(append([]byte("TXN!"), body...), crc32.ChecksumIEEE(body))
}

func logOf(name string, t table) []byte {
	out := []byte("SPBL\x10\x00\x00\x00")
	out = append(out, record(1, varint(0), varint(len(name)), []byte(name))...)
	for tid := t.flushed + 1; tid <= t.tid; tid++ {
		text := fmt.Sprintf("row %d of %s", tid, name)
		if t.content != nil {
			text = t.content(tid)
		}
		payload := append([]byte{1, 1}, text...)
		out = append(out, record(2, varint(0), varint(tid), binary.LittleEndian.AppendUint32(nil, uint32(len(payload))), payload)...)
	}
	return out
}

func process(n int) string { return fmt.Sprintf("%08x-e609-11f1-8d8a-9eea5bb479a0", n) }

// files builds the tree of the host.
func (n node) files() fstest.MapFS {
	m := fstest.MapFS{}
	put := func(name string, b []byte) { m[name] = &fstest.MapFile{Data: b, Mode: 0o600} }
	put("etc/manticoresearch/manticore.conf", []byte(fmt.Sprintf("searchd {\n listen = %s\n data_dir = /var/lib/manticore\n server_id = %d\n%s\n}\n", address(n.number), n.number, n.conf)))
	clusters, indexes := map[string]any{}, map[string]any{}
	positions, inMemory := []byte{}, 0
	for _, c := range n.clusters {
		dir := path.Join(data, c.path)
		entry := map[string]any{"indexes": c.tables, "user": "root"}
		nodes := c.nodes
		if nodes == nil {
			nodes = []string{address(1), address(2), address(3)}
		}
		if nodes = slices.DeleteFunc(slices.Clone(nodes), func(s string) bool { return s == "" }); len(nodes) > 0 {
			entry["nodes"] = nodes
		}
		if c.path != "" {
			entry["path"] = c.path
		}
		if c.epoch == 0 {
			c.epoch = 2
		}
		entry["cluster_epoch"] = c.epoch
		if c.alone {
			entry["self_bootstrap_on_startup"] = true
		}
		if !c.gone {
			clusters[c.name] = entry
		}
		if c.uuid == "" {
			c.uuid = uuidA
		}
		put(path.Join(dir, "grastate.dat"), []byte(fmt.Sprintf("# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   %d\nsafe_to_bootstrap: %d\n", c.uuid, c.seqno, c.safe)))
		if c.members != nil {
			text := fmt.Sprintf("my_uuid: %s\n#vwbeg\nview_id: 3 %s 4\nbootstrap: 0\n", process(n.number), process(c.members[0]))
			for _, x := range c.members {
				text += fmt.Sprintf("member: %s 0\n", process(x))
			}
			put(path.Join(dir, "gvwstate.dat"), []byte(text+"#vwend\n"))
		}
		if c.memory > 0 {
			inMemory++
			raw, _ := hex.DecodeString(strings.ReplaceAll(c.uuid, "-", ""))
			positions = binary.LittleEndian.AppendUint32(positions, uint32(len(c.name)))
			positions = append(append(positions, c.name...), raw...)
			positions = binary.LittleEndian.AppendUint64(positions, uint64(c.memory))
		}
	}
	if inMemory > 0 {
		put(memory, append(append([]byte("SPBL\x01\x00\x00\x00"), byte(inMemory)), append(positions, make([]byte, 100)...)...))
	}
	crashed := n.killed || slices.ContainsFunc(n.clusters, func(c cluster) bool { return c.seqno < 0 })
	var numbers []byte
	for i, name := range slices.Sorted(maps.Keys(n.tables)) {
		t := n.tables[name]
		indexes[name] = map[string]any{"type": "rt", "path": name}
		if !crashed {
			t.flushed = t.tid
		}
		put(path.Join(data, name, name+".meta"), []byte(fmt.Sprintf(`{"meta_created_time_utc":"2026-11-22T00:16:23.973","meta_version":23,"total_documents":%d,"total_bytes":0,"tid":%d,"schema":{},"chunk_names":[]}`, t.documents, t.flushed)))
		if crashed {
			put(path.Join(data, "binlog", fmt.Sprintf("binlog.%04d", i)), logOf(name, t))
			numbers = append(numbers, byte(i))
		} else {
			put(path.Join(data, name, name+".ram"), make([]byte, 20))
		}
	}
	put(path.Join(data, "binlog/binlog.meta"), append(append([]byte("SPLI\x10\x00\x00\x00\x04"), byte(len(numbers))), numbers...))
	text, _ := json.Marshal(map[string]any{"clusters": clusters, "indexes": indexes})
	put(path.Join(data, "manticore.json"), text)
	return m
}

// posts is a node of one cluster with one table of that many transactions.
// With one ALTER CLUSTER the seqno is one higher.
func posts(number, tid int, change func(*node)) fstest.MapFS {
	n := node{
		number:   number,
		clusters: []cluster{{name: "posts", seqno: -1, tables: []string{"t1"}, memory: tid + 1}},
		tables:   map[string]table{"t1": {tid: tid}},
	}
	if change != nil {
		change(&n)
	}
	return n.files()
}

func clean(n *node) {
	for i := range n.clusters {
		n.clusters[i].seqno, n.clusters[i].memory = n.clusters[i].memory-boolean(n.clusters[i].memory == 0), 0
	}
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A source is one host as an input of its own.
type source struct {
	name string
	fsys fs.FS
}

func (s source) Name() string       { return s.name }
func (s source) Path() string       { return s.name }
func (source) Found([]string) error { return nil }
func (s source) FS() fs.FS          { return s.fsys }

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

// run analyses hosts by name.
func run(t testing.TB, hosts map[string]fstest.MapFS, o analyze.Options) []analyze.Cluster {
	t.Helper()
	all := map[string]fs.FS{}
	for name, m := range hosts {
		all[name] = m
	}
	return runFS(t, all, o)
}

func dirFS(dir string) fs.FS { return os.DirFS(dir) }

func runFS(t testing.TB, hosts map[string]fs.FS, o analyze.Options) []analyze.Cluster {
	t.Helper()
	var sources []analyze.Source
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		sources = append(sources, source{name, hosts[name]})
	}
	result, err := analyze.Run(t.Context(), sources, []analyze.System{manticore.System{}}, o)
	require.NoError(t, err)
	require.Empty(t, result.Problems)
	require.Empty(t, result.Empty)
	return result.Clusters
}

// one is run for hosts of one cluster.
func one(t testing.TB, hosts map[string]fstest.MapFS) analyze.Cluster {
	t.Helper()
	out := run(t, hosts, analyze.Options{})
	require.Len(t, out, 1)
	return out[0]
}

// three is a cluster of n1, n2 and n3.
func three(a, b, c fstest.MapFS) map[string]fstest.MapFS {
	return map[string]fstest.MapFS{"n1": a, "n2": b, "n3": c}
}
