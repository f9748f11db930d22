package housetest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The only files that may import what they are listed for, each with the reason.
var (
	// What strangers send is never looked at by reflection of ours: encoding/json and gqlgen read it into types that are
	// written down.
	reflection = map[string]string{
		"shared/api/api_test.go":                  "compares the client's types with the schema",
		"server/internal/housetest/flags_test.go": "reads the tags of flags",
		"server/internal/storetest/closing.go":    "goes through the methods of a store, so that none is left out",
	}
	// math/rand outside of tests. Secrets and ids come from crypto/rand.
	scattered = map[string]string{
		"shared/token/keeper.go":            "scatters the renewals of many clients: nothing that is secret",
		"server/internal/store/postgres.go": "scatters the tries of many servers: nothing that is secret",
	}
)

func TestNothingIsUnsafeAndNothingReflects(t *testing.T) {
	used := map[string]bool{}
	eachImport(t, func(path, imported string) {
		switch imported {
		case "unsafe", "plugin", "encoding/gob", "C":
			t.Errorf("%s imports %s: memory is Go's alone to care for, and nothing is run or built by a stranger's bytes", path, imported)
		case "reflect":
			if reflection[path] == "" {
				t.Errorf("%s imports reflect: write the types down, or the reason into this test", path)
			}
			used[path] = true
		case "math/rand", "math/rand/v2":
			if !strings.HasSuffix(path, "_test.go") && scattered[path] == "" {
				t.Errorf("%s imports %s: secrets and ids come from crypto/rand", path, imported)
			}
			used[path] = true
		}
	})
	for _, list := range []map[string]string{reflection, scattered} {
		for path := range list {
			if !used[path] {
				t.Errorf("%s is let off for nothing", path)
			}
		}
	}
}

// eachImport calls do for every import of every Go file that is not generated.
func eachImport(t *testing.T, do func(path, imported string)) {
	t.Helper()
	eachWritten(t, func(path string, file *ast.File, _ []byte) {
		for _, imp := range file.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			do(path, name)
		}
	})
}

// eachWritten calls do for every Go file that is not generated, by its path in the module.
func eachWritten(t *testing.T, do func(path string, file *ast.File, src []byte)) {
	t.Helper()
	walkGo(t, func(path string, src []byte) {
		file, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if !ast.IsGenerated(file) {
			do(relative(t, path), file, src)
		}
	})
}

func relative(t *testing.T, path string) string {
	t.Helper()
	rel, err := filepath.Rel(top(t), path)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.ToSlash(rel)
}

// outgoing are the ways to ask somebody else for something.
var outgoing = map[string][]string{
	"net":        {"Dial", "DialTimeout", "Dialer", "LookupHost", "LookupAddr", "LookupIP", "DefaultResolver"},
	"net/http":   {"Get", "Post", "PostForm", "Head", "Client", "Transport", "DefaultClient", "DefaultTransport"},
	"crypto/tls": {"Dial", "DialWithDialer", "Dialer"},
	"os/exec":    {"Command", "CommandContext"},
}

// The server asks nobody but its database and, for its own certificate, the authority that a flag names, both through
// their libraries: no address that a stranger sends is ever asked for anything.
func TestTheServerAsksNobody(t *testing.T) {
	eachWritten(t, func(path string, file *ast.File, _ []byte) {
		if !strings.HasPrefix(path, "server/") || strings.HasSuffix(path, "_test.go") || slices.ContainsFunc(testPackages, func(dir string) bool { return strings.HasPrefix(path, dir) }) {
			return
		}
		names := map[string]string{} // of the packages that it imports
		for _, imp := range file.Imports {
			name, _ := strconv.Unquote(imp.Path.Value) // the parser has read it already
			names[name[strings.LastIndex(name, "/")+1:]] = name
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && slices.Contains(outgoing[names[pkg.Name]], sel.Sel.Name) {
				t.Errorf("%s uses %s.%s: the server asks nobody but its database", path, pkg.Name, sel.Sel.Name)
			}
			return true
		})
	})
}

// testPackages are only in tests, although their files are not called so.
var testPackages = []string{"server/internal/servertest/", "server/internal/pgtest/", "server/internal/storetest/"}

// exception is a comment that has a tool overlook something.
var (
	exception = regexp.MustCompile(`//\s*(#nosec|nolint|lint:ignore|lint:file-ignore|nosemgrep)\b.*`)
	reasoned  = regexp.MustCompile(`^// #nosec G\d{3} -- \S.{5,}$`)
)

func TestExceptionsHaveTheirReasons(t *testing.T) {
	eachWritten(t, func(path string, _ *ast.File, src []byte) {
		if strings.HasSuffix(path, "/housetest/reach_test.go") {
			return // it names them
		}
		for _, line := range exception.FindAllString(string(src), -1) {
			if !reasoned.MatchString(line) {
				t.Errorf("%s: %q: name the rule and the reason, as // #nosec G115 -- it is below 100", path, line)
			}
		}
	})
}
