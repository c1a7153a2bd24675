package galera

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func packedIndexOf(entries ...Entry) *Index {
	x := indexer{}
	x.sources = []UUID{{1}, {2}}
	x.entries = entries
	x.finish()
	return &x.Index
}

func someEntries() []Entry {
	out := []Entry{{Seqno: -1, Digest: math.MaxUint64, place: 1<<40 | placeDamaged, Size: math.MaxUint32, Flags: math.MaxUint16, source: noSource}}
	for i := range int64(600) {
		out = append(out, Entry{Seqno: 10 + 3*i, Digest: uint64(i) * 977, place: uint64(5000-i) << placeShift, Size: uint32(i), source: uint16(i % 2)})
	}
	return append(out, Entry{Seqno: math.MaxInt64, place: math.MaxUint64})
}

func TestIndexJSON(t *testing.T) {
	for _, x := range []*Index{packedIndexOf(someEntries()...), packedIndexOf(someEntries()[3]), {}} {
		data, err := json.Marshal(x)
		require.NoError(t, err)
		got := new(Index)
		require.NoError(t, json.Unmarshal(data, got))
		require.Equal(t, x.Len(), got.Len())
		for i := range x.Len() {
			require.Equal(t, x.At(i), got.At(i))
		}
		assert.Equal(t, x.sources, got.sources)
		assert.Equal(t, x.Bytes(0, 1<<62), got.Bytes(0, 1<<62))
	}
}

func TestIndexJSONRefuses(t *testing.T) {
	data, err := json.Marshal(packedIndexOf(someEntries()[:4]...))
	require.NoError(t, err)
	var p packedIndex
	require.NoError(t, json.Unmarshal(data, &p))
	accepted := 0
	for n := range p.Base64 {
		cut, err := json.Marshal(packedIndex{p.Sources, p.Base64[:n]})
		require.NoError(t, err)
		if new(Index).UnmarshalJSON(cut) == nil {
			accepted++ // it ends behind an entry
		}
	}
	assert.Equal(t, 4, accepted)
	assert.Error(t, new(Index).UnmarshalJSON([]byte(`{"Base64": 5}`)))
}

func TestNewest(t *testing.T) {
	x := packedIndexOf(someEntries()...)
	n := x.Newest(300)
	require.Equal(t, 300, n.Len())
	assert.Equal(t, x.At(x.Len()-1), n.At(299))
	assert.Equal(t, x.Bytes(n.At(0).Seqno, math.MaxInt64), n.Bytes(0, math.MaxInt64))
	assert.Same(t, x, x.Newest(x.Len()))
}

func FuzzIndexJSON(f *testing.F) {
	data, err := json.Marshal(packedIndexOf(someEntries()[:4]...))
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		x := new(Index)
		if x.UnmarshalJSON(data) != nil {
			return
		}
		for i := range x.Len() {
			e := x.At(i)
			if found, ok := x.Find(e.Seqno); !ok || found != e {
				t.Fatal(i)
			}
			x.Source(e)
		}
		x.Bytes(math.MinInt64, math.MaxInt64)
		x.FirstDifference(x.Newest(2))
	})
}
