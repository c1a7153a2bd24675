// Package catalog holds the titles and severities of findings.
package catalog

// An Entry describes one finding.
type Entry struct {
	ID, Severity, Title string
}

// Catalog looks up findings by ID.
type Catalog struct{}

// Lookup implements report.Catalog.
func (Catalog) Lookup(id string) (title, severity, docs string, ok bool) {
	for _, e := range entries {
		if e.ID == id {
			return e.Title, e.Severity, "docs/findings/" + id + ".md", true
		}
	}
	return "", "", "", false
}

var entries []Entry
