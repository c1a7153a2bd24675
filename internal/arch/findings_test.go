package arch_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"go/parser"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/lastwrite/lastwrite/analyze"
	"github.com/lastwrite/lastwrite/analyze/catalog"
	"github.com/lastwrite/lastwrite/analyze/systems"
	"github.com/lastwrite/lastwrite/docs/findings"
	"github.com/lastwrite/lastwrite/fixtures"
)

var update = flag.Bool("update", false, "write docs/findings/README.md anew")

const indexFile = root + "/docs/findings/README.md"

// TestFindings: every finding that the code can report is in the catalog and
// has a page, and neither holds one that nobody reports.
func TestFindings(t *testing.T) {
	id := regexp.MustCompile(`\bLW[A-Z][0-9]{3}\b`)
	var reported, listed []string
	for _, f := range files(t, parser.PackageClauseOnly) {
		if !f.isTest() && below(f.dir(), "analyze") && f.dir() != "analyze/catalog" {
			reported = append(reported, id.FindAllString(read(t, f.name), -1)...)
		}
	}
	for _, e := range catalog.All() {
		assert.NotContains(t, listed, e.ID, "twice in the catalog")
		listed = append(listed, e.ID)
		assert.Contains(t, []string{"error", "warning", "info"}, e.Severity, e.ID)
		assert.NotEmpty(t, e.Title, e.ID)
	}
	missing(t, reported, listed, "is reported and not in the catalog")
	missing(t, listed, reported, "is in the catalog and never reported")
	missing(t, listed, findings.IDs(), "has no page in docs/findings")
	missing(t, findings.IDs(), listed, "has a page and is not in the catalog")
}

func missing(t *testing.T, from, in []string, problem string) {
	t.Helper()
	from = slices.Sorted(slices.Values(from))
	for _, id := range slices.Compact(from) {
		if !slices.Contains(in, id) {
			t.Errorf("%s %s", id, problem)
		}
	}
}

// TestPages: every page has all sections, and title and severity of the
// catalog.
func TestPages(t *testing.T) {
	for _, e := range catalog.All() {
		page, ok := findings.Page(e.ID)
		if !ok {
			continue // TestFindings tells
		}
		head := fmt.Sprintf("# %s %s\n\nSeverity: %s\n\n", e.ID, e.Title, e.Severity)
		assert.True(t, strings.HasPrefix(page, head), "%s.md does not begin with\n%s", e.ID, head)
		var titles []string
		for line := range strings.Lines(page) {
			if title, ok := strings.CutPrefix(line, "## "); ok {
				titles = append(titles, strings.TrimSpace(title))
			}
		}
		assert.Equal(t, findings.Sections(), titles, "sections of %s.md", e.ID)
		for _, title := range findings.Sections() {
			assert.NotEmpty(t, findings.Section(page, title), "%s.md, %s", e.ID, title)
		}
		for _, other := range regexp.MustCompile(`LW[A-Z][0-9]{3}`).FindAllString(page, -1) {
			_, ok := catalog.Get(other)
			assert.True(t, ok, "%s.md speaks of %s", e.ID, other)
		}
	}
}

// TestSeenIn runs the analysis over all cases of the repository and holds the
// result against the pages: a page names at least one of the cases that show
// its finding and none that does not.
func TestSeenIn(t *testing.T) {
	seen := seenIn(t)
	for _, id := range findings.IDs() {
		page, _ := findings.Page(id)
		var named []string
		for _, m := range regexp.MustCompile("`([a-z0-9-]+)`").FindAllStringSubmatch(findings.Section(page, "Seen in"), -1) {
			if slices.Contains(fixtures.Cases("cowsql"), m[1]) {
				named = append(named, m[1])
			}
		}
		text := findings.Section(page, "Seen in")
		if strings.Contains(text, "No corpus case") {
			assert.Empty(t, seen[id], "%s.md says that no case shows it", id)
			continue
		}
		if len(seen[id]) > 0 {
			assert.NotEmpty(t, named, "%s.md names none of %q", id, seen[id])
		}
		for _, name := range named {
			assert.Contains(t, seen[id], name, "%s.md says that the case shows it", id)
		}
	}
}

// seenIn returns the cases that show each finding.
func seenIn(t *testing.T) map[string][]string {
	t.Helper()
	var mu sync.Mutex
	out := map[string][]string{}
	t.Run("cases", func(t *testing.T) {
		for _, name := range fixtures.Cases("cowsql") {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := fixtures.Open(t, "cowsql", name)
				var sources []analyze.Source
				for _, n := range c.Nodes {
					sources = append(sources, source{n.Name, n.Path})
				}
				result, err := analyze.Run(t.Context(), sources, systems.All(), analyze.Options{})
				require.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				for _, cluster := range result.Clusters {
					for _, f := range cluster.Findings {
						out[f.ID] = append(out[f.ID], name)
					}
				}
			})
		}
	})
	return out
}

// TestIndex checks docs/findings/README.md; -update writes it.
func TestIndex(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(indexHead)
	b.WriteString("| ID | severity | title |\n| --- | --- | --- |\n")
	for _, e := range catalog.All() {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s |\n", e.ID, e.ID, e.Severity, e.Title)
	}
	b.WriteString(indexMessages)
	if *update {
		require.NoError(t, os.WriteFile(indexFile, b.Bytes(), 0o644))
	}
	have, err := os.ReadFile(indexFile)
	require.NoError(t, err)
	assert.Equal(t, b.String(), string(have), "run go test ./internal/arch -run TestIndex -update")
}

// codeCell writes text as code in a cell of a table.
func codeCell(text string) string {
	text = strings.ReplaceAll(text, "|", `\|`)
	if strings.Contains(text, "`") {
		return "`` " + text + " ``"
	}
	return "`" + text + "`"
}

const indexHead = `# Findings

One page for each finding of a report: what it means, how we know, what the real server prints, what to do, what that
costs, and where it was seen. The same pages come with the program: ` + "`lastwrite explain LWC011`" + `.

What holds for all of them:

- Work on copies. Never start an original directory, not even to look: starts rename, cut and delete files.
- ` + "`n1 n2 n3`" + ` stands for the directories or archives of all nodes you have; damaged ones belong to them too.
- A plan is written by ` + "`lastwrite plan n1 n2 n3 -o PLAN.json`" + `, read by a person, and carried out by
  ` + "`lastwrite repair PLAN.json n1 n2 n3 --out DIR`" + `, which only writes DIR. ` + "`--lost`" + ` names members that are gone for good,
  ` + "`--choose`" + ` the node to continue from where the evidence does not decide.
- Source files are those of cowsql/raft and cowsql unless another repository is named. canonical/raft has the same files;
  dqlite since 1.17 keeps them below ` + "`src/raft`" + `.
- "Measured" means that the real libraries were run on such a directory: cowsql 1.15 with cowsql/raft 0.22, dqlite 1.18.6, and
  canonical/raft 0.15 or 0.18.1. Everything else about the servers was read in their source.

IDs are never reused. Titles may change.

## All findings

`

const indexMessages = `
## Messages

[What servers print](../messages/README.md), and the findings that explain it.
`

// A source is a node's directory.
type source struct{ name, dir string }

func (s source) Name() string { return s.name }
func (s source) Path() string { return s.dir }
func (s source) FS() fs.FS    { return os.DirFS(s.dir) }

func (source) Found([]string) error { return nil }

// Sweep hands over every file, one after the other.
func (s source) Sweep(_ context.Context, take func(string) analyze.Take) error {
	return fs.WalkDir(s.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		consume := take(name)
		if consume == nil {
			return nil
		}
		f, err := os.Open(filepath.Join(s.dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return consume(io.Reader(f), f, info.Size())
	})
}
