package route_test

import (
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/servertest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// two runs two servers on the database, which go by one name as behind a proxy.
func two(t *testing.T, dsn string) []site {
	t.Helper()
	o := servertest.Options{DB: dsn, Origin: "https://app.example"}
	return []site{start(t, o), start(t, o)}
}

// What one server does counts for the other.
func TestTwoServersOnOnePostgres(t *testing.T) {
	t.Parallel()
	sites := two(t, pgtest.Database(t))
	m := sites[0].register("ada")
	if a := sites[1].as(m, meQuery, nil); a.said() != "" {
		t.Fatalf("the other server: %s", a.body)
	}
	sites[1].publish(m, "From the other")
	if posts := sites[0].posts(m); len(posts) != 1 {
		t.Errorf("posts %+v", posts)
	}
	second := sites[1].rotated(m.refresh)
	if again := sites[0].refresh(m.refresh); again.cookie() != second {
		t.Errorf("two successors: %s", again.body)
	}
	third := sites[0].rotated(second)
	sites[1].ask(ask{query: logoutQuery, cookies: []string{third}})
	if a := sites[0].refresh(third); a.said() != "UNAUTHENTICATED LOGGED_OUT" {
		t.Errorf("after the logout: %s", a.body)
	}
	eventually(t, "refused by the server that did not end it", func() bool { return sites[0].as(m, meQuery, nil).status == 401 })
}

// browser is somebody who refreshes all the time, once here and once there, and tries again what is answered with 503.
type browser struct {
	member
	refreshed, waited atomic.Int64
}

func (b *browser) refreshAll(t *testing.T, sites []site, done <-chan struct{}) {
	token := b.refresh
	for n := 0; ; n++ {
		select {
		case <-done:
			return
		default:
		}
		a, err := sites[n%len(sites)].send(ask{query: refreshQuery, vars: map[string]any{"recover": true}, cookies: []string{token}})
		switch {
		case err != nil:
			t.Error(err)
			return
		case a.status == http.StatusOK && a.said() == "" && a.cookie() != "":
			token = a.cookie()
			b.refreshed.Add(1)
		case isUnavailable(a):
			b.waited.Add(1)
		default:
			t.Errorf("%s is answered with %d %v %s", b.email, a.status, a.header, a.body)
			return
		}
	}
}

// isUnavailable reports whether an answer says no more than to come again.
func isUnavailable(a answer) bool {
	return a.status == http.StatusServiceUnavailable && a.said() == "INTERNAL_SERVER_ERROR" && len(a.errors[0].Extensions) == 1 &&
		a.errors[0].Message == "Something went wrong on the server." &&
		a.header.Get("Retry-After") == "2" && len(a.header.Values("Set-Cookie")) == 0
}

// TestADatabaseThatCrashes kills PostgreSQL while two servers refresh as fast as they can, and starts it again: what
// cannot be answered meanwhile is told to wait, and then everybody goes on with the session that they had.
func TestADatabaseThatCrashes(t *testing.T) {
	cluster := pgtest.Start(t)
	sites := two(t, cluster.Database(t))
	for _, s := range sites {
		s.Troubled()
	}
	browsers := make([]*browser, 8)
	done := make(chan struct{})
	var running sync.WaitGroup
	for i := range browsers {
		browsers[i] = &browser{member: sites[i%2].register("user" + string(rune('a'+i)))}
		running.Go(func() { browsers[i].refreshAll(t, sites, done) })
	}
	each := func(counter func(*browser) *atomic.Int64) func() bool {
		before := make([]int64, len(browsers))
		for i, b := range browsers {
			before[i] = counter(b).Load()
		}
		return func() bool {
			for i, b := range browsers {
				if !t.Failed() && counter(b).Load() < before[i]+3 {
					return false
				}
			}
			return true
		}
	}
	refreshed := func(b *browser) *atomic.Int64 { return &b.refreshed }
	for round := range 2 {
		eventually(t, "refreshed by all", each(refreshed))
		cluster.Kill(t)
		eventually(t, "told to wait", each(func(b *browser) *atomic.Int64 { return &b.waited }))
		for _, s := range sites {
			withoutDatabase(s, browsers[0].member)
		}
		if round == 0 {
			pageWithoutDatabase(sites[0], browsers[0].member)
		}
		cluster.Restart(t)
		eventually(t, "refreshed by all again", each(refreshed))
	}
	close(done)
	running.Wait()
	for _, s := range sites {
		if a := s.request("GET", "/readyz", nil, ""); a.status != http.StatusOK {
			t.Errorf("/readyz: %d", a.status)
		}
		for line := range strings.Lines(s.Log()) {
			if strings.Contains(line, pgtest.User) || strings.Contains(line, pgtest.Password) {
				t.Errorf("the log tells of the URL's user: %s", line)
			}
		}
	}
}

// withoutDatabase asks a server whose database is away for more than a refresh.
func withoutDatabase(s site, m member) {
	s.t.Helper()
	for name, a := range map[string]answer{
		"a query":  s.as(m, postsQuery, nil),
		"a change": s.as(m, createPostQuery, map[string]any{"title": "t", "body": "b"}),
		"a login":  s.ask(ask{query: loginQuery, vars: map[string]any{"email": m.email, "password": password}}),
		"a logout": s.ask(ask{query: logoutQuery, cookies: []string{m.refresh}}),
	} {
		if !isUnavailable(a) {
			s.t.Errorf("%s is answered with %d %v %s", name, a.status, a.header, a.body)
		}
	}
	for path, want := range map[string]int{"/readyz": http.StatusServiceUnavailable, "/healthz": http.StatusOK} {
		if a := s.request("GET", path, nil, ""); a.status != want {
			s.t.Errorf("%s: %d", path, a.status)
		}
	}
}

// pageWithoutDatabase takes a while: a page waits for the database to come back as long as people do for a page.
func pageWithoutDatabase(s site, m member) {
	s.t.Helper()
	a := s.request("GET", "/posts", map[string]string{"Cookie": graph.CookieName + "=" + m.refresh}, "")
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "2" || len(a.header.Values("Set-Cookie")) > 0 ||
		!strings.Contains(a.body, "The server does not answer") || strings.Contains(strings.ToLower(a.body), "database") {
		s.t.Errorf("a page: %d %v\n%s", a.status, a.header, a.body)
	}
}
