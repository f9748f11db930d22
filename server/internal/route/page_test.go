package route_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

// The accessible names of contract §6, in the pages as the server renders them.
func TestPagesAndTheirNames(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	if !jwtish.MatchString(m.access) || !secret.MatchString(m.refresh) {
		t.Fatal("what every page is searched for matches no token")
	}
	s.publish(m, "First post")
	s.another(m)
	const frame = `<nav aria-label="Main"|>Posts</a>|>Account</a>|>Log out</button>|>Access token</h2>|<dt>Expires in</dt>|<dt>Next refresh in</dt>|<dt>Refreshes so far</dt>|>Check this page</button>`
	for _, row := range []struct {
		path    string
		as      *visitor
		status  int
		session string
		has     string // parts of the HTML, with | between
	}{
		{"/", visit(s), 200, "none", `href="/login">Log in</a>|href="/signup">Sign up</a>`},
		{"/", s.arrive(m), 200, "active", frame},
		{"/how-it-works", visit(s), 200, "none", `>How it works</h1>|<a class="button primary" href="/login">Log in</a>|<code>__Host-Http-refreshToken</code>`},
		{"/how-it-works", s.arrive(m), 200, "active", frame + `|>How it works</h1>|id="flow-session"|<dd>` + m.session + `</dd>|<dd>at+jwt</dd>|<dd>EdDSA</dd>|<dd>` + s.URL + `/graphql</dd>|<g class="life">`},
		{"/login", visit(s), 200, "none", `>Log in</h1>|<label for="email">Email</label>|<label for="password">Password</label>|>Log in</button>`},
		{"/signup", visit(s), 200, "none", `>Create your account</h1>|<label for="name">Name</label>|<label for="email">Email</label>|<label for="password">Password</label>|>Create account</button>`},
		{"/posts", visit(s), 401, "none", `>Log in</h1>|<label for="email">Email</label>|<label for="password">Password</label>|>Log in</button>|action="/posts"`},
		{"/account", visit(s), 401, "none", `>Log in</h1>|>Log in</button>|action="/account"`},
		{"/posts", s.arrive(m), 200, "active", frame + `|>Your posts</h1>|<label for="title">Title</label>|<label for="body">Body</label>|>Publish</button>|<article|>First post</h2>|>Delete</button>`},
		{"/account", s.arrive(m), 200, "active", frame + `|>Your sessions</h1>|<li>|This device|>Revoke</button>|>Log out everywhere</button>|>Change password</h2>|>Change password</button>`},
	} {
		t.Run(fmt.Sprintf("%s of %s", row.path, row.session), func(t *testing.T) {
			v := row.as.on(t)
			p := v.get(row.path)
			v.want(p, row.status, row.session)
			for _, part := range strings.Split(row.has, "|") {
				if !strings.Contains(p.body, part) {
					t.Errorf("%s is not in the page: %s", part, p.text)
				}
			}
			if n := strings.Count(p.body, "<h1"); n != 1 {
				t.Errorf("it has %d headings of the first rank", n)
			}
			if got := p.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
				t.Errorf("Content-Type is %q", got)
			}
			if head := v.open("HEAD", row.path, ""); head.status != row.status || head.body != "" {
				t.Errorf("HEAD is answered with %d and %d bytes", head.status, len(head.body))
			}
		})
	}
}

// A restricted page without a live session is the login form at the same URL, and nothing restricted is in it.
func TestRestrictedPagesShowNothing(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	ada := s.register("ada")
	s.publish(ada, "Marker of a post")
	session := func(end func(m member)) string {
		m := s.another(ada)
		end(m)
		return m.refresh
	}
	for name, cookie := range map[string]string{
		"no cookie":     "",
		"garbage":       "garbage",
		"a guess":       ada.refresh[:37] + s.another(ada).refresh[37:],
		"an ended one":  session(func(m member) { s.ask(ask{query: logoutQuery, cookies: []string{m.refresh}}) }),
		"an idle one":   session(func(m member) { pass(t, db, m.session, 721*time.Hour) }),
		"a reused one":  session(func(m member) { s.rotated(s.rotated(m.refresh)); pass(t, db, m.session, time.Hour) }),
		"an access one": ada.access,
	} {
		for _, path := range []string{"/posts", "/account", "/posts?after=" + ada.session, "/account?done=password"} {
			t.Run(name+", "+path, func(t *testing.T) {
				v := (&visitor{site: s, cookie: cookie}).on(t)
				p := v.get(path)
				if p.status != 401 || p.header.Get("Location") != "" || v.form(p, "login").action != path {
					t.Errorf("%d %v", p.status, p.header)
				}
				for _, bad := range []string{"Marker", ada.email, ada.user.ID, ">Ada<", "Publish", "Revoke", "is changed"} {
					if strings.Contains(p.body, bad) {
						t.Errorf("%q is in the page:\n%s", bad, p.body)
					}
				}
				if len(p.header.Values("Set-Cookie")) > 0 {
					t.Errorf("it sets cookies: %s", p.header.Values("Set-Cookie"))
				}
			})
		}
	}
	s.rotated(ada.refresh)
}

// The login form says why a session ended, to the holder of its cookie.
func TestTheLoginFormSaysWhyASessionEnded(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{MaxTTL: 1000 * time.Hour})
	db := s.database()
	for i, row := range []struct {
		reason, words string
		end           func(m, other member)
	}{
		{"LOGGED_OUT", "You are logged out", func(m, _ member) { s.ask(ask{query: logoutQuery, cookies: []string{m.refresh}}) }},
		{"REVOKED", "another of your devices", func(m, other member) { s.as(other, revokeQuery, map[string]any{"id": m.session}) }},
		{"PASSWORD_CHANGED", "password was changed", func(_, other member) {
			s.as(other, changeQuery, map[string]any{"current": password, "new": "another password"})
		}},
		{"TOKEN_REUSED", "used again", func(m, _ member) {
			s.rotated(s.rotated(m.refresh))
			pass(t, db, m.session, time.Hour)
			s.refresh(m.refresh) // a client's: a page would end nothing
		}},
		{"IDLE", "a long time", func(m, _ member) { pass(t, db, m.session, 721*time.Hour) }},
		{"MAX_AGE", "greatest age", func(m, _ member) { pass(t, db, m.session, 1001*time.Hour) }},
	} {
		t.Run(row.reason, func(t *testing.T) {
			m := s.register(fmt.Sprintf("user%d", i))
			row.end(m, s.another(m))
			v := s.arrive(m).on(t)
			for range 2 { // the page leaves the cookie alone, so it says so again
				v.want(v.get("/posts"), 401, "ended", row.words)
			}
			v.want(v.get("/login"), 200, "ended", row.words)
			v.want(v.get("/"), 200, "ended")
			if a := s.refresh(v.cookie); a.said() != "UNAUTHENTICATED "+row.reason {
				t.Errorf("the API says %s", a.body)
			}
		})
	}
	v := (&visitor{site: s, cookie: "garbage"}).on(t)
	v.want(v.get("/posts"), 401, "none")
}

// What people write is text in every page, whatever it looks like.
func TestPostedHTMLIsText(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>&lt;b&gt;</textarea>`
	a := s.ask(ask{query: signUpQuery, vars: map[string]any{"email": "eve@example.com", "password": password, "name": evil},
		header: map[string]string{"User-Agent": evil}})
	v := s.arrive(s.member("eve", a, a.data.SignUp))
	v.follow(v.submit(v.form(v.get("/posts"), "publish"), "title", evil, "body", evil), "/posts")
	kept := v.submit(v.form(v.get("/posts"), "publish"), "title", "", "body", evil)
	v.want(kept, 422, "active", "A post needs a title.")
	login := visit(s)
	for name, p := range map[string]page{
		"posts": v.get("/posts"), "account": v.get("/account"), "kept input": kept,
		"a login": login.submit(login.form(login.get("/login"), "login"), "email", evil, "password", evil),
		"a query": v.get("/posts?x=" + `%22%3E%3Cscript%3Ealert(1)%3C/script%3E`),
	} {
		for _, bad := range []string{"<script>", "<img src=x", `"'>`} {
			if strings.Contains(p.body, bad) {
				t.Errorf("%s: %s is in the page as it was typed:\n%s", name, bad, p.body)
			}
		}
	}
	if p := v.get("/posts"); !strings.Contains(p.text, evil) {
		t.Errorf("what was written is not shown: %s", p.text)
	}
}
