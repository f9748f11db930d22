package session

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/hasura/go-graphql-client"
)

// Query asks the API with a fresh access token. q points to a struct of the answer's shape; vars are of the types
// that stand for GraphQL's own in github.com/hasura/go-graphql-client (Int, String, ...), or pointers to them.
//
// The error is an *[Error] for what the server said (q then holds what it answered beside); one that is
// [ErrUnreachable] where no whole answer came, which is not tried again; or that of Token.
func (s *Session) Query(ctx context.Context, q any, vars map[string]any) error {
	return run(ctx, s.data.Query, q, vars)
}

// Mutate changes something through the API; all else is as with Query. After [ErrUnreachable] nobody knows whether
// the change was made.
func (s *Session) Mutate(ctx context.Context, m any, vars map[string]any) error {
	return run(ctx, s.data.Mutate, m, vars)
}

type operation func(ctx context.Context, v any, vars map[string]any, opts ...graphql.Option) error

// run makes one GraphQL operation and gives its errors the types of this package.
func run(ctx context.Context, op operation, v any, vars map[string]any) (err error) {
	defer func() {
		// The GraphQL client panics on types that it cannot write a query for.
		if r := recover(); r != nil {
			err = fmt.Errorf("session: no GraphQL operation can be made of %T: %v", v, r)
		}
	}()
	return typed(op(ctx, v, vars))
}

// typed takes an error of the GraphQL client out of its wrapping.
func typed(err error) error {
	var list graphql.Errors
	var sent *url.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &list):
		return fromGraphQL(list)
	case errors.As(err, &sent): // from answers, which has typed it
		return sent.Err
	}
	return fmt.Errorf("session: request or answer does not fit the operation: %w", err)
}
