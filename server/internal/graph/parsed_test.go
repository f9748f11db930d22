package graph

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// heapAfter returns the bytes that are in use after do, over what was in use before.
func heapAfter(do func()) int {
	var before, after runtime.MemStats
	collect := func() {
		runtime.GC() // pools keep what they hold for one collection more
		runtime.GC()
	}
	collect()
	runtime.ReadMemStats(&before)
	do()
	collect()
	runtime.ReadMemStats(&after)
	return int(after.HeapAlloc) - int(before.HeapAlloc)
}

// Whatever queries come, those that are kept take no more memory than they may: queries padded to 1 MB, and many that are
// small in text and large when parsed.
func TestParsedQueriesMemory(t *testing.T) {
	pad := strings.Repeat(" ", 1<<20)
	for _, row := range []struct {
		name  string
		many  int
		query func(i int) string
		keeps bool
	}{
		{"padded", 40, func(i int) string { return fmt.Sprintf("{ a%d: __typename %s}", i, pad) }, false},
		{"short", 10_000, func(i int) string { return fmt.Sprintf("{a%d:__typename}", i) }, true},
		{"all fields", 100, func(i int) string { return fmt.Sprintf("{a%d:me{%s}}", i, strings.Repeat("id ", 900)) }, true},
		{"all aliases", 100, func(i int) string {
			var b strings.Builder
			for n := range 240 {
				fmt.Fprintf(&b, "a%d:__typename ", n)
			}
			return fmt.Sprintf("{%s a:__typename#%d\n}", &b, i)
		}, true},
		{"all arguments", 100, func(i int) string {
			return fmt.Sprintf("{a%d:posts(first:1){id%s}}", i, strings.Repeat(" id@skip(if:true)", 100))
		}, true},
		{"all variables", 100, func(i int) string {
			var b, c strings.Builder
			for n := range 60 {
				fmt.Fprintf(&b, "$a%d:Boolean!=true", n)
				fmt.Fprintf(&c, "id@skip(if:$a%d)", n)
			}
			return fmt.Sprintf("query(%s){a%d:me{%s}}", &b, i, &c)
		}, true},
		{"all operations", 100, func(i int) string {
			var b strings.Builder
			for n := range 110 {
				fmt.Fprintf(&b, "query Q%d_%d{me{id}}", n, i)
			}
			return b.String()
		}, true},
		{"all inline fragments", 100, func(i int) string {
			return fmt.Sprintf("{a%d:me{%s}}", i, strings.Repeat("...{id}", 240))
		}, true},
		{"all comments", 100, func(i int) string {
			return fmt.Sprintf("{a%d:me{%s}}", i, strings.Repeat("id#\n", 490))
		}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := testAPI().operations
			kept := heapAfter(func() {
				for i := range row.many {
					_, errs := o.prepare(context.Background(), params{Query: row.query(i), OperationName: operationOf(row.name, i)})
					if errs != nil {
						t.Fatal(errs)
					}
				}
			})
			t.Logf("%d documents of %d bytes by our account take %d bytes", len(o.parsed.byText), o.parsed.bytes, kept)
			if kept > parsedBytes || row.keeps && kept < parsedBytes/8 {
				t.Errorf("%d bytes in use: %d documents, %d by our account", kept, len(o.parsed.byText), o.parsed.bytes)
			}
			runtime.KeepAlive(o)
		})
	}
}

func operationOf(row string, i int) string {
	if row == "all operations" {
		return fmt.Sprintf("Q0_%d", i)
	}
	return ""
}

// What was used last is kept. A query in which a string is written is not, as that may be a password; nor is a long one.
func TestWhichQueriesAreKept(t *testing.T) {
	o := testAPI().operations
	for _, row := range []struct {
		query string
		kept  bool
	}{
		{"{ me { id } }", true},
		{"query($a: ID!, $b: Int = 3) { posts(first: $b, after: $a) { id } }", true},
		{`mutation { login(email: "ada@example.com", password: "sesame") { accessToken } }`, false},
		{`mutation { login(email: """ada""", password: """sesame""") { accessToken } }`, false},
		{`query($a: ID = "sesame") { posts(after: $a) { id } }`, false},
		{`{ ...F } fragment F on Query { posts(after: "sesame") { id } }`, false},
		{`"sesame" query { me { id } }`, false},
		{`{ ...F } "sesame" fragment F on Query { me { id } }`, false},
		{`query("sesame" $a: ID) { posts(after: $a) { id } }`, false},
		{"{ me { id } }" + strings.Repeat(" ", keptText), false},
		{"{ me { id } nonsense }", false},
	} {
		o.document(t.Context(), row.query)
		if kept := o.parsed.get(row.query) != nil; kept != row.kept {
			t.Errorf("%.100s is kept: %v", row.query, kept)
		}
	}
	p := newParsedQueries(3 * nodeBytes * 3)
	for i, text := range []string{"a", "b", "a", "c", "a", "d"} {
		if p.get(text) == nil {
			p.put(text, &ast.QueryDocument{}, outline{nodes: 2})
		}
		if p.bytes > p.limit || len(p.byText) != p.recent.Len() {
			t.Errorf("after %d: %d bytes, %d and %d documents", i, p.bytes, len(p.byText), p.recent.Len())
		}
	}
	if p.get("a") == nil || p.get("b") != nil || p.get("d") == nil {
		t.Error("it does not drop what was not used for longest")
	}
}

// A long query's document does not hold on to its padding, and says the same.
func TestALongQueryIsNotHeldOnTo(t *testing.T) {
	o := testAPI().operations
	const query = `query Q($a: Int! = 3, $b: [ID!]) @a { x: posts(first: $a, after: "a\"\u00e9\n") { ...F, ... on Post @skip(if: true) { id } } }
		fragment F on Post { title body(a: {b: [1, 2.5e3, -1], c: """ block "" string """, d: RED, e: null}) }`
	pad := "#" + strings.Repeat("é# \"\"\" ", 100_000) + "\n,,,,"
	if short := compact(pad + query + pad); len(short) > 2*len(query) {
		t.Errorf("%d bytes", len(short))
	} else if got, want := printed(t, short), printed(t, query); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	var doc *ast.QueryDocument
	held := heapAfter(func() {
		var errs gqlerror.List
		if doc, errs = o.document(context.Background(), pad+"{ me { id } }"+pad); errs != nil {
			t.Fatal(errs)
		}
	})
	if held > 100_000 || doc.Operations[0].SelectionSet[0].(*ast.Field).Definition == nil {
		t.Errorf("%d bytes are held", held)
	}
}

func printed(t *testing.T, text string) string {
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(text, err)
	}
	var b strings.Builder
	formatter.NewFormatter(&b).FormatQueryDocument(doc)
	return b.String()
}
