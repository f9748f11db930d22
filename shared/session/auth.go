package session

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hasura/go-graphql-client"

	"example.com/latchkey/shared/token"
)

// payload is AuthPayload as the API gives it, but for its expiryDate: a lifetime counts from the token's arrival, on
// whatever the clocks here and there may show.
type payload struct {
	AccessToken token.Secret
	User        user
}

type user struct {
	ID    string
	Email string
	Name  string
}

// token makes p one for the keeper.
func (p payload) token() (token.Token[holder], error) {
	claims, lifetime, err := readClaims(p.AccessToken.Reveal())
	if err != nil {
		return token.Token[holder]{}, &fault{err}
	}
	return token.Token[holder]{
		Secret:   p.AccessToken,
		Lifetime: lifetime,
		Holder:   holder{User(p.User), claims},
	}, nil
}

// Login begins a session with an email and a password. A refresh that is under way is stopped first (rule
// W4). The error is an *[Error], such as [ErrInvalidCredentials] or [ErrRateLimited]; one that is
// [ErrUnreachable] where no whole answer came; or ctx's. In any case of error a running session goes on as it was.
func (s *Session) Login(ctx context.Context, email, password string) error {
	var m struct {
		Login payload `graphql:"login(email: $email, password: $password)"`
	}
	return s.enter(ctx, &m, map[string]any{
		"email":    graphql.String(email),
		"password": graphql.String(password),
	}, &m.Login, password)
}

// SignUp creates an account and begins a session with it, as Login does. A name of "" leaves the choice to the
// server. The error may also be [ErrEmailTaken] or [ErrBadInput].
func (s *Session) SignUp(ctx context.Context, email, password, name string) error {
	var m struct {
		SignUp payload `graphql:"signUp(email: $email, password: $password, name: $name)"`
	}
	vars := map[string]any{
		"email":    graphql.String(email),
		"password": graphql.String(password),
		"name":     (*graphql.String)(nil),
	}
	if name != "" {
		vars["name"] = graphql.NewString(graphql.String(name))
	}
	return s.enter(ctx, &m, vars, &m.SignUp, password)
}

func (s *Session) enter(ctx context.Context, m any, vars map[string]any, p *payload, password string) error {
	return s.keeper.Replace(ctx, func(ctx context.Context) (token.Token[holder], error) {
		if err := run(ctx, s.auth.Mutate, m, vars); err != nil {
			var e *Error
			if errors.As(err, &e) && password != "" && strings.Contains(e.Message, password) {
				e.Message = "" // whatever the server may quote
			}
			return token.Token[holder]{}, err
		}
		return p.token()
	})
}

// Resume asks the server for the session that the refresh cookie stands for, whatever was known before. It returns
// once the server has spoken to a refresh that began after the call, so that a cookie which is there by then counts;
// the errors are those of Token. A token with life left is given out meanwhile.
func (s *Session) Resume(ctx context.Context) error { return s.keeper.Renew(ctx) }

// refresh is one try of the keeper to get a token for the cookie, by the rules W1 and W2 of the package's doc.
func (s *Session) refresh(ctx context.Context) (token.Token[holder], error) {
	var m struct {
		RefreshToken payload `graphql:"refreshToken(minAge: $minAge, recover: $recover)"`
	}
	err := run(ctx, s.auth.Mutate, &m, map[string]any{
		"minAge":  graphql.Int((s.minAge + time.Second - 1) / time.Second), // #nosec G115 -- a grace, not 68 years
		"recover": graphql.Boolean(true),
	})
	if err == nil {
		return m.RefreshToken.token()
	}
	var e *Error
	switch {
	case errors.As(err, &e) && e.spoken():
		return token.Token[holder]{}, token.Refuse(s.firstWord(e))
	case errors.As(err, &e):
		return token.Token[holder]{}, token.Delay(e, e.RetryAfter)
	case errors.Is(err, context.DeadlineExceeded):
		err = &fault{errors.New("none in time")} // the try's deadline: not to be taken for that of a caller
	}
	return token.Token[holder]{}, err
}

// firstWord returns what the server said of the session that has ended. The refusal that told so has cleared the
// cookie: asked again, the server only sees that there is none, and what it said first stays true.
func (s *Session) firstWord(e *Error) *Error {
	st := s.keeper.State()
	var first *Error
	if e.Reason == ReasonNoToken && view(st).Phase == Ended && errors.As(st.Refusal, &first) {
		return first
	}
	return e
}

// errLoggedOut is what Token returns after a logout: there is no token any more.
var errLoggedOut = &Error{Code: CodeUnauthenticated, Reason: ReasonNoToken, Message: "logged out"}

// Logout ends the session, on the server and here; with none, it is done already. A refresh that is under way is
// stopped first. On an error everything stays as it was here, for the server may not have heard; Forget gives up
// the access token all the same.
func (s *Session) Logout(ctx context.Context) error {
	return s.keeper.Drop(ctx, func(ctx context.Context) error {
		var m struct {
			Logout bool
		}
		err := run(ctx, s.auth.Mutate, &m, nil)
		var e *Error
		if errors.As(err, &e) && e.spoken() {
			return nil // there is nothing to end
		}
		return err
	}, errLoggedOut)
}

// LogoutEverywhere ends every session of the user, this one included, and returns how many those were. It needs a
// session; the errors are those of Token and of Logout.
func (s *Session) LogoutEverywhere(ctx context.Context) (int, error) {
	for retried := false; ; retried = true {
		secret, err := s.keeper.Token(ctx)
		if err != nil {
			return 0, err
		}
		var m struct {
			LogoutEverywhere int
		}
		err = s.keeper.Drop(ctx, func(ctx context.Context) error {
			client := s.auth.WithRequestModifier(func(r *http.Request) {
				r.Header.Set("Authorization", bearer(secret))
			})
			return run(ctx, client.Mutate, &m, nil)
		}, errLoggedOut)
		var e *Error
		if retried || !errors.As(err, &e) || e.Status != http.StatusUnauthorized || !s.keeper.Reject(secret) {
			return m.LogoutEverywhere, err
		}
	}
}
