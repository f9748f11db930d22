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

// Activity is something that happened to the user's account, or was refused to somebody who tried.
type Activity struct {
	ID        string
	Kind      string // an ActivityKind of the schema
	Reason    string // why a session ended or something was refused; else ""
	At        time.Time
	LastAt    time.Time // where it happened several times, the last; else At
	Count     int
	Current   bool   // it is about the session that asks
	UserAgent string // of whoever did it or tried
	IP        string // "" where there were too many
}

// Account is what the user may know of the own account.
type Account struct {
	Sessions []Session  // where the user is logged in, most recently used first
	Activity []Activity // newest first
}

// Account returns the user's sessions, and up to entries (1 to 100) of what happened to the account, from the one that
// follows the entry with the id after; "" starts at the newest.
func (c *Client) Account(ctx context.Context, entries int, after string) (Account, error) {
	var q struct {
		Sessions []Session
		Activity []Activity `graphql:"activity(first: $first, after: $after)"`
	}
	if err := c.session.Query(ctx, &q, page(entries, after)); err != nil {
		return Account{}, err
	}
	return Account(q), nil
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
