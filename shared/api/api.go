package api

import (
	"context"

	"github.com/hasura/go-graphql-client"

	"example.com/latchkey/shared/session"
)

// Client asks the API on behalf of one session. It holds nothing of its own, and any number of goroutines may use
// it at once.
type Client struct {
	session *session.Session
}

// New returns a client of the API that s belongs to.
func New(s *session.Session) *Client {
	return &Client{session: s}
}

// user is User as the API gives it.
type user struct {
	ID    string
	Email string
	Name  string
}

// Me returns the user who is logged in.
func (c *Client) Me(ctx context.Context) (session.User, error) {
	var q struct {
		Me user
	}
	if err := c.session.Query(ctx, &q, nil); err != nil {
		return session.User{}, err
	}
	return session.User(q.Me), nil
}

// page is the variables of a list that is asked for in pages.
func page(first int, after string) map[string]any {
	vars := map[string]any{"first": graphql.Int(first), "after": (*graphql.ID)(nil)} // #nosec G115 -- 1 to 100
	if after != "" {
		vars["after"] = graphql.NewID(after)
	}
	return vars
}

// missing is the error of a change that the server answers with false: there was nothing to change.
func missing(what string) error {
	return &session.Error{Code: session.CodeNotFound, Message: "no such " + what}
}
