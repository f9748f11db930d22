package route_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// elsewhere is what browsers say of a request that comes from somewhere else.
var elsewhere = map[string]map[string]string{
	"another site":                 {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
	"a sibling host":               {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.app.example"},
	"another site, an old browser": {"Origin": "https://evil.example"},
	"a sandboxed frame":            {"Origin": "null"},
}

// Nobody is logged in, signed up or logged out by another site: somebody who is logged in to an attacker's account
// writes what the attacker reads.
func TestNobodyIsLoggedInByAnotherSite(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	login := "email=ada@example.com&password=" + url.QueryEscape(password)
	requests := map[string]struct{ path, kind, body string }{
		"the login form":             {"/login", "form", "intent=login&" + login},
		"the form in a page's place": {"/posts", "form", "intent=login&" + login},
		"the sign-up form":           {"/signup", "form", "intent=signup&name=Eve&email=%s@example.com&password=" + url.QueryEscape(password)},
		"logging out":                {"/posts", "form", "intent=logout"},
		"the API":                    {"/graphql", "json", fmt.Sprintf(`{"query":"mutation { login(email: \"ada@example.com\", password: \"%s\") { accessToken } }"}`, password)},
		"the API, logging out":       {"/graphql", "json", `{"query":"mutation { logout }"}`},
	}
	types := map[string]string{"form": "application/x-www-form-urlencoded", "json": "application/json"}
	for name, from := range elsewhere {
		for what, r := range requests {
			t.Run(what+" from "+name, func(t *testing.T) {
				header := with(map[string]string{"Content-Type": types[r.kind], "Cookie": graph.CookieName + "=" + m.refresh}, from)
				a := site{s.Server, t}.request("POST", r.path, header, strings.ReplaceAll(r.body, "%s", "eve"))
				if a.status != http.StatusForbidden || len(a.header.Values("Set-Cookie")) > 0 || strings.Contains(a.body, "accessToken") {
					t.Errorf("%d %s %v", a.status, a.body, a.header)
				}
			})
		}
	}
	s.rotated(m.refresh)
	for what, r := range requests { // each of them does something where it comes from here
		header := map[string]string{"Content-Type": types[r.kind], "Sec-Fetch-Site": "same-origin", "Origin": s.URL}
		if strings.Contains(what, "logging out") {
			header["Cookie"] = graph.CookieName + "=" + s.another(m).refresh
		}
		if a := s.request("POST", r.path, header, strings.ReplaceAll(r.body, "%s", "grace")); len(a.header.Values("Set-Cookie")) == 0 {
			t.Errorf("%s from here: %d %s", what, a.status, a.body)
		}
	}
}

// Whatever a request says of its host and its path, it is led to a page of the same origin, or nowhere.
func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	var handler http.Handler
	s := start(t, servertest.Options{Wrap: func(h http.Handler) http.Handler {
		handler = h
		return h
	}})
	m := s.register("ada")
	led := 0
	for _, path := range []string{
		"//evil.example", "//evil.example/posts", "///evil.example/%2e%2e", "/\\evil.example", "/%5Cevil.example", "/%2F/evil.example", "/.//evil.example",
		"/posts/..//evil.example", "/posts?next=https://evil.example", "/login?next=//evil.example", "/login?done=//evil.example", "/posts?done=https://evil.example/",
		"/posts%0d%0aLocation:%20https://evil.example", "/posts;@evil.example", "/@evil.example", "/posts#@evil.example", "/account?done=revoked&next=//evil.example",
	} {
		for _, body := range []string{"", "intent=login&email=ada@example.com&password=" + url.QueryEscape(password), "intent=logout", "intent=publish&title=t&body=b"} {
			for _, cookie := range []string{"", graph.CookieName + "=" + m.refresh} {
				method := "GET"
				if body != "" {
					method = "POST"
				}
				r := httptest.NewRequest(method, "/", strings.NewReader(body))
				u, err := url.ParseRequestURI(path)
				if err != nil {
					continue // net/http refuses it
				}
				r.URL, r.RequestURI, r.Host = u, path, "evil.example"
				for name, value := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-Host": "evil.example",
					"X-Forwarded-Proto": "javascript", "Forwarded": "host=evil.example", "X-Original-URL": "//evil.example", "Referer": "https://evil.example/", "Cookie": cookie} {
					r.Header.Set(name, value)
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				to := w.Header().Get("Location")
				if to == "" {
					continue
				}
				led++
				at, err := url.Parse(s.URL + "/a/page")
				must(t, err)
				there, err := at.Parse(strings.ReplaceAll(to, `\`, "/"))
				if err != nil || there.Scheme+"://"+there.Host != s.URL || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
					t.Errorf("%s %s, %s: leads to %q", method, path, body, to)
				}
			}
		}
	}
	if led < 20 {
		t.Errorf("only %d requests were led on", led)
	}
}

// Behind a proxy that ends TLS, the public origin counts: not the host that the proxy asks, nor what it says was asked.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{Origin: "https://app.example"})
	m := s.register("ada")
	for _, row := range []struct {
		name, host string
		header     map[string]string
		status     int
	}{
		{"the host is passed on", "app.example", map[string]string{"Origin": "https://app.example"}, 200},
		{"the proxy's own", "10.0.0.7:8080", map[string]string{"Origin": "https://app.example"}, 200},
		{"with what browsers add", "10.0.0.7:8080", map[string]string{"Origin": "https://app.example", "Sec-Fetch-Site": "same-origin"}, 200},
		{"another site", "app.example", map[string]string{"Origin": "https://evil.example"}, 403},
		{"another port", "10.0.0.7:8080", map[string]string{"Origin": "https://app.example:8443"}, 403},
		{"in the clear", "10.0.0.7:8080", map[string]string{"Origin": "http://app.example"}, 403},
		{"a host that a stranger forwards", "10.0.0.7:8080", map[string]string{"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=https"}, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			req, err := http.NewRequest("POST", s.URL+"/graphql", strings.NewReader(published))
			must(t, err)
			req.Host = row.host
			for name, value := range with(map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + m.access}, row.header) {
				req.Header.Set(name, value)
			}
			a, err := do(req)
			if err != nil || a.status != row.status {
				t.Errorf("%d %s, %v", a.status, a.body, err)
			}
			if got := a.header.Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
				t.Errorf("Strict-Transport-Security is %q", got)
			}
		})
	}
	if c := claimsOf(t, m.access); c.Issuer != "https://app.example" || c.Audience == nil {
		t.Errorf("the access token claims %+v", c)
	}
}
