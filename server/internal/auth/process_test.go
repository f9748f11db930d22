package auth_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// Two processes on one database.

func TestKeysPersist(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		_, other := open(t, w.path, standard, w.log)
		if !bytes.Equal(other.JWKS(), w.JWKS()) {
			t.Error("two processes publish different keys")
		}
		if _, err := other.Authenticate(w.ctx, g.AccessToken, true); err != nil {
			t.Errorf("after a restart: %v", err)
		}
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
			t.Errorf("after a restart: %v", err)
		}
	})
}

func TestRacingFirstStarts(t *testing.T) {
	path := t.TempDir() + "/latchkey.db"
	var (
		wg       sync.WaitGroup
		services [4]*auth.Service
	)
	for i := range services {
		wg.Go(func() { _, services[i] = open(t, path, standard, &bytes.Buffer{}) })
	}
	wg.Wait()
	g, err := services[0].SignUp(context.Background(), email, password, "", from())
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	for i, s := range services {
		if _, err := s.Authenticate(context.Background(), g.AccessToken, true); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
}

func TestEndingsReachOtherProcesses(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		_, other := open(t, w.path, standard, w.log)
		ctx, stop := context.WithCancel(w.ctx)
		defer stop()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := other.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute)
		g := w.signUp()
		id, err := other.Authenticate(w.ctx, g.AccessToken, true)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := w.LogoutEverywhere(w.ctx, from(), id); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		_, err = w.Authenticate(w.ctx, g.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonLoggedOut)
		time.Sleep(time.Second)
		_, err = other.Authenticate(w.ctx, g.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonLoggedOut)
		_, third := open(t, w.path, standard, w.log)
		if third.EndingsKnown() != 1 {
			t.Error("a new process does not know of the ending")
		}
		_, err = third.Authenticate(w.ctx, g.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonLoggedOut)
		if other.EndingsKnown() != 1 {
			t.Error("it was not the poll that told")
		}
		time.Sleep(8 * time.Minute)
		if n := other.EndingsKnown(); n != 0 {
			t.Errorf("%d endings kept for longer than any access token lives", n)
		}
		stop()
		wg.Wait()
	})
}

// TestEndingsAreKnownAtOnce ends sessions in every way between two polls: the process that did it needs none to know.
func TestEndingsAreKnownAtOnce(t *testing.T) {
	type state struct {
		first, current auth.Grant // of the session that is to end
		other          auth.Identity
	}
	for _, row := range []struct {
		name string
		end  func(w *world, s state) error
	}{
		{"logout by the cookie", func(w *world, s state) error { return w.Logout(w.ctx, from(s.current.RefreshToken), nil) }},
		{"logout by the Bearer", func(w *world, s state) error {
			return w.Logout(w.ctx, from(), &auth.Identity{UserID: s.first.User.ID, SessionID: s.first.SessionID})
		}},
		{"logout everywhere", func(w *world, s state) error { _, err := w.LogoutEverywhere(w.ctx, from(), s.other); return err }},
		{"revocation", func(w *world, s state) error {
			_, err := w.RevokeSession(w.ctx, from(), s.other, s.first.SessionID)
			return err
		}},
		{"password change", func(w *world, s state) error {
			return w.ChangePassword(w.ctx, from(), s.other, password, "another password")
		}},
		{"login in its place", func(w *world, s state) error {
			_, err := w.Login(w.ctx, email, password, from(s.current.RefreshToken))
			return err
		}},
		{"sign-up in its place", func(w *world, s state) error {
			_, err := w.SignUp(w.ctx, "eve@example.com", password, "", from(s.current.RefreshToken))
			return err
		}},
		{"reuse", func(w *world, s state) error {
			w.refused(s.first.RefreshToken, plain, auth.ReasonTokenReused)
			return nil
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				s := state{first: w.signUp(), other: w.used(w.loggedIn("Phone"))}
				s.current = w.refreshed(s.first.RefreshToken, plain)
				w.used(s.current)
				time.Sleep(grace + 100*ms)
				w.runFor(100 * ms)
				if err := row.end(w, s); err != nil {
					t.Fatal(err)
				}
				if w.EndingsKnown() == 0 {
					t.Error("not known")
				}
				if _, err := w.Authenticate(w.ctx, s.current.AccessToken, true); err == nil {
					t.Error("an access token of the ended session is answered")
				}
			})
		})
	}
}

// TestEndingsWithoutPolling shows that a process whose polls do not run asks the store instead.
func TestEndingsWithoutPolling(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		_, other := open(t, w.path, standard, w.log)
		g := w.signUp()
		if err := w.Logout(w.ctx, from(g.RefreshToken), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second + ms)
		_, err := other.Authenticate(w.ctx, g.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonLoggedOut)
	})
}

func TestRunReportsAnOutageOnce(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Minute)
		defer cancel()
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
		if n := strings.Count(w.log.String(), "cannot poll"); n != 1 {
			t.Errorf("%d lines about one outage", n)
		}
	})
}

// runFor runs the work in the background for a while.
func (w *world) runFor(d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, d)
	defer cancel()
	if err := w.Run(ctx); err != nil {
		w.t.Error(err)
	}
}

func TestRunPrunes(t *testing.T) {
	cfg := standard
	cfg.IdleTTL = time.Hour
	inBubble(t, cfg, func(t *testing.T, w *world) {
		g := w.signUp()
		for range 5 {
			time.Sleep(10 * time.Minute)
			g = w.refreshed(g.RefreshToken, plain)
			w.used(g)
		}
		time.Sleep(grace + ms)
		w.runFor(time.Second)
		if n := w.count(`select count(*) from refresh_tokens`); n != 1 {
			t.Errorf("%d tokens, want the current one alone", n)
		}
		time.Sleep(time.Hour)
		w.runFor(time.Second)
		w.refused(g.RefreshToken, page, auth.ReasonIdle)
		time.Sleep(25 * time.Hour)
		w.runFor(time.Second)
		if n := w.count(`select count(*) from sessions`) + w.count(`select count(*) from refresh_tokens`); n != 0 {
			t.Errorf("%d rows of a session that idles for a day", n)
		}
		w.refused(g.RefreshToken, page, auth.ReasonUnknownToken)
	})
}

// TestRunPrunesEveryMinute keeps it running, as a server does.
func TestRunPrunesEveryMinute(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			w.runFor(5 * time.Minute)
		}()
		g := w.signUp()
		w.used(w.refreshed(g.RefreshToken, plain))
		time.Sleep(time.Minute - ms)
		if n := w.count(`select count(*) from refresh_tokens where sealed is not null`); n != 1 {
			t.Errorf("%d seals before the prune, want 1", n)
		}
		time.Sleep(time.Second)
		if n := w.count(`select count(*) from refresh_tokens where sealed is not null`); n != 0 {
			t.Errorf("%d seals after the prune", n)
		}
		<-done
	})
}
