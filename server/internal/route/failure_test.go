package route_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// A failure of the server's own tells nothing but the id under which its log tells the rest.
func TestAFailureOfOursTellsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	s.Break(t)
	for _, row := range []struct {
		name   string
		ask    ask
		status int
	}{
		{"me", ask{query: meQuery, bearer: m.access}, 200},
		{"posts", ask{query: postsQuery, bearer: m.access}, 200},
		{"createPost", ask{query: createPostQuery, bearer: m.access, vars: map[string]any{"title": "t", "body": "b"}}, 200},
		{"sessions", ask{query: sessionsQuery, bearer: m.access}, 200},
		{"login", ask{query: loginQuery, vars: map[string]any{"email": m.email, "password": password}}, 200},
		{"sign up", ask{query: signUpQuery, vars: map[string]any{"email": "new@example.com", "password": password}}, 200},
		{"refreshToken", ask{query: plainRefresh, cookies: []string{m.refresh}}, 200},
		{"logout", ask{query: logoutQuery, cookies: []string{m.refresh}}, 200},
		{"logoutEverywhere", ask{query: everywhereQuery, bearer: m.access}, 200},
		{"changePassword", ask{query: changeQuery, bearer: m.access, vars: map[string]any{"current": password, "new": "another password"}}, 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := site{s.Server, t}.ask(row.ask)
			if row.ask.bearer != "" && a.status == 500 {
				a.status = 200 // the failure was met while the access token was verified
			}
			if a.status != row.status || a.said() != "INTERNAL_SERVER_ERROR" || len(a.errors[0].Extensions) != 1 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			for _, word := range []string{"sql", "database", "closed", "store", ".go"} {
				if strings.Contains(strings.ToLower(a.body), word) {
					t.Errorf("the answer tells of %q: %s", word, a.body)
				}
			}
			if len(a.header.Values("Set-Cookie")) > 0 {
				t.Errorf("it sets cookies: %s", a.header.Values("Set-Cookie"))
			}
			id := a.header.Get("X-Request-Id")
			told := func(line string) bool {
				return strings.Contains(line, "level=ERROR") && strings.Contains(line, "request="+id) && strings.Contains(line, "closed")
			}
			if id == "" || !slices.ContainsFunc(strings.Split(s.Log(), "\n"), told) {
				t.Errorf("the log has no error under the request's id %q", id)
			}
		})
	}
}

// A page says that the server has a problem, and leaves the visitor's cookie alone.
func TestAPageWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	s.Break(t)
	a := s.request("GET", "/posts", map[string]string{"Cookie": graph.CookieName + "=" + m.refresh}, "")
	if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "The server does not answer") || len(a.header.Values("Set-Cookie")) > 0 {
		t.Errorf("%d %v\n%s", a.status, a.header, a.body)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	check := func(when, path string, want int) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD"} {
			if a := s.request(method, path, nil, ""); a.status != want || a.header.Get("Cache-Control") != "no-store" || (method == "GET") != (a.body != "") {
				t.Errorf("%s: %s %s is answered with %d %q %v, want %d", when, method, path, a.status, a.body, a.header, want)
			}
		}
	}
	check("at first", "/healthz", 200)
	check("at first", "/readyz", 200)
	s.Break(t)
	check("without its database", "/healthz", 200)
	check("without its database", "/readyz", 503)
}

// Every answer of a handler has an id of its own.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	known := map[string]bool{}
	for _, path := range []string{"/", "/posts", "/graphql", "/healthz", "/nowhere", "/assets/nothing", "/healthz"} {
		a := s.request("GET", path, map[string]string{"X-Request-Id": "mine"}, "")
		id := a.header.Get("X-Request-Id")
		if len(id) != 26 || known[id] {
			t.Errorf("%s: the id %q is none, or not its own", path, id)
		}
		known[id] = true
	}
}

// A visitor who leaves before the answer is there is no error of the server's: Start's log would show one.
func TestAVisitorWhoLeavesIsNoError(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	for _, row := range []struct{ method, path, body string }{
		{"GET", "/posts", ""}, {"POST", "/graphql", `{"query":"mutation { refreshToken { expiryDate } }"}`},
	} {
		ended := func() int { return strings.Count(s.Log(), "path="+row.path+" ") }
		before := ended()
		// As long as somebody else writes to the database, no answer comes.
		lock, err := s.database().Conn(t.Context())
		must(t, err)
		_, err = lock.ExecContext(t.Context(), "begin immediate")
		must(t, err)
		ctx, leave := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, row.method, s.URL+row.path, strings.NewReader(row.body))
		must(t, err)
		req.Header.Set("Cookie", graph.CookieName+"="+m.refresh)
		req.Header.Set("Content-Type", "application/json")
		done := make(chan error, 1)
		go func() {
			_, err := do(req)
			done <- err
		}()
		select {
		case err := <-done:
			t.Fatalf("%s is answered while the database is locked: %v", row.path, err)
		case <-time.After(100 * time.Millisecond):
		}
		leave()
		if err := <-done; err == nil {
			t.Errorf("%s is answered to who left", row.path)
		}
		_, err = lock.ExecContext(t.Context(), "rollback")
		must(t, err)
		must(t, lock.Close())
		eventually(t, "ended", func() bool { return ended() > before })
	}
}

// Failed logins count by account and by address, and are answered with how long to wait.
func TestTooManyFailedLogins(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{LoginAttempts: 3, LoginAttemptsAddress: 3})
	ada := s.register("ada")
	try := func(email, password string) answer {
		t.Helper()
		return s.ask(ask{query: loginQuery, vars: map[string]any{"email": email, "password": password}})
	}
	for i := range 3 {
		if a := try(ada.email, "wrong password"); a.said() != "UNAUTHENTICATED INVALID_CREDENTIALS" {
			t.Fatalf("try %d: %s", i+1, a.body)
		}
	}
	for name, a := range map[string]answer{
		"the wrong password":        try(ada.email, "wrong password"),
		"the right password":        try(ada.email, password),
		"another from that address": try("grace@example.com", password),
	} {
		wait, _ := a.errors[0].Extensions["retryAfter"].(float64)
		if a.said() != "RATE_LIMITED" || wait < 1 || wait > 900 || wait != float64(int(wait)) || a.cookie() != "" {
			t.Errorf("%s is answered with %s, want RATE_LIMITED and the seconds to wait", name, a.body)
		}
	}
	v := visit(s)
	v.want(v.submit(v.form(v.get("/login"), "login"), "email", ada.email, "password", password), 429, "none", "Too many failed logins.")
	db := s.database()
	exec(t, db, `update login_failures set at = at - 901000`)
	s.loginWith(ada.email, password)
	s.rotated(ada.refresh)
}
