package auth_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// tooOften holds that an error is RATE_LIMITED for what was done with the right password.
func tooOften(t *testing.T, err error, wait time.Duration) {
	t.Helper()
	if e := wantError(t, err, auth.CodeRateLimited, auth.ReasonTooMany); e.RetryAfter != wait {
		t.Errorf("retry after %v, want %v", e.RetryAfter, wait)
	}
}

// TestLimitOfLogins logs in with the right password again and again. A wrong one is told as before, a sign-up is not
// counted, and sessions that live go on.
func TestLimitOfLogins(t *testing.T) {
	cfg := standard
	cfg.Logins = 3
	inBubble(t, cfg, func(t *testing.T, w *world) {
		g := w.signUp()
		for i := range 3 {
			if err := w.login(email, password, fmt.Sprintf("192.0.2.%d", i)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
		for range 2 {
			tooOften(t, w.login(email, password, "192.0.2.9"), 30*time.Minute)
		}
		w.fail(1, email, "192.0.2.9")
		w.used(w.refreshed(g.RefreshToken, plain))
		if n := w.count(`select count(*) from sessions`); n != 4 {
			t.Errorf("%d sessions, want 4", n)
		}
		if n := w.count(`select count(*) from login_failures where subject like 'login:%'`); n != 3 {
			t.Errorf("%d logins are counted, want 3", n)
		}
		if _, err := w.SignUp(w.ctx, "eve@example.com", password, "", from()); err != nil {
			t.Errorf("another account: %v", err)
		}
		time.Sleep(30 * time.Minute)
		if err := w.login(email, password, "192.0.2.9"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		w.runFor(2 * time.Second)
		if n := w.count(`select times from audit where kind = 'LOGIN_FAILED' and reason = 'TOO_MANY'`); n != 2 {
			t.Errorf("%d refused logins are on record, want 2", n)
		}
	})
}

func TestLimitOfPasswordChanges(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		id := w.used(g)
		current := password
		change := func() error {
			next := fmt.Sprintf("another password %d", time.Now().UnixNano())
			err := w.ChangePassword(w.ctx, from(), id, current, next)
			if err == nil {
				current = next
			}
			return err
		}
		for range 10 {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		tooOften(t, change(), 50*time.Minute)
		if err := w.login(email, current, "192.0.2.9"); err != nil {
			t.Errorf("the password after a refused change: %v", err)
		}
		time.Sleep(50 * time.Minute)
		if err := change(); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

// TestTooManySessions logs one account in on more devices than it may have sessions. The longest unused ends, and its
// holder is told why.
func TestTooManySessions(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		var others []auth.Grant
		login := func() {
			t.Helper()
			g, err := w.Login(w.ctx, email, password, from())
			if err != nil {
				t.Fatal(err)
			}
			others = append(others, g)
			time.Sleep(time.Second)
		}
		for range auth.MaxSessions - 1 {
			login()
		}
		first = w.refreshed(first.RefreshToken, plain)
		login()
		if list, err := w.Sessions(w.ctx, w.used(first)); len(list) != auth.MaxSessions || err != nil {
			t.Errorf("%d sessions, %v", len(list), err)
		}
		_, err := w.Authenticate(w.ctx, others[0].AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonTooMany)
		w.refused(others[0].RefreshToken, plain, auth.ReasonTooMany)
		w.used(w.refreshed(others[1].RefreshToken, plain))

		// A browser that logs in anew has its old session's place.
		v := from(others[2].RefreshToken)
		if _, err := w.Login(w.ctx, email, password, v); err != nil {
			t.Fatal(err)
		}
		w.refused(others[2].RefreshToken, plain, auth.ReasonLoggedOut)
		w.used(w.refreshed(others[3].RefreshToken, plain))
		if n := w.count(`select count(*) from audit where kind = 'SESSION_ENDED' and reason = 'TOO_MANY'`); n != 1 {
			t.Errorf("%d sessions ended because of too many, want 1", n)
		}

		// Dead sessions make room first, with the reason that they died of.
		time.Sleep(idle + time.Minute)
		if _, err := w.Login(w.ctx, email, password, from()); err != nil {
			t.Fatal(err)
		}
		if n := w.count(`select count(*) from sessions where end_reason = 'IDLE'`); n != 1 {
			t.Errorf("%d idle sessions made room, want 1", n)
		}
	})
}
