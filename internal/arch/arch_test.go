// Package arch holds the rules of the house as tests: who may import whom, and
// what every file owes its readers. It has no code of its own.
package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "github.com/lastwrite/lastwrite"
	root   = "../.."
)

// A file is one Go file of the module.
type file struct {
	name   string // slash separated, from the root of the module
	syntax *ast.File
	set    *token.FileSet
	lines  int
}

// dir is the package's directory, "." for the root of the module.
func (f *file) dir() string { return path.Dir(f.name) }

func (f *file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

// imports returns what the file imports.
func (f *file) imports() []string {
	var out []string
	for _, spec := range f.syntax.Imports {
		out = append(out, strings.Trim(spec.Path.Value, `"`))
	}
	return out
}

// names returns every regular file of the repository, slash separated.
func names(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		switch rel = filepath.ToSlash(rel); {
		case err != nil:
			return err
		case e.IsDir() && (rel == ".git" || rel == "dist"):
			return fs.SkipDir
		case e.Type().IsRegular():
			out = append(out, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// files parses every Go file outside testdata.
func files(t *testing.T, mode parser.Mode) []*file {
	t.Helper()
	var out []*file
	for _, name := range names(t) {
		if !strings.HasSuffix(name, ".go") || slices.Contains(strings.Split(name, "/"), "testdata") {
			continue
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, filepath.Join(root, filepath.FromSlash(name)), nil, mode)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, &file{name: name, syntax: syntax, set: set, lines: set.File(syntax.FileStart).LineCount()})
	}
	if len(out) == 0 {
		t.Fatal("no Go files found")
	}
	return out
}

// below reports whether a package path is p or below it.
func below(name, p string) bool { return name == p || strings.HasPrefix(name, p+"/") }

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
