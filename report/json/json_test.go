package json_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/json"
)

type noWords struct{}

func (noWords) Lookup(string) (title, severity, docs string, ok bool) { return "", "", "", false }

func document(text string) *report.Document {
	return report.New(report.Tool{Name: "lastwrite", Version: "1"}, []report.Input{{Path: text}}, []analyze.Cluster{{
		ID:       "c1",
		Nodes:    []*analyze.Node{{Name: "n1", Position: analyze.Position{Term: 1, Index: 1<<53 + 1}}},
		Findings: []analyze.Finding{{ID: "LWC001", Detail: text}},
	}}, nil, noWords{})
}

func render(t *testing.T, d *report.Document) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Render(&b, d))
	return b.String()
}

func TestRender(t *testing.T) {
	got := render(t, document("a <b> & c"))
	assert.True(t, strings.HasPrefix(got, "{\n  \"schema\": \"lastwrite.report/1\",\n  \"tool\": {\n"), got)
	assert.True(t, strings.HasSuffix(got, "\n}\n"))
	assert.Contains(t, got, `"detail": "a <b> & c"`)
	assert.Contains(t, got, `"index": "9007199254740993"`)
	assert.Contains(t, got, `"facts": {}`)
	assert.Contains(t, got, `"notes": []`)
	assert.Equal(t, got, render(t, document("a <b> & c")))
}

// TestRenderNumbers: what a reader with 64-bit floats would round is a string,
// in the facts of a family too.
func TestRenderNumbers(t *testing.T) {
	d := document(`"9007199254740993", \\": 9007199254740993`)
	d.Clusters[0].Nodes[0].Facts = struct {
		Largest uint64   `json:"largest"`
		Exact   uint64   `json:"exact"`
		Seqno   int64    `json:"seqno"`
		None    int64    `json:"none"`
		List    []uint64 `json:"list"`
		Share   float64  `json:"share"`
	}{1<<64 - 1, 1 << 53, -1 << 60, -1, []uint64{1, 1<<53 + 1}, 0.5}
	got := render(t, d)
	for _, want := range []string{
		`"largest": "18446744073709551615",`, `"exact": 9007199254740992,`, `"seqno": "-1152921504606846976",`, `"none": -1,`,
		"1,\n", `"9007199254740993"`, `"share": 0.5`,
	} {
		assert.Contains(t, got, want)
	}
	back, err := json.Read(strings.NewReader(got))
	require.NoError(t, err)
	assert.Equal(t, d.Clusters[0].Findings, back.Clusters[0].Findings)
	assert.Equal(t, d.Clusters[0].Nodes[0].Position, back.Clusters[0].Nodes[0].Position)
}

func TestRenderKeepsHostileTextHarmless(t *testing.T) {
	hostile := "\x1b[2J\u009b31m\u202eevil\u2066\u200b\x7f\r\n\t\x00\xff\ufeff\U000e0041 é 界 \\ \""
	got := render(t, document(hostile))
	for _, r := range got {
		assert.True(t, r == '\n' || unicode.IsPrint(r), "%U", r)
	}
	assert.Contains(t, got, `\u001b[2J\u009b31m\u202eevil\u2066\u200b\u007f`)
	assert.Contains(t, got, `\udb40\udc41 é 界`)

	back, err := json.Read(strings.NewReader(got))
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(hostile, "\xff", `\xff`), back.Clusters[0].Findings[0].Detail)
}

func TestReadReturnsWhatWasWritten(t *testing.T) {
	d := document("text")
	back, err := json.Read(strings.NewReader(render(t, d)))
	require.NoError(t, err)
	d.Clusters[0].Nodes[0].Facts = map[string]any{}
	assert.Empty(t, cmp.Diff(d, back))
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "another schema": `{"schema":"lastwrite.report/2"}`, "no report": `[]`, "cut": `{"schema":"lastwr`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := json.Read(strings.NewReader(text))
			assert.Error(t, err)
		})
	}
}
