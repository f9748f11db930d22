package route_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

func TestSessionsAreListedMostRecentlyUsedFirst(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	first := s.register("ada")
	a := s.ask(ask{query: loginQuery, vars: map[string]any{"email": first.email, "password": password},
		header: map[string]string{"User-Agent": "A browser\x09of some kind"}})
	second := s.member(first.email, a, a.data.Login)
	third := s.another(first)
	ended := s.another(first)
	s.register("grace")
	s.ask(ask{query: logoutQuery, cookies: []string{ended.refresh}})
	for i, m := range []member{first, second, third} {
		pass(t, db, m.session, time.Duration(10*(3-i))*time.Hour)
	}
	pass(t, db, ended.session, time.Hour)
	order := func(m member) (ids []string) {
		t.Helper()
		for _, x := range s.as(m, sessionsQuery, nil).data.Sessions {
			ids = append(ids, x.ID)
			if x.Current != (x.ID == m.session) {
				t.Errorf("session %s is said to be current: %t", x.ID, x.Current)
			}
		}
		return ids
	}
	if got, want := order(first), []string{third.session, second.session, first.session}; !slices.Equal(got, want) {
		t.Errorf("the sessions are %v, want %v", got, want)
	}
	s.rotated(first.refresh)
	if got, want := order(second), []string{first.session, third.session, second.session}; !slices.Equal(got, want) {
		t.Errorf("after a refresh of the oldest they are %v, want %v", got, want)
	}
	for _, x := range s.as(second, sessionsQuery, nil).data.Sessions {
		if x.ID == second.session && (x.UserAgent != "A browserof some kind" || x.IP != "127.0.0.1") {
			t.Errorf("the session is of %q at %q", x.UserAgent, x.IP)
		}
	}
}

// When a session was used is told to five minutes: to the second it would help a thief to move in step (rule W6 of package session).
func TestSessionTimes(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	pass(t, db, m.session, 24*time.Hour)
	s.rotated(m.refresh)
	x := s.as(m, sessionsQuery, nil).data.Sessions[0]
	if !x.LastUsedAt.Equal(x.LastUsedAt.Truncate(5*time.Minute)) || time.Since(x.LastUsedAt) > 6*time.Minute {
		t.Errorf("last used at %s, want the last full five minutes before %s", x.LastUsedAt, time.Now().UTC())
	}
	if age := time.Since(x.CreatedAt); age < 24*time.Hour || age > 24*time.Hour+time.Minute {
		t.Errorf("created %s ago, want a day", age)
	}
	if got := x.ExpiresAt.Sub(x.LastUsedAt); got != 720*time.Hour {
		t.Errorf("ends %s after its last use, want idle-ttl", got)
	}
	pass(t, db, m.session, 721*time.Hour)
	if left := s.as(s.another(m), sessionsQuery, nil).data.Sessions; len(left) != 1 {
		t.Errorf("an idle session is listed: %v", left)
	}
}

func TestRevokeSession(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	here := s.register("ada")
	there, gone := s.another(here), s.another(here)
	stranger := s.register("grace")
	s.ask(ask{query: logoutQuery, cookies: []string{gone.refresh}})
	for _, row := range []struct{ name, id, want string }{
		{"another user's", stranger.session, "NOT_FOUND"},
		{"ended already", gone.session, "NOT_FOUND"},
		{"unknown", "019a0000-0000-7000-8000-000000000000", "NOT_FOUND"},
		{"no id", "%", "NOT_FOUND"},
		{"mine", there.session, ""},
		{"mine once more", there.session, "NOT_FOUND"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := site{s.Server, t}.as(here, revokeQuery, map[string]any{"id": row.id})
			done := a.data.RevokeSession != nil && *a.data.RevokeSession
			if a.said() != row.want || done != (row.want == "") {
				t.Errorf("answered %s, want %q", a.body, row.want)
			}
		})
	}
	s.rotated(stranger.refresh)
	wantEnded(s, there, "REVOKED")
	wantEnded(s, gone, "LOGGED_OUT")
	a := s.as(here, revokeQuery, map[string]any{"id": here.session})
	if a.data.RevokeSession == nil || !*a.data.RevokeSession {
		t.Errorf("a session that revokes itself is answered with %s", a.body)
	}
	wantEnded(s, here, "REVOKED")
}

// wantEnded holds that nothing of a session is answered any more, and why.
func wantEnded(s site, m member, reason string) {
	s.t.Helper()
	want := "UNAUTHENTICATED " + reason
	if a := s.as(m, meQuery, nil); a.status != 401 || a.said() != want ||
		a.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
		s.t.Errorf("its access token is answered with %d %s %v, want %s", a.status, a.body, a.header, want)
	}
	if a := s.refresh(m.refresh); a.status != 200 || a.said() != want || !a.clears() {
		s.t.Errorf("its refresh token is answered with %d %s %v, want %s", a.status, a.body, a.header, want)
	}
}

func TestLogoutEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	here := s.register("ada")
	there, gone := s.another(here), s.another(here)
	stranger := s.register("grace")
	s.ask(ask{query: logoutQuery, cookies: []string{gone.refresh}})
	a := s.ask(ask{query: everywhereQuery, bearer: here.access, cookies: []string{here.refresh}})
	if a.data.LogoutEverywhere == nil || *a.data.LogoutEverywhere != 2 {
		t.Errorf("ended %s, want the 2 that lived", a.body)
	}
	if !a.clears() {
		t.Errorf("the cookie is not cleared: %v", a.header)
	}
	for _, m := range []member{here, there} {
		wantEnded(s, m, "LOGGED_OUT")
	}
	s.rotated(stranger.refresh)
	s.loginWith(here.email, password)
}

func TestLogout(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	ada := s.register("ada")
	guess := func(m member) string { return m.refresh[:37] + s.another(ada).refresh[37:] }
	for _, row := range []struct {
		name  string
		ask   func(m member) ask
		lives bool // afterwards
	}{
		{"by the cookie alone", func(m member) ask { return ask{cookies: []string{m.refresh}} }, false},
		{"by the access token alone", func(m member) ask { return ask{bearer: m.access} }, false},
		{"by both", func(m member) ask { return ask{cookies: []string{m.refresh}, bearer: m.access} }, false},
		{"by one of two cookies", func(m member) ask { return ask{cookies: []string{"x", m.refresh}} }, false},
		{"by a superseded cookie", func(m member) ask {
			s.rotated(m.refresh)
			return ask{cookies: []string{m.refresh}}
		}, false},
		{"nothing to end", func(member) ask { return ask{} }, true},
		{"a malformed cookie", func(member) ask { return ask{cookies: []string{"garbage"}} }, true},
		{"a guess", func(m member) ask { return ask{cookies: []string{guess(m)}} }, true},
		{"another session's", func(member) ask { return ask{cookies: []string{s.another(ada).refresh}} }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			m := s.another(ada)
			request := row.ask(m)
			request.query = logoutQuery
			for range 2 { // the second time there is nothing to end
				a := s.ask(request)
				if a.status == 401 && request.bearer != "" {
					break // the access token went with the session
				}
				if a.data.Logout == nil || !*a.data.Logout || !a.clears() {
					t.Errorf("%d %s %v, want true and a cleared cookie", a.status, a.body, a.header)
				}
			}
			if row.lives {
				s.rotated(m.refresh)
			} else {
				wantEnded(s, m, "LOGGED_OUT")
			}
		})
	}
}

// What one process ends, every other on the same database refuses within a second.
func TestAnotherProcessRefusesWithinASecond(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	other := start(t, servertest.Options{DB: s.DB, Origin: s.URL})
	m := s.register("ada")
	if a := other.as(m, meQuery, nil); a.status != 200 || a.said() != "" {
		t.Fatalf("the other process answers %d %s", a.status, a.body)
	}
	s.ask(ask{query: logoutQuery, cookies: []string{m.refresh}})
	ended := time.Now()
	if a := other.refresh(m.refresh); a.said() != "UNAUTHENTICATED LOGGED_OUT" {
		t.Errorf("its refresh token is answered with %s", a.body)
	}
	eventually(t, "refused by the other process", func() bool {
		late := time.Since(ended) > time.Second
		a := other.as(m, meQuery, nil)
		if late && a.status == 200 {
			t.Fatalf("an access token sent %s after the session's end is answered", time.Since(ended))
		}
		return a.status == 401 && a.said() == "UNAUTHENTICATED LOGGED_OUT"
	})
}

// What follows a logout in the same request is asked by nobody.
func TestNothingRunsAfterALogoutInTheSameRequest(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	for name, logout := range map[string]string{
		"logout":             `logout`,
		"log out everywhere": `logoutEverywhere`,
		"revoke":             `revokeSession(id: "SESSION")`,
	} {
		t.Run(name, func(t *testing.T) {
			m := s.register("ada" + strings.ReplaceAll(name, " ", ""))
			query := `mutation { ` + strings.ReplaceAll(logout, "SESSION", m.session) + ` createPost(title: "Late", body: "x") { id } }`
			a := s.as(m, query, nil)
			if a.said() != "UNAUTHENTICATED NO_TOKEN" || !a.clears() {
				t.Errorf("%d %s %v", a.status, a.body, a.header.Values("Set-Cookie"))
			}
			if left := s.posts(s.another(m)); len(left) != 0 {
				t.Errorf("the post was published: %v", left)
			}
		})
	}
}
