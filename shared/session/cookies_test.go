package session_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"example.com/latchkey/shared/session"
)

func TestCookieGoesWithTheAuthenticationOperationsOnly(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		if err := me(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if err := s.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LogoutEverywhere(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range f.seen("") {
			want := c.op == "refreshToken" || c.op == "logoutEverywhere"
			if got := c.cookie != ""; got != want {
				t.Errorf("%s: cookie sent: %v, want %v", c.op, got, want)
			}
		}
	})
}

func TestTransportThatCaresForCookiesItself(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f, session.WithJar(nil))
		var sent []*http.Cookie
		f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
			sent = req.Cookies()
			f.set(func() { req.AddCookie(&http.Cookie{Name: cookieName, Value: f.cookie}) })
			return next.RoundTrip(req)
		})
		if err := s.Resume(t.Context()); err != nil || len(sent) != 0 {
			t.Errorf("Resume: %v, with cookies %v of our own", err, sent)
		}
	})
}

// A refusal clears the cookie, though it is an error to the GraphQL client.
func TestRefusalClearsTheCookie(t *testing.T) {
	for _, status := range []int{200, 401} {
		bubble(t, func(t *testing.T, f *fake) {
			jar := newJar(t)
			s := login(t, f, session.WithJar(jar))
			f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
				resp, err := next.RoundTrip(req)
				resp.StatusCode = status
				return resp, err
			})
			f.set(func() { f.cookie = "another" })
			if err := s.Resume(context.Background()); err == nil {
				t.Error("resumed with the wrong cookie")
			}
			u, _ := url.Parse(endpoint)
			if left := jar.Cookies(u); len(left) != 0 {
				t.Errorf("after a refusal with status %d the jar holds %v", status, left)
			}
		})
	}
}

// A server that redirects the login gets the password, and nobody else does.
func TestPasswordDoesNotFollowARedirect(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := open(t, f)
		var hosts []string
		f.over(func(_ string, req *http.Request, _ http.RoundTripper) (*http.Response, error) {
			hosts = append(hosts, req.URL.Host)
			return &http.Response{StatusCode: 307, Body: http.NoBody, Request: req,
				Header: http.Header{"Location": {"https://evil.example/graphql"}}}, nil
		})
		if err := s.Login(t.Context(), email, password); err == nil || len(hosts) != 1 {
			t.Errorf("err = %v, sent to %v", err, hosts)
		}
	})
}
