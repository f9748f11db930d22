package route_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// turn is one presentation of a refresh token. Tokens have names: t0 is the one that came with the login, t1 the first
// that came after it, and so on.
type turn struct {
	pass    time.Duration // goes by before
	send    string
	minAge  int // seconds
	recover bool
	use     bool   // the access token that comes is used
	want    string // the token in the cookie, new or known, or "access" for no cookie, or the reason of a refusal
}

const (
	access = "access"
	reused = "TOKEN_REUSED"
	grace  = 30 // seconds, the contract's default
)

// The table of contract §3, and the counter-examples to leaving a rule of package auth out, with the contract's default lifetimes.
var refreshRows = []struct {
	name  string
	turns []turn
}{
	{"S1' current", []turn{{send: "t0", want: "t1"}, {send: "t1", want: "t2"}}},
	{"S1 younger than minAge", []turn{{send: "t0", minAge: grace, want: access}, {send: "t0", minAge: 1, want: access}}},
	{"S1' older than minAge", []turn{{pass: 11 * time.Second, send: "t0", minAge: 10, want: "t1"}}},
	{"S1' minAge is capped at the grace", []turn{{pass: 31 * time.Second, send: "t0", minAge: 1 << 30, want: "t1"}}},
	{"S1 age counts from the last answer with the token (C4)", []turn{
		{send: "t0", want: "t1"},
		{pass: 29 * time.Second, send: "t0", recover: true, want: "t1"},
		{pass: 20 * time.Second, send: "t1", minAge: grace, want: access},
		{pass: 11 * time.Second, send: "t1", minAge: grace, want: "t2"},
	}},
	{"S4 within the grace, as often as it is sent", []turn{
		{send: "t0", want: "t1"}, {send: "t0", want: "t1"}, {send: "t0", minAge: grace, recover: true, want: "t1"},
		{pass: 29 * time.Second, send: "t0", want: "t1"}, {send: "t1", want: "t2"},
	}},
	{"S4 leads to the session's current token, however far", []turn{
		{send: "t0", want: "t1"}, {send: "t1", want: "t2"}, {send: "t2", want: "t3"}, {send: "t0", want: "t3"}, {send: "t1", want: "t3"},
	}},
	{"S4 a token that came late is good (C3)", []turn{
		{send: "t0", want: "t1"}, {send: "t1", minAge: grace, want: access}, {send: "t0", want: "t1"},
		{pass: 40 * time.Second, send: "t1", minAge: grace, recover: true, want: "t2"},
	}},
	{"S5 the current token was sent within the grace", []turn{
		{send: "t0", want: "t1"}, {pass: 20 * time.Second, send: "t0", want: "t1"},
		{pass: 20 * time.Second, send: "t0", recover: true, want: "t1"},
	}},
	{"S5' a lost answer (C1)", []turn{
		{send: "t0", want: "t1"}, {pass: 23 * time.Hour, send: "t0", recover: true, want: "t2"},
		{pass: time.Hour, send: "t2", want: "t3"},
	}},
	{"S5' a fresh token, not the lost one (T3)", []turn{
		{send: "t0", want: "t1"}, {pass: 40 * time.Second, send: "t0", recover: true, use: true, want: "t2"},
		{pass: 40 * time.Second, send: "t1", recover: true, want: reused},
	}},
	{"S5 the successor was seen, but only just (C2)", []turn{
		{send: "t0", want: "t1"}, {pass: 20 * time.Hour, send: "t0", recover: true, want: "t2"},
		{send: "t2", minAge: grace, recover: true, want: access}, {pass: 29 * time.Second, send: "t0", recover: true, want: "t2"},
	}},
	{"R the successor was seen for longer than the grace", []turn{
		{send: "t0", want: "t1"}, {pass: 20 * time.Hour, send: "t0", recover: true, want: "t2"},
		{send: "t2", minAge: grace, recover: true, want: access}, {pass: 31 * time.Second, send: "t0", recover: true, want: reused},
	}},
	{"R without recover", []turn{{send: "t0", want: "t1"}, {pass: 31 * time.Second, send: "t0", want: reused}}},
	{"R the successor was presented", []turn{
		{send: "t0", want: "t1"}, {send: "t1", minAge: grace, want: access},
		{pass: 31 * time.Second, send: "t0", recover: true, want: reused},
	}},
	{"R the successor's access token was used", []turn{
		{send: "t0", use: true, want: "t1"}, {pass: 31 * time.Second, send: "t0", recover: true, want: reused},
	}},
	{"R later than recovery", []turn{
		{send: "t0", want: "t1"}, {pass: 24*time.Hour + time.Second, send: "t0", recover: true, want: reused},
	}},
	{"R ends the whole session", []turn{
		{send: "t0", want: "t1"}, {pass: 31 * time.Second, send: "t0", want: reused},
		{send: "t1", want: reused}, {send: "t1", minAge: grace, recover: true, want: reused}, {send: "t0", want: reused},
	}},
	{"S0' idle", []turn{{pass: 720*time.Hour + time.Second, send: "t0", recover: true, want: "IDLE"}}},
	{"not idle yet", []turn{{pass: 719 * time.Hour, send: "t0", want: "t1"}}},
	{"S0' too old", []turn{
		{pass: 700 * time.Hour, send: "t0", want: "t1"}, {pass: 700 * time.Hour, send: "t1", want: "t2"},
		{pass: 700 * time.Hour, send: "t2", want: "MAX_AGE"},
	}},
	{"S0 superseded, and forgotten after idle-ttl", []turn{
		{send: "t0", want: "t1"}, {pass: 700 * time.Hour, send: "t1", want: "t2"},
		{pass: 21 * time.Hour, send: "t0", want: "UNKNOWN_TOKEN"}, {send: "t2", want: "t3"},
	}},
}

func TestRefreshToken(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{MaxTTL: 2000 * time.Hour})
	db := s.database()
	ada := s.register("ada")
	for _, row := range refreshRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			play(site{s.Server, t}, db, ada, row.turns)
		})
	}
}

// With recovery switched off, or nearly, a superseded token is good for its grace and no longer.
func TestRefreshTokenWithoutRecovery(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{Recovery: time.Millisecond, Grace: 10 * time.Second})
	play(s, s.database(), s.register("ada"), []turn{
		{send: "t0", want: "t1"}, {pass: 9 * time.Second, send: "t0", recover: true, want: "t1"},
		{pass: 2 * time.Second, send: "t0", recover: true, want: reused},
	})
}

// play takes the turns, one after another, in a session of its own.
func play(s site, db *sql.DB, who member, turns []turn) {
	m := s.another(who)
	tokens := map[string]string{"t0": m.refresh}
	names := map[string]string{m.refresh: "t0"}
	for i, turn := range turns {
		if turn.pass > 0 {
			pass(s.t, db, m.session, turn.pass)
		}
		a := s.ask(ask{query: refreshQuery, cookies: []string{tokens[turn.send]},
			vars: map[string]any{"minAge": turn.minAge, "recover": turn.recover}})
		if token := a.cookie(); token != "" && names[token] == "" {
			name := "t" + strconv.Itoa(len(names))
			names[token], tokens[name] = name, token
		}
		if got := outcome(s.t, a, m, names); got != turn.want {
			s.t.Fatalf("turn %d, %+v: the answer is %s, not %s: %s", i+1, turn, got, turn.want, a.body)
		}
		if turn.use {
			if me := s.ask(ask{query: meQuery, bearer: a.data.RefreshToken.AccessToken}); me.said() != "" {
				s.t.Fatalf("turn %d: the access token is answered with %d %s", i+1, me.status, me.body)
			}
		}
	}
}

// outcome names an answer as turn.want does, and holds what is true of every one.
func outcome(t *testing.T, a answer, m member, names map[string]string) string {
	t.Helper()
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, Cache-Control %q", a.status, a.header.Get("Cache-Control"))
	}
	p := a.data.RefreshToken
	if p == nil {
		if a.cookie() != "" || !a.clears() || a.errors[0].Extensions["code"] != "UNAUTHENTICATED" {
			t.Errorf("refused with %s and the cookies %s", a.body, a.header.Values("Set-Cookie"))
		}
		return fmt.Sprint(a.errors[0].Extensions["reason"])
	}
	c := claimsOf(t, p.AccessToken)
	if p.User != m.user || c.Session != m.session || c.Expiry != p.ExpiryDate.Unix() {
		t.Errorf("answered with %+v and %+v, want the user %+v and session %s", *p, c, m.user, m.session)
	}
	if token := a.cookie(); token != "" {
		return names[token]
	}
	if lines := a.setCookies(graph.CookieName); len(lines) > 0 {
		t.Errorf("no token, and yet the cookies %s", lines)
	}
	return access
}
