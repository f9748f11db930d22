package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

func (w *world) loggedIn(userAgent string) auth.Grant {
	w.t.Helper()
	v := from()
	v.UserAgent = userAgent
	g, err := w.Login(w.ctx, email, password, v)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) sessionIDs(id auth.Identity) []string {
	w.t.Helper()
	list, err := w.Sessions(w.ctx, id)
	if err != nil {
		w.t.Fatal(err)
	}
	ids := []string{}
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestSessions(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		start := time.Now().UTC()
		a := w.signUp()
		time.Sleep(62 * time.Minute)
		b := w.loggedIn("Phone\x00/\n2.0\xff")
		id := w.used(b)
		time.Sleep(7 * time.Minute)
		w.refreshed(a.RefreshToken, page)
		list, err := w.Sessions(w.ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		used, since := start.Add(65*time.Minute), start.Add(62*time.Minute) // 69 rounded down; 62, for none is used before it is made
		want := []auth.Session{
			{ID: a.SessionID, UserID: id.UserID, CreatedAt: start, LastUsedAt: used, ExpiresAt: used.Add(idle), UserAgent: "Test/1.0", IP: "192.0.2.7"},
			{ID: b.SessionID, UserID: id.UserID, CreatedAt: since, LastUsedAt: since,
				ExpiresAt: since.Add(idle), UserAgent: "Phone/2.0", IP: "192.0.2.7"},
		}
		if diff := cmp.Diff(want, list); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
		if _, err := w.RevokeSession(w.ctx, from(), id, a.SessionID); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{b.SessionID}, w.sessionIDs(id)); diff != "" {
			t.Errorf("after revoking (-want +got):\n%s", diff)
		}
		time.Sleep(idle)
		if diff := cmp.Diff([]string{}, w.sessionIDs(id)); diff != "" {
			t.Errorf("after idling (-want +got):\n%s", diff)
		}
	})
}

// TestSessionsOfShortLife has a session that would seem to have ended if its end were taken from the rounded time.
func TestSessionsOfShortLife(t *testing.T) {
	cfg := standard
	cfg.IdleTTL = 2 * time.Minute
	inBubble(t, cfg, func(t *testing.T, w *world) {
		g := w.signUp()
		for range 9 {
			time.Sleep(time.Minute)
			g = w.refreshed(g.RefreshToken, plain)
		}
		list, err := w.Sessions(w.ctx, w.used(g))
		if err != nil || len(list) != 1 {
			t.Fatalf("%d sessions, %v", len(list), err)
		}
		if left := time.Until(list[0].ExpiresAt); left != 2*time.Minute {
			t.Errorf("a live session ends in %v", left)
		}
	})
}

func TestRevokeSession(t *testing.T) {
	w := newWorld(t, standard)
	mine := w.signUp()
	id := w.used(mine)
	eve, err := w.SignUp(w.ctx, "eve@example.com", password, "", from())
	if err != nil {
		t.Fatal(err)
	}
	other := w.loggedIn("Phone")
	for _, row := range []struct{ name, sessionID string }{
		{"somebody else's", eve.SessionID}, {"unknown", eve.User.ID}, {"malformed", "x'; --"}, {"empty", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			ok, err := w.RevokeSession(w.ctx, from(), id, row.sessionID)
			if wantError(t, err, auth.CodeNotFound, ""); ok {
				t.Error("true with an error")
			}
		})
	}
	w.refreshed(eve.RefreshToken, plain)
	w.refreshed(mine.RefreshToken, plain)
	if ok, err := w.RevokeSession(w.ctx, from(), id, other.SessionID); !ok || err != nil {
		t.Fatal(ok, err)
	}
	w.refused(other.RefreshToken, plain, auth.ReasonRevoked)
	_, err = w.Authenticate(w.ctx, other.AccessToken, true)
	wantError(t, err, auth.CodeUnauthenticated, auth.ReasonRevoked)
	_, err = w.RevokeSession(w.ctx, from(), id, other.SessionID)
	wantError(t, err, auth.CodeNotFound, "")
	if n := w.count(`select count(*) from sessions where end_session_id = ? and end_reason = 'REVOKED'`, mine.SessionID); n != 1 {
		t.Error("who revoked it is not on record")
	}
}

func TestLogout(t *testing.T) {
	for _, row := range []struct {
		name   string
		cookie func(first, rotated auth.Grant) []string
		bearer bool
		ended  bool
	}{
		{"by the cookie", func(_, r auth.Grant) []string { return []string{r.RefreshToken} }, false, true},
		{"by the Bearer alone", func(_, _ auth.Grant) []string { return nil }, true, true},
		{"by both", func(_, r auth.Grant) []string { return []string{r.RefreshToken} }, true, true},
		{"by a superseded token", func(f, _ auth.Grant) []string { return []string{f.RefreshToken} }, false, true},
		{"junk before the cookie", func(_, r auth.Grant) []string { return []string{"junk", r.RefreshToken} }, false, true},
		{"by nothing", func(_, _ auth.Grant) []string { return nil }, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				first := w.signUp()
				id := w.used(first)
				other := w.loggedIn("Phone")
				rotated := w.refreshed(first.RefreshToken, plain)
				time.Sleep(time.Hour)
				var bearer *auth.Identity
				if row.bearer {
					bearer = &id
				}
				for range 2 { // the second time there is nothing to end
					if err := w.Logout(w.ctx, from(row.cookie(first, rotated)...), bearer); err != nil {
						t.Fatal(err)
					}
				}
				if row.ended {
					w.refused(rotated.RefreshToken, page, auth.ReasonLoggedOut)
				} else {
					w.refreshed(rotated.RefreshToken, page)
				}
				w.refreshed(other.RefreshToken, page)
			})
		})
	}
}

func TestLogoutEverywhere(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		a := w.signUp()
		b := w.loggedIn("Phone")
		eve, err := w.SignUp(w.ctx, "eve@example.com", password, "", from())
		if err != nil {
			t.Fatal(err)
		}
		n, err := w.LogoutEverywhere(w.ctx, from(), w.used(a))
		if n != 2 || err != nil {
			t.Errorf("ended %d, %v", n, err)
		}
		for _, g := range []auth.Grant{a, b} {
			w.refused(g.RefreshToken, plain, auth.ReasonLoggedOut)
			_, err := w.Authenticate(w.ctx, g.AccessToken, true)
			wantError(t, err, auth.CodeUnauthenticated, auth.ReasonLoggedOut)
		}
		w.used(eve)
		w.refreshed(eve.RefreshToken, plain)
	})
}

func TestCancelledContext(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		id := w.used(g)
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		_, refreshErr := w.Refresh(ctx, from(g.RefreshToken), plain)
		_, listErr := w.Sessions(ctx, id)
		_, everywhereErr := w.LogoutEverywhere(ctx, from(), id)
		_, loginErr := w.Login(ctx, email, password, from())
		for name, err := range map[string]error{
			"refresh": refreshErr, "sessions": listErr, "everywhere": everywhereErr, "login": loginErr,
			"logout": w.Logout(ctx, from(g.RefreshToken), &id),
		} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.refreshed(g.RefreshToken, plain)
	})
}
