package graph

import (
	"context"
	"errors"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/graph/answer"
	"example.com/latchkey/server/internal/graph/generated"
)

type resolver struct {
	auth *auth.Service
	blog *blog.Service
}

func (r *resolver) Query() generated.QueryResolver       { return query{r} }
func (r *resolver) Mutation() generated.MutationResolver { return mutation{r} }
func (r *resolver) Session() generated.SessionResolver   { return session{r} }
func (r *resolver) Activity() generated.ActivityResolver { return activity{r} }

type query struct{ *resolver }

func (q query) Me(ctx context.Context) (*auth.User, error) {
	id, err := identified(ctx)
	if err != nil {
		return nil, err
	}
	u, err := q.auth.User(ctx, id.UserID)
	return &u, err
}

func (q query) Posts(ctx context.Context, first int, after *string) ([]*blog.Post, error) {
	id, err := identified(ctx)
	if err != nil {
		return nil, err
	}
	return loaded(ctx, sizeOfPost, func() ([]blog.Post, error) {
		return q.blog.Posts(ctx, id.UserID, first, orEmpty(after))
	})
}

func (q query) Sessions(ctx context.Context) ([]*auth.Session, error) {
	id, err := identified(ctx)
	if err != nil {
		return nil, err
	}
	return loaded(ctx, sizeOfSession, func() ([]auth.Session, error) { return q.auth.Sessions(ctx, id) })
}

func (q query) Activity(ctx context.Context, first int, after *string) ([]*auth.Event, error) {
	id, err := identified(ctx)
	if err != nil {
		return nil, err
	}
	return loaded(ctx, sizeOfEvent, func() ([]auth.Event, error) {
		return q.auth.Activity(ctx, id, first, orEmpty(after))
	})
}

type activity struct{ *resolver }

func (activity) Reason(_ context.Context, e *auth.Event) (*string, error) {
	return orNull(string(e.Reason)), nil
}

func (activity) Session(_ context.Context, e *auth.Event) (*string, error) {
	return orNull(e.SessionID), nil
}

func (activity) Current(ctx context.Context, e *auth.Event) (bool, error) {
	id, err := identified(ctx)
	return err == nil && e.SessionID == id.SessionID, err
}

type session struct{ *resolver }

func (session) Current(ctx context.Context, s *auth.Session) (bool, error) {
	id, err := identified(ctx)
	return err == nil && s.ID == id.SessionID, err
}

type mutation struct{ *resolver }

func (m mutation) SignUp(ctx context.Context, email, password string, name *string) (*auth.Grant, error) {
	c := callerOf(ctx)
	return granted(c)(m.auth.SignUp(ctx, email, password, orEmpty(name), c.visitor))
}

func (m mutation) Login(ctx context.Context, email, password string) (*auth.Grant, error) {
	c := callerOf(ctx)
	return granted(c)(m.auth.Login(ctx, email, password, c.visitor))
}

func (m mutation) RefreshToken(ctx context.Context, minAge int, recover bool) (*auth.Grant, error) {
	c := callerOf(ctx)
	if minAge < 0 {
		return nil, &auth.Error{Code: auth.CodeBadUserInput, Field: "minAge", Message: "minAge is a number of seconds, 0 or more."}
	}
	const hour = 3600 // far over any grace, so that no number of seconds overflows a Duration
	grant, err := m.auth.Refresh(ctx, c.visitor, auth.RefreshOptions{
		MinAge: time.Duration(min(minAge, hour)) * time.Second, Recover: recover, Page: isRenderer(ctx),
	})
	// The cookie of an undecided session stays: a login of the same visit must find it, to end its session.
	if e := (*auth.Error)(nil); errors.As(err, &e) && e.Code == auth.CodeUnauthenticated && e.Reason != auth.ReasonUndecided {
		c.cookies.clear()
	}
	return granted(c)(grant, err)
}

// granted passes a grant's refresh token and device to the cookies. A later field of the same request (mutations run one
// after another) presents them instead of those that came with the request.
func granted(c *caller) func(auth.Grant, error) (*auth.Grant, error) {
	return func(g auth.Grant, err error) (*auth.Grant, error) {
		if err != nil {
			return nil, err
		}
		if g.RefreshToken != "" {
			c.cookies.set(g.RefreshToken)
			c.visitor.Tokens = []string{g.RefreshToken}
		}
		if g.Device != "" {
			c.cookies.setDevice(g.Device)
			c.visitor.Devices = []string{g.Device}
		}
		return &g, nil
	}
}

func (m mutation) Logout(ctx context.Context) (bool, error) {
	c := callerOf(ctx)
	if err := m.auth.Logout(ctx, c.visitor, c.identity); err != nil {
		return false, err
	}
	c.loggedOut()
	return true, nil
}

func (m mutation) LogoutEverywhere(ctx context.Context) (int, error) {
	id, err := identified(ctx)
	if err != nil {
		return 0, err
	}
	c := callerOf(ctx)
	n, err := m.auth.LogoutEverywhere(ctx, c.visitor, id)
	if err == nil {
		c.loggedOut()
	}
	return n, err
}

func (m mutation) RevokeSession(ctx context.Context, id string) (bool, error) {
	who, err := identified(ctx)
	if err != nil {
		return false, err
	}
	c := callerOf(ctx)
	ended, err := m.auth.RevokeSession(ctx, c.visitor, who, id)
	if ended && id == who.SessionID {
		c.loggedOut()
	}
	return ended, err
}

func (m mutation) ChangePassword(ctx context.Context, current, new string) (bool, error) {
	id, err := identified(ctx)
	if err != nil {
		return false, err
	}
	err = m.auth.ChangePassword(ctx, callerOf(ctx).visitor, id, current, new)
	return err == nil, err
}

func (m mutation) CreatePost(ctx context.Context, title, body string) (*blog.Post, error) {
	id, err := identified(ctx)
	if err != nil {
		return nil, err
	}
	p, err := m.blog.Create(ctx, id.UserID, title, body)
	return &p, err
}

func (m mutation) DeletePost(ctx context.Context, id string) (bool, error) {
	who, err := identified(ctx)
	if err != nil {
		return false, err
	}
	err = m.blog.Delete(ctx, who.UserID, id)
	return err == nil, err
}

// orEmpty is the text of an argument that may be left out.
func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// orNull is a text that the schema has null for where it is empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// loaded loads a list and charges it to the answer.
func loaded[T any](ctx context.Context, size func(*T) int, load func() ([]T, error)) ([]*T, error) {
	var list []*T
	err := answer.FromContext(ctx).Load(ctx, func() (bytes int, err error) {
		values, err := load()
		list = make([]*T, len(values))
		for i := range values {
			list[i] = &values[i]
			bytes += size(list[i])
		}
		return bytes, err
	})
	return list, err
}

// valueBytes is what a value of a list takes beside its texts.
const valueBytes = 256

func sizeOfPost(p *blog.Post) int       { return valueBytes + len(p.Title) + len(p.Body) }
func sizeOfSession(s *auth.Session) int { return valueBytes + len(s.UserAgent) }
func sizeOfEvent(e *auth.Event) int     { return valueBytes + len(e.UserAgent) }
