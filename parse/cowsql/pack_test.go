package cowsql

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packedRun is a run with batches of one and of several entries.
func packedRun() *Run {
	r := &Run{Offset: 8, End: 900}
	r.append([]batchEntry{{term: 1, kind: Change, size: 40, crc: 7, payload: []byte{1, 2}}})
	r.append([]batchEntry{{term: 1, kind: Command, size: 4128, crc: 1 << 31}, {term: 2, kind: Command, size: 8, crc: 9}, {term: 2, kind: Barrier, size: 8}})
	r.append([]batchEntry{{term: 5, kind: Command, size: 1<<32 - 1, crc: 3}})
	r.append([]batchEntry{{term: 5, kind: Command}, {term: 5, kind: Command}})
	return r
}

// restored carries a run the way that a bundle does.
func restored(t *testing.T, exported, packed []byte) (*Run, error) {
	t.Helper()
	out := new(Run)
	require.NoError(t, json.Unmarshal(exported, out))
	return out, out.Unpack(packed)
}

func TestPack(t *testing.T) {
	for _, r := range []*Run{packedRun(), {}, NewRun([]Entry{{Term: 3, Type: Command, Size: 5, CRC: 6}})} {
		exported, err := json.Marshal(r)
		require.NoError(t, err)
		got, err := restored(t, exported, r.Pack())
		require.NoError(t, err)
		assert.Equal(t, r, got)
	}
}

// TestUnpackRefuses: every prefix is refused, and what else is accepted can be
// walked.
func TestUnpackRefuses(t *testing.T) {
	r := packedRun()
	exported, err := json.Marshal(r)
	require.NoError(t, err)
	packed := r.Pack()
	for n := range packed {
		_, err := restored(t, exported, packed[:n])
		assert.Error(t, err, n)
	}
	for i := range 8 * len(packed) {
		broken := append([]byte(nil), packed...)
		broken[i/8] ^= 1 << (i % 8)
		if got, err := restored(t, exported, broken); err == nil {
			got.BatchList()
		}
	}
	for _, change := range []func(*Run){
		func(r *Run) { r.Terms[1].Pos = 0 }, func(r *Run) { r.Terms[0].Pos = 1 }, func(r *Run) { r.Terms = nil },
		func(r *Run) { r.Specials[1].Pos = 99 }, func(r *Run) { r.Specials[0].Pos = -1 }, func(r *Run) { r.Batches++ },
	} {
		bad := packedRun()
		change(bad)
		exported, err := json.Marshal(bad)
		require.NoError(t, err)
		_, err = restored(t, exported, packed)
		assert.Error(t, err)
	}
}

func FuzzUnpack(f *testing.F) {
	r := packedRun()
	exported, err := json.Marshal(r)
	require.NoError(f, err)
	f.Add(exported, r.Pack())
	f.Fuzz(func(t *testing.T, exported, packed []byte) {
		r := new(Run)
		if json.Unmarshal(exported, r) != nil || r.Unpack(packed) != nil {
			return
		}
		for i, e := range r.All() {
			if e.Term != r.TermAt(i) || e.Type != r.TypeAt(i) || e.CRC != r.CRCAt(i) {
				t.Fatal(i)
			}
		}
		r.BatchList()
	})
}
