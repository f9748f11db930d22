package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// bomb is a query of n fragments that each spread the next one twice: it unfolds to 2^n fields.
func bomb(n int) string {
	var b strings.Builder
	b.WriteString("{ ...F0 } ")
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on Query { ...F%d ...F%d } ", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on Query { me { id } }", n)
	return b.String()
}

// chain is a query of n fragments that each spread the next one: validation visits n²/2 of them.
func chain(n, fields int) string {
	var b strings.Builder
	b.WriteString("{ ...F0 } ")
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on Query { ...F%d } ", i, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on Query { %s }", n, strings.Repeat("__typename ", fields))
	return b.String()
}

// testAPI is an API without services: enough for what is refused.
func testAPI() *api { return New(Config{Log: slog.New(slog.DiscardHandler)}).(*api) }

// Refusing fragments that double what they spread takes one visit to each node.
func TestBombsAreRefusedInOnePass(t *testing.T) {
	o := testAPI().operations
	nodes := map[int]int{}
	for _, n := range []int{20, 30, 80} {
		doc, err := parse(bomb(n))
		if err != nil {
			t.Fatal(err)
		}
		facts, err := inspect(t.Context(), doc)
		if err == nil || !strings.Contains(err.Message, "unfolds") {
			t.Errorf("%d fragments: %v", n, err)
		}
		nodes[n] = facts.nodes
		if _, errs := o.prepare(t.Context(), params{Query: bomb(n)}); len(errs) != 1 {
			t.Errorf("%d fragments: %v", n, errs)
		}
	}
	if nodes[80] > 4*nodes[20] {
		t.Errorf("the nodes visited, by the number of fragments: %v", nodes)
	}
}

// Weighing visits each fragment once, and does not overflow.
func TestWeighingVisitsAFragmentOnce(t *testing.T) {
	o := testAPI().operations
	for _, n := range []int{10, 40, 80} {
		doc, err := parse(bomb(n))
		if err != nil {
			t.Fatal(err)
		}
		if errs := o.validate(doc); errs != nil {
			t.Fatal(errs)
		}
		w := weigher{ctx: t.Context(), schema: o.schema, types: o.schema.Schema().Types}
		total := w.set(doc.Operations[0].SelectionSet)
		if want := min((costOfRead+1)<<min(n, 40), saturated); total.complexity != want || total.depth != 2 || w.visited > 3*n+3 {
			t.Errorf("%d fragments: %+v after %d visits, want complexity %d", n, total, w.visited, want)
		}
	}
}

// Whatever a document holds, validation visits no more nodes than it may.
func TestWhatUnfoldsTooFarIsRefused(t *testing.T) {
	o := testAPI().operations
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	long := strings.Repeat("x", maxName+1)
	for _, row := range []struct{ name, query, said string }{
		{"a chain", chain(60, 400), "unfolds"},
		{"a fragment in many operations", many(60, "query Q%d { ...F } ") + "fragment F on Query { " + strings.Repeat("__typename ", 400) + " }", "unfolds"},
		{"a long literal in many operations", many(60, "mutation M%d { ...F } ") + `fragment F on Mutation { deletePost(id: "` + strings.Repeat("x", 50_000) + `") }`, "unfolds"},
		{"a cycle", "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "within itself"},
		{"a cycle that nothing spreads", "{ __typename } fragment A on Query { a: me { id } ...A }", "within itself"},
		{"a cycle behind a field", "{ ...A } fragment A on Query { me { ...A } }", "within itself"},
		{"a nested value", "{ posts(first: " + strings.Repeat("[", 200) + "1" + strings.Repeat("]", 200) + ") { id } }", "nested deeper"},
		{"a nested default", "query($a: Int = " + strings.Repeat("{a:", 100) + "1" + strings.Repeat("}", 100) + ") { posts(first: $a) { id } }", "nested deeper"},
		{"a nested type", "query($a: " + strings.Repeat("[", 200) + "Int" + strings.Repeat("]", 200) + ") { posts(first: $a) { id } }", "nested deeper"},
		{"a long field", "{ " + long + " }", "A name"},
		{"a long alias", "{ " + long + ": me { id } }", "A name"},
		{"a long operation's name", "query " + long + " { me { id } }", "A name"},
		{"a long fragment's name", "{ ..." + long + " }", "A name"},
		{"a long type", "{ ... on " + long + " { me { id } } }", "A name"},
		{"a long variable", "query($" + long + ": Int) { me { id } }", "A name"},
		{"a long directive", "{ me @" + long + " { id } }", "A name"},
		{"a long argument", "{ posts(" + long + ": 1) { id } }", "A name"},
		{"a long enum value", "{ posts(first: " + long + ") { id } }", "A name"},
		{"a deferred fragment", "{ ... @defer { me { id } } }", "@defer"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, errs := o.prepare(t.Context(), params{Query: row.query})
			if len(errs) != 1 || !strings.Contains(errs[0].Message, row.said) {
				t.Errorf("%.500v", errs)
			}
		})
	}
	if _, errs := o.prepare(t.Context(), params{Query: chain(5, 10)}); errs != nil {
		t.Errorf("a short chain: %v", errs)
	}
}

// A query with many errors is answered with some of them, each of a length that is bounded.
func TestErrorsAreFewAndShort(t *testing.T) {
	a := testAPI()
	for _, query := range []string{
		"{ " + strings.Repeat("x ", 900) + "}",
		"query(" + strings.Repeat("$a: Int ", 200) + ") { me { id } }",
		"{ " + strings.Repeat("a: me { id } a: posts { id } ", 50) + "}",
		`{ posts(first: "` + strings.Repeat("x", 100_000) + `") { id } }`,
		strings.Repeat("x", 100_000),
		`{ a: posts { id } } query ` + strings.Repeat("x", maxName) + ` { posts(first: $` + strings.Repeat("y", maxName) + `) { id } }`,
	} {
		status, body := a.answer(t.Context(), params{Query: query}, plainJSON)
		if status != 422 || len(bytes.Join(body, nil)) > maxErrors*(maxMessage+300) {
			t.Errorf("%.50q: %d with %d bytes", query, status, len(bytes.Join(body, nil)))
		}
	}
}

// Validation stops at the last error that is told.
func TestValidationStopsAtEnoughErrors(t *testing.T) {
	o := testAPI().operations
	bytes := map[int]int{}
	for _, n := range []int{50, 900} {
		doc, err := parse("{ " + strings.Repeat("x ", n) + "}")
		if err != nil {
			t.Fatal(err)
		}
		bytes[n] = allocated(func() {
			if errs := o.validate(doc); len(errs) != maxErrors {
				t.Errorf("%d errors of %d", len(errs), n)
			}
		})
	}
	if bytes[900] > 2*bytes[50] {
		t.Errorf("bytes allocated, by the number of errors: %v", bytes)
	}
}

// The work stops when the caller has gone.
func TestPreparingStopsWithTheRequest(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the caller has gone"))
	o := testAPI().operations
	wide := "{ " + strings.Repeat("__typename ", 900) + "}"
	doc, err := parse(wide)
	if err != nil {
		t.Fatal(err)
	}
	if facts, err := inspect(ctx, doc); err == nil || facts.nodes > 300 {
		t.Errorf("inspected %d nodes: %v", facts.nodes, err)
	}
	if errs := o.validate(doc); errs != nil {
		t.Fatal(errs)
	}
	w := weigher{ctx: ctx, schema: o.schema, types: o.schema.Schema().Types}
	if w.set(doc.Operations[0].SelectionSet); w.err == nil || w.visited > 300 {
		t.Errorf("weighed %d nodes: %v", w.visited, w.err)
	}
	if over := o.checkLimits(ctx, doc.Operations[0], nil); over == nil {
		t.Error("the operation is executed")
	}
}
