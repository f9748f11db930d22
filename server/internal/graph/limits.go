package graph

import (
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"example.com/latchkey/server/internal/graph/generated"
)

// refused is the error of an operation that is valid and yet not executed: 422, as for an invalid one.
func refused(format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	errcode.Set(err, errcode.ValidationFailed)
	return err
}

// weigh says what fields cost that cost more than one: so many of them, under whatever names, are too complex a query.
func weigh(c *generated.ComplexityRoot) {
	paged := func(child, first int, _ *string) int { return costOfRead + child*max(first, 1) }
	c.Query.Me = func(child int) int { return costOfRead + child }
	c.Query.Activity = paged
	c.Query.Posts = func(child, first int, after *string) int { return paged(costOfPost+child, first, after) }
	c.Query.Sessions = func(child int) int { return costOfRead + child*usualSessions }
	c.Post.Body = func(int) int { return costOfBody } // once more for each alias
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
