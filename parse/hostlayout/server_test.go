package hostlayout

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/parse"
)

const (
	realStore      = "v1\n127.0.0.1:9001\n3297041220608546238\nvoter\n127.0.0.1:9002\n2\nstandby\n[::1]:9003\n3\nspare\n"
	realServerInfo = "v1\n127.0.0.1:9001\n3297041220608546238\n"
)

func TestServerFilesRoundTrip(t *testing.T) {
	nodes, damage := ParseNodeStore("node-store", []byte(realStore))
	require.Empty(t, damage)
	require.Len(t, nodes, 3)
	assert.Equal(t, Standby, nodes[1].Role.V)
	assert.Equal(t, parse.Span{File: "node-store", Offset: 3, Length: 15 + 20 + 6, Field: "[0]"}, nodes[0].At)
	data, err := EncodeNodeStore(nodes)
	require.NoError(t, err)
	assert.Equal(t, realStore, string(data))

	n, damage := ParseServerInfo("server-info", []byte(realServerInfo))
	require.Empty(t, damage)
	assert.Equal(t, uint64(bootstrapID), n.ID.V)
	data, err = EncodeServerInfo(n)
	require.NoError(t, err)
	assert.Equal(t, realServerInfo, string(data))

	n.Address.V = "a\nb"
	_, err = EncodeServerInfo(n)
	assert.Error(t, err)
	_, err = EncodeNodeStore([]Node{n})
	assert.Error(t, err)
}

func TestServerFilesDamage(t *testing.T) {
	tests := []struct {
		name, data string
		kind       parse.Kind
		field      string
		left       int
	}{
		{"version", "v2\na:1\n1\nvoter\n", parse.BadVersion, "version", 0},
		{"no line", "v1", parse.Truncated, "version", 0},
		{"id with sign", "v1\na:1\n+1\nvoter\n", parse.BadValue, "[0].id", 0},
		{"id above 64 bits", "v1\na:1\n18446744073709551616\nvoter\n", parse.BadValue, "[0].id", 0},
		{"the Go word", "v1\na:1\n1\nstand-by\n", parse.BadValue, "[0].role", 0},
		{"second cut", "v1\na:1\n1\nvoter\nb:1\n2\nvot", parse.Truncated, "[1].role", 1},
		{"control character", "v1\na\x1b:1\n1\nvoter\n", parse.BadText, "[0].address", 1},
		{"ten megabytes", "v1\n" + strings.Repeat("x", 10<<20), parse.BadValue, "size", 0},
	}
	for _, tt := range tests {
		nodes, damage := ParseNodeStore("node-store", []byte(tt.data))
		require.Len(t, damage, 1, tt.name)
		assert.Equal(t, tt.kind, damage[0].Kind, tt.name)
		assert.Equal(t, tt.field, damage[0].Field, tt.name)
		assert.Len(t, nodes, tt.left, tt.name)
	}
	nodes, damage := ParseNodeStore("node-store", nil)
	assert.Empty(t, nodes)
	assert.Empty(t, damage, "the server creates it empty")
	_, damage = ParseServerInfo("server-info", nil)
	assert.Empty(t, damage)
	_, damage = ParseServerInfo("server-info", []byte(realServerInfo+"x\n"))
	require.Len(t, damage, 1)
	assert.Equal(t, parse.Trailing, damage[0].Kind)
}
