package route_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

const activityQuery = `query($first: Int! = 20, $after: ID) { activity(first: $first, after: $after) {
	id kind reason at lastAt count session current userAgent ip } }`

type entry struct {
	ID, Kind, Reason, Session string
	At, LastAt                time.Time
	Count                     int
	Current                   bool
	UserAgent, IP             string
}

// activity returns what happened to the member's account, newest first.
func (s site) activity(m member, vars map[string]any) []entry {
	s.t.Helper()
	a := s.as(m, activityQuery, vars)
	var body struct{ Data struct{ Activity []entry } }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.said() != "" {
		s.t.Fatalf("activity: %v, %d %s", err, a.status, a.body)
	}
	return body.Data.Activity
}

// Users see what happened to their account and what was tried on it, and nothing of others.
func TestActivity(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	m, other := s.register("ada"), s.register("grace")
	thief := map[string]string{"User-Agent": "Thief/1.0"}
	for range 3 {
		a := s.ask(ask{query: loginQuery, vars: map[string]any{"email": m.email, "password": "wrong password"}, header: thief})
		if a.said() != "UNAUTHENTICATED INVALID_CREDENTIALS" {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	s.ask(ask{query: loginQuery, vars: map[string]any{"email": other.email, "password": "wrong password"}})
	mine := s.loginWith(m.email, password)
	s.as(mine, revokeQuery, map[string]any{"id": m.session})
	s.ask(ask{query: plainRefresh, cookies: []string{m.refresh}, header: thief})
	var got []entry
	eventually(t, "the activity", func() bool {
		got = s.activity(mine, nil)
		return len(got) == 4
	})
	for i, want := range []entry{
		{Kind: "REFRESH_REFUSED", Reason: "REVOKED", Session: m.session, Count: 1, UserAgent: "Thief/1.0"},
		{Kind: "SESSION_ENDED", Reason: "REVOKED", Session: m.session, Count: 1, UserAgent: got[1].UserAgent},
		{Kind: "LOGGED_IN", Session: mine.session, Count: 1, Current: true, UserAgent: got[2].UserAgent},
		{Kind: "LOGIN_FAILED", Reason: "INVALID_CREDENTIALS", Count: 3, UserAgent: "Thief/1.0"},
	} {
		want.ID, want.At, want.LastAt, want.IP = got[i].ID, got[i].At, got[i].LastAt, "127.0.0.1"
		if got[i] != want || got[i].UserAgent == "" || time.Since(got[i].At) > time.Minute || got[i].LastAt.Before(got[i].At) {
			t.Errorf("entry %d: %+v, want %+v", i, got[i], want)
		}
	}
	if rest := s.activity(mine, map[string]any{"first": 2, "after": got[1].ID}); len(rest) != 2 || rest[0] != got[2] {
		t.Errorf("behind the second: %+v", rest)
	}
	for name, vars := range map[string]map[string]any{"too many": {"first": 101}, "no id": {"after": "x"}} {
		if a := s.as(mine, activityQuery, vars); !strings.HasPrefix(a.said(), "BAD_USER_INPUT") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := s.as(mine, `{ a: activity(first: 100) { id kind at } b: activity(first: 100) { id kind at } c: posts(first: 100) { id }
		d: activity(first: 100) { id kind at ip } e: activity(first: 100) { id kind at ip } f: activity(first: 100) { id kind at ip }
		g: activity(first: 100) { id kind at ip } }`, nil); a.status != 422 {
		t.Errorf("a query for very much: %d %.200s", a.status, a.body)
	}
}
