package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// meter writes down what it is told.
type meter struct {
	mu   sync.Mutex // guards told
	told []string
}

func (m *meter) tell(words ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, strings.Join(words, " "))
}

func (m *meter) Login(outcome string)   { m.tell("login", outcome) }
func (m *meter) Refresh(outcome string) { m.tell("refresh", outcome) }
func (m *meter) Ended(reason auth.Reason, sessions int) {
	for range sessions {
		m.tell("ended", string(reason))
	}
}

// metered is what may happen, with what the meter is told of it.
var metered = []struct {
	name string
	do   func(w *world, g auth.Grant)
	want string
}{
	{"login", func(w *world, _ auth.Grant) { w.loggedIn("Phone") }, "login OK"},
	{"wrong password", func(w *world, _ auth.Grant) { w.wrong(email, "192.0.2.1") }, "login INVALID_CREDENTIALS"},
	{"login in the place of a session", func(w *world, g auth.Grant) {
		if _, err := w.Login(w.ctx, email, password, from(g.RefreshToken)); err != nil {
			w.t.Fatal(err)
		}
	}, "ended LOGGED_OUT, login OK"},
	{"rotation", func(w *world, g auth.Grant) { w.refreshed(g.RefreshToken, plain) }, "refresh ROTATED"},
	{"no rotation", func(w *world, g auth.Grant) { w.refreshed(g.RefreshToken, page) }, "refresh KEPT"},
	{"repetition", func(w *world, g auth.Grant) {
		w.refreshed(g.RefreshToken, plain)
		w.refreshed(g.RefreshToken, page)
	}, "refresh ROTATED, refresh REPEATED"},
	{"recovery", func(w *world, g auth.Grant) {
		w.refreshed(g.RefreshToken, plain)
		time.Sleep(time.Hour)
		w.refreshed(g.RefreshToken, page)
	}, "refresh ROTATED, refresh RECOVERED"},
	{"reuse", func(w *world, g auth.Grant) {
		w.refreshed(g.RefreshToken, plain)
		time.Sleep(time.Hour)
		w.refused(g.RefreshToken, plain, auth.ReasonTokenReused)
	}, "refresh ROTATED, ended TOKEN_REUSED, refresh TOKEN_REUSED"},
	{"no token", func(w *world, _ auth.Grant) {
		_, err := w.Refresh(w.ctx, from(), plain)
		wantError(w.t, err, auth.CodeUnauthenticated, auth.ReasonNoToken)
	}, "refresh NO_TOKEN"},
	{"unknown token", func(w *world, _ auth.Grant) {
		w.refused(auth.NewRefreshToken(), plain, auth.ReasonUnknownToken)
	}, "refresh UNKNOWN_TOKEN"},
	{"idle session", func(w *world, g auth.Grant) {
		time.Sleep(idle + time.Second)
		w.refused(g.RefreshToken, plain, auth.ReasonIdle)
	}, "refresh IDLE"},
	{"logout", func(w *world, g auth.Grant) {
		if err := w.Logout(w.ctx, from(g.RefreshToken), nil); err != nil {
			w.t.Fatal(err)
		}
		w.refused(g.RefreshToken, plain, auth.ReasonLoggedOut)
	}, "ended LOGGED_OUT, refresh LOGGED_OUT"},
	{"revocation", func(w *world, g auth.Grant) {
		if _, err := w.RevokeSession(w.ctx, from(), w.used(g), g.SessionID); err != nil {
			w.t.Fatal(err)
		}
	}, "ended REVOKED"},
	{"change of the password", func(w *world, g auth.Grant) {
		w.loggedIn("Phone")
		if err := w.ChangePassword(w.ctx, from(), w.used(g), password, "another password"); err != nil {
			w.t.Fatal(err)
		}
	}, "login OK, ended PASSWORD_CHANGED"},
	{"a broken database", func(w *world, g auth.Grant) {
		if err := w.store.Close(); err != nil {
			w.t.Fatal(err)
		}
		_, err := w.Refresh(w.ctx, from(g.RefreshToken), plain)
		wantError(w.t, err, auth.CodeInternal, "")
	}, "refresh INTERNAL_SERVER_ERROR"},
}

// Every login, refresh and ending is counted once.
func TestTheMeterIsTold(t *testing.T) {
	for _, row := range metered {
		t.Run(row.name, func(t *testing.T) {
			cfg, m := standard, &meter{}
			cfg.Meter = m
			inBubble(t, cfg, func(t *testing.T, w *world) {
				g := w.signUp()
				row.do(w, g)
				if got := strings.Join(m.told, ", "); got != row.want {
					t.Errorf("told %q, want %q", got, row.want)
				}
			})
		})
	}
}
