package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// weight is what a selection set asks for, with its fragments in the place of their spreads.
type weight struct {
	depth      int  // fields in one another
	complexity int  // what the fields cost together, up to saturated
	schema     bool // a field is about the schema itself (GraphQL §4.1)
}

// weigher measures an operation that is valid. It visits each field once, and each fragment once however often it is
// spread: what a fragment weighs depends on its fields and the request's variables alone.
type weigher struct {
	ctx       context.Context
	schema    graphql.ExecutableSchema
	types     map[string]*ast.Definition
	variables map[string]any
	fragments map[*ast.FragmentDefinition]weight
	visited   int
	err       error // ctx's
}

// weighOperation returns what the operation asks for. It fails where ctx has ended.
func weighOperation(ctx context.Context, schema graphql.ExecutableSchema, op *ast.OperationDefinition, variables map[string]any) (weight, error) {
	w := weigher{ctx: ctx, schema: schema, types: schema.Schema().Types, variables: variables}
	total := w.set(op.SelectionSet)
	return total, w.err
}

func (w *weigher) set(set ast.SelectionSet) (total weight) {
	for _, sel := range set {
		if w.visited++; w.visited%256 == 0 && w.err == nil {
			w.err = w.ctx.Err()
		}
		if w.err != nil {
			return total
		}
		var one weight
		switch s := sel.(type) {
		case *ast.Field:
			one = w.field(s)
		case *ast.InlineFragment:
			one = w.set(s.SelectionSet)
		case *ast.FragmentSpread:
			one = w.fragment(s.Definition)
		}
		total.depth = max(total.depth, one.depth)
		total.complexity = sum(total.complexity, one.complexity)
		total.schema = total.schema || one.schema
	}
	return total
}

func (w *weigher) fragment(f *ast.FragmentDefinition) weight {
	one, known := w.fragments[f]
	if !known {
		one = w.set(f.SelectionSet)
		if w.fragments == nil {
			w.fragments = map[*ast.FragmentDefinition]weight{}
		}
		w.fragments[f] = one
	}
	return one
}

// field adds the cost of a field to what is asked for below it, as package complexity of gqlgen does.
func (w *weigher) field(f *ast.Field) weight {
	below := w.set(f.SelectionSet)
	one := weight{depth: below.depth + 1, schema: below.schema || f.Name == "__schema" || f.Name == "__type"}
	if f.Definition.Type.Name() == "__Schema" {
		return one // it costs nothing: the schema is in memory
	}
	var arguments map[string]any
	if len(f.Definition.Arguments) > 0 {
		arguments = f.ArgumentMap(w.variables)
	}
	parents := []*ast.Definition{f.ObjectDefinition}
	if f.ObjectDefinition.Kind == ast.Interface {
		parents = w.schema.Schema().GetPossibleTypes(f.ObjectDefinition) // the dearest counts
	}
	for _, parent := range parents {
		cost, own := w.schema.Complexity(w.ctx, parent.Name, f.Name, below.complexity, arguments)
		if !own || cost < 1 {
			cost = 1 + below.complexity
		}
		one.complexity = max(one.complexity, min(cost, saturated))
	}
	return one
}

// checkLimits refuses an operation that is too complex or too deep or, unless dev, asks about the schema.
func (o *operations) checkLimits(ctx context.Context, op *ast.OperationDefinition, variables map[string]any) *gqlerror.Error {
	asked, err := weighOperation(ctx, o.schema, op, variables)
	depth := maxDepth
	if o.dev {
		depth = devDepth
	}
	switch {
	case err != nil:
		return refused("The request was given up.")
	case asked.complexity > maxComplexity:
		return refused("The query exceeds the complexity of %d: ask in several queries, or for less.", maxComplexity)
	case asked.depth > depth:
		return refused("The query is nested deeper than %d fields: ask in several queries.", depth)
	case asked.schema && !o.dev:
		// The schema is published with the source. gqlgen would answer with an error that looks like a failure of ours.
		return refused("Introspection is switched off here.")
	}
	return nil
}
