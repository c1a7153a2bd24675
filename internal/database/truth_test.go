package database

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// TestTruth compares row hashes and page counts with what real servers said
// about undamaged directories.
func TestTruth(t *testing.T) {
	for _, name := range []string{"clean-stop", "five-nodes-voter-standby-spare", "incus-layout", "kill9-under-load", "replicas-diverged-silently", "varied-sql-workload"} {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "cowsql", name)
			compared := 0
			for _, node := range c.Nodes {
				truth := c.Cowsql.Nodes[node.Name].Rows
				if truth == nil {
					continue
				}
				for database, path := range rebuild(t, node.Data) {
					want := truth.Databases[database]
					r, err := Check(t.Context(), path)
					require.NoError(t, err)
					assert.True(t, r.OK, "%s %s: %q", node.Name, database, r.Messages)
					assert.EqualValues(t, want.Pages, r.Pages)
					got, err := Summary(t.Context(), path)
					require.NoError(t, err)
					require.Len(t, got, len(want.Tables))
					for _, table := range got {
						assert.EqualValues(t, want.Tables[table.Name].Rows, table.Rows)
						assert.Equal(t, want.Tables[table.Name].SHA256, table.SHA256, "%s %s %s", node.Name, database, table.Name)
						compared++
					}
				}
			}
			assert.NotZero(t, compared)
		})
	}
}

// TestDiffOfReplicas compares replicas that diverged without anybody noticing.
func TestDiffOfReplicas(t *testing.T) {
	c := fixtures.Open(t, "cowsql", "replicas-diverged-silently")
	path := func(node string) string { return rebuild(t, c.Node(t, node).Data)["demo"] }
	n1, n2, n3 := path("n1"), path("n2"), path("n3")
	d, err := Diff(t.Context(), n1, n3)
	require.NoError(t, err)
	for _, table := range d.Tables {
		assert.True(t, table.Equal(), "%+v", table)
	}
	d, err = Diff(t.Context(), n1, n2)
	require.NoError(t, err)
	assert.Empty(t, d.Schema)
	assert.True(t, slices.ContainsFunc(d.Tables, func(t TableDiff) bool { return !t.Equal() && t.Problem == "" }))
}

// rebuild lays the committed pages of an undamaged directory over each other:
// newest snapshot, its WAL, then the log behind it. It knows nothing of the
// parsers, and of the format only what these directories need.
func rebuild(t testing.TB, dir string) map[string]string {
	t.Helper()
	le := binary.LittleEndian
	const size = 4096
	pages := map[string]map[uint64][]byte{}
	put := func(database string, number uint64, page []byte) {
		if pages[database] == nil {
			pages[database] = map[uint64][]byte{}
		}
		pages[database][number] = page[:size]
	}
	text := func(b []byte) (string, []byte) {
		n := bytes.IndexByte(b, 0)
		return string(b[:n]), b[(n+8)/8*8:]
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return b
	}

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var snapshot, index uint64
	var data string
	closed, opened := map[uint64]string{}, map[uint64]string{}
	for _, f := range files {
		var a, b, c uint64
		name := f.Name()
		switch {
		case strings.HasSuffix(name, ".meta"):
		case scan(name, "snapshot-%d-%d-%d", &a, &b, &c) && b >= snapshot:
			snapshot, data = b, name
		case scan(name, "open-%d", &a):
			opened[a] = name
		case scan(name, "%d-%d", &a, &b):
			closed[a] = name
		}
	}
	if data != "" {
		b := read(data)[8:]
		n, b := le.Uint64(b), b[8:]
		for range n {
			var name string
			name, b = text(b)
			main, wal := le.Uint64(b), le.Uint64(b[8:])
			b = b[16:]
			for i := range main / size {
				put(name, i+1, b[i*size:])
			}
			for at := main + 32; at < main+wal; at += 24 + size {
				put(name, uint64(binary.BigEndian.Uint32(b[at:])), b[at+24:])
			}
			b = b[main+wal:]
		}
	}
	apply := func(b []byte) {
		for b = b[8:]; len(b) >= 16; {
			n := le.Uint64(b[8:])
			if n == 0 {
				return
			}
			heads, body := b[16:16+16*n], b[16+16*n:]
			for ; len(heads) > 0; heads = heads[16:] {
				payload := body[:le.Uint32(heads[12:])]
				body = body[len(payload):]
				index++
				if index <= snapshot || heads[8] != 1 || payload[1] != 2 {
					continue
				}
				name, rest := text(payload[8:])
				count := uint64(le.Uint32(rest[16:]))
				for i := range count {
					put(name, le.Uint64(rest[24+8*i:]), rest[24+8*count+size*i:])
				}
			}
			b = body
		}
	}
	index = snapshot
	for _, first := range slices.Sorted(maps.Keys(closed)) {
		index = first - 1
		apply(read(closed[first]))
	}
	index = max(index, snapshot)
	for _, counter := range slices.Sorted(maps.Keys(opened)) {
		apply(read(opened[counter]))
	}

	out := map[string]string{}
	for name, database := range pages {
		var b bytes.Buffer
		for i := range uint64(binary.BigEndian.Uint32(database[1][28:])) {
			b.Write(database[i+1])
		}
		out[name] = filepath.Join(t.TempDir(), "copy.db")
		require.NoError(t, os.WriteFile(out[name], b.Bytes(), 0o600))
	}
	return out
}

// scan reports whether the whole name has the format.
func scan(name, format string, to ...any) bool {
	n, err := fmt.Sscanf(name+" end", format+" end", to...)
	return err == nil && n == len(to)
}
