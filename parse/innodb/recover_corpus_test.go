package innodb_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/parse/innodb"
)

// A recoverTruth is what the real server said about one directory.
type recoverTruth struct {
	Recover struct {
		Position *string `json:"position"`
		LSN      *uint64 `json:"recovered_lsn"`
		Crash    *string `json:"innodb_crash_recovery"`
	} `json:"wsrep_recover"`
	StartError *string `json:"start_error"`
}

// dataFiles opens the files of a data directory that Recover wants.
func dataFiles(t testing.TB, dir string) innodb.Files {
	t.Helper()
	open := func(pattern string) (out []innodb.File) {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		slices.Sort(names)
		for _, name := range names {
			f, err := os.Open(name)
			require.NoError(t, err)
			t.Cleanup(func() { f.Close() })
			info, err := f.Stat()
			require.NoError(t, err)
			out = append(out, innodb.File{Name: filepath.Base(name), At: f, Size: info.Size()})
		}
		return out
	}
	return innodb.Files{System: open("ibdata*"), Undo: open("undo[0-9]*"), Log: open("ib_logfile[0-9]*")}
}

func TestCorpus(t *testing.T) {
	names := fixtures.Cases("galera")
	if len(names) == 0 {
		t.Skip("no galera cases: neither in fixtures nor in ../shared/corpus")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := fixtures.Open(t, "galera", name)
			var truth struct {
				Nodes map[string]recoverTruth `json:"nodes"`
			}
			require.NoError(t, json.Unmarshal(c.JSON, &truth))
			for _, n := range c.Nodes {
				want, ok := truth.Nodes[n.Name]
				files := dataFiles(t, n.Path)
				if !ok || want.Recover.Position == nil && want.StartError == nil {
					require.Empty(t, files.System, "an arbitrator has no data")
					continue
				}
				r, err := innodb.Recover(t.Context(), files, innodb.Options{
					Exists: func(name string, _ uint32) bool {
						_, err := os.Stat(filepath.Join(n.Path, name))
						return err == nil
					},
					Resolve: func(p []innodb.Prepared) ([]bool, bool) { return inBinaryLog(t, n.Path, p), true },
				})
				require.NoError(t, err)
				if want.StartError != nil {
					assert.Equal(t, strings.TrimPrefix(*want.StartError, "[ERROR] "), r.StartError, n.Name)
				} else {
					assert.Empty(t, r.StartError, n.Name)
				}
				if want.Recover.Position != nil {
					assert.Equal(t, *want.Recover.Position, r.Position.String(), n.Name)
					assert.Equal(t, innodb.Exact, r.Bound, "%s: %v", n.Name, r.Reasons)
					assert.Empty(t, r.Damage, n.Name)
				}
				if want.Recover.LSN != nil {
					assert.Equal(t, *want.Recover.LSN, r.Log.End, n.Name)
					assert.Equal(t, want.Recover.Crash == nil, r.Log.Clean, n.Name)
				}
			}
		})
	}
}

// inBinaryLog tells which prepared transactions the last binary log has.
func inBinaryLog(t *testing.T, dir string, prepared []innodb.Prepared) []bool {
	t.Helper()
	index, err := os.ReadFile(filepath.Join(dir, "binlog.index"))
	require.NoError(t, err)
	names := strings.Fields(string(index))
	b, err := os.ReadFile(filepath.Join(dir, names[len(names)-1]))
	require.NoError(t, err)
	seen := map[int64]bool{}
	for at := 4; at+19 <= len(b); {
		size := int(binary.LittleEndian.Uint32(b[at+9:]))
		if size < 19 || at+size > len(b) {
			break
		}
		if b[at+4] == 16 {
			seen[int64(binary.LittleEndian.Uint64(b[at+19:]))] = true
		}
		at += size
	}
	out := make([]bool, len(prepared))
	for i, p := range prepared {
		out[i] = seen[p.Seqno]
	}
	return out
}
