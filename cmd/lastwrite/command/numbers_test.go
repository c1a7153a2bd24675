package command

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/report"
)

// Every reader of JSON has to get the index that stands there.
func TestNumbersOfOtherDocuments(t *testing.T) {
	const big = report.Number(math.MaxUint64)
	for _, document := range []any{
		&diffDocument{FirstDifference: big, Common: new(newDiffSpan(math.MaxUint64, math.MaxUint64)), After: &diffAfter{Index: big}},
		&galeraDiff{FirstDifference: big, A: galeraNode{Seqno: big, Upper: big}, AJoinsB: galeraJoin{Ahead: big}},
		&extractManifest{Index: big, Term: big},
		diffEntry{Index: big, PageNumbers: firstPages([]uint64{math.MaxUint64})},
	} {
		data, err := json.Marshal(document)
		require.NoError(t, err)
		assert.Contains(t, string(data), `"18446744073709551615"`)
		assert.NotRegexp(t, `[^"]18446744073709551615`, string(data))
	}
	data, err := json.Marshal(newDiffSpan(1, 1<<53))
	require.NoError(t, err)
	assert.JSONEq(t, `{"first": 1, "last": 9007199254740992}`, string(data))
}
