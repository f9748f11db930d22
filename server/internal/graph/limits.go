package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"example.com/latchkey/server/internal/graph/generated"
)

// refused is the error of an operation that is valid and yet not executed: 422, as for an invalid one.
func refused(format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	errcode.Set(err, errcode.ValidationFailed)
	return err
}

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
		return refused("The query is nested deeper than %d fields: ask in several queries.", int(l))
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

// complexityLimit is gqlgen's, with an error of ours.
type complexityLimit struct{ *extension.ComplexityLimit }

// MutateOperationContext adds up what the operation costs.
func (l complexityLimit) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if l.ComplexityLimit.MutateOperationContext(ctx, op) != nil {
		return refused("The query exceeds the complexity of %d: ask in several queries, or for less.", l.Func(ctx, op))
	}
	return nil
}

// weigh says what fields cost that cost more than one: so many of them, under whatever names, are too complex a query.
func weigh(c *generated.ComplexityRoot) {
	paged := func(child, first int, _ *string) int { return 1 + child*max(first, 1) }
	c.Query.Posts, c.Query.Activity = paged, paged
	c.Query.Sessions = func(child int) int { return 1 + child*usualSessions }
	m := &c.Mutation
	m.Login = func(child int, _, _ string) int { return costOfHash + child }
	m.SignUp = func(child int, _, _ string, _ *string) int { return costOfHash + child }
	m.ChangePassword = func(child int, _, _ string) int { return costOfHash + child }
	m.RefreshToken = func(child, _ int, _ bool) int { return costOfChange + child }
	m.CreatePost = func(child int, _, _ string) int { return costOfChange + child }
	m.DeletePost = func(child int, _ string) int { return costOfChange + child }
	m.RevokeSession = func(child int, _ string) int { return costOfChange + child }
	m.Logout = func(child int) int { return costOfChange + child }
	m.LogoutEverywhere = func(child int) int { return costOfChange + child }
}

// noIntrospection refuses questions about the schema, which is published with the source. Without it gqlgen would
// answer them with an error that looks like a failure of ours.
type noIntrospection struct{}

// ExtensionName is the extension's name in gqlgen's register.
func (noIntrospection) ExtensionName() string { return "NoIntrospection" }

// Validate has nothing to check.
func (noIntrospection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext looks for the fields that every schema has of its own (GraphQL §4.1).
func (noIntrospection) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if asksForSchema(op.Operation.SelectionSet) {
		return refused("Introspection is switched off here.")
	}
	return nil
}

// asksForSchema reports whether a field of set, which is the operation's own, is about the schema.
func asksForSchema(set ast.SelectionSet) bool {
	for _, sel := range set {
		found := false
		switch s := sel.(type) {
		case *ast.Field:
			found = s.Name == "__schema" || s.Name == "__type"
		case *ast.InlineFragment:
			found = asksForSchema(s.SelectionSet)
		case *ast.FragmentSpread:
			found = asksForSchema(s.Definition.SelectionSet)
		}
		if found {
			return true
		}
	}
	return false
}
