package route_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

// late is a member whose browser sends a token that a refresh would be reuse with, and the session's current token.
func (s site) late(name string, db *sql.DB) (m member, current string) {
	s.t.Helper()
	m = s.register(name)
	current = s.rotated(s.rotated(m.refresh))
	s.publish(m, "Marker of "+name)
	pass(s.t, db, m.session, time.Hour)
	return m, current
}

// rows is what the database holds of the member's session and of its user's posts, but for superseded tokens: these may be
// pruned at any time.
func rows(t *testing.T, db *sql.DB, m member) string {
	t.Helper()
	return value[string](t, db, `select group_concat(row, char(10)) from (
		select 'token ' || generation || ' ' || sent_at || ' ' || coalesce(seen_at, '') row
			from refresh_tokens where session_id = $1 and superseded_at is null
		union all select 'session ' || generation || ' ' || coalesce(ended_at, '') || ' ' || coalesce(end_reason, '')
			from sessions where id = $1
		union all select 'audit ' || kind || ' ' || reason from audit where session_id = $1
		union all select 'post ' || title from posts where user_id = $2)`, m.session, m.user.ID)
}

// undecidedRow is a request for a page, and what it is answered with where only a client's refresh may judge its token.
type undecidedRow struct {
	method, path, form string
	status             int
	looks              bool
}

func undecidedRows(ada member, post string) []undecidedRow {
	return []undecidedRow{
		{"GET", "/posts", "", 401, true},
		{"GET", "/account", "", 401, true},
		{"GET", "/login", "", 200, true},
		{"GET", "/signup", "", 200, true},
		{"GET", "/", "", 200, false},
		{"GET", "/how-it-works", "", 200, false},
		{"POST", "/posts", "intent=publish&title=Typed&body=b", 401, true},
		{"POST", "/posts", "intent=delete&post=" + post, 401, true},
		{"POST", "/account", "intent=revoke&session=" + ada.session, 401, true},
		{"POST", "/account", "intent=change-password&current=" + password + "&new=another+password", 401, true},
		{"POST", "/account", "intent=logout-everywhere", 401, true},
		{"POST", "/posts", "intent=login&email=eve@example.com&password=wrong", 401, false},
	}
}

// A page, or a form's post, that comes with such a token changes nothing, shows nothing of the session, and leaves the
// cookie alone. It says that the session is being looked for. The same token in a client's refresh still ends the session.
func TestAPageEndsNoSession(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	ada, current := s.late("ada", db)
	v := s.arrive(ada)
	before := rows(t, db, ada)
	for _, row := range undecidedRows(ada, s.posts(ada)[0].ID) {
		t.Run(row.method+" "+row.path+" "+row.form, func(t *testing.T) {
			v := v.on(t)
			p := v.open(row.method, row.path, row.form)
			v.want(p, row.status, "none")
			undecided := strings.Contains(p.body, " data-undecided>")
			if looks := strings.Contains(p.text, "Looking for your session…"); looks != row.looks || undecided != (row.looks || row.method == http.MethodGet) {
				t.Errorf("undecided: %t, it looks: %t: %s", undecided, looks, p.text)
			}
			for _, bad := range []string{"Marker", ada.user.ID, ada.session, ">Ada<", "Publish", "Revoke", "an old key"} {
				if strings.Contains(p.body, bad) {
					t.Errorf("%q is in the page:\n%s", bad, p.body)
				}
			}
			if lines := p.header.Values("Set-Cookie"); len(lines) > 0 {
				t.Errorf("it sets cookies: %s", lines)
			}
			if after := rows(t, db, ada); after != before {
				t.Errorf("the database had\n%s\nand has\n%s", before, after)
			}
		})
	}
	v.on(t)
	if a := s.refresh(ada.refresh); a.said() != "UNAUTHENTICATED TOKEN_REUSED" || !a.clears() {
		t.Errorf("the API says %s", a.body)
	}
	v.want(v.get("/posts"), 401, "ended", "used again")
	if a := s.refresh(current); a.said() != "UNAUTHENTICATED TOKEN_REUSED" {
		t.Errorf("of the current token the API says %s", a.body)
	}
	// What is refused is recorded a moment later: of the pages above nothing is.
	const refused = `select count(*) from audit where kind = 'REFRESH_REFUSED' and session_id = $1`
	eventually(t, "what was refused is on record", func() bool { return value[int](t, db, refused, ada.session) > 0 })
	if n := value[int](t, db, refused+` and reason <> 'TOKEN_REUSED'`, ada.session); n != 0 {
		t.Errorf("%d entries of pages are on record", n)
	}
}

// Logging in, signing up and logging out by a browser that holds such a token end its session, and the record says why.
func TestFormsEndTheSessionOfALateToken(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	for name, do := range map[string]func(v *visitor, m member) page{
		"login": func(v *visitor, m member) page {
			return v.submit(v.form(v.get("/posts"), "login"), "email", m.email, "password", password)
		},
		"signup": func(v *visitor, _ member) page {
			return v.submit(v.form(v.get("/signup"), "signup"), "email", "new@example.com", "password", password)
		},
		"logout": func(v *visitor, _ member) page { return v.open("POST", "/posts", "intent=logout") },
		"logout by the api": func(v *visitor, m member) page {
			return page{answer: s.ask(ask{query: logoutQuery, cookies: []string{m.refresh}})}
		},
		"login by the api": func(v *visitor, m member) page {
			return page{answer: s.ask(ask{query: loginQuery, cookies: []string{m.refresh}, vars: map[string]any{"email": m.email, "password": password}})}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := site{s.Server, t}
			m, current := s.late(strings.ReplaceAll(name, " ", "-"), db)
			v := s.arrive(m)
			if p := do(v, m); p.status != 303 && p.said() != "" {
				t.Fatalf("%d %s", p.status, p.body)
			}
			if got := value[string](t, db, `select end_reason || ' ' || end_token_id || ' ' || end_ip from sessions where id = $1`, m.session); got != "TOKEN_REUSED "+m.session+"/1 127.0.0.1" {
				t.Errorf("the session ended by %s", got)
			}
			if n := value[int](t, db, `select count(*) from audit where kind = 'SESSION_ENDED' and reason = 'TOKEN_REUSED' and session_id = $1 and token_id = $2`,
				m.session, m.session+"/1"); n != 1 {
				t.Errorf("%d entries of it are on record", n)
			}
			if a := s.refresh(current); a.said() != "UNAUTHENTICATED TOKEN_REUSED" {
				t.Errorf("of the current token the API says %s", a.body)
			}
		})
	}
}

// With scripts off the login form on such a page holds a post that was typed, and gives it back to its author.
func TestAPostWithALateTokenIsKept(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	ada, _ := s.late("ada", db)
	v := s.arrive(ada)
	p := v.open("POST", "/posts", "intent=publish&title=Typed&body=Body&user="+ada.user.ID)
	p = v.submit(v.form(p, "login", "kept-title", "Typed", "kept-body", "Body"), "email", ada.email, "password", password)
	v.want(p, 200, "active", "You had to log in again")
	if f := v.form(p, "publish"); f.fields.Get("title") != "Typed" {
		t.Errorf("the form has %v", f.fields)
	}
	if n := value[int](t, db, `select count(*) from posts where title = 'Typed'`); n != 0 {
		t.Errorf("%d posts were published", n)
	}
}
