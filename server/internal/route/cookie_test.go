package route_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// The cookie as contract §3 has it, character by character.
func TestRefreshCookie(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{IdleTTL: 100 * time.Hour})
	ada := s.register("ada")
	const attributes = "; Path=/; Max-Age=360000; HttpOnly; Secure; SameSite=Lax"
	for _, row := range []struct {
		name string
		ask  ask
	}{
		{"sign up", ask{query: signUpQuery, vars: map[string]any{"email": "new@example.com", "password": password}}},
		{"login", ask{query: loginQuery, vars: map[string]any{"email": ada.email, "password": password}}},
		{"rotation", ask{query: plainRefresh, cookies: []string{ada.refresh}}},
		{"the current token once more", ask{query: plainRefresh, cookies: []string{ada.refresh}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := site{s.Server, t}.ask(row.ask)
			lines := a.setCookies(graph.CookieName)
			want := "__Host-Http-refreshToken=" + a.cookie() + attributes
			if a.cookie() == "" || len(lines) != 1 || lines[0] != want {
				t.Errorf("the cookies are %q, want one:\n%s", lines, want)
			}
			id, secret, _ := strings.Cut(a.cookie(), ".")
			if raw, err := base64.RawURLEncoding.DecodeString(secret); id == "" || err != nil || len(raw) != 32 {
				t.Errorf("%q is not <id>.<32 bytes>", a.cookie())
			}
			if strings.Contains(a.body, secret) {
				t.Errorf("the refresh token is in the body: %s", a.body)
			}
		})
	}
	a := s.ask(ask{query: logoutQuery})
	const cleared = "__Host-Http-refreshToken=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
	if got, want := a.header.Values("Set-Cookie"), []string{cleared, cleared + "; Partitioned"}; !slices.Equal(got, want) {
		t.Errorf("clearing sends %q, want %q", got, want)
	}
}

// What is no token at all is refused and cleared, and harms no session.
func TestGarbageInTheCookie(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m := s.register("ada")
	id, secret, _ := strings.Cut(m.refresh, ".")
	other := strings.SplitN(s.another(m).refresh, ".", 2)
	rows := []struct{ name, value string }{
		{"empty", ""},
		{"a word", "garbage"},
		{"an id alone", id},
		{"an id and a dot", id + "."},
		{"a secret alone", "." + secret},
		{"an unknown id", "019a0000-0000-7000-8000-000000000000." + secret},
		{"a guess", id + "." + other[1]},
		{"a secret too short", id + "." + secret[:42]},
		{"a secret too long", id + "." + secret + "A"},
		{"two secrets", m.refresh + "." + other[1]},
		{"the id in capitals", strings.ToUpper(id) + "." + secret},
		{"another alphabet", id + "." + strings.Repeat("+", 43)},
		{"SQL", "' or 1=1 --." + secret},
		{"huge", strings.Repeat("x", 5000)},
		{"an access token", m.access},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := site{s.Server, t}.refresh(row.value)
			if a.status != 200 || a.said() != "UNAUTHENTICATED UNKNOWN_TOKEN" || !a.clears() || a.cookie() != "" {
				t.Errorf("%d %s %v", a.status, a.body, a.header.Values("Set-Cookie"))
			}
		})
	}
	if a := s.ask(ask{query: plainRefresh}); a.status != 200 || a.said() != "UNAUTHENTICATED NO_TOKEN" || !a.clears() {
		t.Errorf("no cookie is answered with %d %s %v", a.status, a.body, a.header.Values("Set-Cookie"))
	}
	s.rotated(m.refresh)
}

// A guess at a token that is past its grace, where the right secret would end the session, ends nothing.
func TestAGuessHarmsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	current := s.rotated(m.refresh)
	pass(t, db, m.session, time.Hour)
	id, _, _ := strings.Cut(m.refresh, ".")
	_, wrong, _ := strings.Cut(current, ".")
	if a := s.refresh(id + "." + wrong); a.said() != "UNAUTHENTICATED UNKNOWN_TOKEN" {
		t.Errorf("the guess is answered with %s", a.body)
	}
	current = s.rotated(current)
	if a := s.as(m, meQuery, nil); a.status != 200 || a.said() != "" {
		t.Errorf("the session's access token is answered with %d %s", a.status, a.body)
	}
	if a := s.refresh(m.refresh); a.said() != "UNAUTHENTICATED TOKEN_REUSED" {
		t.Errorf("the right secret is answered with %s", a.body)
	}
	if a := s.refresh(current); a.said() != "UNAUTHENTICATED TOKEN_REUSED" {
		t.Errorf("after the reuse the current token is answered with %s", a.body)
	}
}

// Of several cookies of the name each is tried, and the live session's wins, wherever it stands.
func TestSeveralCookies(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	ada := s.register("ada")
	ended := s.another(ada)
	s.ask(ask{query: logoutQuery, cookies: []string{ended.refresh}})
	idle := s.another(ada)
	pass(t, db, idle.session, 721*time.Hour)
	for _, row := range []struct {
		name   string
		before []string
		after  []string
		want   string // "" for an answer
	}{
		{"an ended session's before", []string{ended.refresh}, nil, ""},
		{"an ended session's behind", nil, []string{ended.refresh}, ""},
		{"garbage around", []string{"garbage", idle.refresh}, []string{"more", ended.refresh}, ""},
		{"the same one twice", nil, nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := site{s.Server, t}
			m := s.another(ada)
			cookies := slices.Concat(row.before, []string{m.refresh, m.refresh}, row.after)
			a := s.ask(ask{query: plainRefresh, cookies: cookies})
			if a.said() != row.want || a.clears() || claimsOf(t, a.data.RefreshToken.AccessToken).Session != m.session {
				t.Fatalf("%d %s %v", a.status, a.body, a.header)
			}
			s.rotated(a.cookie())
		})
	}
	a := s.ask(ask{query: plainRefresh, cookies: []string{"garbage", ended.refresh, idle.refresh}})
	if a.said() != "UNAUTHENTICATED LOGGED_OUT" || !a.clears() {
		t.Errorf("none that lives: %s %v, want what tells most", a.body, a.header)
	}
}

// Whoever also holds the session's current token does not lose it over the leftover of an older one.
func TestReuseBesideTheCurrentToken(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	m := s.register("ada")
	token := s.rotated(m.refresh)
	for range 2 {
		pass(t, db, m.session, time.Hour)
		a := s.ask(ask{query: plainRefresh, cookies: []string{m.refresh, token}})
		if a.said() != "" || a.cookie() == "" || a.cookie() == token {
			t.Fatalf("%d %s", a.status, a.body)
		}
		token = a.cookie()
	}
	if a := s.refresh(m.refresh); a.said() != "UNAUTHENTICATED TOKEN_REUSED" {
		t.Errorf("alone, the older one is answered with %s", a.body)
	}
}

// A leftover that counts as reuse does not cost the live session beside it, but its own.
func TestReuseBesideALiveSession(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	db := s.database()
	stolen := s.register("ada")
	next := s.rotated(stolen.refresh)
	pass(t, db, stolen.session, time.Hour)
	m := s.another(stolen)
	a := s.ask(ask{query: plainRefresh, cookies: []string{stolen.refresh, m.refresh}})
	if a.said() != "" || claimsOf(t, a.data.RefreshToken.AccessToken).Session != m.session {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s.rotated(a.cookie())
	if a := s.refresh(next); a.said() != "UNAUTHENTICATED TOKEN_REUSED" {
		t.Errorf("the session of the reused token answers %s", a.body)
	}
}
