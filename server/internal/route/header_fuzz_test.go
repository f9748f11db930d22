package route_test

import (
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// asked are requests of every kind of route; the body's first letter tells its type.
var asked = []struct{ method, path, body string }{
	{"GET", "/", ""}, {"GET", "/posts", ""}, {"GET", "/login", ""}, {"GET", "/account?done=revoked", ""}, {"HEAD", "/signup", ""},
	{"POST", "/login", "intent=login&email=eve@example.com&password=x"}, {"POST", "/posts", "intent=publish&title=t&body=b"}, {"POST", "/", "nothing=1"},
	{"POST", "/graphql", `{"query":"{ __typename }"}`}, {"POST", "/graphql", `{"query":"{ me { id } }"}`}, {"GET", "/graphql?query={__typename}", ""},
	{"GET", "/assets/worker.js", ""}, {"GET", "/assets/page.js", ""}, {"GET", "/.well-known/jwks.json", ""}, {"GET", "/healthz", ""}, {"GET", "/readyz", ""},
	{"GET", "/nowhere", ""}, {"PUT", "/posts", ""}, {"GET", "//posts", ""}, {"OPTIONS", "/graphql", ""}, {"TRACE", "/", ""},
}

// FuzzHeaders sends one header of a stranger, of any name and with any bytes, to every kind of route. No answer is a
// failure of ours or lacks the headers that all have, and none repeats what was sent.
func FuzzHeaders(f *testing.F) {
	g := newTarget(f)
	for i, h := range [][2]string{
		{"Host", "evil.example"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Referer", "https://evil.example/"}, {"X-Forwarded-Host", "evil.example"},
		{"X-Forwarded-Proto", "http"}, {"Forwarded", "host=evil.example;for=[::1"}, {"X-Forwarded-For", "::ffff:1.2.3.4, x, , 999.1.1.1"}, {"X-Request-Id", "a\r\nSet-Cookie: b=c"},
		{"Accept", "text/html;q=x, */*;q=-1"}, {"Accept", "application/graphql-response+json"}, {"Accept-Encoding", "br;q=0, gzip;q=2, \xff"}, {"Accept-Language", strings.Repeat("xx,", 3000)},
		{"Content-Type", "application/json; charset=\"\\"}, {"Content-Type", "multipart/form-data"}, {"Content-Type", "application/x-www-form-urlencoded;;;"}, {"Content-Encoding", "gzip"},
		{"Range", "bytes=0-0,-1"}, {"If-None-Match", `W/"x", *`}, {"If-Modified-Since", "never"}, {"If-Range", "\x00"}, {"Expect", "200-nothing"}, {"Upgrade", "websocket"},
		{"Connection", "close, x"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Dest", "sharedworker"}, {"Sec-Fetch-Dest", "serviceworker"}, {"Sec-Fetch-Mode", "same-origin"},
		{"Sec-Websocket-Key", "x"}, {"User-Agent", "<script>alert(1)</script>"}, {"X-Http-Method-Override", "DELETE"}, {"X-Original-Url", "/account"}, {"Te", "trailers"},
		{"Access-Control-Request-Method", "POST"}, {"Origin", "http://localhost"}, {"Cookie", "a=b; =; \x00"}, {"Authorization", "Basic YTpi"}, {"Via", "\xc3\x28"}, {"", ""},
	} {
		f.Add(uint8(i), h[0], h[1])
	}
	f.Fuzz(func(t *testing.T, which uint8, name, value string) {
		r := asked[int(which)%len(asked)]
		const mark = "d41c8f0e"
		for _, sent := range []string{value, value + mark} {
			req := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
			if r.body != "" {
				req.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "application/x-www-form-urlencoded"}[r.body[0] == '{'])
			}
			req.Header[textproto.CanonicalMIMEHeaderKey(name)] = []string{sent}
			if strings.EqualFold(name, "host") {
				req.Host = sent
			}
			a := g.ask(t, req)
			wantBaseline(t, a)
			if strings.Contains(a.body, mark) {
				t.Errorf("%s %s repeats %q in its body", r.method, r.path, name)
			}
			for header, values := range a.header {
				if strings.ContainsAny(header+strings.Join(values, ""), "\r\n\x00") || strings.Contains(strings.Join(values, " "), mark) {
					t.Errorf("%s %s repeats %q in %s: %q", r.method, r.path, name, header, values)
				}
			}
		}
	})
}

// wantBaseline holds what is true of every answer, whatever was asked.
func wantBaseline(t *testing.T, a answer) {
	t.Helper()
	policy := a.header.Get("Content-Security-Policy")
	if !slices.Contains([]string{pagePolicy, workerPolicy, otherPolicy}, policy) {
		t.Fatalf("%d with the policy %q", a.status, policy)
	}
	opener := ""
	if policy == pagePolicy {
		opener = "same-origin"
	}
	wantPolicy(t, a.header, policy, opener)
	if a.body != "" && a.header.Get("Content-Type") == "" {
		t.Errorf("%d without a type: %q", a.status, a.body)
	}
	if c := (&http.Response{Header: a.header}).Cookies(); len(c) > 0 && a.status >= 400 && c[0].MaxAge >= 0 {
		t.Errorf("%d sets %v", a.status, c)
	}
}
