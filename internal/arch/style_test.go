package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// mostLines is where a file usually hides a second one.
const mostLines = 700

// TestPackages: names say what is inside, and a comment says it in full.
func TestPackages(t *testing.T) {
	commented := map[string]bool{}
	for _, f := range files(t, parser.ImportsOnly|parser.ParseComments) {
		name := f.syntax.Name.Name
		if slices.Contains([]string{"util", "utils", "common", "misc", "helper", "helpers", "base", "shared"}, name) {
			t.Errorf("%s: the name %q says nothing", f.name, name)
		}
		if f.isTest() && !strings.HasSuffix(name, "_test") {
			continue
		}
		has := f.syntax.Doc != nil
		if has {
			want := "Package " + strings.TrimSuffix(name, "_test") + " "
			if name == "main" {
				want = "Command " + path.Base(f.dir()) + " "
			}
			if !strings.HasPrefix(f.syntax.Doc.Text(), want) {
				t.Errorf("%s: the package comment does not begin with %q", f.name, want)
			}
		}
		commented[f.dir()] = commented[f.dir()] || has
	}
	for dir, has := range commented {
		if !has {
			t.Errorf("%s: no file has a package comment", dir)
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, f := range files(t, parser.PackageClauseOnly) {
		if !f.isTest() && f.lines > mostLines {
			t.Errorf("%s has %d lines: what are the two things in it?", f.name, f.lines)
		}
	}
}

// TestNothingIsLeftForLater looks at every text of the repository.
func TestNothingIsLeftForLater(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}
	for _, name := range names(t) {
		ext := path.Ext(name)
		if !slices.Contains([]string{".go", ".c", ".h", ".s", ".md", ".sh", ".txtar", ""}, ext) || strings.Contains(name, "/fuzz/") {
			continue
		}
		for i, line := range strings.Split(read(t, name), "\n") {
			for _, mark := range marks {
				if strings.Contains(line, mark) {
					t.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line))
				}
			}
		}
	}
}

// TestExportedAreDocumented: a comment begins with the name, or stands above
// the group that the name belongs to.
func TestExportedAreDocumented(t *testing.T) {
	for _, f := range files(t, parser.ParseComments|parser.SkipObjectResolution) {
		if f.isTest() {
			continue
		}
		missing := func(id *ast.Ident) {
			t.Errorf("%s: %s has no doc comment", f.set.Position(id.Pos()), id.Name)
		}
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !obvious(d) {
					missing(d.Name)
				}
			case *ast.GenDecl:
				for _, id := range undocumented(d) {
					missing(id)
				}
			}
		}
	}
}

// undocumented returns the exported names of a declaration without a comment
// of their own, of their line, or of their group.
func undocumented(d *ast.GenDecl) (out []*ast.Ident) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
				out = append(out, s.Name)
			}
		case *ast.ValueSpec:
			for _, id := range s.Names {
				if id.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
					out = append(out, id)
				}
			}
		}
	}
	return out
}

// exportedReceiver reports whether d is a function, or a method of a type that
// others see.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

// obvious reports whether the method is one that every reader of Go knows.
func obvious(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{"Error", "Unwrap", "Is", "String", "MarshalJSON", "UnmarshalJSON"}, d.Name.Name)
}

// TestNoPackageState: what a package variable holds is set where it stands, and
// nothing happens before main.
func TestNoPackageState(t *testing.T) {
	variables := map[string]map[string]bool{} // by directory and package
	all := files(t, 0)
	key := func(f *file) string { return f.dir() + " " + f.syntax.Name.Name }
	for _, f := range all {
		if variables[key(f)] == nil {
			variables[key(f)] = map[string]bool{}
		}
		for _, d := range f.syntax.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.VAR {
				for _, s := range d.Specs {
					for _, id := range s.(*ast.ValueSpec).Names {
						variables[key(f)][id.Name] = true
					}
				}
			}
		}
	}
	for _, f := range all {
		if f.isTest() {
			continue
		}
		names := variables[key(f)]
		for _, d := range f.syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init", f.set.Position(fn.Pos()))
			}
			for _, id := range assigned(fn) {
				if id.Name != "_" && names[id.Name] && !local(id, f.syntax) {
					t.Errorf("%s: the package variable %s is set", f.set.Position(id.Pos()), id.Name)
				}
			}
		}
	}
}

// assigned returns the variables that a function sets, or sets parts of.
func assigned(fn *ast.FuncDecl) (out []*ast.Ident) {
	add := func(x ast.Expr) {
		for {
			switch y := x.(type) {
			case *ast.Ident:
				out = append(out, y)
				return
			case *ast.IndexExpr:
				x = y.X
			case *ast.SelectorExpr:
				x = y.X
			case *ast.ParenExpr:
				x = y.X
			default:
				return
			}
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, x := range n.Lhs {
					add(x)
				}
			}
		case *ast.IncDecStmt:
			add(n.X)
		}
		return true
	})
	return out
}

// local reports whether a name is declared inside a function.
func local(id *ast.Ident, f *ast.File) bool {
	if id.Obj == nil {
		return false // of another file of the package
	}
	return f.Scope.Lookup(id.Name) != id.Obj
}
