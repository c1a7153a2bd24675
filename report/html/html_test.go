package html_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/report"
	"github.com/lastwrite/lastwrite/report/html"
	"github.com/lastwrite/lastwrite/report/internal/example"
)

func render(t *testing.T, d *report.Document) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, html.Render(&b, d))
	return b.String()
}

func TestEveryExample(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(example.All())) {
		t.Run(name, func(t *testing.T) {
			out := render(t, example.All()[name])
			assert.Equal(t, out, render(t, example.All()[name]), "the same report gives the same bytes")
			assert.Less(t, len(out), 2<<20)
			assertClosed(t, out)
			assertPolicy(t, out)
			assertUniqueIDs(t, out)
			bare := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(body(out), "")
			assert.NotRegexp(t, `(?i)<[a-z][^>]*\s(style|on[a-z]+|src|srcset)=`, bare, "nothing that the policy would stop")
			assert.NotRegexp(t, `href="[^#]`, out, "links stay on the page")
		})
	}
}

func TestWhatMattersIsThere(t *testing.T) {
	out := render(t, example.Damaged())
	for _, want := range []string{
		"n1 and n3 are most recent", "Continue from n1.", "Provisional:",
		"raft_start(): io: closed segment 0000000000000076-0000000000000113 is past last snapshot",
		"The last closed segment is damaged", "stored 89a1897f, computed 0bad0bad",
		"What each choice loses", "systemctl stop incus.service incus.socket",
		"Input unchanged", "<title>damage, index 120</title>",
	} {
		assert.Contains(t, out, want)
	}
	assert.Contains(t, render(t, example.Undecided()), "Not decided who is most recent.")
	assert.Contains(t, render(t, example.Empty()), "No cluster found")
}

func TestOutputIsSafe(t *testing.T) {
	out := render(t, example.Hostile())
	for _, r := range out {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%U in the output", r)
		}
	}
	assert.NotContains(t, out, "<img")
	assert.NotContains(t, out, "\u202e")
	assertClosed(t, out)
	assertUniqueIDs(t, out)
}

// body is the page without the style and the script, which are ours.
func body(out string) string {
	out = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(out, "")
	return regexp.MustCompile(`(?s)<script>.*?</script>`).ReplaceAllString(out, "")
}

// assertClosed checks that the elements nest.
func assertClosed(t *testing.T, out string) {
	t.Helper()
	void := []string{"meta", "input", "br"}
	var open []string
	for _, m := range regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)[^>]*>`).FindAllStringSubmatch(body(out), -1) {
		switch {
		case slices.Contains(void, m[2]):
		case m[1] == "":
			open = append(open, m[2])
		default:
			require.NotEmpty(t, open, m[0])
			require.Equal(t, open[len(open)-1], m[2])
			open = open[:len(open)-1]
		}
	}
	assert.Empty(t, open)
}

// assertPolicy checks that the policy of the page allows its own style and
// script, and no others.
func assertPolicy(t *testing.T, out string) {
	t.Helper()
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(out)
	require.NotNil(t, policy)
	value := strings.NewReplacer("&#39;", "'", "&#43;", "+", "&#34;", `"`).Replace(policy[1])
	assert.Contains(t, value, "default-src 'none'")
	for _, element := range []string{"style", "script"} {
		all := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(out, -1)
		require.Len(t, all, 1)
		sum := sha256.Sum256([]byte(all[0][1]))
		assert.Contains(t, value, element+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
}

func assertUniqueIDs(t *testing.T, out string) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(body(out), -1) {
		assert.False(t, seen[m[1]], "two elements have the id %s", m[1])
		seen[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(body(out), -1) {
		assert.True(t, m[1] == "main" || seen[m[1]], "a link to %s leads nowhere", m[1])
	}
}
