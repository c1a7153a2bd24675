package manticore

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDigestsJSON(t *testing.T) {
	var d Digests
	for tid := range uint64(3 * maxDigests) {
		d.add(tid, Digest{CRC: uint32(tid * 7), Size: uint32(tid), Data: tid%3 == 0})
	}
	for _, d := range []Digests{d, {}} {
		data, err := json.Marshal(d)
		require.NoError(t, err)
		var got Digests
		require.NoError(t, json.Unmarshal(data, &got))
		assert.Equal(t, d, got)
	}
}

func TestDigestsJSONRefuses(t *testing.T) {
	for _, bad := range []string{
		`{"Step": 1, "Base64": "AAAA"}`, `{"Step": 0, "Base64": "AAAAAAAAAAAAAAAAAAAAAAA="}`, `{"Step": 3, "Base64": "AAAAAAAAAAAAAAAAAAAAAAA="}`, `[]`, `{"Step": -1}`,
	} {
		var d Digests
		assert.Error(t, json.Unmarshal([]byte(bad), &d), bad)
	}
}
