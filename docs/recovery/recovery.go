// Package recovery holds the walk-throughs of a recovery, one for each family
// of databases, from the first stop to the running cluster.
package recovery

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.md
var pages embed.FS

// overview is the page that holds for all families.
const overview = "README"

// Page returns the walk-through of a family, or the overview for "". It is
// Markdown. ok is false if there is no such family.
func Page(family string) (page string, ok bool) {
	if family != "" && !slices.Contains(Families(), family) {
		return "", false
	}
	if family == "" {
		family = overview
	}
	data, err := pages.ReadFile(family + ".md")
	return string(data), err == nil
}

// Families returns the families that have a walk-through, sorted.
func Families() []string {
	entries, _ := pages.ReadDir(".") // the root of an embedded tree can be read
	var out []string
	for _, e := range entries {
		if family := strings.TrimSuffix(e.Name(), ".md"); family != overview {
			out = append(out, family)
		}
	}
	return out
}
