package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
)

// A manticoreAnswer is what tests look at of the JSON for two Manticore hosts.
type manticoreAnswer struct {
	System    string
	Identical bool
	Clusters  []manticorePair
	OnlyA     []struct{ Name string } `json:"only_a"`
	OnlyB     []struct{ Name string } `json:"only_b"`
}

type manticorePair struct {
	Name, History, Ahead string
	A, B                 struct {
		Proven int64 `json:"proven_seqno"`
		Saved  int64 `json:"grastate_seqno"`
	}
	Tables []struct {
		Name             string
		Equal, Different uint64
		OnlyA            *manticoreOnly `json:"only_a"`
		OnlyB            *manticoreOnly `json:"only_b"`
	}
	Gcache struct{ Equal, Different uint64 }
}

type manticoreOnly struct{ First, Last, Logged uint64 }

// row is a pair in one line: what tests compare.
func (p *manticorePair) row() []any {
	out := []any{p.Name, p.History, p.Ahead, p.A.Proven, p.B.Proven, p.Gcache.Equal, p.Gcache.Different}
	for _, t := range p.Tables {
		out = append(out, t.Name, t.Equal, t.Different)
		for _, x := range []*manticoreOnly{t.OnlyA, t.OnlyB} {
			if x != nil {
				out = append(out, *x)
			}
		}
	}
	return out
}

func TestDiffOfManticoreHosts(t *testing.T) {
	type row = []any
	n := func(v int) uint64 { return uint64(v) }
	for _, tt := range []struct {
		name, a, b   string
		status       int
		onlyA, onlyB string
		want         row
	}{
		{"all-killed-one-behind", "n1", "n2", 0, "", "", row{"posts", "same", "neither", int64(36), int64(36), n(36), n(0), "t1", n(35), n(0)}},
		{"all-killed-one-behind", "n3", "n1", 1, "", "", row{"posts", "same", "b", int64(21), int64(36), n(21), n(0), "t1", n(20), n(0), manticoreOnly{21, 35, 15}}},
		{"clean-stop-staggered", "n2", "n3", 1, "", "", row{"posts", "same", "a", int64(25), int64(13), n(13), n(0), "t1", n(0), n(0), manticoreOnly{13, 24, 0}}},
		{"left-cluster-local-writes", "n1", "n3", 1, "", "",
			row{"posts", "forked", "", int64(15), int64(11), n(11), n(0), "t1", n(10), n(4), manticoreOnly{11, 14, 4}, manticoreOnly{11, 19, 9}}},
		{"torn-log-tail", "n1", "n2", 1, "", "", row{"posts", "same", "a", int64(17), int64(16), n(17), n(0), "t1", n(15), n(0), manticoreOnly{16, 16, 1}}},
		{"two-clusters-opposite-winners", "n1", "n2", 1, "", "beta", row{"alpha", "same", "a", int64(16), int64(10), n(10), n(0), "ta", n(0), n(0), manticoreOnly{10, 15, 6}}},
		{"two-clusters-opposite-winners", "n1", "n3", 1, "alpha", "beta", nil},
	} {
		t.Run(tt.name+" "+tt.b, func(t *testing.T) {
			c := fixtures.Open(t, "manticore", tt.name)
			status, stdout, stderr := raftRun(t, []string{c.Dir}, "diff", c.Dir, "--node", tt.a, "--node", tt.b, "-o", "json")
			assert.Equal(t, tt.status, status, stderr)
			assert.Empty(t, stderr)
			var got manticoreAnswer
			require.NoError(t, json.Unmarshal([]byte(stdout), &got), stdout)
			assert.Equal(t, "manticore", got.System)
			assert.Equal(t, tt.status == 0, got.Identical)
			var have row
			for i := range got.Clusters {
				have = append(have, got.Clusters[i].row()...)
			}
			assert.Empty(t, gocmp.Diff(tt.want, have))
			var onlyA, onlyB string
			for _, x := range got.OnlyA {
				onlyA += x.Name
			}
			for _, x := range got.OnlyB {
				onlyB += x.Name
			}
			assert.Equal(t, tt.onlyA, onlyA)
			assert.Equal(t, tt.onlyB, onlyB)
			assertNoNullList(t, stdout)

			_, text, _ := raftRun(t, nil, "diff", c.Dir, "--node", tt.a, "--node", tt.b)
			assertNarrow(t, text)
		})
	}
}

// TestDiffEscapesNames: names of clusters and tables come out of the files.
func TestDiffEscapesNames(t *testing.T) {
	c := fixtures.Open(t, "manticore", "all-killed-one-behind")
	a, b := c.Node(t, "n1").Path, c.Node(t, "n3").Path
	for _, dir := range []string{a, b} {
		require.NoError(t, filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
			if filepath.Base(name) != "manticore.json" {
				return err
			}
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			return os.WriteFile(name, []byte(strings.ReplaceAll(string(text), `"posts"`, `"po\u001b[2Jsts\u202e"`)), 0o600)
		}))
	}
	status, stdout, stderr := raftRun(t, nil, "diff", a, b)
	assert.Equal(t, 1, status, stderr)
	assert.NotContains(t, stdout, "\x1b")
	assert.NotContains(t, stdout, "\u202e")
	assert.Contains(t, stdout, `po\x1b[2Jsts\u202e`)
}

func TestDiffOfOtherManticoreClusters(t *testing.T) {
	a := fixtures.Open(t, "manticore", "torn-log-tail").Node(t, "n1").Path
	b := fixtures.Open(t, "manticore", "all-killed-one-behind").Node(t, "n2").Path
	status, stdout, stderr := raftRun(t, nil, "diff", "n1="+a, "n2="+b)
	assert.Equal(t, 1, status, stderr)
	assert.Contains(t, stdout, "NOTHING IN COMMON: ")
	assert.Contains(t, stdout, "and n2 in\n  another cluster of this name: neither state UUID nor nodes are the same.\n")
	status, _, stderr = raftRun(t, nil, "diff", a, b, "--rows")
	assert.Equal(t, 3, status)
	assert.Contains(t, stderr, "these are nodes of Manticore")
}
