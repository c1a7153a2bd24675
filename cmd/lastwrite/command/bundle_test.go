package command

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/fixtures"
	"github.com/lastwrite/lastwrite/internal/schema"
	"github.com/lastwrite/lastwrite/report"
	reportjson "github.com/lastwrite/lastwrite/report/json"
)

// bundledFamilies are the families whose cases must survive a bundle.
var bundledFamilies = []string{"cowsql", "galera", "manticore", "wesql", "wesql-synthetic"}

// TestBundleRoundTrip: a bundle gives the report that the directories give, but
// for its inputs and for what is marked as not in it. The report is one in the
// sense of the published schema.
func TestBundleRoundTrip(t *testing.T) {
	text, err := os.ReadFile("../../../docs/report.schema.json")
	require.NoError(t, err)
	published, err := schema.Compile(text)
	require.NoError(t, err)
	for _, family := range bundledFamilies {
		for _, name := range fixtures.Cases(family) {
			t.Run(family+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := fixtures.Open(t, family, name)
				direct, file := writeBundle(t, c, report.RedactNone)
				a := analyseTest(t, []argument{{path: file}})
				require.Len(t, a.document.Inputs, 1)
				in := a.document.Inputs[0]
				assert.Equal(t, "bundle", in.Kind)
				assert.Equal(t, file, in.Path)
				assert.True(t, in.Unchanged)
				var rendered bytes.Buffer
				require.NoError(t, reportjson.Render(&rendered, a.document))
				require.NoError(t, schema.Validate(published, rendered.Bytes()))
				want, got := comparable(t, direct), comparable(t, a.document)
				if family == "wesql-synthetic" && strings.Contains(rendered.String(), "not in bundle whether another log") {
					withoutPlans(want)
					withoutPlans(got)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("not the report on the directories:\n%s", d)
				}
			})
		}
	}
}

// TestBundleRedaction: a strict bundle has no name of the site in it, and comes
// to the same verdict under other names.
func TestBundleRedaction(t *testing.T) {
	for family, name := range map[string]string{"cowsql": "incus-layout", "galera": "all-killed-under-load", "manticore": "all-killed-one-behind"} {
		t.Run(family, func(t *testing.T) {
			c := fixtures.Open(t, family, name)
			direct, file := writeBundle(t, c, report.RedactStrict)
			a := analyseTest(t, []argument{{path: file}})
			require.Len(t, a.document.Clusters, len(direct.Clusters))
			strict := direct.Redacted(report.RedactStrict)
			for i, c := range a.document.Clusters {
				assert.Equal(t, strict.Clusters[i].Verdict.MostRecent, c.Verdict.MostRecent)
				assert.Equal(t, strict.Clusters[i].Histories, c.Histories)
			}
			plain := unpacked(t, file)
			for _, n := range direct.Clusters[0].Nodes {
				if n.Identity.Address != "" {
					assert.NotContains(t, plain, n.Identity.Address)
				}
			}
		})
	}
}

func testEnv(t *testing.T) Env {
	return Env{
		Stdout: io.Discard, Stderr: t.Output(), TempDir: t.TempDir(),
		Getenv: func(string) string { return "" }, Terminal: func(io.Writer) (int, bool) { return 0, false },
	}
}

func analyseTest(t *testing.T, args []argument) *analysis {
	t.Helper()
	a, done, err := analyseArguments(t.Context(), testEnv(t), args, &inputOptions{Quiet: true, LiveOK: true})
	require.NoError(t, err)
	t.Cleanup(done)
	return a
}

// writeBundle analyses a case and writes the bundle of it.
func writeBundle(t *testing.T, c *fixtures.Case, r report.Redaction) (direct *report.Document, file string) {
	t.Helper()
	var args []argument
	for _, n := range c.Nodes {
		args = append(args, argument{path: n.Path})
	}
	a := analyseTest(t, args)
	b, err := a.bundle(r)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "ticket.tar.zst")
	size, err := b.Create(file)
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, info.Size(), size)
	assert.Less(t, size, int64(2<<20))
	return a.document, file
}

// uncounted matches what a plan says about entries whose payloads are not
// there.
var uncounted = regexp.MustCompile(`^not in bundle: transactions and pages were not counted`)

// comparable is the report as JSON without inputs, and without the words on
// lost data where a bundle cannot have them.
func comparable(t *testing.T, d *report.Document) map[string]any {
	t.Helper()
	data, err := json.Marshal(d)
	require.NoError(t, err)
	var out map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&out))
	delete(out, "inputs")
	out["notes"] = slices.DeleteFunc(out["notes"].([]any), func(n any) bool {
		return strings.HasPrefix(n.(map[string]any)["text"].(string), "not in bundle: ")
	})
	for _, c := range out["clusters"].([]any) {
		for _, p := range c.(map[string]any)["plans"].([]any) {
			for _, l := range p.(map[string]any)["loses"].([]any) {
				loss := l.(map[string]any)
				if text, _ := loss["text"].(string); uncounted.MatchString(text) || strings.Contains(text, " in database ") || strings.HasPrefix(text, "no data") {
					delete(loss, "text")
				}
			}
		}
	}
	return out
}

// withoutPlans takes the plans out of a report.
func withoutPlans(d map[string]any) {
	for _, c := range d["clusters"].([]any) {
		delete(c.(map[string]any), "plans")
	}
}

// unpacked returns all that stands in a bundle.
func unpacked(t *testing.T, file string) string {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	z, err := zstd.NewReader(in)
	require.NoError(t, err)
	defer z.Close()
	data, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(data)
}
