// Package findings holds the pages about findings, one for each entry of the
// catalog, and finds the pages that speak of a server's message.
package findings

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.md
var pages embed.FS

// Page returns the page of a finding, Markdown with the sections that Sections
// names. ok is false if there is none.
func Page(id string) (page string, ok bool) {
	if !isID(id) {
		return "", false
	}
	data, err := pages.ReadFile(id + ".md")
	return string(data), err == nil
}

// IDs returns the IDs of all pages, sorted.
func IDs() []string {
	entries, _ := pages.ReadDir(".") // the root of an embedded tree can be read
	var out []string
	for _, e := range entries {
		if id := strings.TrimSuffix(e.Name(), ".md"); isID(id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Sections returns the titles of a page's sections in their order.
func Sections() []string {
	return []string{"What it means", "How we know", "What the server prints", "What to do", "What it costs", "Seen in"}
}

// Section returns the text of one section of a page, without its title. It is
// empty if the section is not there.
func Section(page, title string) string {
	_, rest, found := strings.Cut(page, "\n## "+title+"\n")
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return strings.TrimSpace(text)
}

// isID reports whether s looks like LWC007: "LW", the letter of a family, and
// a number of three digits.
func isID(s string) bool {
	return len(s) == 6 && s[:2] == "LW" && s[2] >= 'A' && s[2] <= 'Z' && strings.Trim(s[3:], "0123456789") == ""
}
