package auth_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// What a process must know of ended sessions follows from the tokens that may be about, and not from its own access-ttl.

// lasting is the standard configuration with this life of access tokens.
func lasting(ttl time.Duration) auth.Config {
	cfg := standard
	cfg.AccessTTL = ttl
	return cfg
}

// loggedOut refuses the access token of a session that its holder logged out of.
func loggedOut(t *testing.T, w *world, s *auth.Service, token string) {
	t.Helper()
	_, err := s.Authenticate(w.ctx, token, true)
	wantError(t, err, auth.CodeUnauthenticated, auth.ReasonLoggedOut)
}

// TestEndedSessionStaysEndedAfterRestart starts servers with shorter lives of access tokens than the one that signed.
func TestEndedSessionStaysEndedAfterRestart(t *testing.T) {
	inBubble(t, lasting(time.Hour), func(t *testing.T, w *world) {
		live, g := w.loggedInAs("eve@example.com"), w.signUp()
		if err := w.Logout(w.ctx, from(g.RefreshToken), nil); err != nil {
			t.Fatal(err)
		}
		loggedOut(t, w, w.Service, g.AccessToken)
		for _, after := range []time.Duration{2 * time.Minute, 30 * time.Minute, 27*time.Minute + 59*time.Second} {
			time.Sleep(after)
			c := &asked{Store: w.store}
			s, err := auth.New(w.ctx, c, lasting(5*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			loggedOut(t, w, s, g.AccessToken)
			if _, err := s.Authenticate(w.ctx, live.AccessToken, true); err != nil {
				t.Errorf("a live session: %v", err)
			}
			if c.endings > 0 {
				t.Errorf("it asked the store for %d sessions", c.endings)
			}
		}
	})
}

// asked counts the questions for the ending of one session.
type asked struct {
	auth.Store
	endings int
}

func (a *asked) Ending(ctx context.Context, id string) (auth.Ending, error) {
	a.endings++
	return a.Store.Ending(ctx, id)
}

// loggedInAs makes another account.
func (w *world) loggedInAs(email string) auth.Grant {
	w.t.Helper()
	g, err := w.SignUp(w.ctx, email, password, "", from())
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// TestEndedSessionStaysEndedBesideLongerLives runs a process with short lives, and then starts one with long lives
// beside it, which signs and ends. The sessions that ended before are none of its tokens'.
func TestEndedSessionStaysEndedBesideLongerLives(t *testing.T) {
	inBubble(t, lasting(5*time.Second), func(t *testing.T, w *world) {
		defer background(t, w.Service)()
		time.Sleep(10 * time.Minute)
		before := w.loggedInAs("eve@example.com")
		if err := w.Logout(w.ctx, from(before.RefreshToken), nil); err != nil {
			t.Fatal(err)
		}
		_, long := open(t, w.path, lasting(time.Hour), &bytes.Buffer{})
		g, err := long.SignUp(w.ctx, email, password, "", from())
		if err != nil {
			t.Fatal(err)
		}
		w.used(g) // at once: the short-lived one learns of the longer life from the key's row
		if err := long.Logout(w.ctx, from(g.RefreshToken), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for range 59 {
			loggedOut(t, w, w.Service, g.AccessToken)
			time.Sleep(time.Minute)
		}
		if n := w.EndingsKnown(); n != 2 {
			t.Errorf("%d endings are known, want the one before too: the set reaches back for an hour", n)
		}
		time.Sleep(5 * time.Minute)
		if n := w.EndingsKnown(); n != 0 {
			t.Errorf("%d endings are kept for longer than any access token lives", n)
		}
	})
}

// TestEndedSessionStaysEndedWhenLivesGrow has a key's row say a longer life only after a session of a token with that
// life has ended, and been forgotten: as if the process had missed it. It reaches back, and asks the store until then.
func TestEndedSessionStaysEndedWhenLivesGrow(t *testing.T) {
	inBubble(t, lasting(time.Hour), func(t *testing.T, w *world) {
		g := w.signUp()
		if err := w.Logout(w.ctx, from(g.RefreshToken, w.loggedInAs("joe@example.com").RefreshToken), nil); err != nil {
			t.Fatal(err)
		}
		w.setLives(5 * time.Second)
		c := &asked{Store: w.store}
		s, err := auth.New(w.ctx, c, lasting(5*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		stop := background(t, s)
		time.Sleep(10 * time.Minute)
		if n := s.EndingsKnown(); n != 0 {
			t.Errorf("%d endings are known", n)
		}
		_, err = s.Authenticate(w.ctx, g.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken) // none of its key's
		stop()
		w.setLives(time.Hour)
		loggedOut(t, w, s, g.AccessToken)
		if c.endings != 1 {
			t.Errorf("it asked the store for %d sessions, want 1", c.endings)
		}
		defer background(t, s)()
		time.Sleep(time.Second)
		if n := s.EndingsKnown(); n != 2 {
			t.Errorf("%d endings are known, want 2", n)
		}
		live := w.loggedInAs("eve@example.com")
		if _, err := s.Authenticate(w.ctx, live.AccessToken, true); err != nil {
			t.Error(err)
		}
		if c.endings != 1 {
			t.Errorf("it asked the store for %d sessions, want no more", c.endings)
		}
	})
}

// setLives sets the longest life of tokens in the rows of all keys, past the servers.
func (w *world) setLives(ttl time.Duration) {
	w.t.Helper()
	if _, err := w.raw.Exec(`update signing_keys set access_ttl = $1`, ttl.Milliseconds()); err != nil {
		w.t.Fatal(err)
	}
}

// background runs the service until stop is called.
func background(t *testing.T, s *auth.Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestLongLivedTokensAreRefused signs tokens with the right key for longer than its row says.
func TestLongLivedTokensAreRefused(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		time.Sleep(700 * ms)
		g := w.signUp()
		c, s := w.aside(standard)
		claims := part(t, g.AccessToken, 1)
		life := func(d time.Duration) string {
			claims["exp"] = claims["iat"].(float64) + d.Seconds()
			return w.SignToken(nil, claims)
		}
		for _, good := range []time.Duration{time.Minute, standard.AccessTTL, standard.AccessTTL + time.Second} {
			if _, err := s.Authenticate(w.ctx, life(good), true); err != nil {
				t.Errorf("a life of %v: %v", good, err)
			}
		}
		if n := c.take(); n != 0 {
			t.Errorf("it read the keys %d times", n)
		}
		for _, long := range []time.Duration{standard.AccessTTL + 2*time.Second, time.Hour, 100 * 365 * 24 * time.Hour} {
			_, err := s.Authenticate(w.ctx, life(long), true)
			wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken)
		}
		if n := c.take(); n == 0 {
			t.Error("it did not read the keys again: another process may have put a longer life into a row")
		}
	})
}
