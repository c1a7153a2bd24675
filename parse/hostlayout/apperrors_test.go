package hostlayout

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read detects the only raft directory in a tree and reads its application.
func read(t *testing.T, fsys fstest.MapFS) *Application {
	t.Helper()
	found, err := Detect(fsys)
	require.NoError(t, err)
	require.Len(t, found, 1)
	sub, err := fsys.Sub(found[0].Root)
	require.NoError(t, err)
	app, err := ReadApplication(sub, found[0])
	require.NoError(t, err)
	return app
}

func TestAppErrors(t *testing.T) {
	const inconsistent = "inconsistent info.yaml and cluster.yaml"
	tests := []struct {
		name    string
		tree    fstest.MapFS
		address string
		want    []string
		open    bool // the first message has an end that is not known
	}{
		{"all well", tree("metadata1", "info.yaml", "cluster.yaml"), "", nil, false},
		{"address given and right", tree("metadata1", "info.yaml", "cluster.yaml"), "127.0.0.1:21000", nil, false},
		{"address given and wrong", tree("metadata1", "info.yaml", "cluster.yaml"), "10.0.0.1:9000",
			[]string{`address "127.0.0.1:21000" in info.yaml does not match "10.0.0.1:9000"`}, false},
		{"info.yaml lost", tree("metadata1", "cluster.yaml"), "", []string{inconsistent}, false},
		{"cluster.yaml lost", tree("metadata1", "info.yaml"), "", []string{inconsistent}, false},
		{"both lost", tree("metadata1", "node-store"), "", nil, false},
		{"bootstrap node with join", tree("metadata1", "info.yaml", "cluster.yaml", "join"), "",
			[]string{"bootstrap node can't join a cluster"}, false},
		{"join of another node", tree("metadata1", "info.yaml=ID: 7\nAddress: a:1\nRole: 0\n", "cluster.yaml", "join"), "", nil, false},
		{"join without info.yaml", tree("metadata1", "cluster.yaml", "join"), "",
			[]string{"bootstrap node can't join a cluster", inconsistent}, false},
		{"info.yaml broken", tree("metadata1", "info.yaml=ID: [1\nAddress: x\n", "cluster.yaml"), "",
			[]string{"unmarshall info.yaml: [2:1] ',' or ']' must be specified\n   1 | ID: [1\n>  2 | Address: x\n       ^\n"}, true},
		{"id is text", tree("metadata1", "info.yaml=ID: x\nAddress: a:1\nRole: 0\n", "cluster.yaml"), "",
			[]string{"unmarshall info.yaml: [1:5] cannot unmarshal string into Go struct field NodeInfo.ID of type uint64\n>  1 | ID: x\n           ^\n   2 | Address: a:1\n   3 | Role: 0"}, true},
		{"cluster.yaml is a map", tree("metadata1", "info.yaml", "cluster.yaml=ID: 1\n"), "",
			[]string{"open cluster.yaml node store: [1:3] mapping was used where sequence is expected\n>  1 | ID: 1\n         ^\n"}, true},
		{"broken, read by dqlite", tree("metadata1", "dqlite-lock", "info.yaml=ID: [1\nAddress: x\n", "cluster.yaml"), "",
			[]string{"unmarshall info.yaml: "}, true},
		{"microcluster, other daemon address", tree("s/database/metadata1", "s/database/info.yaml", "s/database/cluster.yaml", "s/daemon.yaml=name: a\naddress: 10.0.0.1:7443\n"), "",
			[]string{`Failed to re-establish cluster connection: Failed to join dqlite cluster address "127.0.0.1:21000" in info.yaml does not match "10.0.0.1:7443"`}, false},
		{"microcluster joins anew", tree("s/database/metadata1", "s/database/cluster.yaml", "s/database/join", "s/daemon.yaml=name: a\naddress: 127.0.0.1:21000\n"), "",
			[]string{"Failed to re-establish cluster connection: Failed to join dqlite cluster " + inconsistent}, false},
		{"k8s-dqlite", tree("kubernetes/backend/metadata1", "kubernetes/backend/info.yaml"), "",
			[]string{"failed to create dqlite app: " + inconsistent}, false},
		{"init.yaml over data", tree("k/failure-domain=1", "k/init.yaml=Address: a:1\n", "k/metadata1", "k/cluster.crt"), "",
			[]string{"data directory seems to have existing state 'metadata1'. please remove the file and restart"}, false},
		{"init.yaml without address", tree("k/failure-domain=1", "k/init.yaml=Cluster: [b:1]\n", "k/metadata1"), "",
			[]string{"data directory seems to have existing state 'metadata1'. please remove the file and restart", "empty address in init.yaml"}, false},
		{"update.yaml", tree("k/failure-domain=1", "k/update.yaml=Address: a:1\n", "k/metadata1", "k/info.yaml"), "", nil, false},
		{"update.yaml empty", tree("k/failure-domain=1", "k/update.yaml=Address: \"\"\n", "k/metadata1", "k/info.yaml"), "",
			[]string{"empty address in update.yaml"}, false},
		{"update.yaml broken", tree("k/failure-domain=1", "k/update.yaml=[\n", "k/metadata1"), "",
			[]string{"failed to read update.yaml: failed to parse as yaml: ", "failed to read info.yaml: failed to read file contents: "}, true},
		{"incus with an old log", tree("incus/database/global/logs.db", "incus/database/global/metadata1", "incus/database/local.db"), "",
			[]string{"Unsupported upgrade path, please reinstall"}, false},
		{"C server interface", tree("metadata1", "server-info="+realServerInfo, "node-store="+realStore), "", nil, false},
		{"C server interface, store cut", tree("metadata1", "server-info="+realServerInfo, "node-store=v1\na"), "", []string{""}, false},
		{"C server interface, store alone", tree("metadata1", "server-info", "node-store="+realStore), "", []string{""}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			list := read(t, tt.tree).AppErrors(tt.address)
			for _, e := range list {
				got = append(got, e.Message)
				assert.NotEmpty(t, e.File)
				assert.NotEmpty(t, e.Source)
			}
			assert.Equal(t, tt.want, got)
			if len(list) > 0 {
				assert.Equal(t, !tt.open, list[0].Exact)
			}
		})
	}
}

// The texts are what github.com/goccy/go-yaml 1.19.2 says when it decodes into
// the types of go-cowsql's internal/protocol/store.go.
func TestMessagesOfTheYAMLLibrary(t *testing.T) {
	for data, want := range map[string]string{
		"ID: 1\nID: 2\n":                    "[2:1] mapping key \"ID\" already defined at [1:1]\n   1 | ID: 1\n>  2 | ID: 2\n       ^\n",
		"\x00\x00\x00\x00\x00\x00\x00\x00":  "[1:1] string was used where mapping is expected\n>  1 | \x00\x00\x00\x00\x00\x00\x00\x00\n       ^\n",
		"ID: 1\nAddress: a\nRole: x\n":      "[3:7] cannot unmarshal string into Go struct field NodeInfo.Role of type protocol.NodeRole\n   1 | ID: 1\n   2 | Address: a\n>  3 | Role: x\n             ^\n",
		"ID: 1\nAddress: {a: 1}\n":          "[2:10] cannot unmarshal map[string]interface {} into Go struct field NodeInfo.Address of type string\n   1 | ID: 1\n>  2 | Address: {a: 1}\n                ^\n",
		"ID: -1\n":                          "[1:5] cannot unmarshal -1 into Go value of type uint64 ( overflow )\n>  1 | ID: -1\n           ^\n",
		realInfo:                            "",
		"ID: *a\n":                          "", // not given to the library
		"ID: 1\nAddress: hostlayout.x\n- x": "[3:1] non-map value is specified\n   1 | ID: 1\n   2 | Address: hostlayout.x\n>  3 | - x\n       ^\n",
	} {
		assert.Equal(t, want, unmarshalError([]byte(data), false), "%q", data)
	}
	for data, want := range map[string]string{
		"- x\n":                 "[1:3] string was used where mapping is expected\n>  1 | - x\n         ^\n",
		"- ID: 1\n  Role: []\n": "[2:9] cannot unmarshal []interface {} into Go struct field NodeInfo.Role of type protocol.NodeRole\n   1 | - ID: 1\n>  2 |   Role: []\n               ^\n",
		"text":                  "[1:1] string was used where sequence is expected\n>  1 | text\n       ^\n",
		realCluster:             "",
		"":                      "",
	} {
		assert.Equal(t, want, unmarshalError([]byte(data), true), "%q", data)
	}
}
