package route_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/heap"
	"example.com/latchkey/server/internal/servertest"
)

// BenchmarkRefusing is what a request costs that is refused, beside what it costs to answer: by the handler of everything,
// without the network. Who floods is to be answered for less than who is served.
func BenchmarkRefusing(b *testing.B) {
	heap.Tune()
	handler, grant := serverOf(b)
	login := func(email, password string) string {
		return query(fmt.Sprintf(`mutation { login(email: %q, password: %q) { accessToken } }`, email, password))
	}
	cookie := func(token string) http.Header { return http.Header{"Cookie": {graph.CookieName + "=" + token}} }
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	nobody := strings.Repeat("B", 56) + "." + strings.Repeat("A", 43)
	refresh := grant.RefreshToken
	for i, row := range []struct {
		name   string
		header func() http.Header
		body   string
		status int
		said   string
		first  int // so often before it counts
	}{
		{"Answered/Query", func() http.Header { return bearer(grant.AccessToken) }, query(meQuery), 200, `"data":{"me"`, 1},
		{"Answered/Refresh", func() http.Header { return cookie(refresh) }, query(plainRefresh), 200, `"accessToken":"`, 1},
		{"Answered/Login", nil, login("ada@example.com", "a long enough password"), 200, `"accessToken":"`, 1},
		{"Refused/LoginOfAnAddress", nil, login("ada@example.com", "wrong password"), 200, "RATE_LIMITED", 11},
		{"Refused/MalformedRefreshToken", func() http.Header { return cookie("x.y") }, query(plainRefresh), 200, "UNKNOWN_TOKEN", 1},
		{"Refused/UnknownRefreshTokens", func() http.Header { return cookie(nobody) }, query(plainRefresh), 200, "UNKNOWN_TOKEN", 1},
		{"Refused/ForgedAccessToken", func() http.Header { return bearer(grant.AccessToken[:len(grant.AccessToken)-4] + "AAAA") }, query(meQuery), 401, "UNKNOWN_TOKEN", 1},
		{"Refused/TooManyTokens", nil, query("{" + strings.Repeat(" me { id }", 2000) + "}"), 422, "token", 1},
		{"Refused/TooComplex", nil, query("mutation {" + aliases(`deletePost(id: "x")`, 110) + "}"), 422, "complexity", 1},
		{"Refused/TooLarge", nil, query(strings.Repeat(" ", 1<<20)), 413, "1 MiB", 1},
		{"Refused/AnotherSite", func() http.Header { return http.Header{"Origin": {"https://evil.example"}} }, query(plainRefresh), 403, "FORBIDDEN", 1},
		{"Refused/Packed", func() http.Header { return http.Header{"Content-Encoding": {"gzip"}} }, query(plainRefresh), 415, "BAD_USER_INPUT", 1},
	} {
		ask := func(b *testing.B, said string) {
			header := http.Header{}
			if row.header != nil {
				header = row.header()
			}
			w := answerOf(handler, fmt.Sprintf("192.0.2.%d:4711", i), header, row.body)
			if w.Code != row.status || !strings.Contains(w.Body.String(), said) {
				b.Fatalf("%d %s", w.Code, w.Body)
			}
			for _, c := range w.Result().Cookies() {
				if row.name == "Answered/Refresh" && c.Name == graph.CookieName {
					refresh = c.Value
				}
			}
		}
		b.Run(row.name, func(b *testing.B) {
			for range row.first {
				ask(b, "")
			}
			for b.Loop() {
				ask(b, row.said)
			}
		})
	}
}

// serverOf returns the handler of a server, and the session of an account there.
func serverOf(b testing.TB) (handler http.Handler, ada auth.Grant) {
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} // every client here seems to be one
	srv := servertest.Start(b, servertest.Options{Brief: true, LoginAttempts: 10, Proxies: proxies, Wrap: func(h http.Handler) http.Handler {
		handler = h
		return h
	}})
	ada, err := srv.Auth.SignUp(b.Context(), "ada@example.com", "a long enough password", "Ada", auth.Visitor{})
	if err != nil {
		b.Fatal(err)
	}
	return handler, ada
}

// answerOf has the handler answer a request to the API.
func answerOf(h http.Handler, from string, header http.Header, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header = header
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
