package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"example.com/latchkey/server/internal/auth"
)

// depthLimit refuses operations whose fields are nested deeper than its value, before anything is executed.
type depthLimit int

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = depthLimit(0)

// ExtensionName is the extension's name in gqlgen's register.
func (depthLimit) ExtensionName() string { return "DepthLimit" }

// Validate has nothing to check: every value is a limit.
func (depthLimit) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext measures the operation. Fragments are expanded; validation has already refused cycles.
func (l depthLimit) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if deeper(op.Operation.SelectionSet, int(l)) {
		err := gqlerror.Errorf("The query is nested deeper than %d fields: ask in several queries.", int(l))
		errcode.Set(err, string(auth.CodeBadUserInput))
		return err
	}
	return nil
}

// deeper reports whether set is nested deeper than left fields.
func deeper(set ast.SelectionSet, left int) bool {
	for _, sel := range set {
		var below ast.SelectionSet
		down := 0
		switch s := sel.(type) {
		case *ast.Field:
			below, down = s.SelectionSet, 1
		case *ast.InlineFragment:
			below = s.SelectionSet
		case *ast.FragmentSpread:
			below = s.Definition.SelectionSet
		default:
			panic(fmt.Sprintf("unknown selection %T", sel)) // the parser makes no other
		}
		if left < down || deeper(below, left-down) {
			return true
		}
	}
	return false
}
