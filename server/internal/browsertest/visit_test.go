package browsertest_test

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/shared/session"
)

// visit is a server with somebody's account and posts, as a browser reaches it.
type visit struct {
	t      testing.TB
	srv    *servertest.Server // its URL is the link's
	direct string             // the URL without the link
}

// newVisit starts the server behind a link, or without one, and behind wrap, which may be nil.
func newVisit(t testing.TB, l *link, wrap func(http.Handler) http.Handler) *visit {
	t.Helper()
	o := servertest.Options{Wrap: wrap}
	var ln net.Listener
	if l != nil {
		var err error
		if ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		o.Origin = "http://localhost:" + port
	}
	srv := servertest.Start(t, o)
	v := &visit{t, srv, srv.URL}
	if l != nil {
		l.serve(t, ln, strings.TrimPrefix(srv.URL, "http://"))
		srv.URL = o.Origin
	}
	s, err := session.New(v.direct + "/graphql")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.SignUp(t.Context(), personEmail, personPassword, "Ada"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := srv.Blog.Create(t.Context(), s.State().User.ID, "What was on her mind", "A few words on it, and a few more."); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// logIn gives the browser the cookie of a new session, as if it had logged in some time ago.
func (v *visit) logIn(b *browser) {
	v.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(v.direct+"/login", url.Values{"intent": {"login"}, "email": {personEmail}, "password": {personPassword}})
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name != graph.CookieName {
			continue
		}
		_, err := chromedp.CallBrowser(b.ctx, storage.SetCookies, storage.SetCookiesParams{Cookies: []*network.CookieParam{{
			Name: c.Name, Value: c.Value, URL: v.srv.URL, Path: c.Path, Secure: true, HTTPOnly: true, SameSite: "Lax",
			Expires: cdp.TimeSinceEpoch(time.Now().Add(24 * time.Hour).Unix()),
		}}})
		if err != nil {
			v.t.Fatal("giving the browser its cookie:", err)
		}
		return
	}
	v.t.Fatal("the login brought no cookie")
}
