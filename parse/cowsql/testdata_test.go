package cowsql

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	require.NoError(t, err)
	return b
}

// flipped returns a copy of b with one bit turned.
func flipped(b []byte, at int, bit uint) []byte {
	out := bytes.Clone(b)
	out[at] ^= 1 << bit
	return out
}

func readSegment(t testing.TB, b []byte) *Segment {
	t.Helper()
	r := bytes.NewReader(b)
	s, err := ReadSegment(r, r, "segment", int64(len(b)))
	require.NoError(t, err)
	return s
}

// entriesOf returns the entries of a run.
func entriesOf(r *Run) []Entry {
	var out []Entry
	for i, e := range r.All() {
		if i != len(out) {
			panic("positions have gaps")
		}
		out = append(out, e)
	}
	return out
}
