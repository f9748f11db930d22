package graph

import (
	"context"
	"errors"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/refusal"
)

// noteRefused has a refusal logged that an operation fails with. The status of such an answer is 200, so that the
// routes do not see it. Refused logins, sign-ups and refresh tokens are in the audit record.
func noteRefused(ctx context.Context, err error) {
	authErr, blogErr := (*auth.Error)(nil), (*blog.Error)(nil)
	switch {
	case errors.As(err, &authErr) && authErr.Code == auth.CodeRateLimited, errors.As(err, &blogErr) && blogErr.Full:
		callerOf(ctx).note(ctx, refusal.OverLimit)
	case errors.As(err, &authErr) && authErr.Code == auth.CodeNotFound, errors.As(err, &blogErr) && blogErr.NotFound:
		callerOf(ctx).note(ctx, refusal.NotOwn)
	}
}

func (c *caller) note(ctx context.Context, kind refusal.Kind) {
	var who []any
	if c.identity != nil {
		who = []any{"user_id", c.identity.UserID, "session_id", c.identity.SessionID}
	}
	c.refused.Note(ctx, kind, c.visitor.IP, "/graphql", who...)
}
