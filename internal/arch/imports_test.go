package arch_test

import (
	"go/parser"
	"slices"
	"strings"
	"testing"
)

// A rule says what the packages below a directory may import. Names are
// directories of the module; a name allows what is below it.
type rule struct {
	dir       string
	ours      []string // packages of the module
	theirs    []string // packages of other modules
	forbidden []string // of the standard library
}

// outside is what a package that only computes has no business with.
var outside = []string{"os", "net", "syscall", "unsafe", "log", "path/filepath"}

// The nearest rule above a package counts. Imports point down only.
var rules = []rule{
	{dir: "parse", ours: []string{"parse"}, forbidden: outside},
	{dir: "parse/cowsql", ours: []string{"parse"}, theirs: []string{"github.com/pierrec/lz4/v4", "golang.org/x/sys/cpu"}, forbidden: outside},
	// Blocks of extents are compressed.
	{dir: "parse/smartengine", ours: []string{"parse"}, theirs: []string{"github.com/klauspost/compress/zstd", "github.com/pierrec/lz4/v4"}, forbidden: outside},
	{dir: "parse/hostlayout", ours: []string{"parse"}, theirs: []string{"github.com/goccy/go-yaml"}, forbidden: outside},

	{dir: "analyze", ours: []string{"analyze", "parse"}, forbidden: outside},
	// A view hands out the content of compressed snapshots.
	{dir: "analyze/cowsql", ours: []string{"analyze", "parse"}, theirs: []string{"github.com/pierrec/lz4/v4"}, forbidden: outside},

	{dir: "report", ours: []string{"report", "analyze", "parse"}, forbidden: outside, theirs: []string{
		"github.com/dustin/go-humanize", "github.com/olekukonko/tablewriter", "github.com/clipperhouse/displaywidth",
	}},

	{dir: "repair", ours: []string{"repair", "report", "analyze", "parse", "internal"}, theirs: []string{
		"github.com/google/renameio/v2", "golang.org/x/sys", "modernc.org/sqlite",
	}},

	{dir: "internal", ours: []string{"internal", "analyze", "parse"}, theirs: []string{
		"github.com/dustin/go-humanize", "github.com/klauspost/compress", "golang.org/x/sync", "golang.org/x/sys", "golang.org/x/term",
		"modernc.org/sqlite",
	}},

	{dir: "internal/schema", ours: []string{"report", "analyze"}, theirs: []string{"github.com/santhosh-tekuri/jsonschema/v6"}},

	{dir: "docs", ours: []string{"docs"}, forbidden: outside},

	// A mistake in a parser must not hide in a fixture.
	{dir: "fixtures", ours: []string{"fixtures"}, theirs: []string{"github.com/klauspost/compress/zstd", "github.com/pierrec/lz4/v4"}},

	{dir: "cmd", ours: []string{"cmd", "repair", "report", "analyze", "parse", "internal", "docs"}, theirs: []string{
		"github.com/dustin/go-humanize", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term",
	}},
}

// testSupport are the packages that only tests import.
var testSupport = []string{"fixtures", "internal/reallib", "internal/realserver", "internal/differential", "internal/schema", "report/internal/example"}

func ruleFor(dir string) (best rule, ok bool) {
	for _, r := range rules {
		if below(dir, r.dir) && len(r.dir) > len(best.dir) {
			best, ok = r, true
		}
	}
	return best, ok
}

func TestImports(t *testing.T) {
	for _, f := range files(t, parser.ImportsOnly) {
		if f.isTest() {
			continue
		}
		r, ok := ruleFor(f.dir())
		if !ok {
			t.Errorf("%s: no rule says what this package may import", f.name)
			continue
		}
		for _, imported := range f.imports() {
			if problem := r.problem(f.dir(), imported); problem != "" {
				t.Errorf("%s imports %s: %s", f.name, imported, problem)
			}
		}
	}
}

// problem says why a package in dir must not import another, "" if it may.
func (r rule) problem(dir, imported string) string {
	allowed := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return below(name, p) })
	}
	if name, ok := strings.CutPrefix(imported, module+"/"); ok {
		switch {
		case allowed(testSupport, name) && !allowed(testSupport, dir):
			return "that is for tests"
		case !allowed(r.ours, name):
			return "imports point down only"
		case family(dir) != "" && family(name) != "" && family(dir) != family(name):
			return "families of databases do not know each other"
		}
		return ""
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		if !allowed(r.theirs, imported) {
			return "not on the short list of modules for this package"
		}
		return ""
	}
	if allowed(r.forbidden, imported) && imported != "net/netip" { // which only computes
		return "this package reads what it is given, and nothing else of the machine"
	}
	return ""
}

// family is the database family that a package of analyze belongs to, "" for
// all others.
func family(dir string) string {
	name, ok := strings.CutPrefix(dir, "analyze/")
	if !ok || name == "catalog" || name == "systems" {
		return ""
	}
	return name
}

func TestRules(t *testing.T) {
	for _, tt := range []struct {
		dir, imported string
		ok            bool
	}{
		{"parse", "io/fs", true},
		{"parse", "os", false},
		{"parse/cowsql", module + "/parse/sqlite", true},
		{"parse/cowsql", module + "/analyze", false},
		{"parse/sqlite", "github.com/pierrec/lz4/v4", false},
		{"analyze/cowsql", module + "/parse/cowsql", true},
		{"analyze/cowsql", module + "/analyze/galera", false},
		{"analyze/cowsql", module + "/analyze/catalog", true},
		{"analyze/systems", module + "/analyze/cowsql", true},
		{"analyze/cowsql", "os/exec", false},
		{"report/text", module + "/repair", false},
		{"report/text", module + "/report/internal/example", false},
		{"fixtures/damage", module + "/fixtures/raftlog", true},
		{"fixtures/raftlog", module + "/parse/cowsql", false},
		{"cmd/lastwrite/command", module + "/fixtures", false},
		{"cmd/lastwrite/command", module + "/repair", true},
		{"internal/source", module + "/cmd/lastwrite/command", false},
	} {
		r, ok := ruleFor(tt.dir)
		if !ok {
			t.Fatalf("no rule for %s", tt.dir)
		}
		if problem := r.problem(tt.dir, tt.imported); (problem == "") != tt.ok {
			t.Errorf("%s imports %s: %q", tt.dir, tt.imported, problem)
		}
	}
}
