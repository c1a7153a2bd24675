package arch_test

import (
	"go/parser"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	pages   = "docs/findings"
	catalog = "analyze/catalog"
)

var findingID = regexp.MustCompile(`\bLW[A-Z][0-9]{3}\b`)

// TestFindings: every finding that the code can report is in the catalog and
// has a page, and neither holds one that nobody reports.
func TestFindings(t *testing.T) {
	var reported, listed, described []string
	for _, f := range files(t, parser.PackageClauseOnly) {
		if f.isTest() {
			continue
		}
		switch ids := findingID.FindAllString(read(t, f.name), -1); {
		case f.dir() == catalog:
			listed = append(listed, ids...)
		case below(f.dir(), "analyze"):
			reported = append(reported, ids...)
		}
	}
	for _, name := range names(t) {
		if path.Dir(name) == pages && path.Ext(name) == ".md" && findingID.MatchString(name) {
			described = append(described, strings.TrimSuffix(path.Base(name), ".md"))
		}
	}
	if len(described) == 0 {
		t.Skipf("%s holds no page yet", pages)
	}
	missing(t, reported, listed, "is reported and not in the catalog")
	missing(t, listed, reported, "is in the catalog and never reported")
	missing(t, listed, described, "has no page in "+pages)
	missing(t, described, listed, "has a page and is not in the catalog")
}

func missing(t *testing.T, from, in []string, problem string) {
	t.Helper()
	slices.Sort(from)
	for _, id := range slices.Compact(from) {
		if !slices.Contains(in, id) {
			t.Errorf("%s %s", id, problem)
		}
	}
}
