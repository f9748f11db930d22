package session_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"example.com/latchkey/shared/session"
)

// Only the server's own renderer is told so: the session is neither ended nor known not to be there.
func TestUndecided(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		jar := newJar(t)
		u, _ := url.Parse(endpoint)
		jar.SetCookies(u, []*http.Cookie{{Name: cookieName, Value: "x", Path: "/", Secure: true}})
		s := open(t, f, session.WithJar(jar))
		f.set(func() { f.cookie, f.reason = "another", session.ReasonUndecided })
		if err := s.Resume(t.Context()); !errors.Is(err, session.ErrUnauthenticated) {
			t.Fatalf("err = %v, want ErrUnauthenticated", err)
		}
		wantPhase(t, s, session.None, session.ReasonUndecided)
	})
}
