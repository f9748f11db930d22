package route_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// The policies of contract §6, to the letter.
const (
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'none'; worker-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types latchkey"
	workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
	otherPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"
)

// permissions are what pages deny themselves.
const permissions = "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()"

// wantPolicy holds one policy, given once, and the headers that go with it.
func wantPolicy(t *testing.T, h http.Header, policy, opener string) {
	t.Helper()
	permitted := ""
	if policy == pagePolicy {
		permitted = permissions
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": opener, "Permissions-Policy": permitted,
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := h.Values(name); strings.Join(got, " | ") != want || len(got) > 1 {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") || slices.Contains([]string{"Content-Security-Policy-Report-Only", "Server", "X-Powered-By"}, name) {
			t.Errorf("there is a header %s: %q", name, h.Values(name))
		}
	}
}

// A page carries the page's policy, whatever its status.
func TestTheHeadersOfPages(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	live := graph.CookieName + "=" + m.refresh
	for _, row := range []struct {
		name, method, path, cookie, form string
		status                           int
	}{
		{"home", "GET", "/", "", "", 200},
		{"home, HEAD", "HEAD", "/", "", "", 200},
		{"how it works", "GET", "/how-it-works", "", "", 200},
		{"how it works, in a session", "GET", "/how-it-works", live, "", 200},
		{"posts", "GET", "/posts", live, "", 200},
		{"account", "GET", "/account", live, "", 200},
		{"login", "GET", "/login", "", "", 200},
		{"sign up", "GET", "/signup", "", "", 200},
		{"the login form in place of posts", "GET", "/posts", "", "", 401},
		{"the login form in place of account", "GET", "/account", "", "", 401},
		{"a wrong password", "POST", "/posts", "", "intent=login&email=a@example.com&password=x", 401},
		{"a taken address", "POST", "/signup", "", "intent=signup&email=ada@example.com&password=long+enough", 409},
		{"a post without a title", "POST", "/posts", live, "intent=publish&title=&body=x", 422},
		{"posts after no post", "GET", "/posts?after=x", live, "", 422},
	} {
		t.Run(row.name, func(t *testing.T) {
			header := map[string]string{"Cookie": row.cookie}
			if row.form != "" {
				header["Content-Type"] = "application/x-www-form-urlencoded"
			}
			a := site{s.Server, t}.request(row.method, row.path, header, row.form)
			wantPolicy(t, a.header, pagePolicy, "same-origin")
			if a.status != row.status || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("status %d, want %d; Cache-Control %q", a.status, row.status, a.header.Get("Cache-Control"))
			}
		})
	}
}

// Everything else carries the closed policy, and no opener policy.
func TestTheHeadersOfEverythingElse(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	type header = map[string]string
	json, form := header{"Content-Type": "application/json"}, header{"Content-Type": "application/x-www-form-urlencoded"}
	for _, row := range []struct {
		name, method, path string
		header             header
		body               string
		status             int
	}{
		{"API answer", "POST", "/graphql", json, `{"query":"{ __typename }"}`, 200},
		{"API error", "POST", "/graphql", json, `{"query":"{ me { id } }"}`, 200},
		{"API, broken JSON", "POST", "/graphql", json, `{`, 400},
		{"API, bad token", "POST", "/graphql", with(json, header{"Authorization": "Bearer x"}), `{"query":"{ __typename }"}`, 401},
		{"API by GET, as a document", "GET", "/graphql?query={__typename}", header{"Sec-Fetch-Dest": "document"}, "", 405},
		{"API, wrong type", "POST", "/graphql", form, "query=x", 415},
		{"API, too large", "POST", "/graphql", json, strings.Repeat(" ", 1<<20+1), 413},
		{"API, from another site", "POST", "/graphql", with(json, header{"Sec-Fetch-Site": "cross-site"}), `{}`, 403},
		{"form from another site", "POST", "/login", with(form, header{"Sec-Fetch-Site": "cross-site"}), "intent=logout", 403},
		{"form that leads on", "POST", "/posts", with(form, header{"Cookie": graph.CookieName + "=" + m.refresh}), "intent=publish&title=t&body=b", 303},
		{"form that is none", "POST", "/posts", form, "intent=x", 400},
		{"not found", "GET", "/nowhere", nil, "", 404},
		{"not found, a page's child", "GET", "/posts/1", nil, "", 404},
		{"not found, well known", "GET", "/.well-known/nothing", nil, "", 404},
		{"not a clean path", "GET", "//posts", nil, "", 301},
		{"no asset", "GET", "/assets/page.js", nil, "", 404},
		{"no assets listed", "GET", "/assets/", nil, "", 404},
		{"method of a page", "PUT", "/posts", nil, "", 405},
		{"method of an asset", "POST", "/assets/page.js", nil, "", 405},
		{"method of the worker", "POST", "/assets/worker.js", nil, "", 405},
		{"method of a check", "DELETE", "/healthz", nil, "", 405},
		{"method that is none", "BREW", "/", nil, "", 405},
		{"method TRACE", "TRACE", "/", nil, "", 405},
		{"method TRACE of the API", "TRACE", "/graphql", nil, "", 405},
		{"method CONNECT", "OPTIONS", "/posts", nil, "", 405},
		{"service worker", "GET", "/", header{"Service-Worker": "script"}, "", 403},
		{"worker script, refused", "GET", "/assets/worker.js", nil, "", 403},
		{"keys", "GET", "/.well-known/jwks.json", nil, "", 200},
		{"health", "GET", "/healthz", nil, "", 200},
		{"readiness", "GET", "/readyz", nil, "", 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := site{s.Server, t}.request(row.method, row.path, row.header, row.body)
			wantPolicy(t, a.header, otherPolicy, "")
			if a.status != row.status {
				t.Errorf("status %d, want %d: %s", a.status, row.status, a.body)
			}
		})
	}
}

// A request for a service worker is refused on every path, from whichever browser.
func TestNoServiceWorkers(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	script := assetOf(s, "page", ".js")
	for _, path := range []string{"/", "/posts", "/login", script, "/assets/worker.js", "/graphql", "/healthz", "/.well-known/jwks.json", "/nowhere", "/sw.js"} {
		for name, header := range map[string]map[string]string{
			"by its destination":        {"Sec-Fetch-Dest": "serviceworker", "Sec-Fetch-Mode": "same-origin"},
			"by its header":             {"Service-Worker": "script"},
			"as a worker's too":         {"Service-Worker": "script", "Sec-Fetch-Dest": "sharedworker", "Sec-Fetch-Mode": "same-origin"},
			"revalidating what it has ": {"Sec-Fetch-Dest": "serviceworker", "If-None-Match": "*", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
		} {
			if a := s.request("GET", path, header, ""); a.status != 403 || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %s: %d %v", path, name, a.status, a.header)
			}
		}
	}
}
