package galera_test

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/parse/galera"
)

// open reads the files of this package out of a case.
func open(t *testing.T, family, name string) *fixtures.GaleraCase {
	return fixtures.OpenGalera(t, family, name, func(file string) bool {
		switch galera.ParseName(path.Base(file)).Kind {
		case galera.KindState, galera.KindView, galera.KindCache, galera.KindPage, galera.KindTransferInfo, galera.KindBackupInfo:
			return true
		}
		return false
	})
}

func read(t *testing.T, name string, b []byte) *galera.Cache {
	t.Helper()
	c, err := galera.ReadCache(bytes.NewReader(b), name, int64(len(b)), nil)
	require.NoError(t, err)
	return c
}

func cases(t *testing.T, family string) []string {
	names := fixtures.Cases(family)
	if len(names) == 0 {
		t.Skipf("no %s cases: neither in fixtures nor in ../shared/corpus", family)
	}
	return names
}

// TestCorpus holds every state file and every cache against what the provider
// said about them.
func TestCorpus(t *testing.T) {
	for _, name := range cases(t, "galera") {
		t.Run(name, func(t *testing.T) {
			c := open(t, "galera", name)
			caches := map[string]*galera.Cache{}
			for node, truth := range c.Truth.Nodes {
				requireState(t, c.Files[node+"/grastate.dat"], truth)
				requireView(t, c.Files[node+"/gvwstate.dat"], truth)
				b, ok := c.Files[node+"/galera.cache"]
				if !ok {
					assert.Empty(t, truth.CacheRange)
					continue
				}
				cache := read(t, node+"/galera.cache", b)
				caches[node] = cache
				assert.Empty(t, cache.Damage)
				if len(truth.CacheRange) == 0 {
					assert.NotEqual(t, galera.Recovered, cache.Outcome, node)
				} else {
					assert.Equal(t, truth.CacheRange, []int64{cache.First, cache.Last}, node)
				}
			}
			requireHistories(t, c, caches)
			requireOthers(t, c.Files)
		})
	}
}

func requireState(t *testing.T, b []byte, truth fixtures.GaleraNodeTruth) {
	t.Helper()
	if truth.Grastate == nil {
		require.Nil(t, b)
		return
	}
	s := galera.ParseState("grastate.dat", b, int64(len(b)))
	assert.Empty(t, s.Damage)
	if truth.Grastate.UUID == "" {
		assert.Equal(t, galera.DefaultState(), s.SavedState, "an empty file")
		return
	}
	assert.Equal(t, truth.Grastate.Version, s.Version)
	assert.Equal(t, truth.Grastate.UUID, s.UUID.String())
	assert.Equal(t, truth.Grastate.Seqno, s.Seqno)
	assert.Equal(t, *truth.Grastate.SafeToBootstrap == 1, s.SafeToBootstrap)
	assert.Equal(t, strings.TrimRight(string(b), " "), string(s.Encode()))
	assert.Equal(t, b, s.EncodeOver(int64(len(b))))
	if !s.UUID.IsZero() {
		_, ok := s.UUID.Time()
		assert.True(t, ok)
	}
}

func requireView(t *testing.T, b []byte, truth fixtures.GaleraNodeTruth) {
	t.Helper()
	if truth.Gvwstate == nil {
		return
	}
	v := galera.ParseView("gvwstate.dat", b, int64(len(b)))
	want := truth.Gvwstate
	assert.Empty(t, v.Damage)
	assert.True(t, v.Complete)
	assert.Equal(t, want.MyUUID, v.MyUUID.String())
	assert.Equal(t, want.ViewID.Type, int(v.Type))
	assert.Equal(t, want.ViewID.UUID, v.Representative.String())
	assert.Equal(t, want.ViewID.Seq, v.Seq)
	assert.Equal(t, want.Bootstrap == 1, v.Bootstrap)
	require.Len(t, v.Members, len(want.Members))
	for i, m := range want.Members {
		assert.Equal(t, m.UUID, v.Members[i].UUID.String())
		assert.Equal(t, m.Segment, v.Members[i].Segment)
	}
	assert.Equal(t, b, v.Encode())
}

// requireHistories compares the caches of nodes of one history: they differ
// from the fork on, and nowhere else.
func requireHistories(t *testing.T, c *fixtures.GaleraCase, caches map[string]*galera.Cache) {
	t.Helper()
	forked := false
	names := slices.Sorted(maps.Keys(caches))
	for i, a := range names {
		for _, b := range names[:i] {
			x, y := caches[a], caches[b]
			if x.Preamble.GID != y.Preamble.GID {
				continue
			}
			if seqno, ok := x.Index.FirstDifference(&y.Index); ok {
				forked = true
				assert.Equal(t, c.Truth.CommonBeforeFork+1, seqno, "%s and %s", a, b)
			}
		}
	}
	assert.Equal(t, c.Truth.Diverged && c.Truth.CommonBeforeFork > 0, forked)
}

func requireOthers(t *testing.T, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		switch galera.ParseName(path.Base(name)).Kind {
		case galera.KindPage:
			p, err := galera.ReadPage(bytes.NewReader(b), name, int64(len(b)), nil)
			require.NoError(t, err)
			assert.Empty(t, p.Damage, name)
			assert.Positive(t, p.Last, name)
		case galera.KindTransferInfo:
			i := galera.ParseTransferInfo(name, b, int64(len(b)))
			assert.Empty(t, i.Damage, name)
			assert.Positive(t, i.Seqno, name)
		case galera.KindBackupInfo:
			assert.Empty(t, galera.ParseBackupInfo(name, b, int64(len(b))).Damage, name)
		}
	}
}

// TestGalera3Corpus: the same files as Galera 3 writes them, in clusters of
// Manticore Search.
func TestGalera3Corpus(t *testing.T) {
	for _, name := range cases(t, "manticore") {
		t.Run(name, func(t *testing.T) {
			c := open(t, "manticore", name)
			caches := map[string]*galera.Cache{}
			for file, b := range c.Files {
				switch galera.ParseName(path.Base(file)).Kind {
				case galera.KindState:
					assert.Empty(t, galera.ParseState(file, b, int64(len(b))).Damage, file)
				case galera.KindView:
					assert.True(t, galera.ParseView(file, b, int64(len(b))).Complete, file)
				case galera.KindCache:
					cache := read(t, file, b)
					assert.Empty(t, cache.Damage, file)
					assert.Equal(t, galera.Galera3, cache.Layout, file)
					assert.Equal(t, galera.Recovered, cache.Outcome, file)
					caches[file] = cache
				}
			}
			require.NotEmpty(t, caches)
			for a, x := range caches {
				for b, y := range caches {
					if x.Preamble.GID == y.Preamble.GID {
						seqno, ok := x.Index.FirstDifference(&y.Index)
						assert.False(t, ok, "%s and %s differ at %d", a, b, seqno)
					}
				}
			}
		})
	}
}
