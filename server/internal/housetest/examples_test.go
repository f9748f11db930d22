package housetest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plain are exported functions and methods of shared that no example calls, and why none is needed. Those of the
// standard library's own interfaces need none either.
var plain = map[string]string{
	"shared/session.WithRandom": "for tests that are to repeat",
	"shared/session.MinAge":     "a getter",
	"shared/screen.Name":        "a getter",
	"shared/screen.IsHow":       "compares a path",
	"shared/screen.Ending":      "a sentence for each reason",
	"shared/ui.Account":         asPosts, "shared/ui.Home": asPosts,
	"shared/ui.Message": asPosts, "shared/ui.Signup": asPosts, "shared/ui.HowItWorks": asPosts,
	"shared/ui.Token": "App draws it",
	"shared/ui.Check": anew, "shared/ui.Claims": anew, "shared/ui.Picture": anew,
	"shared/ui.FlowSession": "HowItWorks draws it, and the worker anew",
	"shared/ui.Totals":      "a sum",
	"shared/ui.DrawnAs":     "compares two view models",
	"shared/ui.Local":       "what it makes of its argument is in its doc",
}

const (
	asPosts = "a component takes its view model as Posts does"
	anew    = "App draws it, and the worker anew"
)

// ofInterfaces are methods whose names everybody knows.
var ofInterfaces = []string{
	"Error", "Is", "Unwrap", "String", "GoString", "Format", "LogValue", "MarshalJSON", "MarshalText", "UnmarshalJSON",
}

// People read the packages of shared with go doc, to use them in programs of their own: nothing exported is without a
// word, and what is called is called in an example.
func TestSharedIsDocumentedWithExamples(t *testing.T) {
	excused := maps.Clone(plain)
	defer func() {
		for name := range excused {
			t.Errorf("%s is excused, and need not be", name)
		}
	}()
	for _, p := range list(t, "linux", "amd64", "./shared/...") {
		if p.Name == "screentest" {
			continue // for our own tests, each of which is an example
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		files, tests := parsed(t, p.Dir)
		called := map[string]bool{}
		for _, f := range tests {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(fn.Name.Name, "Example") {
					noteCalls(fn, called)
				}
			}
		}
		for _, f := range files {
			for _, d := range f.Decls {
				checkDecl(t, name, d, called, excused)
			}
		}
	}
}

func parsed(t *testing.T, dir string) (files, tests []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			tests = append(tests, f)
		} else {
			files = append(files, f)
		}
	}
	return files, tests
}

// noteCalls notes every name that is selected of something in the example.
func noteCalls(fn *ast.FuncDecl, called map[string]bool) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			called[s.Sel.Name] = true
		}
		return true
	})
}

func checkDecl(t *testing.T, pkg string, d ast.Decl, called map[string]bool, excused map[string]string) {
	t.Helper()
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if !d.Name.IsExported() || !exportedReceiver(d) {
			return
		}
		if d.Doc.Text() == "" {
			t.Errorf("%s: %s has no doc", pkg, name)
		}
		if called[name] || slices.Contains(ofInterfaces, name) {
			return
		}
		if _, ok := plain[pkg+"."+name]; !ok {
			t.Errorf("%s: no example calls %s", pkg, name)
		}
		delete(excused, pkg+"."+name)
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc.Text() == "" && s.Doc.Text() == "" {
					t.Errorf("%s: %s has no doc", pkg, s.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && d.Doc.Text() == "" && s.Doc.Text() == "" && s.Comment.Text() == "" {
					t.Errorf("%s: %s has no doc", pkg, s.Names[0])
				}
			}
		}
	}
}

// exportedReceiver reports whether d is a function, or a method of something that is exported.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	exported := true
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && exported {
			exported = id.IsExported()
			return false
		}
		return true
	})
	return exported
}
