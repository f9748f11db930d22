package api

import (
	"context"
	"time"

	"github.com/hasura/go-graphql-client"
)

// Session is one place where the user is logged in.
type Session struct {
	ID         string
	CreatedAt  time.Time
	LastUsedAt time.Time // told to five minutes only
	ExpiresAt  time.Time // when it ends if it is not used again
	UserAgent  string
	IP         string
	Current    bool // it is the session that asks
}

// Sessions returns where the user is logged in, most recently used first.
func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	var q struct {
		Sessions []Session
	}
	if err := c.session.Query(ctx, &q, nil); err != nil {
		return nil, err
	}
	return q.Sessions, nil
}

// RevokeSession ends one session of the user. The error is [session.ErrNotFound] where the user has none of that
// id. To end the asking session, log out instead: that also clears the cookie.
func (c *Client) RevokeSession(ctx context.Context, id string) error {
	var m struct {
		RevokeSession bool `graphql:"revokeSession(id: $id)"`
	}
	if err := c.session.Mutate(ctx, &m, map[string]any{"id": graphql.ID(id)}); err != nil {
		return err
	}
	if !m.RevokeSession {
		return missing("session")
	}
	return nil
}

// ChangePassword changes the user's password and ends every other session of the user. The error is
// [session.ErrInvalidCredentials] or [session.ErrBadInput] as the server refuses the one or the other.
func (c *Client) ChangePassword(ctx context.Context, current, new string) error {
	var m struct {
		ChangePassword bool `graphql:"changePassword(current: $current, new: $new)"`
	}
	return c.session.Mutate(ctx, &m, map[string]any{
		"current": graphql.String(current),
		"new":     graphql.String(new),
	})
}
