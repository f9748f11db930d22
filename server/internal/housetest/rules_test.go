package housetest_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "example.com/latchkey/"

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath, Dir, Name, Doc string
	Imports, Deps              []string
	GoFiles, CgoFiles          []string
}

// list returns the packages that match the patterns, as built for GOOS goos.
func list(t *testing.T, goos, goarch string, patterns ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-deps=false", "-json"}, patterns...)...)
	cmd.Dir = top(t)
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("go list:", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles)+len(p.CgoFiles) > 0 {
			all = append(all, p)
		}
	}
}

func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// rule says that packages below from may not depend on packages below any of to, even by way of others.
type rule struct {
	from   string
	to     []string
	direct bool // only imports of their own count
	alone  bool // from is one package: not those below it
	why    string
}

var rules = []rule{
	{from: "shared/", to: []string{module + "server/", module + "wasm/", module + "web"},
		why: "people import shared into programs of their own: it brings neither the server nor the browser's worker"},
	{from: "shared/", to: []string{"syscall/js"}, direct: true,
		why: "shared runs natively and in the browser alike: what is the browser's own stays in wasm"},
	{from: "shared/token", to: []string{module, "github.com/", "golang.org/"},
		why: "the token's keeper is reused and proved alone: it needs the standard library only"},
	{from: "shared/session", to: []string{module + "shared/api", module + "shared/screen", module + "shared/ui"},
		why: "the session client knows nothing of the demo application"},
	{from: "shared/session", to: []string{"golang.org/x/oauth2"}, alone: true,
		why: "who does not use oauth2 does not build it: the adapter is a package of its own"},
	{from: "shared/api", to: []string{module + "shared/screen", module + "shared/ui"},
		why: "operations do not know how they are shown"},
	{from: "shared/ui", to: []string{module},
		why: "components take view models and know nothing else of us"},
	{from: "wasm/", to: []string{module + "server/", module + "web"},
		why: "the worker speaks to the server over HTTP alone"},
	{from: "wasm/hub", to: []string{"syscall/js"}, direct: true,
		why: "the hub is tested natively: the words of JavaScript are in package main's *_js.go"},
	{from: "web", to: []string{module + "server/", module + "shared/", module + "wasm/"},
		why: "files and the document around a page depend on nothing"},
	{from: "server/internal/auth", to: []string{module},
		why: "the domain imports no package of ours: everything else depends on it"},
	{from: "server/internal/auth", to: []string{"net/http", "database/sql"}, direct: true,
		why: "the domain speaks neither HTTP nor SQL"},
	{from: "server/internal/blog", to: []string{module},
		why: "the demo resource is the part that a user of Latchkey replaces: nothing holds on to it but what names it"},
	{from: "server/internal/store", to: []string{module + "server/internal/graph", module + "server/internal/page", module + "server/internal/route", module + "shared/", module + "web"},
		why: "stores know the domain, never what is in front of it"},
	{from: "server/internal/graph", to: []string{module + "server/internal/page", module + "server/internal/route", module + "server/internal/store", module + "shared/", module + "web"},
		why: "the API and the pages do not know each other, and neither knows the store"},
	{from: "server/internal/page", to: []string{module + "server/internal/graph", module + "server/internal/auth", module + "server/internal/store", module + "server/internal/route"},
		why: "pages are a client of the API like every other: the same code could run on another machine"},
	{from: "server/internal/pgtest", to: []string{module},
		why: "the tests of every package may ask for a database: it depends on nothing that they test"},
	{from: "server/internal/store", to: []string{module + "server/internal/pgtest"},
		why: "a PostgreSQL is started by tests alone"},
	{from: "server/internal/route", to: []string{"github.com/jackc/", "github.com/mattn/", module + "server/internal/pgtest"},
		why: "nothing that answers requests knows which database there is: that is the store's alone"},
	{from: "server/internal/route", to: []string{module + "server/internal/store"},
		why: "routes lead to services; main chooses the store behind them"},
}

func TestWhoImportsWhom(t *testing.T) {
	for _, target := range [][2]string{{"linux", "amd64"}, {"js", "wasm"}} {
		t.Run(target[0], func(t *testing.T) {
			pkgs := list(t, target[0], target[1], "./...")
			for _, r := range rules {
				matched := false
				for _, p := range pkgs {
					if !strings.HasPrefix(p.ImportPath, module+r.from) || r.alone && p.ImportPath != module+r.from {
						continue
					}
					matched = true
					deps := p.Deps
					if r.direct {
						deps = p.Imports
					}
					for _, d := range deps {
						below := func(prefix string) bool { return strings.HasPrefix(d, prefix) }
						if slices.ContainsFunc(r.to, below) && !strings.HasPrefix(d, module+strings.TrimSuffix(r.from, "/")) && !isVendoredStd(d) {
							t.Errorf("%s depends on %s: %s", strings.TrimPrefix(p.ImportPath, module), d, r.why)
						}
					}
				}
				if !matched && target[0] == "linux" {
					t.Errorf("no package is below %s: the rule holds nothing", r.from)
				}
			}
		})
	}
}

// isVendoredStd reports whether the path is one of the standard library's own copies.
func isVendoredStd(path string) bool { return strings.HasPrefix(path, "vendor/") }

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range append(list(t, "linux", "amd64", "./..."), list(t, "js", "wasm", "./wasm/...")...) {
		if strings.HasSuffix(p.ImportPath, "/generated") {
			continue // its text is gqlgen's
		}
		if len(p.Doc) < 40 {
			t.Errorf("%s has no package doc: say what it is for and what to call first", p.ImportPath)
		}
	}
}

func TestOnlyTheBoundarySpeaksJavaScript(t *testing.T) {
	for _, p := range list(t, "js", "wasm", "./...") {
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, imp := range file.Imports {
				if imp.Path.Value == `"syscall/js"` && (!strings.HasSuffix(name, "_js.go") || p.ImportPath != module+"wasm") {
					t.Errorf("%s/%s imports syscall/js: only wasm/*_js.go may", p.ImportPath, name)
				}
			}
		}
	}
}

func TestClientCompilesForTheBrowser(t *testing.T) {
	cmd := exec.Command("go", "vet", "./shared/...", "./wasm/...")
	cmd.Dir = top(t)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A file or a function that outgrows these is about two things: split it where the nouns split.
const (
	longestFile     = 300 // lines
	longestFunction = 60
)

func TestNothingIsTooLong(t *testing.T) {
	walkGo(t, func(path string, src []byte) {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if ast.IsGenerated(file) {
			return
		}
		if n := strings.Count(string(src), "\n"); n > longestFile {
			t.Errorf("%s has %d lines, more than %d", path, n, longestFile)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line; n > longestFunction {
				t.Errorf("%s: %s has %d lines, more than %d", path, fn.Name.Name, n, longestFunction)
			}
		}
	})
}

// walkGo calls do for every Go file of the module.
func walkGo(t *testing.T, do func(path string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(top(t), func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		src, err := os.ReadFile(path)
		if err == nil {
			do(path, src)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
