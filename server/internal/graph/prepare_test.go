package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/complexity"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"pgregory.net/rapid"
)

// zoo has what the API's own schema lacks: interfaces, unions, and types that do not merge.
var zoo = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { a: Query b(n: Int = 2, s: String): Query l: [Query!]! x: Int! y: Int i: Animal u: Pet c: Cat d: Dog }
	interface Animal { n: Int m(n: Int): Animal k: [Animal] }
	type Cat implements Animal { n: Int m(n: Int): Animal k: [Animal] z: Int o: Query }
	type Dog implements Animal { n: Int m(n: Int): Animal k: [Animal] z: Int! o: Cat }
	union Pet = Cat | Dog`})

// zooFields are the fields of each type, with the type that each leads to.
var zooFields = map[string][][2]string{
	"Query":  {{"a", "Query"}, {"b", "Query"}, {"b(n: 3)", "Query"}, {"l", "Query"}, {"x", ""}, {"y", ""}, {"i", "Animal"}, {"u", "Pet"}, {"c", "Cat"}, {"d", "Dog"}, {"__type(name: \"x\")", "__Type"}},
	"Animal": {{"n", ""}, {"m", "Animal"}, {"m(n: 1)", "Animal"}, {"k", "Animal"}, {"__typename", ""}},
	"Cat":    {{"n", ""}, {"m", "Animal"}, {"z", ""}, {"z", ""}, {"o", "Query"}, {"k", "Animal"}},
	"Dog":    {{"n", ""}, {"m(n: 1)", "Animal"}, {"z", ""}, {"z", ""}, {"o", "Cat"}, {"k", "Animal"}},
	"Pet":    {{"__typename", ""}},
	"__Type": {{"name", ""}},
}

var zooBelow = map[string][]string{
	"Query": {"Query"}, "Animal": {"Animal", "Cat", "Dog", "Pet"}, "Cat": {"Cat", "Animal"}, "Dog": {"Dog", "Pet"},
	"Pet": {"Cat", "Dog", "Animal"}, "__Type": {"__Type"},
}

// randomQuery returns a query of the zoo. Most are valid. Some spread fragments that do not exist, do not fit, or spread
// themselves, and some have fields that do not merge.
func randomQuery(t *rapid.T) string {
	pick := func(n int, label string) int { return rapid.IntRange(0, n-1).Draw(t, label) }
	fragments := pick(5, "fragments")
	types := []string{"Query", "Animal", "Cat", "Dog"}
	on := make([]string, fragments)
	for i := range on {
		on[i] = types[pick(len(types), "fragment's type")]
	}
	var set func(of string, depth, after int) string
	set = func(of string, depth, after int) string {
		var b strings.Builder
		for range 1 + pick(3, "selections") {
			switch kind := pick(10, "kind"); {
			case (kind == 0 || kind < 6 && (of == "Animal" || of == "Pet")) && depth < 4:
				inner := zooBelow[of][pick(len(zooBelow[of]), "condition")]
				fmt.Fprintf(&b, "... on %s %s ", inner, set(inner, depth+1, after))
			case kind < 4 && fragments > 0:
				next := after + 1 + pick(fragments, "spread")
				if pick(40, "wild") == 0 {
					next = pick(fragments+1, "wild spread")
				}
				if next < fragments && (on[next] == of || pick(10, "unfit") == 0) {
					fmt.Fprintf(&b, "...F%d ", next)
					continue
				}
				b.WriteString("__typename ")
			default:
				f := zooFields[of][pick(len(zooFields[of]), "field")]
				if depth >= 4 && f[1] != "" {
					f = [2]string{"__typename", ""}
				}
				b.WriteString([]string{"", "", "", "p: ", "q: "}[pick(5, "alias")] + f[0] + " ")
				if f[1] != "" {
					b.WriteString(set(f[1], depth+1, after))
				}
			}
		}
		return "{ " + b.String() + "} "
	}
	text := set("Query", 0, -1)
	for i := range on {
		text += fmt.Sprintf("fragment F%d on %s %s", i, on[i], set(on[i], 1, i))
	}
	return text
}

func parsed(t rapid.TB, text string) *ast.QueryDocument {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

// check has rapid check more often than it does by itself: most random queries are refused.
func check(t *testing.T, property func(*rapid.T)) {
	for range 10 {
		rapid.Check(t, property)
	}
}

// What the library's rules refuse is refused, and nothing else.
func TestValidationAgreesWithTheLibrary(t *testing.T) {
	o := newOperations(&graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return zoo }}, false, nil)
	said := map[bool]int{}
	agree := func(t rapid.TB, text string) {
		t.Helper()
		theirs := validator.ValidateWithRules(zoo, parsed(t, text), nil)
		doc := parsed(t, text)
		_, over := inspect(context.Background(), doc)
		valid := over == nil && o.validate(doc) == nil
		if valid != (len(theirs) == 0) {
			t.Fatalf("%s\nvalid: %v (%v); the library says %v", text, valid, over, theirs)
		}
		said[valid]++
	}
	for _, text := range []string{
		"{ i { ... on Cat { p: n } ... on Dog { p: n } p: n } }",
		"{ i { ... on Cat { p: n } ... on Dog { q: n } p: m(n: 1) { n } } }",
		"{ i { p: k { n } ... on Dog { q: n } ... on Cat { p: m { n } } } }",
		"{ i { ... on Cat { m { n } } ... on Dog { m(n: 1) { n } } } }",
		"{ i { ... on Cat { m { n } } ... on Dog { n } m(n: 1) { n } } }",
		"{ u { ... on Cat { z } ... on Dog { z } } }",
		"{ u { ... on Cat { p: o { y } } ... on Dog { p: o { y: z } } } }",
		`{ b(s: "1") { x } ... on Query { b(s: "2") { x } } }`,
		"query($a: Int) { b(n: $a) { x } b(n: $a) { y: x } }",
	} {
		agree(t, text)
	}
	check(t, func(t *rapid.T) { agree(t, randomQuery(t)) })
	t.Logf("valid and invalid ones: %v", said)
	if said[true] == 0 || said[false] == 0 {
		t.Errorf("valid and invalid ones: %v", said)
	}
}

// The one pass measures what three did, which wrote every fragment out: gqlgen's complexity, the depth, and whether the
// schema is asked for.
func TestWeighingAgreesWithWritingOut(t *testing.T) {
	schema := &graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return zoo },
		ComplexityFunc: func(_ context.Context, typeName, field string, child int, args map[string]any) (int, bool) {
			switch typeName + "." + field {
			case "Query.b":
				n, _ := args["n"].(int64)
				return 1 + int(n)*child, true
			case "Cat.m", "Query.l":
				return 7 + 3*child, true
			case "Dog.n":
				return -1, true
			}
			return 0, false
		},
	}
	valid := 0
	check(t, func(t *rapid.T) {
		doc := parsed(t, randomQuery(t))
		if len(validator.ValidateWithRules(zoo, doc, nil)) > 0 {
			return
		}
		valid++
		op := doc.Operations[0]
		got, err := weighOperation(context.Background(), schema, op, nil)
		want := weight{
			depth:      depthOf(op.SelectionSet),
			complexity: complexity.Calculate(context.Background(), schema, op, nil),
			schema:     asksForSchema(op.SelectionSet),
		}
		if err != nil || got != want {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
	})
	t.Logf("%d valid queries", valid)
	if valid < 10 {
		t.Errorf("%d valid queries", valid)
	}
}

func depthOf(set ast.SelectionSet) (depth int) {
	for _, sel := range set {
		switch s := sel.(type) {
		case *ast.Field:
			depth = max(depth, 1+depthOf(s.SelectionSet))
		case *ast.InlineFragment:
			depth = max(depth, depthOf(s.SelectionSet))
		case *ast.FragmentSpread:
			depth = max(depth, depthOf(s.Definition.SelectionSet))
		}
	}
	return depth
}

func asksForSchema(set ast.SelectionSet) (asks bool) {
	for _, sel := range set {
		switch s := sel.(type) {
		case *ast.Field:
			asks = asks || s.Name == "__schema" || s.Name == "__type" || asksForSchema(s.SelectionSet)
		case *ast.InlineFragment:
			asks = asks || asksForSchema(s.SelectionSet)
		case *ast.FragmentSpread:
			asks = asks || asksForSchema(s.Definition.SelectionSet)
		}
	}
	return asks
}
