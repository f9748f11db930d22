package oauth2source_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/session/oauth2source"
)

// status asks for a page through the client.
func status(t *testing.T, hc *http.Client) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://app.example/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// Both of oauth2's ways, over many lives of tokens short and long: no request goes with a token that is over.
func TestClientsOfOauth2(t *testing.T) {
	clients := map[string]func(context.Context, *api, oauth2.TokenSource) *http.Client{
		"NewClient, which caches": func(ctx context.Context, a *api, src oauth2.TokenSource) *http.Client {
			return oauth2.NewClient(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: a}), src)
		},
		"Transport": func(_ context.Context, a *api, src oauth2.TokenSource) *http.Client {
			return &http.Client{Transport: &oauth2.Transport{Source: src, Base: a}}
		},
	}
	for name, client := range clients {
		for _, life := range []time.Duration{time.Second, 15 * time.Second, 5 * time.Minute} {
			t.Run(name+", "+life.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := &api{life: life}
					hc := client(t.Context(), a, oauth2source.New(t.Context(), login(t, a)))
					for range 1000 {
						if got := status(t, hc); got != http.StatusOK {
							t.Fatalf("status %d", got)
						}
						time.Sleep(life / 37)
					}
					if n := a.issued(); n < 27 || n > 40 {
						t.Errorf("%d tokens in 27 lives", n)
					}
				})
			})
		}
	}
}

// The expiry is that of the very token, also while others take its place.
func TestExpiryIsTheTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{life: 5 * time.Minute}
		s := login(t, a)
		src := oauth2source.New(t.Context(), s)
		end := time.Now().Add(time.Second)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for time.Now().Before(end) {
					for range 50 { // while the refresh of this moment comes
						tok, err := src.Token()
						if err != nil {
							t.Error(err)
							return
						}
						if want := a.expiry(tok.AccessToken); !tok.Expiry.Equal(want) || tok.Type() != "Bearer" || tok.RefreshToken != "" {
							t.Errorf("expiry %v, want %v; type %q", tok.Expiry, want, tok.Type())
						}
					}
					<-time.After(time.Millisecond)
				}
			})
		}
		for time.Now().Before(end) {
			if err := s.Resume(t.Context()); err != nil {
				t.Error(err)
			}
			<-time.After(time.Millisecond)
		}
		wg.Wait()
	})
}

func TestErrorsAreTheSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{life: 5 * time.Minute}
		s := login(t, a)
		src := oauth2source.New(t.Context(), s)
		if _, err := src.Token(); err != nil {
			t.Fatal(err)
		}
		if err := s.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := src.Token(); !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("after the logout: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.Forget()
		if _, err := oauth2source.New(ctx, s).Token(); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := src.Token(); !errors.Is(err, session.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// What the package doc says of caching: after a logout the cached token goes on to be sent, the source's own does not.
func TestCachedTokenOutlivesTheLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &api{life: 5 * time.Minute}
		s := login(t, a)
		src := oauth2source.New(t.Context(), s)
		caching := &http.Client{Transport: &oauth2.Transport{Source: oauth2.ReuseTokenSource(nil, src), Base: a}}
		asking := &http.Client{Transport: &oauth2.Transport{Source: src, Base: a}}
		if first, second := status(t, caching), status(t, asking); first != http.StatusOK || second != http.StatusOK {
			t.Fatalf("status %d and %d", first, second)
		}
		if err := s.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := status(t, caching); got != http.StatusUnauthorized {
			t.Errorf("the cached token: status %d", got)
		}
		if _, err := asking.Get("https://app.example/x"); !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("the session's own: %v", err)
		}
		if len(a.sent) != 3 {
			t.Errorf("%d requests were sent, want 3", len(a.sent))
		}
	})
}
