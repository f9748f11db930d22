// Package oauth2source gives the access tokens of a session to programs that take an oauth2.TokenSource, the interface
// of golang.org/x/oauth2 that many Go clients of APIs ask for. Start with [New]:
//
//	hc := oauth2.NewClient(ctx, oauth2source.New(ctx, s))
//
// For HTTP alone [session.Session.Transport] does more: it sends the token to the API's own origin and nowhere else,
// and fetches another after a 401. What oauth2 makes of a TokenSource sends the token wherever a request goes.
//
// # Caching
//
// The source asks the session each time, and the session gives no token that is past its life. Who caches what it
// gave, as [oauth2.NewClient] and [oauth2.ReuseTokenSource] do until ten seconds before Expiry, goes on to use it
// where the session would not any more: after Logout, after another user's Login, after the server has refused it, and
// after the clock was set back. An [oauth2.Transport] with the source itself caches nothing, and costs no more:
//
//	hc := &http.Client{Transport: &oauth2.Transport{Source: oauth2source.New(ctx, s)}}
package oauth2source

import (
	"context"
	"fmt"

	"golang.org/x/oauth2"

	"example.com/latchkey/shared/session"
)

// New returns the access tokens of s as an oauth2.TokenSource that any number of goroutines may use at once. ctx
// bounds every wait for a token, for Token takes none of its own: it has to live as long as the source is used, and one
// without a deadline waits for a network as long as there is none. Errors are those of [session.Session.Token].
//
// A token's Expiry is when it is expected to expire by this machine's clock; it has no refresh token.
func New(ctx context.Context, s *session.Session) oauth2.TokenSource {
	return source{ctx, s}
}

type source struct {
	ctx context.Context // oauth2.TokenSource leaves no other place for it
	s   *session.Session
}

// Token implements oauth2.TokenSource.
func (src source) Token() (*oauth2.Token, error) {
	for {
		before := src.s.State()
		access, err := src.s.Token(src.ctx)
		if err != nil {
			return nil, fmt.Errorf("oauth2source: %w", err)
		}
		// The expiry is this token's where none other has come meanwhile.
		if after := src.s.State(); after.Phase == session.Active && after.Expiry.Equal(before.Expiry) {
			return &oauth2.Token{AccessToken: access, TokenType: "Bearer", Expiry: after.Expiry}, nil
		}
	}
}
