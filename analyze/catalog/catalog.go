// Package catalog holds the titles and severities of findings.
package catalog

import "slices"

// An Entry describes one finding.
type Entry struct {
	ID, Severity, Title string
}

// All returns every entry in the order of the IDs.
func All() []Entry {
	return slices.Concat(cowsqlEntries, galeraEntries, manticoreEntries, wesqlEntries, previousEntries)
}

// Get returns the entry of an ID.
func Get(id string) (Entry, bool) {
	for _, e := range All() {
		if e.ID == id {
			return e, true
		}
	}
	return Entry{}, false
}

// Catalog is All as the report wants it.
type Catalog struct{}

// Lookup implements report.Catalog.
func (Catalog) Lookup(id string) (title, severity, docs string, ok bool) {
	e, ok := Get(id)
	if !ok {
		return "", "", "", false
	}
	return e.Title, e.Severity, "docs/findings/" + id + ".md", true
}
