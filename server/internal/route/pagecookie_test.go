package route_test

import (
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// Rendering exchanges the visitor's cookie with minAge = grace and recover, and passes a new one on.
func TestAPagePassesANewCookieOn(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{IdleTTL: 100 * time.Hour})
	db := s.database()
	for _, path := range []string{"/", "/posts", "/account", "/login"} {
		t.Run(path, func(t *testing.T) {
			s := site{s.Server, t}
			m := s.register("user-" + path[1:])
			v := s.arrive(m)
			if p := v.get(path); len(p.setCookies(graph.CookieName)) > 0 || v.cookie != m.refresh || v.device == "" {
				t.Errorf("a young token is answered with %s", p.header.Values("Set-Cookie"))
			}
			pass(t, db, m.session, 31*time.Second)
			p := v.get(path)
			want := graph.CookieName + "=" + v.cookie + "; Path=/; Max-Age=360000; HttpOnly; Secure; SameSite=Lax"
			if lines := p.header.Values("Set-Cookie"); v.cookie == m.refresh || len(lines) != 1 || lines[0] != want {
				t.Errorf("an older token is answered with %q, want a new one", lines)
			}
			if p.status >= 400 {
				t.Errorf("status %d", p.status)
			}
			s.rotated(v.cookie)
		})
	}
}

// A form's answer passes the cookie on as well, whether it leads on or is shown again.
func TestAFormPassesANewCookieOn(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	v := s.arrive(m)
	for _, title := range []string{"A title", ""} {
		before := v.cookie
		pass(t, db, m.session, time.Minute)
		p := v.open("POST", "/posts", "intent=publish&body=b&title="+title)
		if v.cookie == before || v.cookie == "" {
			t.Errorf("title %q: %d with the cookies %s", title, p.status, p.header.Values("Set-Cookie"))
		}
	}
	v.want(v.get("/posts"), 200, "active", "A title")
}

// A page whose answer was lost costs nobody the session: the next one recovers (C1).
func TestALostPageIsRecovered(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	for range 3 {
		pass(t, db, m.session, 10*time.Hour)
		v := s.arrive(m)
		lost := v.get("/posts")
		v.want(lost, 200, "active")
		pass(t, db, m.session, 10*time.Hour)
		v.cookie = m.refresh // the browser never saw the answer
		v.want(v.get("/posts"), 200, "active")
		if v.cookie == m.refresh || v.cookie == lost.answer.cookie() {
			t.Error("what was recovered is not a token of its own")
		}
		s.rotated(v.cookie)
		m = s.another(m)
	}
}

// The renderer's own use of an access token says nothing of the visitor: a token is seen when its holder uses it.
func TestRenderingDoesNotMarkATokenAsSeen(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	pass(t, db, m.session, time.Hour)
	v := s.arrive(m)
	v.want(v.get("/account"), 200, "active")
	seen := func(token string) bool {
		return value[bool](t, db, `select seen_at is not null from refresh_tokens where hash = $1`, hashOf(t, token))
	}
	if !seen(m.refresh) || seen(v.cookie) {
		t.Errorf("the token that was presented is seen: %t, the one that was sent: %t", seen(m.refresh), seen(v.cookie))
	}
	access := s.ask(ask{query: refreshQuery, cookies: []string{m.refresh}}).data.RefreshToken.AccessToken
	if seen(v.cookie) {
		t.Error("a token is seen that was only sent once more")
	}
	s.ask(ask{query: meQuery, bearer: access})
	if !seen(v.cookie) {
		t.Error("the use of the access token that came with it does not mark the token as seen")
	}
}

// A page never takes a cookie away, whatever it is: its answer may be late, and the cookie another by then (C6).
func TestAPageNeverClearsACookie(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	dead := s.another(m)
	s.as(m, revokeQuery, map[string]any{"id": dead.session})
	for name, cookie := range map[string]string{"garbage": "garbage", "of an ended session": dead.refresh} {
		for _, path := range []string{"/", "/posts", "/account", "/login", "/signup", "/how-it-works"} {
			v := &visitor{site: s, cookie: cookie}
			if p := v.get(path); len(p.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s, a cookie %s: the answer sets %s", path, name, p.header.Values("Set-Cookie"))
			}
		}
		v := &visitor{site: s, cookie: cookie}
		for _, form := range []string{"intent=publish&title=t&body=b", "intent=login&email=ada@example.com&password=wrong", "intent=logout-everywhere"} {
			if p := v.open("POST", "/posts", form); len(p.header.Values("Set-Cookie")) > 0 || p.status < 400 {
				t.Errorf("%s, a cookie %s: %d, and the answer sets %s", form, name, p.status, p.header.Values("Set-Cookie"))
			}
		}
	}
	// The story of C6: a login, and then the late answer to a page that was sent with the dead session's cookie.
	v := &visitor{site: s, cookie: dead.refresh}
	form := v.form(v.get("/posts"), "login")
	v.follow(v.submit(form, "email", m.email, "password", password), "/posts")
	now := v.cookie
	v.cookie = dead.refresh
	late := v.get("/posts")
	v.cookie = now
	if late.clears() {
		t.Error("the late answer takes the new cookie away")
	}
	v.want(v.get("/posts"), 200, "active")
}

// Twenty tabs restored at once end with every tab logged in and one cookie, which still works after the grace; so they
// do where the answer with the successor of their cookie was lost the day before.
func TestTwentyTabsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	ada := s.register("ada")
	for name, before := range map[string]func(m member){
		"a current cookie": func(member) {}, "a superseded cookie": func(m member) { s.rotated(m.refresh) },
	} {
		t.Run(name, func(t *testing.T) {
			s := site{s.Server, t}
			m := s.another(ada)
			before(m)
			pass(t, db, m.session, 20*time.Hour)
			token := restoreTabs(s, m)
			pass(t, db, m.session, 31*time.Second)
			s.rotated(token)
		})
	}
}

// restoreTabs opens twenty pages at once with the member's cookie, and returns the one that all of them get.
func restoreTabs(s site, m member) string {
	s.t.Helper()
	tabs := make([]answer, 20)
	var wg sync.WaitGroup
	for i := range tabs {
		wg.Go(func() {
			var err error
			if tabs[i], err = s.try("GET", "/posts", map[string]string{"Cookie": graph.CookieName + "=" + m.refresh}, ""); err != nil {
				s.t.Error(err)
			}
		})
	}
	wg.Wait()
	token := tabs[0].cookie()
	for i, tab := range tabs {
		if tab.status != 200 || tab.cookie() != token || token == "" {
			s.t.Errorf("tab %d: %d, and another cookie than tab 0: %t", i, tab.status, tab.cookie() != token)
		}
	}
	return token
}
