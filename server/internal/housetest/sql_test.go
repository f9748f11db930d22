package housetest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// joined are what SQL may be joined with beside constants, with the reason.
var joined = map[string]string{
	"s.dialect.lockUser": "a constant of the dialect",
	"clock":              "selectSnapshot's argument: a constant of the dialect",
	"listed":             "endingStatements's argument: a constant of the dialect",
	"among":              "endingStatements's argument: a constant of the dialect",
}

// SQL is constant text: what a request brings is an argument of the statement and never a part of it. The store writes
// its SQL in raw strings. Each may be joined with constants alone, and none is a format.
func TestSQLIsConstant(t *testing.T) {
	files, _ := parsed(t, filepath.Join(top(t), "server/internal/store"))
	constants, statements := constantsOf(files), 0
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if isSQL(n) {
					statements++
				}
			case *ast.BinaryExpr:
				if sql, others := operands(n); sql {
					for _, other := range others {
						if !constants[other] && joined[other] == "" {
							t.Errorf("SQL is joined with %s, which is no constant: make it an argument of the statement", other)
						}
					}
				}
			case *ast.CallExpr:
				fn := nameOf(n.Fun)
				for _, arg := range n.Args {
					if lit, ok := arg.(*ast.BasicLit); ok && isSQL(lit) && (strings.HasPrefix(fn, "fmt.") || strings.HasPrefix(fn, "strings.")) {
						t.Errorf("%s makes SQL out of %.40s…: make what varies an argument of the statement", fn, lit.Value)
					}
				}
			}
			return true
		})
	}
	if statements < 50 {
		t.Errorf("only %d pieces of SQL are found", statements)
	}
}

func TestSQLIsJudged(t *testing.T) {
	for expr, constant := range map[string]bool{
		"`select 1 ` + tail": true, "`select 1 ` + tail + `for update`": true,
		"`select '` + name + `'`": false, "`select ` + strconv.Itoa(n)": false,
	} {
		parsed, err := parser.ParseExpr(expr)
		if err != nil {
			t.Fatal(err)
		}
		sql, others := operands(parsed.(*ast.BinaryExpr))
		if !sql || len(others) != 1 || (others[0] == "tail") != constant {
			t.Errorf("%s: %v, joined with %q", expr, sql, others)
		}
	}
}

func isSQL(lit *ast.BasicLit) bool {
	return lit.Kind == token.STRING && strings.HasPrefix(lit.Value, "`")
}

// operands reports whether a sum has SQL in it, and returns what it has beside literals.
func operands(sum *ast.BinaryExpr) (sql bool, others []string) {
	for _, side := range []ast.Expr{sum.X, sum.Y} {
		switch side := side.(type) {
		case *ast.BasicLit:
			sql = sql || isSQL(side)
		case *ast.BinaryExpr:
			below, more := operands(side)
			sql, others = sql || below, append(others, more...)
		default:
			others = append(others, nameOf(side))
		}
	}
	return sql, others
}

// nameOf is an expression's name, as s.dialect.lockUser; of what has none it says so.
func nameOf(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr.Name
	case *ast.SelectorExpr:
		return nameOf(expr.X) + "." + expr.Sel.Name
	case *ast.CallExpr:
		return nameOf(expr.Fun) + "()"
	}
	return "an expression"
}

func constantsOf(files []*ast.File) map[string]bool {
	all := map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						all[name.Name] = true
					}
				}
			}
			return true
		})
	}
	return all
}
