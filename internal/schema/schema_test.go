package schema

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze/systems"
)

var update = flag.Bool("update", false, "write docs/report.schema.json anew")

const published = "../../docs/report.schema.json"

// TestPublished: the file in docs is the schema of the types.
func TestPublished(t *testing.T) {
	want, err := Generate()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(published, want, 0o644))
	}
	have, err := os.ReadFile(published)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(have), "run go test ./internal/schema -update")
}

// TestFamilies: no family is forgotten.
func TestFamilies(t *testing.T) {
	var want, got []string
	for _, s := range systems.All() {
		want = append(want, s.Name())
	}
	for _, f := range families() {
		got = append(got, f.system)
	}
	assert.ElementsMatch(t, want, got)
}

func TestValidateRefuses(t *testing.T) {
	text, err := Generate()
	require.NoError(t, err)
	s, err := Compile(text)
	require.NoError(t, err)
	const head = `{"schema": "lastwrite.report/1", "tool": {"name": "", "version": ""}, "clusters": [], "notes": [], `
	assert.NoError(t, Validate(s, []byte(head+`"inputs": []}`)))
	for _, bad := range []string{
		head + `"inputs": null}`,
		head + `"inputs": [], "more": 1}`,
		head + `"inputs": [{"node": "", "path": "p", "kind": "device", "files": 0, "bytes": 0, "manifest_sha256": "", "unchanged": true, "changed": []}]}`,
		`{}`, `[]`, `{`,
	} {
		assert.Error(t, Validate(s, []byte(bad)), bad)
	}
}
